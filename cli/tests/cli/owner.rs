//! A program that owns an X clipboard and is unlike xclip: it offers several forms of one copy, and takes its
//! time to answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ConnectionExt as _, CreateWindowAux, EventMask, PropMode, SELECTION_NOTIFY_EVENT,
    SelectionNotifyEvent, SelectionRequestEvent, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;
use x11rb::{COPY_DEPTH_FROM_PARENT, COPY_FROM_PARENT, CURRENT_TIME, NONE};

/// Owns the clipboard until another program does, or this is dropped.
pub(crate) struct Owner {
    end: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

struct Copy {
    connection: RustConnection,
    window: u32,
    targets: Atom,
    forms: Vec<(Atom, Vec<u8>)>,
}

impl Owner {
    /// Copies these forms; answers nobody for a while.
    pub(crate) fn copy(display: &str, forms: &[(&str, &str)], silent: Duration) -> Self {
        let copy = Copy::take(display, forms);
        let end = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&end);
        let thread = std::thread::spawn(move || copy.serve(Instant::now() + silent, &ended));
        Self { end, thread: Some(thread) }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        let _ = self.thread.take().unwrap().join();
    }
}

impl Copy {
    fn take(display: &str, forms: &[(&str, &str)]) -> Self {
        let (connection, screen) = RustConnection::connect(Some(display)).unwrap();
        let window = connection.generate_id().unwrap();
        let root = connection.setup().roots[screen].root;
        let (class, aux) = (WindowClass::COPY_FROM_PARENT, CreateWindowAux::new());
        let made = connection.create_window(
            COPY_DEPTH_FROM_PARENT,
            window,
            root,
            0,
            0,
            1,
            1,
            0,
            class,
            COPY_FROM_PARENT,
            &aux,
        );
        made.unwrap().check().unwrap();
        let atom = |name: &str| connection.intern_atom(false, name.as_bytes()).unwrap().reply().unwrap().atom;
        let forms = forms.iter().map(|(target, content)| (atom(target), content.as_bytes().to_vec())).collect();
        let (clipboard, targets) = (atom("CLIPBOARD"), atom("TARGETS"));
        connection.set_selection_owner(window, clipboard, CURRENT_TIME).unwrap().check().unwrap();
        Self { connection, window, targets, forms }
    }

    fn serve(self, silent_until: Instant, end: &AtomicBool) {
        while !end.load(Ordering::Relaxed) {
            match self.connection.poll_for_event() {
                Ok(Some(Event::SelectionRequest(request))) => {
                    while Instant::now() < silent_until && !end.load(Ordering::Relaxed) {
                        sleep(Duration::from_millis(5));
                    }
                    self.answer(&request);
                }
                Ok(Some(Event::SelectionClear(_))) | Err(_) => break,
                Ok(Some(_)) => {}
                Ok(None) => sleep(Duration::from_millis(2)),
            }
        }
        let _ = self.connection.destroy_window(self.window);
        let _ = self.connection.flush();
    }

    fn answer(&self, request: &SelectionRequestEvent) {
        let SelectionRequestEvent { requestor, property, target, .. } = *request;
        let known = self.forms.iter().find(|(form, _)| *form == target);
        let answered = if target == self.targets {
            let targets: Vec<Atom> = self.forms.iter().map(|(form, _)| *form).chain([target]).collect();
            let kind = AtomEnum::ATOM;
            self.connection.change_property32(PropMode::REPLACE, requestor, property, kind, &targets).is_ok()
        } else if let Some((_, content)) = known {
            self.connection.change_property8(PropMode::REPLACE, requestor, property, target, content).is_ok()
        } else {
            false
        };
        let notice = SelectionNotifyEvent {
            response_type: SELECTION_NOTIFY_EVENT,
            sequence: 0,
            time: request.time,
            requestor,
            selection: request.selection,
            target,
            property: if answered { property } else { NONE },
        };
        // Whoever asked may have gone.
        let _ = self.connection.send_event(false, requestor, EventMask::NO_EVENT, notice);
        let _ = self.connection.flush();
    }
}
