//! Which key signs: that of a private key file, or one in an ssh-agent.
//!
//! A file is named by `--key`, `TWINSEAL_KEY`, `config.toml`, or is `~/.ssh/id_ed25519`. A public key file stands for
//! the private half in the agent. A private key file with a passphrase needs none if the agent holds that very key.
//! Only where there is no file at all is the agent asked what it holds, and one key must fit, not more.

use std::path::{Path, PathBuf};

use super::Context;
use crate::domain::{KeyState, PublicKey};
use crate::error::Error;
use crate::output::safe;
use crate::signer::{Agent, AgentError, KeyError, KeyFile, KeySource, Passphrase, Signer, read_secret};
use crate::store::Session;

impl Context<'_> {
    /// The agent that `SSH_AUTH_SOCK` names; it is not asked yet.
    ///
    /// # Errors
    /// [`AgentError::NoSocket`].
    pub fn agent(&self) -> Result<Agent, AgentError> {
        let socket = self.env.variables.get("SSH_AUTH_SOCK").ok_or(AgentError::NoSocket)?;
        Ok(Agent::at(self.env.path(Path::new(socket))))
    }

    /// The key file that was named, or else the usual one, if it is there.
    pub fn key_path(&self) -> Option<PathBuf> {
        let variable = self.env.variables.get("TWINSEAL_KEY").map(PathBuf::from);
        let named = self.options.key.clone().or(variable).or_else(|| self.config.key.clone());
        let usual = || Some(PathBuf::from("~/.ssh/id_ed25519")).filter(|path| self.env.path(path).exists());
        named.or_else(usual).map(|path| self.env.path(&path))
    }

    /// The key at hand: that of the file, or else the only one in the agent that fits.
    ///
    /// # Errors
    /// [`Error::NoKey`], [`Error::NoKeyFits`], [`Error::SeveralKeys`], or what is wrong with the file or the agent.
    pub fn key(&self, fits: impl Fn(&PublicKey) -> bool) -> Result<KeySource, Error> {
        if let Some(path) = self.key_path() {
            return Ok(KeySource::read(&path)?);
        }
        let agent = match self.agent() {
            Err(AgentError::NoSocket) => return Err(Error::NoKey),
            agent => agent.map_err(KeyError::from)?,
        };
        let held = agent.keys().map_err(KeyError::from)?;
        let fitting: Vec<_> = held.iter().filter(|it| fits(&it.key)).collect();
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
    /// As [`Context::key`].
    pub fn key_for(&self, session: &Session) -> Result<KeySource, Error> {
        let enrolled = session.state().governance().keys();
        self.key(|key| enrolled.get(&key.fingerprint()).is_some_and(|it| it.state == KeyState::Live))
    }

    /// The key at hand, if it can be used without asking anybody.
    ///
    /// A key in an agent never counts as that. It may be one whose owner confirms each use, or touches a device, and
    /// the protocol has no way to ask which: the list of keys does not say, and only a signature shows it. Who was
    /// refused is not to be asked to sign that they were.
    pub fn signer_unasked(&self) -> Option<Signer> {
        match KeySource::read(&self.key_path()?).ok()? {
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
    pub fn unlock(&mut self, key: KeySource) -> Result<Signer, Error> {
        let signer = match key {
            KeySource::File(file) => match self.in_agent(&file) {
                Some(signer) => signer,
                None => return file.unlock(|path| self.passphrase(path)),
            },
            KeySource::Agent(public) => self.agent().and_then(|agent| agent.signer(public)).map_err(KeyError::from)?,
        };
        let key = signer.public().fingerprint();
        self.env.status(format_args!("waiting for the ssh-agent to sign with {key}; confirm it there if it asks"));
        Ok(signer)
    }

    /// The key of a locked file in the agent, if it is there: nobody need type a passphrase then.
    fn in_agent(&mut self, file: &KeyFile) -> Option<Signer> {
        if !file.is_locked() || self.options.passphrase_file.is_some() {
            return None;
        }
        match self.agent().and_then(|agent| agent.signer(file.public())) {
            Ok(signer) => Some(signer),
            // That no agent is there, or that it holds other keys, is nothing to talk about.
            Err(AgentError::NoSocket | AgentError::Unreachable { .. } | AgentError::NotHeld { .. }) => None,
            Err(error) => {
                self.env.status(format_args!("note: {}", safe(&error.to_string())));
                None
            }
        }
    }

    fn passphrase(&mut self, path: &Path) -> Result<Passphrase, Error> {
        if let Some(file) = self.passphrase_from_file()? {
            return Ok(file);
        }
        if !self.env.console.can_ask_secret() {
            return Err(KeyError::NeedsPassphrase { path: path.to_owned() }.into());
        }
        self.ask_secret(&format!("Passphrase of {}:", safe(&path.display().to_string())))
    }

    /// Asks for something that is not shown.
    ///
    /// # Errors
    /// [`Error::NotConfirmed`] where the input ends.
    pub fn ask_secret(&mut self, question: &str) -> Result<Passphrase, Error> {
        self.env.console.secret(question).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => Error::NotConfirmed,
            _ => error.into(),
        })
    }

    /// The passphrase in `--passphrase-file`, without its line end.
    ///
    /// # Errors
    /// A file that cannot be read, or that others can.
    pub fn passphrase_from_file(&self) -> Result<Option<Passphrase>, Error> {
        let Some(path) = &self.options.passphrase_file else { return Ok(None) };
        let content = read_secret(&self.env.path(path))?;
        Ok(Some(Passphrase::new(content.trim_end_matches(['\r', '\n']).to_owned())))
    }
}
