//! This desktop's clipboard, on a thread of its own: the program it is read from may take seconds to answer. Reports
//! what is new there, and puts there what it is given.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use arboard::{Clipboard, Error};
use tokio::sync::{mpsc, oneshot};

use crate::failure::{Code, Failure, Result};
use crate::wire::{Copied, Put};

mod offers;

use offers::{Offer, Offers};

/// How often to look. Not every desktop reports every copy, so all of them are polled.
const LOOK: Duration = Duration::from_millis(500);
/// A look may take one part in this many of the time, so large texts are looked at less often.
const SHARE: u32 = 20;
/// The longest time between looks: a slow answer may have been slow only once.
const SELDOM: Duration = Duration::from_secs(5);
/// How long something new may take to be read before incoming clips no longer wait for it.
const SLOW: Duration = Duration::from_secs(10);
/// Failed looks in a row until the desktop counts as gone.
const GONE_AFTER: u32 = 20;
/// How many times to put something there, if it does not stay.
const WRITES: usize = 3;
/// How long until it is known whether it stays.
const SETTLE: Duration = Duration::from_millis(20);
/// How long it may take to hand what is there over to whatever keeps it from now on.
const HAND_OVER: Duration = Duration::from_millis(500);

/// What is new on the clipboard.
pub(crate) enum Found {
    /// This.
    Copied {
        copied: Copied,
        /// What was about to be put there when this was found. It has to wait until it is known whether this is
        /// somebody's copy or only what another program put there.
        instead_of: Option<Put>,
    },
    /// Something that the program it was copied in wants left alone. It was not read.
    Concealed,
}

/// What is to be done.
enum Order {
    /// Put this there, unless something new is.
    Write(Put),
    /// Take this away, if it is still there.
    Clear(String),
}

/// A handle on the thread, which ends when this is dropped.
pub(crate) struct Desktop {
    /// `None` once it is told to end.
    orders: Option<Sender<Order>>,
    finds: mpsc::UnboundedReceiver<Found>,
    ended: Receiver<()>,
    /// What was last to be put there.
    newest: Option<Put>,
}

impl Desktop {
    /// Opens the clipboard; fails where there is no desktop.
    pub(crate) async fn open() -> Result<Self> {
        let (orders, to_do) = channel();
        let (finds, found) = mpsc::unbounded_channel();
        let (opened, outcome) = oneshot::channel();
        let (end, ended) = channel();
        thread::spawn(move || {
            match Clipboard::new().and_then(|clipboard| Ok((clipboard, Offers::open()?))) {
                Ok((clipboard, offers)) => {
                    let mut hand = Hand { clipboard, offers, known: Known::Nothing, put: None, finds };
                    // What is there now was copied before anyone asked for copies to be sent. What comes after this
                    // look was not.
                    hand.look_patiently();
                    let _ = opened.send(Ok(()));
                    hand.work(&to_do);
                }
                Err(error) => drop(opened.send(Err(error))),
            }
            drop(end);
        });
        match outcome.await {
            Ok(Ok(())) => Ok(Self { orders: Some(orders), finds: found, ended, newest: None }),
            _ => Err(none("There is no clipboard here, because no desktop session can be reached")),
        }
    }

    /// What is new on the clipboard. Cancel-safe: nothing is lost if this is dropped.
    pub(crate) async fn found(&mut self) -> Result<Found> {
        self.finds.recv().await.ok_or_else(|| none("The clipboard is gone, and so is the desktop session"))
    }

    /// Puts this on the clipboard, unless something else has appeared there since the last look.
    pub(crate) fn write(&mut self, put: Put) {
        self.newest = Some(put.clone());
        self.order(Order::Write(put));
    }

    /// Puts there after all what had to wait for something that was found, unless something newer has come in since.
    pub(crate) fn write_after_all(&self, put: Put) {
        if self.newest.as_ref() == Some(&put) {
            self.order(Order::Write(put));
        }
    }

    /// Clears the clipboard, if it holds the text with this digest.
    pub(crate) fn clear(&mut self, digest: String) {
        self.newest.take_if(|put| is(&put.content.text, &digest));
        self.order(Order::Clear(digest));
    }

    fn order(&self, order: Order) {
        if let Some(orders) = &self.orders {
            // Fails only when the desktop is gone, which `found` reports.
            let _ = orders.send(order);
        }
    }
}

/// Whether this text has that digest.
fn is(text: &str, digest: &str) -> bool {
    hushclip_client::digest(text) == digest
}

impl Drop for Desktop {
    fn drop(&mut self) {
        self.orders = None;
        let _ = self.ended.recv_timeout(HAND_OVER);
    }
}

fn none(why: &str) -> Failure {
    Failure::new(
        Code::NoClipboard,
        format!("{why}. Use `hushclip watch` to print what arrives, and `hushclip push` to send."),
    )
}

/// What was there at the last look.
#[derive(PartialEq, Eq)]
enum Known {
    /// Nothing, or nothing that is text.
    Nothing,
    Text(String),
    Concealed,
}

/// What a look finds.
enum Look {
    /// What was there before.
    Same,
    New(Copied),
    /// Something new that is to be left alone.
    Concealed,
    /// Something that cannot be read yet.
    Unread,
}

