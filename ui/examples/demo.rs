//! The screens without a relay, an engine or keys: `?scene=` picks a picture, `?face=popup` the
//! popup, and commands change the picture a little. For looking at the design; never shipped.

use hushclip_model::settings::Apply;
use hushclip_model::view::{Bounds, ClipKind, Connection, DeviceView, Filter, InviteView, JoiningView, Stage};
use hushclip_model::{
    Alert, AlertView, Answered, ArchiveCommand, Ask, Asked, ClipView, Command, Content, HeldView, LockCommand,
    LockState, LockView, Notice, Outcome, Problem, Query, SecretKind, Target, View,
};
use hushclip_ui::{App, Face, Platform, Wake, mount};
use leptos::prelude::*;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::Closure;

const LINK: &str =
    "https://clips.example.org/pair#AXn3kYp0Vt2q8mJc4LrZ7wE9sDfGhB1uXoKiMvNbQaWeRtYyUuIiOoPpAaSsDdFfGgHhJjKkLlZzXxCcVv";

fn main() {
    let query = location().search().unwrap_or_default();
    let long = query.contains("long");
    let face = if query.contains("face=popup") { Face::Popup } else { Face::Web };
    let scene = query.split(['?', '&']).find_map(|part| part.strip_prefix("scene=")).unwrap_or("clips").to_owned();
    let failure = (scene == "failure").then_some(Problem::NoStorage);
    let lock = RwSignal::new(Some(lock(&scene)));
    let is_locked = lock.with_untracked(|lock| lock.as_ref().is_some_and(|lock| lock.state == LockState::Locked));
    let view = RwSignal::new((scene != "loading" && !is_locked).then(|| picture(&scene, long)));
    let asked = RwSignal::new(Query::default());
    let all = view;
    let view = Signal::derive(move || all.get().map(|view| asked.with(|asked| found(view, asked))));
    let query = UnsyncCallback::new(move |query| asked.set(query));
    let notice = RwSignal::new(None);
    let answer = RwSignal::new(None);
    let is_wrong = scene == "wrong-passphrase";
    let send = UnsyncCallback::new(move |Asked { id, ask }| {
        let outcome = match ask {
            Ask::Command(command) => {
                let mut outcome = Outcome::Done;
                all.update(|view| outcome = carry_out(view.get_or_insert_default(), command));
                outcome
            }
            Ask::Lock(LockCommand::Unlock { .. }) if is_wrong => Problem::WrongPassphrase.into(),
            Ask::Lock(command) => {
                let mut shown = lock.get_untracked().unwrap_or_default();
                answer_lock(&mut shown, command);
                all.update(|view| match shown.state {
                    LockState::Locked => *view = None,
                    _ if view.is_none() => *view = Some(picture("clips", false)),
                    _ => {}
                });
                lock.set(Some(shown));
                Outcome::Done
            }
            Ask::Archive(command) => file(&command),
            Ask::Read { clip } => {
                let clips = all.get_untracked().unwrap_or_default().clips;
                match clips.into_iter().find(|found| found.id == clip) {
                    Some(ClipView { text, html, .. }) => Outcome::Content { content: Content { text, html } },
                    None => Problem::ClipGone.into(),
                }
            }
        };
        answer.set(Some(Answered { id, outcome }));
    });
    let platform = Platform {
        face,
        default_name: "Web app, Firefox on Linux".into(),
        default_relay: (face == Face::Web).then(|| "https://clips.example.org".into()),
        opened_link: (scene == "opened").then(|| LINK.into()),
        can_read_clipboard: true,
        extension: face == Face::Popup,
        look: |_| Ok(Target { relay: "https://clips.example.org".into(), page: "https://clips.example.org".into() }),
    };
    // A picture that shows a code at once, whatever the camera sees.
    let scan = UnsyncCallback::new(|()| {
        let decode = Closure::<dyn Fn() -> JsValue>::new(|| LINK.into()).into_js_value();
        js_sys::Promise::resolve(&decode)
    });
    if face == Face::Web {
        let shown = RwSignal::new(match scene.as_str() {
            "wake-on" => Wake::On,
            "wake-blocked" => Wake::Blocked,
            "wake-failed" => Wake::Failed,
            _ => Wake::Off,
        });
        let choose = UnsyncCallback::new(move |on| shown.set(if on { Wake::On } else { Wake::Off }));
        let wake = Some((shown.into(), choose));
        mount(
            move || view! { <App view lock answer notice failure=Signal::stored(failure) send query platform scan wake /> },
        );
    } else {
        mount(move || view! { <App view lock answer notice failure=Signal::stored(failure) send query platform /> });
    }
    if scene == "added" {
        notice.set(Some(Notice::DeviceAdded { device: "d1".into(), name: "Pixel".into() }));
    }
}

