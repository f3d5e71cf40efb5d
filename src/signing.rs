//! Which key signs: that of a private key file, or one in an ssh-agent.
//!
//! A file is named by `--key`, `TWINSEAL_KEY`, `config.toml`, or is `~/.ssh/id_ed25519`. A public key file stands for
//! the private half in the agent. A private key file with a passphrase needs none if the agent holds that very key.
//! Only where there is no file at all is the agent asked what it holds, and one key must fit, not more.

use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::domain::{KeyState, PersonId, PublicKey};
use crate::env::Env;
use crate::error::Error;
use crate::output::safe;
use crate::signer::{Agent, AgentError, KeyError, KeyFile, KeySource, Passphrase, Signer, read_secret};
use crate::store::VerifiedLog;

/// What was said about who signs, by options, variables and the configuration. All paths are absolute.
#[derive(Debug)]
pub struct Signing {
    named: Option<PathBuf>,
    usual: PathBuf,
    socket: Option<PathBuf>,
    passphrase_file: Option<PathBuf>,
    person: Option<String>,
}

impl Signing {
    /// What options say, else variables, else the configuration.
    pub fn new(
        env: &Env,
        config: &Config,
        key: Option<&Path>,
        passphrase_file: Option<&Path>,
        person: Option<String>,
    ) -> Self {
        let variable = |name: &str| env.variables.get(name).map(Path::new);
        let named = key.or_else(|| variable("TWINSEAL_KEY")).or(config.key.as_deref());
        Self {
            named: named.map(|path| env.path(path)),
            usual: env.path(Path::new("~/.ssh/id_ed25519")),
            socket: variable("SSH_AUTH_SOCK").map(|path| env.path(path)),
            passphrase_file: passphrase_file.map(|path| env.path(path)),
            person,
        }
    }

    /// The agent that `SSH_AUTH_SOCK` names. It is not contacted yet.
    ///
    /// # Errors
    /// [`AgentError::NoSocket`].
    pub fn agent(&self) -> Result<Agent, AgentError> {
        Ok(Agent::at(self.socket.clone().ok_or(AgentError::NoSocket)?))
    }

    /// The key file that was named, or else the usual one, if it exists.
    pub fn key_path(&self) -> Option<PathBuf> {
        let usual = || Some(&self.usual).filter(|path| path.exists());
        self.named.as_ref().or_else(usual).cloned()
    }

    /// The person that the user wants to act as, if they said so.
    pub fn person_meant(&self) -> Option<&str> {
        self.person.as_deref()
    }

    /// Who acts: the person whose key it is.
    ///
    /// # Errors
    /// [`Error::UnknownKey`], [`Error::OtherPerson`].
    pub fn actor(&self, log: &VerifiedLog, key: PublicKey) -> Result<PersonId, Error> {
        let key = key.fingerprint();
        let enrolled = log.ask(|state| Ok(state.governance().key(key)?.cloned()))??;
        let person = enrolled.ok_or(Error::UnknownKey { key })?.person;
        match self.person_meant() {
            Some(meant) if meant != person.as_str() => Err(Error::OtherPerson { person, meant: meant.to_owned() }),
            _ => Ok(person),
        }
    }

    /// The key at hand: that of the file, or else the only one in the agent that fits.
    ///
    /// # Errors
    /// [`Error::NoKey`], [`Error::NoKeyFits`], [`Error::SeveralKeys`], or what is wrong with the file or the agent.
    pub fn key(&self, fits: impl Fn(&PublicKey) -> Result<bool, Error>) -> Result<KeySource, Error> {
        if let Some(path) = self.key_path() {
            return Ok(KeySource::read(&path)?);
        }
        let agent = match self.agent() {
            Err(AgentError::NoSocket) => return Err(Error::NoKey),
            agent => agent.map_err(KeyError::from)?,
        };
        let held = agent.keys().map_err(KeyError::from)?;
        let mut fitting = Vec::new();
        for it in &held {
            if fits(&it.key)? {
                fitting.push(it);
            }
        }
        match fitting.as_slice() {
            [] => Err(Error::NoKeyFits { held: held.len() }),
            [only] => Ok(KeySource::Agent(only.key)),
            several => {
                let name = |key: &PublicKey, comment: &str| format!("{} ({})", key.fingerprint(), safe(comment));
                Err(Error::SeveralKeys { keys: several.iter().map(|it| name(&it.key, &it.comment)).collect() })
            }
        }
    }

