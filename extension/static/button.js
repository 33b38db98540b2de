// The button in the browser's toolbar: a mark for how things stand, and the same in words.
// What needs the person goes before what is only good to know.

/** @import { Status } from "./hushclip_extension.js" */

const { action, i18n } = chrome;

const RED = "#b3261e";
const GREEN = "#0b6457";
const GREY = "#5f6368";
const PAUSED = "‖";
const FLASH_MS = 1_200;
const MOST = 99;

/** The tabs that have a mark of their own. @type {Set<number | undefined>} */
const marked = new Set();

/**
 * Shows how things stand.
 * @param {Status} status
 */
export async function mark(status) {
  const [text, color, words] = look(status);
  await Promise.all([
    action.setBadgeBackgroundColor({ color }),
    action.setBadgeTextColor({ color: "#ffffff" }),
    action.setBadgeText({ text }),
    action.setTitle({ title: titled(words) }),
  ]);
}

/**
 * Shows on one tab that its site is paused, or no longer does.
 * @param {chrome.tabs.Tab} tab
 * @param {boolean} paused
 */
export async function markTab({ id: tabId }, paused) {
  if (!paused && !marked.delete(tabId)) {
    return;
  }
  if (paused) {
    marked.add(tabId);
  }
  try {
    // @ts-expect-error The types do not know null, which takes a tab's own mark away.
    await action.setBadgeText({ tabId, text: paused ? PAUSED : null });
    await action.setTitle({ tabId, title: paused ? titled(say("paused_here")) : await action.getTitle({}) });
  } catch {
    // The tab is gone.
  }
}

/** Says for a moment that it is done. */
export async function flash() {
  await Promise.all([action.setBadgeBackgroundColor({ color: GREEN }), action.setBadgeText({ text: "✓" })]);
  await new Promise((done) => setTimeout(done, FLASH_MS));
}

/**
 * @param {Status} status
 * @returns {[text: string, color: string, words: string | undefined]}
 */
function look({ problem, problemInWords, locked, held, paused, waiting, unread }) {
  if (problem !== undefined) {
    return ["!", RED, i18n.getMessage(`engine_${problem}`) || problemInWords];
  }
  if (locked) {
    return ["off", GREY, say("locked")];
  }
  if (held > 0) {
    return ["?", RED, say("held")];
  }
  if (paused) {
    return [PAUSED, GREY, say("paused")];
  }
  if (waiting) {
    return ["…", GREY, say("waiting")];
  }
  if (unread > 0) {
    return [unread > MOST ? `${MOST}+` : String(unread), GREEN, say(unread === 1 ? "new_one" : "new_other", [String(unread)])];
  }
  return ["", GREY, undefined];
}

/**
 * @param {string} word
 * @param {string[]} [values]
 */
function say(word, values) {
  return i18n.getMessage(`browser_${word}`, values);
}

/** @param {string} [words] */
function titled(words) {
  return words ? `Hushclip: ${words}` : "Hushclip";
}
