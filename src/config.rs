//! This account's settings (`config.toml`, written by people) and the registers that it trusts (`registers.toml`,
//! written by twinseal, like ssh's `known_hosts`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::domain::{Author, Digest, RegisterName};
use crate::env::Env;
use crate::input::{Fault, Problem};
use crate::private::{self, Owner, PrivateError};
use crate::{tr, trf};

/// Why `config.toml` or `registers.toml` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file or directory of this account cannot be used.
    #[error(transparent)]
    Private(#[from] PrivateError),
    /// The content of the file is invalid.
    #[error("{}: {message}", .path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// The line and the problem.
        message: String,
        /// The line itself without its value, if it was read.
        fault: Option<Box<Fault>>,
    },
}

/// The settings of `config.toml`. No setting weakens a rule.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// The register to use, by name or path.
    pub register: Option<String>,
    /// The private key to sign with.
    pub key: Option<PathBuf>,
    /// The person to act as; a key of another person is refused.
    #[serde(rename = "as")]
    pub person: Option<String>,
    /// The IANA time zone of times that are typed without an offset.
    pub zone: Option<String>,
    /// Whom the author addresses of git commits belong to, by address in lower case.
    #[serde(default, deserialize_with = "read_authors")]
    pub authors: BTreeMap<String, Author>,
}

fn read_authors<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, Author>, D::Error> {
    let mut authors = BTreeMap::new();
    for (address, author) in BTreeMap::<String, String>::deserialize(from)? {
        let author = author.parse().map_err(|invalid| de::Error::custom(format_args!("{address}: {invalid}")))?;
        if authors.insert(address.to_ascii_lowercase(), author).is_some() {
            return Err(de::Error::custom(trf!("{address} is listed twice", "{address} 重复列出")));
        }
    }
    Ok(authors)
}

/// A register that this account trusts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// The register's name.
    pub name: String,
    /// The path that the user gave when this account first trusted it.
    pub path: PathBuf,
    /// The path of its file, without links. A link that leads to another file later does not move the register.
    pub file: PathBuf,
    /// The leaf hash of its entry 0.
    pub fingerprint: String,
    /// Whether this account accepted a successor, which now has the name.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub superseded: bool,
}

/// A register to add to `registers.toml`.
pub struct Trusted<'t> {
    /// The register's name.
    pub name: &'t RegisterName,
    /// The path that the user gave, unresolved: a link that later points to another register is then refused.
    pub path: &'t Path,
    /// The leaf hash of its entry 0.
    pub fingerprint: Digest,
    /// The fingerprint of the register that it replaces.
    pub in_place_of: Option<Digest>,
}

/// The registers that this account trusts.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownRegisters {
    #[serde(default, rename = "register")]
    list: Vec<Known>,
}

fn parse<T: Default + for<'de> Deserialize<'de>>(path: PathBuf, text: &str) -> Result<T, ConfigError> {
    toml::from_str(text).map_err(|error| {
        // The value could be a secret, so only the number and the key of the line are shown.
        let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
        let fault = Fault::at(text, error.span().unwrap_or_default(), "", Problem::Setting(error.message().to_owned()));
        let message = trf!("line {line}: {}", "第 {line} 行：{}", error.message());
        ConfigError::Content { path, message, fault: Some(Box::new(fault.without_value())) }
    })
}

fn folder(env: &Env) -> PathBuf {
    env.xdg("XDG_CONFIG_HOME", ".config")
}

impl Config {
    /// The path of `config.toml`.
    pub fn path(env: &Env) -> PathBuf {
        folder(env).join("config.toml")
    }

    /// Reads `config.toml`; returns no settings if the file does not exist.
    ///
    /// # Errors
    /// The file cannot be read, others may write it, or its content is invalid.
    pub fn load(env: &Env) -> Result<Self, ConfigError> {
        match Self::text(env)? {
            Some(text) => Self::read(Self::path(env), &text),
            None => Ok(Self::default()),
        }
    }

    /// The text of `config.toml`; `None` if the file does not exist.
    ///
    /// # Errors
    /// The file cannot be read, or others may write it.
    pub fn text(env: &Env) -> Result<Option<String>, ConfigError> {
        private::check_folder(&folder(env))?;
        Ok(private::read(&Self::path(env), Owner::MeOrRoot)?)
    }

    /// Reads the text of a configuration file. `path` is its name in errors.
    ///
    /// # Errors
    /// The content is invalid.
    pub fn read(path: PathBuf, text: &str) -> Result<Self, ConfigError> {
        parse(path, text)
    }