    /// The key at hand for what is done in a register: in the agent, those fit that are enrolled there and live.
    ///
    /// # Errors
    /// As [`Signing::key`].
    pub fn key_for(&self, log: &VerifiedLog) -> Result<KeySource, Error> {
        self.key(|key| {
            let enrolled = log.ask(|state| Ok(state.governance().key(key.fingerprint())?.cloned()))??;
            Ok(enrolled.is_some_and(|it| it.state == KeyState::Live))
        })
    }

    /// Makes a key ready to sign, if nobody need be asked for that.
    ///
    /// A key in an agent never is. Its owner may confirm each use or touch a device, and the protocol does not tell:
    /// only a signature shows it. Somebody who was refused is not asked to sign that they were.
    pub fn unasked(&self, key: KeySource) -> Option<Signer> {
        match key {
            KeySource::File(file) if file.is_locked() => {
                let passphrase = self.passphrase_from_file().ok()??;
                file.unlock(|_| Ok::<_, KeyError>(passphrase)).ok()
            }
            KeySource::File(file) => file.unlock(|path| Err(KeyError::NeedsPassphrase { path: path.to_owned() })).ok(),
            KeySource::Agent(_) => None,
        }
    }

    /// Makes a key ready to sign: asks for its passphrase where it has one, or makes sure that the agent holds it.
    ///
    /// # Errors
    /// A passphrase that is wrong or cannot be asked, or an agent without the key.
    pub fn unlock(&self, env: &mut Env, key: KeySource) -> Result<Signer, Error> {
        let signer = match key {
            KeySource::File(file) => match self.in_agent(env, &file) {
                Some(signer) => signer,
                None => return file.unlock(|path| self.passphrase(env, path)),
            },
            KeySource::Agent(public) => self.agent().and_then(|agent| agent.signer(public)).map_err(KeyError::from)?,
        };
        let key = signer.public().fingerprint();
        env.status(format_args!("waiting for the ssh-agent to sign with {key}; confirm it there if it asks"));
        Ok(signer)
    }

    /// The key of a locked file in the agent, if it is there: nobody need type a passphrase then.
    fn in_agent(&self, env: &mut Env, file: &KeyFile) -> Option<Signer> {
        if !file.is_locked() || self.passphrase_file.is_some() {
            return None;
        }
        match self.agent().and_then(|agent| agent.signer(file.public())) {
            Ok(signer) => Some(signer),
            // That no agent is there, or that it holds other keys, is nothing to talk about.
            Err(AgentError::NoSocket | AgentError::Unreachable { .. } | AgentError::NotHeld { .. }) => None,
            Err(error) => {
                env.status(format_args!("note: {}", safe(&error.to_string())));
                None
            }
        }
    }

    fn passphrase(&self, env: &mut Env, path: &Path) -> Result<Passphrase, Error> {
        if let Some(file) = self.passphrase_from_file()? {
            return Ok(file);
        }
        if !env.console.can_ask_secret() {
            return Err(KeyError::NeedsPassphrase { path: path.to_owned() }.into());
        }
        ask_secret(env, &format!("Passphrase of {}:", safe(&path.display().to_string())))
    }

    /// The passphrase in `--passphrase-file`, without its line end.
    ///
    /// # Errors
    /// A file that cannot be read, or that others can.
    pub fn passphrase_from_file(&self) -> Result<Option<Passphrase>, Error> {
        let Some(path) = &self.passphrase_file else { return Ok(None) };
        let content = read_secret(path)?;
        Ok(Some(Passphrase::new(content.trim_end_matches(['\r', '\n']).to_owned())))
    }
}

/// Asks for something that is not shown.
///
/// # Errors
/// [`Error::NotConfirmed`] at the end of input.
pub fn ask_secret(env: &mut Env, question: &str) -> Result<Passphrase, Error> {
    env.console.secret(question).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => Error::NotConfirmed,
        _ => error.into(),
    })
}

/// Asks for a word to be typed before something is signed.
///
/// # Errors
/// [`Error::NotConfirmed`].
pub fn confirm(env: &mut Env, what: &str, word: &str) -> Result<(), Error> {
    let answer = env.console.ask(&format!("\nType {word} to {what}:"))?;
    if answer == word { Ok(()) } else { Err(Error::NotConfirmed) }
}
