//! What every screen reaches through the context: the picture to draw, the way to ask for things,
//! the clock, and what this platform can do.

use std::cell::Cell;

use futures_channel::oneshot;
use hushclip_model::settings::Change;
use hushclip_model::{Answered, Ask, Asked, Command, Content, LockView, Outcome, Problem, Query, Target, View};
use leptos::prelude::*;

use crate::agent::device_name;
use crate::asking::{Answers, asked};
use crate::clipboard;
use crate::language;
use crate::library::Library;
use crate::news::News;
use crate::outgoing::Outgoing;
use crate::page::Page;
use crate::place::Places;
use crate::time;

/// Where the screens are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// A page of its own: phones and desktops.
    Web,
    /// The extension's popup: 380 by at most 600 pixels.
    Popup,
}

/// What the surroundings offer.
#[derive(Clone)]
pub struct Platform {
    /// Where the screens are shown.
    pub face: Face,
    /// What this device might be called, such as "Firefox extension, Linux".
    pub default_name: String,
    /// Origin of the only relay that can be used here, if there is one.
    pub default_relay: Option<String>,
    /// The pairing link this page was opened with, already gone from the address bar.
    pub opened_link: Option<String>,
    /// Whether the browser lets a page read the clipboard after a tap.
    pub can_read_clipboard: bool,
    /// Whether a background stands behind the screens, which sees copies and writes the clipboard without a tap.
    pub extension: bool,
    /// Takes a pairing link apart.
    pub look: Look,
}

/// Says where a pairing link leads, or why it is none.
pub type Look = fn(&str) -> Result<Target, Problem>;

impl Platform {
    /// What this browser offers. A page proposes where it comes from as the relay; a popup has none
    /// to propose.
    pub fn here(face: Face, opened_link: Option<String>, look: Look) -> Self {
        // Before the app is mounted: the name is in the person's language too.
        language::choose();
        let origin = location().origin().ok();
        Self {
            face,
            default_name: device_name(&window().navigator().user_agent().unwrap_or_default(), face == Face::Popup),
            default_relay: origin.filter(|_| face == Face::Web),
            opened_link,
            can_read_clipboard: clipboard::can_read(),
            extension: face == Face::Popup,
            look,
        }
    }
}

/// Gives a promise of a JavaScript function from pixels (RGBA), width and height to the text of the
/// QR code among them, or to nothing.
pub type LoadScanner = UnsyncCallback<(), js_sys::Promise>;

/// How it stands with being woken while the app is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    /// This device is not woken.
    Off,
    /// The browser is asking, or its push service is.
    Asking,
    /// It is woken.
    On,
    /// The browser does not let the page show notifications.
    Blocked,
    /// The browser's push service did not take part.
    Failed,
}

/// How that stands, and what changes it: `true` turns it on. Has to be called within a tap.
pub type Wakes = (Signal<Wake>, UnsyncCallback<bool>);

/// What the surroundings give the screens to draw, and take from them.
#[derive(Clone, Copy)]
pub(crate) struct Lines {
    /// The picture.
    pub(crate) view: Signal<Option<View>>,
    /// How the lock stands.
    pub(crate) lock: Signal<Option<LockView>>,
    /// Where goes what is asked.
    pub(crate) send: UnsyncCallback<Asked>,
    /// Where it goes which clips to show.
    pub(crate) query: Option<UnsyncCallback<Query>>,
    /// Loads the decoder of QR codes, where a camera may be asked for.
    pub(crate) scan: Option<LoadScanner>,
    /// Being woken, where the browser can do that.
    pub(crate) wake: Option<Wakes>,
    /// What a page of its own has to do with, if this is one.
    pub(crate) page: Option<Page>,
}

/// What is filled in before there is an account. It outlives a try that fails.
#[derive(Clone, Copy)]
pub(crate) struct Entering {
    /// What this device shall be called.
    pub(crate) name: RwSignal<String>,
    /// The relay's address, as typed.
    pub(crate) relay: RwSignal<String>,
    /// What the relay wants to hear from a new account, if it wants anything.
    pub(crate) token: RwSignal<String>,
    /// The link or the code.
    pub(crate) link: RwSignal<String>,
}

impl Entering {
    fn new(platform: &Platform) -> Self {
        Self {
            name: RwSignal::new(platform.default_name.clone()),
            relay: RwSignal::new(platform.default_relay.clone().unwrap_or_default()),
            token: RwSignal::new(String::new()),
            link: RwSignal::new(String::new()),
        }
    }
}

/// What a person is at, whichever screen shows it.
#[derive(Clone, Copy)]
struct UnderWay {
    outgoing: Outgoing,
    entering: Entering,
    answers: Answers,
    opened: RwSignal<Option<String>>,
}

/// The context of all screens.
#[derive(Clone, Copy)]
pub(crate) struct Host {
    lines: StoredValue<Lines, LocalStorage>,
    platform: StoredValue<Platform>,
    /// The present, in milliseconds, each second.
    pub(crate) now: ReadSignal<u64>,
    /// The present, every ten seconds: enough for ages.
    pub(crate) lately: Memo<u64>,
    /// The pairing link that was opened and not yet answered.
    pub(crate) opened_link: RwSignal<Option<String>>,
    /// Where passing news goes.
    pub(crate) news: News,
    under_way: StoredValue<UnderWay, LocalStorage>,
    /// What is shown of an account.
    pub(crate) places: Places,
    /// The clips that are shown, and which those are.
    pub(crate) library: Library,
}

