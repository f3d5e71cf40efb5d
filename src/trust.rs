//! Decides which register a file holds, and whether the file may lack entries that this account verified.
//!
//! [`identify`] compares a file with the registers that this account trusts. [`Identity::admit`] checks that it is the
//! register that the user asked for. [`Identity::excuse`] decides whether it may lack verified entries. Both refuse by
//! default, and each exception is one named arm. The content of the file never makes an exception by itself, because an
//! attacker can write it: a file marked as a backup counts as one only at a path other than the register's own.

use std::path::{Path, PathBuf};

use crate::config::{Known, KnownRegisters};
use crate::domain::{Digest, Event, Predecessor, RegisterId};
use crate::error::{Error, RegisterError};
use crate::format::{Raw, entry};
use crate::store::{Excuse, Home, SharedStore, Site, has_moved, is_one_file, is_one_place, is_server, leads_to};

/// The register that a user asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// A trusted register's name or a path, as the user gave it.
    pub name: String,
    /// The path that the name resolves to, or the address of a server.
    pub path: PathBuf,
    /// The fingerprint, if the user gave it.
    pub fingerprint: Option<Digest>,
}

impl Request {
    /// What is kept of where the register is: the path as the user gave it, or the address with the name of the register.
    pub fn place<'a>(&'a self, shared: &'a dyn SharedStore) -> &'a Path {
        if is_server(&self.path) { shared.place() } else { &self.path }
    }
}

/// What a register is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Reading and recording.
    Use,
    /// Proposing or seconding a restoration, or recovering the entries that were lost.
    Restore,
}

/// How a file relates to the registers that this account trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Relation {
    /// This account trusts the register.
    Known,
    /// This account trusted the register, and accepted a successor since.
    Superseded,
    /// Entry 0 names a register that this account trusts as its predecessor.
    Successor(Predecessor),
    /// This account trusts no register under this name or path.
    New,
    /// The file is another register than expected; the expected fingerprint.
    Other(String),
}

/// Entry 0 of a file, verified or not.
#[derive(Debug, Clone, Copy)]
pub enum First<'r> {
    /// The entry.
    Entry(&'r Raw),
    /// The log does not have it.
    Missing,
    /// The file is damaged where it should be. That does not make the file another register than expected.
    Unreadable,
}

impl<'r> First<'r> {
    /// What reading entry 0 found; `None` if it could not be read.
    pub fn of(read: Option<&'r Option<Raw>>) -> Self {
        match read {
            Some(Some(raw)) => Self::Entry(raw),
            Some(None) => Self::Missing,
            None => Self::Unreadable,
        }
    }
}

/// The location of a file compared with the path in `registers.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At that path.
    Home,
    /// At another path, there is no file at that path, and the user confirmed the move with the fingerprint.
    Moved,
    /// At another path.
    Elsewhere,
}

/// The result of comparing a file with the registers that this account trusts.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The leaf hash of entry 0, or what it should be; [`Digest::NONE`] if neither is known.
    pub fingerprint: Digest,
    /// How the file relates to the trusted registers.
    pub relation: Relation,
    /// Whether the fingerprint is in `registers.toml`, superseded or not.
    pub met: bool,
    given: bool,
    place: Place,
    backup: bool,
}

/// The trusted registers with this name or one of these paths, without superseded ones.
fn current<'k>(known: &'k KnownRegisters, name: &str, paths: &[&Path]) -> impl Iterator<Item = &'k Known> {
    known.list().iter().filter(move |it| !it.superseded && (it.name == name || has_path(it, paths)))
}

fn has_path(known: &Known, paths: &[&Path]) -> bool {
    paths
        .iter()
        .any(|path| known.path == **path || known.file == **path || is_server(path) && is_one_place(&known.file, path))
}

/// The trusted registers to which the address of a server leads, whether they are still there or not.
pub fn led_to<'k>(known: &'k KnownRegisters, path: &Path) -> impl Iterator<Item = &'k Known> {
    known.list().iter().filter(move |it| !it.superseded && leads_to(path, &it.file))
}

