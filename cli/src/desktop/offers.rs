//! What the clipboard offers, checked before any of it is read: whether there is text, and whether the program it was
//! copied in wants it left alone, as password managers do.

use arboard::Error;

/// What is there.
#[cfg_attr(not(all(unix, not(target_os = "macos"))), allow(dead_code, reason = "only X11 has all of them"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offer {
    /// Nothing.
    Nothing,
    /// Nothing, though a program holds it: on X11, all that is left of what was put there if the news that another
    /// program had held the clipboard before arrived late.
    Forgotten,
    /// Something that is not to be kept or passed on.
    Concealed,
    /// Something.
    Open {
        /// Whether there is text for certain.
        text: bool,
    },
    /// The program that holds it does not answer.
    Silent,
}

#[cfg(target_os = "macos")]
pub(super) use macos::Offers;
#[cfg(all(unix, not(target_os = "macos")))]
pub(super) use unix::Offers;
#[cfg(windows)]
pub(super) use windows::Offers;

#[cfg(all(unix, not(target_os = "macos")))]
mod unix {
    use std::thread::sleep;
    use std::time::{Duration, Instant};

    use wl_clipboard_rs::paste::{self, ClipboardType, Seat, get_mime_types};
    use wl_clipboard_rs::utils::is_primary_selection_supported;
    use x11rb::connection::Connection as _;
    use x11rb::errors::ConnectError;
    use x11rb::protocol::Event;
    use x11rb::protocol::xproto::{Atom, AtomEnum, ConnectionExt as _, CreateWindowAux, WindowClass};
    use x11rb::rust_connection::RustConnection;
    use x11rb::{COPY_DEPTH_FROM_PARENT, COPY_FROM_PARENT, CURRENT_TIME, NONE};

    use super::{Error, Offer};

    /// Offered beside what password managers copy. Its value is `secret`; no other is in use.
    const HINT: &str = "x-kde-passwordManagerHint";
    /// How long a program may take to say what it offers.
    const ANSWER: Duration = Duration::from_secs(1);
    /// How often to check whether it has.
    const TICK: Duration = Duration::from_millis(1);
    /// The most forms of one copy that are checked.
    const FORMS: u32 = 4096;

    /// A way to look.
    pub(crate) enum Offers {
        Wayland,
        X11(Box<X11>),
    }

    impl Offers {
        /// The one of the two that arboard chooses.
        pub(crate) fn open() -> Result<Self, Error> {
            if std::env::var_os("WAYLAND_DISPLAY").is_some() && is_primary_selection_supported().is_ok() {
                return Ok(Self::Wayland);
            }
            X11::connect().map(|server| Self::X11(Box::new(server))).map_err(unknown)
        }

        pub(crate) fn look(&mut self) -> Result<Offer, Error> {
            match self {
                Self::Wayland => wayland(),
                Self::X11(server) => server.look().map_err(unknown),
            }
        }
    }

    fn unknown(error: impl std::fmt::Display) -> Error {
        Error::Unknown { description: error.to_string() }
    }

    fn wayland() -> Result<Offer, Error> {
        match get_mime_types(ClipboardType::Regular, Seat::Unspecified) {
            Ok(forms) if forms.contains(HINT) => Ok(Offer::Concealed),
            Ok(_) => Ok(Offer::Open { text: false }),
            Err(paste::Error::ClipboardEmpty | paste::Error::NoSeats) => Ok(Offer::Nothing),
            Err(error) => Err(unknown(error)),
        }
    }

    x11rb::atom_manager! {
        Atoms: AtomsCookie {
            CLIPBOARD,
            TARGETS,
            HUSHCLIP_OFFERS,
            PASSWORD_HINT: b"x-kde-passwordManagerHint",
            // About the clipboard, not about what is on it.
            MULTIPLE,
            SAVE_TARGETS,
            TIMESTAMP,
            // As arboard asks for them.
            UTF8_STRING,
            UTF8_MIME: b"text/plain;charset=utf-8",
            UTF8_MIME_UPPER: b"text/plain;charset=UTF-8",
            STRING,
            TEXT,
            MIME: b"text/plain",
        }
    }

    /// One connection for as long as the server lives: the next server under its name is another desktop's.
    pub(crate) struct X11 {
        server: RustConnection,
        root: u32,
        atoms: Atoms,
    }

    type Failed = Box<dyn std::error::Error>;

    /// What a program says it offers.
    enum Targets {
        Said(Vec<Atom>),
        Refused,
        Unsaid,
    }

    impl X11 {
        fn connect() -> Result<Self, Failed> {
            let (server, screen) = RustConnection::connect(None)?;
            let atoms = Atoms::new(&server)?.reply()?;
            let root = server.setup().roots.get(screen).ok_or(ConnectError::InvalidScreen)?.root;
            Ok(Self { server, root, atoms })
        }

