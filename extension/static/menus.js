// The browser's menus: "Send to my devices" on what a page shows, and pausing on the toolbar button.
// They are made when the extension is installed or updated; the browser keeps them.

const { contextMenus, i18n } = chrome;

const WEB = ["http://*/*", "https://*/*"];
const PAUSE = "pause";
const PAUSE_SITE = "pause-site";
const PAUSE_WHOLE = "pause-whole-site";

/** @type {boolean | undefined} */
let ticked;

/** Makes all menus. */
export async function makeMenus() {
  await contextMenus.removeAll();
  /**
   * @param {string} id
   * @param {chrome.contextMenus.CreateProperties["contexts"]} contexts
   * @param {Partial<chrome.contextMenus.CreateProperties>} [more]
   */
  const add = (id, contexts, more) => {
    const title = i18n.getMessage(`browser_menu_${id.replaceAll("-", "_")}`);
    contextMenus.create({ id, contexts, title, ...more });
  };
  add("selection", ["selection"]);
  add("link", ["link"]);
  // Pictures without an address of their own have theirs spelt out in it, which nobody wants to paste.
  add("image", ["image"], { targetUrlPatterns: WEB });
  add("page", ["page"], { documentUrlPatterns: WEB });
  add(PAUSE, ["action"], { type: "checkbox", checked: ticked === true });
  add(PAUSE_SITE, ["action"]);
  add(PAUSE_WHOLE, ["action"]);
}

/**
 * Shows in the menu whether everything is paused.
 * @param {boolean} paused
 */
export async function tickPause(paused) {
  if (paused !== ticked) {
    ticked = paused;
    // The menus may not be made yet; then they are made with it.
    await contextMenus.update(PAUSE, { checked: paused }).catch(() => {});
  }
}

/**
 * What a click asks for: to `send` a text, to `pause` everything or not, or to `pauseSite`, perhaps the whole.
 * @param {chrome.contextMenus.OnClickData} click
 * @returns {{ send?: string, pause?: boolean, pauseSite?: "host" | "whole" }}
 */
export function asked({ menuItemId, checked, selectionText, linkUrl, srcUrl, pageUrl }) {
  switch (menuItemId) {
    case PAUSE:
      // The browser has ticked it by itself.
      ticked = checked;
      return { pause: checked };
    case PAUSE_SITE:
      return { pauseSite: "host" };
    case PAUSE_WHOLE:
      return { pauseSite: "whole" };
    default:
      return { send: { selection: selectionText, link: linkUrl, image: srcUrl, page: pageUrl }[/** @type {"page"} */ (menuItemId)] };
  }
}
