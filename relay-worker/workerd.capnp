# The relay on plain workerd, for one's own machine; Cloudflare reads wrangler.toml instead.
#   workerd serve workerd.capnp -s http=127.0.0.1:8787 -d mailboxes=FOLDER -d web=FOLDER
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "relay", worker = .relay),
    (name = "mailboxes", disk = (writable = true)),
    (name = "web", disk = (writable = false)),
  ],
  sockets = [(name = "http", http = (), service = "relay")],
);

const relay :Workerd.Worker = (
  modules = [
    (name = "index.js", esModule = embed "index.js"),
    (name = "hushclip_relay_worker_bg.wasm", wasm = embed "hushclip_relay_worker_bg.wasm"),
  ],
  compatibilityDate = "2026-11-01",
  # What is sealed does not get smaller, and deflate takes memory for each socket.
  compatibilityFlags = ["no_web_socket_compression"],
  bindings = [
    (name = "MAILBOX", durableObjectNamespace = "Mailbox"),
    (name = "NAMEPLATE", durableObjectNamespace = "Nameplate"),
    (name = "PUSH_KEY", durableObjectNamespace = "PushKey"),
    (name = "ASSETS", service = "web"),
    # Optional; on Cloudflare these are secrets and variables.
    (name = "ALLOWED_ORIGINS", fromEnvironment = "ALLOWED_ORIGINS"),
    (name = "METRICS_TOKEN", fromEnvironment = "METRICS_TOKEN"),
    (name = "REGISTRATION", fromEnvironment = "REGISTRATION"),
    (name = "REGISTRATION_TOKEN", fromEnvironment = "REGISTRATION_TOKEN"),
    (name = "QUOTA_MIB", fromEnvironment = "QUOTA_MIB"),
    (name = "IDLE_DAYS", fromEnvironment = "IDLE_DAYS"),
    (name = "VAPID_PRIVATE_KEY", fromEnvironment = "VAPID_PRIVATE_KEY"),
    (name = "VAPID_SUBJECT", fromEnvironment = "VAPID_SUBJECT"),
    (name = "PUSH_HOSTS", fromEnvironment = "PUSH_HOSTS"),
  ],
  # The keys name the folders on disk: never change them.
  durableObjectNamespaces = [
    (className = "Mailbox", uniqueKey = "hushclip-mailbox-v1", enableSql = true),
    (className = "Nameplate", uniqueKey = "hushclip-nameplate-v1", enableSql = true),
    (className = "PushKey", uniqueKey = "hushclip-push-key-v1", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "mailboxes"),
);
