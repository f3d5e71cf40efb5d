//! The exit codes.

use super::hint::{disk_fails, disk_is_full};
use crate::config::ConfigError;
use crate::error::{
    AccountError, ArtifactError, Error, EvidenceError, KeyChoiceError, LossError, NotifyError, RegisterError,
    TimestampFailure,
};
use crate::signer::KeyError;
use crate::store::{ConnectError, FileError, StoreError};

/// The exit codes, documented in the README.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The command succeeded.
    Done = 0,
    /// A rule refuses it.
    Refused = 1,
    /// Wrong usage or invalid input.
    Invalid = 2,
    /// The register fails verification.
    Broken = 3,
    /// A file, lock, disk, agent or version prevents it.
    Environment = 4,
}

impl Error {
    /// The exit code of the process.
    pub fn exit(&self) -> Exit {
        match self {
            Self::WouldRecord(_) => Exit::Done,
            Self::Several(error) => error.exit(),
            Self::Refused(_)
            | Self::RefusedOnRecord { .. }
            | Self::NotConfirmed
            | Self::OtherSince
            | Self::Skipped
            | Self::Account(AccountError::NotFiled(_) | AccountError::NothingWritten | AccountError::OldDraft { .. })
            | Self::Artifact(ArtifactError::Differ { .. } | ArtifactError::Pipeline)
            | Self::NotTrusted
            | Self::FiledBefore { .. }
            | Self::GateClosed { .. }
            | Self::Closed(_)
            | Self::KeyChoice(KeyChoiceError::NotEnrolled { .. } | KeyChoiceError::OtherPerson { .. }) => Exit::Refused,
            Self::Findings { .. }
            | Self::Broken(_)
            | Self::AtLeast { .. }
            | Self::Register(RegisterError::WrongFingerprint { .. } | RegisterError::Successor { .. })
            | Self::Evidence(EvidenceError::NotProven(_))
            | Self::Notify(NotifyError::Lost(_)) => Exit::Broken,
            Self::Store(
                StoreError::Broken(_)
                | StoreError::PinLost { .. }
                | StoreError::NotListed { .. }
                | StoreError::OtherRestoration(_)
                | StoreError::Superseded { .. }
                | StoreError::Parted { .. }
                | StoreError::TablesAhead { .. }
                | StoreError::PinUnreadable { .. },
            ) => Exit::Broken,
            Self::Loss(LossError::Copy { source: StoreError::Broken(_), .. }) => Exit::Broken,
            Self::Store(StoreError::Server(ConnectError::Address(_))) => Exit::Invalid,
            Self::Store(_)
            | Self::Loss(LossError::Copy {
                source: StoreError::Io { .. } | StoreError::Failed { .. } | StoreError::File(FileError::Stuck { .. }),
                ..
            })
            | Self::Register(RegisterError::MoveInterrupted { .. })
            | Self::Config(ConfigError::Private(_))
            | Self::Contended { .. }
            | Self::Io(_)
            | Self::Unwell { .. }
            | Self::Timestamp(TimestampFailure::NotSent { .. } | TimestampFailure::BadAnswer { .. })
            | Self::Notify(
                NotifyError::State(_)
                | NotifyError::Running
                | NotifyError::Undelivered(_)
                | NotifyError::NotSent { .. },
            ) => Exit::Environment,
            Self::Key(KeyError::Agent(_) | KeyError::Token { .. } | KeyError::Untouched) => Exit::Environment,
            Self::File { source, .. } if disk_is_full(source) || disk_fails(source) => Exit::Environment,
            Self::Key(KeyError::Io { source, .. }) if source.kind() != std::io::ErrorKind::NotFound => {
                Exit::Environment
            }
            _ => Exit::Invalid,
        }
    }
}
