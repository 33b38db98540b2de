// Says that something was copied. The same hint as Hushclip's.
addEventListener("copy", () => chrome.runtime.sendMessage("copied"), true);
