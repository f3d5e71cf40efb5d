//! KeyChoice with a private key file in OpenSSH format, or with a key that an ssh-agent holds.
//!
//! Secrets do not leave this module. They are read into memory that is zeroed on drop, are never printed, and never
//! come from a flag or the environment. twinseal never sees the private half of a key in an agent.

mod agent;
mod file;

use std::path::{Path, PathBuf};

use ed25519_dalek::{Signer as _, SigningKey};

pub use agent::{Agent, AgentError, Identity};
pub use file::{Entropy, KeyFile, Passphrase, create, read_secret};

use crate::domain::{BadKey, PublicKey};
use crate::format::sshsig;

/// Why a key cannot be read, created or used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("cannot {action} {}: {source}", .path.display())]
    Io {
        /// The failed operation, as a verb: `read`, `create`, `write`.
        action: &'static str,
        /// The key file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A private key or passphrase file that its group or others can access.
    #[error("{} is accessible to other users (mode {mode:03o}), so it is not used", .path.display())]
    Exposed {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A file that is not a private key in OpenSSH format.
    #[error("{} is not an OpenSSH Ed25519 private key", .path.display())]
    NotAKey {
        /// The key file.
        path: PathBuf,
    },
    /// A key of a type other than Ed25519.
    #[error("{} holds a key of type {algorithm}; only Ed25519 is supported", .path.display())]
    OtherAlgorithm {
        /// The key file.
        path: PathBuf,
        /// The type as OpenSSH names it, such as `ssh-rsa`.
        algorithm: String,
    },
    /// A key encrypted with a cipher that is not supported.
    #[error("{} is encrypted with {cipher}, which twinseal does not read", .path.display())]
    OtherCipher {
        /// The key file.
        path: PathBuf,
        /// The cipher as OpenSSH names it, such as `3des-cbc`.
        cipher: String,
    },
    /// A key whose public half could never be enrolled.
    #[error("{} cannot be used: {source}", .path.display())]
    Bad {
        /// The key file.
        path: PathBuf,
        /// The check that it fails.
        source: BadKey,
    },
    /// A passphrase that does not decrypt the key.
    #[error("wrong passphrase for {}", .path.display())]
    WrongPassphrase {
        /// The key file.
        path: PathBuf,
    },
    /// An encrypted key, no passphrase file, and no terminal.
    #[error("{} is protected by a passphrase, and there is no terminal to ask on", .path.display())]
    NeedsPassphrase {
        /// The key file.
        path: PathBuf,
    },
    /// A new key's path that is taken.
    #[error("{} already exists; keys are never overwritten", .path.display())]
    Exists {
        /// The key file.
        path: PathBuf,
    },
    /// A public key file that does not hold exactly one Ed25519 key.
    #[error("{} is not a single OpenSSH Ed25519 public key", .path.display())]
    NotAPublicKey {
        /// The key file.
        path: PathBuf,
    },
    /// A failure of the ssh-agent.
    #[error("{0}")]
    Agent(#[from] AgentError),
    /// A new key that cannot be encrypted or encoded.
    #[error("cannot encode the key in OpenSSH format")]
    Encoding,
}

/// A chosen key, before any passphrase is asked for or any agent contacted.
pub enum KeySource {
    /// A private key file.
    File(Box<KeyFile>),
    /// The public half of a key that an ssh-agent must hold.
    Agent(PublicKey),
}

impl KeySource {
    /// Reads a private key file, or a public key file whose private half an agent must hold.
    ///
    /// # Errors
    /// [`KeyError`] for a file that cannot be read or is neither, and for a key that could never be enrolled.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        match file::read_public(path)? {
            Some(public) => Ok(Self::Agent(public)),
            None => KeyFile::read(path).map(|file| Self::File(Box::new(file))),
        }
    }

    /// Whether its passphrase is needed before it can sign.
    pub fn is_locked(&self) -> bool {
        matches!(self, Self::File(file) if file.is_locked())
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
    /// Zeroed on drop.
    Memory(Box<SigningKey>),
    Agent(Agent),
}

impl Signer {
    fn in_memory(key: SigningKey, public: PublicKey) -> Self {
        Self { source: Source::Memory(Box::new(key)), public }
    }

    fn in_agent(agent: Agent, public: PublicKey) -> Self {
        Self { source: Source::Agent(agent), public }
    }

    /// The public half of the key.
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// Whether a signature may wait for a person: an agent may ask its owner to confirm or to touch a token.
    pub fn may_prompt(&self) -> bool {
        matches!(self.source, Source::Agent(_))
    }

    /// Signs a message and returns the binary SSHSIG blob.
    ///
    /// # Errors
    /// [`KeyError::Agent`]. A key in memory always signs.
    pub fn sign(&self, namespace: &str, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let data = sshsig::signed_data(namespace, message);
        let encode = |signature: &[u8; 64]| sshsig::encode(self.public.as_bytes(), namespace, signature);
        match &self.source {
            Source::Memory(key) => Ok(encode(&key.sign(&data).to_bytes())),
            Source::Agent(agent) => {
                let blob = encode(&agent.sign(&self.public, &data)?);
                // Anything can listen at the socket: it may have signed other data, or with another key.
                match sshsig::verify(namespace, message, &blob) {
                    Ok(_) => Ok(blob),
                    Err(_) => Err(agent.bad_signature(&self.public).into()),
                }
            }
        }
    }
}
