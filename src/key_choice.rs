//! Chooses the key that signs: a private key file, or a key in an ssh-agent.
//!
//! The file is named by `--key`, `TWINSEAL_KEY` or `config.toml`; the default is `~/.ssh/id_ed25519`. A public key file
//! selects the private key in the agent. A private key file needs no passphrase if the agent holds the same key.
//! Without a file, exactly one key in the agent must be usable.

use std::cell::RefCell;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::domain::{KeyState, PersonId, PublicKey};
use crate::env::Env;
use crate::error::{Error, KeyChoiceError};
use crate::output::{Page, safe};
use crate::settings::Settings;
use crate::signer::{
    Agent, AgentError, KeyError, KeyFile, KeySource, PROVIDER, Passphrase, Signer, Token, read_secret,
};
use crate::store::VerifiedLog;
use crate::{tr, trf};

/// How often a person may type the passphrase of a key.
const PASSPHRASES: usize = 3;

/// How often a person may type the answer to a question.
const ANSWERS: usize = 3;

/// The settings that choose the key and the person to sign as. All paths are absolute.
pub struct KeyChoice {
    named: Option<PathBuf>,
    default: PathBuf,
    socket: Option<PathBuf>,
    passphrase_file: Option<PathBuf>,
    /// The library by which ssh-keygen reaches FIDO tokens.
    provider: Option<OsString>,
    /// A directory of this account, for what ssh-keygen signs.
    scratch: PathBuf,
    person: Option<String>,
    /// The passphrase that was typed, for the other entries of the same command. It is zeroed with this value.
    typed: RefCell<Option<Passphrase>>,
}

impl KeyChoice {
    /// The choice by the settings and by `SSH_AUTH_SOCK`.
    pub fn new(env: &Env, settings: &Settings, passphrase_file: Option<&Path>) -> Self {
        let variable = |name: &str| env.variables.get(name).map(Path::new);
        Self {
            named: settings.key.as_ref().map(|key| env.path(&key.value)),
            default: env.path(Path::new("~/.ssh/id_ed25519")),
            socket: variable("SSH_AUTH_SOCK").map(|path| env.path(path)),
            passphrase_file: passphrase_file.map(|path| env.path(path)),
            provider: env.variables.get(PROVIDER).cloned(),
            scratch: env.xdg("XDG_STATE_HOME", ".local/state"),
            person: settings.person.as_ref().map(|it| it.value.clone()),
            typed: RefCell::default(),
        }
    }

    /// The agent at `SSH_AUTH_SOCK`, without connecting to it.
    ///
    /// # Errors
    /// [`AgentError::NoSocket`] if the variable is not set.
    pub fn agent(&self) -> Result<Agent, AgentError> {
        Ok(Agent::at(self.socket.clone().ok_or(AgentError::NoSocket)?))
    }

    /// The named key file, or the default one if it exists.
    pub fn key_path(&self) -> Option<PathBuf> {
        let default = || Some(&self.default).filter(|path| path.exists());
        self.named.as_ref().or_else(default).cloned()
    }

    /// The default key file, whether or not it exists.
    pub fn default_path(&self) -> &Path {
        &self.default
    }

    /// Signs with a key file that this command made, and with the passphrase that was typed for it.
    pub fn made(&mut self, path: PathBuf, passphrase: Option<Passphrase>) {
        self.named = Some(path);
        self.typed.replace(passphrase);
    }

    /// The person that the user asked to act as.
    pub fn person_meant(&self) -> Option<&str> {
        self.person.as_deref()
    }

    /// Returns the person whose key this is.
    ///
    /// # Errors
    /// [`KeyChoiceError::NotEnrolled`] if the key is not enrolled; [`KeyChoiceError::OtherPerson`] if the user asked to act as another
    /// person.
    pub fn actor(&self, log: &VerifiedLog, key: PublicKey) -> Result<PersonId, Error> {
        let key = key.fingerprint();
        let enrolled = log.ask(|state| Ok(state.governance().key(key)?.cloned()))??;
        self.check_meant(enrolled.ok_or(Error::KeyChoice(KeyChoiceError::NotEnrolled { key }))?.person)
    }

    /// Returns the person whose key was chosen.
    ///
    /// # Errors
    /// [`KeyChoiceError::OtherPerson`] if the user asked to act as another person.
    pub fn check_meant(&self, person: PersonId) -> Result<PersonId, Error> {
        match self.person_meant() {
            Some(meant) if meant != person.as_str() => {
                Err(Error::KeyChoice(KeyChoiceError::OtherPerson { person, meant: meant.to_owned() }))
            }
            _ => Ok(person),
        }
    }

