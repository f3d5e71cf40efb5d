//! Key files in OpenSSH format: reading and creating private keys, and reading public keys.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;
use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::{Algorithm, Cipher, Kdf, LineEnding, PrivateKey};
use zeroize::Zeroizing;

use super::{KeyError, Signer};
use crate::domain::{BadKey, Invalid, PublicKey};
use crate::private::open_regular;
use crate::tr;

fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> KeyError {
    move |source| KeyError::Io { action, path: path.to_owned(), source }
}

/// A passphrase, zeroed on drop.
pub type Passphrase = Zeroizing<String>;

/// A private key file, possibly still encrypted.
#[derive(Clone)]
pub struct KeyFile {
    path: PathBuf,
    private: PrivateKey,
    public: PublicKey,
}

/// Reads a file that holds a secret: a private key or a passphrase.
///
/// # Errors
/// [`KeyError::Exposed`] if its group or others have any access; [`KeyError::Io`], also if it is no regular file, too
/// large for what it should be, or no UTF-8 text.
pub fn read_secret(path: &Path) -> Result<Zeroizing<String>, KeyError> {
    let file = open_regular(path).map_err(io("read", path))?;
    let mode = file.metadata().map_err(io("read", path))?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyError::Exposed { path: path.to_owned(), mode });
    }
    // Memory that grows would leave parts of the secret behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_SECRET + 1));
    file.take(MAX_SECRET as u64 + 1).read_to_end(&mut bytes).map_err(io("read", path))?;
    let invalid = |what| io("read", path)(std::io::Error::new(ErrorKind::InvalidData, what));
    if bytes.len() > MAX_SECRET {
        return Err(invalid(tr!("larger than a private key or a passphrase", "比私钥或口令大")));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| invalid(tr!("it is not valid UTF-8", "不是有效的 UTF-8")))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// The most bytes of a file that holds a secret; an OpenSSH key is about 400 bytes long.
const MAX_SECRET: usize = 64 * 1024;

fn looks_private(path: &Path) -> bool {
    let mut begins = [0; 10];
    open_regular(path).is_ok_and(|mut file| file.read_exact(&mut begins).is_ok() && &begins == b"-----BEGIN")
}

/// The most bytes that are read of a public key file; real ones are far shorter.
const MAX_PUBLIC: usize = 16 * 1024;

/// The key in a public key file, `ssh-ed25519 BASE64 COMMENT`. `None` if the file does not begin like a public key or
/// cannot be read; the caller then reads it as a private key, and reports the error.
///
/// # Errors
/// [`KeyError::OtherAlgorithm`], [`KeyError::NotAPublicKey`], [`KeyError::Bad`].
pub(super) fn read_public(path: &Path) -> Result<Option<PublicKey>, KeyError> {
    let Ok(file) = open_regular(path) else { return Ok(None) };
    // The file may be a private key, so it is read into memory that is zeroed and never grows.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_PUBLIC));
    if file.take(MAX_PUBLIC as u64).read_to_end(&mut bytes).is_err() {
        return Ok(None);
    }
    // As OpenSSH reads it: without indentation, empty lines and lines of comment; the comment of a key may have any
    // encoding.
    let lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let mut lines = lines.filter(|line| !line.is_empty() && !line.starts_with(b"#"));
    let (first, more) = (lines.next().unwrap_or_default(), lines.next().is_some());
    if ![&b"ssh-"[..], b"ecds", b"sk-s", b"sk-e"].iter().any(|begin| first.starts_with(begin)) {
        return Ok(None);
    }
    let bad = || KeyError::NotAPublicKey { path: path.to_owned() };
    let words = first.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let mut words = words.map(|word| str::from_utf8(word).map_err(|_| bad()));
    let (algorithm, base64) = (words.next().unwrap_or(Ok(""))?, words.next().unwrap_or(Ok(""))?);
    if more {
        return Err(bad());
    }
    if !["ssh-ed25519", "sk-ssh-ed25519@openssh.com"].contains(&algorithm) {
        return Err(KeyError::OtherAlgorithm { path: path.to_owned(), algorithm: algorithm.to_owned() });
    }
    match format!("{algorithm} {base64}").parse() {
        Ok(public) => Ok(Some(public)),
        Err(Invalid::Key(source)) if source != BadKey::Form => Err(KeyError::Bad { path: path.to_owned(), source }),
        Err(_) => Err(bad()),
    }
}

