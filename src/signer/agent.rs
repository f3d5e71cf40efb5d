//! A client of the SSH agent protocol (draft-ietf-sshm-ssh-agent), for agents on this host or forwarded to it.
//!
//! A message is its length as a `uint32`, its type as a byte, and its contents. These types are used:
//!
//! ```text
//! 11 SSH_AGENTC_REQUEST_IDENTITIES
//! 12 SSH_AGENT_IDENTITIES_ANSWER     uint32 count, then for each key: string key, string comment
//! 13 SSH_AGENTC_SIGN_REQUEST         string key, string data, uint32 flags
//! 14 SSH_AGENT_SIGN_RESPONSE         string that holds: string algorithm, string signature
//!  5 SSH_AGENT_FAILURE
//! ```
//!
//! Anything can listen at the socket, so its answers are not trusted: lengths are checked, every wait has a time limit,
//! and a signature is verified before it is used. Each request has a connection of its own, so that none stays open
//! while a person reads.

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::{Signer, act};
use crate::domain::{Fingerprint, PublicKey, Touch};
use crate::{tr, trf};

const FAILURE: u8 = 5;
const LIST: u8 = 11;
const LISTED: u8 = 12;
const SIGN: u8 = 13;
const SIGNED: u8 = 14;

/// The most bytes in an answer, as OpenSSH limits it.
const MAX_ANSWER: usize = 256 * 1024;

/// The time limit for requests that need no person.
const LIST_TIMEOUT: Duration = Duration::from_secs(5);

/// The time limit for a signature, which its owner may have to confirm, at a prompt or by touching a token.
const SIGN_TIMEOUT: Duration = Duration::from_secs(120);

/// Why an agent did not list its keys or sign.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// `SSH_AUTH_SOCK` is not set.
    #[error("{}", tr!(
        "signing with a public key file needs an ssh-agent, and SSH_AUTH_SOCK is not set",
        "用公钥文件签名需要 ssh-agent，但未设置 SSH_AUTH_SOCK"
    ))]
    NoSocket,
    /// The connection failed.
    #[error("{}", trf!(
        "cannot reach the ssh-agent at {}: {source}",
        "无法连接位于 {} 的 ssh-agent：{source}", .socket.display()
    ))]
    Unreachable {
        /// The agent's socket.
        socket: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// No complete answer within the time limit.
    #[error("{}", trf!(
        "the ssh-agent at {} did not {} within {seconds} s",
        "位于 {} 的 ssh-agent 未能{}：已等待 {seconds} 秒", .socket.display(), act(.action)
    ))]
    Timeout {
        /// The agent's socket.
        socket: PathBuf,
        /// The failed operation, as a verb.
        action: &'static str,
        /// The time limit in seconds.
        seconds: u64,
    },
    /// The key is not among those that the agent lists; a locked agent lists none.
    #[error("{}", trf!(
        "the ssh-agent at {} does not hold the key {key}; it lists {}",
        "位于 {} 的 ssh-agent 中没有密钥 {key}；其中{}", .socket.display(), how_many(*.others)
    ))]
    NotHeld {
        /// The agent's socket.
        socket: PathBuf,
        /// The key that was to sign.
        key: Fingerprint,
        /// How many other Ed25519 keys it lists.
        others: usize,
    },
    /// The agent answered `SSH_AGENT_FAILURE`.
    #[error("{}", trf!("the ssh-agent at {} refused to {}", "位于 {} 的 ssh-agent 拒绝{}", .socket.display(), act(.action)))]
    Refused {
        /// The agent's socket.
        socket: PathBuf,
        /// The failed operation, as a verb.
        action: &'static str,
    },
    /// An answer that breaks the agent protocol.
    #[error("{}", trf!(
        "invalid answer from the ssh-agent at {} when asked to {}: {detail}",
        "请求位于 {} 的 ssh-agent {}时，回答无效：{detail}", .socket.display(), act(.action)
    ))]
    Protocol {
        /// The agent's socket.
        socket: PathBuf,
        /// The failed operation, as a verb.
        action: &'static str,
        /// How the answer breaks the protocol.
        detail: &'static str,
    },
    /// A signature that does not verify.
    #[error("{}", trf!(
        "the ssh-agent at {} returned a signature that does not verify with the key {key}",
        "位于 {} 的 ssh-agent 返回的签名无法用密钥 {key} 核验", .socket.display()
    ))]
    BadSignature {
        /// The agent's socket.
        socket: PathBuf,
        /// The key that was to sign.
        key: Fingerprint,
    },
}

