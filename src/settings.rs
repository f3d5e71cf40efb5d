//! The settings of a command, each with where its value comes from.

use std::ffi::OsStr;
use std::fmt;
use std::path::PathBuf;

use crate::config::Config;
use crate::env::Env;
use crate::error::Error;

/// Where the value of a setting comes from. The first of these that has a value wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// This option of the command line.
    Option(&'static str),
    /// This environment variable.
    Variable(&'static str),
    /// `config.toml`.
    File,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Option(name) | Self::Variable(name) => f.write_str(name),
            Self::File => f.write_str("config.toml"),
        }
    }
}

/// The value of a setting and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub from: Origin,
}

/// The settings that options, variables and `config.toml` share; `None` where nothing sets one.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The register, by name or path.
    pub register: Option<Setting<String>>,
    /// The person to act as.
    pub person: Option<Setting<String>>,
    /// The key file, as it was given.
    pub key: Option<Setting<PathBuf>>,
    /// The IANA time zone of times that are typed without an offset.
    pub zone: Option<Setting<String>>,
}

/// The options that are settings.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// `--register`.
    pub register: Option<String>,
    /// `--as`.
    pub person: Option<String>,
    /// `--key`.
    pub key: Option<PathBuf>,
    /// `--zone`.
    pub zone: Option<String>,
    /// `--utc`.
    pub utc: bool,
}

impl Settings {
    /// Applies options, variables and configuration. `given` are the options `--register`, `--as` and `--key`.
    ///
    /// # Errors
    /// [`Error::NotUtf8`] for a variable; [`Error::EmptyOption`].
    pub fn new(env: &Env, given: Given, config: &Config) -> Result<Self, Error> {
        let text = |name: &'static str, value: &OsStr| match value.to_str() {
            Some(value) => Ok(value.to_owned()),
            None => Err(Error::NotUtf8(format!("{name} ({value:?})"))),
        };
        let path = |_: &'static str, value: &OsStr| Ok(PathBuf::from(value));
        let Given { register, person, key, zone, utc } = given;
        let zone_given = first(env, ("--zone", ""), [zone, config.zone.clone()], text)?;
        Ok(Self {
            register: first(env, ("--register", "TWINSEAL_REGISTER"), [register, config.register.clone()], text)?,
            person: first(env, ("--as", "TWINSEAL_AS"), [person, config.person.clone()], text)?,
            key: first(env, ("--key", "TWINSEAL_KEY"), [key, config.key.clone()], path)?,
            zone: if utc {
                Some(Setting { value: "UTC".to_owned(), from: Origin::Option("--utc") })
            } else {
                zone_given.or_else(|| system_zone(env))
            },
        })
    }
}

/// The zone that `TZ` names, as `Asia/Shanghai` or `:Asia/Shanghai`. A zone in another form has no name, and is none.
fn system_zone(env: &Env) -> Option<Setting<String>> {
    let name = env.variables.get("TZ")?.to_str()?;
    let name = name.strip_prefix(':').unwrap_or(name);
    let value = name.contains('/').then(|| name.to_owned()).filter(|it| !it.starts_with('/'))?;
    Some(Setting { value, from: Origin::Variable("TZ") })
}

/// The value of the option, else of the variable, else of the configuration.
fn first<T: AsRef<OsStr>>(
    env: &Env,
    (option, variable): (&'static str, &'static str),
    [given, configured]: [Option<T>; 2],
    read: impl Fn(&'static str, &OsStr) -> Result<T, Error>,
) -> Result<Option<Setting<T>>, Error> {
    if let Some(value) = given {
        // An empty option is a variable of a script that is not set: it must not become another choice.
        let empty = value.as_ref().is_empty();
        return if empty {
            Err(Error::EmptyOption(option))
        } else {
            Ok(Some(Setting { value, from: Origin::Option(option) }))
        };
    }
    if let Some(value) = env.variables.get(variable) {
        return Ok(Some(Setting { value: read(variable, value)?, from: Origin::Variable(variable) }));
    }
    Ok(configured.filter(|value| !value.as_ref().is_empty()).map(|value| Setting { value, from: Origin::File }))
}
