//! Random bytes from the browser.

use getrandom::SysRng;
use rand_core::UnwrapErr;

/// The browser's own generator. It cannot fail where WebCrypto exists, which the store needs anyway.
pub(crate) fn system() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}