fn how_many(keys: usize) -> String {
    match keys {
        0 => tr!("no Ed25519 key", "没有 Ed25519 密钥").to_owned(),
        1 => tr!("1 other Ed25519 key", "有 1 把其他 Ed25519 密钥").to_owned(),
        n => trf!("{n} other Ed25519 keys", "有 {n} 把其他 Ed25519 密钥"),
    }
}

/// An Ed25519 key that an agent holds, itself or in a FIDO token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The public half.
    pub key: PublicKey,
    /// The agent's comment on the key, often the path of its file. Not trusted, and not safe to print as it is.
    pub comment: String,
}

/// An agent, named by its socket. Every request makes a new connection.
#[derive(Debug, Clone)]
pub struct Agent {
    socket: PathBuf,
    list_timeout: Duration,
    sign_timeout: Duration,
}

// The `action` of an error.
pub(super) const LISTING: &str = "list its keys";
pub(super) const SIGNING: &str = "sign";

impl Agent {
    /// The agent that listens at `socket`. Does not connect.
    pub fn at(socket: PathBuf) -> Self {
        Self { socket, list_timeout: LIST_TIMEOUT, sign_timeout: SIGN_TIMEOUT }
    }

    /// The path of the agent's socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Lists the agent's Ed25519 keys that could be enrolled. A locked agent lists none.
    ///
    /// # Errors
    /// [`AgentError::Unreachable`], [`AgentError::Timeout`], [`AgentError::Refused`], [`AgentError::Protocol`].
    pub fn keys(&self) -> Result<Vec<Identity>, AgentError> {
        let answer = self.ask(LISTING, &[LIST], self.list_timeout)?;
        let rest = self.contents(LISTING, LISTED, &answer)?;
        identities(rest).ok_or_else(|| {
            self.protocol(LISTING, tr!("the list of keys is truncated or too long", "密钥列表被截断或过长"))
        })
    }

    /// A signer that uses one of the agent's keys.
    ///
    /// # Errors
    /// [`AgentError::NotHeld`] if the agent does not list the key, or as [`Agent::keys`].
    pub fn signer(self, key: PublicKey) -> Result<Signer, AgentError> {
        let held = self.keys()?;
        if held.iter().any(|it| it.key == key) {
            return Ok(Signer::in_agent(self, key));
        }
        Err(AgentError::NotHeld { socket: self.socket, key: key.fingerprint(), others: held.len() })
    }

    /// Requests a raw signature over `data`. The caller must verify it.
    pub(super) fn sign(&self, key: &PublicKey, data: &[u8]) -> Result<RawSignature, AgentError> {
        let mut request = vec![SIGN];
        put(&mut request, &key.wire());
        put(&mut request, data);
        request.extend_from_slice(&0u32.to_be_bytes());
        let answer = self.ask(SIGNING, &request, self.sign_timeout)?;
        let rest = self.contents(SIGNING, SIGNED, &answer)?;
        signature(rest).ok_or_else(|| self.protocol(SIGNING, tr!("not an Ed25519 signature", "不是 Ed25519 签名")))
    }

    pub(super) fn bad_signature(&self, key: &PublicKey) -> AgentError {
        AgentError::BadSignature { socket: self.socket.clone(), key: key.fingerprint() }
    }

    fn protocol(&self, action: &'static str, detail: &'static str) -> AgentError {
        AgentError::Protocol { socket: self.socket.clone(), action, detail }
    }

