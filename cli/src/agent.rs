//! Lets other processes with the same home talk to the one that owns it, over a Unix socket that
//! only its user can open. Elsewhere they wait until the owner is done.

#[cfg(not(unix))]
pub(crate) use elsewhere::Agent;
#[cfg(unix)]
pub(crate) use unix::{Agent, Client};

#[cfg(unix)]
mod unix {
    use std::fs::{self, File};
    use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
    use std::path::{Path, PathBuf};
    use std::time::Duration;

    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
    use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
    use tokio::net::{UnixListener, UnixStream};
    use tokio::sync::mpsc;
    use tokio::task::JoinSet;

    use crate::failure::{Code, Failure, Result};
    use crate::home::{Home, own_user};
    use crate::shell::{Input, UNREAD};
    use crate::wire::{Request, Told};

    /// How long other processes may take to read their last answers.
    const LAST_WORDS: Duration = Duration::from_secs(1);

    /// The owner's side.
    pub(crate) struct Agent {
        /// `None` where the socket cannot be made; other processes then wait for the lock.
        listener: Option<UnixListener>,
        path: PathBuf,
        inputs: mpsc::Sender<Input>,
        clients: JoinSet<()>,
    }

    impl Agent {
        /// Listens. The caller owns the home, so any socket already there belongs to nobody.
        pub(crate) fn listen(home: &Home, inputs: mpsc::Sender<Input>) -> Self {
            let (path, new) = (home.socket(), home.new_socket());
            let _ = fs::remove_file(&path);
            let _ = fs::remove_file(&new);
            let listener = short(home, &new, |short| {
                let listener = UnixListener::bind(short)?;
                fs::set_permissions(&new, fs::Permissions::from_mode(0o600))?;
                // Nobody can find it before only its user can open it.
                fs::rename(&new, &path)?;
                Ok(listener)
            });
            Self { listener: listener.ok(), path, inputs, clients: JoinSet::new() }
        }

        /// Accepts the next process.
        pub(crate) async fn accept(&mut self) {
            let Some(listener) = &self.listener else { return std::future::pending().await };
            match listener.accept().await {
                Ok((stream, _)) => {
                    if is_ours(&stream) {
                        self.clients.spawn(serve(stream, self.inputs.clone()));
                    }
                    while self.clients.try_join_next().is_some() {}
                }
                // No file descriptors left: others will end and free some.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }

        /// Accepts nobody any more, and lets the last answers go out.
        pub(crate) async fn close(mut self) {
            drop(self.listener.take());
            let _ = fs::remove_file(&self.path);
            drop(self.inputs);
            let _ = tokio::time::timeout(LAST_WORDS, async { while self.clients.join_next().await.is_some() {} }).await;
        }
    }

    /// Whether a process of this user is at the other end.
    fn is_ours(stream: &UnixStream) -> bool {
        stream.peer_cred().is_ok_and(|peer| peer.uid() == own_user())
    }

    async fn serve(stream: UnixStream, inputs: mpsc::Sender<Input>) {
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        let (answers, mut told) = mpsc::channel(UNREAD);
        let answers_to = answers.downgrade();
        if inputs.send(Input::Attach(answers)).await.is_err() {
            return;
        }
        loop {
            tokio::select! {
                told = told.recv() => {
                    let Some(told) = told else { return };
                    let Ok(line) = to_line(&told) else { return };
                    if write.write_all(&line).await.is_err() {
                        return;
                    }
                }
                line = lines.next_line() => {
                    let Ok(Some(line)) = line else { return };
                    let Ok(request) = serde_json::from_str::<Request>(&line) else {
                        if let Ok(line) = to_line(&Told::NotUnderstood) {
                            let _ = write.write_all(&line).await;
                        }
                        return;
                    };
                    if inputs.send(Input::Ask(request, answers_to.clone())).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// The side of a process that does not own the home.
    pub(crate) struct Client {
        lines: Lines<BufReader<OwnedReadHalf>>,
        write: OwnedWriteHalf,
    }

    impl Client {
        /// Connects to the owner; `None` when it has just ended, or does not listen yet.
        pub(crate) fn connect(home: &Home) -> Result<Option<Self>> {
            let path = home.socket();
            let Ok(socket) = fs::symlink_metadata(&path) else { return Ok(None) };
            let ours = socket.file_type().is_socket() && socket.uid() == own_user() && socket.mode() & 0o777 == 0o600;
            if !ours {
                return Err(untrusted(&path));
            }
            let stream = short(home, &path, |path| {
                let stream = std::os::unix::net::UnixStream::connect(path)?;
                stream.set_nonblocking(true)?;
                UnixStream::from_std(stream)
            });
            let Ok(stream) = stream else { return Ok(None) };
            if !is_ours(&stream) {
                return Err(untrusted(&path));
            }
            let (read, write) = stream.into_split();
            Ok(Some(Self { lines: BufReader::new(read).lines(), write }))
        }

        /// Asks; false when the owner has gone.
        pub(crate) async fn ask(&mut self, request: &Request) -> bool {
            match to_line(request) {
                Ok(line) => self.write.write_all(&line).await.is_ok(),
                Err(_) => false,
            }
        }

        /// What the owner says next; `None` when it has gone.
        pub(crate) async fn told(&mut self) -> Result<Option<Told>> {
            let Ok(Some(line)) = self.lines.next_line().await else { return Ok(None) };
            match serde_json::from_str(&line) {
                Ok(Told::NotUnderstood) | Err(_) => {
                    let message = "Another version of hushclip is using this home. Stop it, then try again.";
                    Err(Failure::new(Code::OtherVersion, message))
                }
                Ok(told) => Ok(Some(told)),
            }
        }
    }

    fn untrusted(path: &Path) -> Failure {
        let path = path.display();
        let message = format!(
            "{path} is not the socket of a hushclip of yours, or others can open it, so it was not used. Stop the \
             running hushclip, delete that file, and try again."
        );
        Failure::new(Code::UnsafeSocket, message)
    }

    fn to_line(value: &impl serde::Serialize) -> serde_json::Result<Vec<u8>> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        Ok(line)
    }

    /// Passes on the socket's path, by a shorter name if it is too long for a socket address.
    fn short<T>(home: &Home, path: &Path, work: impl FnOnce(PathBuf) -> std::io::Result<T>) -> std::io::Result<T> {
        const LONGEST: usize = 100;
        if path.as_os_str().len() <= LONGEST || !cfg!(target_os = "linux") {
            return work(path.to_owned());
        }
        let folder = File::open(home.path())?;
        let name = path.file_name().unwrap_or_default();
        let descriptor = std::os::fd::AsRawFd::as_raw_fd(&folder);
        work(PathBuf::from(format!("/proc/self/fd/{descriptor}")).join(name))
    }
}

#[cfg(not(unix))]
mod elsewhere {
    use tokio::sync::mpsc;

    use crate::home::Home;
    use crate::shell::Input;

    /// Accepts nobody.
    pub(crate) struct Agent;

    impl Agent {
        pub(crate) fn listen(_: &Home, _: mpsc::Sender<Input>) -> Self {
            Self
        }

        pub(crate) async fn accept(&mut self) {
            std::future::pending().await
        }

        pub(crate) async fn close(self) {}
    }
}
