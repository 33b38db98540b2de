// A search box and the newest clips, in as few lines as possible.
const port = chrome.runtime.connect();
const search = /** @type {HTMLInputElement} */ (document.querySelector("input"));
const list = /** @type {HTMLUListElement} */ (document.querySelector("ul"));

search.oninput = () => port.postMessage(search.value);
search.focus();
port.onMessage.addListener((/** @type {{ at: number, text: string }[]} */ clips) => {
  list.replaceChildren(...clips.map(({ at, text }) => {
    const item = document.createElement("li");
    item.dataset.testid = "clip";
    item.append(new Date(at).toLocaleTimeString(), " ", text);
    return item;
  }));
});