    /// The contents of an answer, if it has the expected type.
    fn contents<'a>(&self, action: &'static str, kind: u8, answer: &'a [u8]) -> Result<&'a [u8], AgentError> {
        match answer.split_first() {
            Some((found, rest)) if *found == kind => Ok(rest),
            Some((&FAILURE, _)) => Err(AgentError::Refused { socket: self.socket.clone(), action }),
            _ => Err(self.protocol(action, tr!("unexpected message type", "意外的消息类型"))),
        }
    }

    /// Sends a message, and reads the answer within `timeout`.
    fn ask(&self, action: &'static str, message: &[u8], timeout: Duration) -> Result<Vec<u8>, AgentError> {
        let failed = |limit: Duration| {
            move |source: io::Error| match source.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                    AgentError::Timeout { socket: self.socket.clone(), action, seconds: limit.as_secs() }
                }
                ErrorKind::UnexpectedEof => self.protocol(action, tr!("truncated message", "消息被截断")),
                _ => AgentError::Unreachable { socket: self.socket.clone(), source },
            }
        };
        let mut stream = self.connect().map_err(failed(self.list_timeout))?;
        let mut framed = Vec::with_capacity(message.len() + 4);
        put(&mut framed, message);
        let sent = stream.set_write_timeout(Some(self.list_timeout)).and_then(|()| stream.write_all(&framed));
        sent.map_err(failed(self.list_timeout))?;
        let deadline = Instant::now() + timeout;
        let mut length = [0; 4];
        fill(&mut stream, &mut length, deadline).map_err(failed(timeout))?;
        // Checked before any memory is allocated for it.
        let length = u32::from_be_bytes(length) as usize;
        if length == 0 || length > MAX_ANSWER {
            return Err(self.protocol(action, tr!("the message is empty or too long", "消息为空或过长")));
        }
        let mut answer = vec![0; length];
        fill(&mut stream, &mut answer, deadline).map_err(failed(timeout))?;
        Ok(answer)
    }

    /// Connects in a thread of its own, abandoned after the time limit: connect(2) blocks while the listen queue is
    /// full, and no socket option limits that.
    fn connect(&self) -> io::Result<UnixStream> {
        let (sender, receiver) = mpsc::channel();
        let socket = self.socket.clone();
        thread::Builder::new().spawn(move || sender.send(UnixStream::connect(socket)))?;
        receiver.recv_timeout(self.list_timeout).unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()))
    }
}