/// For `locked`, `unlocking`, `wrong-passphrase` and `lock-settings`.
fn lock(scene: &str) -> LockView {
    let state = match scene {
        "locked" | "unlocking" | "wrong-passphrase" => LockState::Locked,
        "lock-settings" => LockState::Guarded,
        _ => LockState::Open,
    };
    LockView {
        state,
        busy: scene == "unlocking",
        auto_lock_minutes: Some(15),
        retry_at: (scene == "wrong-passphrase").then(|| now() + 8_000),
    }
}

fn answer_lock(lock: &mut LockView, command: LockCommand) {
    match command {
        LockCommand::Unlock { .. } | LockCommand::SetPassphrase { .. } => lock.state = LockState::Guarded,
        LockCommand::Lock => lock.state = LockState::Locked,
        LockCommand::RemovePassphrase { .. } | LockCommand::Forget => lock.state = LockState::Open,
        LockCommand::SetAutoLock { minutes } => lock.auto_lock_minutes = minutes,
    }
}

fn invite() -> InviteView {
    InviteView {
        id: String::new(),
        device: None,
        by_code: false,
        secret: Some(LINK.into()),
        expires_at: now() + 581_000,
        request: None,
        namesake: false,
        wrong_digits: false,
    }
}

fn now() -> u64 {
    #[expect(clippy::cast_sign_loss, reason = "the present is after 1970")]
    let now = js_sys::Date::now() as u64;
    now
}

fn picture(scene: &str, long: bool) -> View {
    let mut view = View { stage: Stage::Member, connection: Connection::Online, ..View::default() };
    view.devices = devices(if matches!(scene, "alone" | "alone-invite") { 1 } else { 4 }, long);
    view.clips = if matches!(scene, "alone" | "alone-invite" | "empty") { Vec::new() } else { clips() };
    view.relay = Some("https://clips.example.org".into());
    view.fingerprint = Some("unmoving swung skinning unvisited efficient clone".into());
    view.check = Some("plus overhead semantic hangover abreast chowtime sniff uncapped duvet retired".into());
    view.new_here = scene == "new-here";
    view.rotation_minutes = Some(10_080);
    view.push_key = Some("04".into());
    view.settings.paused_sites = vec!["bank.example".into(), "a-rather-long-host-name.of-some.example".into()];
    view.bounds = Some(Bounds {
        items: 1_000,
        bytes: 64 << 20,
        ttl_s: 7 * 86_400,
        clip_bytes: 1 << 20,
        frames_per_minute: 600,
        devices: 32,
        capabilities: 0,
    });
    let asking = if long { LONG[2] } else { "Pixel" };
    let invite = invite();
    match scene {
        "new" | "opened" => view.stage = Stage::New,
        "new-problem" => {
            view.stage = Stage::New;
            view.problem = Some(Problem::InviteUsed);
        }
        "joining" | "digits" => {
            view.stage = Stage::Joining;
            view.joining = Some(JoiningView { digits: (scene == "digits").then(|| "482913".into()) });
        }
        "waiting" => {
            view.connection = Connection::Waiting { retry_at: now() + 12_000 };
            view.in_touch_at = Some(now() - 200_000);
        }
        "idle" => {
            view.connection = Connection::Idle;
            view.problem = Some(Problem::RelayVersion);
        }
        "invite" | "alone-invite" => view.invite = Some(invite),
        "code" => view.invite = Some(InviteView { by_code: true, secret: Some(CODE.into()), ..invite }),
        "code-request" => {
            let request = Some(asking.into());
            view.invite = Some(InviteView { request, by_code: true, secret: Some(CODE.into()), ..invite });
        }
        "alerts" => view.alerts = alerts(),
        "held" => view.held = held(),
        "arrived" => {
            view.settings.apply = Apply::Ask;
            view.clips.iter_mut().filter(|clip| !clip.own).take(2).for_each(|clip| clip.unread = true);
            view.unread = 2;
        }
        "many" => {
            let more = (SAMPLES.len()..5_000).map(|n| {
                let number = n.to_string();
                let mut many = clip(n, SAMPLES[n % SAMPLES.len()]);
                many.text = format!("{number}: {}", many.text);
                many
            });
            view.clips.extend(more);
        }
        "removing" => view.devices.iter_mut().skip(1).for_each(|device| device.removing = true),
        "fork" => {
            view.connection = Connection::Idle;
            view.problem = Some(Problem::Fork);
        }
        "removed" => {
            view.stage = Stage::Removed;
            view.devices.clear();
        }
        "making" => view.invite = Some(InviteView { secret: None, ..invite }),
        "request" => view.invite = Some(InviteView { request: Some(asking.into()), ..invite }),
        "wrong" => {
            view.invite = Some(InviteView { request: Some("Pixel".into()), wrong_digits: true, ..invite });
        }
        _ => {}
    }
    view
}