    /// Returns the key of the key file; without a key file, the only key in the agent for which `fits` returns true.
    ///
    /// # Errors
    /// [`KeyChoiceError::NotNamed`], [`KeyChoiceError::NoneFits`], [`KeyChoiceError::Several`], or a file or agent that cannot be read.
    pub fn key(&self, fits: impl Fn(&PublicKey) -> Result<bool, Error>) -> Result<KeySource, Error> {
        if let Some(path) = self.key_path() {
            return Ok(KeySource::read(&path)?);
        }
        let agent = match self.agent() {
            Err(AgentError::NoSocket) => return Err(Error::KeyChoice(KeyChoiceError::NotNamed)),
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
            [] => Err(Error::KeyChoice(KeyChoiceError::NoneFits { held: held.len() })),
            [only] => Ok(KeySource::Agent(only.key)),
            several => {
                let name = |key: &PublicKey, comment: &str| format!("{} ({})", key.fingerprint(), safe(comment));
                Err(Error::KeyChoice(KeyChoiceError::Several {
                    keys: several.iter().map(|it| name(&it.key, &it.comment)).collect(),
                }))
            }
        }
    }

    /// Returns the key to sign with in a register. A key in the agent fits if it is enrolled there and live.
    ///
    /// # Errors
    /// As [`KeyChoice::key`].
    pub fn key_for(&self, log: &VerifiedLog) -> Result<KeySource, Error> {
        self.key(|key| {
            let enrolled = log.ask(|state| Ok(state.governance().key(key.fingerprint())?.cloned()))??;
            Ok(enrolled.is_some_and(|it| it.state == KeyState::Live))
        })
    }

    /// Returns a signer if the key can sign without a prompt.
    ///
    /// Never returns one for a key in an agent: the agent may ask for confirmation or for a touch on a device, and its
    /// protocol does not tell in advance. A user is not prompted to sign the record of their own refusal.
    pub fn unasked(&self, key: KeySource) -> Option<Signer> {
        match key {
            KeySource::File(file) if file.is_locked() => {
                let passphrase = self.passphrase_from_file().ok()??;
                file.unlock(|_| Ok::<_, KeyError>(passphrase)).ok()
            }
            KeySource::File(file) => file.unlock(|path| Err(KeyError::NeedsPassphrase { path: path.to_owned() })).ok(),
            KeySource::Agent(_) | KeySource::Token(..) => None,
        }
    }

    /// Returns a signer for the key. Asks for the passphrase of a locked file, unless the agent holds the same key.
    ///
    /// # Errors
    /// A wrong passphrase, no terminal to ask for one, or an agent that does not hold the key.
    pub fn unlock(&self, env: &mut Env, key: KeySource) -> Result<Signer, Error> {
        let signer = match key {
            KeySource::File(file) => match self.in_agent(env, &file) {
                Some(signer) => signer,
                None => return self.unlock_file(env, *file),
            },
            KeySource::Agent(public) => self.agent().and_then(|agent| agent.signer(public)).map_err(KeyError::from)?,
            KeySource::Token(path, public) => match self.agent().and_then(|agent| agent.signer(public)) {
                Ok(signer) => signer,
                Err(_) => self.in_token(path, public),
            },
        };
        let (key, fido) = (signer.public().fingerprint(), signer.public().application().is_some());
        env.status(match fido {
            true => trf!(
                "signing with the FIDO key {key}; touch your token when it blinks",
                "正在用 FIDO 密钥 {key} 签名；设备闪烁时请触摸"
            ),
            false => trf!(
                "waiting for the ssh-agent to sign with {key}; confirm it there if it asks",
                "正在等待 ssh-agent 用 {key} 签名；如果它询问，请在那里确认"
            ),
        });
        Ok(signer)
    }

    /// A signer by ssh-keygen, which finds the token.
    fn in_token(&self, path: PathBuf, public: PublicKey) -> Signer {
        let (provider, scratch) = (self.provider.clone(), self.scratch.clone());
        Signer::in_token(Token { path, provider, scratch }, public)
    }

    /// Unlocks a file. A person at a terminal may type a wrong passphrase twice.
    fn unlock_file(&self, env: &mut Env, file: KeyFile) -> Result<Signer, Error> {
        let asks = self.passphrase_file.is_none() && env.console.can_ask_secret();
        for _ in 1..PASSPHRASES {
            match file.clone().unlock(|path| self.passphrase(env, path)) {
                Err(Error::Key(KeyError::WrongPassphrase { .. })) if asks => {
                    self.typed.take();
                    env.status(tr!("wrong passphrase; try again", "口令错误；请重试"));
                }
                unlocked => return unlocked,
            }
        }
        file.unlock(|path| self.passphrase(env, path))
    }