struct Hand {
    clipboard: Clipboard,
    offers: Offers,
    known: Known,
    /// What was put there, as long as nothing else has replaced it.
    put: Option<Put>,
    finds: mpsc::UnboundedSender<Found>,
}

impl Hand {
    fn work(mut self, to_do: &Receiver<Order>) {
        let mut failed = 0;
        let mut pause = LOOK;
        loop {
            match to_do.recv_timeout(pause) {
                Ok(Order::Write(put)) => match self.look_patiently() {
                    Look::New(copied) => self.tell(Found::Copied { copied, instead_of: Some(put) }),
                    // It is newer than what came in.
                    Look::Concealed => self.tell(Found::Concealed),
                    Look::Same | Look::Unread => self.write(put),
                },
                Ok(Order::Clear(digest)) => {
                    if self.text().is_ok_and(|there| there.is_some_and(|there| is(&there, &digest))) {
                        let _ = self.clipboard.clear();
                    }
                    if self.put.as_ref().is_some_and(|put| is(&put.content.text, &digest)) {
                        self.put = None;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    let begun = Instant::now();
                    let look = self.look();
                    pause = match look {
                        Ok(Look::Unread) => LOOK,
                        _ => (begun.elapsed() * SHARE).clamp(LOOK, SELDOM),
                    };
                    failed = if look.is_err() { failed + 1 } else { 0 };
                    match look {
                        Ok(Look::New(copied)) => self.tell(Found::Copied { copied, instead_of: None }),
                        Ok(Look::Concealed) => self.tell(Found::Concealed),
                        Err(_) if failed == GONE_AFTER => return,
                        Ok(Look::Same | Look::Unread) | Err(_) => {}
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Looks until what is there can be read, but not forever.
    fn look_patiently(&mut self) -> Look {
        let until = Instant::now() + SLOW;
        loop {
            match self.look() {
                Ok(Look::Unread) | Err(_) if Instant::now() < until => thread::sleep(SETTLE),
                look => return look.unwrap_or(Look::Unread),
            }
        }
    }

    /// What is there, if it has changed since the last look.
    fn look(&mut self) -> std::result::Result<Look, Error> {
        let known = match self.offers.look()? {
            Offer::Silent => return Ok(Look::Unread),
            Offer::Forgotten if self.put.is_some() => {
                self.set();
                return Ok(Look::Same);
            }
            Offer::Nothing | Offer::Forgotten => Known::Nothing,
            Offer::Concealed => Known::Concealed,
            Offer::Open { text } => match self.text()? {
                None if text => return Ok(Look::Unread),
                Some(text) if !text.is_empty() => Known::Text(text),
                _ => Known::Nothing,
            },
        };
        if known == self.known {
            return Ok(Look::Same);
        }
        let look = match &known {
            Known::Nothing => Look::Same,
            Known::Concealed => Look::Concealed,
            Known::Text(text) => {
                let html = self.clipboard.get().html().ok().filter(|html| !html.is_empty());
                // A password manager may have copied something between the look and the read.
                if !matches!(self.offers.look()?, Offer::Open { .. }) {
                    return Ok(Look::Unread);
                }
                Look::New(Copied { text: text.clone(), html })
            }
        };
        self.put = None;
        self.known = known;
        Ok(look)
    }

    fn tell(&self, found: Found) {
        // Nobody is listening when this is about to end.
        let _ = self.finds.send(found);
    }

    fn write(&mut self, put: Put) {
        self.known = if put.secret { Known::Concealed } else { Known::Text(put.content.text.clone()) };
        self.put = Some(put);
        for _ in 0..WRITES {
            self.set();
            // On X11, the news that another program had taken over the clipboard earlier may arrive only now, and then
            // what was just put there is forgotten. If it arrives later still, the next look notices.
            thread::sleep(SETTLE);
            if !matches!(self.offers.look(), Ok(Offer::Forgotten)) {
                return;
            }
        }
    }

    fn set(&mut self) {
        let Some(Put { content, secret }) = &self.put else { return };
        let set = if *secret { conceal(self.clipboard.set()) } else { self.clipboard.set() };
        // If it does not stay, the next look finds something else.
        let _ = match &content.html {
            Some(html) => set.html(html, Some(&content.text)),
            None => set.text(&content.text),
        };
    }

    /// The text that is there; none if there is something else, or if it is not handed out.
    fn text(&mut self) -> std::result::Result<Option<String>, Error> {
        match self.clipboard.get().text() {
            Ok(text) => Ok(Some(text)),
            Err(Error::ContentNotAvailable) => Ok(None),
            Err(Error::ConversionFailure) => Ok(Some(String::new())),
            Err(error) => Err(error),
        }
    }
}

/// Asks other programs to leave alone what is put there.
#[cfg(not(windows))]
fn conceal(set: arboard::Set<'_>) -> arboard::Set<'_> {
    #[cfg(target_os = "macos")]
    use arboard::SetExtApple as _;
    #[cfg(not(target_os = "macos"))]
    use arboard::SetExtLinux as _;
    set.exclude_from_history()
}

/// Asks other programs to leave alone what is put there.
#[cfg(windows)]
fn conceal(set: arboard::Set<'_>) -> arboard::Set<'_> {
    use arboard::SetExtWindows as _;
    set.exclude_from_monitoring().exclude_from_cloud().exclude_from_history()
}
