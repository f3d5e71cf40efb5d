//! Which register a file is, and whether what this account remembers of it may be excused.
//!
//! [`identify`] compares a file with the registers that this account knows. [`Identity::admit`] says whether it is the
//! register that was asked for, and [`Identity::excuse`] whether it may lack entries that this account verified. Both
//! refuse by default: each exception is one named arm. A byte of the file never makes an exception by itself, because
//! the adversary can write it: the mark of a backup counts only for a file that the user named by another path.

use std::path::{Path, PathBuf};

use crate::config::{Known, KnownRegisters};
use crate::domain::{Digest, Event, Predecessor, RegisterId};
use crate::error::Error;
use crate::format::{Raw, entry};
use crate::store::{Excuse, SharedFile};

/// The register that a user asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// A known name or a path, as given.
    pub name: String,
    /// The path that this leads to.
    pub path: PathBuf,
    /// The fingerprint, if the user gave it.
    pub fingerprint: Option<Digest>,
}

/// What a register is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Reading and recording.
    Use,
    /// Going on after a restoration, or recovering what it lost.
    Restore,
}

/// How a file relates to the registers that this account knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Relation {
    /// The register is trusted.
    Known,
    /// It was trusted, until another register was accepted in its place.
    Superseded,
    /// It says that it was founded in place of the register that this account knows here.
    Successor(Predecessor),
    /// Nothing is known under this name and path.
    New,
    /// It is not the register with this fingerprint, which was asked for.
    Other(String),
}

/// Where a file stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At the register's known path.
    Home,
    /// Elsewhere, and nothing stands at the known path.
    Moved,
    /// Elsewhere.
    Elsewhere,
}

/// A file, compared with the registers that this account knows.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The leaf hash of entry 0; [`Digest::NONE`] if there is none.
    pub fingerprint: Digest,
    /// How it relates to what is known.
    pub relation: Relation,
    /// Whether this account trusted the fingerprint before.
    pub met: bool,
    given: bool,
    place: Place,
    backup: bool,
}

/// The entries that count for a name or path: each superseded one has a newer one.
fn current<'k>(known: &'k KnownRegisters, name: &str, paths: &[&Path]) -> impl Iterator<Item = &'k Known> {
    known.list().iter().filter(move |it| !it.superseded && (it.name == name || stands_at(it, paths)))
}

fn stands_at(known: &Known, paths: &[&Path]) -> bool {
    let resolved = known.path.canonicalize().ok();
    paths.iter().any(|path| known.path == **path || resolved.as_deref() == Some(*path))
}

/// The fingerprint of a register that this account knows under a name or path that a new register is to have, other
/// than that of `old`, in whose place it is founded.
pub fn taken(known: &KnownRegisters, name: &str, path: &Path, old: Option<Digest>) -> Option<String> {
    let old = old.map(|old| old.to_string());
    current(known, name, &[path]).map(|it| &it.fingerprint).find(|it| Some(*it) != old.as_ref()).cloned()
}

