//! Signed notes as C2SP specifies them (<https://c2sp.org/signed-note>), with Ed25519 signatures only.
//!
//! A note is a text, an empty line, and a line for each signature:
//!
//! ```text
//! prod#3f9c…                                 (the text: lines, each ended by LF)
//!
//! — prod#3f9c… fX0kQ…                        (em dash, key name, base64 of key id ‖ signature)
//! ```
//!
//! - The note is UTF-8 without control characters below U+0020 other than LF. The last empty line ends the text. The
//!   signatures are over the text, its last LF included, without the empty line.
//! - A key name is not empty, and has neither white space nor `+`. Several keys may sign under one name.
//! - The key id is the first four bytes of SHA-256(key name ‖ LF ‖ 0x01 ‖ the 32 bytes of the Ed25519 key). It is a hint
//!   about which key to try: anybody can make a key with the id of another.
//! - A signature by an unknown key is ignored. One by a known key MUST verify, or the whole note is refused.
//!
//! What reads a note MUST ignore its text until a known key has signed it.

use std::fmt;

use data_encoding::BASE64;
use sha2::{Digest as _, Sha256};

use super::Keys;
use crate::domain::{PublicKey, RegisterId};
use crate::{tr, trf};

/// The most bytes in a note: 16 post-quantum signatures, which every reader must accept, and as much again.
pub const MAX_NOTE: usize = 256 * 1024;

/// The most signatures in a note.
pub const MAX_SIGNATURES: usize = 100;

/// The type of a signature as this module makes and verifies them.
const ED25519: u8 = 1;

/// What begins the line of a signature.
const DASH: &str = "\u{2014} ";

/// Why bytes are not a note, or not one that a known key signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// A note over its size limit.
    #[error("{}", trf!("{bytes} bytes; a signed note has at most {most}", "{bytes} 字节；签名文本至多 {most} 字节"))]
    TooLarge {
        /// Size in bytes.
        bytes: usize,
        /// The limit in bytes.
        most: usize,
    },
    /// Bytes that are not UTF-8.
    #[error("{}", tr!("not valid UTF-8", "不是有效的 UTF-8"))]
    Utf8,
    /// A control character.
    #[error("{}", trf!("forbidden character {found:?}", "含有不允许的字符 {found:?}"))]
    Character {
        /// The first one found.
        found: char,
    },
    /// No text, empty line and signature lines.
    #[error("{}", tr!(
        "not a signed note: no empty line with signatures after it", "不是签名文本：没有空行及其后的签名"
    ))]
    Form,
    /// A line that is not a signature.
    #[error("{}", trf!("signature line {} is malformed", "第 {} 行签名格式错误", .0))]
    Line(
        /// Its number among the signatures, from 1.
        usize,
    ),
    /// More signatures than are read.
    #[error("{}", trf!("more than {most} signatures", "签名超过 {most} 个"))]
    TooMany {
        /// The limit.
        most: usize,
    },
    /// A signature in the name of a known key that the key did not make.
    #[error("{}", trf!("signature line {} does not verify", "第 {} 行签名未通过核验", .0))]
    Forged(
        /// Its number among the signatures, from 1.
        usize,
    ),
    /// No signature by a known key.
    #[error("{}", tr!("no enrolled key signed it", "没有任何已登记的密钥为其签名"))]
    Unsigned,
}

/// A line with a signature, not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    name: String,
    key_id: u32,
    signature: Vec<u8>,
}

impl NoteSignature {
    /// The signature of a key, under a register's id as key name.
    pub fn of_register(register: &RegisterId, key: &PublicKey, signature: &[u8; 64]) -> Self {
        let name = register.to_string();
        Self { key_id: key_id(&name, key), name, signature: signature.to_vec() }
    }

