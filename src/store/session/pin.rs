//! The pin: a small file in which this account remembers the newest verified entry of a register.
//!
//! ```text
//! fingerprint 9b1e…       the leaf hash of entry 0
//! head 853 77ab…          the newest verified entry, and its leaf hash
//! verified 2026-12-01T09:30:05Z
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use super::StoreError;
use crate::domain::{Digest, Head, Time};
use crate::private::{self, Owner, PrivateError};

/// The content of a pin file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pin {
    /// The leaf hash of entry 0.
    pub fingerprint: Digest,
    /// The newest verified entry.
    pub head: Head,
    /// When `head` was verified.
    pub verified: Time,
}

impl Pin {
    fn write(&self) -> String {
        let Self { fingerprint, head, verified } = self;
        format!("fingerprint {fingerprint}\nhead {head}\nverified {verified}\n")
    }

    /// Parses a pin. The error is the number of the first invalid line, counted from 1.
    fn read(text: &str) -> Result<Self, usize> {
        let mut lines = text.lines();
        let mut value = |key: &str| lines.next().and_then(|line| line.strip_prefix(key)?.strip_prefix(' '));
        let fingerprint = value("fingerprint").and_then(|it| it.parse().ok()).ok_or(1usize)?;
        let head = value("head").and_then(|it| it.parse::<Head>().ok()).ok_or(2usize)?;
        let verified = value("verified").and_then(|it| it.parse().ok()).ok_or(3usize)?;
        let pin = Self { fingerprint, head, verified };
        if head.seq == 0 && head.leaf != fingerprint {
            return Err(2);
        }
        if pin.write() == text { Ok(pin) } else { Err(4) }
    }
}

/// The file that a pin is stored in. In the same folder, `pin.previous` is the pin before the last change, and `pin.first`
/// the one of the first contact.
#[derive(Debug, Clone)]
pub struct PinFile {
    path: PathBuf,
}

impl PinFile {
    /// The file `pin` in the folder that this account has for a register.
    pub fn in_folder(folder: &Path) -> Self {
        Self { path: folder.join("pin") }
    }

    /// Reads the pin of the register with this fingerprint; `None` if the file does not exist.
    ///
    /// # Errors
    /// [`StoreError::PinUnreadable`] if the pin is damaged or of another register; an I/O error.
    pub fn read(&self, fingerprint: Digest) -> Result<Option<Pin>, StoreError> {
        let text = match private::read(&self.path, Owner::Me) {
            Ok(Some(text)) => text,
            Ok(None) => return Ok(None),
            Err(PrivateError::Io { source, .. }) if source.kind() == std::io::ErrorKind::InvalidData => String::new(),
            Err(error) => return Err(error.into()),
        };
        let pin = Pin::read(&text).and_then(|pin| if pin.fingerprint == fingerprint { Ok(pin) } else { Err(1) });
        pin.map(Some).map_err(|line| StoreError::PinUnreadable { path: self.path.clone(), line })
    }

    /// The pin of the first contact; `None` if there is none of this register.
    ///
    /// # Errors
    /// An I/O error.
    pub fn first(&self, fingerprint: Digest) -> Result<Option<Pin>, StoreError> {
        let text = private::read(&self.path.with_extension("first"), Owner::Me)?;
        Ok(text.and_then(|text| Pin::read(&text).ok()).filter(|pin| pin.fingerprint == fingerprint))
    }

    /// Advances the pin and returns it. If another process of this account advanced it further, returns that pin.
    ///
    /// # Errors
    /// As [`PinFile::read`] and `PinFile::write`.
    pub fn advance(&self, pin: Pin) -> Result<Pin, StoreError> {
        let _lock = self.lock()?;
        match self.read(pin.fingerprint)? {
            Some(further) if further.head.seq >= pin.head.seq => Ok(further),
            _ => self.write(&pin).map(|()| pin),
        }
    }

    /// Replaces the pin, even with an earlier entry, and returns it. If the pin is no longer `old`, returns the current
    /// pin and writes nothing.
    ///
    /// # Errors
    /// As [`PinFile::read`] and `PinFile::write`.
    pub fn replace(&self, old: Option<Pin>, pin: Pin) -> Result<Pin, StoreError> {
        let _lock = self.lock()?;
        match self.read(pin.fingerprint)? {
            Some(other) if Some(other) != old => Ok(other),
            _ => self.write(&pin).map(|()| pin),
        }
    }

    /// Excludes other processes of this account until the result is dropped.
    fn lock(&self) -> Result<fs::File, StoreError> {
        Ok(private::lock(&self.path.with_extension("lock"))?)
    }

    /// Replaces the file, and keeps the old one beside it.
    ///
    /// # Errors
    /// [`StoreError::Private`].
    fn write(&self, pin: &Pin) -> Result<(), StoreError> {
        match private::read(&self.path, Owner::Me)? {
            Some(old) => private::replace(&self.path.with_extension("previous"), &old)?,
            None => private::replace(&self.path.with_extension("first"), &pin.write())?,
        }
        Ok(private::replace(&self.path, &pin.write())?)
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
        let pin = |seq| Pin { fingerprint: leaf, head: Head { seq, leaf }, verified };
        assert_eq!(file.advance(pin(4)).unwrap().head.seq, 4);
        assert_eq!(file.advance(pin(3)).unwrap().head.seq, 4);
        assert_eq!(file.read(leaf).unwrap(), Some(pin(4)));
    }

    #[test]
    fn a_damaged_pin_is_refused() {
        let leaf = Digest::new([7; 32]);
        let (head, verified) = (Head { seq: 12, leaf }, Time::from_unix(0).unwrap());
        let pin = Pin { fingerprint: leaf, head, verified };
        let text = pin.write();
        assert_eq!(Pin::read(&text), Ok(pin));
        assert_eq!(Pin::read(&format!("{text}more 1\n")), Err(4));
        assert_eq!(Pin::read(""), Err(1));
        assert_eq!(Pin::read(&text.replace("head 12", "head 012")), Err(2));
        assert_eq!(Pin::read(&text.replace("Z\n", "Z")), Err(4));
        assert_eq!(Pin::read(&text[..text.len() - 8]), Err(3));
    }
}
