//! A proxy between twinseal and a cluster, which loses what it is told to lose at the worst moment.
//!
//! It listens on loopback, where nobody needs TLS, and speaks with the cluster over its Unix socket, where every role is
//! believed.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::cluster::Cluster;

/// How an entry or a mark begins on its way to the server.
const INSERT: &[u8] = b"INSERT INTO twinseal.";
/// What every command asks.
const NEWEST: &[u8] = b"ORDER BY seq DESC LIMIT 1";
/// How the server says that it has inserted an entry, or a mark.
const INSERTED: [&[u8]; 2] = [b"SELECT 1\0", b"INSERT 0 1\0"];

/// How the server says that it has answered everything (`ReadyForQuery`), before one byte.
const READY: &[u8] = b"Z\0\0\0\x05";

/// What happens to the next connection that records an entry, or reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// It is cut before the server has the entry.
    Before,
    /// It is cut once the server has committed the entry, whose answer nobody hears.
    After,
    /// Nothing is passed on any more, from the entry on; but the connection stays.
    Silence,
    /// As [`Loss::Silence`], and the server gets the entry and commits it.
    SilenceAfter,
    /// As [`Loss::Silence`], from the first question for the newest entry on.
    SilenceReading,
}

#[derive(Default)]
struct State {
    loss: Option<Loss>,
    refuses: bool,
    /// Whether connections are refused from the next loss on.
    refuses_then: bool,
    /// How many connections something has happened to.
    lost: usize,
    /// How often the server has answered, on all connections.
    answers: usize,
}

/// A running proxy. Its threads end with the test program.
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    happened: Condvar,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What happens to a connection that reads now, or records an entry.
    fn meets(&self, records: bool) -> Option<Loss> {
        self.state().loss.take_if(|loss| (*loss == Loss::SilenceReading) != records)
    }

    fn lost(&self) {
        let mut state = self.state();
        state.lost += 1;
        state.refuses |= state.refuses_then;
        self.happened.notify_all();
    }
}

impl Proxy {
    /// A proxy before a cluster, which loses nothing yet.
    pub fn before(cluster: &Cluster) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        let (ours, server) = (Arc::clone(&shared), cluster.folder().join(format!(".s.PGSQL.{}", cluster.port)));
        thread::spawn(move || serve(&listener, &server, &ours));
        Self { port, shared }
    }

    /// Its address, as the host of a URL.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// What happens to the next connection that records an entry, or reads.
    pub fn loses(&self, loss: Loss) {
        self.shared.state().loss = Some(loss);
    }

    /// Loses nothing, and refuses nobody.
    pub fn recovers(&self) {
        let mut state = self.shared.state();
        (state.loss, state.refuses, state.refuses_then) = (None, false, false);
    }

    /// How often the server has answered, on all connections; and begins to count anew.
    pub fn answers(&self) -> usize {
        std::mem::take(&mut self.shared.state().answers)
    }

    /// From the next loss on new connections are refused.
    pub fn refuses_then(&self) {
        self.shared.state().refuses_then = true;
    }

    /// Whether so many connections are lost by now, or will be soon.
    pub fn has_lost(&self, many: usize) -> bool {
        let limit = Duration::from_secs(10);
        let state = self.shared.state();
        let waited = self.shared.happened.wait_timeout_while(state, limit, |it| it.lost < many);
        waited.unwrap_or_else(PoisonError::into_inner).0.lost >= many
    }
}

fn serve(listener: &TcpListener, server: &Path, shared: &Arc<Shared>) {
    for client in listener.incoming().flatten() {
        if shared.state().refuses {
            continue;
        }
        let Ok(server) = UnixStream::connect(server) else { continue };
        let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        let pair = Arc::new(Pair { client, server, shared: Arc::clone(shared), loss: Mutex::new(None) });
        let back = Arc::clone(&pair);
        let home = (pair.server.try_clone().unwrap(), pair.client.try_clone().unwrap());
        thread::spawn(move || drop(pair.forth(from, to)));
        thread::spawn(move || drop(back.back(home.0, home.1)));
    }
}

/// The two ends of a connection.
struct Pair {
    client: TcpStream,
    server: UnixStream,
    shared: Arc<Shared>,
    /// What has begun to happen to it.
    loss: Mutex<Option<Loss>>,
}

impl Pair {
    fn cut(&self) {
        let _ = self.client.shutdown(Shutdown::Both);
        let _ = self.server.shutdown(Shutdown::Both);
    }

    fn loss(&self) -> MutexGuard<'_, Option<Loss>> {
        self.loss.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes on what twinseal says. When it has gone, so has the connection: also if nothing is passed on.
    fn forth(&self, mut from: TcpStream, mut to: UnixStream) -> io::Result<()> {
        let (mut bytes, mut seen) = (vec![0; 1 << 16], [Vec::new(), Vec::new()]);
        loop {
            let read = from.read(&mut bytes).unwrap_or(0);
            if read == 0 {
                self.cut();
                return Ok(());
            }
            let records = find(&mut seen[0], &bytes[..read], INSERT);
            let reads = find(&mut seen[1], &bytes[..read], NEWEST);
            if (records || reads) && self.loss().is_none() {
                let loss = self.shared.meets(records);
                *self.loss() = loss;
                if loss.is_some_and(|loss| !matches!(loss, Loss::After | Loss::SilenceAfter)) {
                    self.shared.lost();
                }
                match loss {
                    Some(Loss::Before) => self.cut(),
                    Some(Loss::SilenceAfter) => to.write_all(&bytes[..read])?,
                    _ => {}
                }
            }
            if matches!(*self.loss(), None | Some(Loss::After)) {
                to.write_all(&bytes[..read])?;
            }
        }
    }

    /// Passes on what the server answers.
    fn back(&self, mut from: UnixStream, mut to: TcpStream) -> io::Result<()> {
        let (mut bytes, mut seen, mut ready) = (vec![0; 1 << 16], [Vec::new(), Vec::new()], Vec::new());
        loop {
            let read = from.read(&mut bytes).unwrap_or(0);
            self.shared.state().answers += usize::from(find(&mut ready, &bytes[..read], READY));
            let loss = *self.loss();
            if read == 0 {
                // A server that hangs does not say goodbye either.
                if !matches!(loss, Some(Loss::Silence | Loss::SilenceAfter)) {
                    self.cut();
                }
                return Ok(());
            }
            let [entry, mark] = &mut seen;
            let done = find(entry, &bytes[..read], INSERTED[0]) | find(mark, &bytes[..read], INSERTED[1]);
            match loss {
                None => to.write_all(&bytes[..read])?,
                // Whoever connects again at once is refused, if they all are from now on.
                Some(Loss::After) if done => {
                    self.shared.lost();
                    self.cut();
                }
                Some(Loss::SilenceAfter) if done => self.shared.lost(),
                Some(_) => {}
            }
        }
    }
}

/// Whether these words end in the new bytes. `seen` keeps what may be their beginning.
fn find(seen: &mut Vec<u8>, bytes: &[u8], words: &[u8]) -> bool {
    seen.extend_from_slice(bytes);
    let found = seen.windows(words.len()).any(|it| it == words);
    seen.drain(..seen.len().saturating_sub(words.len() - 1));
    found
}
