//! What `background.js` sees of the client: start it, tell it what happened, ask for the picture.
//! It decides nothing; the script passes texts to and from popups without reading them.

use std::alloc::System;
use std::cell::RefCell;

use hushclip_model::settings::Change;
use hushclip_model::view::{Connection, Stage};
use hushclip_model::{Answered, Asked, Command, CommandId, Content, LockState, LockView, Notice, Problem, Query, View};
use hushclip_wasm_core::port::{ToBackground, ToPopup};
use hushclip_wasm_core::{Host, Shell};
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
    /// What was pushed is taken, or it is not.
    #[wasm_bindgen(method)]
    fn answered(this: &Hooks, taken: bool);
    /// Put this on the clipboard; at once, if the person has picked it.
    #[wasm_bindgen(method, js_name = writeClipboard)]
    fn write_clipboard(this: &Hooks, text: &str, html: Option<&str>, picked: bool);
    /// Clear the clipboard, if [`Handle::is`] says that it still holds this.
    #[wasm_bindgen(method, js_name = clearClipboard)]
    fn clear_clipboard(this: &Hooks, digest: &str);
}

impl Host for Hooks {
    fn view_changed(&self, _find: &dyn Fn(&Query) -> View) {
        self.changed();
    }

    fn lock_changed(&self, lock: LockView) {
        self.tell(&encode(&ToPopup::Lock(lock)));
        self.changed();
    }

    fn answer(&self, answered: Answered) {
        if answered.id == PUSHED {
            self.answered(answered.outcome.problem().is_none());
        }
        self.tell(&encode(&ToPopup::Answer(answered)));
    }

    fn notice(&self, notice: Notice) {
        // It is taken when it can be stored; nobody waits for that with the script.
        if matches!(&notice, Notice::Failed { problem } if problem.stops_device()) {
            self.answered(false);
        }
        self.tell(&encode(&ToPopup::Notice(notice)));
    }

    fn write_clipboard(&self, content: Content, picked: bool) {
        Self::write_clipboard(self, &content.text, content.html.as_deref(), picked);
    }

    fn clear_clipboard(&self, digest: String) {
        Self::clear_clipboard(self, &digest);
    }
}

/// The running client.
#[wasm_bindgen]
pub struct Handle {
    shell: Result<Shell, Problem>,
    /// What is looked for in each popup.
    queries: RefCell<Vec<(u32, Query)>>,
}

/// Starts the client. Where that fails, the handle shows why and can do nothing else.
#[wasm_bindgen]
pub async fn start(hooks: Hooks) -> Handle {
    let shell = Shell::start(hooks).await;
    Handle { shell, queries: RefCell::default() }
}

#[wasm_bindgen]
impl Handle {
    /// Whether the client runs; if not, starting anew may help.
    #[wasm_bindgen(getter)]
    pub fn runs(&self) -> bool {
        self.shell.is_ok()
    }

    /// So much of the formatted form of a copy is of use, in characters; what has more is passed on without.
    #[wasm_bindgen(getter, js_name = mostHtml)]
    pub fn most_html(&self) -> usize {
        hushclip_rich::HTML_BYTES + 1
    }

    /// Whether a copy is to be looked at that was made on a page of these sites: none, if nobody knows them;
    /// undefined, if it was made on no page.
    pub fn catches(&self, sites: Option<Vec<String>>) -> bool {
        self.status().member && self.shell.as_ref().is_ok_and(|shell| shell.catches(sites.as_deref()))
    }

    /// The local clipboard holds something new; `sure` if the person has certainly copied it.
    #[wasm_bindgen(js_name = localCopy)]
    pub fn local_copy(&self, text: String, html: Option<String>, sure: bool) {
        if let Ok(shell) = &self.shell {
            shell.local_copy(text, html, sure);
        }
    }

    /// The person copied this just now; what comes from elsewhere does not take its place.
    pub fn copied(&self, text: String, html: Option<String>, sure: bool) {
        if let Ok(shell) = &self.shell {
            shell.copied(text, html, sure);
        }
    }

    /// The person pointed at this and wants it sent.
    pub fn push(&self, text: String, html: Option<String>) {
        if let Ok(shell) = &self.shell {
            shell.ask(Asked { id: PUSHED, ask: Command::Push { text, html }.into() });
        }
    }

    /// Whether this is the text with a digest.
    pub fn is(&self, text: &str, digest: &str) -> bool {
        hushclip_wasm_core::is(text, digest)
    }

    /// Something was pasted in a page.
    pub fn pasted(&self) {
        if let Ok(shell) = &self.shell {
            shell.pasted();
        }
    }

    /// Copies are to be looked at no more, or again.
    pub fn pause(&self, paused: bool) {
        if let Some(shell) = self.unlocked() {
            let change = Change { paused: Some(paused), ..Change::default() };
            shell.ask(own(Command::SetSettings { change }));
        }
    }

