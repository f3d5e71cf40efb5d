//! Errors in choosing the key that signs.

use super::words::none_fits;
use crate::domain::{Fingerprint, PersonId};

/// Why no key was chosen, or why the chosen key cannot sign.
#[derive(Debug, thiserror::Error)]
pub enum KeyChoiceError {
    /// No signing key is configured or named.
    #[error("no key given")]
    NotNamed,
    /// No key is named, and none in the agent is enrolled.
    #[error("no key given, and {}", none_fits(*.held))]
    NoneFits {
        /// How many Ed25519 keys the agent holds.
        held: usize,
    },
    /// No key is named, and several in the agent can be used.
    #[error("no key given, and the ssh-agent holds {} usable keys: {}", .keys.len(), .keys.join(", "))]
    Several {
        /// Fingerprints with their comments.
        keys: Vec<String>,
    },
    /// A key that is not enrolled.
    #[error("key {key} is not enrolled in this register")]
    NotEnrolled {
        /// Which one.
        key: Fingerprint,
    },
    /// The key belongs to a person other than `--as`.
    #[error("the key belongs to {person}, not to {meant}")]
    OtherPerson {
        /// The key's owner.
        person: PersonId,
        /// The person given with `--as`.
        meant: String,
    },
}

impl KeyChoiceError {
    /// The next step.
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::NoneFits { held: 0 } => {
                "add your key with `ssh-add`, unlock the agent with `ssh-add -X`, or use --key FILE"
            }
            Self::NoneFits { .. } => "use --key FILE, or ask to be enrolled with a key of the agent: `twinseal join`",
            Self::Several { .. } => {
                "choose one with --key FILE; a public key file is enough (`ssh-add -L` prints the keys)"
            }
            Self::NotNamed => {
                "use --key FILE, set TWINSEAL_KEY, set `key` in config.toml, or add the key to an ssh-agent; \
                 `twinseal join` makes one"
            }
            Self::NotEnrolled { .. } => "choose your enrolled key with --key, or ask to be enrolled: `twinseal join`",
            Self::OtherPerson { .. } => "choose your own key with --key, or leave out --as",
        }
    }
}
