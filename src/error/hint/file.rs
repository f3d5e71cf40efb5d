//! Hints about the file of a register.

use std::path::Path;

use super::{shell_word, word};
use crate::store::{FileError, SecondPath};
use crate::{tr, trf};

/// What to do about the file of a register that cannot be used.
pub(super) fn file_hint(error: &FileError) -> String {
    let hint = match error {
        FileError::Locked { path, .. } | FileError::InUse { path } => return busy_hint(path),
        FileError::NotADatabase { .. } | FileError::OtherApplication { .. } | FileError::Encoding { .. } => {
            tr!("check the path given with --register", "请检查 --register 给出的路径")
        }
        FileError::Layout { .. } => tr!("use a newer twinseal", "请使用更新版本的 twinseal"),
        FileError::Network { .. } => {
            tr!(
                "move the register to a local disk and run twinseal on that host, for example over ssh with a forwarded \
             agent",
                "请把变更台账移到本地磁盘，并在该主机上运行 twinseal，例如通过 ssh 并转发代理"
            )
        }
        FileError::ReadOnly { .. } => tr!("ask to join the group that owns it", "请申请加入拥有该文件的组"),
        FileError::ReadOnlyMount { .. } => tr!(
            "nothing was recorded; mount it read-write, or record on the host that can write it",
            "未记录任何内容；请以读写方式挂载，或在可写的主机上记录"
        ),
        FileError::SecondPath { path, second: SecondPath::Links(_) } => {
            return trf!(
                "remove the other names, which `find DIRECTORY -samefile {}` prints",
                "请删除其他名称，`find DIRECTORY -samefile {}` 可将其列出",
                word(path)
            );
        }
        FileError::SecondPath { .. } => {
            tr!("mount the directory of the register instead of its file", "请挂载变更台账所在的目录，而不是文件本身")
        }
        FileError::SameFile { .. } => tr!("name another file", "请换一个文件"),
        FileError::Replaced { .. } => {
            tr!("nothing was recorded; run the command again", "未记录任何内容；请重新运行命令")
        }
        FileError::Stuck { .. } => tr!(
            "nothing was recorded; check whether the disk is full or failing, then try again",
            "未记录任何内容；请检查磁盘是否已满或有故障，然后重试"
        ),
    };
    hint.to_owned()
}

/// How to find the process that holds a file. `fuser` shows other accounts' processes to root only.
pub(super) fn busy_hint(file: &Path) -> String {
    let file = shell_word(&file.display().to_string());
    trf!(
        "nothing was recorded; find the process with `fuser -v {file}` or `lsof {file}`, and try again when it has ended",
        "未记录任何内容；请用 `fuser -v {file}` 或 `lsof {file}` 查找占用的进程，待其结束后重试"
    )
}
