// A search box and the newest clips, in as few lines as it takes.
const port = chrome.runtime.connect();
const search = document.querySelector("input");
const list = document.querySelector("ul");

search.oninput = () => port.postMessage(search.value);
search.focus();
port.onMessage.addListener((clips) => {
  list.replaceChildren(...clips.map(({ at, text }) => {
    const item = document.createElement("li");
    item.dataset.testid = "clip";
    item.append(new Date(at).toLocaleTimeString(), " ", text);
    return item;
  }));
});
