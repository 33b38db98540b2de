// Stands between the app and the network: keeps one build whole, so that the app opens without a connection,
// takes in what is shared to it, and tells that there is a clip while it is closed. It has no keys.

// The build writes here what it made: a version, and of each file the digest.
const BUILD = {};

const PREFIX = "hushclip-";
const CACHE = PREFIX + BUILD.version;
const PAGE = "/index.html";
/** Addresses that are the app's page, whatever stands behind them. The relay's own are not among them. */
const PAGES = ["/", "/pair", PAGE];
/** How long a shared text waits for the page that it opens. Browsers end workers that wait longer. */
const SHARED_MS = 120_000;

self.addEventListener("install", (event) => event.waitUntil(fill()));

/** A new build waits beside the old one, until the person asks for it or no page of the old one is left. */
async function fill() {
  const cache = await caches.open(CACHE);
  try {
    await Promise.all(Object.entries(BUILD.files).map(([path, integrity]) => keep(cache, path, integrity)));
  } catch (error) {
    await caches.delete(CACHE);
    throw error;
  }
}

/** Files of another build than this one are refused: they would not fit together. */
async function keep(cache, path, integrity) {
  const response = await fetch(path === PAGE ? "/" : path, { cache: "no-cache", integrity });
  if (!response.ok) {
    throw new TypeError(`${path}: ${response.status}`);
  }
  await cache.put(path, response);
}

self.addEventListener("activate", (event) => event.waitUntil(tidy()));

async function tidy() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== location.origin) {
    return;
  }
  if (pathname === "/share" && request.mode === "navigate") {
    event.respondWith(takeIn(event));
    return;
  }
  const path = request.mode === "navigate" && PAGES.includes(pathname) ? PAGE : pathname;
  if (request.method === "GET" && Object.hasOwn(BUILD.files, path)) {
    event.respondWith(serve(path, request));
  }
});

/** As the relay sent it, with its headers. Somebody may have emptied the cache; then all comes from the relay. */
async function serve(path, request) {
  return (await caches.match(path, { cacheName: CACHE })) ?? fetch(request);
}

/** What was shared and no page has taken yet. It is in no address, in no request and on no disk. */
const shared = [];
let onTaken = () => {};

async function takeIn(event) {
  if (event.request.method === "POST") {
    const text = words(await event.request.formData());
    if (text) {
      shared.push(text);
      const taken = new Promise((resolve) => (onTaken = resolve));
      event.waitUntil(Promise.race([taken, new Promise((resolve) => setTimeout(resolve, SHARED_MS))]));
    }
  }
  return Response.redirect("/", 303);
}

/** The text and the address; the title only where there is nothing else. */
function words(form) {
  const [title, text, url] = ["title", "text", "url"].map((name) => String(form.get(name) ?? "").trim());
  const parts = text.includes(url) ? [text] : [text, url];
  return parts.filter(Boolean).join("\n") || title;
}

self.addEventListener("message", (event) => {
  const { data, ports, source } = event;
  switch (data) {
    // The person wants the new build.
    case "switch":
      self.skipWaiting();
      break;
    // The page that has the account asks for what was shared.
    case "take":
      ports[0]?.postMessage(shared.splice(0));
      onTaken();
      break;
    // A page without it was opened with something shared.
    case "pass on":
      if (shared.length > 0) {
        event.waitUntil(tell("shared", source?.id));
      }
      ports[0]?.postMessage(shared.length);
      break;
  }
});

async function tell(what, except) {
  for (const page of await appPages()) {
    if (page.id !== except) {
      page.postMessage(what);
    }
  }
}

async function appPages() {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  return pages.filter((page) => PAGES.includes(new URL(page.url).pathname));
}

/** In the language that the app has. */
function newClip() {
  const words = { en: "A new clip", de: "Ein neuer Clip" };
  const language = navigator.languages.map((tag) => tag.toLowerCase().split("-")[0]).find((tag) => tag in words);
  return words[language ?? "en"];
}

// What the relay sends is empty, so there is nothing else to say.
self.addEventListener("push", (event) => {
  event.waitUntil(
    self.registration.showNotification("Hushclip", { body: newClip(), tag: "clip", icon: "/icons/192.png" }),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(openApp());
});

async function openApp() {
  const [app] = await appPages();
  if (app) {
    await app.focus();
    app.postMessage("newest");
  } else {
    await self.clients.openWindow("/?do=newest");
  }
}
