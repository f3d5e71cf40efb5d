//! KeyChoice with a private key file in OpenSSH format, or with a key that an ssh-agent holds.
//!
//! Secrets do not leave this module. They are read into memory that is zeroed on drop, are never printed, and never
//! come from a flag or the environment. twinseal never sees the private half of a key in an agent.

mod agent;
mod file;
mod note;

use std::path::{Path, PathBuf};

use ed25519_dalek::{Signer as _, SigningKey};

pub use agent::{Agent, AgentError, Identity};
pub use file::{Entropy, KeyFile, Passphrase, create, read_secret};

use crate::domain::{BadKey, PublicKey};
use crate::format::sshsig;
use crate::lang::{Lang, lang};
use crate::{tr, trf};

/// Why a key cannot be read, created or used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("{}", trf!("cannot {} {}: {source}", "无法{} {}：{source}", act(.action), .path.display()))]
    Io {
        /// The failed operation, as a verb: `read`, `create`, `write`.
        action: &'static str,
        /// The key file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A private key or passphrase file that its group or others can access.
    #[error("{}", trf!(
        "{} is accessible to other users (mode {mode:03o}), so it is not used",
        "{} 可被其他用户访问（权限 {mode:03o}），因此不使用", .path.display()
    ))]
    Exposed {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A file that is not a private key in OpenSSH format.
    #[error("{}", trf!("{} is not an OpenSSH Ed25519 private key", "{} 不是 OpenSSH Ed25519 私钥", .path.display()))]
    NotAKey {
        /// The key file.
        path: PathBuf,
    },
    /// A key of a type other than Ed25519.
    #[error("{}", trf!(
        "{} holds a key of type {algorithm}; only Ed25519 is supported",
        "{} 中的密钥类型是 {algorithm}；只支持 Ed25519", .path.display()
    ))]
    OtherAlgorithm {
        /// The key file.
        path: PathBuf,
        /// The type as OpenSSH names it, such as `ssh-rsa`.
        algorithm: String,
    },
    /// A key encrypted with a cipher that is not supported.
    #[error("{}", trf!(
        "{} is encrypted with {cipher}, which twinseal does not read",
        "{} 用 {cipher} 加密，twinseal 无法读取", .path.display()
    ))]
    OtherCipher {
        /// The key file.
        path: PathBuf,
        /// The cipher as OpenSSH names it, such as `3des-cbc`.
        cipher: String,
    },
    /// A key whose public half could never be enrolled.
    #[error("{}", trf!("{} cannot be used: {source}", "{} 不能使用：{source}", .path.display()))]
    Bad {
        /// The key file.
        path: PathBuf,
        /// The check that it fails.
        source: BadKey,
    },
    /// A passphrase that does not decrypt the key.
    #[error("{}", trf!("wrong passphrase for {}", "{} 的口令错误", .path.display()))]
    WrongPassphrase {
        /// The key file.
        path: PathBuf,
    },
    /// An encrypted key, no passphrase file, and no terminal.
    #[error("{}", trf!(
        "{} is protected by a passphrase, and there is no terminal to ask on",
        "{} 有口令保护，但没有终端可询问", .path.display()
    ))]
    NeedsPassphrase {
        /// The key file.
        path: PathBuf,
    },
    /// A new key's path that is taken.
    #[error("{}", trf!("{} already exists; keys are never overwritten", "{} 已存在；密钥绝不覆盖", .path.display()))]
    Exists {
        /// The key file.
        path: PathBuf,
    },
    /// A public key file that does not hold exactly one Ed25519 key.
    #[error("{}", trf!(
        "{} is not a single OpenSSH Ed25519 public key",
        "{} 不是单个 OpenSSH Ed25519 公钥", .path.display()
    ))]
    NotAPublicKey {
        /// The key file.
        path: PathBuf,
    },
    /// A failure of the ssh-agent.
    #[error("{0}")]
    Agent(#[from] AgentError),
    /// A new key that cannot be encrypted or encoded.
    #[error("{}", tr!("cannot encode the key in OpenSSH format", "无法把密钥编码为 OpenSSH 格式"))]
    Encoding,
}

/// A verb of the fields of errors, in the language of the reader.
fn act(verb: &'static str) -> &'static str {
    match (lang(), verb) {
        (Lang::Zh, "create") => "创建",
        (Lang::Zh, "read") => "读取",
        (Lang::Zh, "write") => "写入",
        (Lang::Zh, agent::LISTING) => "列出密钥",
        (Lang::Zh, agent::SIGNING) => "签名",
        (_, verb) => verb,
    }
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
