//! The registers that this account knows, and the one that the command names.

use std::path::{Path, PathBuf};

use super::lookup::parse;
use crate::config::{KnownRegisters, Trusted};
use crate::domain::{Digest, Event, Refusal, RegisterId};
use crate::env::Env;
use crate::error::{Error, RegisterError};
use crate::format::{Defect, entry};
use crate::private;
use crate::store::{
    self, Finding, Home, PinFile, PrivateCopy, SharedStore, StoreError, is_one_file, is_server, leads_to,
};
use crate::trust::{self, First, Identity, Request};
use crate::{tr, trf};

/// The known registers, the name or path given, and the folder of pins and caches.
pub struct Registers {
    known: KnownRegisters,
    named: Option<String>,
    fingerprint: Option<String>,
    state: PathBuf,
    home: Home,
}

/// A register, and which one it is.
pub struct Found {
    /// Where its log is.
    pub shared: Box<dyn SharedStore>,
    /// How the file relates to the registers that this account knows.
    pub identity: Identity,
    /// The register id in its entry 0.
    pub id: RegisterId,
}

impl Registers {
    /// Reads the known registers. `named`, `fingerprint` and `replica` are the values of the global options.
    ///
    /// # Errors
    /// The list of known registers cannot be read, or others may write this account's directory.
    pub fn load(env: &Env, named: Option<String>, fingerprint: Option<String>, replica: bool) -> Result<Self, Error> {
        let state = env.xdg("XDG_STATE_HOME", ".local/state");
        private::check_folder(&state).map_err(StoreError::from)?;
        PrivateCopy::clear(&state);
        Ok(Self { known: KnownRegisters::load(env)?, named, fingerprint, state, home: home(env, replica) })
    }

    pub fn known(&self) -> &KnownRegisters {
        &self.known
    }

    /// The known registers, and what a server is connected with.
    pub fn known_at_home(&self) -> (&KnownRegisters, &Home) {
        (&self.known, &self.home)
    }

    /// The name or path that was given, or the path of the only known register that is not superseded.
    pub fn named(&self) -> Option<String> {
        let mut current = self.known.list().iter().filter(|it| !it.superseded);
        self.named.clone().or_else(|| match (current.next(), current.next()) {
            (Some(only), None) => Some(only.path.display().to_string()),
            _ => None,
        })
    }

    /// Makes this the register that the command names.
    pub fn name(&mut self, given: String) {
        self.named = Some(given);
    }

    /// The error if no register is named, with the names of those that this account knows.
    pub fn no_register(&self) -> Error {
        let known = self.known.list().iter().filter(|it| !it.superseded);
        Error::Register(RegisterError::NotNamed(known.map(|it| it.name.clone()).collect()))
    }

    /// The place of a register given by its known name, its path, or the address of a server.
    ///
    /// # Errors
    /// [`RegisterError::Unknown`], [`RegisterError::Ambiguous`]; the address is invalid.
    pub fn path(&self, env: &Env, name: &str) -> Result<PathBuf, Error> {
        let path = place(env, Path::new(name))?;
        if is_server(&path) {
            return Ok(path);
        }
        if let Some(known) = self.known.by_name(name) {
            // A register can be named like a file of another one.
            return match path.is_file() && !is_one_file(&path, &known.path) {
                true => {
                    Err(Error::Register(RegisterError::Ambiguous { name: name.to_owned(), known: known.path.clone() }))
                }
                false => Ok(known.path.clone()),
            };
        }
        let looks_like_a_path = name.contains(['/', '.']) || path.is_file();
        if looks_like_a_path {
            Ok(path)
        } else {
            Err(Error::Register(RegisterError::Unknown { name: name.to_owned() }))
        }
    }

    /// The fingerprint of the register that the command names, if this account trusts it. Its file is not opened.
    ///
    /// # Errors
    /// As [`Registers::path`]; [`RegisterError::Unknown`] if it is not trusted, or an address leads to several.
    pub fn remembered(&self, env: &Env) -> Result<Digest, Error> {
        let name = self.named().ok_or_else(|| self.no_register())?;
        let path = self.path(env, &name)?;
        let current = self.known.list().iter().filter(|it| !it.superseded);
        let mut named = current.filter(|it| it.path == path || it.file == path || leads_to(&path, &it.file));
        match (named.next(), named.next()) {
            (Some(only), None) => parse(&only.fingerprint),
            _ => Err(Error::Register(RegisterError::Unknown { name })),
        }
    }

    /// The fingerprint that was given, if any.
    ///
    /// # Errors
    /// [`Error::Value`].
    pub fn fingerprint(&self) -> Result<Option<Digest>, Error> {
        self.fingerprint.as_deref().map(parse).transpose()
    }

    /// The register that the command names.
    ///
    /// # Errors
    /// [`RegisterError::NotNamed`], [`RegisterError::Unknown`], or the given fingerprint is malformed.
    pub fn request(&self, env: &Env) -> Result<Request, Error> {
        let name = self.named().ok_or_else(|| self.no_register())?;
        let fingerprint = self.fingerprint()?;
        let path = self.path(env, &name)?;
        check_utf8(&path)?;
        Ok(Request { path, name, fingerprint })
    }