        fn look(&self) -> Result<Offer, Failed> {
            let targets = match self.targets()? {
                Targets::Said(targets) => targets,
                Targets::Unsaid => return Ok(Offer::Silent),
                Targets::Refused if self.is_held()? => return Ok(Offer::Open { text: false }),
                Targets::Refused => return Ok(Offer::Nothing),
            };
            let atoms = &self.atoms;
            let about = [atoms.TARGETS, atoms.MULTIPLE, atoms.SAVE_TARGETS, atoms.TIMESTAMP];
            let text =
                [atoms.UTF8_STRING, atoms.UTF8_MIME, atoms.UTF8_MIME_UPPER, atoms.STRING, atoms.TEXT, atoms.MIME];
            Ok(if targets.contains(&atoms.PASSWORD_HINT) {
                Offer::Concealed
            } else if targets.iter().all(|target| about.contains(target)) {
                Offer::Forgotten
            } else {
                Offer::Open { text: targets.iter().any(|target| text.contains(target)) }
            })
        }

        fn is_held(&self) -> Result<bool, Failed> {
            Ok(self.server.get_selection_owner(self.atoms.CLIPBOARD)?.reply()?.owner != NONE)
        }

        /// Asks through a new window each time: a late answer to an earlier question goes nowhere.
        fn targets(&self) -> Result<Targets, Failed> {
            let (depth, class, like) = (COPY_DEPTH_FROM_PARENT, WindowClass::COPY_FROM_PARENT, COPY_FROM_PARENT);
            let window = self.server.generate_id()?;
            self.server.create_window(depth, window, self.root, 0, 0, 1, 1, 0, class, like, &CreateWindowAux::new())?;
            let targets = self.targets_through(window);
            self.server.destroy_window(window)?;
            self.server.flush()?;
            targets
        }

        fn targets_through(&self, window: u32) -> Result<Targets, Failed> {
            let (clipboard, targets, here) = (self.atoms.CLIPBOARD, self.atoms.TARGETS, self.atoms.HUSHCLIP_OFFERS);
            self.server.convert_selection(window, clipboard, targets, here, CURRENT_TIME)?;
            self.server.flush()?;
            let until = Instant::now() + ANSWER;
            while Instant::now() < until {
                let answer = match self.server.poll_for_event()? {
                    Some(Event::SelectionNotify(answer)) if answer.requestor == window => answer,
                    Some(_) => continue,
                    None => {
                        sleep(TICK);
                        continue;
                    }
                };
                if answer.property == NONE {
                    return Ok(Targets::Refused);
                }
                let said = self.server.get_property(true, window, answer.property, AtomEnum::ANY, 0, FORMS)?.reply()?;
                return Ok(said.value32().map_or(Targets::Refused, |targets| Targets::Said(targets.collect())));
            }
            Ok(Targets::Unsaid)
        }
    }
}

#[cfg(target_os = "macos")]
mod macos {
    use objc2_app_kit::NSPasteboard;

    use super::{Error, Offer};

    /// See <http://nspasteboard.org>.
    const HINTS: [&str; 3] =
        ["org.nspasteboard.ConcealedType", "org.nspasteboard.TransientType", "org.nspasteboard.AutoGeneratedType"];

    pub(crate) struct Offers;

    impl Offers {
        pub(crate) fn open() -> Result<Self, Error> {
            Ok(Self)
        }

        pub(crate) fn look(&mut self) -> Result<Offer, Error> {
            let kinds = NSPasteboard::generalPasteboard().types();
            let kinds: Vec<String> = kinds.iter().flat_map(|kinds| kinds.iter()).map(|kind| kind.to_string()).collect();
            Ok(if kinds.is_empty() {
                Offer::Nothing
            } else if kinds.iter().any(|kind| HINTS.contains(&kind.as_str())) {
                Offer::Concealed
            } else {
                Offer::Open { text: false }
            })
        }
    }
}

#[cfg(windows)]
mod windows {
    use clipboard_win::raw::is_format_avail;
    use clipboard_win::{formats::RawData, get_clipboard, register_format};

    use super::{Error, Offer};

    /// Formats that say it by being there; the second is older than Microsoft's.
    const HINTS: [&str; 2] = ["ExcludeClipboardContentFromMonitorProcessing", "Clipboard Viewer Ignore"];
    /// Formats that say it by a zero.
    const PERMISSIONS: [&str; 2] = ["CanIncludeInClipboardHistory", "CanUploadToCloudClipboard"];

    pub(crate) struct Offers;

    impl Offers {
        pub(crate) fn open() -> Result<Self, Error> {
            Ok(Self)
        }

        pub(crate) fn look(&mut self) -> Result<Offer, Error> {
            let there = |name: &str| register_format(name).map(|id| id.get()).filter(|id| is_format_avail(*id));
            let refused = |name: &str| {
                there(name).is_some_and(|id| {
                    let value: Result<Vec<u8>, _> = get_clipboard(RawData(id));
                    // If it cannot be read, permission is not given.
                    value.map_or(true, |value| value.iter().all(|byte| *byte == 0))
                })
            };
            let concealed =
                HINTS.iter().any(|name| there(name).is_some()) || PERMISSIONS.iter().any(|name| refused(name));
            Ok(if concealed { Offer::Concealed } else { Offer::Open { text: false } })
        }
    }
}
