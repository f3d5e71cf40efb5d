//! Keys that an ssh-agent holds, on this host or forwarded from another (draft-ietf-sshm-ssh-agent).
//!
//! A message is its length in four bytes, its type in one, and then, with strings behind their lengths:
//!
//! ```text
//! 11                                      which keys do you hold?
//! 12  count, for each: key, comment       these
//! 13  key, data, flags                    sign this data
//! 14  string: algorithm, signature        here it is
//!  5                                      no
//! ```
//!
//! Whoever listens at the socket may be anybody. So nothing that they say is believed: lengths are held against what
//! there is, waiting has an end, and a signature is verified before it is used. Each request has a connection of its
//! own, so that none stays open while a person reads.

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::Signer;
use crate::domain::{Fingerprint, PublicKey, wire};

const FAILURE: u8 = 5;
const LIST: u8 = 11;
const LISTED: u8 = 12;
const SIGN: u8 = 13;
const SIGNED: u8 = 14;

/// No honest answer is longer; OpenSSH's own limit.
const LONGEST: usize = 256 * 1024;

/// How long an agent may take for what needs no person.
const PROMPT: Duration = Duration::from_secs(5);

/// How long it may take to sign: its owner may have to confirm, or to touch something.
const PATIENT: Duration = Duration::from_secs(120);

/// Why an agent gives no signature.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// None is named.
    #[error("a public key was named, and no ssh-agent that could hold its private half: SSH_AUTH_SOCK is not set")]
    NotNamed,
    /// Nobody listens.
    #[error("cannot reach the ssh-agent at {}: {source}", .socket.display())]
    Unreachable {
        /// Its socket.
        socket: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// No answer in time.
    #[error("the ssh-agent at {} did not {doing} within {seconds} s", .socket.display())]
    Silent {
        /// Its socket.
        socket: PathBuf,
        /// What it was asked.
        doing: &'static str,
        /// How long was waited.
        seconds: u64,
    },
    /// It does not hold the key, or does not say so.
    #[error("the ssh-agent at {} does not hold the key {key}; it shows {}", .socket.display(), how_many(*.others))]
    NotHeld {
        /// Its socket.
        socket: PathBuf,
        /// The key.
        key: Fingerprint,
        /// How many others it holds.
        others: usize,
    },
    /// It says no.
    #[error("the ssh-agent at {} refused to {doing}", .socket.display())]
    Refused {
        /// Its socket.
        socket: PathBuf,
        /// What it was asked.
        doing: &'static str,
    },
    /// What it says is no answer.
    #[error("the ssh-agent at {} was asked to {doing} and did not answer as an agent does: {what}", .socket.display())]
    Nonsense {
        /// Its socket.
        socket: PathBuf,
        /// What it was asked.
        doing: &'static str,
        /// What is wrong.
        what: &'static str,
    },
    /// Its signature does not hold.
    #[error("the signature that the ssh-agent at {} gave does not hold for the key {key}", .socket.display())]
    False {
        /// Its socket.
        socket: PathBuf,
        /// The key.
        key: Fingerprint,
    },
}

fn how_many(keys: usize) -> String {
    match keys {
        0 => "no Ed25519 key".to_owned(),
        1 => "1 other Ed25519 key".to_owned(),
        n => format!("{n} other Ed25519 keys"),
    }
}

/// An Ed25519 key that an agent holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The key.
    pub key: PublicKey,
    /// What the agent calls it: often the path of its file.
    pub comment: String,
}

/// An agent, by its socket.
#[derive(Debug, Clone)]
pub struct Agent {
    socket: PathBuf,
    prompt: Duration,
    patient: Duration,
}

/// What an agent was asked, for messages.
const LISTING: &str = "list its keys";
const SIGNING: &str = "sign";

impl Agent {
    /// The agent that listens at a socket; it is not asked yet.
    pub fn at(socket: PathBuf) -> Self {
        Self { socket, prompt: PROMPT, patient: PATIENT }
    }

    /// Its socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The Ed25519 keys that it holds and that could be enrolled; none where it is locked.
    ///
    /// # Errors
    /// [`AgentError`]: unreachable, silent, or no answer.
    pub fn keys(&self) -> Result<Vec<Identity>, AgentError> {
        let answer = self.ask(LISTING, &[LIST], self.prompt)?;
        let rest = self.answered(LISTING, LISTED, &answer)?;
        identities(rest).ok_or_else(|| self.nonsense(LISTING, "its list breaks off or goes on"))
    }