    /// Opens a register. Of a file that is not at the path of a known register, a private copy is read.
    ///
    /// # Errors
    /// As [`store::open`].
    pub fn open(&self, request: &Request) -> Result<(Box<dyn SharedStore>, Vec<Finding>), StoreError> {
        let opened = store::open(&request.path, trust::site(&self.known, &request.path), self.scratch(), &self.home);
        match (&opened, trust::led_to(&self.known, &request.path).next()) {
            // What this account knows there is missing.
            (Err(StoreError::NotFound { .. }), Some(known)) => {
                Ok((store::open_emptied(&known.file, &self.home)?, Vec::new()))
            }
            (Err(StoreError::NotPrepared { .. }), Some(_)) => {
                let meaning = tr!("the schema twinseal is missing", "schema twinseal 缺失");
                Err(StoreError::Broken(Finding::of_file("schema", meaning)))
            }
            _ => opened,
        }
    }

    /// Opens a register's file and reads its entry 0.
    ///
    /// # Errors
    /// The file is missing or is no register, or its schema or entry 0 is invalid.
    pub fn find(&self, request: &Request) -> Result<Found, Error> {
        let (shared, findings) = self.open(request)?;
        if let Some(finding) = findings.into_iter().next() {
            return Err(StoreError::Broken(finding).into());
        }
        let missing = || Finding::at(0, Defect::Missing.rule(), tr!("there is no entry 0", "没有第 0 条"));
        let raw = shared.entry(0)?.ok_or_else(|| StoreError::Broken(missing()))?;
        let identity = trust::identify((&self.known, &self.home), request, &*shared, First::Entry(&raw));
        // Entry 0 of a known register was verified when the register was accepted.
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

    /// Adds a register to the known ones.
    ///
    /// # Errors
    /// The list of known registers cannot be written.
    pub fn trust(&mut self, env: &Env, trusted: &Trusted<'_>) -> Result<(), Error> {
        Ok(self.known.trust(env, trusted)?)
    }

    /// Stops trusting the register with this fingerprint; its pin stays.
    ///
    /// # Errors
    /// The list of known registers cannot be written.
    pub fn forget(&mut self, env: &Env, fingerprint: &str) -> Result<(), Error> {
        Ok(self.known.forget(env, fingerprint)?)
    }

    /// Makes this the path of a trusted register that has moved.
    ///
    /// # Errors
    /// The list of known registers cannot be written.
    pub fn move_to(&mut self, env: &Env, fingerprint: Digest, path: &Path) -> Result<(), Error> {
        Ok(self.known.move_to(env, fingerprint, path)?)
    }

    /// The newest entry that this account verified in the register with this fingerprint.
    pub fn verified(&self, fingerprint: Digest) -> Option<u64> {
        let pin = PinFile::in_folder(&self.state_folder(fingerprint)).read(fingerprint);
        pin.ok().flatten().map(|pin| pin.head.seq)
    }

    /// The folder of a register's pin and verified cache.
    pub fn state_folder(&self, fingerprint: Digest) -> PathBuf {
        self.state.join(fingerprint.to_string())
    }

    /// What of this account a server is connected with.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// This account's folder for temporary files.
    pub fn scratch(&self) -> &Path {
        &self.state
    }
}

/// The place that a person gives: the path of a file, or the address of a server in the form that all its spellings share.
///
/// # Errors
/// The address is invalid, or has a password in it.
pub fn place(env: &Env, given: &Path) -> Result<PathBuf, StoreError> {
    // What is meant as an address may have a password in it, which no error repeats.
    let meant = |it: &&str| is_server(given) || it.contains("://") || it.contains("password=");
    match given.to_str().filter(meant) {
        Some(address) => store::server(address, |file| env.path(file)),
        None => Ok(env.path(given)),
    }
}

/// What of the account and its environment a server is connected with. Nothing of it is secret: the variables name files.
fn home(env: &Env, replica: bool) -> Home {
    let file = |variable: &str| env.variables.get(variable).map(|path| env.path(Path::new(path)));
    let named = env.variables.get("LOGNAME").or_else(|| env.variables.get("USER"));
    Home {
        folder: env.path(Path::new("~")),
        current: env.folder.clone(),
        service_file: file("PGSERVICEFILE"),
        pass_file: file("PGPASSFILE"),
        user: named.and_then(|it| it.to_str()).map(str::to_owned),
        replica,
    }
}

/// Fails unless the path of a register can be written to the list of known registers, which is UTF-8.
///
/// # Errors
/// [`Error::NotUtf8`].
pub fn check_utf8(path: &Path) -> Result<(), Error> {
    match path.to_str() {
        Some(_) => Ok(()),
        None => Err(Error::NotUtf8(trf!("the path {path:?} of a register", "变更台账的路径 {path:?}"))),
    }
}
