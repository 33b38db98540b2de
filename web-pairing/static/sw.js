// Runs while the app is closed: tells that there is a clip, and leads to the app. What the relay sends is
// empty and this script has no keys, so there is nothing else to say.
self.addEventListener("push", (event) => {
  event.waitUntil(
    self.registration.showNotification("Hushclip", { body: "A new clip", tag: "clip", icon: "/icons/192.png" }),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(openApp());
});

async function openApp() {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const app = pages.find((page) => ["/", "/pair"].includes(new URL(page.url).pathname));
  await (app ? app.focus() : self.clients.openWindow("/"));
}
