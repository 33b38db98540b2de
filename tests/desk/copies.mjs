// What people copy, and how: seeded, so that a run that fails can be run again.

/** Numbers below 1 that are the same for the same seed. */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const WORDS = "river stone lamp garden winter paper morning bread silver quiet ladder harbour candle meadow".split(" ");

/** Texts in the forms that differ between programs; the name of a copy stands in each, once. */
const FORMS = [
  (name, words) => `${name} ${words}`,
  (name, words) => `${name}\r\n${words}\r\nlast line`,
  (name, words) => `${name}\n${words}\n`,
  (name, words) => `${name} ${words}\r\n`,
  (name, words) => `\n\n${name}\n\n\n${words}\n\n`,
  (name, words) => `${name}\r${words}`,
  (name, words) => `${name}\u00a0${words}\u00a0`,
  (name, words) => `  ${name}\t${words}  `,
  (name, words) => `${name} «${words}» naïve Ελληνικά עברית 👩‍👩‍👧 e\u0301`,
  (name, words) => `https://example.org/${name.replace(" ", "/")}?q=${words.replaceAll(" ", "+")}`,
  (name, words) => `${name} ${`${words}\n`.repeat(400)}`,
];

const wrapped = (html) => `<html>\r\n<body>\r\n<!--StartFragment-->${html}<!--EndFragment-->\r\n</body>\r\n</html>`;
const HTML = [
  (text) => `<b>${text}</b>`,
  (text) => `<meta charset="utf-8"><p>${text}</p>`,
  (text) => wrapped(`<ul><li>${text}</li></ul>`),
  (text) => `<meta http-equiv="content-type" content="text/html; charset=utf-8">${wrapped(`<i>${text}</i>`)}`,
  (text) => `<table><tr><td>${text}</td><td style="color: red">&nbsp;</td></tr></table>`,
];

export class Copies {
  constructor(seed) {
    this.random = random(seed);
    this.count = 0;
  }

  pick(list) {
    return list[Math.floor(this.random() * list.length)];
  }

  /** A new copy: its name, its text, and for half of them HTML. */
  next() {
    const name = `clip ${++this.count}.`;
    const words = Array.from({ length: 4 }, () => this.pick(WORDS)).join(" ");
    const text = this.pick(FORMS)(name, words);
    const html = this.random() < 0.5 ? this.pick(HTML)(text.slice(0, 200)) : undefined;
    return { name, text, html };
  }
}

/** The copy's number in a text, wherever it came from. */
export function nameIn(text) {
  return /clip[ /]\d+\./.exec(text.replaceAll("\u00a0", " "))?.[0].replace("/", " ");
}

/** Line ends differ between programs for the same text. */
export function canonical(text) {
  return text.replaceAll("\r\n", "\n").replaceAll("\r", "\n");
}
