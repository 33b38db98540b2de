//! The client library against a running relay: what it promises to programs, and its examples as they stand.

mod examples;

use std::time::Duration;

use hushclip_client::model::view::{ClipKind, Stage};
use hushclip_client::model::{Alert, Content, Problem};
use hushclip_client::{Client, Error, Sqlite};
use hushclip_relay_tests::Relay;
use tokio::time::timeout;

/// Nothing here takes this long unless it hangs.
const LIMIT: Duration = Duration::from_mins(2);

fn url(relay: &Relay) -> String {
    format!("http://{}", relay.authority())
}

async fn first(relay: &Relay) -> Client {
    let client = Client::builder().open().await.unwrap();
    client.create(&url(relay), "Laptop").await.unwrap();
    client
}

/// Lets a fresh device in, with the digits that a person would compare.
async fn join(host: &Client, client: &Client, name: &str) {
    let invite = host.invite().await.unwrap();
    let joining = client.join(invite.secret(), name).await.unwrap();
    let request = invite.request().await.unwrap();
    assert_eq!(request.name(), name);
    let digits = joining.digits().await.unwrap().unwrap();
    let wrong = if digits == "000000" { "000001" } else { "000000" };
    let refused = request.approve(Some(wrong), true).await;
    assert!(matches!(refused, Err(Error::Problem(Problem::DigitsDiffer))), "{refused:?}");
    let device = request.approve(Some(&digits), true).await.unwrap();
    assert_eq!(device.name, name);
    joining.done().await.unwrap();
    assert_eq!(client.devices().len(), host.devices().len());
}

async fn two(relay: &Relay) -> (Client, Client) {
    let (laptop, phone) = (first(relay).await, Client::builder().open().await.unwrap());
    join(&laptop, &phone, "Phone").await;
    (laptop, phone)
}

/// Runs a test that must not hang.
fn bounded(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { timeout(LIMIT, test).await.expect("in time") });
}

#[test]
fn a_clip_crosses_and_says_so() {
    bounded(async {
        let relay = Relay::start();
        let (laptop, phone) = two(&relay).await;
        let mut clips = phone.clips().await.unwrap();
        let long = "long ".repeat(10_000);
        for text in ["one", &long] {
            let receipt = laptop.push(Content::text(text)).await.unwrap();
            assert!(receipt.stored().await.unwrap() > 0);
            let clip = clips.next().await.unwrap().unwrap();
            assert_eq!((&*clip.text, clip.cut, &*clip.from), (text, false, "Laptop"));
            let phone_id = phone.status().view.device.unwrap();
            receipt.delivered_to(&phone_id).await.unwrap();
            receipt.delivered().await.unwrap();
            assert_eq!(receipt.delivery().await.unwrap().delivered, [(phone_id, "Phone".to_owned())]);
            assert!(matches!(receipt.delivered_to("00").await, Err(Error::Gone)));
        }
        let receipt = laptop.push_bytes("image/png", [0x89, b'P', 0xff]).await.unwrap();
        let clip = clips.next().await.unwrap().unwrap();
        assert_eq!((clip.kind, &*clip.id), (ClipKind::Other, receipt.id()));
        let forms = phone.read(&clip.id).await.unwrap();
        assert_eq!((&*forms[0].media, &forms[0].bytes[..], forms.len()), ("image/png", &[0x89, b'P', 0xff][..], 1));
        for media in ["text/plain", "image", "image/", "a/b\n", ""] {
            let refused = laptop.push_bytes(media, *b"x").await;
            assert!(matches!(refused, Err(Error::Problem(Problem::BadMediaType))), "{media:?}");
        }
        let pulled = phone.pull(0).await.unwrap();
        assert_eq!(pulled.len(), 3);
        assert_eq!(phone.pull(pulled[1].order).await.unwrap(), pulled[2..]);
        assert_eq!(phone.pull(phone.last_order().await.unwrap()).await.unwrap(), []);
        assert_eq!((laptop.history().await.unwrap().len(), laptop.pull(0).await.unwrap().len()), (3, 0));
    });
}

#[test]
fn a_channel_reaches_programs_and_nobody_else() {
    bounded(async {
        let relay = Relay::start();
        let laptop = first(&relay).await;
        let (phone, watch) = (Client::builder().open().await.unwrap(), Client::builder().open().await.unwrap());
        let notes = phone.channel("com.example.notes").await.unwrap();
        join(&laptop, &phone, "Phone").await;
        join(&laptop, &watch, "Watch").await;
        let mut events = phone.events();
        let mut payloads = notes.payloads_after(0);
        let channel = laptop.channel("com.example.notes").await.unwrap();
        let large = vec![7; 200_000];
        for bytes in [&b"first"[..], b"", &large] {
            let receipt = channel.send(bytes).await.unwrap();
            receipt.delivered().await.unwrap();
            let payload = payloads.next().await.unwrap().unwrap();
            assert_eq!((&*payload.bytes, &*payload.about.from, &*payload.about.id), (bytes, "Laptop", receipt.id()));
        }
        laptop.channel("com.example.other").await.unwrap().send(*b"not for notes").await.unwrap();
        laptop.push(Content::text("a clip")).await.unwrap();
        let mut clips = phone.clips_after(0);
        assert_eq!(clips.next().await.unwrap().unwrap().text, "a clip");
        assert_eq!(phone.history().await.unwrap().len(), 1, "payloads are in no list");
        assert_eq!((notes.pull(0).await.unwrap().len(), phone.status().view.total), (3, 1));
        let alarms: Vec<_> =
            phone.alerts().into_iter().filter(|alert| !matches!(alert.what, Alert::Joined { .. })).collect();
        assert_eq!(alarms, [], "and what is not for this program raises none");
        while let Some(event) = events.try_next() {
            let is_clipboard =
                matches!(&event, hushclip_client::Event::WriteClipboard { content, .. } if content.text != "a clip");
            assert!(!is_clipboard, "{event:?}");
        }
        let unheard = watch.channel("com.example.notes").await.unwrap();
        assert_eq!(unheard.pull(0).await.unwrap().len(), 0, "who does not listen keeps nothing");
        assert!(watch.devices().iter().all(|device| device.later == 0), "and it is nothing for a later version");
        let refused = laptop.channel("Not a name").await;
        assert!(matches!(refused, Err(Error::Problem(Problem::BadChannel))), "{refused:?}");
        let refused = channel.send(vec![0; hushclip_client::CLIP_BYTES]).await;
        assert!(matches!(refused, Err(Error::Problem(Problem::PayloadTooLarge { .. }))), "{refused:?}");
        notes.close().await.unwrap();
        let again = phone.channel("com.example.notes").await.unwrap();
        assert_eq!(again.pull(0).await.unwrap().len(), 0);
    });
}