    /// A signer of the agent for the key of a locked file, which makes the passphrase unnecessary.
    fn in_agent(&self, env: &mut Env, file: &KeyFile) -> Option<Signer> {
        if !file.is_locked() || self.passphrase_file.is_some() {
            return None;
        }
        match self.agent().and_then(|agent| agent.signer(file.public())) {
            Ok(signer) => Some(signer),
            // It is normal to have no agent, or one with other keys, so no note is printed.
            Err(AgentError::NoSocket | AgentError::Unreachable { .. } | AgentError::NotHeld { .. }) => None,
            Err(error) => {
                env.remark(trf!("note: {}", "注意：{}", safe(&error.to_string())));
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
        if let Some(typed) = self.typed.borrow().clone() {
            return Ok(typed);
        }
        let typed = ask_secret(env, &trf!("Passphrase of {}:", "{} 的口令：", safe(&path.display().to_string())))?;
        self.typed.replace(Some(typed.clone()));
        Ok(typed)
    }

    /// The passphrase in `--passphrase-file`, without the line ending; `None` without that option.
    ///
    /// # Errors
    /// The file cannot be read, or other users can read it.
    pub fn passphrase_from_file(&self) -> Result<Option<Passphrase>, Error> {
        let Some(path) = &self.passphrase_file else { return Ok(None) };
        let content = read_secret(path)?;
        Ok(Some(Passphrase::new(content.trim_end_matches(['\r', '\n']).to_owned())))
    }
}

/// Asks for a secret without echo.
///
/// # Errors
/// [`Error::NotConfirmed`] at the end of input.
pub fn ask_secret(env: &mut Env, question: &str) -> Result<Passphrase, Error> {
    env.console.secret(question).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => Error::NotConfirmed,
        _ => error.into(),
    })
}

/// The answer to a question that has other answers than to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// The word was typed.
    Confirmed,
    /// One of the single letters.
    Letter(char),
}

/// The number in an id that may be typed in any case and without its prefix: `7` in `CHG-7`, `chg-7` and `7`.
pub fn bare_number<'g>(given: &'g str, prefix: &str) -> &'g str {
    let prefixed = given.get(..prefix.len()).is_some_and(|it| it.eq_ignore_ascii_case(prefix));
    if prefixed { &given[prefix.len()..] } else { given }
}

/// Whether an answer names the word that was asked for: as it is written, or an id as [`bare_number`] reads it.
fn is_answer(answer: &str, word: &str) -> bool {
    let same = |prefix: &str| {
        let number = word.strip_prefix(prefix).filter(|it| !it.is_empty());
        number.is_some_and(|number| bare_number(answer, prefix) == number)
    };
    answer == word || ["CHG-", "BG-", "DEV-"].into_iter().any(same)
}

/// Asks the user to type `word`, or one of the letters, each of which stands before what it does.
///
/// # Errors
/// As [`confirm`].
pub fn choose(env: &mut Env, what: &str, word: &str, letters: &[(char, &str)]) -> Result<Choice, Error> {
    let mut question = trf!("\nType {word} to {what}:", "\n输入 {word} 以{what}：");
    if !letters.is_empty() {
        let others: Vec<String> = letters.iter().map(|(letter, does)| format!("{letter} {does}")).collect();
        let mut page = Page::new(env.err_colour, env.err_width);
        question = format!("\n{}{question}", page.text("", others.join(tr!(", ", "，"))).finish());
    }
    for _ in 0..ANSWERS {
        let answer = env.ask(&question)?;
        let letter = letters.iter().map(|(letter, _)| *letter).find(|letter| answer == letter.to_string());
        match letter {
            Some(letter) => return Ok(Choice::Letter(letter)),
            None if is_answer(&answer, word) => return Ok(Choice::Confirmed),
            None if answer.is_empty() => break,
            None => {
                question = trf!(
                    "Not confirmed. Type {word} to {what}, or press Enter to leave:",
                    "未确认。输入 {word} 以{what}，或按回车键退出："
                )
            }
        }
    }
    Err(Error::NotConfirmed)
}

/// Asks the user to type `word` before something is signed. An id may be typed in any case and without its prefix. A wrong
/// answer may be typed again; an empty one ends the question.
///
/// # Errors
/// [`Error::NotConfirmed`] if the user does not type the word.
pub fn confirm(env: &mut Env, what: &str, word: &str) -> Result<(), Error> {
    choose(env, what, word, &[]).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::is_answer;

    #[test]
    fn an_answer_names_the_same_id_or_is_wrong() {
        for answer in ["CHG-7", "chg-7", "Chg-7", "7"] {
            assert!(is_answer(answer, "CHG-7"), "{answer}");
        }
        for answer in
            ["", "y", "yes", "CHG-8", "8", "77", "07", "CHG-07", "CHG7", "BG-7", "CHG-", "-7", "７", "CHG-CHG-7"]
        {
            assert!(!is_answer(answer, "CHG-7"), "{answer}");
        }
        assert!(is_answer("bg-1", "BG-1") && is_answer("prod", "prod") && is_answer("3", "3"));
        assert!(!is_answer("PROD", "prod") && !is_answer("", "CHG-") && !is_answer("1", "INC-1"));
    }
}
