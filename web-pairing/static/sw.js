// Stands between the app and the network: keeps one build whole, so that the app opens without a connection,
// takes in what is shared to it, and tells that there is a clip while it is closed. It has no keys.

/**
 * The build writes here what it made: a version, and of each file the digest.
 * @type {{ version: string, files: Record<string, string> }}
 */
// @ts-expect-error Only the build has them.
const BUILD = {};

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

const PREFIX = "hushclip-";
const CACHE = PREFIX + BUILD.version;
const PAGE = "/index.html";
/** Addresses that are the app's page, whatever stands behind them. The relay's own are not among them. */
const PAGES = ["/", "/pair", PAGE];
/** How long a text waits for a page that takes it. Browsers end workers that wait longer. */
const KEPT_MS = 120_000;
/** How many shared texts wait at once. */
const MOST_SHARED = 4;
/** Largest form that is read. No clip may be as large. */
const FORM_BYTES = 512 * 1024;

worker.addEventListener("install", (event) => event.waitUntil(fill()));

/** A new build waits beside the old one, until the person asks for it or no page of the old one is left. */
async function fill() {
  const cache = await caches.open(CACHE);
  try {
    await Promise.all(Object.entries(BUILD.files).map(([path, integrity]) => store(cache, path, integrity)));
  } catch (error) {
    await caches.delete(CACHE);
    throw error;
  }
}

/**
 * Files of another build than this one are refused: they would not fit together.
 * @param {Cache} cache
 * @param {string} path
 * @param {string} integrity
 */
async function store(cache, path, integrity) {
  const response = await fetch(path === PAGE ? "/" : path, { cache: "no-cache", integrity });
  if (!response.ok) {
    throw new TypeError(`${path}: ${response.status}`);
  }
  await cache.put(path, response);
}

worker.addEventListener("activate", (event) => event.waitUntil(tidy()));

async function tidy() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
}

worker.addEventListener("fetch", (event) => {
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

const TOO_LARGE = Symbol("too large");

/**
 * As the relay sent it, with its headers. Somebody may have emptied the cache; then all comes from the relay.
 * @param {string} path
 * @param {Request} request
 */
async function serve(path, request) {
  return (await caches.match(path, { cacheName: CACHE })) ?? fetch(request);
}

/**
 * What was shared, and what a page that was left had still to ask about or in its field: by a name, with the time when it
 * came, until the page that has the account says that it is answered. It is in no address, in no request and on no disk. Any web page can send a
 * form here and hide where it is from, and browsers do not tell a worker whether it was the system: so the app asks
 * about each.
 * @type {Map<string, { text: string, at: number, page?: string, release: (why?: unknown) => void }>}
 */
const kept = new Map();
const DRAFT = "draft";

/** @param {FetchEvent} event */
async function takeIn(event) {
  const { request, resultingClientId: page } = event;
  // Not into a frame of somebody's page.
  if (request.method === "POST" && request.destination === "document") {
    const form = await read(request).catch(() => undefined);
    if (form === TOO_LARGE) {
      return Response.redirect("/?do=too-large", 303);
    }
    const text = form && words(form);
    if (!form || (text && !page)) {
      return Response.redirect("/?do=reshare", 303);
    }
    if (text && [...kept.keys()].filter((name) => name !== DRAFT).length >= MOST_SHARED) {
      return Response.redirect("/?do=full", 303);
    }
    if (text) {
      keep(event, { name: crypto.randomUUID(), text, page });
    }
  }
  return Response.redirect("/", 303);
}

/**
 * The form, unless it is too large, which is found out before all of it is here.
 * @param {Request} request
 */
async function read({ body, headers }) {
  const reader = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (body).getReader();
  const chunks = [];
  let bytes = 0;
  for (let step = await reader.read(); !step.done; step = await reader.read()) {
    bytes += step.value.byteLength;
    if (bytes > FORM_BYTES) {
      await reader.cancel();
      return TOO_LARGE;
    }
    chunks.push(step.value);
  }
  return new Response(new Blob(chunks), { headers: { "content-type": String(headers.get("content-type")) } }).formData();
}

/**
 * @param {ExtendableEvent} event
 * @param {{ name: string, text: string, at?: number, page?: string }} kept
 */
function keep(event, { name, text, at = Date.now(), page }) {
  letGo(name);
  const taken = new Promise((release) => kept.set(name, { text, at, page, release }));
  const held = kept.get(name);
  const late = new Promise((resolve) => setTimeout(resolve, KEPT_MS));
  event.waitUntil(Promise.race([taken, late.then(() => kept.get(name) === held && letGo(name))]));
}

/** @param {string} name */
function letGo(name) {
  kept.get(name)?.release();
  kept.delete(name);
}

/** The oldest first. Whoever takes it brings it back, if need be. So this worker may end now, as it must before a newer one
 * begins. */
function take() {
  kept.forEach(({ release }) => release());
  return [...kept].map(([name, { text, at }]) => ({ name, text, at })).sort((one, other) => one.at - other.at);
}

/**
 * The text and the address; the title only where there is nothing else.
 * @param {FormData} form
 */
function words(form) {
  const [title, text, url] = ["title", "text", "url"].map((name) => String(form.get(name) ?? "").trim());
  const parts = text.includes(url) ? [text] : [text, url];
  return parts.filter(Boolean).join("\n") || title;
}

worker.addEventListener("message", (event) => {
  const { data, ports } = event;
  const source = /** @type {Client | null} */ (event.source);
  switch (data?.do ?? data) {
    // The person wants the new build.
    case "switch":
      void worker.skipWaiting();
      break;
    // The page that has the account asks for all that is kept.
    case "take":
      ports[0]?.postMessage(take());
      break;
    // It was sent or discarded, or is in the page's field.
    case "answered":
      letGo(data.name);
      break;
    // The page is left with this. Another one may have the account by now, and have asked too early.
    case "keep":
      data.texts.forEach((/** @type {{ name: string, text: string, at: number }} */ { name, text, at }) => keep(event, { name, text, at }));
      event.waitUntil(tell("shared", source?.id));
      break;
    // A page without the account was opened with something shared, and leaves that to the one that has it.
    case "pass on": {
      const theirs = [...kept.values()].filter(({ page }) => page === source?.id).length;
      if (theirs > 0) {
        event.waitUntil(tell("shared", source?.id));
      }
      ports[0]?.postMessage(theirs);
      break;
    }
  }
});

/**
 * @param {string} what
 * @param {string} [except]
 */
async function tell(what, except) {
  for (const page of await appPages()) {
    if (page.id !== except) {
      page.postMessage(what);
    }
  }
}

async function appPages() {
  const pages = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  return pages.filter((page) => PAGES.includes(new URL(page.url).pathname));
}

/** In the language that the app has. */
function newClip() {
  const words = { en: "A new clip", de: "Ein neuer Clip" };
  const language = navigator.languages.map((tag) => tag.toLowerCase().split("-")[0]).find((tag) => tag in words);
  return words[/** @type {keyof typeof words} */ (language ?? "en")];
}

// What the relay sends is empty, so there is nothing else to say.
worker.addEventListener("push", (event) => {
  event.waitUntil(
    worker.registration.showNotification("Hushclip", { body: newClip(), tag: "clip", icon: "/icons/192.png" }),
  );
});

worker.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(openApp());
});

async function openApp() {
  const [app] = await appPages();
  if (app) {
    await app.focus();
    app.postMessage("newest");
  } else {
    await worker.clients.openWindow("/?do=newest");
  }
}
