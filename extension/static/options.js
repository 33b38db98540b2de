// The same screens on a page of their own, where they begin with the settings once there is an account.
if (history.state === null) {
  history.replaceState("settings", "");
}
await import("./popup.js");
