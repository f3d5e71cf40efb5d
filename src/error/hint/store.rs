//! Hints about the register, the verified cache and the disk.

use super::file::{busy_hint, file_hint};
use super::private_hint;
use super::server::server_hint;
use crate::store::{Finding, StoreError, is_server};
use crate::tr;

pub(in crate::error) fn store_hint(error: &StoreError) -> Option<String> {
    let hint = match error {
        StoreError::Queue { queue: Some(queue), .. } => return Some(busy_hint(queue)),
        StoreError::Server(error) => return error.hint(),
        StoreError::File(error) => return Some(file_hint(error)),
        StoreError::NotFound { path } if !is_server(path) => {
            tr!(
                "check the path; if the register is lost, `twinseal restore` turns a backup into a register; `twinseal found` creates a new \
             one",
                "请检查路径；如果变更台账已丢失，`twinseal restore` 可把备份恢复为变更台账；`twinseal found` 创建新的变更台账"
            )
        }
        StoreError::Exists { path } if !is_server(path) => {
            tr!("choose another path; twinseal never overwrites a register", "请换一个路径；twinseal 绝不覆盖变更台账")
        }
        StoreError::Newer { .. } => {
            tr!("use a newer twinseal", "请使用更新版本的 twinseal")
        }
        StoreError::NotABackup { .. } => tr!(
            "it is already a register, or not a copy that `twinseal backup` made",
            "它已经是变更台账，或不是 `twinseal backup` 生成的副本"
        ),
        StoreError::Busy { .. } => tr!(
            "another command, or a program such as the sqlite3 shell or a session of the server, is using it; wait, or end that",
            "另一个命令、程序（如 sqlite3）或服务器会话正在使用它；请等待或将其结束"
        ),
        StoreError::Broken(Finding { rule: "side-file", .. }) => tr!(
            "if no program uses the file, move the file beside it away, and keep it as evidence; then run `twinseal verify`",
            "如果没有程序在使用该文件，请移走旁边的文件并留作证据；然后运行 `twinseal verify`"
        ),
        StoreError::Broken(Finding { rule: "file", .. }) => {
            tr!(
                "the file is damaged or the disk fails: check the system log, then run `twinseal verify`; keep the file as \
             evidence",
                "文件损坏或磁盘有故障：请检查系统日志，再运行 `twinseal verify`；请保留文件作为证据"
            )
        }
        StoreError::Broken(Finding { rule: "tables", .. }) => tr!(
            "`twinseal register project --all` makes the tables from the log again",
            "`twinseal register project --all` 由日志重建数据表"
        ),
        StoreError::Broken(_) => tr!(
            "`twinseal verify` lists every finding; keep the file as evidence",
            "`twinseal verify` 列出每个问题；请保留文件作为证据"
        ),
        StoreError::Private(error) => return Some(private_hint(error)),
        StoreError::Superseded { .. } | StoreError::Copy { .. } | StoreError::IsBackup { .. } => closed_hint(error),
        StoreError::PinLost { .. }
        | StoreError::OtherRestoration(_)
        | StoreError::NotListed { .. }
        | StoreError::Parted { .. } => loss_hint(error),
        StoreError::Io { source, .. } => {
            disk_hint(source, tr!("check the path and its permissions", "请检查路径及其权限"))
        }
        _ => return failure_hint(error).or_else(|| server_hint(error)).map(str::to_owned),
    };
    Some(hint.to_owned())
}

/// What to do after something failed that was being written or read.
fn failure_hint(error: &StoreError) -> Option<&'static str> {
    Some(match error {
        StoreError::PinUnreadable { .. } => tr!(
            "pin.previous in the same directory is the last pin but one; confirm it with the admins before you put it back",
            "同一目录中的 pin.previous 是上一个已验证位置；放回之前请与管理员确认"
        ),
        StoreError::CacheDamaged { .. } => tr!(
            "the register itself is fine: the cache was deleted, and the next command verifies the whole log again",
            "变更台账本身完好：缓存已删除，下一个命令将重新核验整个日志"
        ),
        StoreError::RecordedButNotPinned { .. } => tr!(
            "do not record it again; fix what failed, then check with `twinseal log`",
            "不要再次记录；请排除故障，再用 `twinseal log` 核对"
        ),
        StoreError::Uncertain { source } | StoreError::Failed { source, .. } if source.is_of_server() => return None,
        StoreError::Uncertain { .. } => {
            tr!(
                "check whether the disk is full or failing; before you try again, check with `twinseal log` whether the entry \
             is there",
                "请检查磁盘是否已满或有故障；重试之前，请用 `twinseal log` 核对该条目是否已在日志中"
            )
        }
        StoreError::Failed { .. } => {
            tr!(
                "nothing was recorded; check whether the disk is full or failing (`twinseal doctor` shows the free space), \
             then try again",
                "未记录任何内容；请检查磁盘是否已满或有故障（`twinseal doctor` 显示可用空间），然后重试"
            )
        }
        StoreError::NoRoom => tr!(
            "free space on the disk of your home directory, then try again",
            "请在主目录所在磁盘上腾出空间，然后重试"
        ),
        StoreError::Unloaded(_) => tr!(
            "this is a fault of twinseal: report it, with the command that shows it",
            "这是 twinseal 的缺陷：请连同触发它的命令一起报告"
        ),
        _ => return None,
    })
}

