//! The keyring of a desktop session: the Secret Service of freedesktop.org, over D-Bus. Everything here has a time
//! limit, and nothing waits for a dialog unless a locked keyring is asked for a key it holds.

#[cfg(not(all(unix, not(target_os = "macos"))))]
pub(crate) use elsewhere::{delete, get, put};
#[cfg(all(unix, not(target_os = "macos")))]
pub(crate) use secret_service_of_session::{delete, get, put};

#[cfg(all(unix, not(target_os = "macos")))]
mod secret_service_of_session {
    use std::collections::HashMap;
    use std::time::Duration;

    use secret_service::{EncryptionType, Error, SecretService};
    use tokio::time::timeout;
    use zeroize::Zeroizing;

    use crate::home::Home;
    use crate::keeper::KeyId;

    /// How long the keyring may take if no person has to be asked.
    const ANSWER: Duration = Duration::from_secs(3);
    /// How long a person may take to unlock the keyring.
    const DIALOG: Duration = Duration::from_mins(1);

    /// Keeps a secret, and reads it back. Fails rather than ask the person to unlock the keyring.
    pub(crate) async fn put(home: &Home, id: &KeyId, secret: &[u8]) -> Result<(), String> {
        let work = async {
            let service = SecretService::connect(EncryptionType::Dh).await.map_err(explain)?;
            let keyring = service.get_default_collection().await.map_err(explain)?;
            keyring.ensure_unlocked().await.map_err(explain)?;
            let (label, name) = (format!("Hushclip: keys in {}", home.path().display()), id.hex());
            let kept = keyring
                .create_item(&label, attributes(&name), secret, true, "application/octet-stream")
                .await
                .map_err(explain)?;
            let back = Zeroizing::new(kept.get_secret().await.map_err(explain)?);
            if back.as_slice() == secret { Ok(()) } else { Err("it did not keep the key it was given".into()) }
        };
        bounded(ANSWER, work).await
    }

    pub(crate) async fn get(id: &KeyId) -> Result<Zeroizing<Vec<u8>>, String> {
        let name = id.hex();
        let service =
            bounded(ANSWER, async { SecretService::connect(EncryptionType::Dh).await.map_err(explain) }).await?;
        let search = async { service.search_items(attributes(&name)).await.map_err(explain) };
        let mut found = bounded(ANSWER, search).await?;
        let item = match (found.unlocked.pop(), found.locked.pop()) {
            (Some(item), _) => item,
            (None, Some(item)) => {
                bounded(DIALOG, async { item.unlock().await.map_err(explain) }).await?;
                item
            }
            (None, None) => return Err("the key is not in it".into()),
        };
        bounded(ANSWER, async { item.get_secret().await.map(Zeroizing::new).map_err(explain) }).await
    }

    pub(crate) async fn delete(id: &KeyId) -> Result<(), String> {
        let name = id.hex();
        let work = async {
            let service = SecretService::connect(EncryptionType::Dh).await.map_err(explain)?;
            let found = service.search_items(attributes(&name)).await.map_err(explain)?;
            for item in found.unlocked.iter().chain(&found.locked) {
                item.delete().await.map_err(explain)?;
            }
            Ok(())
        };
        bounded(ANSWER, work).await
    }

    fn attributes(name: &str) -> HashMap<&str, &str> {
        HashMap::from([("application", "hushclip"), ("key", name)])
    }

    async fn bounded<T>(time: Duration, work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
        timeout(time, work).await.unwrap_or_else(|_| Err("it does not answer".into()))
    }

    fn explain(error: Error) -> String {
        match error {
            Error::Locked => "it is locked".into(),
            Error::NoResult => "it is not set up".into(),
            Error::Prompt => "it was not unlocked".into(),
            Error::Unavailable => "no keyring is running".into(),
            error => error.to_string(),
        }
    }
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
mod elsewhere {
    use zeroize::Zeroizing;

    use crate::home::Home;
    use crate::keeper::KeyId;

    const NONE: &str = "keyrings are not supported on this system";

    pub(crate) async fn put(_: &Home, _: &KeyId, _: &[u8]) -> Result<(), String> {
        Err(NONE.into())
    }

    pub(crate) async fn get(_: &KeyId) -> Result<Zeroizing<Vec<u8>>, String> {
        Err(NONE.into())
    }

    pub(crate) async fn delete(_: &KeyId) -> Result<(), String> {
        Err(NONE.into())
    }
}
