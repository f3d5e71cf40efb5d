//! `key new`, `key show`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use zeroize::Zeroizing;

use super::access::parse;
use super::motion::remark;
use super::{Context, Plan, record};
use crate::domain::{Event, Field, Fingerprint, Proposal};
use crate::error::Error;
use crate::render::safe;
use crate::signer::{Entropy, KeyError, KeyFile, Passphrase, create};
use crate::store::Session;

/// Make keys, look at them, and end them.
#[derive(Debug, Subcommand)]
pub enum Key {
    /// Make a new key: NAME, and NAME.pub beside it
    New(New),
    /// Show the public key and fingerprint of a private key file
    Show(Show),
    /// Revoke a key of yours, for good: it was lost, or somebody else may have it
    Revoke(Target),
    /// Suspend anybody's key, at once; one admin suffices, and a motion lifts it
    Suspend(Target),
    /// Propose to lift a suspension (opens a motion)
    Lift(Target),
}

/// An enrolled key.
#[derive(Debug, Args)]
pub struct Target {
    /// Its fingerprint, as `twinseal person show` prints it: SHA256:...
    key: String,
    /// Why
    #[arg(long)]
    reason: Option<String>,
}

/// Arguments of `key new`.
#[derive(Debug, Args)]
pub struct New {
    /// Where to put the private key
    name: PathBuf,
    /// Make it without a passphrase: whoever can read the file can sign
    #[arg(long, conflicts_with = "global-passphrase-file")]
    no_passphrase: bool,
}

/// Arguments of `key show`.
#[derive(Debug, Args)]
pub struct Show {
    /// The private key file
    file: PathBuf,
}

impl Key {
    /// Runs it.
    ///
    /// # Errors
    /// What is wrong with the key, its file or its passphrase.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        match self {
            Self::New(new) => new.run(context),
            Self::Show(show) => show.run(context),
            Self::Revoke(target) => target.record(context, "revoked, for good", |_, key| Event::KeyRevoke(key)),
            Self::Suspend(target) => target.record(context, "suspended", |_, key| Event::KeySuspend(key)),
            Self::Lift(target) => target.record(context, "to be lifted", |session, key| {
                let motion = session.state().governance().next_motion();
                Event::Propose { motion, proposal: Proposal::Lift(key) }
            }),
        }
    }
}

impl Target {
    fn record(
        self,
        context: &mut Context<'_>,
        done: &str,
        event: impl Fn(&Session, Fingerprint) -> Event,
    ) -> Result<(), Error> {
        let key: Fingerprint = parse(&self.key)?;
        let text = self.reason.as_deref().map(|reason| remark(Field::Reason, reason)).transpose()?;
        let mut session = context.open()?;
        let plan = |session: &mut Session| Ok(Plan { event: event(session, key), text: text.clone() });
        let entry = record(context, &mut session, plan)?;
        match entry.event.motion() {
            None => context.env.tell(format_args!("the key {key} is {done}; its approvals do not count")),
            Some(motion) => {
                context.env.say(format_args!("motion {motion} {}", entry.leaf))?;
                context.env.tell(format_args!(
                    "motion {motion} opened; needs a second: another admin runs `twinseal motion second {motion}`"
                ));
            }
        }
        Ok(())
    }
}

impl New {
    fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let path = context.env.path(&self.name);
        if path.exists() {
            return Err(KeyError::Exists { path }.into());
        }
        let passphrase = if self.no_passphrase { None } else { Some(ask_twice(context)?) };
        let passphrase = passphrase.filter(|it| !it.is_empty());
        let entropy = Entropy {
            seed: Zeroizing::new(context.env.random()?),
            salt: context.env.random()?,
            check: context.env.random()?,
        };
        let comment = self.name.file_name().map_or(String::new(), |name| safe(&name.to_string_lossy()).into_owned());
        let public = create(&path, &comment, passphrase.as_ref(), &entropy)?;
        context.env.say(public.fingerprint())?;
        let name = self.name.display().to_string();
        let lock = if passphrase.is_some() { "locked by its passphrase" } else { "without a passphrase" };
        context.env.tell(format_args!("made {0} (private, {lock}) and {0}.pub", safe(&name)));
        Ok(())
    }
}

fn ask_twice(context: &mut Context<'_>) -> Result<Passphrase, Error> {
    if let Some(passphrase) = context.passphrase_from_file()? {
        return if passphrase.is_empty() { Err(Error::NoPassphrase) } else { Ok(passphrase) };
    }
    if !context.env.console.can_hide() {
        return Err(Error::NoPassphrase);
    }
    let first = context.ask_secret("New passphrase (empty for none):")?;
    let second = context.ask_secret("The same again:")?;
    if first == second { Ok(first) } else { Err(Error::PassphrasesDiffer) }
}

impl Show {
    fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let key = KeyFile::read(&context.env.path(&self.file))?;
        context.env.say(key.public().fingerprint())?;
        context.env.say(format_args!("{} {}", key.public(), safe(&key.comment())))?;
        context.env.say(if key.is_locked() { "locked by a passphrase" } else { "without a passphrase" })?;
        Ok(())
    }
}