    /// A signer with one of its keys.
    ///
    /// # Errors
    /// [`AgentError::NotHeld`], or as [`Agent::keys`].
    pub fn signer(self, key: PublicKey) -> Result<Signer, AgentError> {
        let held = self.keys()?;
        if held.iter().any(|it| it.key == key) {
            return Ok(Signer::in_agent(self, key));
        }
        Err(AgentError::NotHeld { socket: self.socket, key: key.fingerprint(), others: held.len() })
    }

    /// Asks for a signature, and waits for it as long as a person may take to confirm. It is not verified yet.
    pub(super) fn sign(&self, key: &PublicKey, data: &[u8]) -> Result<[u8; 64], AgentError> {
        let mut request = vec![SIGN];
        put(&mut request, &wire(key.as_bytes()));
        put(&mut request, data);
        request.extend_from_slice(&0u32.to_be_bytes());
        let answer = self.ask(SIGNING, &request, self.patient)?;
        let rest = self.answered(SIGNING, SIGNED, &answer)?;
        signature(rest).ok_or_else(|| self.nonsense(SIGNING, "its signature is none of Ed25519"))
    }

    /// What is said of a signature that does not hold.
    pub(super) fn false_signature(&self, key: &PublicKey) -> AgentError {
        AgentError::False { socket: self.socket.clone(), key: key.fingerprint() }
    }

    fn nonsense(&self, doing: &'static str, what: &'static str) -> AgentError {
        AgentError::Nonsense { socket: self.socket.clone(), doing, what }
    }

    /// What follows the type of an answer, if that is the one that it should be.
    fn answered<'a>(&self, doing: &'static str, kind: u8, answer: &'a [u8]) -> Result<&'a [u8], AgentError> {
        match answer.split_first() {
            Some((found, rest)) if *found == kind => Ok(rest),
            Some((&FAILURE, _)) => Err(AgentError::Refused { socket: self.socket.clone(), doing }),
            _ => Err(self.nonsense(doing, "its answer is of another type")),
        }
    }

    /// Sends a message and reads the answer, all within so much time.
    fn ask(&self, doing: &'static str, message: &[u8], within: Duration) -> Result<Vec<u8>, AgentError> {
        let failed = |waited: Duration| {
            move |source: io::Error| match source.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                    AgentError::Silent { socket: self.socket.clone(), doing, seconds: waited.as_secs() }
                }
                ErrorKind::UnexpectedEof => self.nonsense(doing, "its answer breaks off"),
                _ => AgentError::Unreachable { socket: self.socket.clone(), source },
            }
        };
        let mut stream = self.connect().map_err(failed(self.prompt))?;
        let mut framed = Vec::with_capacity(message.len() + 4);
        put(&mut framed, message);
        let sent = stream.set_write_timeout(Some(self.prompt)).and_then(|()| stream.write_all(&framed));
        sent.map_err(failed(self.prompt))?;
        let until = Instant::now() + within;
        let mut length = [0; 4];
        fill(&mut stream, &mut length, until).map_err(failed(within))?;
        // Held against the limit before anything is set aside for it.
        let length = u32::from_be_bytes(length) as usize;
        if length == 0 || length > LONGEST {
            return Err(self.nonsense(doing, "its answer is empty or too long"));
        }
        let mut answer = vec![0; length];
        fill(&mut stream, &mut answer, until).map_err(failed(within))?;
        Ok(answer)
    }

    /// Connects. If nobody accepts and too many wait already, that takes for ever, and no option of the socket ends it:
    /// so a thread of its own waits, and is left to itself.
    fn connect(&self) -> io::Result<UnixStream> {
        let (sender, receiver) = mpsc::channel();
        let socket = self.socket.clone();
        thread::Builder::new().spawn(move || sender.send(UnixStream::connect(socket)))?;
        receiver.recv_timeout(self.prompt).unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()))
    }
}