impl Host {
    pub(crate) fn new(lines: &Lines, platform: Platform, draft: RwSignal<String>) -> Self {
        let now = time::clock();
        Self {
            places: Places::new(platform.face),
            library: Library::new(lines.view, lines.query, platform.face),
            lines: StoredValue::new_local(*lines),
            now,
            lately: Memo::new(move |_| now.get() / 10_000 * 10_000),
            opened_link: RwSignal::new(platform.opened_link.clone()),
            under_way: StoredValue::new_local(UnderWay {
                outgoing: Outgoing::new(draft),
                entering: Entering::new(&platform),
                answers: Answers::new(),
                opened: RwSignal::new(None),
            }),
            platform: StoredValue::new(platform),
            news: News::new(),
        }
    }

    /// What is typed to be sent, or on its way.
    pub(crate) fn outgoing(&self) -> Outgoing {
        self.under_way.with_value(|under_way| under_way.outgoing)
    }

    /// What is filled in on the way into an account.
    pub(crate) fn entering(&self) -> Entering {
        self.under_way.with_value(|under_way| under_way.entering)
    }

    /// The clip that is shown in full.
    pub(crate) fn opened(&self) -> RwSignal<Option<String>> {
        self.under_way.with_value(|under_way| under_way.opened)
    }

    /// Asks for something. Should it be refused, that is said in passing.
    pub(crate) fn send(&self, ask: impl Into<Ask>) {
        let host = *self;
        self.ask(ask, move |outcome| {
            if let Some(problem) = outcome.problem() {
                host.news.tell(problem.clone(), host);
            }
        });
    }

    /// Asks for something whose answer is waited for. It may be there before this returns.
    pub(crate) fn ask(&self, ask: impl Into<Ask>, heard: impl Fn(Outcome) + 'static) {
        self.put(asked(ask), heard);
    }

    /// The same under a name that was given before.
    pub(crate) fn put(&self, asked: Asked, heard: impl Fn(Outcome) + 'static) {
        self.answers().expect(asked.id, heard);
        self.lines.get_value().send.run(asked);
    }

    fn answers(&self) -> Answers {
        self.under_way.with_value(|under_way| under_way.answers)
    }

    /// Hears an answer, which may be another page's.
    pub(crate) fn answered(&self, answered: Answered) {
        self.answers().hear(answered);
    }

    /// A part of how the lock stands, followed as it changes.
    pub(crate) fn follow_lock<T: PartialEq + Send + Sync + 'static>(
        &self,
        part: impl Fn(&LockView) -> T + Send + Sync + 'static,
    ) -> Memo<T> {
        let lock = self.lines.get_value().lock;
        Memo::new(move |_| lock.with(|lock| lock.as_ref().map_or_else(|| part(&LockView::default()), &part)))
    }

    /// A part of the picture, followed as it changes.
    pub(crate) fn follow<T: PartialEq + Send + Sync + 'static>(
        &self,
        part: impl Fn(&View) -> T + Send + Sync + 'static,
    ) -> Memo<T> {
        let view = self.lines.get_value().view;
        Memo::new(move |_| view.with(|view| view.as_ref().map_or_else(|| part(&View::default()), &part)))
    }

    /// A part of the picture as it is now.
    pub(crate) fn peek<T>(&self, part: impl FnOnce(&View) -> T) -> T {
        self.lines.get_value().view.with_untracked(|view| match view {
            Some(view) => part(view),
            None => part(&View::default()),
        })
    }

    /// All of a clip, of which the list may hold only the beginning.
    pub(crate) fn content(&self, clip: String) -> impl Future<Output = Result<Content, Problem>> + use<> {
        let (heard, answer) = oneshot::channel();
        let heard = Cell::new(Some(heard));
        self.ask(Ask::Read { clip }, move |outcome| {
            if let Some(heard) = heard.take() {
                // Nobody may want it any more.
                let _ = heard.send(outcome);
            }
        });
        async move {
            match answer.await {
                Ok(Outcome::Content { content }) => Ok(content),
                Ok(Outcome::Refused { problem }) => Err(problem),
                // So many others are waited for that this one is not.
                Ok(_) | Err(_) => Err(Problem::Interrupted),
            }
        }
    }

    /// Loads the decoder of QR codes, where a camera may be asked for.
    pub(crate) fn scan(&self) -> Option<LoadScanner> {
        self.lines.get_value().scan
    }

    /// Being woken, where the browser can do that.
    pub(crate) fn wake(&self) -> Option<Wakes> {
        self.lines.get_value().wake
    }

    /// Changes what the person chose.
    pub(crate) fn choose(&self, change: Change) {
        self.send(Command::SetSettings { change });
    }

    /// What a page of its own has to do with, if this is one.
    pub(crate) fn page(&self) -> Option<Page> {
        self.lines.with_value(|lines| lines.page)
    }

    /// Seconds from now until then, followed as they pass. [`Self::now`] may lag behind what happens between its ticks.
    pub(crate) fn seconds_until(&self, at: u64) -> u64 {
        self.now.track();
        time::seconds_until(at, time::now())
    }

    /// Where a pairing link leads.
    pub(crate) fn target(&self, link: &str) -> Result<Target, Problem> {
        self.platform.with_value(|platform| (platform.look)(link))
    }

    /// What the surroundings offer.
    pub(crate) fn platform(&self) -> Platform {
        self.platform.get_value()
    }
}

/// The context of all screens.
pub(crate) fn host() -> Host {
    expect_context()
}
