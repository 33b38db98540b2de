//! The client of a page that owns its engine, as the web app does. It watches the page's life and
//! tells the engine; what it hears from there goes to the page's hooks.

use std::cell::RefCell;
use std::rc::Rc;

use gloo_events::EventListener;
use hushclip_model::{Answered, Asked, Content, LockView, Notice, Problem, Query, View};
use web_sys::{Event, VisibilityState};

use crate::lock;
use crate::shell::{Host, Shell};

/// What a page does with what happens.
pub struct Hooks {
    /// The new picture.
    pub on_view: Box<dyn Fn(View)>,
    /// The lock is not what it was. Once it is locked, picture and news are to be forgotten.
    pub on_lock: Box<dyn Fn(LockView)>,
    /// What became of a command.
    pub on_answer: Box<dyn Fn(Answered)>,
    /// Passing news.
    pub on_notice: Box<dyn Fn(Notice)>,
    /// A clip came in that belongs on the clipboard. Few pages may put it there unasked.
    pub write_clipboard: Box<dyn Fn(Content)>,
}

/// The hooks of a page, and what it looks for.
struct Page {
    hooks: Rc<Hooks>,
    query: Rc<RefCell<Query>>,
}

impl Host for Page {
    fn view_changed(&self, find: &dyn Fn(&Query) -> View) {
        (self.hooks.on_view)(find(&self.query.borrow()));
    }

    fn lock_changed(&self, lock: LockView) {
        (self.hooks.on_lock)(lock);
    }

    fn answer(&self, answered: Answered) {
        (self.hooks.on_answer)(answered);
    }

    fn notice(&self, notice: Notice) {
        (self.hooks.on_notice)(notice);
    }

    fn write_clipboard(&self, content: Content, _picked: bool) {
        (self.hooks.write_clipboard)(content);
    }

    // What pages may not write unasked they may not clear either.
    fn clear_clipboard(&self, _digest: String) {}
}

/// A client that runs until its page goes. Clones are handles on the same one.
#[derive(Clone)]
pub struct Client {
    shell: Shell,
    hooks: Rc<Hooks>,
    query: Rc<RefCell<Query>>,
}

impl Client {
    /// Starts the client; the first picture, or the lock, follows at once. Only one page of a browser profile has
    /// a client: after [`Problem::OtherTab`], [`crate::other_tab_closed`] says when to try again.
    pub async fn start(hooks: Hooks) -> Result<Self, Problem> {
        lock::take().await?;
        let (hooks, query) = (Rc::new(hooks), Rc::default());
        let shell = Shell::start(Page { hooks: Rc::clone(&hooks), query: Rc::clone(&query) }).await?;
        watch(&shell);
        Ok(Self { shell, hooks, query })
    }

    /// The person looks for other clips; the picture with them follows at once.
    pub fn query(&self, query: Query) {
        let view = self.shell.find(&query);
        self.query.replace(query);
        (self.hooks.on_view)(view);
    }

    /// The person asks for something.
    pub fn ask(&self, asked: Asked) {
        self.shell.ask(asked);
    }

    /// The person copied something here.
    pub fn local_copy(&self, text: String, html: Option<String>) {
        self.shell.local_copy(text, html, false);
    }

    /// The network, or the person, is back.
    pub fn online(&self) {
        self.shell.online();
    }
}

/// Tells the engine when waiting makes no more sense. Lasts as long as the page.
fn watch(shell: &Shell) {
    let Some(window) = web_sys::window() else { return };
    for event in ["online", "pageshow"] {
        let shell = shell.clone();
        EventListener::new(&window, event, move |_| shell.online()).forget();
    }
    for event in ["offline", "pagehide"] {
        let shell = shell.clone();
        EventListener::new(&window, event, move |_| shell.offline()).forget();
    }
    for event in ["pointerdown", "keydown"] {
        let shell = shell.clone();
        EventListener::new(&window, event, move |_| shell.person()).forget();
    }
    if let Some(document) = window.document() {
        let (shell, seen) = (shell.clone(), document.clone());
        let look = move |_: &Event| {
            if seen.visibility_state() == VisibilityState::Visible {
                shell.online();
            }
        };
        EventListener::new(&document, "visibilitychange", look).forget();
    }
}