    /// Replaces `config.toml`, unless it changed since its text was read.
    ///
    /// # Errors
    /// The new content is invalid, the file changed meanwhile, or it cannot be written. It is unchanged then.
    pub fn replace(env: &Env, old: Option<&str>, new: &str) -> Result<(), ConfigError> {
        let path = Self::path(env);
        Self::read(path.clone(), new)?;
        private::make_folder(&folder(env))?;
        let _lock = private::lock(&path.with_extension("lock"))?;
        if Self::text(env)?.as_deref() != old {
            let message =
                tr!("the file changed meanwhile; nothing was written", "文件已被改动；没有写入任何内容").to_owned();
            return Err(ConfigError::Content { path, message, fault: None });
        }
        Ok(private::replace(&path, new)?)
    }
}

impl KnownRegisters {
    /// Reads `registers.toml`.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load(env: &Env) -> Result<Self, ConfigError> {
        let path = folder(env).join("registers.toml");
        match private::read(&path, Owner::Me)? {
            Some(text) => parse(path, &text),
            None => Ok(Self::default()),
        }
    }

    /// All registers, including superseded ones.
    pub fn list(&self) -> &[Known] {
        &self.list
    }

    /// The register of this name that is not superseded.
    pub fn by_name(&self, name: &str) -> Option<&Known> {
        self.list.iter().find(|it| it.name == name && !it.superseded)
    }

    /// Whether a register with this fingerprint is in the list, superseded or not.
    pub fn trusts(&self, fingerprint: Digest) -> bool {
        self.list.iter().any(|it| it.fingerprint == fingerprint.to_string())
    }

    /// Adds a register to `registers.toml`, and marks the one with the fingerprint `in_place_of` as superseded.
    ///
    /// # Errors
    /// The file cannot be written, or another process has trusted another register with this name or path. The file is
    /// unchanged then.
    pub fn trust(&mut self, env: &Env, trusted: &Trusted<'_>) -> Result<(), ConfigError> {
        let Trusted { name, path, fingerprint, in_place_of } = *trusted;
        let folder = folder(env);
        let list = folder.join("registers.toml");
        private::make_folder(&folder)?;
        let _lock = private::lock(&folder.join("registers.lock"))?;
        // Another process may have added a register since the list was read.
        *self = Self::load(env)?;
        let (name, fingerprint) = (name.to_string(), fingerprint.to_string());
        let old = in_place_of.map(|old| old.to_string());
        for known in self.list.iter_mut().filter(|known| Some(&known.fingerprint) == old.as_ref()) {
            known.superseded = true;
        }
        let other = |known: &&Known| !known.superseded && (known.name == name || known.path == path);
        if let Some(known) = self.list.iter().filter(other).find(|known| known.fingerprint != fingerprint) {
            let message = trf!(
                "another process trusted {} with fingerprint {} meanwhile",
                "另一个进程已信任 {}，指纹为 {}",
                known.name,
                known.fingerprint
            );
            return Err(ConfigError::Content { path: list, message, fault: None });
        }
        if self.list.iter().any(|known| !known.superseded && known.fingerprint == fingerprint && known.path == path) {
            // Another process of this account accepted it at the same time.
            return Ok(());
        }
        let file = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        self.list.push(Known { name, path: path.to_owned(), file, fingerprint, superseded: false });
        self.save(&list)
    }

    /// Removes the register with this fingerprint from `registers.toml`. Its pin stays.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn forget(&mut self, env: &Env, fingerprint: &str) -> Result<(), ConfigError> {
        let folder = folder(env);
        let _lock = private::lock(&folder.join("registers.lock"))?;
        *self = Self::load(env)?;
        self.list.retain(|known| known.fingerprint != fingerprint);
        self.save(&folder.join("registers.toml"))
    }

    /// Makes this the path of a register that has moved for good.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn move_to(&mut self, env: &Env, fingerprint: Digest, path: &Path) -> Result<(), ConfigError> {
        let folder = folder(env);
        let _lock = private::lock(&folder.join("registers.lock"))?;
        *self = Self::load(env)?;
        let fingerprint = fingerprint.to_string();
        for known in self.list.iter_mut().filter(|it| it.fingerprint == fingerprint && !it.superseded) {
            path.clone_into(&mut known.path);
            known.file = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        }
        self.list.dedup_by(|one, other| (&one.fingerprint, &one.path) == (&other.fingerprint, &other.path));
        self.save(&folder.join("registers.toml"))
    }

    fn save(&self, file: &Path) -> Result<(), ConfigError> {
        let content = toml::to_string(self).map_err(|error| ConfigError::Content {
            path: file.to_owned(),
            message: error.to_string(),
            fault: None,
        })?;
        let comment = "# Registers that this account trusts, by the fingerprint of their entry 0. Kept by twinseal.\n";
        Ok(private::replace(file, &format!("{comment}{content}"))?)
    }
}
