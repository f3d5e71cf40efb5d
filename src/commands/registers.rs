//! The registers that this account knows, and the one that was asked for.

use std::path::{Path, PathBuf};

use super::lookup::parse;
use crate::config::{KnownRegisters, Trusted};
use crate::domain::{Digest, Event, Refusal, RegisterId};
use crate::env::Env;
use crate::error::Error;
use crate::format::{Defect, entry};
use crate::store::{Finding, PinFile, SharedFile, StoreError};
use crate::trust::{self, Identity, Request};

/// Known registers, the name or path that was given, and where this account remembers what it verified.
pub struct Registers {
    known: KnownRegisters,
    named: Option<String>,
    fingerprint: Option<String>,
    state: PathBuf,
}

/// A register's file, and which register it is.
pub struct Found {
    /// The file.
    pub shared: SharedFile,
    /// How it relates to what this account knows.
    pub identity: Identity,
    /// Its identity, by its own word.
    pub id: RegisterId,
}

impl Registers {
    /// Reads the known registers; `named` and `fingerprint` as they were given.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn load(env: &Env, named: Option<String>, fingerprint: Option<String>) -> Result<Self, Error> {
        let state = env.xdg("XDG_STATE_HOME", ".local/state");
        Ok(Self { known: KnownRegisters::load(env)?, named, fingerprint, state })
    }

    /// The registers that this account knows.
    pub fn known(&self) -> &KnownRegisters {
        &self.known
    }

    /// The name or path that was given, or the path of the only known register.
    pub fn named(&self) -> Option<String> {
        self.named.clone().or_else(|| match self.known.list() {
            [only] => Some(only.path.display().to_string()),
            _ => None,
        })
    }

    /// The path of a register: a known name, or a file.
    ///
    /// # Errors
    /// [`Error::UnknownRegister`].
    pub fn path(&self, env: &Env, name: &str) -> Result<PathBuf, Error> {
        if let Some(known) = self.known.by_name(name) {
            return Ok(known.path.clone());
        }
        let path = env.path(Path::new(name));
        let looks_like_a_path = name.contains(['/', '.']) || path.is_file();
        if looks_like_a_path { Ok(path) } else { Err(Error::UnknownRegister { name: name.to_owned() }) }
    }

    /// The register that was asked for.
    ///
    /// # Errors
    /// [`Error::NoRegister`], [`Error::UnknownRegister`], or a fingerprint that is none.
    pub fn request(&self, env: &Env) -> Result<Request, Error> {
        let name = self.named().ok_or(Error::NoRegister)?;
        let fingerprint = self.fingerprint.as_deref().map(parse).transpose()?;
        Ok(Request { path: self.path(env, &name)?, name, fingerprint })
    }

    /// Finds a register and reads its entry 0.
    ///
    /// # Errors
    /// No register, or one whose schema or entry 0 is not as it must be.
    pub fn find(&self, request: &Request) -> Result<Found, Error> {
        let (shared, findings) = SharedFile::open(&request.path, self.scratch())?;
        if let Some(finding) = findings.into_iter().next() {
            return Err(StoreError::Broken(finding).into());
        }
        let missing = || Finding::at(0, Defect::Missing.rule(), "there is no entry 0");
        let raw = shared.entry(0)?.ok_or_else(|| StoreError::Broken(missing()))?;
        let identity = trust::identify(&self.known, request, &shared, Some(&raw));
        // An entry 0 that is trusted was verified before.
        let (header, event) = match identity.met {
            true => entry::read_verified_body(&raw),
            false => entry::open(&raw).map(|entry| (entry.header, entry.event)),
        }
        .map_err(|defect| match defect {
            Defect::Newer { format } => StoreError::Newer { found: format },
            defect => StoreError::defect(0, &defect),
        })?;
        match event {
            Event::Init { .. } => Ok(Found { shared, identity, id: header.register }),
            _ => Err(Refusal::NotFounding.into()),
        }
    }

    /// Trusts a register from now on.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn trust(&mut self, env: &Env, trusted: &Trusted<'_>) -> Result<(), Error> {
        Ok(self.known.trust(env, trusted)?)
    }

    /// Up to which entry this account verified the register with this fingerprint.
    pub fn verified(&self, fingerprint: Digest) -> Option<u64> {
        let pin = PinFile::in_folder(&self.state_folder(fingerprint)).read(fingerprint);
        pin.ok().flatten().map(|pin| pin.head.seq)
    }

    /// The folder of a register's pin and verified cache.
    pub fn state_folder(&self, fingerprint: Digest) -> PathBuf {
        self.state.join(fingerprint.to_string())
    }

    /// A folder of this account for temporary files.
    pub fn scratch(&self) -> &Path {
        &self.state
    }
}
