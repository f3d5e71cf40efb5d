//! KeyChoice with a private key file in OpenSSH format, or with a key that an ssh-agent holds.
//!
//! Secrets do not leave this module. They are read into memory that is zeroed on drop, are never printed, and never
//! come from a flag or the environment. twinseal never sees the private half of a key in an agent.

mod agent;
mod file;
mod note;
mod token;

use std::path::{Path, PathBuf};

use ed25519_dalek::{Signer as _, SigningKey};

pub use agent::{Agent, AgentError, Identity};
pub use file::{Entropy, KeyFile, Passphrase, create, read_secret};
pub use note::check_signs_notes;
pub use token::{PROVIDER, Token};

use crate::domain::{BadKey, PublicKey};
use crate::format::{Defect, sshsig};
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
    /// ssh-keygen cannot be run, or did not sign with a FIDO token.
    #[error("{}", trf!(
        "ssh-keygen did not sign with the FIDO key {}: {reason}",
        "ssh-keygen 未用 FIDO 密钥 {} 签名：{reason}", .path.display()
    ))]
    Token {
        /// The key file.
        path: PathBuf,
        /// What ssh-keygen or the system says.
        reason: String,
    },
    /// A signature of a FIDO token that nobody touched.
    #[error("{}", tr!(
        "the FIDO token signed without being touched, and such a signature is worth nothing",
        "FIDO 设备未经触摸就签了名，这样的签名无效"
    ))]
    Untouched,
    /// A checkpoint to be signed with a FIDO token.
    #[error("{}", tr!(
        "a FIDO key cannot sign a checkpoint: its signatures are no plain Ed25519 signatures",
        "FIDO 密钥不能签署检查点：它的签名不是普通的 Ed25519 签名"
    ))]
    NoCheckpoint,
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
    /// The file of a key in a FIDO token, with which ssh-keygen signs.
    Token(PathBuf, PublicKey),
}

impl KeySource {
    /// Reads a private key file, or a public key file whose private half an agent must hold.
    ///
    /// # Errors
    /// [`KeyError`] for a file that cannot be read or is neither, and for a key that could never be enrolled.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        match file::read_public(path)? {
            Some(public) => Ok(Self::Agent(public)),
            None => match token::read(path)? {
                Some(public) => Ok(Self::Token(path.to_owned(), public)),
                None => KeyFile::read(path).map(|file| Self::File(Box::new(file))),
            },
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
            Self::Agent(public) | Self::Token(_, public) => *public,
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
    Token(Token),
}

impl Signer {
    fn in_memory(key: SigningKey, public: PublicKey) -> Self {
        Self { source: Source::Memory(Box::new(key)), public }
    }

    /// A signer that has ssh-keygen sign with the FIDO token to which the key in a file belongs.
    pub fn in_token(token: Token, public: PublicKey) -> Self {
        Self { source: Source::Token(token), public }
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
        !matches!(self.source, Source::Memory(_))
    }

    /// Signs a message and returns the binary SSHSIG blob.
    ///
    /// # Errors
    /// [`KeyError::Agent`], [`KeyError::Token`], [`KeyError::Untouched`]. A key in memory always signs.
    pub fn sign(&self, namespace: &str, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let data = sshsig::signed_data(namespace, message);
        let encode = |(signature, touch)| sshsig::encode_by(&self.public.wire(), namespace, &signature, touch);
        let (blob, bad) = match &self.source {
            Source::Memory(key) => return Ok(encode((key.sign(&data).to_bytes(), None))),
            Source::Agent(agent) => {
                (encode(agent.sign(&self.public, &data)?), KeyError::from(agent.bad_signature(&self.public)))
            }
            Source::Token(token) => (token::sign(token, namespace, message)?, token.bad_signature()),
        };
        // Anything can listen at the socket: it may have signed other data, or with another key.
        match sshsig::verify(namespace, message, &blob) {
            Ok(signed) if signed.key == self.public.fingerprint() => Ok(blob),
            Err(Defect::Untouched) => Err(KeyError::Untouched),
            _ => Err(bad),
        }
    }
}