/// Whether a path leads to the file of a trusted register, so that the register is read where it is. A link that was
/// put at the register's path leads to another file.
pub fn site(known: &KnownRegisters, path: &Path) -> Site {
    let Ok(resolved) = path.canonicalize() else { return Site::Elsewhere };
    let known = known.list().iter().any(|it| !it.superseded && is_its_file(it, &resolved));
    if known { Site::Register } else { Site::Elsewhere }
}

/// Whether this is the path of the register's file, without links, or another path of the same file; or the address of
/// its server.
fn is_its_file(known: &Known, resolved: &Path) -> bool {
    if is_server(resolved) || is_server(&known.file) {
        return is_one_place(&known.file, resolved);
    }
    let in_place = || known.file.canonicalize().is_ok_and(|file| file == known.file);
    known.file == *resolved || in_place() && is_one_file(&known.file, resolved)
}

/// Whether a register is no longer at its place, so that it may have moved to another one; its mark says so only to whoever
/// gives the new place and the fingerprint. Nobody can tell whether a server that does not answer is gone for good.
fn is_gone(known: &Known, home: &Home) -> bool {
    let gone = !is_server(&known.file) && !known.file.try_exists().unwrap_or(true);
    gone || has_moved(&known.file, home)
}

/// Returns a trusted register that already has the name or path of a new one. `old`, the register
/// that the new one replaces, does not count.
pub fn taken<'k>(known: &'k KnownRegisters, name: &str, path: &Path, old: Option<Digest>) -> Option<&'k Known> {
    let old = old.map(|old| old.to_string());
    current(known, name, &[path]).find(|it| Some(&it.fingerprint) != old.as_ref())
}

/// Compares a file with the trusted registers.
///
/// The file must be the register that is trusted under the requested name or path, and under the path that the request
/// resolves to. Unless it is superseded, it must also be the register that is trusted under the name in its entry 0.
pub fn identify(
    (known, home): (&KnownRegisters, &Home),
    request: &Request,
    shared: &dyn SharedStore,
    first: First<'_>,
) -> Identity {
    let paths = [request.path.as_path(), shared.place()];
    let expected_here = || current(known, &request.name, &paths).find_map(|it| it.fingerprint.parse().ok());
    let (fingerprint, body) = match first {
        First::Entry(raw) => (raw.leaf(), entry::read_body(raw).ok()),
        First::Missing => (Digest::NONE, None),
        First::Unreadable => (request.fingerprint.or_else(expected_here).unwrap_or(Digest::NONE), None),
    };
    let (id, after) = match body {
        Some((header, Event::Init { after, .. })) => (Some(header.register), after),
        Some((header, _)) => (Some(header.register), None),
        None => (None, None),
    };
    let found = fingerprint.to_string();
    let same: Vec<&Known> = known.list().iter().filter(|it| it.fingerprint == found).collect();
    let superseded = !same.is_empty() && same.iter().all(|it| it.superseded);
    let other = |it: &&Known| it.fingerprint != found;
    // An address may name no register. If one is there, it must still be one that this account knows there.
    let replaced = || led_to(known, &request.path).next().filter(|_| led_to(known, &request.path).all(|it| other(&it)));
    let asked = current(known, &request.name, &paths).find(other).or_else(replaced);
    let own = || current(known, id.as_ref().map(RegisterId::name)?.as_str(), &[]).find(other);
    let expected = asked.or_else(|| if superseded { None } else { own() }).map(|it| it.fingerprint.clone());
    // The name and the path of a successor do not matter: the old register must not be used beside it.
    let replaces = |old: &Predecessor| {
        let old = old.fingerprint.to_string();
        let trusted = known.list().iter().any(|it| !it.superseded && it.fingerprint == old);
        trusted && expected.as_ref().is_none_or(|expected| *expected == old)
    };
    let relation = match (request.fingerprint, expected.clone(), after.filter(replaces)) {
        (Some(given), ..) if given != fingerprint => Relation::Other(given.to_string()),
        (_, Some(_), Some(old)) => Relation::Successor(old),
        (_, Some(expected), None) => Relation::Other(expected),
        (_, None, _) if superseded => Relation::Superseded,
        (_, None, Some(old)) if same.is_empty() => Relation::Successor(old),
        (_, None, _) if same.is_empty() => Relation::New,
        (_, None, _) => Relation::Known,
    };
    let (met, given, backup) = (!same.is_empty(), request.fingerprint.is_some(), shared.is_backup());
    let gone = |known: &[&Known]| known.iter().all(|it| is_gone(it, home));
    let place = match same.as_slice() {
        known if known.iter().any(|it| is_its_file(it, shared.place())) => Place::Home,
        [] => Place::Moved,
        // The register may be away for a moment only: then this is a copy.
        known if given && gone(known) => Place::Moved,
        _ => Place::Elsewhere,
    };
    Identity { fingerprint, relation, met, given, place, backup }
}

