// Hushclip's own screens, in the popup or the web app, driven as a person does.
import { eventually } from "./wait.mjs";

const id = (/** @type {string} */ name) => `[data-testid="${name}"]`;

/** What is read, without the marks around names that keep their direction of writing to themselves. */
const plain = (/** @type {string | undefined} */ text) => text?.replace(/[\u2068\u2069]/g, "");

export class Screen {
  /**
   * @param {string} name
   * @param {import("puppeteer-core").Page} page
   */
  constructor(name, page) {
    this.name = name;
    this.page = page;
  }

  /** @param {string} name */
  async text(name) {
    return plain(await this.page.$eval(id(name), (/** @type {HTMLElement} */ element) => element.innerText.trim()).catch(() => undefined));
  }

  /** @param {string} name */
  async texts(name) {
    // A tab in the background draws no cards, and what is not drawn has no inner text.
    const read = (/** @type {HTMLElement[]} */ elements) => elements.map((element) => (element.innerText || element.textContent).trim());
    return (await this.page.$$eval(id(name), read)).map(plain);
  }

  /**
   * What is typed in a field.
   * @param {string} name
   */
  async value(name) {
    return this.page.$eval(id(name), (/** @type {HTMLTextAreaElement} */ field) => field.value).catch(() => undefined);
  }

  /** How it stands with the line to the relay. */
  async connection() {
    return this.page.$eval(id("connection"), (/** @type {HTMLElement} */ element) => element.dataset.state);
  }

  /** @param {string} name */
  async has(name) {
    return eventually(`${name} in ${this.name}`, () => this.text(name));
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  async fill(name, value) {
    const field = await this.page.waitForSelector(id(name));
    await field.evaluate((element) => (/** @type {HTMLTextAreaElement} */ (element).value = ""));
    await field.focus();
    await this.page.keyboard.type(value);
  }

  /** @param {string} name */
  async press(name) {
    await this.page.bringToFront();
    const button = await this.page.waitForSelector(`${id(name)}:not([disabled])`, { visible: true });
    await button.evaluate((element) => element.addEventListener("click", () => Object.assign(element, { wasPressed: true }), true));
    await button.click();
    // Where the page moves between down and up, there is no click, and a person presses again.
    const pressed = await button.evaluate((element) => "wasPressed" in element).catch(() => true);
    if (!pressed) {
      await button.click();
    }
  }

  /** @param {string} relay */
  async createAccount(relay) {
    await this.page.bringToFront();
    await this.page.waitForSelector(id("create-account"));
    // The web app knows where it comes from and does not ask.
    if (await this.page.$(id("relay"))) {
      await this.fill("relay", relay);
    }
    await this.fill("name", this.name);
    await this.press("create-account");
    await this.online();
  }

  async online() {
    await eventually(`${this.name} online`, async () => (await this.connection()) === "online");
  }

  /** Opens an invite and gives its link. */
  async invite() {
    await this.press("invite");
    return eventually("the pairing link", async () => /https?:\S+/.exec((await this.text("invite-url")) ?? "")?.[0]);
  }

  /** Opens an invite by typed code and gives the code. */
  async inviteByCode() {
    await this.press("invite");
    await this.press("invite-by-code");
    return eventually("the code", async () => /^\d+-[a-z]+-[a-z]+$/.exec((await this.text("invite-code")) ?? "")?.[0]);
  }

  /**
   * Joins by a code; an extension asks for the relay too.
   * @param {string} code
   * @param {string} [relay]
   */
  async joinByCode(code, relay) {
    await this.page.bringToFront();
    await this.fill("join-link", code);
    if (relay) {
      await this.fill("join-relay", relay);
    }
    await this.fill("name", this.name);
    await this.press("join");
  }

  /**
   * Waits until something is no longer there.
   * @param {string} name
   */
  async lacks(name) {
    await eventually(`no ${name} in ${this.name}`, async () => (await this.page.$$(id(name))).length === 0);
  }

  /** Names on the page of the devices. */
  async members() {
    return this.texts("member");
  }

  /**
   * The row of a device on the page of the devices.
   * @param {string} name
   */
  async member(name) {
    return eventually(`${name} among the devices of ${this.name}`, async () => {
      for (const row of await this.page.$$(id("member"))) {
        if ((await row.evaluate((element) => /** @type {HTMLElement} */ (element).innerText)).includes(name)) {
          return row;
        }
      }
    });
  }

  /**
   * Asks for a device's removal, which then has to be confirmed.
   * @param {string} name
   */
  async askRemoval(name) {
    await this.page.bringToFront();
    const row = await this.member(name);
    const button = await row.waitForSelector(id("remove"));
    await button.click();
    // The question has the keyboard.
    return eventually("the question", () => row.$eval(".sure p:focus", (/** @type {HTMLElement} */ element) => element.innerText).catch(() => undefined));
  }

  /**
   * Lets the device in that shows these digits.
   * @param {string} digits
   */
  async approve(digits) {
    await this.fill("digits-input", digits);
    await this.press("approve");
  }

  /**
   * Answers the link that is open, or one that is pasted.
   * @param {string} [link]
   */
  async join(link) {
    await this.page.bringToFront();
    await this.page.waitForSelector(id("join"));
    if (link) {
      await this.fill("join-link", link);
    }
    if (await this.page.$(id("name"))) {
      await this.fill("name", this.name);
    }
    await this.press("join");
  }

  async digits() {
    return eventually(`digits in ${this.name}`, async () => {
      const digits = (await this.text("digits"))?.replaceAll(/\D/g, "");
      return digits?.length === 6 && digits;
    });
  }

  /** @param {string} text */
  async send(text) {
    await this.fill("composer", "");
    // Typed at once, as a paste is.
    await this.page.keyboard.sendCharacter(text);
    await this.press("send");
  }

  /**
   * How many clips of the list hold this text.
   * @param {string} text
   */
  async count(text) {
    return (await this.texts("clip")).filter((clip) => clip.includes(text)).length;
  }

  /** @param {string} text */
  async lists(text) {
    await eventually(`"${text}" in ${this.name}'s list`, async () => (await this.count(text)) > 0);
  }

  /** @param {string} text */
  async copyClip(text) {
    const clip = await this.page.waitForSelector(`${id("clip")} ::-p-text(${text})`);
    await clip.click();
  }

  /**
   * The sentence that is shown for the problem with this code.
   * @param {string} code
   */
  async problem(code) {
    return eventually(`${code} in ${this.name}`, async () => {
      const shown = await this.page.$(`${id("problem")}[data-code="${code}"]`);
      return shown?.evaluate((element) => /** @type {HTMLElement} */ (element).innerText.trim());
    });
  }
}

/**
 * `from` invites, `to` joins through the link, the person types the digits.
 * @param {Screen} from
 * @param {Screen} to
 */
export async function pair(from, to) {
  const link = await from.invite();
  await to.join(link);
  await from.approve(await to.digits());
  await to.online();
}