    fn read(line: &str) -> Option<Self> {
        let (name, base64) = line.strip_prefix(DASH)?.split_once(' ')?;
        let bytes = BASE64.decode(base64.as_bytes()).ok()?;
        let (key_id, signature) = bytes.split_first_chunk()?;
        let read = Self { name: name.to_owned(), key_id: u32::from_be_bytes(*key_id), signature: signature.to_vec() };
        // Padding within base64 is another spelling of the same bytes.
        (is_name(name) && !signature.is_empty() && read.to_string() == line).then_some(read)
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.key_id.to_be_bytes()[..], &self.signature].concat();
        write!(f, "{DASH}{} {}", self.name, BASE64.encode(&bytes))
    }
}

/// A note: a text and its signatures, none of which is verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl Note {
    /// Decodes a note. Its text proves nothing before [`Note::signers`].
    ///
    /// # Errors
    /// Every [`NoteError`] but [`NoteError::Forged`] and [`NoteError::Unsigned`].
    pub fn read(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_NOTE {
            return Err(NoteError::TooLarge { bytes: bytes.len(), most: MAX_NOTE });
        }
        let note = str::from_utf8(bytes).map_err(|_| NoteError::Utf8)?;
        if let Some(found) = note.chars().find(|c| *c < ' ' && *c != '\n') {
            return Err(NoteError::Character { found });
        }
        let end = note.rfind("\n\n").ok_or(NoteError::Form)?;
        let (text, lines) = (&note[..=end], &note[end + 2..]);
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Form)?;
        if lines.split('\n').count() > MAX_SIGNATURES {
            return Err(NoteError::TooMany { most: MAX_SIGNATURES });
        }
        let read = |(number, line)| NoteSignature::read(line).ok_or(NoteError::Line(number));
        let signatures = (1..).zip(lines.split('\n')).map(read).collect::<Result<_, _>>()?;
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// A note with this text, which must end with LF, and these signatures.
    ///
    /// # Errors
    /// As [`Note::read`] would refuse it.
    pub fn new(text: String, signatures: Vec<NoteSignature>) -> Result<Self, NoteError> {
        let note = Self { text, signatures };
        // A text that could be read in another way is refused.
        if Self::read(note.to_string().as_bytes())? == note { Ok(note) } else { Err(NoteError::Form) }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Those of the known keys that signed the note under a name, in the order of the signatures, each once.
    ///
    /// # Errors
    /// [`NoteError::Forged`] if a signature names a known key and does not verify, [`NoteError::Unsigned`] if none
    /// names a known key.
    pub fn signers(&self, name: &str, known: &[PublicKey]) -> Result<Vec<PublicKey>, NoteError> {
        // A FIDO token signs no note.
        let known = known.iter().filter(|key| key.application().is_none());
        let ids: Vec<(u32, PublicKey)> = known.map(|key| (key_id(name, key), *key)).collect();
        let (keys, mut signers) = (Keys::default(), Vec::new());
        for (number, line) in (1..).zip(&self.signatures).filter(|(_, line)| line.name == name) {
            // Two known keys may have one id, if somebody made a key for that. Either may have signed.
            let mut candidates = ids.iter().filter(|(id, _)| *id == line.key_id).map(|(_, key)| *key).peekable();
            if candidates.peek().is_none() {
                continue;
            }
            let verifies = |key: &PublicKey| {
                let signature = line.signature.as_slice().try_into();
                signature.is_ok_and(|it| keys.verify_strict(key.as_bytes(), self.text.as_bytes(), it))
            };
            let signer = candidates.find(verifies).ok_or(NoteError::Forged(number))?;
            if !signers.contains(&signer) {
                signers.push(signer);
            }
        }
        if signers.is_empty() { Err(NoteError::Unsigned) } else { Ok(signers) }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// The id of a key under a name.
pub fn key_id(name: &str, key: &PublicKey) -> u32 {
    let hash = Sha256::new().chain_update(name).chain_update([b'\n', ED25519]).chain_update(key.as_bytes()).finalize();
    u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]])
}

/// A key as tools for signed notes take it (a verifier key, or vkey): name, id, and base64 of type and key.
pub fn verifier_key(name: &str, key: &PublicKey) -> String {
    let typed = [&[ED25519][..], key.as_bytes()].concat();
    format!("{name}+{:08x}+{}", key_id(name, key), BASE64.encode(&typed))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+')
}
