//! The clipboard of this desktop, in the hands of a thread of its own: the program that it is read from
//! may take seconds to answer. Tells what is new there, and puts there what it is given.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use arboard::{Clipboard, Error};
use tokio::sync::{mpsc, oneshot};

use crate::failure::{Failure, Result};
use crate::wire::Copied;

/// How often to look. No desktop tells everybody of every copy, so all of them are asked.
const LOOK: Duration = Duration::from_millis(500);
/// A look may take this share of the time, so that large texts are looked at less often.
const SHARE: u32 = 20;
/// Looks that fail one after the other until the desktop counts as gone.
const GONE_AFTER: u32 = 20;
/// How often something is put there, if it does not stay.
const WRITES: usize = 3;
/// How long until it is known whether it stays.
const SETTLE: Duration = Duration::from_millis(20);
/// How long it may take to hand what is there over to whoever keeps it from now on.
const HAND_OVER: Duration = Duration::from_millis(500);

/// What is new on the clipboard.
pub(crate) struct Found {
    pub(crate) copied: Copied,
    /// What was to be put there when it was found. It has to wait for whether this is somebody's copy or
    /// only what another program put there.
    pub(crate) instead_of: Option<Copied>,
}

/// What is to be done.
enum Order {
    /// Put this there, unless something new is.
    Write(Copied),
    /// Put this there, whatever else is.
    WriteAfterAll(Copied),
    /// Take this away, if it is still there.
    Clear(String),
}

/// A handle on the thread; dropping it ends that.
pub(crate) struct Desktop {
    /// `None` once it is told to end.
    orders: Option<Sender<Order>>,
    finds: mpsc::UnboundedReceiver<Found>,
    ended: Receiver<()>,
}

impl Desktop {
    /// Takes hold of the clipboard; fails where there is no desktop.
    pub(crate) async fn open() -> Result<Self> {
        let (orders, to_do) = channel();
        let (finds, found) = mpsc::unbounded_channel();
        let (opened, outcome) = oneshot::channel();
        let (end, ended) = channel();
        thread::spawn(move || {
            match Clipboard::new() {
                Ok(clipboard) => {
                    let _ = opened.send(Ok(()));
                    Hand { clipboard, known: None, finds }.work(&to_do);
                }
                Err(error) => drop(opened.send(Err(error))),
            }
            drop(end);
        });
        match outcome.await {
            Ok(Ok(())) => Ok(Self { orders: Some(orders), finds: found, ended }),
            _ => Err(none("There is no clipboard here, because no desktop session can be reached")),
        }
    }

    /// What is new on the clipboard. Nothing is lost when this is not awaited to its end.
    pub(crate) async fn found(&mut self) -> Result<Found> {
        self.finds.recv().await.ok_or_else(|| none("The clipboard is gone, and the desktop session with it"))
    }

    /// Puts this on the clipboard, unless something else has come there since the last look.
    pub(crate) fn write(&self, content: Copied) {
        self.order(Order::Write(content));
    }

    /// Puts this there after all.
    pub(crate) fn write_after_all(&self, content: Copied) {
        self.order(Order::WriteAfterAll(content));
    }

    /// Clears the clipboard, if it holds this text.
    pub(crate) fn clear(&self, text: String) {
        self.order(Order::Clear(text));
    }

    fn order(&self, order: Order) {
        if let Some(orders) = &self.orders {
            // Fails only when the desktop is gone, which `found` says.
            let _ = orders.send(order);
        }
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        self.orders = None;
        let _ = self.ended.recv_timeout(HAND_OVER);
    }
}

fn none(why: &str) -> Failure {
    Failure::new("no_clipboard", format!("{why}. `hushclip watch` prints what comes in, `hushclip push` sends."))
}

struct Hand {
    clipboard: Clipboard,
    /// The text that was there at the last look.
    known: Option<String>,
    finds: mpsc::UnboundedSender<Found>,
}

impl Hand {
    fn work(mut self, to_do: &Receiver<Order>) {
        // What lay there before was copied when nobody had asked for it to be sent.
        self.known = self.text().unwrap_or_default();
        let mut failed = 0;
        let mut pause = LOOK;
        loop {
            match to_do.recv_timeout(pause) {
                Ok(Order::Write(content)) => match self.look() {
                    Ok(Some(copied)) => self.tell(copied, Some(content)),
                    _ => self.write(content),
                },
                Ok(Order::WriteAfterAll(content)) => self.write(content),
                Ok(Order::Clear(text)) => {
                    // Other programs may have changed its line endings.
                    let lines = |text: &str| text.replace("\r\n", "\n");
                    if self.text().is_ok_and(|there| there.is_some_and(|there| lines(&there) == lines(&text))) {
                        let _ = self.clipboard.clear();
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    let begun = Instant::now();
                    match self.look() {
                        Ok(found) => {
                            failed = 0;
                            if let Some(copied) = found {
                                self.tell(copied, None);
                            }
                        }
                        Err(_) => failed += 1,
                    }
                    if failed == GONE_AFTER {
                        return;
                    }
                    pause = LOOK.max(begun.elapsed() * SHARE);
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// What is there, if it is something else than at the last look.
    fn look(&mut self) -> std::result::Result<Option<Copied>, Error> {
        let text = self.text()?;
        if text == self.known {
            return Ok(None);
        }
        self.known.clone_from(&text);
        let Some(text) = text else { return Ok(None) };
        let html = self.clipboard.get().html().ok().filter(|html| !html.is_empty());
        Ok(Some(Copied { text, html }))
    }

    fn tell(&self, copied: Copied, instead_of: Option<Copied>) {
        // Nobody listens any more when this is about to end.
        let _ = self.finds.send(Found { copied, instead_of });
    }

    fn write(&mut self, content: Copied) {
        for _ in 0..WRITES {
            let set = self.clipboard.set();
            // The next look finds it and says so: the engine keeps in mind what the clipboard holds.
            let _ = match &content.html {
                Some(html) => set.html(html, Some(&content.text)),
                None => set.text(&content.text),
            };
            // On X11, the news that another program had taken the clipboard over before may come only now,
            // and then what was just put there is forgotten.
            thread::sleep(SETTLE);
            if !matches!(self.text(), Ok(None)) {
                return;
            }
        }
    }

    /// The text that is there; none where there is something else, or nothing.
    fn text(&mut self) -> std::result::Result<Option<String>, Error> {
        match self.clipboard.get().text() {
            Ok(text) => Ok(Some(text).filter(|text| !text.is_empty())),
            Err(Error::ContentNotAvailable | Error::ConversionFailure) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