/// What to do about entries that were lost.
fn loss_hint(error: &StoreError) -> &'static str {
    match error {
        StoreError::OtherRestoration(_) => tr!(
            "decline it, and ask its proposer which backup was restored: `twinseal proposal decline`",
            "请否决它，并询问提案人恢复的是哪个备份：`twinseal proposal decline`"
        ),
        StoreError::NotListed { .. } => tr!(
            "propose one that lists it, from this account: `twinseal proposal restored`",
            "请在本账号提出列有该条目的提案：`twinseal proposal restored`"
        ),
        StoreError::Parted { seq: 0, .. } => {
            tr!("it is a backup of another register; nothing was recorded", "它是另一个变更台账的备份；未记录任何内容")
        }
        StoreError::Parted { .. } => {
            tr!(
                "new entries were recorded since, so the lost ones cannot be added; two admins can accept the loss: \
             `twinseal proposal restored`",
                "此后已记录新的条目，因此无法再加入丢失的条目；两名管理员可以接受此丢失：`twinseal proposal restored`"
            )
        }
        _ => {
            tr!(
                "the log was truncated, rolled back or replaced: keep this file and ask the admins. If they restored a \
             backup, recover the rest from a later one (`twinseal recover FILE`), or let two admins accept the loss \
             (`twinseal proposal restored`)",
                "日志被截断、回滚或替换：请保留此文件并询问管理员。如果他们恢复了备份，请从更新的备份找回其余条目（`twinseal recover FILE`），或由两名管理员接受此丢失（`twinseal proposal restored`）"
            )
        }
    }
}

/// Where to record instead of a file in which nothing is recorded.
fn closed_hint(error: &StoreError) -> &'static str {
    match error {
        StoreError::Superseded { .. } => tr!(
            "use the register that was accepted: name it with --register NAME",
            "请使用已接受的变更台账：用 --register NAME 指定"
        ),
        StoreError::Copy { .. } => {
            tr!(
                "name the register itself with --register NAME; if it has moved here for good, remove the file at its old path, or \
                 forget its old server with `twinseal registers forget NAME`; then give its fingerprint once: \
                 --fingerprint FINGERPRINT",
                "请用 --register NAME 指定变更台账本身；如果它已永久移到此处，请删除旧路径上的文件，或用 `twinseal registers forget NAME` 忘记原服务器；然后给出一次指纹：--fingerprint FINGERPRINT"
            )
        }
        _ => tr!(
            "record in the register itself; `twinseal restore FILE` restores a register from a backup",
            "请在变更台账本身中记录；`twinseal restore FILE` 可从备份恢复变更台账"
        ),
    }
}

/// The hint for an I/O error: about the disk if it is full or failing, else `otherwise`.
pub(super) fn disk_hint(error: &std::io::Error, otherwise: &'static str) -> &'static str {
    match error {
        full if disk_is_full(full) => tr!(
            "free space on that disk, then try again; nothing was recorded",
            "请在该磁盘上腾出空间，然后重试；未记录任何内容"
        ),
        fails if disk_fails(fails) => tr!(
            "the disk is failing: check the system log; nothing was recorded",
            "磁盘有故障：请检查系统日志；未记录任何内容"
        ),
        _ => otherwise,
    }
}

/// Whether the disk or the quota is full.
pub fn disk_is_full(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded)
}

/// Whether the disk fails: EIO, for which `ErrorKind` has no variant.
pub fn disk_fails(error: &std::io::Error) -> bool {
    error.raw_os_error() == Some(5)
}
