//! The engine's state as a person sees it.

use hushclip_crypto::body::{FLAG_BURN, HTML};
use hushclip_crypto::fingerprint::{account_words, list_words};
use hushclip_model::view::{Bounds, ClipKind, DeviceView, InviteView, JoiningView, Stage};
use hushclip_model::{ClipView, Delivery, Problem, View};
use hushclip_protocol::ids::DeviceId;
use hushclip_protocol::limits;

use super::Engine;
use crate::clip::Clip;
use crate::log::Log;
use crate::secrets::secret_of;
use crate::state::Account;

impl Engine {
    /// The view without its clips, which are many.
    pub(super) fn present_frame(&self) -> View {
        let own = self.identity.as_ref().map(|i| i.id);
        let member = self.account.as_ref().is_some_and(Account::is_usable);
        View {
            stage: match (self.joins.is_under_way(), member) {
                (false, true) => Stage::Member,
                (false, false) if self.account.is_none() && self.removed.is_some() => Stage::Removed,
                (false, false) if self.account.is_none() => Stage::New,
                _ => Stage::Joining,
            },
            connection: self.line.shown(),
            relay: self.present_relay(),
            device: own.map(|id| id.to_hex()),
            name: self.identity.as_ref().map(|i| i.name.clone()),
            clips: Vec::new(),
            found: 0,
            total: self.history.shown().count() as u32,
            unread: self.unread(),
            held: self.secrets.present(),
            settings: self.settings().clone(),
            in_touch_at: self.present_in_touch(),
            devices: self.present_devices(),
            invite: self.present_invite(),
            joining: self.present_joining(),
            problem: if self.shows_removal() { Some(Problem::RemovalUnsaved) } else { self.notices.problem().cloned() },
            waiting: self.outbox.waiting() as u32,
            alerts: self.present_alerts(),
            check: self.present_check(),
            fingerprint: self.account.as_ref().map(|account| account_words(&account.id())),
            new_here: self.account.as_ref().is_some_and(|account| account.new_here),
            rotation_minutes: self.account.as_ref().map(|account| account.rotation_minutes),
            bounds: self.relay.bounds.as_ref().map(|limits| Bounds {
                items: limits.items,
                bytes: limits.item_bytes,
                ttl_s: limits.ttl_s,
                clip_bytes: largest_clip(limits.envelope_bytes),
                frames_per_minute: limits.frames_per_minute,
                devices: limits.devices,
                capabilities: self.relay.capabilities.0,
            }),
            push_key: (!self.relay.push_key.is_empty()).then(|| base16ct::lower::encode_string(&self.relay.push_key)),
            push: self.preferences.push_endpoint().is_some(),
        }
    }

    fn present_relay(&self) -> Option<String> {
        let joining = self.joins.relay().map(ToOwned::to_owned);
        joining.or_else(|| Some(self.account.as_ref()?.relay.origin()))
    }

    pub(super) fn present_clip(&self, clip: &Clip) -> ClipView {
        let imported = !clip.origin.is_empty();
        let own = !imported && self.own_id() == Some(clip.device);
        let Delivery { delivered, awaited, .. } = if own { self.delivery_at(clip.cursor) } else { Delivery::default() };
        let names = |devices: Vec<(String, String)>| devices.into_iter().map(|(_, name)| name).collect();
        ClipView {
            id: clip.item.to_hex(),
            order: clip.order,
            cursor: (clip.cursor > 0).then_some(clip.cursor),
            from: if imported { clip.origin.clone() } else { self.name_of(&clip.device) },
            device: clip.device.to_hex(),
            own,
            kind: kind(clip),
            text: clip.about.beginning().to_owned(),
            html: None,
            at: clip.at_ms,
            delivered: names(delivered),
            awaited: names(awaited),
            pinned: clip.pinned,
            unread: self.is_unread(clip),
            secret: secret_of(clip),
            burn: clip.flags & FLAG_BURN != 0,
            late: clip.late,
            expires_at: (clip.expires_ms != 0).then_some(clip.expires_ms),
            cut: clip.about.goes_on() || clip.about.has(HTML),
        }
    }

