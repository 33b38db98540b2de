// Says that something was copied, with the same hint as Hushclip's.
addEventListener("copy", () => chrome.runtime.sendMessage("copied"), true);