const CODE: &str = "4-purple-cactus";
/// Names at the limit: without a place to break, from right to left, of pictures only.
const LONG: [&str; 4] = [
    "Firefox_on_the_machine_that_has_no_spaces_in_its_name_at_all_xyz",
    "حاسوب المكتب القديم في غرفة الجلوس",
    "👩‍👩‍👧‍👦🏳️‍🌈🧑🏽‍🚀🎈",
    "The old laptop in the kitchen, next to the window, left",
];

fn devices(count: usize, long: bool) -> Vec<DeviceView> {
    let mut all =
        [("Firefox on Linux", true), ("Pixel", true), ("مكتب", false), ("The old laptop in the kitchen", false)];
    if long {
        all.iter_mut().zip(LONG).for_each(|(device, name)| device.0 = name);
    }
    let device = |(n, (name, online)): (usize, (&str, bool))| DeviceView {
        id: format!("d{n}"),
        name: name.into(),
        own: n == 0,
        online,
        confirmed_at: online.then(|| now() - 3_600_000),
        removing: false,
        later: if n == 1 { 2 } else { 0 },
        capabilities: 0,
    };
    all.into_iter().enumerate().take(count).map(device).collect()
}

fn alerts() -> Vec<AlertView> {
    let (pixel, laptop, office) = (|| "Pixel".to_owned(), || "Laptop".to_owned(), || "مكتب".to_owned());
    let all = [
        Alert::LogRestored,
        Alert::Missing { name: pixel(), count: 3 },
        Alert::Removed { name: office(), by: pixel() },
        Alert::Cloned { name: pixel() },
        Alert::Joined { name: pixel(), by: laptop() },
    ];
    let alert = |(n, what)| AlertView { id: n, at: now() - 4_000_000 / (n + 1), device: "d1".into(), what };
    (0..).zip(all).map(alert).collect()
}

/// Text, sender if it is another device, who has it, who has not, and seconds since then.
type Sample = (&'static str, Option<&'static str>, &'static [&'static str], &'static [&'static str], u64);

const OLD: &str = "The old laptop in the kitchen";
const SAMPLES: [Sample; 8] = [
    ("Platform 9, 17:42. Bring the blue folder, please!", None, &[], &["Pixel"], 4),
    ("https://www.openstreetmap.org/#map=17/52.51627/13.37769", Some("Pixel"), &[], &[], 70),
    ("fn main() {\n    let answer = 42;\n    println!(\"{answer}\");\n    return;\n}", None, &["Pixel"], &[OLD], 190),
    ("482 913", Some("Pixel"), &[], &[], 1_300),
    ("موعدنا غدًا في الساعة الخامسة مساءً أمام المكتبة الكبيرة، لا تنسَ إحضار الكتاب.", Some("مكتب"), &[], &[], 5_000),
    (
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJkqL0nTzY0r3mB9vZ1kPq8wXo5fQ2uRhJcVtNsKdLxE someone@example.org",
        None,
        &["Pixel", "مكتب", OLD],
        &[],
        90_000,
    ),
    (" \n ", Some(OLD), &[], &[], 200_000),
    (
        "Dear all,\n\nthe meeting moves to Thursday. Nothing else changes.\n\nBest wishes",
        Some("Pixel"),
        &[],
        &[],
        900_000,
    ),
];

fn clips() -> Vec<ClipView> {
    // The newest one has not reached the relay yet.
    let clip = |(n, sample)| ClipView { cursor: (n > 0).then_some(9), ..clip(n, sample) };
    SAMPLES.into_iter().enumerate().map(clip).collect()
}

fn clip(n: usize, (text, from, delivered, awaited, age): Sample) -> ClipView {
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    ClipView {
        id: n.to_string(),
        order: n as u64,
        cursor: None,
        from: from.unwrap_or("Firefox on Linux").into(),
        device: if from.is_none() { "d0".into() } else { "d1".into() },
        own: from.is_none(),
        kind: if n == 7 { ClipKind::Html } else { ClipKind::Text },
        text: text.into(),
        html: (n == 7).then(|| FORMATTED.into()),
        at: now() - age * 1000,
        delivered: names(delivered),
        awaited: names(awaited),
        pinned: n == 2,
        unread: false,
        secret: (n == 3).then_some(SecretKind::Code),
        burn: n == 3,
        late: false,
        expires_at: (n == 3).then(|| now() + 52_000),
        cut: n == 7,
    }
}

