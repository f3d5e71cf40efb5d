//! Keys in FIDO tokens, whose private half never leaves the token. The file of such a key names it, and `ssh-keygen` signs
//! with it: it finds the token, asks for the PIN, and says when to touch. `SSH_SK_PROVIDER` names the library that it
//! uses, as for `ssh-keygen` itself.

use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ssh_key::PrivateKey;
use ssh_key::public::KeyData;

use super::{KeyError, read_secret};
use crate::domain::PublicKey;
use crate::format::sshsig;
use crate::private;
use crate::tr;

/// The variable that names the library for tokens.
pub const PROVIDER: &str = "SSH_SK_PROVIDER";

/// A key in a FIDO token.
pub struct Token {
    /// The file of the key.
    pub path: PathBuf,
    /// The library that ssh-keygen uses for the token, if it is not its own.
    pub provider: Option<OsString>,
    /// A directory of this account, for what is signed.
    pub scratch: PathBuf,
}

impl Token {
    pub(super) fn bad_signature(&self) -> KeyError {
        let reason = tr!("its signature does not verify", "其签名无法核验").to_owned();
        KeyError::Token { path: self.path.clone(), reason }
    }
}

/// The key in a file, if the file is that of a key in a FIDO token.
///
/// # Errors
/// [`KeyError::Bad`] for a key that could never be enrolled. What is wrong with the file is found by whoever reads it
/// next.
pub(super) fn read(path: &Path) -> Result<Option<PublicKey>, KeyError> {
    let Ok(secret) = read_secret(path) else { return Ok(None) };
    let Ok(private) = PrivateKey::from_openssh(secret.trim_ascii_end().as_bytes()) else { return Ok(None) };
    let KeyData::SkEd25519(key) = private.public_key().key_data() else { return Ok(None) };
    let public = PublicKey::fido(key.public_key().0, key.application().as_bytes());
    public.map(Some).map_err(|source| KeyError::Bad { path: path.to_owned(), source })
}

/// A directory that is removed when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn make(scratch: &Path) -> io::Result<Self> {
        private::make_folder(scratch).map_err(io::Error::other)?;
        let path = scratch.join(format!("fido.{}", std::process::id()));
        // A killed process with the same id may have left it.
        let _ = fs::remove_dir_all(&path);
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Has `ssh-keygen` sign a message. The caller must verify the blob.
///
/// # Errors
/// [`KeyError::Token`].
pub(super) fn sign(token: &Token, namespace: &str, message: &[u8]) -> Result<Vec<u8>, KeyError> {
    let Token { path, provider, scratch } = token;
    let failed = |reason: String| KeyError::Token { path: path.clone(), reason };
    let system = |error: io::Error| failed(error.to_string());
    // In a file: ssh-keygen asks for a PIN only if its standard input is the terminal.
    let folder = Folder::make(scratch).map_err(system)?;
    let file = folder.0.join("message");
    fs::write(&file, message).map_err(system)?;
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-Y", "sign", "-n", namespace, "-f"]).arg(path).arg(&file).stdout(Stdio::null());
    provider.iter().for_each(|provider| _ = command.env(PROVIDER, provider));
    let status = command.status().map_err(system)?;
    let signature = fs::read_to_string(file.with_extension("sig")).ok().filter(|_| status.success());
    let blob = signature.as_deref().and_then(sshsig::read_armor);
    blob.ok_or_else(|| failed(tr!("it made no signature", "它没有生成签名").to_owned()))
}