    /// Pauses on a host or on its whole site, or goes on there. Says whether it is paused now.
    #[wasm_bindgen(js_name = toggleSite)]
    pub fn toggle_site(&self, host: &str, whole: bool) -> bool {
        let Some(shell) = self.unlocked() else { return false };
        let change = shell.settings().toggle_site(host, whole);
        let paused = !change.pause_sites.is_empty();
        shell.ask(own(Command::SetSettings { change }));
        paused
    }

    /// A popup's message, by the number of the popup. Gives the answer for this popup alone, if there is one.
    pub fn hear(&self, popup: u32, message: String) -> Option<String> {
        let shell = self.shell.as_ref().ok()?;
        // A popup may be older than its background, after an update.
        match serde_json::from_str(&message).ok()? {
            ToBackground::Ask(asked) => shell.ask(asked),
            ToBackground::Person => shell.person(),
            ToBackground::Query(query) => {
                self.closed(popup);
                self.queries.borrow_mut().push((popup, query));
                return self.picture(popup);
            }
        }
        None
    }

    /// A popup is closed.
    pub fn closed(&self, popup: u32) {
        self.queries.borrow_mut().retain(|(of, _)| *of != popup);
    }

    /// A person opened a popup.
    pub fn person(&self) {
        if let Ok(shell) = &self.shell {
            shell.person();
        }
    }

    /// The network, or the person, is back.
    pub fn online(&self) {
        if let Ok(shell) = &self.shell {
            shell.online();
        }
    }

    /// The network is gone.
    pub fn offline(&self) {
        if let Ok(shell) = &self.shell {
            shell.offline();
        }
    }

    /// An alarm rang: whatever was due while the process was away is due now.
    pub fn wake(&self) {
        if let Ok(shell) = &self.shell {
            shell.wake();
        }
    }

    /// How the lock stands, as a message for a popup.
    pub fn lock(&self) -> String {
        encode(&ToPopup::Lock(self.shell.as_ref().map(Shell::lock).unwrap_or_default()))
    }

    /// The picture as a message for a popup, by its number; none while it is locked.
    pub fn picture(&self, popup: u32) -> Option<String> {
        let view = match &self.shell {
            Ok(shell) if is_locked(shell) => return None,
            Ok(shell) => fitting(shell.find(&self.query(popup))),
            Err(_) => self.view_without_clips(),
        };
        Some(encode(&ToPopup::View(view)))
    }

    /// How things stand, in short.
    pub fn status(&self) -> Status {
        let view = self.view_without_clips();
        Status {
            member: view.stage == Stage::Member,
            locked: self.shell.as_ref().is_ok_and(is_locked),
            waiting: matches!(view.connection, Connection::Waiting { .. }),
            paused: view.settings.paused,
            watch: view.settings.watch,
            held: view.held.len() as u32,
            unread: view.unread,
            problem: view.problem,
        }
    }
}

/// How things stand, as far as the script must know.
#[expect(clippy::struct_excessive_bools, reason = "a script reads them one by one")]
#[wasm_bindgen]
pub struct Status {
    /// This device belongs to an account.
    pub member: bool,
    /// The passphrase is asked for.
    pub locked: bool,
    /// There is no line to the relay.
    pub waiting: bool,
    /// Copies are not looked at.
    pub paused: bool,
    /// The system's clipboard is to be looked at each second.
    pub watch: bool,
    /// So many copies wait for the person's answer.
    pub held: u32,
    /// So many clips are new.
    pub unread: u32,
    problem: Option<Problem>,
}

#[wasm_bindgen]
impl Status {
    /// The code of what is wrong.
    #[wasm_bindgen(getter)]
    pub fn problem(&self) -> Option<String> {
        self.problem.as_ref().map(|problem| problem.code().to_owned())
    }

    /// The sentence that tells what is wrong.
    #[wasm_bindgen(getter, js_name = problemInWords)]
    pub fn problem_in_words(&self) -> Option<String> {
        self.problem.as_ref().map(ToString::to_string)
    }
}

impl Handle {
    fn unlocked(&self) -> Option<&Shell> {
        self.shell.as_ref().ok().filter(|shell| !is_locked(shell))
    }

    fn query(&self, popup: u32) -> Query {
        let queries = self.queries.borrow();
        queries.iter().find(|(of, _)| *of == popup).map(|(_, query)| query.clone()).unwrap_or_default()
    }

    fn view_without_clips(&self) -> View {
        match &self.shell {
            Ok(shell) => shell.view_without_clips(),
            Err(problem) => View { problem: Some(problem.clone()), ..View::default() },
        }
    }
}

/// Names all that the script pushes; it waits for the answer to one at a time.
const PUSHED: CommandId = CommandId(1);

/// A command of the background itself, whose answer nobody waits for.
fn own(command: Command) -> Asked {
    Asked { id: CommandId::default(), ask: command.into() }
}

fn is_locked(shell: &Shell) -> bool {
    shell.lock().state == LockState::Locked
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
