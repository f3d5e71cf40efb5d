//! What a command works with: its surroundings, the registers that are known, the key that signs, the screen; and opening
//! a register with them.

use std::path::PathBuf;

use clap::Args;

use super::registers::{Found, Registers};
use super::ui::{Ui, progress};
use crate::config::{Config, Trusted};
use crate::domain::{Digest, RegisterId};
use crate::env::Env;
use crate::error::Error;
use crate::record::Recorder;
use crate::signing::Signing;
use crate::store::{Anchor, Behind, Session, StoreError, Writer, discard};
use crate::trust::{Purpose, Request};

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
    /// Which registers this account knows, and which one was asked for.
    pub registers: Registers,
    /// How answers are printed.
    pub ui: Ui,
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
        let person = setting(env, options.person.as_deref(), "TWINSEAL_AS", config.person.as_deref());
        let named = setting(env, options.register.as_deref(), "TWINSEAL_REGISTER", config.register.as_deref());
        let (key, passphrase) = (options.key.as_deref(), options.passphrase_file.as_deref());
        let signing = Signing::new(env, &config, key, passphrase, person);
        let registers = Registers::load(env, named, options.fingerprint.clone())?;
        let ui = Ui::new(options.json);
        Ok(Self { env, options, signing, registers, ui })
    }

    /// Who waits for their turn to write.
    pub fn writer(&self) -> Writer {
        Writer { account: self.env.account().to_owned(), patience: self.env.patience }
    }

    /// Whoever records with the key at hand.
    pub fn recorder(&mut self) -> Recorder<'_> {
        Recorder { env: self.env, signing: &self.signing }
    }

    /// Opens the named register: trusted before, or trusted now because somebody says so.
    ///
    /// # Errors
    /// [`Error::WrongFingerprint`], [`Error::NeedFingerprint`], or what is wrong with the register.
    pub fn open(&mut self) -> Result<Session, Error> {
        self.open_by(&self.registers.request(self.env)?, Purpose::Use)
    }

    /// As [`Context::open`], also if the register was restored from a backup and lost what this account verified.
    ///
    /// # Errors
    /// As [`Context::open`].
    pub fn open_ignoring_pin(&mut self) -> Result<Session, Error> {
        let session = self.open_by(&self.registers.request(self.env)?, Purpose::Restore)?;
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
        let Found { shared, identity, id } = self.registers.find(request)?;
        identity.admit(|old| self.registers.verified(old))?;
        let fingerprint = identity.fingerprint;
        if !identity.met {
            ask_trust(self.env, &id, fingerprint, request)?;
            let in_place_of = identity.in_place_of();
            self.registers
                .trust(self.env, &Trusted { name: id.name(), path: &request.path, fingerprint, in_place_of })?;
        }
        let folder = self.registers.state_folder(fingerprint);
        let bar = progress(self.env, shared.newest()?.unwrap_or(0), "verifying");
        let anchor = Anchor { folder: &folder, fingerprint, excuse: identity.excuse(purpose) };
        let session = Session::open(shared, anchor, self.env.now(), &mut |seq| bar.set_position(seq))?;
        bar.finish_and_clear();
        self.ui.report_notices(self.env, &session, &identity);
        Ok(session)
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
}

fn setting(env: &Env, flag: Option<&str>, variable: &str, configured: Option<&str>) -> Option<String> {
    let environment = || env.variables.get(variable).map(String::as_str);
    flag.or_else(environment).or(configured).filter(|it| !it.is_empty()).map(str::to_owned)
}

fn ask_trust(env: &mut Env, id: &RegisterId, fingerprint: Digest, request: &Request) -> Result<(), Error> {
    if request.fingerprint.is_some() {
        return Ok(());
    }
    if !env.console.is_interactive() {
        return Err(Error::NeedFingerprint { name: id.name().to_string(), found: fingerprint });
    }
    env.status(format_args!("First contact with the register {id}."));
    env.status(format_args!("Its fingerprint is {fingerprint}"));
    env.status("Compare it with what an admin told you, by another way than this file.");
    match env.console.ask("Is it the same? Type yes to trust it:")?.as_str() {
        "yes" => Ok(()),
        _ => Err(Error::NotConfirmed),
    }
}