    /// Which other devices have what of this one the relay has there; 0: nowhere.
    pub(super) fn delivery_at(&self, cursor: u64) -> Delivery {
        let mut delivery = Delivery { cursor: (cursor > 0).then_some(cursor), ..Delivery::default() };
        for device in self.device_ids().filter(|device| Some(*device) != self.own_id()) {
            let is_stored = cursor > 0 && self.relay.delivered.get(&device).is_some_and(|c| *c >= cursor);
            let devices = if is_stored { &mut delivery.delivered } else { &mut delivery.awaited };
            devices.push((device.to_hex(), self.name_of(&device)));
        }
        delivery
    }

    /// Only while there is no line: on one, each answer to a ping would be news.
    fn present_in_touch(&self) -> Option<u64> {
        self.account.as_ref()?;
        let newest = self.relay.heard_ms.max(self.inbox.synced_ms());
        (!self.line.is_signed_in() && newest > 0).then_some(newest)
    }

    fn present_devices(&self) -> Vec<DeviceView> {
        let own = self.identity.as_ref().map(|i| i.id);
        let mut devices: Vec<_> = self
            .device_ids()
            .map(|device| DeviceView {
                id: device.to_hex(),
                name: self.name_of(&device),
                own: Some(device) == own,
                online: self.relay.online.contains_key(&device),
                confirmed_at: self.inbox.confirmed_ms(&device),
                removing: self.changes.goes(&device),
                later: self.inbox.later(&device),
                capabilities: self.inbox.capabilities(&device).0,
            })
            .collect();
        if let Some(own) = devices.iter().position(|device| device.own) {
            devices[..=own].rotate_right(1);
        }
        devices
    }

    fn present_invite(&self) -> Option<InviteView> {
        self.invites.present(&self.account.as_ref()?.relay.origin(), |name| self.is_called(name))
    }

    fn present_joining(&self) -> Option<JoiningView> {
        let digits = self.identity.as_ref().and_then(|identity| self.joins.digits(&identity.keys));
        (self.joins.is_under_way() || self.is_newcomer()).then_some(JoiningView { digits })
    }

    fn device_ids(&self) -> impl Iterator<Item = DeviceId> + '_ {
        let members = self.log().and_then(Log::members);
        members.into_iter().flat_map(|members| members.members().map(|(device, _)| *device))
    }

    /// The log's head stands for everything before it.
    fn present_check(&self) -> Option<String> {
        self.log()?.members().map(|members| list_words(&members.head()))
    }

    /// Whether a device of the account has this name already, by and large.
    fn is_called(&self, name: &str) -> bool {
        let alike = |name: &str| name.to_lowercase().split_whitespace().collect::<String>();
        self.device_ids().any(|device| alike(&self.name_of(&device)) == alike(name))
    }

    pub(super) fn name_of(&self, device: &DeviceId) -> String {
        let known = self.log().and_then(|log| log.name_of(device)).cloned();
        let former = || self.removed.as_ref()?.names.iter().find(|(d, _)| d == device).map(|(_, name)| name.clone());
        known.or_else(former).unwrap_or_else(|| device.to_hex()[..8].to_owned())
    }
}

fn kind(clip: &Clip) -> ClipKind {
    if clip.about.has(HTML) {
        ClipKind::Html
    } else if clip.about.beginning().is_empty() {
        ClipKind::Other
    } else {
        ClipKind::Text
    }
}

/// The largest clip that can be sent through a relay which takes envelopes of this size.
fn largest_clip(envelope_bytes: u32) -> u32 {
    if envelope_bytes as usize >= limits::ENVELOPE_BYTES {
        return limits::CLIP_BYTES as u32;
    }
    // Beside the clip, padded by at most 12 %, there are header, signature and tags.
    let padded = envelope_bytes.saturating_sub(2 * limits::HEADER_BYTES as u32);
    (u64::from(padded) * 100 / 112) as u32
}
