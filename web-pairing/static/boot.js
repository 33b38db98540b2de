// Starts the web app. A classic script and the first in the page, so that nothing runs, loads or
// waits before the secret of a pairing link is out of the address bar.
{
  // The page's policy forbids text to become script or markup, whoever asks. One address may become a
  // script: the service worker's.
  globalThis.trustedTypes?.createPolicy("default", {
    createScriptURL: (url) => (url === "/sw.js" ? url : null),
  });

  let link;
  if (location.pathname === "/pair" && location.hash.length > 1) {
    link = location.href;
    history.replaceState(null, "", "/");
  }

  const drawn = new Promise((resolve) => {
    if (document.readyState === "loading") {
      document.addEventListener("DOMContentLoaded", resolve, { once: true });
    } else {
      resolve();
    }
  });

  const start = async () => {
    const module = await import("/hushclip_web.js");
    await Promise.all([drawn, module.default({ module_or_path: "/hushclip_web_bg.wasm" })]);
    module.start(link, scanner);
    link = undefined;
  };

  // Only those who scan a QR code load what reads it.
  const scanner = async () => {
    const module = await import("/hushclip_scan.js");
    await module.default({ module_or_path: "/hushclip_scan_bg.wasm" });
    return module.decode;
  };

  start().catch(async (error) => {
    console.error(error);
    await drawn;
    const place = document.getElementById("opening");
    if (place) {
      place.textContent = "Hushclip could not be loaded. Check the connection and reload the page; an older browser may need an update.";
      place.parentElement.classList.add("stuck");
    }
  });
}
