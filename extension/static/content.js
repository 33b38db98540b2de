// Says that something was copied or pasted, never what: the clipboard itself is read in the background.
// An event's content would be wrong for default copies, and a leak for password fields.
// A `copy` event alone proves nothing: pages cause it as they like, and with nothing selected nothing is copied.
{
  // So much later at most, the browser tells that a copy has changed the clipboard.
  const CHANGED_MS = 1_000;
  // A button's script may have to fetch first what it copies.
  const PRESSED_MS = 2_000;
  // A `copy` event comes before the clipboard holds the copy.
  const SETTLE_MS = 60;
  const JUST_NOW_MS = 500;
  const SECRET = /-password$|^one-time-code$|^cc-/;
  const EDITABLE = "input:not([type=button], [type=submit], [type=image], [type=checkbox], [type=radio]), textarea";
  const MODIFIERS = ["Alt", "AltGraph", "Control", "Meta", "Shift"];

  // Whether the browser tells of changes: Chromium does, to pages with a secure origin.
  const tells = "onclipboardchange" in (navigator.clipboard ?? {});
  /** Fields that have been password fields, whatever they are now. */
  const passwords = new WeakSet();
  /** Whether this page has been told of a change: the first one may be older than the page's own doing. */
  let told = false;
  /**
   * The last copy: when it was, and whether it has put something on the clipboard, as far as that is known.
   * @type {{ at: number, when: number, copies?: boolean } | undefined}
   */
  let copy;
  let pressedAt = -Infinity;
  let focusedAt = -Infinity;
  /** What the browser's own menu may copy that was opened last. @type {string[]} */
  let offered = [];

  /** A change of the clipboard that comes now is not of this page's doing. */
  const forget = () => {
    [copy, pressedAt] = [undefined, -Infinity];
  };

  /**
   * @param {string} did
   * @param {object} [more]
   */
  const say = (did, more) => {
    try {
      chrome.runtime.sendMessage({ did, ...more }).catch(() => {});
    } catch {
      // The extension was updated or removed, and this script was left behind.
    }
  };

  /** The origins of the frames around this one, the page's own at the end; nothing where the browser does not tell. */
  const around = () => (location.ancestorOrigins ? [...location.ancestorOrigins] : parent === top ? [] : undefined);

  /** @param {{ at: number, proved?: boolean, sure?: boolean, only?: string[] }} more */
  const sayCopied = (more) => say("copied", { around: around(), ...more });

  const { dom } = chrome;
  /** @param {any} element */
  const shadowOf = (element) => {
    try {
      // The first is Firefox's, the second Chromium's.
      return element.openOrClosedShadowRoot ?? dom?.openOrClosedShadowRoot(element) ?? undefined;
    } catch {
      // Not an HTML element.
      return undefined;
    }
  };

  /**
   * What an event is really about, also where a page hides it in a closed shadow tree. Hardly ever not an element.
   * @param {Event} event
   * @returns {Element}
   */
  const innermost = (event) => {
    let [found] = /** @type {Element[]} */ (event.composedPath());
    for (let inner = found; inner; inner = shadowOf(found)?.activeElement) {
      found = inner;
    }
    return found;
  };

  /**
   * @param {unknown} found
   * @returns {found is HTMLInputElement | HTMLTextAreaElement}
   */
  const isField = (found) => found instanceof HTMLInputElement || found instanceof HTMLTextAreaElement;

  /** @param {unknown} field */
  const isSecret = (field) => {
    if (!isField(field)) {
      return false;
    }
    /** @type {CSSStyleDeclaration & { webkitTextSecurity?: string }} */
    const { webkitTextSecurity: masked = "none" } = getComputedStyle(field);
    const purposes = (field.getAttribute("autocomplete") ?? "").toLowerCase().split(/\s+/);
    return field.type === "password" || passwords.has(field) || masked !== "none" || purposes.some((purpose) => SECRET.test(purpose));
  };

  /**
   * Whether a default copy has something to copy, as far as can be told.
   * @param {Element} found
   */
  const selects = (found) => {
    if (isField(found)) {
      // Some kinds of fields do not tell.
      return found.selectionStart === null ? undefined : found.selectionStart !== found.selectionEnd;
    }
    return found.getRootNode?.() === document ? !getSelection()?.isCollapsed : undefined;
  };

  /** @param {ClipboardEvent} event */
  const copied = (event) => {
    // Pages may make events up, in order to have somebody else's copy read.
    if (!event.isTrusted) {
      return;
    }
    const found = innermost(event);
    if (isSecret(found)) {
      forget();
      // Whatever comes next is compared with this.
      setTimeout(back, SETTLE_MS);
      return;
    }
    /** @type {NonNullable<typeof copy>} */
    const made = { at: Date.now(), when: performance.now() };
    copy = made;
    const selected = selects(found);
    /** @type {boolean | undefined} */
    let gives;
    // Added last, it hears what the page has done with the event; unless the page has kept it from that.
    const last = (/** @type {ClipboardEvent} */ { clipboardData }) => (gives = (clipboardData?.types.length ?? 0) > 0);
    const type = /** @type {"copy" | "cut"} */ (event.type);
    addEventListener(type, last);
    setTimeout(() => {
      removeEventListener(type, last);
      made.copies = event.defaultPrevented ? gives : selected;
      if (!tells && made.copies !== false) {
        sayCopied({ at: made.at });
      }
    });
  };

  addEventListener("copy", copied, true);
  addEventListener("cut", copied, true);
  addEventListener("paste", (event) => event.isTrusted && say("pasted"), true);

  const remember = (/** @type {unknown} */ field) => field instanceof HTMLInputElement && field.type === "password" && passwords.add(field);
  addEventListener("focusin", (event) => remember(innermost(event)), true);
  addEventListener("input", (event) => remember(innermost(event)), true);
  new MutationObserver((changes) => {
    for (const { target, oldValue } of changes) {
      if (oldValue?.toLowerCase() === "password") {
        passwords.add(target);
      }
    }
  }).observe(document, { attributes: true, attributeFilter: ["type"], attributeOldValue: true, subtree: true });

  if (tells) {
    // Buttons that copy. What a right click, the tab key or typing leads to may be another extension's.
    const press = (/** @type {boolean} */ counts) => {
      offered = [];
      if (counts) {
        pressedAt = performance.now();
      } else {
        forget();
      }
    };
    addEventListener("click", (event) => event.isTrusted && press(!innermost(event).closest?.(EDITABLE)), true);
    addEventListener("keydown", (event) => {
      if (event.isTrusted && !MODIFIERS.includes(event.key)) {
        const types = isField(innermost(event)) && !event.ctrlKey && !event.metaKey && !event.altKey;
        if (types) {
          // Whoever cuts something may type on at once.
          [pressedAt, offered] = [-Infinity, []];
        } else {
          press(event.key !== "Tab");
        }
      }
    }, true);
    addEventListener("contextmenu", (event) => {
      if (!event.isTrusted) {
        return;
      }
      forget();
      const path = /** @type {{ href?: unknown, currentSrc?: unknown }[]} */ (event.composedPath());
      offered = path.flatMap(({ href, currentSrc }) => [href, currentSrc]).filter((it) => typeof it === "string").filter(Boolean);
    }, true);
    // Elsewhere may also be a frame of this page, whose changes are told here too; and what changed while nobody
    // was here is told on coming back. A copy of just before is told while one is leaving.
    addEventListener("blur", (event) => event.isTrusted && ([pressedAt, offered] = [-Infinity, []]));
    addEventListener("focus", (event) => {
      if (event.isTrusted) {
        forget();
        focusedAt = performance.now();
      }
    });
    navigator.clipboard.addEventListener("clipboardchange", (event) => {
      // The page has the same object, and may make events up on it.
      if (!event.isTrusted) {
        return;
      }
      const now = performance.now();
      const [made, links, first] = [copy, offered, !told];
      // It also comes when a window is gone back to and something was copied elsewhere meanwhile, perhaps in a
      // private window; that is not this page's.
      const pressed = now - pressedAt < PRESSED_MS && now - focusedAt > JUST_NOW_MS && navigator.userActivation.isActive;
      forget();
      [offered, told] = [[], true];
      // By then it is known what became of the copy.
      setTimeout(() => {
        if (made && made.copies !== false && now - made.when < CHANGED_MS) {
          const sure = made.copies === true;
          sayCopied({ at: made.at, proved: sure || !first, sure });
        } else if (pressed) {
          sayCopied({ at: Date.now(), proved: true });
        } else if (links.length > 0) {
          sayCopied({ at: Date.now(), proved: true, only: links });
        }
      });
    });
  }

  // Meanwhile something may have been copied elsewhere, which must not be taken for this page's.
  const back = () => told || say("back");
  addEventListener("focus", (event) => event.isTrusted && back());
  document.addEventListener("visibilitychange", (event) => event.isTrusted && document.visibilityState === "visible" && back());
  if (document.hasFocus()) {
    back();
  }
}
