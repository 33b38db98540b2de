// Starts the web app. A classic script and the first in the page, so that nothing runs, loads or
// waits before the secret of a pairing link is out of the address bar.
{
  // The page's policy forbids text to become script or markup, whoever asks. One address may become a
  // script: the service worker's.
  globalThis.trustedTypes?.createPolicy("default", {
    createScriptURL: (/** @type {string} */ url) => (url === "/sw.js" ? url : null),
  });

  /** @type {string | undefined} */
  let link;
  const isLink = (/** @type {{ pathname: string, hash: string }} */ { pathname, hash }) => pathname === "/pair" && hash.length > 1;
  if (isLink(location)) {
    link = location.href;
    history.replaceState(null, "", "/");
  }

  // What happens before the app is there to hear it: the browser offers to install it, or a shortcut was chosen.
  /** @typedef {(what: string | Event) => void} Listener */
  /** @type {(string | Event)[]} */
  const heard = [];
  /** @type {Listener} */
  let tell = (what) => void heard.push(what);
  const hear = (/** @type {Listener} */ listener) => {
    tell = listener;
    heard.splice(0).forEach(listener);
  };
  addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    tell(event);
  });
  const wishOf = (/** @type {string} */ url) => new URL(url).searchParams.get("do");
  /** @type {string | null | undefined} */
  let opened = link ?? wishOf(location.href);
  if (opened && !link) {
    tell(opened);
    history.replaceState(history.state, "", "/");
  }
  // Many Chromiums tell a page that is reloaded once more what its window was opened for last, at once. It knows that by
  // its digest: a link is not stored.
  const LAUNCHED = "launched";
  const AT_ONCE_MS = 1_000;
  const begun = performance.now();
  const [navigation] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType("navigation"));
  let reloaded = navigation?.type === "reload";
  const isOld = async (/** @type {string} */ url) => {
    const mayBe = reloaded && performance.now() - begun < AT_ONCE_MS;
    reloaded = false;
    const digest = String(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(url))));
    const last = sessionStorage.getItem(LAUNCHED);
    sessionStorage.setItem(LAUNCHED, digest);
    return mayBe && last === digest;
  };
  // A shortcut or a pairing link, while the app is open; what it was opened with comes here once more.
  globalThis.launchQueue?.setConsumer(async (/** @type {{ targetURL?: string }} */ { targetURL }) => {
    const old = targetURL && (await isOld(targetURL));
    const what = targetURL && (isLink(new URL(targetURL)) ? targetURL : wishOf(targetURL));
    if (what && what !== opened && !old) {
      tell(what);
    }
    opened = undefined;
  });

  // Said before the app, which has all other words, is there.
  const all = {
    en: {
      opening: "Opening Hushclip…",
      failed: "Hushclip could not be loaded. Check the connection and reload the page; an older browser may need an update.",
      update: "Update",
    },
    de: {
      opening: "Hushclip wird geöffnet\u00a0…",
      failed: "Hushclip ließ sich nicht laden. Prüfe die Verbindung und lade die Seite neu; ein älterer Browser braucht vielleicht eine Aktualisierung.",
      update: "Aktualisieren",
    },
  };
  const language = navigator.languages.map((tag) => tag.toLowerCase().split("-")[0]).find((tag) => tag in all) ?? "en";
  const words = all[/** @type {keyof typeof all} */ (language)];

  /** @type {Promise<unknown>} */
  const drawn = new Promise((resolve) => {
    if (document.readyState === "loading") {
      document.addEventListener("DOMContentLoaded", resolve, { once: true });
    } else {
      resolve(undefined);
    }
  });

  void drawn.then(() => {
    const place = document.getElementById("opening");
    if (place) {
      document.documentElement.lang = language;
      place.textContent = words.opening;
    }
  });

  const start = async () => {
    // Compiled while its bindings are still on their way.
    const wasm = WebAssembly.compileStreaming(fetch("/hushclip_web_bg.wasm"));
    const [module] = await Promise.all([import("/hushclip_web.js"), wasm]);
    await Promise.all([drawn, module.default({ module_or_path: wasm })]);
    module.start(link, scanner, hear);
    link = undefined;
  };

  // Only those who scan a QR code load what reads it.
  const scanner = async () => {
    const module = await import("/hushclip_scan.js");
    await module.default({ module_or_path: "/hushclip_scan_bg.wasm" });
    return module.decode;
  };

  /** What the worker has of texts that are not sent. */
  const kept = () =>
    new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel();
      const { controller } = navigator.serviceWorker;
      port1.onmessage = ({ data }) => resolve(data);
      controller ? controller.postMessage("take", [port2]) : resolve([]);
    });

  const failed = async (/** @type {unknown} */ error) => {
    console.error(error);
    await drawn;
    const place = document.getElementById("opening");
    if (place) {
      place.textContent = words.failed;
      place.parentElement?.classList.add("stuck");
    }
    // A later build may be what helps, and the app is not there to offer it.
    const registration = await navigator.serviceWorker?.getRegistration();
    const offer = () => {
      if (!place || place.parentElement?.querySelector("button") || !registration?.waiting) {
        return;
      }
      const button = document.createElement("button");
      button.className = "primary";
      button.textContent = words.update;
      button.onclick = async () => {
        navigator.serviceWorker.addEventListener("controllerchange", () => location.reload());
        const texts = await kept();
        registration.waiting?.postMessage({ do: "keep", texts });
        registration.waiting?.postMessage("switch");
      };
      place.after(button);
    };
    if (registration) {
      registration.addEventListener("updatefound", () => registration.installing?.addEventListener("statechange", offer));
      offer();
    }
  };

  // Once there is something to see, the worker may fetch what it keeps for later. Some private windows have none.
  const keep = () => navigator.serviceWorker?.register("/sw.js").catch(() => {});
  void start().catch(failed).then(keep);
}
