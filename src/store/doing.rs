//! What failed, for errors: work of a database, and operations on files.

use std::fmt;
use std::path::Path;

use crate::{tr, trf};

/// Work of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// Opening a register.
    OpenRegister,
    /// Creating a register.
    MakeRegister,
    /// Taking the lock for a writer.
    LockRegister,
    /// Copying a register into a backup.
    CopyRegister,
    /// Opening a backup.
    OpenBackup,
    /// Turning a backup into a register.
    RestoreBackup,
    /// Reading entries.
    ReadLog,
    /// Verifying entries in order.
    ReplayLog,
    /// Appending an entry.
    Record,
    /// Removing a redacted text from the files.
    Redact,
    /// Filling the shared tables.
    RefillTables,
    /// Comparing the shared tables with the cache.
    CompareTables,
    /// Comparing the state in the cache with a replayed one.
    CompareState,
    /// Comparing the schema with ours.
    CompareSchema,
    /// The database's own check.
    CheckFile,
    /// Marking a register that moves.
    Move,
    /// Opening the verified cache.
    OpenCache,
    /// Creating the verified cache.
    MakeCache,
    /// Creating a cache that is deleted when it is closed.
    MakeTemporaryCache,
    /// Reading the verified cache.
    ReadCache,
    /// Writing the verified cache.
    UpdateCache,
    /// Filling the verified cache from another one.
    FillCache,
}

impl fmt::Display for Doing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OpenRegister => tr!("opening the register", "打开变更台账"),
            Self::MakeRegister => tr!("making the register", "创建变更台账"),
            Self::LockRegister => tr!("locking the register", "锁定变更台账"),
            Self::CopyRegister => tr!("copying the register", "复制变更台账"),
            Self::OpenBackup => tr!("opening the backup", "打开备份"),
            Self::RestoreBackup => tr!("turning the backup into a register", "将备份转为变更台账"),
            Self::ReadLog => tr!("reading the log", "读取日志"),
            Self::ReplayLog => tr!("replaying the log", "重放日志"),
            Self::Record => tr!("recording", "记录"),
            Self::Redact => tr!("removing a redacted text", "清除已隐去的文本"),
            Self::RefillTables => tr!("refilling the tables", "重新填充数据表"),
            Self::CompareTables => tr!("comparing the tables", "比对数据表"),
            Self::CompareState => tr!("comparing the state", "比对状态"),
            Self::CompareSchema => tr!("comparing the schema", "比对表结构"),
            Self::CheckFile => tr!("checking the file", "检查文件"),
            Self::Move => tr!("moving the register", "迁移变更台账"),
            Self::OpenCache => tr!("opening the verified cache", "打开已验证缓存"),
            Self::MakeCache => tr!("making the verified cache", "创建已验证缓存"),
            Self::MakeTemporaryCache => tr!("making a temporary cache", "创建临时缓存"),
            Self::ReadCache => tr!("reading the verified cache", "读取已验证缓存"),
            Self::UpdateCache => tr!("updating the verified cache", "更新已验证缓存"),
            Self::FillCache => tr!("filling the verified cache", "填充已验证缓存"),
        })
    }
}

/// An operation on a file or directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileOp {
    /// Opening a file.
    Open,
    /// Opening a directory.
    OpenDirectory,
    /// Reading a file.
    Read,
    /// Writing a file.
    Write,
    /// Creating a file.
    Make,
    /// Creating a directory.
    MakeDirectory,
    /// Creating the verified cache.
    MakeCache,
    /// Making a private copy in a directory of this account. Fails if there is no room.
    PrivateCopy,
    /// Setting the owner, group or permissions.
    SetRights,
    /// Giving a file to the group of the register.
    GiveToGroup,
    /// Putting a file in place of another.
    Replace,
    /// Keeping a broken register under this name.
    KeepBroken,
    /// Removing a file.
    Remove,
    /// Making a file durable.
    Sync,
    /// Making the name of a file durable.
    SyncDirectory,
}

impl FileOp {
    /// That it failed for a path.
    pub(in crate::store) fn failed(self, path: &Path) -> String {
        let path = path.display();
        match self {
            Self::Open => trf!("cannot open {path}", "无法打开 {path}"),
            Self::OpenDirectory => trf!("cannot open the directory {path}", "无法打开目录 {path}"),
            Self::Read => trf!("cannot read {path}", "无法读取 {path}"),
            Self::Write => trf!("cannot write {path}", "无法写入 {path}"),
            Self::Make => trf!("cannot make {path}", "无法创建 {path}"),
            Self::MakeDirectory => trf!("cannot make the directory {path}", "无法创建目录 {path}"),
            Self::MakeCache => trf!("cannot make the verified cache {path}", "无法创建已验证缓存 {path}"),
            Self::PrivateCopy => trf!("cannot make a private copy in {path}", "无法在 {path} 中创建私有副本"),
            Self::SetRights => trf!("cannot set the rights of {path}", "无法设置 {path} 的权限"),
            Self::GiveToGroup => {
                trf!("cannot give to the register's group {path}", "无法将 {path} 的属组改为变更台账的属组")
            }
            Self::Replace => trf!("cannot replace {path}", "无法替换 {path}"),
            Self::KeepBroken => trf!("cannot keep the broken file as {path}", "无法将损坏的文件保留为 {path}"),
            Self::Remove => trf!("cannot remove {path}", "无法删除 {path}"),
            Self::Sync => trf!("cannot sync {path}", "无法将 {path} 写入磁盘"),
            Self::SyncDirectory => trf!("cannot sync the directory of {path}", "无法将 {path} 所在目录写入磁盘"),
        }
    }
}
