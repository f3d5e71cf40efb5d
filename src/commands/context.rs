//! Which register, which person; first contact; asking people.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::lookup::{name_of_input, parse};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use crate::config::{Config, KnownRegisters};
use crate::domain::{Digest, Event, RegisterId};
use crate::env::Env;
use crate::error::Error;
use crate::format::{Defect, entry};
use crate::output::{safe, safe_json};
use crate::record::Recorder;
use crate::signing::Signing;
use crate::store::{Anchor, Behind, Finding, Notice, PinFile, Session, SharedFile, StoreError, Writer, discard};
use crate::trust::{self, Identity, Purpose, Relation, Request};

/// Options of every command. Their ids are their own: clap would mix them up with a verb's arguments of one name.
#[derive(Debug, Clone, Default, Args)]
pub struct Options {
    /// The register, by name or by the path of its file [env: TWINSEAL_REGISTER]
    #[arg(
        id = "global-register",
        long = "register",
        global = true,
        value_name = "NAME|FILE",
        help_heading = "Global options"
    )]
    pub register: Option<String>,
    /// Who you mean to be; refused if the key is another person's [env: TWINSEAL_AS]
    #[arg(id = "global-as", long = "as", global = true, value_name = "PERSON", help_heading = "Global options")]
    pub person: Option<String>,
    /// Your key, OpenSSH Ed25519: a private key file, or a public one whose private half your ssh-agent holds; by
    /// default ~/.ssh/id_ed25519, else the one key of the agent that is enrolled [env: TWINSEAL_KEY]
    #[arg(id = "global-key", long = "key", global = true, value_name = "FILE", help_heading = "Global options")]
    pub key: Option<PathBuf>,
    /// A file that holds the key's passphrase, readable by you alone
    #[arg(
        id = "global-passphrase-file",
        long = "passphrase-file",
        global = true,
        value_name = "FILE",
        help_heading = "Global options"
    )]
    pub passphrase_file: Option<PathBuf>,
    /// The register's fingerprint, as you were told it by another way
    #[arg(
        id = "global-fingerprint",
        long = "fingerprint",
        global = true,
        value_name = "DIGEST",
        help_heading = "Global options"
    )]
    pub fingerprint: Option<String>,
    /// Answer in JSON: one document, or one for each line of `log` and `export jsonl`; errors too
    #[arg(id = "global-json", long = "json", global = true, help_heading = "Global options")]
    pub json: bool,
}

/// A command's surroundings.
pub struct Context<'e> {
    /// Everything outside.
    pub env: &'e mut Env,
    /// The options of every command.
    pub options: Options,
    /// Which key signs.
    pub signing: Signing,
    config: Config,
    known: KnownRegisters,
    notices: Vec<Value>,
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

/// No file that people write is larger.
const MOST_INPUT: u64 = 1 << 20;

/// How many entries make it worth showing progress.
const LONG: u64 = 5_000;

fn setting(env: &Env, flag: Option<&str>, variable: &str, configured: Option<&str>) -> Option<String> {
    let environment = || env.variables.get(variable).map(String::as_str);
    flag.or_else(environment).or(configured).filter(|it| !it.is_empty()).map(str::to_owned)
}

impl<'e> Context<'e> {
    /// Reads the configuration.
    ///
    /// # Errors
    /// A configuration that cannot be read.
    pub fn new(env: &'e mut Env, options: Options) -> Result<Self, Error> {
        if !env.has_home() {
            return Err(Error::NoHome);
        }
        let config = Config::load(env)?;
        let known = KnownRegisters::load(env)?;
        let person = setting(env, options.person.as_deref(), "TWINSEAL_AS", config.person.as_deref());
        let (key, passphrase) = (options.key.as_deref(), options.passphrase_file.as_deref());
        let signing = Signing::new(env, &config, key, passphrase, person);
        Ok(Self { env, options, signing, config, known, notices: Vec::new() })
    }

    /// The register as it was named: a flag, a variable, the configuration, or the only one known.
    pub fn register_named(&self) -> Option<String> {
        let named =
            setting(self.env, self.options.register.as_deref(), "TWINSEAL_REGISTER", self.config.register.as_deref());
        named.or_else(|| match self.known.list() {
            [only] => Some(only.path.display().to_string()),
            _ => None,
        })
    }

    /// The path of the named register: a known name, or a file.
    ///
    /// # Errors
    /// [`Error::NoRegister`], [`Error::UnknownRegister`].
    pub fn register_path(&self) -> Result<PathBuf, Error> {
        self.path_of(&self.register_named().ok_or(Error::NoRegister)?)
    }

    /// The path of a register: a known name, or a file.
    ///
    /// # Errors
    /// [`Error::UnknownRegister`].
    pub fn path_of(&self, name: &str) -> Result<PathBuf, Error> {
        if let Some(known) = self.known.by_name(name) {
            return Ok(known.path.clone());
        }
        let path = self.env.path(Path::new(name));
        let looks_like_a_path = name.contains(['/', '.']) || path.is_file();
        if looks_like_a_path { Ok(path) } else { Err(Error::UnknownRegister { name: name.to_owned() }) }
    }

