//! What a client promises without a relay.

use std::time::Duration;

use futures_util::StreamExt as _;
use hushclip_client::model::view::Stage;
use hushclip_client::model::{Command, Content, Problem};
use hushclip_client::store::{Records, StoreError, Write};
use hushclip_client::{Client, Error, Event, Memory, Sqlite, SqliteError, Store};
use tokio::time::timeout;

/// A relay of nobody: this port is closed.
const NOWHERE: &str = "http://127.0.0.1:1";

async fn device() -> Client {
    Client::builder().open().await.unwrap()
}

/// In an account that no relay has taken in yet.
async fn member() -> Client {
    let client = device().await;
    let (relay, name) = (NOWHERE.to_owned(), "Laptop".to_owned());
    client.command(Command::CreateAccount { relay, name, token: None }).await.unwrap();
    client
}

#[tokio::test]
async fn an_account_that_no_relay_takes_in_leaves_nothing_behind() {
    let client = device().await;
    for _ in 0..2 {
        let unreachable = client.create(NOWHERE, "Laptop").await;
        assert!(matches!(unreachable, Err(Error::Unreachable(Some(_)))), "{unreachable:?}");
        assert_eq!(client.status().view.stage, Stage::New);
    }
    let bad = client.create("relay", "Laptop").await;
    assert!(matches!(bad, Err(Error::Problem(Problem::BadRelay))), "{bad:?}");
    let nobody = client.push(Content::text("x")).await;
    assert!(matches!(nobody, Err(Error::Problem(Problem::NoAccount))), "{nobody:?}");
}

#[tokio::test]
async fn a_wait_that_is_given_up_loses_nothing() {
    let client = member().await;
    let receipt = client.push(Content::text("kept")).await.unwrap();
    for _ in 0..3 {
        assert!(timeout(Duration::from_millis(20), receipt.stored()).await.is_err(), "no relay has it");
        assert!(timeout(Duration::from_millis(20), client.sent()).await.is_err());
    }
    let delivery = receipt.delivery().await.unwrap();
    assert_eq!((delivery.cursor, client.history().await.unwrap().len()), (None, 1));
    client.command(Command::DeleteAll).await.unwrap();
    client.leave().await.unwrap();
    let gone = receipt.stored().await;
    assert!(matches!(gone, Err(Error::Problem(Problem::NoAccount))), "{gone:?}");
}

#[tokio::test]
async fn what_happens_comes_in_order_and_ends_with_the_device() {
    let client = device().await;
    let mut events = client.events();
    assert_eq!(events.try_next(), None);
    let (relay, name) = (NOWHERE.to_owned(), "Laptop".to_owned());
    client.command(Command::CreateAccount { relay, name, token: None }).await.unwrap();
    let Some(Event::Status(status)) = events.try_next() else { panic!("it is told before the answer") };
    assert_eq!((status.view.stage, status.view.name.as_deref()), (Stage::Joining, Some("Laptop")));
    client.close().await.unwrap();
    let left: Vec<_> = timeout(Duration::from_secs(5), events.collect()).await.expect("they end");
    assert!(left.len() < 100);
}

#[tokio::test]
async fn a_device_lives_as_long_as_anything_that_needs_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("device.db");
    let open = || async { Client::builder().store(Sqlite::open(&path)?).open().await.map_err(anyhow::Error::from) };
    let clips = open().await.unwrap().clips().await.unwrap();
    let busy = open().await.unwrap_err();
    assert!(matches!(busy.downcast_ref(), Some(SqliteError::InUse(_))), "{busy}");
    drop(clips);
    let mut again = open().await;
    for _ in 0..100 {
        if again.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        again = open().await;
    }
    again.unwrap().close().await.unwrap();
    open().await.expect("closing waits until the store is closed").close().await.unwrap();
}

#[test]
fn any_executor_will_do() {
    block_on(async {
        let client = device().await;
        assert_eq!(client.pull(0).await.unwrap(), []);
        client.close().await.unwrap();
    });
}

/// The smallest there is: it waits for the future on this thread, and knows nothing of Tokio.
fn block_on(future: impl Future<Output = ()>) {
    use std::sync::Arc;
    use std::task::{Context, Poll, Wake, Waker};

    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = std::pin::pin!(future);
    while future.as_mut().poll(&mut Context::from_waker(&waker)) == Poll::Pending {
        std::thread::park();
    }
}

/// A disk that is full from some write on.
struct Full(Memory, usize);

impl Store for Full {
    fn records(&mut self) -> Result<Records, StoreError> {
        self.0.records()
    }

    fn read(&mut self, names: &[String]) -> Result<Records, StoreError> {
        self.0.read(names)
    }

    fn persist(&mut self, writes: &[Write]) -> Result<(), StoreError> {
        self.1 = self.1.checked_sub(1).ok_or_else(|| StoreError::new("the disk is full"))?;
        self.0.persist(writes)
    }
}

#[tokio::test]
async fn a_store_that_fails_ends_the_device_and_says_why() {
    let client = Client::builder().store(Full(Memory::new(), 2)).open().await.unwrap();
    let (relay, name) = (NOWHERE.to_owned(), "Laptop".to_owned());
    let mut failed = client.command(Command::CreateAccount { relay, name, token: None }).await.map(drop);
    while failed.is_ok() {
        failed = client.push(Content::text("x")).await.map(drop);
    }
    assert!(matches!(&failed, Err(Error::Write(error)) if error.to_string() == "the disk is full"), "{failed:?}");
    assert!(matches!(client.clips_after(0).next().await, Some(Err(Error::Write(_)))));
    assert!(matches!(client.close().await, Err(Error::Write(_))));
}

/// A store with a fault of its own.
struct Panics;

impl Store for Panics {
    fn records(&mut self) -> Result<Records, StoreError> {
        Ok(Records::new())
    }

    fn read(&mut self, _: &[String]) -> Result<Records, StoreError> {
        Ok(Records::new())
    }

    fn persist(&mut self, _: &[Write]) -> Result<(), StoreError> {
        panic!("a fault of the program's own store")
    }
}

#[tokio::test]
async fn a_store_that_panics_leaves_nobody_waiting() {
    let client = Client::builder().store(Panics).open().await.unwrap();
    let (mut events, mut clips) = (client.events(), client.clips().await.unwrap());
    let (relay, name) = (NOWHERE.to_owned(), "Laptop".to_owned());
    let ended = timeout(Duration::from_secs(10), async {
        let failed = client.command(Command::CreateAccount { relay, name, token: None }).await;
        assert!(matches!(failed, Err(Error::System(_))), "{failed:?}");
        assert!(matches!(clips.next().await, Some(Err(Error::System(_)))));
        while events.next().await.is_some() {}
        assert!(matches!(client.close().await, Err(Error::System(_))));
    });
    ended.await.expect("everybody hears of it");
}
