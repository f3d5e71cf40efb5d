//! Errors of the artifacts that `start` looks for by their names.

use std::path::PathBuf;

use crate::domain::ArtifactName;
use crate::{tr, trf};

/// Why the artifacts of a start were not found by their names.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// Which of them is deployed cannot be known.
    #[error("{}", trf!(
        "the files named {name} differ: {}",
        "名为 {name} 的文件内容不同：{}", .files.join(tr!(", ", "、"))
    ))]
    Differ {
        /// The name of the artifact.
        name: ArtifactName,
        /// Every file of that name, quoted for a shell.
        files: Vec<String>,
    },
    /// A pipeline, which names its artifacts.
    #[error("{}", tr!(
        "--artifacts is not for pipelines: it looks for artifacts by their names",
        "--artifacts 不能用于流水线：它按名称查找制品"
    ))]
    Pipeline,
    /// The search would be incomplete.
    #[error("{}", trf!(
        "more than {most} files and directories below {}",
        "{} 下的文件和目录超过 {most} 个", .folder.display()
    ))]
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
                trf!("name the file that you deploy: {}", "请指定要部署的文件：{}", flags.join(tr!(" or ", " 或 ")))
            }
            Self::Pipeline => tr!(
                "a machine account, or a start with --run-id, names each file: --artifact NAME=FILE",
                "机器账号，或带 --run-id 的开始实施，须逐个指定文件：--artifact NAME=FILE"
            )
            .to_owned(),
            Self::TooMany { .. } => tr!(
                "name a smaller directory, or each file: --artifact NAME=FILE",
                "请指定更小的目录，或逐个指定文件：--artifact NAME=FILE"
            )
            .to_owned(),
        }
    }
}
