//! The screens without a relay, an engine or keys: `?scene=` picks a picture, `?face=popup` the
//! popup, and commands change the picture a little. For looking at the design; never shipped.

use hushclip_engine::view::{ClipView, Connection, DeviceView, InviteView, JoiningView, Problem, Stage};
use hushclip_engine::{Command, Notice, View};
use hushclip_ui::{App, Face, Platform, mount};
use leptos::prelude::*;

const LINK: &str =
    "https://clips.example.org/pair#AXn3kYp0Vt2q8mJc4LrZ7wE9sDfGhB1uXoKiMvNbQaWeRtYyUuIiOoPpAaSsDdFfGgHhJjKkLlZzXxCcVv";

fn main() {
    let query = location().search().unwrap_or_default();
    let face = if query.contains("face=popup") { Face::Popup } else { Face::Web };
    let scene = query.split(['?', '&']).find_map(|part| part.strip_prefix("scene=")).unwrap_or("clips").to_owned();
    let failure = (scene == "failure")
        .then(|| "This browser keeps no data for the page. Leave private browsing, or allow storage.".to_owned());
    let view = RwSignal::new((scene != "loading").then(|| picture(&scene)));
    let notice = RwSignal::new(None);
    let send = UnsyncCallback::new(move |command| {
        view.update(|view| notice.set(answer(view.get_or_insert_default(), command)));
    });
    let platform = Platform {
        face,
        default_name: "Firefox on Linux".into(),
        default_relay: (face == Face::Web).then(|| "https://clips.example.org".into()),
        opened_link: (scene == "opened").then(|| LINK.into()),
        can_read_clipboard: true,
    };
    mount(move || view! { <App view notice failure=Signal::stored(failure) send platform /> });
    if scene == "added" {
        notice.set(Some(Notice::DeviceAdded { device: "d1".into(), name: "Pixel".into() }));
    }
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

fn picture(scene: &str) -> View {
    let mut view = View { stage: Stage::Member, connection: Connection::Online, ..View::default() };
    view.devices = devices(if matches!(scene, "alone" | "alone-invite") { 1 } else { 4 });
    view.clips = if matches!(scene, "alone" | "alone-invite" | "empty") { Vec::new() } else { clips() };
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
        "making" => view.invite = Some(InviteView { url: String::new(), ..invite }),
        "request" => view.invite = Some(InviteView { request: Some("Pixel".into()), ..invite }),
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

fn devices(count: usize) -> Vec<DeviceView> {
    let all = [("Firefox on Linux", true), ("Pixel", true), ("مكتب", false), ("The old laptop in the kitchen", false)];
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
        Command::CreateAccount { .. } => *view = picture("alone"),
        Command::Join { .. } => *view = picture("digits"),
        Command::CancelJoin | Command::Leave => *view = picture("new"),
        Command::Push { text, .. } => {
            let pushed = clip(view.clips.len(), ("", None, &[], &["Pixel"], 0));
            view.clips.insert(0, ClipView { text, ..pushed });
        }
        Command::Invite => {
            view.invite = Some(invite());
        }
        Command::CancelInvite | Command::Refuse => view.invite = None,
        Command::Approve { digits, .. } => {
            if digits.as_deref() == Some("482913") {
                view.invite = None;
                view.devices = devices(2);
                return Some(Notice::DeviceAdded { device: "d1".into(), name: "Pixel".into() });
            }
            view.invite.iter_mut().for_each(|invite| invite.wrong_digits = true);
        }
        Command::Dismiss => view.problem = None,
        Command::DismissAlert { id } => view.alerts.retain(|alert| alert.id != id),
        _ => {}
    }
    None
}
