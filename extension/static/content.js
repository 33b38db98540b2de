// Says that something was copied, never what: the clipboard itself is read in the background.
// An event's content would be wrong for default copies, and a leak for password fields.
{
  const isPassword = (target) => target instanceof HTMLInputElement && target.type === "password";

  const hint = (event) => {
    // Pages may make events up, in order to have somebody else's copy read.
    if (!event.isTrusted || isPassword(event.composedPath()[0])) {
      return;
    }
    try {
      chrome.runtime.sendMessage("copied").catch(() => {});
    } catch {
      // The extension was updated or removed, and this script was left behind.
    }
  };

  addEventListener("copy", hint, true);
  addEventListener("cut", hint, true);
  // Where it exists, it also tells of buttons that copy and of other programs.
  navigator.clipboard?.addEventListener?.("clipboardchange", hint);
}
