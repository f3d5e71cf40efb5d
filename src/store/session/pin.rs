//! The pin: what this account remembers of a register, in a small file of its own.
//!
//! ```text
//! fingerprint 9b1e…       the leaf hash of entry 0
//! head 812 77ab…          the newest entry that was verified, and its leaf hash
//! verified 2026-12-01T09:30:05Z
//! restored 853 12e0…      the latest entry that carried a restoration from a cache; absent where there was none
//! ```

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::StoreError;
use crate::domain::{Digest, Head, Time};

/// What is remembered of a register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pin {
    /// The leaf hash of entry 0.
    pub fingerprint: Digest,
    /// The newest entry that was verified.
    pub head: Head,
    /// When it was.
    pub verified: Time,
    /// The latest entry up to there that carried a restoration from a cache.
    pub restored: Option<Head>,
}

impl Pin {
    fn write(&self) -> String {
        let Self { fingerprint, head, verified, restored } = self;
        let restored = restored.map_or(String::new(), |it| format!("restored {it}\n"));
        format!("fingerprint {fingerprint}\nhead {head}\nverified {verified}\n{restored}")
    }

    /// The pin in a text, or the line, from 1, at which it stops being one.
    fn read(text: &str) -> Result<Self, usize> {
        let mut lines = text.lines();
        let mut value = |key: &str| lines.next().and_then(|line| line.strip_prefix(key)?.strip_prefix(' '));
        let fingerprint = value("fingerprint").and_then(|it| it.parse().ok()).ok_or(1usize)?;
        let head = value("head").and_then(|it| it.parse::<Head>().ok()).ok_or(2usize)?;
        let verified = value("verified").and_then(|it| it.parse().ok()).ok_or(3usize)?;
        let restored = value("restored").map(|it| it.parse().map_err(|_| 4usize)).transpose()?;
        let pin = Self { fingerprint, head, verified, restored };
        if head.seq == 0 && head.leaf != fingerprint {
            return Err(2);
        }
        if pin.write() == text { Ok(pin) } else { Err(4) }
    }
}

/// Where a pin is kept; the one before it stays beside it as `pin.previous`.
#[derive(Debug, Clone)]
pub struct PinFile {
    path: PathBuf,
}

impl PinFile {
    /// The pin in an account's folder for a register.
    pub fn in_folder(folder: &Path) -> Self {
        Self { path: folder.join("pin") }
    }

    /// Reads it, for the register with this fingerprint; none where there is none yet.
    ///
    /// # Errors
    /// [`StoreError::PinUnreadable`] for a damaged one: it is never passed over in silence.
    pub fn read(&self, fingerprint: Digest) -> Result<Option<Pin>, StoreError> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => String::new(),
            Err(error) => return Err(StoreError::io("read the pin", &self.path)(error)),
        };
        let pin = Pin::read(&text).and_then(|pin| if pin.fingerprint == fingerprint { Ok(pin) } else { Err(1) });
        pin.map(Some).map_err(|line| StoreError::PinUnreadable { path: self.path.clone(), line })
    }

    /// Moves it forward, and says where it stands: another process of this account may have moved it further.
    ///
    /// # Errors
    /// As [`PinFile::read`] and `PinFile::write`.
    pub fn advance(&self, pin: Pin) -> Result<Pin, StoreError> {
        let _turn = self.turn()?;
        match self.read(pin.fingerprint)? {
            Some(further) if further.head.seq >= pin.head.seq => Ok(further),
            _ => self.write(&pin).map(|()| pin),
        }
    }

    /// Puts another in its place, further on or not, where it still is the one that was read.
    ///
    /// # Errors
    /// As [`PinFile::read`] and `PinFile::write`.
    pub fn replace(&self, old: Option<Pin>, pin: Pin) -> Result<Pin, StoreError> {
        let _turn = self.turn()?;
        match self.read(pin.fingerprint)? {
            Some(other) if Some(other) != old => Ok(other),
            _ => self.write(&pin).map(|()| pin),
        }
    }

    /// Processes of one account take turns.
    fn turn(&self) -> Result<fs::File, StoreError> {
        let turn = fs::File::create(self.path.with_extension("lock")).and_then(|file| file.lock().map(|()| file));
        turn.map_err(StoreError::io("lock", &self.path))
    }

    /// Replaces it by rename, durably.
    ///
    /// # Errors
    /// What the system says; the pin before is still there then.
    fn write(&self, pin: &Pin) -> Result<(), StoreError> {
        let failed = || StoreError::io("write the pin", &self.path);
        // Processes of one account take turns: what a killed one left half written is written over.
        let fresh = self.path.with_extension("new");
        let mut options = fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&fresh).map_err(failed())?;
        file.write_all(pin.write().as_bytes()).and_then(|()| file.sync_all()).map_err(failed())?;
        if self.path.exists() {
            fs::copy(&self.path, self.path.with_extension("previous")).map_err(failed())?;
        }
        fs::rename(&fresh, &self.path).map_err(failed())?;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_never_goes_back() {
        let folder = tempfile::tempdir().unwrap();
        let file = PinFile::in_folder(folder.path());
        let leaf = Digest::new([7; 32]);
        let verified = Time::from_unix(0).unwrap();
        let pin = |seq| Pin { fingerprint: leaf, head: Head { seq, leaf }, verified, restored: None };
        assert_eq!(file.advance(pin(4)).unwrap().head.seq, 4);
        assert_eq!(file.advance(pin(3)).unwrap().head.seq, 4);
        assert_eq!(file.read(leaf).unwrap(), Some(pin(4)));
    }

    #[test]
    fn a_damaged_pin_is_not_taken_for_one() {
        let leaf = Digest::new([7; 32]);
        let (head, verified) = (Head { seq: 12, leaf }, Time::from_unix(0).unwrap());
        let pin = Pin { fingerprint: leaf, head, verified, restored: None };
        let restored = Pin { restored: Some(Head { seq: 11, leaf }), ..pin };
        assert_eq!(Pin::read(&restored.write()), Ok(restored));
        assert_eq!(Pin::read(&restored.write().replace("restored 11", "restored 011")), Err(4));
        let text = pin.write();
        assert_eq!(Pin::read(&text), Ok(pin));
        assert_eq!(Pin::read(&format!("{text}more 1\n")), Err(4));
        assert_eq!(Pin::read(""), Err(1));
        assert_eq!(Pin::read(&text.replace("head 12", "head 012")), Err(2));
        assert_eq!(Pin::read(&text.replace("Z\n", "Z")), Err(4));
        assert_eq!(Pin::read(&text[..text.len() - 8]), Err(3));
    }
}
