//! `key new`, `key show`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use zeroize::Zeroizing;

use super::Context;
use crate::error::Error;
use crate::render::safe;
use crate::signer::{Entropy, KeyError, KeyFile, Passphrase, create};

/// Make and look at keys.
#[derive(Debug, Subcommand)]
pub enum Key {
    /// Make a new key: NAME, and NAME.pub beside it
    New(New),
    /// Show the public key and fingerprint of a private key file
    Show(Show),
}

/// Arguments of `key new`.
#[derive(Debug, Args)]
pub struct New {
    /// Where to put the private key
    name: PathBuf,
    /// Make it without a passphrase: whoever can read the file can sign
    #[arg(long, conflicts_with = "passphrase_file")]
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
        }
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
