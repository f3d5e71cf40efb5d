//! Hints: the command or action that fixes an error.

mod key;
mod store;

use std::path::Path;

use super::Error;
use crate::config::ConfigError;
use crate::domain::Invalid;
use crate::format::Defect;
use crate::format::data::MAX_DATA;
use crate::input::nearest;
use crate::private::PrivateError;
use crate::venue::VenueError;
use key::key_hint;
use store::disk_hint;
pub(in crate::error) use store::store_hint;
pub use store::{disk_fails, disk_is_full};

impl Error {
    /// The next step, where there is one.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Refused(refusal) | Self::RefusedOnRecord { refusal, .. } => return refusal.hint(),
            Self::NeedChange => "`twinseal gate CHG-7`, or `twinseal gate --service SERVICE --artifact FILE`",
            Self::Value { given, invalid } => return similar_word(given, invalid),
            Self::NeedReason => "use --reason TEXT: say what must be different",
            Self::NeedOutcome => "use --outcome succeeded, failed or rolled-back",
            Self::GateClosed { hint, .. } => return hint.clone(),
            Self::AtLeast { .. } => {
                "the log was cut off or exchanged: deploy nothing, and ask an auditor to run `twinseal verify`"
            }
            Self::Faults { .. } => "fix these lines and try again; nothing was recorded",
            Self::FileTooLarge { .. } => "choose another file or shorten this one; nothing was recorded",
            Self::Defect(Defect::TooLarge { most: MAX_DATA, .. }) => "the data part is too large: list less",
            Self::Defect(Defect::TooLarge { .. }) => "shorten the text",
            Self::NoHome => "set HOME, or both XDG_CONFIG_HOME and XDG_STATE_HOME, to absolute paths",
            Self::Several(error) => return error.hint(),
            Self::Notify(error) => return error.hint(),
            Self::Register(error) => return Some(error.hint()),
            Self::Request(error) => return Some(error.hint()),
            Self::KeyChoice(error) => error.hint(),
            Self::Loss(error) => return error.hint(),
            Self::EmptyOption(_) => "give it a value, or leave the option out",
            Self::NotTrusted => "ask two admins for its fingerprint out of band: by phone, or in person",
            Self::NotConfirmed => "run the command again and type the answer exactly",
            Self::PassphrasesDiffer => "run the command again; no key was made",
            Self::File { doing, source, .. } => file_hint(doing, source),
            Self::Config(error) => return config_hint(error),
            Self::Account(error) => return Some(error.hint()),
            Self::Artifact(error) => return Some(error.hint()),
            Self::Usage(error) => return Some(error.hint.clone()),
            Self::NeedDigest { .. } => {
                "`twinseal show CHG-N`, `twinseal proposal show N` or `twinseal breakglass show BG-N` prints the digest"
            }
            Self::OtherDigest { .. } => {
                "it changed meanwhile, or the digest is of something else: read it again, then decide"
            }
            Self::NothingNamed { .. } => "name a role, --group or --operator",
            Self::NoPassphrase => "use --passphrase-file FILE or --no-passphrase",
            Self::Findings { .. } | Self::Unwell { .. } | Self::Broken(_) => self.evidence(),
            Self::Store(error) => return store_hint(error),
            Self::Key(error) => return key_hint(error),
            Self::Venue(VenueError::NotPublished { .. }) => {
                "a calendar that guesses would leave days open: wait for the exchange, or list the days that you know"
            }
            Self::Contended { .. } => "try again",
            Self::FiledBefore { change, .. } => {
                return Some(format!("to file it once more: --again; to see it: `twinseal show {change}`"));
            }
            Self::NotUtf8(_) => "write it in UTF-8; a file or directory can be renamed, or reached by another path",
            Self::OperatorPeriod => "leave out --from and --until, or name the operators in a proposal of their own",
            _ => return self.lookup().map(str::to_owned),
        };
        Some(hint.to_owned())
    }

    /// The command that lists what exists.
    fn lookup(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoChange(_) => "`twinseal list` shows all changes",
            Self::Closed(_) => "`twinseal freeze list` shows until when; `twinseal slots` shows the free times",
            Self::BreakGlass(error) => error.hint(),
            Self::Freeze(error) => error.hint(),
            Self::NoRevision { .. } => "`twinseal show` lists the revisions in its timeline",
            Self::NoProposal(_) => "`twinseal proposal list` shows all proposals",
            Self::NoPerson { .. } => "`twinseal person list` shows all enrolled people",
            Self::NotGranted { .. } => "`twinseal person show` lists their grants",
            Self::NoText { .. } => "`twinseal log --raw-text --seq N` prints the text of an entry",
            Self::NoEntry(_) => "`twinseal log` shows all entries",
            Self::NothingBy(_) => "`twinseal log` shows the time of each entry",
            Self::Git { .. } => "run it in the repository that the change is built from, with git installed",
            _ => return None,
        })
    }

    /// What to do with a register that fails verification.
    fn evidence(&self) -> &'static str {
        match self {
            Self::Unwell { .. } => "each line says how to fix it",
            Self::Findings { .. } => {
                "keep this file as evidence and tell the admins; if only tables differ, `twinseal rebuild` fixes them"
            }
            _ => {
                "`twinseal verify` lists every finding; `twinseal repair` keeps the valid entries, and the broken file as \
                 evidence"
            }
        }
    }
}

fn similar_word(given: &str, invalid: &Invalid) -> Option<String> {
    let Invalid::Word { allowed, .. } = invalid else { return None };
    nearest(given, allowed.iter().copied()).map(|near| format!("did you mean {near}?"))
}

/// How to make a file of this account usable again.
fn file_hint(doing: &str, source: &std::io::Error) -> &'static str {
    match doing {
        "edit" => "set VISUAL or EDITOR to an editor that can be run",
        _ if source.kind() == std::io::ErrorKind::AlreadyExists => "choose another name; twinseal overwrites no file",
        _ => disk_hint(source, "check the path and its permissions"),
    }
}

fn config_hint(error: &ConfigError) -> Option<String> {
    match error {
        ConfigError::Private(error) => Some(private_hint(error)),
        ConfigError::Content { path, .. } => path
            .file_stem()
            .is_some_and(|it| it == "config")
            .then(|| "fix it in your editor: `twinseal config edit`".to_owned()),
    }
}

pub(super) fn private_hint(error: &PrivateError) -> String {
    let path = word;
    match error {
        PrivateError::Io { source, .. } => disk_hint(source, "check its permissions").to_owned(),
        PrivateError::Foreign { path: it, .. } => format!(
            "set HOME to your own home directory (`sudo -H`), or give it back to its account: chown -R ACCOUNT {}",
            path(it)
        ),
        PrivateError::Exposed { path: it, .. } => {
            format!("check it, since others could have changed it; then run: chmod go-w {}", path(it))
        }
        PrivateError::Readable { path: it, .. } => {
            format!("replace the secrets that others could read; then run: chmod 600 {}", path(it))
        }
    }
}

/// A path quoted for a POSIX shell.
fn word(path: &Path) -> String {
    shell_word(&path.display().to_string())
}

/// A word quoted for a POSIX shell.
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}
