// Says that something was copied or pasted, never what: the clipboard itself is read in the background.
// An event's content would be wrong for default copies, and a leak for password fields.
{
  const JUST_NOW_MS = 500;
  const isPassword = (target) => target instanceof HTMLInputElement && target.type === "password";

  const say = (word, event) => {
    // Pages may make events up, in order to have somebody else's copy read.
    if (!event.isTrusted) {
      return;
    }
    try {
      chrome.runtime.sendMessage(word).catch(() => {});
    } catch {
      // The extension was updated or removed, and this script was left behind.
    }
  };
  const copied = (event) => isPassword(event.composedPath()[0]) || say("copied", event);

  addEventListener("copy", copied, true);
  addEventListener("cut", copied, true);
  addEventListener("paste", (event) => say("pasted", event), true);

  // Where it exists, `clipboardchange` tells of buttons that copy. It also comes when a window is gone back to
  // and something was copied elsewhere meanwhile, perhaps in a private window; that is not this page's.
  let focusedAt = -Infinity;
  addEventListener("focus", () => (focusedAt = performance.now()));
  navigator.clipboard?.addEventListener?.("clipboardchange", (event) => {
    if (navigator.userActivation.isActive && performance.now() - focusedAt > JUST_NOW_MS) {
      say("copied", event);
    }
  });
}