const FORMATTED: &str = "<h2>Dear all,</h2><p>the meeting moves to <b>Thursday</b>. <i>Nothing else</i> changes:</p>\
     <ul><li>room 4</li><li><a href='https://example.org/'>the agenda</a></li></ul><table><tr><th>who</th><th>when</th></tr>\
     <tr><td>Ada</td><td>10:00</td></tr></table><img src=x onerror='alert(1)'><script>alert(1)</script>\
     <p style='color:red'>Best <a href='javascript:alert(1)'>wishes</a></p>";

fn held() -> Vec<HeldView> {
    let held = |id: &str, kind, hint: &str| HeldView { id: id.into(), kind, at: now() - 10_000, hint: hint.into() };
    vec![held("h1", SecretKind::Code, "••••13"), held("h2", SecretKind::Card, "•••• 4242")]
}

/// What the engine would find, about.
fn found(mut view: View, query: &Query) -> View {
    view.total = u32::try_from(view.clips.len()).unwrap_or(u32::MAX);
    let words: Vec<String> = query.text.to_lowercase().split_whitespace().map(Into::into).collect();
    view.clips.retain(|clip| {
        let text = clip.text.to_lowercase();
        let kind = match query.kind {
            Filter::All => true,
            Filter::Text => clip.kind == ClipKind::Text && !clip.text.starts_with("http"),
            Filter::Link => clip.text.starts_with("http"),
            Filter::Formatted => clip.kind == ClipKind::Html,
            Filter::Secret => clip.secret.is_some(),
        };
        kind && (!query.pinned || clip.pinned)
            && query.device.as_ref().is_none_or(|device| *device == clip.device)
            && words.iter().all(|word| text.contains(word))
    });
    view.found = u32::try_from(view.clips.len()).unwrap_or(u32::MAX);
    view.clips.truncate(query.limit as usize);
    view
}

fn file(command: &ArchiveCommand) -> Outcome {
    match command {
        ArchiveCommand::Export { .. } => Outcome::Exported { file: "aHVzaA==".into(), clips: 8, lost: 0 },
        ArchiveCommand::Import { .. } => Outcome::Imported { added: 3 },
    }
}

fn carry_out(view: &mut View, command: Command) -> Outcome {
    leptos::logging::log!("{command:?}");
    match command {
        Command::CreateAccount { .. } => *view = picture("alone", false),
        Command::Join { .. } | Command::JoinAt { .. } => *view = picture("digits", false),
        Command::JoinByCode { .. } => *view = picture("joining", false),
        Command::CancelJoin | Command::Leave => *view = picture("new", false),
        Command::Push { text, .. } => {
            let pushed = clip(view.clips.len(), ("", None, &[], &["Pixel"], 0));
            view.clips.insert(0, ClipView { text, ..pushed });
            return Outcome::Queued { clip: view.clips[0].id.clone() };
        }
        Command::Invite => {
            view.invite = Some(invite());
        }
        Command::InviteByCode => {
            view.invite = Some(InviteView { by_code: true, secret: Some(CODE.into()), ..invite() });
        }
        Command::RemoveDevice { device } => {
            view.devices.iter_mut().filter(|d| d.id == device).for_each(|d| d.removing = true);
        }
        Command::ConfirmAccount => view.new_here = false,
        Command::SetRotation { minutes } => view.rotation_minutes = Some(minutes),
        Command::CancelInvite | Command::Refuse => view.invite = None,
        Command::Approve { digits, .. } => {
            if digits.is_none() || digits.as_deref() == Some("482913") {
                view.invite = None;
                view.devices = devices(2, false);
                return Outcome::Done;
            }
            view.invite.iter_mut().for_each(|invite| invite.wrong_digits = true);
            return Problem::DigitsDiffer.into();
        }
        Command::Resume | Command::Dismiss => view.problem = None,
        Command::DismissAlert { id } => view.alerts.retain(|alert| alert.id != id),
        Command::SetPush { endpoint } => view.push = endpoint.is_some(),
        Command::Pin { id, pinned } => {
            view.clips.iter_mut().filter(|clip| clip.id == id).for_each(|clip| clip.pinned = pinned);
        }
        Command::Delete { ids } => view.clips.retain(|clip| !ids.contains(&clip.id)),
        Command::DeleteAll => view.clips.clear(),
        Command::Undelete { .. } => view.clips = clips(),
        Command::AnswerSecret { id, .. } => view.held.retain(|held| held.id != id),
        Command::SetSettings { change } => view.settings.change(change),
        Command::Seen => {
            view.unread = 0;
            view.clips.iter_mut().for_each(|clip| clip.unread = false);
        }
        Command::Copied { .. } | Command::Take { .. }
        // Only programs ask for these.
        | Command::Listen { .. } | Command::Unlisten { .. } | Command::Publish { .. } | Command::PushBytes { .. } => {}
    }
    Outcome::Done
}
