//! What `background.js` sees of the client: start it, tell it what happened, ask for the picture.
//! It decides nothing; texts to and from popups pass through unread by the script.

use std::alloc::System;

use hushclip_engine::view::{Connection, Problem, Stage};
use hushclip_engine::{Content, LockState, LockView, Notice, View};
use hushclip_wasm_core::port::{ToBackground, ToPopup};
use hushclip_wasm_core::{Host, Shell, StartError};
use wasm_bindgen::prelude::*;
use zeroizing_alloc::ZeroAlloc;

/// Memory is wiped when it is given back, so that little is left of keys and clips once it is locked.
#[global_allocator]
static MEMORY: ZeroAlloc<System> = ZeroAlloc(System);

#[wasm_bindgen]
extern "C" {
    /// What the script does when something happens.
    pub type Hooks;

    /// The picture is not what it was.
    #[wasm_bindgen(method)]
    fn changed(this: &Hooks);
    /// A message for all open popups.
    #[wasm_bindgen(method)]
    fn tell(this: &Hooks, message: &str);
    /// Put this on the clipboard.
    #[wasm_bindgen(method, js_name = writeClipboard)]
    fn write_clipboard(this: &Hooks, text: &str, html: Option<&str>);
}

impl Host for Hooks {
    fn view_changed(&self, _view: &dyn Fn() -> View) {
        self.changed();
    }

    fn lock_changed(&self, lock: LockView) {
        self.tell(&encode(&ToPopup::Lock(lock)));
        self.changed();
    }

    fn notice(&self, notice: Notice) {
        self.tell(&encode(&ToPopup::Notice(notice)));
    }

    fn write_clipboard(&self, content: Content) {
        Self::write_clipboard(self, &content.text, content.html.as_deref());
    }
}

/// The running client.
#[wasm_bindgen]
pub struct Handle(Result<Shell, Problem>);

/// Starts the client. Where that fails, the handle shows why and can do nothing else.
#[wasm_bindgen]
pub async fn start(hooks: Hooks) -> Handle {
    Handle(Shell::start(hooks).await.map_err(StartError::problem))
}

#[wasm_bindgen]
impl Handle {
    /// Whether the client runs; if not, starting anew may help.
    #[wasm_bindgen(getter)]
    pub fn runs(&self) -> bool {
        self.0.is_ok()
    }

    /// The local clipboard holds something new.
    #[wasm_bindgen(js_name = localCopy)]
    pub fn local_copy(&self, text: String, html: Option<String>) {
        if let Ok(shell) = &self.0 {
            shell.local_copy(text, html);
        }
    }

    /// A popup's message.
    pub fn hear(&self, message: &str) {
        let Ok(shell) = &self.0 else { return };
        match serde_json::from_str(message) {
            Ok(ToBackground::Command(command)) => shell.command(command),
            Ok(ToBackground::Lock(command)) => shell.ask(command),
            // A popup may be older than its background, after an update.
            Err(_) => {}
        }
    }

    /// A person opened a popup.
    pub fn person(&self) {
        if let Ok(shell) = &self.0 {
            shell.person();
        }
    }

    /// The network, or the person, is back.
    pub fn online(&self) {
        if let Ok(shell) = &self.0 {
            shell.online();
        }
    }

    /// An alarm rang: whatever was due while the process was away is due now.
    pub fn wake(&self) {
        if let Ok(shell) = &self.0 {
            shell.wake();
        }
    }

    /// How the lock stands, as a message for a popup.
    pub fn lock(&self) -> String {
        encode(&ToPopup::Lock(self.0.as_ref().map(Shell::lock).unwrap_or_default()))
    }

    /// The picture as a message for a popup; none while it is locked.
    pub fn picture(&self) -> Option<String> {
        let view = match &self.0 {
            Ok(shell) if shell.lock().state == LockState::Locked => return None,
            Ok(shell) => fitting(shell.view()),
            Err(_) => self.view_without_clips(),
        };
        Some(encode(&ToPopup::View(view)))
    }

    /// How things stand, in short.
    pub fn status(&self) -> Status {
        let view = self.view_without_clips();
        Status {
            member: view.stage == Stage::Member,
            locked: self.0.as_ref().is_ok_and(|shell| shell.lock().state == LockState::Locked),
            waiting: matches!(view.connection, Connection::Waiting { .. }),
            problem: view.problem.map(|problem| problem.message),
        }
    }
}

/// How things stand, as far as the script must know.
#[wasm_bindgen]
pub struct Status {
    /// This device belongs to an account.
    pub member: bool,
    /// The passphrase is asked for.
    pub locked: bool,
    /// There is no line to the relay.
    pub waiting: bool,
    problem: Option<String>,
}

#[wasm_bindgen]
impl Status {
    /// The sentence that tells what is wrong.
    #[wasm_bindgen(getter)]
    pub fn problem(&self) -> Option<String> {
        self.problem.clone()
    }
}

impl Handle {
    fn view_without_clips(&self) -> View {
        match &self.0 {
            Ok(shell) => shell.view_without_clips(),
            Err(problem) => View { problem: Some(problem.clone()), ..View::default() },
        }
    }
}

fn encode(message: &ToPopup) -> String {
    // Views, locks and notices are strings and numbers and always encode.
    serde_json::to_string(message).unwrap_or_default()
}

/// Chromium passes on no message above 64 MiB, and a popup need not wait for more than this.
const PICTURE_BYTES: usize = 8 * 1024 * 1024;

/// The view with as many of its newest clips as fit into a message.
fn fitting(mut view: View) -> View {
    let mut bytes = 0;
    let fits = view.clips.iter().take_while(|clip| {
        bytes += clip.text.len() + clip.html.as_ref().map_or(0, String::len);
        bytes <= PICTURE_BYTES
    });
    let fits = fits.count();
    view.clips.truncate(fits);
    view
}
