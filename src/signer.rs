//! Where signatures come from: a private key file in OpenSSH's format, or a key in an ssh-agent.
//!
//! Secrets stay in here: read into memory that is wiped, never printed, never from a flag or the environment. A key in
//! an agent never comes here at all.

mod agent;
mod file;

use std::path::{Path, PathBuf};

use ed25519_dalek::{Signer as _, SigningKey};

pub use agent::{Agent, AgentError, Identity};
pub use file::{Entropy, KeyFile, Passphrase, create, read_secret};

use crate::domain::{BadKey, PublicKey};
use crate::format::sshsig;

/// Why there is no signature.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("cannot {doing} {}: {source}", .path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Somebody else could read the key.
    #[error("{} can be read by others (mode {mode:03o}), so it is not used", .path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Not a private key in OpenSSH's format.
    #[error("{} is not an OpenSSH Ed25519 private key", .path.display())]
    NotAKey {
        /// The file.
        path: PathBuf,
    },
    /// A key of another algorithm.
    #[error("{} is a key for {algorithm}; twinseal takes Ed25519 keys", .path.display())]
    OtherAlgorithm {
        /// The file.
        path: PathBuf,
        /// What it is for.
        algorithm: String,
    },
    /// A public key that may not be enrolled.
    #[error("{} cannot be used: {source}", .path.display())]
    Bad {
        /// The file.
        path: PathBuf,
        /// Why.
        source: BadKey,
    },
    /// The passphrase does not open it.
    #[error("that is not the passphrase of {}", .path.display())]
    WrongPassphrase {
        /// The file.
        path: PathBuf,
    },
    /// No passphrase, and nobody to ask.
    #[error("{} needs its passphrase, and there is no terminal to ask on", .path.display())]
    NeedsPassphrase {
        /// The file.
        path: PathBuf,
    },
    /// A file that a new key would overwrite.
    #[error("{} exists already, and a key is never overwritten", .path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A public key file that names no key.
    #[error("{} is not an OpenSSH Ed25519 public key on a line of its own", .path.display())]
    NotAPublicKey {
        /// The file.
        path: PathBuf,
    },
    /// An agent that gives no signature.
    #[error("{0}")]
    Agent(#[from] AgentError),
    /// The key could not be encoded.
    #[error("the key could not be written in OpenSSH's format")]
    Encoding,
}

/// A key that was chosen. What must be asked for before it can sign, a passphrase or an agent, was not asked for yet.
pub enum KeySource {
    /// In a private key file.
    File(Box<KeyFile>),
    /// In an agent; here is its public half alone.
    Agent(PublicKey),
}

impl KeySource {
    /// The key that a file names: a private key, or the public half of one that an agent is to hold.
    ///
    /// # Errors
    /// What is wrong with the file or the key.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        match file::read_public(path)? {
            Some(public) => Ok(Self::Agent(public)),
            None => KeyFile::read(path).map(|file| Self::File(Box::new(file))),
        }
    }

    /// The public key, for which nobody need be asked.
    pub fn public(&self) -> PublicKey {
        match self {
            Self::File(file) => file.public(),
            Self::Agent(public) => *public,
        }
    }
}

/// A key that can sign.
pub struct Signer {
    source: Source,
    public: PublicKey,
}

enum Source {
    /// In memory; it is wiped when it is dropped.
    Memory(Box<SigningKey>),
    /// In an agent.
    Agent(Agent),
}

impl Signer {
    fn in_memory(key: SigningKey, public: PublicKey) -> Self {
        Self { source: Source::Memory(Box::new(key)), public }
    }

    fn in_agent(agent: Agent, public: PublicKey) -> Self {
        Self { source: Source::Agent(agent), public }
    }

    /// The public key.
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// Whether somebody may be asked at each signature.
    pub fn may_ask(&self) -> bool {
        matches!(self.source, Source::Agent(_))
    }

    /// Signs a message in a namespace, as SSHSIG.
    ///
    /// # Errors
    /// [`KeyError::Agent`]: a key in memory always signs.
    pub fn sign(&self, namespace: &str, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let data = sshsig::signed_data(namespace, message);
        let encode = |signature: &[u8; 64]| sshsig::encode(self.public.as_bytes(), namespace, signature);
        match &self.source {
            Source::Memory(key) => Ok(encode(&key.sign(&data).to_bytes())),
            Source::Agent(agent) => {
                let blob = encode(&agent.sign(&self.public, &data)?);
                // Whoever answers at the socket may have signed something else, or not strictly, or with another key.
                match sshsig::verify(namespace, message, &blob) {
                    Ok(_) => Ok(blob),
                    Err(_) => Err(agent.false_signature(&self.public).into()),
                }
            }
        }
    }
}
