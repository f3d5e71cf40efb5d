//! Errors of the artifacts that `start` looks for by their names.

use std::path::PathBuf;

use crate::domain::ArtifactName;

/// Why the artifacts of a start were not found by their names.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// Which of them is deployed cannot be known.
    #[error("the files named {name} differ: {}", .files.join(", "))]
    Differ {
        /// The name of the artifact.
        name: ArtifactName,
        /// Every file of that name, quoted for a shell.
        files: Vec<String>,
    },
    /// A pipeline, which names its artifacts.
    #[error("--artifacts is not for pipelines: it looks for artifacts by their names")]
    Pipeline,
    /// The search would be incomplete.
    #[error("more than {most} files and directories below {}", .folder.display())]
    TooMany {
        /// The directory, as it was named.
        folder: PathBuf,
        /// How many are looked at.
        most: usize,
    },
}

impl ArtifactError {
    /// The next step.
    pub(super) fn hint(&self) -> String {
        match self {
            Self::Differ { name, files } => {
                let flags: Vec<String> = files.iter().map(|file| format!("--artifact {name}={file}")).collect();
                format!("name the file that you deploy: {}", flags.join(" or "))
            }
            Self::Pipeline => {
                "a machine account, or a start with --run-id, names each file: --artifact NAME=FILE".to_owned()
            }
            Self::TooMany { .. } => "name a smaller directory, or each file: --artifact NAME=FILE".to_owned(),
        }
    }
}