    /// The fingerprint given with `--fingerprint`.
    ///
    /// # Errors
    /// [`Error::Value`].
    pub fn fingerprint_given(&self) -> Result<Option<Digest>, Error> {
        self.options.fingerprint.as_deref().map(parse).transpose()
    }

    /// The register that was asked for.
    ///
    /// # Errors
    /// As [`Context::register_path`] and [`Context::fingerprint_given`].
    pub fn request(&self) -> Result<Request, Error> {
        let name = self.register_named().ok_or(Error::NoRegister)?;
        Ok(Request { path: self.path_of(&name)?, name, fingerprint: self.fingerprint_given()? })
    }

    /// The registers that this account knows.
    pub fn known(&self) -> &KnownRegisters {
        &self.known
    }

    /// Up to which entry this account verified the register with this fingerprint.
    pub fn verified(&self, fingerprint: Digest) -> Option<u64> {
        let pin = PinFile::in_folder(&self.state_folder(fingerprint)).read(fingerprint);
        pin.ok().flatten().map(|pin| pin.head.seq)
    }

    /// Trusts a register from now on, by the path that was given for it: if that becomes a link to another, it shows.
    ///
    /// # Errors
    /// Where that cannot be remembered.
    pub fn trust(
        &mut self,
        id: &RegisterId,
        path: &Path,
        fingerprint: Digest,
        in_place_of: Option<Digest>,
    ) -> Result<(), Error> {
        Ok(self.known.trust(self.env, id.name(), path, fingerprint, in_place_of)?)
    }

    /// Who waits for their turn to write.
    pub fn writer(&self) -> Writer {
        Writer { account: self.env.account().to_owned(), patience: self.env.patience }
    }