impl KeyFile {
    /// Reads a private key file without decrypting it.
    ///
    /// # Errors
    /// As [`read_secret`]; [`KeyError::NotAKey`]; [`KeyError::OtherCipher`]; [`KeyError::OtherAlgorithm`];
    /// [`KeyError::Bad`].
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let path = path.to_owned();
        let secret = match read_secret(&path) {
            Err(KeyError::Io { source, .. }) if source.kind() == std::io::ErrorKind::InvalidData => {
                return Err(KeyError::NotAKey { path });
            }
            // A public key given by mistake needs no chmod: say what it is instead.
            Err(KeyError::Exposed { .. }) if !looks_private(&path) => return Err(KeyError::NotAKey { path }),
            read => read?,
        };
        // OpenSSH ignores empty lines behind the key.
        let Ok(private) = PrivateKey::from_openssh(secret.trim_ascii_end().as_bytes()) else {
            return Err(KeyError::NotAKey { path });
        };
        if private.cipher() == Cipher::TdesCbc {
            return Err(KeyError::OtherCipher { path, cipher: private.cipher().to_string() });
        }
        if private.algorithm() != Algorithm::Ed25519 {
            return Err(KeyError::OtherAlgorithm { path, algorithm: private.algorithm().to_string() });
        }
        let point = private.public_key().key_data().ed25519().map(|key| key.0).unwrap_or_default();
        match PublicKey::from_bytes(point) {
            Ok(public) => Ok(Self { path, private, public }),
            Err(source) => Err(KeyError::Bad { path, source }),
        }
    }

    /// The public half of the key, readable without a passphrase.
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// The comment in the file; empty while the key is encrypted.
    pub fn comment(&self) -> String {
        self.private.comment().to_string()
    }

    /// Whether the key is encrypted.
    pub fn is_locked(&self) -> bool {
        self.private.is_encrypted()
    }

    /// Decrypts the key. `passphrase` is called, with the file's path, only if the key is encrypted.
    ///
    /// # Errors
    /// [`KeyError::WrongPassphrase`]; [`KeyError::NotAKey`] if the private half does not match the public one; or the
    /// error of `passphrase`.
    pub fn unlock<E: From<KeyError>>(
        self,
        passphrase: impl FnOnce(&Path) -> Result<Passphrase, E>,
    ) -> Result<Signer, E> {
        let private = if self.private.is_encrypted() {
            let passphrase = passphrase(&self.path)?;
            let wrong = |_| KeyError::WrongPassphrase { path: self.path.clone() };
            self.private.decrypt(passphrase.as_bytes()).map_err(wrong)?
        } else {
            self.private
        };
        let KeypairData::Ed25519(pair) = private.key_data() else {
            return Err(KeyError::NotAKey { path: self.path }.into());
        };
        let seed = Zeroizing::new(pair.private.to_bytes());
        let key = SigningKey::from_bytes(&seed);
        if key.verifying_key().to_bytes() != *self.public.as_bytes() {
            return Err(KeyError::NotAKey { path: self.path }.into());
        }
        Ok(Signer::in_memory(key, self.public))
    }
}

/// Random bytes for a new key.
pub struct Entropy {
    /// The Ed25519 seed.
    pub seed: Zeroizing<[u8; 32]>,
    /// The salt of bcrypt-pbkdf.
    pub salt: [u8; 16],
    /// OpenSSH's `checkint`, by which it recognises a correct passphrase.
    pub check: [u8; 4],
}

/// The rounds of bcrypt-pbkdf that `ssh-keygen` uses unless `-a` is given.
const BCRYPT_ROUNDS: u32 = 16;

/// Creates a key pair: the private half at `path` with mode 0600, the public half beside it with the suffix `.pub`.
/// Returns the public key.
///
/// # Errors
/// [`KeyError::Exists`], [`KeyError::Encoding`], [`KeyError::Io`]. Neither file is left behind then.
pub fn create(
    path: &Path,
    comment: &str,
    passphrase: Option<&Passphrase>,
    entropy: &Entropy,
) -> Result<PublicKey, KeyError> {
    let pair = Ed25519Keypair::from_seed(&entropy.seed);
    let mut private = PrivateKey::new(pair.into(), comment).map_err(|_| KeyError::Encoding)?;
    // Before the key is encrypted, because encryption hides the comment.
    let public = private.public_key().to_openssh().map_err(|_| KeyError::Encoding)?;
    if let Some(passphrase) = passphrase {
        let kdf = Kdf::Bcrypt { salt: entropy.salt.to_vec(), rounds: BCRYPT_ROUNDS };
        let check = u32::from_be_bytes(entropy.check);
        let locked = private.encrypt_with(Cipher::Aes256Ctr, kdf, check, passphrase.as_bytes());
        private = locked.map_err(|_| KeyError::Encoding)?;
    }
    let secret = private.to_openssh(LineEnding::LF).map_err(|_| KeyError::Encoding)?;
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    let public_path = PathBuf::from(name);
    if public_path.exists() {
        return Err(KeyError::Exists { path: public_path });
    }
    write_new(path, 0o600, &secret)?;
    let created = write_new(&public_path, 0o644, &format!("{public}\n")).and_then(|()| {
        let read = KeyFile::read(path).map(|key| key.public());
        read.inspect_err(|_| _ = fs::remove_file(&public_path))
    });
    // Safe to delete: a key that is incomplete or unreadable cannot have been used.
    created.inspect_err(|_| _ = fs::remove_file(path))
}

fn write_new(path: &Path, mode: u32, content: &str) -> Result<(), KeyError> {
    let mut options = fs::OpenOptions::new();
    let file = options.write(true).create_new(true).mode(mode).open(path);
    let mut file = file.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => KeyError::Exists { path: path.to_owned() },
        _ => io("create", path)(error),
    })?;
    let written = file.write_all(content.as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        // The error to report is the failed write, whether or not the partial file can be removed.
        let _ = fs::remove_file(path);
    }
    written.map_err(io("write", path))
}
