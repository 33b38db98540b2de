# One test module, in the runtime that the relay runs on.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "tests", worker = .tests)],
  sockets = [(name = "http", http = (), service = "tests")],
);

const tests :Workerd.Worker = (
  modules = [
    (name = "entry.mjs", esModule = embed "entry.mjs"),
    (name = "tests.js", esModule = embed "tests.js"),
    (name = "tests_bg.wasm", wasm = embed "tests_bg.wasm"),
  ],
  compatibilityDate = "2026-11-01",
);
