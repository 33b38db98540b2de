//! The screens without a relay, an engine or keys: `?scene=` picks a picture, `?face=popup` the
//! popup, and commands change the picture a little. For looking at the design; never shipped.

use hushclip_engine::view::{AlertView, ClipView, Connection, DeviceView, InviteView, JoiningView, Problem, Stage};
use hushclip_engine::{Command, LockCommand, LockState, LockView, Notice, View};
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
    let failure = (scene == "failure").then(|| Problem {
        code: "no_storage".into(),
        message: "This browser keeps no data for the page. Leave private browsing, or allow storage.".into(),
    });
    let lock = RwSignal::new(Some(lock(&scene)));
    let is_locked = lock.with_untracked(|lock| lock.as_ref().is_some_and(|lock| lock.state == LockState::Locked));
    let view = RwSignal::new((scene != "loading" && !is_locked).then(|| picture(&scene, long)));
    let notice = RwSignal::new(None);
    let send = UnsyncCallback::new(move |command| {
        view.update(|view| notice.set(answer(view.get_or_insert_default(), command)));
    });
    let ask = UnsyncCallback::new(move |command| {
        let mut shown = lock.get_untracked().unwrap_or_default();
        answer_lock(&mut shown, command);
        view.update(|view| match shown.state {
            LockState::Locked => *view = None,
            _ if view.is_none() => *view = Some(picture("clips", false)),
            _ => {}
        });
        lock.set(Some(shown));
    });
    let platform = Platform {
        face,
        default_name: "Firefox on Linux".into(),
        default_relay: (face == Face::Web).then(|| "https://clips.example.org".into()),
        opened_link: (scene == "opened").then(|| LINK.into()),
        can_read_clipboard: true,
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
        mount(move || view! { <App view lock notice failure=Signal::stored(failure) send ask platform scan wake /> });
    } else {
        mount(move || view! { <App view lock notice failure=Signal::stored(failure) send ask platform /> });
    }
    if scene == "added" {
        notice.set(Some(Notice::DeviceAdded { device: "d1".into(), name: "Pixel".into() }));
    }
}

/// For `locked`, `unlocking`, `wrong-passphrase` and `lock-settings`.
fn lock(scene: &str) -> LockView {
    let wrong = Problem { code: "wrong_passphrase".into(), message: "That is not the passphrase.".into() };
    let state = match scene {
        "locked" | "unlocking" | "wrong-passphrase" => LockState::Locked,
        "lock-settings" => LockState::Guarded,
        _ => LockState::Open,
    };
    LockView {
        state,
        busy: scene == "unlocking",
        auto_lock_minutes: 15,
        retry_at: (scene == "wrong-passphrase").then(|| now() + 8_000),
        problem: (scene == "wrong-passphrase").then_some(wrong),
        done: 0,
    }
}

fn answer_lock(lock: &mut LockView, command: LockCommand) {
    match command {
        LockCommand::Unlock { .. } | LockCommand::SetPassphrase { .. } => lock.state = LockState::Guarded,
        LockCommand::Lock => lock.state = LockState::Locked,
        LockCommand::RemovePassphrase { .. } | LockCommand::Forget => lock.state = LockState::Open,
        LockCommand::SetAutoLock { minutes } => lock.auto_lock_minutes = minutes,
    }
    lock.done += 1;
}

