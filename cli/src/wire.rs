//! What processes that share a home say to each other: one JSON object per line over the Unix socket, and the same
//! values over channels inside the owner.

use hushclip_model::{ClipView, Command, Content, Notice, Problem, View};
use serde::{Deserialize, Serialize};

use crate::vault::Keys;

/// A question to the owner of the engine.
#[derive(Serialize, Deserialize)]
pub(crate) struct Request {
    /// Comes back with the answer.
    pub(crate) number: u64,
    pub(crate) ask: Ask,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ask {
    /// Hand this to the engine.
    Command(Command),
    /// Send me these clips.
    Clips(Which),
    /// Clips from other devices have been printed up to this place in the list.
    Printed(u64),
    /// This is new on the clipboard.
    Copied(Copied),
    /// End, and so forget the key.
    Lock,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Which {
    /// All that the device keeps.
    All,
    /// Those from other devices that have not been printed yet.
    Unprinted,
    /// Those from other devices after a place in the list.
    After(u64),
}

/// What the owner says, asked or not.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Told {
    /// The current state; comes first and after every change. It is called `picture` where commands were written in
    /// another way, so that neither understands the other's first line.
    #[serde(rename = "state")]
    Picture(Box<Picture>),
    /// Something happened.
    Notice(Notice),
    /// For a session that syncs a clipboard: put this there.
    Write(Put),
    /// Likewise: remove the text with this digest, in hexadecimal, if it is still there.
    Clear(String),
    /// The answer to the request with that number.
    Answer { number: u64, answer: Answer },
    /// The last request is not understood: it is of another version.
    NotUnderstood,
}

/// What a clipboard holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Copied {
    pub(crate) text: String,
    /// The same as HTML, when there is such a form.
    pub(crate) html: Option<String>,
}

/// What belongs on a clipboard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Put {
    pub(crate) content: Copied,
    /// Other programs should neither keep it nor pass it on.
    pub(crate) secret: bool,
}

impl Copied {
    /// Whether it already is the other one.
    pub(crate) fn holds(&self, other: &Self) -> bool {
        self.text == other.text && (self.html.is_some() || other.html.is_none())
    }
}

impl From<Content> for Copied {
    fn from(Content { text, html }: Content) -> Self {
        Self { text, html }
    }
}

impl From<Copied> for Content {
    fn from(Copied { text, html }: Copied) -> Self {
        Self { text, html }
    }
}

/// How things stand.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Picture {
    /// Without its clips, which are many.
    pub(crate) view: View,
    /// Why the relay was not reached last time.
    pub(crate) trouble: Option<String>,
    /// How the key to everything stored is kept.
    pub(crate) keys: Option<Keys>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// The command was handled.
    Done(Done),
    /// The clips asked for, oldest first.
    Clips(Vec<ClipView>),
}

/// What became of a request.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Done {
    /// Why it was not carried out.
    pub(crate) problem: Option<Problem>,
    /// The clip that was queued.
    pub(crate) clip: Option<String>,
    /// What was copied is a real copy, not an echo: it is going to be sent, or waits for an answer.
    pub(crate) news: bool,
}

impl Done {
    /// Fails if it was not carried out.
    pub(crate) fn done(self) -> Result<Self, Problem> {
        self.problem.clone().map_or(Ok(self), Err)
    }
}
