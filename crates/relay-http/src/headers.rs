//! The headers that tell browsers what this relay's pages may do, and who may use its answers.

/// For everything that is not a page.
pub(crate) const NO_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// The web app may load its own files, talk to its own relay, and nothing else. In browsers that run its wasm, 'self'
/// covers WebSockets too, whatever scheme a proxy shows to the relay. No text becomes markup or script; the only
/// Trusted Types policy, in `boot.js`, lets the service worker's address through.
pub(crate) const APP_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
     img-src 'self' data: blob:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types default";

/// Headers that every answer carries.
pub(crate) const SECURITY: [(&str, &str); 8] = [
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Embedder-Policy", "require-corp"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Origin-Agent-Cluster", "?1"),
    (
        "Permissions-Policy",
        "clipboard-read=(self), clipboard-write=(self), camera=(self), accelerometer=(), browsing-topics=(), \
         display-capture=(), geolocation=(), gyroscope=(), hid=(), idle-detection=(), local-fonts=(), \
         magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=(), xr-spatial-tracking=()",
    ),
    // Browsers ignore this one if the page did not come over TLS.
    ("Strict-Transport-Security", "max-age=31536000"),
];