/// Fills a buffer before a deadline, which also holds for an answer that comes byte by byte.
fn fill(stream: &mut UnixStream, buffer: &mut [u8], deadline: Instant) -> io::Result<()> {
    let mut filled = 0;
    while filled < buffer.len() {
        let left = deadline.saturating_duration_since(Instant::now());
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

fn take_uint32(rest: &mut &[u8]) -> Option<usize> {
    let (bytes, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(u32::from_be_bytes(*bytes) as usize)
}

fn take_string<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = take_uint32(rest)?;
    let (string, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(string)
}

/// Decodes a list of keys, which must end where the message does.
fn identities(mut rest: &[u8]) -> Option<Vec<Identity>> {
    let mut held = Vec::new();
    for _ in 0..take_uint32(&mut rest)? {
        let (blob, comment) = (take_string(&mut rest)?, take_string(&mut rest)?);
        // Keys of other types, and those that could not be enrolled, are skipped.
        if let Ok(key) = PublicKey::from_wire(blob) {
            held.push(Identity { key, comment: String::from_utf8_lossy(comment).into_owned() });
        }
    }
    rest.is_empty().then_some(held)
}

/// A signature as an agent makes it, with what a FIDO token says of it.
pub(super) type RawSignature = ([u8; 64], Option<Touch>);

/// Decodes a signature, which must be the whole message.
fn signature(mut rest: &[u8]) -> Option<RawSignature> {
    let mut inner = take_string(&mut rest)?;
    let (algorithm, signature) = (take_string(&mut inner)?, take_string(&mut inner)?);
    let touch = match (algorithm, inner) {
        (b"ssh-ed25519", []) => None,
        (b"sk-ssh-ed25519@openssh.com", [flags, counter @ ..]) => {
            Some(Touch { flags: *flags, counter: u32::from_be_bytes(counter.try_into().ok()?) })
        }
        _ => return None,
    };
    signature.try_into().ok().filter(|_| rest.is_empty()).map(|signature| (signature, touch))
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    /// An agent that accepts connections into its queue and never answers.
    fn hanging(folder: &Path) -> (Agent, UnixListener) {
        let socket = folder.join("socket");
        let listener = UnixListener::bind(&socket).unwrap();
        (Agent { list_timeout: SHORT, sign_timeout: SHORT, ..Agent::at(socket) }, listener)
    }

    const SHORT: Duration = Duration::from_millis(300);

    fn key() -> PublicKey {
        PublicKey::from_bytes(ed25519_dalek::SigningKey::from_bytes(&[7; 32]).verifying_key().to_bytes()).unwrap()
    }

    #[test]
    fn a_request_that_is_not_answered_times_out() {
        let folder = tempfile::tempdir().unwrap();
        let (agent, _listener) = hanging(folder.path());
        assert!(matches!(agent.sign(&key(), b"data"), Err(AgentError::Timeout { action: SIGNING, .. })));
        assert!(matches!(agent.keys(), Err(AgentError::Timeout { action: LISTING, .. })));
    }

    #[test]
    fn connecting_to_a_full_listen_queue_times_out() {
        let folder = tempfile::tempdir().unwrap();
        let (agent, _listener) = hanging(folder.path());
        // Connections that are not accepted stay in the queue, and fill it.
        let waiting: Vec<_> = (0..5_000).map_while(|_| agent.connect().ok()).collect();
        assert!(waiting.len() < 5_000, "the listen queue never filled up");
        assert!(matches!(agent.keys(), Err(AgentError::Timeout { .. })));
    }

    #[test]
    fn an_answer_that_comes_byte_by_byte_times_out() {
        let folder = tempfile::tempdir().unwrap();
        let (agent, listener) = hanging(folder.path());
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(&100u32.to_be_bytes()).unwrap();
            while stream.write_all(&[LISTED]).is_ok() {
                thread::sleep(Duration::from_millis(20));
            }
        });
        assert!(matches!(agent.keys(), Err(AgentError::Timeout { .. })));
    }

    #[test]
    fn truncated_and_padded_key_lists_are_refused() {
        let mut list = 2u32.to_be_bytes().to_vec();
        for part in [&key().wire()[..], b"erin@desk", b"\0\0\0\x07ssh-rsa", b"another"] {
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
    fn malformed_signatures_and_other_algorithms_are_refused() {
        let made = |algorithm: &[u8], signature: &[u8]| {
            let (mut inner, mut outer) = (Vec::new(), Vec::new());
            put(&mut inner, algorithm);
            put(&mut inner, signature);
            put(&mut outer, &inner);
            outer
        };
        let good = made(b"ssh-ed25519", &[9; 64]);
        assert_eq!(super::signature(&good), Some(([9; 64], None)));
        for cut in 0..good.len() {
            assert_eq!(super::signature(&good[..cut]), None, "{cut}");
        }
        for bad in [made(b"ssh-rsa", &[9; 64]), made(b"ssh-ed25519", &[9; 63]), made(b"ssh-ed25519", &[9; 65])] {
            assert_eq!(super::signature(&bad), None);
        }
        assert_eq!(super::signature(&[good, vec![0]].concat()), None);
        // A token's signature has five more bytes; without them, or with others, it is none.
        let fido = |more: &[u8]| {
            let (mut inner, mut outer) = (Vec::new(), Vec::new());
            put(&mut inner, b"sk-ssh-ed25519@openssh.com");
            put(&mut inner, &[9; 64]);
            inner.extend_from_slice(more);
            put(&mut outer, &inner);
            super::signature(&outer)
        };
        assert_eq!(fido(&[5, 0, 0, 0, 7]), Some(([9; 64], Some(Touch { flags: 5, counter: 7 }))));
        for more in [&[][..], &[5], &[5, 0, 0, 0], &[5, 0, 0, 0, 7, 0]] {
            assert_eq!(fido(more), None);
        }
    }
}
