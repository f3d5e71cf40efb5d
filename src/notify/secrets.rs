//! The file with tokens, passwords and URLs: only this account may read it, and nothing of it is ever shown.

use std::path::Path;

use zeroize::Zeroizing;

use crate::private::{self, PrivateError};
use crate::trf;

/// Why the file of secrets cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// It cannot be read, or others could read or write it.
    #[error(transparent)]
    Private(#[from] PrivateError),
    /// A line is not of the form that is expected. The line is not shown.
    #[error(
        "{}",
        trf!(
            "{path}: line {line} does not have the form NAME = \"VALUE\"",
            "{path}：第 {line} 行的格式不是 NAME = \"VALUE\""
        )
    )]
    Line {
        /// The file.
        path: String,
        /// The line, from 1.
        line: usize,
    },
    /// A name has two values.
    #[error("{}", trf!("{path}: line {line} gives a name a second value", "{path}：第 {line} 行重复设置了同一名称"))]
    Twice {
        /// The file.
        path: String,
        /// The line, from 1.
        line: usize,
    },
}

/// The secrets by name, wiped when they are dropped.
#[derive(Default)]
pub struct Secrets(Vec<(String, Zeroizing<String>)>);

impl Secrets {
    /// Reads a file of lines `NAME = "VALUE"`. Empty lines and lines that begin with `#` say nothing. A value has no
    /// quotation mark and no backslash.
    ///
    /// # Errors
    /// [`SecretsError`]; also if anybody but this account can read the file.
    pub fn read(path: &Path) -> Result<Self, SecretsError> {
        let text = private::read_secret(path)?;
        let mut secrets = Self::default();
        for (line, written) in (1..).zip(text.lines()) {
            let written = written.trim();
            if written.is_empty() || written.starts_with('#') {
                continue;
            }
            let path = || path.display().to_string();
            let (name, value) = pair(written).ok_or_else(|| SecretsError::Line { path: path(), line })?;
            if secrets.get(name).is_some() {
                return Err(SecretsError::Twice { path: path(), line });
            }
            secrets.0.push((name.to_owned(), Zeroizing::new(value.to_owned())));
        }
        Ok(secrets)
    }

    /// The secret with this name.
    pub fn get(&self, name: &str) -> Option<&Zeroizing<String>> {
        self.0.iter().find_map(|(known, value)| (known == name).then_some(value))
    }
}

fn pair(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once('=')?;
    let name = name.trim();
    let value = value.trim().strip_prefix('"')?.strip_suffix('"')?;
    let plain = !value.is_empty() && !value.contains(['"', '\\']) && !value.chars().any(char::is_control);
    let named = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    (plain && named).then_some((name, value))
}
