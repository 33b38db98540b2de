# The same relay, which may also call a push service on this machine, for tests. The other one reaches
# public addresses only, whatever names resolve to.
using Workerd = import "/workerd/workerd.capnp";
using Relay = import "workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "relay", worker = Relay.relay),
    (name = "mailboxes", disk = (writable = true)),
    (name = "web", disk = (writable = false)),
    (name = "internet", network = (allow = ["public", "local"])),
  ],
  sockets = [(name = "http", http = (), service = "relay")],
);