#[test]
fn what_was_sent_offline_outlives_the_process() {
    bounded(async {
        let mut relay = Relay::start();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("device.db");
        let open = || async { Client::builder().store(Sqlite::open(&path).unwrap()).open().await.unwrap() };
        let (laptop, phone) = (first(&relay).await, open().await);
        join(&laptop, &phone, "Phone").await;
        relay.crash();
        phone.channel("a").await.unwrap().send(*b"payload").await.unwrap();
        phone.push(Content::text("clip")).await.unwrap();
        phone.close().await.unwrap();
        let mut clips = laptop.clips().await.unwrap();
        let phone = open().await;
        let unreachable = phone.caught_up().await;
        assert!(matches!(unreachable, Err(Error::Unreachable(Some(_)))), "{unreachable:?}");
        relay.restart_here();
        phone.sent().await.unwrap();
        assert_eq!(clips.next().await.unwrap().unwrap().text, "clip");
        phone.close().await.unwrap();
        // What the phone has dealt with does not come again, and what it has missed does.
        let phone = open().await;
        let known = phone.last_order().await.unwrap();
        phone.close().await.unwrap();
        let receipt = laptop.push(Content::text("missed")).await.unwrap();
        receipt.stored().await.unwrap();
        let phone = open().await;
        assert_eq!(phone.clips_after(known).next().await.unwrap().unwrap().text, "missed");
    });
}

#[test]
fn a_device_that_is_removed_learns_of_it() {
    bounded(async {
        let relay = Relay::start();
        let (laptop, phone) = two(&relay).await;
        let mut clips = phone.clips().await.unwrap();
        laptop.push(Content::text("kept")).await.unwrap().delivered().await.unwrap();
        assert_eq!(clips.next().await.unwrap().unwrap().text, "kept");
        let receipt = phone.push(Content::text("stored")).await.unwrap();
        receipt.stored().await.unwrap();
        laptop.remove(&phone.status().view.device.unwrap()).await.unwrap();
        assert_eq!(laptop.devices().len(), 1);
        while phone.status().view.stage != Stage::Removed {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let gone = phone.caught_up().await;
        assert!(matches!(gone, Err(Error::Removed)), "{gone:?}");
        let refused = phone.push(Content::text("x")).await;
        assert!(matches!(refused, Err(Error::Problem(Problem::NoAccount))), "{refused:?}");
        let waits = [phone.sent().await, receipt.delivered().await, clips.next().await.unwrap().map(drop)];
        assert!(waits.iter().all(|wait| matches!(wait, Err(Error::Removed))), "{waits:?}");
        assert!(clips.next().await.is_none());
        // An account that no relay takes in costs nothing that is here.
        let unreachable = phone.create("http://127.0.0.1:1", "Phone").await;
        assert!(matches!(unreachable, Err(Error::Unreachable(_))), "{unreachable:?}");
        assert_eq!((phone.status().view.stage, phone.history().await.unwrap().len()), (Stage::Removed, 2));
        let (other, mut clips) = (phone.clone(), laptop.clips().await.unwrap());
        phone.close().await.unwrap();
        laptop.close().await.unwrap();
        let closed = clips.next().await.unwrap();
        assert!(matches!(closed, Err(Error::Closed)), "{closed:?}");
        assert!(clips.next().await.is_none());
        assert!(matches!(other.pull(0).await, Err(Error::Closed)));
    });
}

#[test]
fn an_invite_that_is_cancelled_or_refused_says_so() {
    bounded(async {
        let relay = Relay::start();
        let (laptop, phone) = (first(&relay).await, Client::builder().open().await.unwrap());
        let invite = laptop.invite_by_code().await.unwrap();
        assert!(!format!("{invite:?}").contains(invite.secret()));
        invite.cancel().await.unwrap();
        let invite = laptop.invite().await.unwrap();
        // What is asked of an invite that another one has replaced is no matter of that other one.
        let newer = laptop.invite().await.unwrap();
        let replaced = invite.request().await.map(drop);
        assert!(matches!(replaced, Err(Error::Cancelled)), "{replaced:?}");
        invite.cancel().await.unwrap();
        let joining = phone.join(newer.secret(), "Phone").await.unwrap();
        newer.request().await.unwrap().refuse().await.unwrap();
        let refused = joining.done().await;
        assert!(matches!(refused, Err(Error::Problem(Problem::InviteRefused))), "{refused:?}");
        let refused = phone.join("https://relay.example/", "Phone").await.map(drop);
        assert!(matches!(refused, Err(Error::Problem(Problem::BadLink { .. }))), "{refused:?}");
    });
}
