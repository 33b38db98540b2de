//! What a restart must not change of what a device shows.

use hushclip_engine::Engine;
use hushclip_model::{Alert, View};

/// The part of a view that a restart must not change.
pub(crate) fn lasting(mut view: View) -> View {
    view.connection = View::default().connection;
    view.problem = None;
    // The relay says them at each sign-in.
    view.bounds = None;
    view.push_key = None;
    // Kept in memory only.
    view.held.clear();
    view.in_touch_at = None;
    for device in &mut view.devices {
        device.online = false;
    }
    // Says for how many days, and a restored engine has no time before its first event.
    for alert in &mut view.alerts {
        if let Alert::Silent { days, .. } = &mut alert.what {
            *days = 0;
        }
    }
    for clip in &mut view.clips {
        // Only the relay knows, and says so again at the next sign-in.
        let mut both: Vec<String> = clip.delivered.drain(..).chain(clip.awaited.drain(..)).collect();
        both.sort();
        clip.awaited = both;
    }
    if let Some(invite) = &mut view.invite {
        invite.wrong_digits = false;
    }
    view
}

/// Names of what differs; the values are secrets of no one, but long.
pub(crate) fn difference(restored: &Engine, live: &Engine) -> String {
    let (a, b) = (lasting(restored.view()), lasting(live.view()));
    let mut out = Vec::new();
    if a.stage != b.stage {
        out.push(format!("stage {:?} for {:?}", a.stage, b.stage));
    }
    if a.relay != b.relay || a.device != b.device || a.name != b.name {
        out.push("who it is".into());
    }
    if a.clips != b.clips {
        out.push(format!("clips {:?} for {:?}", a.clips, b.clips));
    }
    if a.devices != b.devices {
        out.push(format!("devices {:?} for {:?}", a.devices, b.devices));
    }
    if a.invite != b.invite {
        out.push("invite".into());
    }
    if a.joining != b.joining {
        out.push("joining".into());
    }
    if a.waiting != b.waiting {
        out.push(format!("waiting {} for {}", a.waiting, b.waiting));
    }
    if a.alerts != b.alerts {
        out.push(format!("alerts {:?} for {:?}", a.alerts, b.alerts));
    }
    if a.check != b.check || a.rotation_minutes != b.rotation_minutes {
        out.push("check or rotation".into());
    }
    format!("restored differs: {}", out.join(", "))
}