impl Identity {
    /// Whether the user says that the register, which is trusted, has moved to this path for good.
    pub fn has_moved(&self) -> bool {
        self.met && self.relation == Relation::Known && self.place == Place::Moved && !self.backup
    }

    /// The expected fingerprint, if the file is not the register that the user asked for.
    pub fn expected(&self) -> Option<String> {
        match &self.relation {
            Relation::Other(expected) => Some(expected.clone()),
            Relation::Successor(old) if !self.given => Some(old.fingerprint.to_string()),
            Relation::Known | Relation::Superseded | Relation::New | Relation::Successor(_) => None,
        }
    }

    /// The fingerprint of the register that this one replaces, if the user accepted that with `--fingerprint`.
    pub fn in_place_of(&self) -> Option<Digest> {
        match &self.relation {
            Relation::Successor(old) if self.given => Some(old.fingerprint),
            _ => None,
        }
    }

    /// Checks that the file is the register that the user asked for. `verified` returns the newest entry that this
    /// account verified of a register, for the message about a successor.
    ///
    /// # Errors
    /// [`RegisterError::WrongFingerprint`], [`RegisterError::Successor`].
    pub fn admit(&self, verified: impl FnOnce(Digest) -> Option<u64>) -> Result<(), Error> {
        let found = self.fingerprint;
        match (&self.relation, self.expected()) {
            (_, None) => Ok(()),
            (Relation::Successor(old), Some(_)) => Err(Error::Register(RegisterError::Successor {
                verified: verified(old.fingerprint),
                old: Box::new(old.clone()),
                found,
            })),
            (_, Some(expected)) => Err(Error::Register(RegisterError::WrongFingerprint { found, expected })),
        }
    }

    /// Whether the file is the register itself at its own place, where it may be written. A register that is met for the
    /// first time is at its place.
    pub fn is_itself(&self) -> bool {
        !self.backup && self.place != Place::Elsewhere && self.relation != Relation::Superseded
    }

    /// The reason why the file may lack entries that this account verified.
    pub fn excuse(&self, purpose: Purpose) -> Excuse {
        match (self.backup, self.place, purpose) {
            // A backup is older than its register and read-only, and the user gave its own path.
            (true, Place::Elsewhere | Place::Moved, _) => Excuse::EarlierBackup,
            // At the register's path, a backup is a rollback of the register.
            (true, Place::Home, _) => Excuse::None,
            // An auditor may still read a superseded register by its path.
            (false, ..) if self.relation == Relation::Superseded => Excuse::Superseded,
            // A seconded proposal in the log itself names the entries that a restoration lost.
            (false, Place::Home | Place::Moved, Purpose::Use) => Excuse::AgreedRestoration,
            (false, Place::Home | Place::Moved, Purpose::Restore) => Excuse::PendingRestoration,
            // The register itself is at its own path. What somebody records in a copy, such as a restoration that was
            // only practised, must not count for it.
            (false, Place::Elsewhere, _) => Excuse::Copy,
        }
    }
}
