//! The store on a real disk.

use super::*;

fn key() -> VaultKey {
    VaultKey::from_bytes([1; 32])
}

fn set(key: &str, value: &[u8]) -> Write {
    Write::Put { key: key.into(), value: value.into() }
}

fn store(path: &Path, key: VaultKey) -> Sqlite {
    Sqlite::with_key(Connection::open(path).unwrap(), key).unwrap()
}

fn is_sealed<T>(outcome: Result<T, StoreError>) -> bool {
    outcome.is_err_and(|error| matches!(error.downcast_ref(), Some(SqliteError::Sealed)))
}

#[test]
fn keeps_what_was_persisted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("todo.db");
    let mut store = Sqlite::open(&path).unwrap();
    store.persist(&[set("a", b"1"), set("b", b"2"), set("part/x", b"content")]).unwrap();
    store.persist(&[set("a", b"3"), Write::Delete { key: "b".into() }]).unwrap();
    assert!(matches!(Sqlite::open(&path), Err(SqliteError::InUse(_))), "one at a time");
    drop(store);
    let mut store = Sqlite::open(&path).unwrap();
    assert_eq!(store.records().unwrap(), Records::from([("a".to_owned(), b"3".to_vec())]), "content is not read");
    let names = ["part/x", "part/y"].map(str::to_owned);
    assert_eq!(store.read(&names).unwrap(), Records::from([("part/x".to_owned(), b"content".to_vec())]));
}

#[test]
fn another_key_or_a_moved_record_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let mut first = store(&path, key());
    first.persist(&[set("a", b"a canary sings"), set("b", b"2")]).unwrap();
    drop(first);
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(6).any(|bytes| bytes == b"canary"));
    }
    let other = VaultKey::from_bytes([2; 32]);
    assert!(is_sealed(store(&path, other.clone()).records()));
    assert!(matches!(store(&path, other).reseal(key(), |_| Ok(())), Err(SqliteError::Sealed)));
    assert_eq!(store(&path, key()).records().unwrap().len(), 2);
    let swap = "UPDATE record SET value = (SELECT value FROM record WHERE key = 'b') WHERE key = 'a'";
    store(&path, key()).db.execute(swap, []).unwrap();
    assert!(is_sealed(store(&path, key()).records()));
    assert!(store(&path, key()).read(&["a".to_owned()]).unwrap().is_empty(), "one that is damaged is missing");
}

#[test]
fn everything_moves_to_another_key_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let (mut first, other) = (store(&path, key()), VaultKey::from_bytes([2; 32]));
    first.persist(&[set("a", b"1"), set("b", b"2")]).unwrap();
    let refused = first.reseal(other.clone(), |_| Err(rusqlite::Error::InvalidQuery));
    assert!(refused.is_err());
    assert_eq!(first.records().unwrap().len(), 2, "all or nothing");
    first.reseal(other.clone(), |with| with.execute("CREATE TABLE own (x)", []).map(drop)).unwrap();
    first.persist(&[set("c", b"3")]).unwrap();
    drop(first);
    assert_eq!(store(&path, other).records().unwrap().len(), 3);
    assert!(is_sealed(store(&path, key()).records()));
}

#[cfg(unix)]
#[test]
fn only_the_user_can_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let mut store = Sqlite::open(folder.path().join("todo.db")).unwrap();
    store.persist(&[set("a", b"1")]).unwrap();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.file_name());
    }
}

#[test]
fn what_it_does_not_understand_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("something");
    std::fs::write(&path, b"something else altogether, of some length").unwrap();
    assert!(matches!(Sqlite::open(&path), Err(SqliteError::Sqlite(_))));
    assert!(std::fs::read(&path).unwrap().starts_with(b"something else"));
    for (name, format) in [("other.db", 0), ("new.db", 2)] {
        let path = folder.path().join(name);
        let db = Connection::open(&path).unwrap();
        db.execute_batch("CREATE TABLE record (key TEXT, value BLOB)").unwrap();
        db.pragma_update(None, "user_version", format).unwrap();
        drop(db);
        let before = std::fs::read(&path).unwrap();
        assert!(matches!(Sqlite::open(&path), Err(SqliteError::Format(_))));
        assert!(std::fs::read(&path).unwrap() == before);
    }
}

#[test]
fn without_its_key_it_is_not_begun_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("todo.db");
    Sqlite::open(&path).unwrap().persist(&[set("a", b"1")]).unwrap();
    let key = folder.path().join("todo.db.key");
    let bytes = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    for _ in 0..2 {
        assert!(matches!(Sqlite::open(&path), Err(SqliteError::KeyMissing(_))));
    }
    std::fs::write(&key, &bytes[1..]).unwrap();
    assert!(matches!(Sqlite::open(&path), Err(SqliteError::KeyFile { .. })));
    std::fs::write(&key, bytes).unwrap();
    assert_eq!(Sqlite::open(&path).unwrap().records().unwrap().len(), 1);
}
