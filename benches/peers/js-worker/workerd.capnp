# The peer on plain workerd, with the settings that our own relay has.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "relay", worker = .relay),
    (name = "mailboxes", disk = (writable = true)),
  ],
  sockets = [(name = "http", http = (), service = "relay")],
);

const relay :Workerd.Worker = (
  modules = [(name = "index.js", esModule = embed "index.js")],
  compatibilityDate = "2026-11-01",
  compatibilityFlags = ["no_web_socket_compression"],
  bindings = [(name = "MAILBOX", durableObjectNamespace = "Mailbox")],
  durableObjectNamespaces = [(className = "Mailbox", uniqueKey = "peer-v1", enableSql = true)],
  durableObjectStorage = (localDisk = "mailboxes"),
);