fn invite() -> InviteView {
    InviteView {
        url: LINK.into(),
        code: None,
        expires_at: now() + 581_000,
        request: None,
        needs_digits: true,
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
    view.relay = "https://clips.example.org".into();
    view.check = "3f2a 91c0 7be4 05d6".into();
    view.rotation_minutes = 10_080;
    view.push_key = "04".into();
    let asking = if long { LONG[2] } else { "Pixel" };
    let invite = invite();
    match scene {
        "new" | "opened" => view.stage = Stage::New,
        "new-problem" => {
            view.stage = Stage::New;
            view.problem = problem("This pairing link was already used. Each link works once: make a new one.");
        }
        "joining" | "digits" => {
            view.stage = Stage::Joining;
            view.joining = Some(JoiningView { digits: (scene == "digits").then(|| "482913".into()) });
        }
        "waiting" => view.connection = Connection::Waiting { retry_at: now() + 12_000 },
        "idle" => {
            view.connection = Connection::Idle;
            view.problem = problem("This relay speaks another version of Hushclip. Update this device.");
        }
        "invite" | "alone-invite" => view.invite = Some(invite),
        "code" => view.invite = Some(InviteView { url: String::new(), code: Some(CODE.into()), ..invite }),
        "code-request" => {
            let request = Some(asking.into());
            view.invite = Some(InviteView { request, code: Some(CODE.into()), needs_digits: false, ..invite });
        }
        "alerts" => view.alerts = alerts(),
        "removing" => view.devices.iter_mut().skip(1).for_each(|device| device.removing = true),
        "fork" => {
            view.connection = Connection::Idle;
            let message = "The relay shows this device another list of devices than before. Nothing is sent until \
                           this is cleared up: compare the devices on each of yours, and mistrust the relay.";
            view.problem = Some(Problem { code: "fork".into(), message: message.into() });
        }
        "removed" => {
            view.stage = Stage::Removed;
            view.devices.clear();
        }
        "making" => view.invite = Some(InviteView { url: String::new(), ..invite }),
        "request" => view.invite = Some(InviteView { request: Some(asking.into()), ..invite }),
        "wrong" => {
            view.invite = Some(InviteView { request: Some("Pixel".into()), wrong_digits: true, ..invite });
        }
        _ => {}
    }
    view
}

#[expect(clippy::unnecessary_wraps, reason = "it goes into a field that is optional")]
fn problem(message: &str) -> Option<Problem> {
    Some(Problem { code: "demo".into(), message: message.into() })
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
    };
    all.into_iter().enumerate().take(count).map(device).collect()
}

fn alerts() -> Vec<AlertView> {
    let alert = |(n, (code, message)): (usize, (&str, &str))| AlertView {
        id: n as u64,
        code: code.into(),
        message: message.into(),
        at: now() - 4_000_000 / (n as u64 + 1),
        device: "d1".into(),
    };
    let all = [
        (
            "log_restored",
            "The relay had lost part of the list of devices, as after a restored backup. This device has put it back.",
        ),
        ("missing", "3 clips from “Pixel” did not arrive: the relay has lost or withheld what was sent."),
        ("removed", "“مكتب” was removed from this account on “Pixel”."),
        (
            "cloned",
            "Two devices are sending as “Pixel”. If its data was not copied or restored from a backup by you, remove it.",
        ),
        ("joined", "“Pixel” joined this account; it was let in on “Laptop”. If that was not you, remove it."),
    ];
    all.into_iter().enumerate().map(alert).collect()
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
        cursor: None,
        from: from.unwrap_or("Firefox on Linux").into(),
        device: "d0".into(),
        own: from.is_none(),
        kind: "text".into(),
        text: text.into(),
        html: None,
        at: now() - age * 1000,
        delivered: names(delivered),
        awaited: names(awaited),
    }
}

fn answer(view: &mut View, command: Command) -> Option<Notice> {
    leptos::logging::log!("{command:?}");
    match command {
        Command::CreateAccount { .. } => *view = picture("alone", false),
        Command::Join { .. } => *view = picture("digits", false),
        Command::JoinByCode { .. } => *view = picture("joining", false),
        Command::CancelJoin | Command::Leave => *view = picture("new", false),
        Command::Push { text, .. } => {
            let pushed = clip(view.clips.len(), ("", None, &[], &["Pixel"], 0));
            view.clips.insert(0, ClipView { text, ..pushed });
        }
        Command::Invite => {
            view.invite = Some(invite());
        }
        Command::InviteByCode => {
            view.invite = Some(InviteView { url: String::new(), code: Some(CODE.into()), ..invite() });
        }
        Command::RemoveDevice { device } => {
            view.devices.iter_mut().filter(|d| d.id == device).for_each(|d| d.removing = true);
        }
        Command::SetRotation { minutes } => view.rotation_minutes = minutes,
        Command::CancelInvite | Command::Refuse => view.invite = None,
        Command::Approve { digits, .. } => {
            if digits.is_none() || digits.as_deref() == Some("482913") {
                view.invite = None;
                view.devices = devices(2, false);
                return Some(Notice::DeviceAdded { device: "d1".into(), name: "Pixel".into() });
            }
            view.invite.iter_mut().for_each(|invite| invite.wrong_digits = true);
        }
        Command::Resume | Command::Dismiss => view.problem = None,
        Command::DismissAlert { id } => view.alerts.retain(|alert| alert.id != id),
        Command::SetPush { endpoint } => view.push = !endpoint.is_empty(),
        Command::Copied { .. } => {}
    }
    None
}