/// Fills a buffer until a moment. Each read ends by then, so that an answer drop by drop is no way to hold us up.
fn fill(stream: &mut UnixStream, buffer: &mut [u8], until: Instant) -> io::Result<()> {
    let mut filled = 0;
    while filled < buffer.len() {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut buffer[filled..]) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(more) => filled += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn put(out: &mut Vec<u8>, part: &[u8]) {
    out.extend_from_slice(&(part.len() as u32).to_be_bytes());
    out.extend_from_slice(part);
}

/// Takes a number off the front.
fn number(rest: &mut &[u8]) -> Option<usize> {
    let (number, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(u32::from_be_bytes(*number) as usize)
}

/// Takes a string off the front.
fn string<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = number(rest)?;
    let (string, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(string)
}

/// The list of keys: all of it must be there, and nothing more.
fn identities(mut rest: &[u8]) -> Option<Vec<Identity>> {
    let mut held = Vec::new();
    for _ in 0..number(&mut rest)? {
        let (blob, comment) = (string(&mut rest)?, string(&mut rest)?);
        // Keys of other kinds, and those that could not be enrolled, are none of our business.
        let point = blob.split_last_chunk().map(|(_, point)| *point).filter(|point| wire(point) == blob);
        if let Some(key) = point.and_then(|point| PublicKey::from_bytes(point).ok()) {
            held.push(Identity { key, comment: String::from_utf8_lossy(comment).into_owned() });
        }
    }
    rest.is_empty().then_some(held)
}

/// The 64 bytes of a signature: algorithm and signature, in a string that is all there is.
fn signature(mut rest: &[u8]) -> Option<[u8; 64]> {
    let mut inner = string(&mut rest)?;
    let (algorithm, signature) = (string(&mut inner)?, string(&mut inner)?);
    let whole = rest.is_empty() && inner.is_empty() && algorithm == b"ssh-ed25519";
    signature.try_into().ok().filter(|_| whole)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    /// An agent that takes requests and never answers.
    fn hanging(folder: &Path) -> (Agent, UnixListener) {
        let socket = folder.join("socket");
        let listener = UnixListener::bind(&socket).unwrap();
        (Agent { prompt: SHORT, patient: SHORT, ..Agent::at(socket) }, listener)
    }

    const SHORT: Duration = Duration::from_millis(300);

    fn key() -> PublicKey {
        PublicKey::from_bytes(ed25519_dalek::SigningKey::from_bytes(&[7; 32]).verifying_key().to_bytes()).unwrap()
    }

    #[test]
    fn waiting_for_a_signature_has_an_end() {
        let folder = tempfile::tempdir().unwrap();
        let (agent, _listener) = hanging(folder.path());
        assert!(matches!(agent.sign(&key(), b"data"), Err(AgentError::Silent { doing: SIGNING, .. })));
        assert!(matches!(agent.keys(), Err(AgentError::Silent { doing: LISTING, .. })));
    }

    #[test]
    fn waiting_for_somebody_to_accept_has_an_end() {
        let folder = tempfile::tempdir().unwrap();
        let (agent, _listener) = hanging(folder.path());
        // Those who wait to be accepted are kept until the queue is full.
        let waiting: Vec<_> = (0..5_000).map_while(|_| agent.connect().ok()).collect();
        assert!(waiting.len() < 5_000, "the queue has no end");
        assert!(matches!(agent.keys(), Err(AgentError::Silent { .. })));
    }

    #[test]
    fn an_answer_drop_by_drop_holds_nobody_up() {
        let folder = tempfile::tempdir().unwrap();
        let (agent, listener) = hanging(folder.path());
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(&100u32.to_be_bytes()).unwrap();
            while stream.write_all(&[LISTED]).is_ok() {
                thread::sleep(Duration::from_millis(20));
            }
        });
        assert!(matches!(agent.keys(), Err(AgentError::Silent { .. })));
    }

    #[test]
    fn only_whole_lists_are_lists() {
        let mut list = 2u32.to_be_bytes().to_vec();
        for part in [&wire(key().as_bytes())[..], b"erin@desk", b"\0\0\0\x07ssh-rsa", b"another"] {
            put(&mut list, part);
        }
        assert_eq!(identities(&list), Some(vec![Identity { key: key(), comment: "erin@desk".to_owned() }]));
        for cut in 0..list.len() {
            assert_eq!(identities(&list[..cut]), None, "{cut}");
        }
        for at in [0, 1, 2, 4, 5, 6] {
            let mut lying = list.clone();
            lying[at] = 0xff;
            assert_eq!(identities(&lying), None, "{at}");
        }
        list.push(0);
        assert_eq!(identities(&list), None);
    }

    #[test]
    fn only_whole_signatures_of_ed25519_are_signatures() {
        let made = |algorithm: &[u8], signature: &[u8]| {
            let (mut inner, mut outer) = (Vec::new(), Vec::new());
            put(&mut inner, algorithm);
            put(&mut inner, signature);
            put(&mut outer, &inner);
            outer
        };
        let good = made(b"ssh-ed25519", &[9; 64]);
        assert_eq!(super::signature(&good), Some([9; 64]));
        for cut in 0..good.len() {
            assert_eq!(super::signature(&good[..cut]), None, "{cut}");
        }
        for bad in [made(b"ssh-rsa", &[9; 64]), made(b"ssh-ed25519", &[9; 63]), made(b"ssh-ed25519", &[9; 65])] {
            assert_eq!(super::signature(&bad), None);
        }
        assert_eq!(super::signature(&[good, vec![0]].concat()), None);
    }
}
