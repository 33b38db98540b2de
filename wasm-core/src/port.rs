//! The line between a popup and the background that owns the engine: what they say, and the popup's
//! end. Messages are JSON text. When the background ends and starts again, the line comes back.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use gloo_events::EventListener;
use gloo_timers::future::TimeoutFuture;
use hushclip_model::{Answered, Asked, CommandId, LockView, Notice, Problem, Query, View};
use serde::{Deserialize, Serialize};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::Event;

use crate::{js, time};

/// Name of the port, for the background to know it by.
pub const NAME: &str = "popup";

/// How often at most a person is told of, milliseconds.
const PERSON_MS: u64 = 1_000;

/// How long to wait before the line is made again, milliseconds.
const AGAIN_MS: u32 = 250;

/// What the background says.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "there is one at a time, and only until it is text")]
pub enum ToPopup {
    /// The new picture.
    View(View),
    /// How the lock stands. Once it is locked, picture and news are to be forgotten.
    Lock(LockView),
    /// What became of a command.
    Answer(Answered),
    /// Passing news.
    Notice(Notice),
}

/// What a popup says.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToBackground {
    /// The person asks for something.
    Ask(Asked),
    /// The person looks for other clips.
    Query(Query),
    /// A person is here, and asks for nothing yet.
    Person,
}

/// A popup's line to the background. Clones are handles on the same one.
#[derive(Clone)]
pub struct Port(Rc<Inner>);

type Heard = Closure<dyn FnMut(JsValue)>;

struct Inner {
    port: RefCell<Option<JsValue>>,
    /// What could not be said while there was no line, and by what name its answer is waited for.
    unsaid: RefCell<Vec<(String, Option<CommandId>)>>,
    /// What was asked on this line and is not answered.
    asked: RefCell<Vec<CommandId>>,
    on_answer: Box<dyn Fn(Answered)>,
    /// What the person looks for.
    query: RefCell<Option<Query>>,
    message: Heard,
    gone: Heard,
}

/// Opens the line; the lock and the first picture follow at once.
pub fn connect(
    on_view: impl Fn(View) + 'static,
    on_lock: impl Fn(LockView) + 'static,
    on_answer: impl Fn(Answered) + 'static,
    on_notice: impl Fn(Notice) + 'static,
) -> Port {
    let inner = Rc::new_cyclic(|this: &Weak<Inner>| {
        let (hearing, this) = (this.clone(), this.clone());
        let message = Closure::new(move |message: JsValue| {
            match message.as_string().and_then(|text| serde_json::from_str(&text).ok()) {
                Some(ToPopup::View(view)) => on_view(view),
                Some(ToPopup::Lock(lock)) => on_lock(lock),
                Some(ToPopup::Answer(answered)) => {
                    if let Some(this) = hearing.upgrade() {
                        this.asked.borrow_mut().retain(|id| *id != answered.id);
                        (this.on_answer)(answered);
                    }
                }
                Some(ToPopup::Notice(notice)) => on_notice(notice),
                // An update of the extension may leave a popup behind that is older than its background.
                None => {}
            }
        });
        let gone = Closure::new(move |_| {
            if let Some(this) = this.upgrade() {
                this.port.take();
                this.lose_answers();
                spawn_local(async move {
                    TimeoutFuture::new(AGAIN_MS).await;
                    this.connect().await;
                });
            }
        });
        Inner {
            port: RefCell::default(),
            unsaid: RefCell::default(),
            asked: RefCell::default(),
            on_answer: Box::new(on_answer),
            query: RefCell::default(),
            message,
            gone,
        }
    });
    let first = Rc::clone(&inner);
    spawn_local(async move { first.connect().await });
    Port(inner)
}

impl Port {
    /// The person asks for something.
    pub fn ask(&self, asked: Asked) {
        let id = asked.id;
        self.say(&ToBackground::Ask(asked), Some(id));
    }

    /// The person looks for other clips.
    pub fn query(&self, query: Query) {
        // A background that starts anew has to be told again.
        self.0.query.replace(Some(query.clone()));
        self.say(&ToBackground::Query(query), None);
    }

    /// Tells of the person who types or clicks here: nothing is locked in the middle of a sentence.
    pub fn watch(&self) {
        let Some(window) = web_sys::window() else { return };
        let told = Rc::new(Cell::new(0));
        for event in ["pointerdown", "keydown"] {
            let (this, told) = (self.clone(), Rc::clone(&told));
            let tell = move |_: &Event| {
                let now = time::now();
                if now.abs_diff(told.get()) >= PERSON_MS {
                    told.set(now);
                    this.say(&ToBackground::Person, None);
                }
            };
            EventListener::new(&window, event, tell).forget();
        }
    }

    fn say(&self, message: &ToBackground, asked: Option<CommandId>) {
        // It is made of strings and numbers and always encodes.
        if let Ok(text) = serde_json::to_string(message) {
            self.0.say(text, asked);
        }
    }
}

impl Inner {
    async fn connect(&self) {
        let port = loop {
            match self.open() {
                Ok(port) => break port,
                Err(_) => TimeoutFuture::new(AGAIN_MS).await,
            }
        };
        *self.port.borrow_mut() = Some(port);
        let query = self.query.borrow().clone();
        if let Some(query) = query.and_then(|query| serde_json::to_string(&ToBackground::Query(query)).ok()) {
            self.say(query, None);
        }
        for (text, asked) in self.unsaid.take() {
            self.say(text, asked);
        }
    }

    /// Whoever was to answer has ended, and may have done what was asked or not.
    fn lose_answers(&self) {
        for id in self.asked.take() {
            (self.on_answer)(Answered { id, outcome: Problem::Interrupted.into() });
        }
    }

    fn open(&self) -> Result<JsValue, JsValue> {
        let chrome = js::global("chrome").ok_or(JsValue::UNDEFINED)?;
        let runtime = js::get(&chrome, "runtime").ok_or(JsValue::UNDEFINED)?;
        let port = js::call(&runtime, "connect", &[&js::object(&[("name", &NAME.into())])])?;
        for (event, heard) in [("onMessage", &self.message), ("onDisconnect", &self.gone)] {
            let event = js::get(&port, event).ok_or(JsValue::UNDEFINED)?;
            js::call(&event, "addListener", &[heard.as_ref().unchecked_ref()])?;
        }
        Ok(port)
    }

    /// Only what was said can be answered, or be lost with the line. The rest is said on the next one.
    fn say(&self, text: String, asked: Option<CommandId>) {
        let said = match &*self.port.borrow() {
            Some(port) => js::call(port, "postMessage", &[&JsValue::from_str(&text)]).is_ok(),
            None => false,
        };
        if said {
            self.asked.borrow_mut().extend(asked);
        } else {
            self.unsaid.borrow_mut().push((text, asked));
        }
    }
}