/// Compares a file with the known registers. `first` is entry 0, if the file has one that can be read; it need not be
/// verified.
///
/// A file must be the register that is known under the name or path that was asked for, and under the path that this
/// leads to; and unless it is superseded, the one that is known under the name that it gives itself.
pub fn identify(known: &KnownRegisters, request: &Request, shared: &SharedFile, first: Option<&Raw>) -> Identity {
    let fingerprint = first.map_or(Digest::NONE, Raw::leaf);
    let (id, after) = match first.and_then(|raw| entry::read_body(raw).ok()) {
        Some((header, Event::Init { after, .. })) => (Some(header.register), after),
        Some((header, _)) => (Some(header.register), None),
        None => (None, None),
    };
    let found = fingerprint.to_string();
    let paths = [request.path.as_path(), shared.path()];
    let same: Vec<&Known> = known.list().iter().filter(|it| it.fingerprint == found).collect();
    let superseded = !same.is_empty() && same.iter().all(|it| it.superseded);
    let other = |it: &&Known| it.fingerprint != found;
    let asked = current(known, &request.name, &paths).find(other);
    let own = || current(known, id.as_ref().map(RegisterId::name)?.as_str(), &[]).find(other);
    let expected = asked.or_else(|| if superseded { None } else { own() }).map(|it| it.fingerprint.clone());
    let replaced = |old: &Predecessor| expected.as_ref() == Some(&old.fingerprint.to_string());
    let relation = match (request.fingerprint, expected.clone(), after.filter(replaced)) {
        (Some(given), ..) if given != fingerprint => Relation::Other(given.to_string()),
        (_, Some(_), Some(old)) => Relation::Successor(old),
        (_, Some(expected), None) => Relation::Other(expected),
        (_, None, _) if superseded => Relation::Superseded,
        (_, None, _) if same.is_empty() => Relation::New,
        (_, None, _) => Relation::Known,
    };
    let place = match same.as_slice() {
        known if known.iter().any(|it| stands_at(it, &paths)) => Place::Home,
        known if !known.iter().any(|it| it.path.exists()) => Place::Moved,
        _ => Place::Elsewhere,
    };
    let (met, given, backup) = (!same.is_empty(), request.fingerprint.is_some(), shared.is_backup());
    Identity { fingerprint, relation, met, given, place, backup }
}

impl Identity {
    /// The fingerprint that was expected, if the file is not the register that was asked for.
    pub fn expected(&self) -> Option<String> {
        match &self.relation {
            Relation::Other(expected) => Some(expected.clone()),
            Relation::Successor(old) if !self.given => Some(old.fingerprint.to_string()),
            Relation::Known | Relation::Superseded | Relation::New | Relation::Successor(_) => None,
        }
    }

    /// The register that this one replaces, once the user said so by giving the new fingerprint.
    pub fn in_place_of(&self) -> Option<Digest> {
        match &self.relation {
            Relation::Successor(old) if self.given => Some(old.fingerprint),
            _ => None,
        }
    }

    /// Whether the file is the register that was asked for. `verified` returns up to which entry this account verified a
    /// register, for the message about a successor.
    ///
    /// # Errors
    /// [`Error::WrongFingerprint`], [`Error::Successor`].
    pub fn admit(&self, verified: impl FnOnce(Digest) -> Option<u64>) -> Result<(), Error> {
        let found = self.fingerprint;
        match (&self.relation, self.expected()) {
            (_, None) => Ok(()),
            (Relation::Successor(old), Some(_)) => {
                Err(Error::Successor { verified: verified(old.fingerprint), old: Box::new(old.clone()), found })
            }
            (_, Some(expected)) => Err(Error::WrongFingerprint { found, expected }),
        }
    }

    /// Why the file may lack what this account remembers of the register.
    pub fn excuse(&self, purpose: Purpose) -> Excuse {
        match (self.backup, self.place, purpose) {
            // A backup is older than the register, and is no register. The user asked for that file by its own path.
            (true, Place::Elsewhere | Place::Moved, _) => Excuse::EarlierBackup,
            // In the register's place it is a rollback, whatever the file says of itself.
            (true, Place::Home, _) => Excuse::None,
            // An auditor may read what was replaced, by its path; nothing is recorded in it any more.
            (false, ..) if self.relation == Relation::Superseded => Excuse::Superseded,
            // Two admins say in the log itself what a restoration lost.
            (false, Place::Home | Place::Moved, Purpose::Use) => Excuse::AgreedRestoration,
            (false, Place::Home | Place::Moved, Purpose::Restore) => Excuse::PendingRestoration,
            (false, Place::Elsewhere, Purpose::Restore) => Excuse::Drill,
            (false, Place::Elsewhere, Purpose::Use) => Excuse::None,
        }
    }
}