    /// Whoever records with the key at hand.
    pub fn recorder(&mut self) -> Recorder<'_> {
        Recorder { env: self.env, signing: &self.signing }
    }

    /// The folder in which this account remembers a register.
    pub fn state_folder(&self, fingerprint: Digest) -> PathBuf {
        self.scratch().join(fingerprint.to_string())
    }

    /// A folder of this account's for what is needed for a moment.
    pub fn scratch(&self) -> PathBuf {
        self.env.xdg("XDG_STATE_HOME", ".local/state")
    }

    /// The place of the newest entry of a copy that was just made.
    ///
    /// # Errors
    /// A file that is none, or whose schema is not ours.
    pub fn backup_newest(&self, path: &Path) -> Result<Option<u64>, Error> {
        let (copy, findings) = SharedFile::open(path, &self.scratch())?;
        match findings.into_iter().next() {
            Some(finding) => Err(StoreError::Broken(finding).into()),
            None => Ok(copy.newest()?),
        }
    }

    /// Finds a register and reads its entry 0.
    ///
    /// # Errors
    /// No register, or one whose schema or entry 0 is not as it must be.
    pub fn find(&self, request: &Request) -> Result<Found, Error> {
        let (shared, findings) = SharedFile::open(&request.path, &self.scratch())?;
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
            _ => Err(crate::domain::Refusal::NotFounding.into()),
        }
    }

    /// Opens the named register: trusted before, or trusted now because somebody says so.
    ///
    /// # Errors
    /// [`Error::WrongFingerprint`], [`Error::NeedFingerprint`], or what is wrong with the register.
    pub fn open(&mut self) -> Result<Session, Error> {
        self.open_by(&self.request()?, Purpose::Use)
    }

    /// As [`Context::open`], also if the register was restored from a backup and lost what this account verified.
    ///
    /// # Errors
    /// As [`Context::open`].
    pub fn open_ignoring_pin(&mut self) -> Result<Session, Error> {
        let session = self.open_by(&self.request()?, Purpose::Restore)?;
        if let Some(Behind { remembered, .. }) = session.memory().behind() {
            self.env.status(format_args!(
                "warning: this account verified entry {} {}, and the log does not hold it any more; nothing of this \
                 log is remembered",
                remembered.seq, remembered.leaf
            ));
        }
        Ok(session)
    }

    /// As [`Context::open`], for any register.
    ///
    /// # Errors
    /// As [`Context::open`].
    pub fn open_by(&mut self, request: &Request, purpose: Purpose) -> Result<Session, Error> {
        let Found { shared, identity, id } = self.find(request)?;
        identity.admit(|old| self.verified(old))?;
        let fingerprint = identity.fingerprint;
        if !identity.met {
            self.ask_trust(&id, &identity, request)?;
            self.trust(&id, &request.path, fingerprint, identity.in_place_of())?;
        }
        let folder = self.state_folder(fingerprint);
        let newest = shared.newest()?.unwrap_or(0);
        let bar = self.progress(newest, "verifying");
        let anchor = Anchor { folder: &folder, fingerprint, excuse: identity.excuse(purpose) };
        let session = Session::open(shared, anchor, self.env.now(), &mut |seq| bar.set_position(seq))?;
        bar.finish_and_clear();
        self.report_notices(&session, &identity);
        Ok(session)
    }

    fn ask_trust(&mut self, id: &RegisterId, identity: &Identity, request: &Request) -> Result<(), Error> {
        let fingerprint = identity.fingerprint;
        if request.fingerprint.is_some() {
            return Ok(());
        }
        if !self.env.console.is_interactive() {
            return Err(Error::NeedFingerprint { name: id.name().to_string(), found: fingerprint });
        }
        self.env.status(format_args!("First contact with the register {id}."));
        self.env.status(format_args!("Its fingerprint is {fingerprint}"));
        self.env.status("Compare it with what an admin told you, by another way than this file.");
        match self.env.console.ask("Is it the same? Type yes to trust it:")?.as_str() {
            "yes" => Ok(()),
            _ => Err(Error::NotConfirmed),
        }
    }

    /// Gives the answer: as JSON where that was asked for, else as people read it.
    ///
    /// # Errors
    /// What the system says.
    pub fn answer(&mut self, json: impl FnOnce() -> Value, text: impl FnOnce() -> String) -> Result<(), Error> {
        if self.options.json { self.print_json(json()) } else { Ok(self.env.print(text())?) }
    }

    /// Prints a JSON document, with `notices` about the register that it was read from.
    ///
    /// # Errors
    /// What the system says.
    pub fn print_json(&mut self, mut answer: Value) -> Result<(), Error> {
        if let Value::Object(fields) = &mut answer {
            match fields.entry("notices").or_insert_with(|| json!([])) {
                Value::Array(notices) => notices.extend(self.notices.iter().cloned()),
                other => *other = Value::Array(self.notices.clone()),
            }
        }
        Ok(self.env.print(safe_json(&answer))?)
    }

    /// Reports what was noticed on opening a register, and that a broken log is shown up to its first fault only.
    pub fn report_notices(&mut self, session: &Session, identity: &Identity) {
        let superseded = (identity.relation == Relation::Superseded).then_some(Notice::Superseded);
        for notice in superseded.iter().chain(session.notices()) {
            if matches!(notice, Notice::FirstVerification if !identity.met) || *notice == Notice::RedactedLater {
                continue;
            }
            let level = if notice.is_warning() { "warning" } else { "note" };
            self.env.status(format_args!("{level}: {notice}"));
            self.notices.push(json!({ "seq": null, "rule": notice.rule(), "meaning": notice.to_string() }));
        }
        if let Some(fault) = session.fault() {
            self.env.status(format_args!("warning: the register is broken at {}", safe(&fault.to_string())));
            self.env.status("warning: only the entries before it are shown; run: twinseal verify");
            self.notices.push(json!({ "seq": fault.seq, "rule": fault.rule, "meaning": fault.meaning }));
        }
    }

    /// A damaged copy is of no use to any command: it goes, and the next one makes it anew.
    pub fn discard_damaged(&self, error: &Error) {
        let damaged = match error {
            Error::Store(StoreError::RecordedButNotPinned { source, .. }) => source.downcast_ref(),
            Error::Store(error) => Some(error),
            _ => None,
        };
        if let Some(StoreError::CacheDamaged { path, .. }) = damaged
            && path.is_file()
        {
            // If it cannot be removed, it is found damaged again.
            let _ = discard(path);
        }
    }

    /// A bar for work on so many entries; nothing where it is short or nobody watches.
    pub fn progress(&self, entries: u64, doing: &'static str) -> ProgressBar {
        if !self.env.progress || entries < LONG {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}");
        let bar = ProgressBar::with_draw_target(Some(entries), ProgressDrawTarget::stderr_with_hz(5));
        bar.with_message(doing).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
    }

    /// Reads a file that somebody wrote; `-` is standard input.
    ///
    /// # Errors
    /// A file that cannot be read, is too large, or is not UTF-8.
    pub fn read_text(&mut self, given: &Path) -> Result<String, Error> {
        let name = name_of_input(given);
        let failed = |source| Error::File { doing: "read", path: given.to_owned(), source };
        let mut bytes = Vec::new();
        if given == Path::new("-") {
            self.env.input.by_ref().take(MOST_INPUT + 1).read_to_end(&mut bytes).map_err(failed)?;
        } else {
            let file = fs::File::open(self.env.path(given)).map_err(failed)?;
            file.take(MOST_INPUT + 1).read_to_end(&mut bytes).map_err(failed)?;
        }
        if bytes.len() as u64 > MOST_INPUT {
            return Err(Error::FileTooLarge { path: name, most: MOST_INPUT });
        }
        String::from_utf8(bytes).map_err(|error| {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = good.iter().filter(|b| **b == b'\n').count() + 1;
            Error::NotText { path: name, line }
        })
    }
}
