//! Why the file of a register cannot be used.

use std::path::PathBuf;

use crate::store::sqlite::place::SecondPath;
use crate::trf;

/// Why the file of a register cannot be used, or not for this.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Not an SQLite file.
    #[error("{}", trf!("{} is not a register: not an SQLite database", "{} 不是变更台账：不是 SQLite 数据库", .path.display()))]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// An SQLite file of another program.
    #[error("{}", trf!("{} is not a register: an SQLite database of another application", "{} 不是变更台账：是其他程序的 SQLite 数据库", .path.display()))]
    OtherApplication {
        /// The file.
        path: PathBuf,
    },
    /// A register's file whose text is not stored as UTF-8.
    #[error("{}", trf!("{} is not a register: its text encoding is {found}, not UTF-8", "{} 不是变更台账：文本编码为 {found}，不是 UTF-8", .path.display()))]
    Encoding {
        /// The file.
        path: PathBuf,
        /// Its encoding, as SQLite names it.
        found: String,
    },
    /// A file layout that this version does not know.
    #[error("{}", trf!("unsupported layout {found} of {}: this twinseal reads layout {known}", "不支持 {} 的布局 {found}：本版 twinseal 读取布局 {known}", .path.display()))]
    Layout {
        /// The file.
        path: PathBuf,
        /// Its layout.
        found: i64,
        /// The layout of this version.
        known: i64,
    },
    /// A file system that is mounted read-only.
    #[error("{}", trf!("{} is on a file system that is mounted read-only", "{} 所在的文件系统以只读方式挂载", .path.display()))]
    ReadOnlyMount {
        /// The file.
        path: PathBuf,
    },
    /// A register that can be reached by a second path.
    #[error("{}", trf!("{} {second}: a program that opens it by another path does not see its WAL file", "{} {second}：经其他路径打开它的程序看不到它的 WAL 文件", .path.display()))]
    SecondPath {
        /// The file.
        path: PathBuf,
        /// How there can be a second path.
        second: SecondPath,
    },
    /// The register itself where another file is expected.
    #[error("{}", trf!("{} is the register itself", "{} 就是该变更台账本身", .path.display()))]
    SameFile {
        /// The path.
        path: PathBuf,
    },
    /// Another file was put at the path of an open one.
    #[error("{}", trf!("{} was replaced or removed while it was in use", "{} 在使用期间被替换或删除", .path.display()))]
    Replaced {
        /// The path.
        path: PathBuf,
    },
    /// Permission to write, but the disk refuses it.
    #[error("{}", trf!("cannot write beside {}, although permissions allow it", "无法在 {} 旁写入文件，尽管权限允许", .path.display()))]
    Stuck {
        /// The file.
        path: PathBuf,
    },
    /// Another process has the file open, and the operation needs it exclusively.
    #[error("{}", trf!("{} is in use by another process", "{} 正被其他进程使用", .path.display()))]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// A network file system, where other hosts may write too.
    #[error("{}", trf!("{} is on a network file system ({kind} at {}): writing is refused", "{} 位于网络文件系统（{kind}，挂载于 {}）：拒绝写入", .path.display(), .point.display()))]
    Network {
        /// The file.
        path: PathBuf,
        /// The kind of file system.
        kind: String,
        /// Its mount point.
        point: PathBuf,
    },
    /// Another program held the file's lock until the timeout.
    #[error("{}", trf!("{} is locked by another program: gave up after {seconds} s", "{} 被其他程序锁定：等待 {seconds} 秒后放弃", .path.display()))]
    Locked {
        /// The file.
        path: PathBuf,
        /// The timeout.
        seconds: u64,
    },
    /// This account has no permission to write.
    #[error("{}", trf!("no permission to write {}", "无权写入 {}", .path.display()))]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
}
