//! Errors of a register, the verified cache and the pin.

use std::fmt;
use std::path::{Path, PathBuf};

use super::doing::{Doing, FileOp};
use super::fault::Fault;
use super::postgres::error::ConnectError;
use super::shared::Holder;
use super::sqlite::error::FileError;
use crate::domain::{Digest, Head, RegisterId, Time, Unloaded};
use crate::format::Defect;
use crate::private::PrivateError;
use crate::{tr, trf};

/// The most findings, and the most notices, that are kept: a damaged file can cause millions.
pub const MOST: usize = 100;

/// A line of `verify`'s report: something that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The entry, if the finding is about one.
    pub seq: Option<u64>,
    /// The name of the broken rule.
    pub rule: &'static str,
    /// The message.
    pub meaning: String,
}

impl Finding {
    /// A finding about an entry.
    pub fn at(seq: u64, rule: &'static str, meaning: impl fmt::Display) -> Self {
        Self { seq: Some(seq), rule, meaning: meaning.to_string() }
    }

    /// A finding about the file as a whole.
    pub fn of_file(rule: &'static str, meaning: impl fmt::Display) -> Self {
        Self { seq: None, rule, meaning: meaning.to_string() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seq {
            Some(seq) => f.write_str(&trf!("entry {seq}: [{}] {}", "第 {seq} 条：[{}] {}", self.rule, self.meaning)),
            None => write!(f, "[{}] {}", self.rule, self.meaning),
        }
    }
}

/// Why the register, the verified cache or the pin cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No such file.
    #[error("{}", trf!("no register at {}", "{} 处没有变更台账", .path.display()))]
    NotFound {
        /// The path.
        path: PathBuf,
    },
    /// The path of a new file is taken.
    #[error("{}", trf!("{} already exists", "{} 已存在", .path.display()))]
    Exists {
        /// The path.
        path: PathBuf,
    },
    /// A format level that this version does not know.
    #[error("{}", trf!("unsupported format level {found}: a newer twinseal is required", "不支持格式级别 {found}：需要更新版本的 twinseal"))]
    Newer {
        /// Its level.
        found: u64,
    },
    /// A register that has moved to another place.
    #[error("{}", trf!("{} has moved to {}, so nothing is recorded here", "{} 已迁移到 {}，因此不会在此记录任何内容", .path.display(), .to.display()))]
    Moved {
        /// The old place.
        path: PathBuf,
        /// The new place, as the mark at the old one says.
        to: PathBuf,
    },
    /// Something that only a file can do.
    #[error("{}", trf!("{} is on a server, where no file can be put in its place", "{} 在服务器上，无法用文件取代它", .place.display()))]
    OnServer {
        /// The address.
        place: PathBuf,
    },
    /// A database without tables for SQL and BI tools: it was prepared by an earlier twinseal.
    #[error("{}", trf!("the database of {} has no tables for SQL and BI tools", "{} 所在的数据库没有供 SQL 和 BI 工具使用的数据表", .place.display()))]
    NoTables {
        /// The address.
        place: PathBuf,
    },
    /// Tables for SQL and BI tools that claim an entry after the newest one.
    #[error("{}", trf!("the tables are filled up to entry {filled}, but the log ends at entry {newest}", "数据表已填充至第 {filled} 条，而日志止于第 {newest} 条"))]
    TablesAhead {
        /// The entry up to which they are filled, as the database says.
        filled: u64,
        /// The newest entry.
        newest: u64,
    },
    /// A database without the tables of registers.
    #[error("{}", trf!("the database of {} is not prepared for registers", "{} 的数据库尚未为变更台账做好准备", .place.display()))]
    NotPrepared {
        /// The address.
        place: PathBuf,
    },
    /// A database for a new register whose tables for registers are not ours.
    #[error("{}", trf!("the database of {} is not as `twinseal register grant-sql` makes it: {}", "{} 的数据库与 `twinseal register grant-sql` 创建的不一致：{}", .place.display(), .found.meaning))]
    OtherSchema {
        /// The address.
        place: PathBuf,
        /// The first difference.
        found: Finding,
    },
    /// There is no connection to a server.
    #[error(transparent)]
    Server(#[from] ConnectError),
    /// A database with several registers, of which none is named.
    #[error("{}", trf!("the database has several registers: {}", "该数据库中有多个变更台账：{}",  .ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")))]
    WhichRegister {
        /// Their ids.
        ids: Vec<RegisterId>,
    },
    /// A server that can only be read: a standby, or for this account.
    #[error("{}", trf!("{} can only be read", "{} 只能读取", .place.display()))]
    OnlyRead {
        /// The address.
        place: PathBuf,
    },
    /// A store that follows another one, and lacks entries that this account verified there.
    #[error("{}", trf!("the standby {} is behind: its log ends at entry {newest}, and this account verified entry {known}", "备库 {} 落后：其日志止于第 {newest} 条，而本账号已核验到第 {known} 条", .place.display()))]
    Behind {
        /// The address.
        place: PathBuf,
        /// The newest entry that it has.
        newest: u64,
        /// The newest entry that this account verified.
        known: u64,
    },
    /// This account may not do that in the database.
    #[error("{}", trf!("no right for {doing}: {source}", "没有权限{doing}：{source}"))]
    NoRight {
        /// The work.
        doing: Doing,
        /// The server's words.
        source: Fault,
    },
    /// Recording in a backup.
    #[error("{}", trf!("{} is a backup, which is read-only", "{} 是备份，只能读取", .path.display()))]
    IsBackup {
        /// The file.
        path: PathBuf,
    },
    /// A register where a backup is expected.
    #[error("{}", trf!("{} is not a backup", "{} 不是备份", .path.display()))]
    NotABackup {
        /// The file.
        path: PathBuf,
    },
    /// Two files of one register that diverge.
    #[error("{}", trf!("{} and the register diverge at entry {seq}", "{} 与该变更台账从第 {seq} 条起不一致", .path.display()))]
    Parted {
        /// The other file.
        path: PathBuf,
        /// The first entry that differs.
        seq: u64,
    },
    /// The database was busy until the timeout.
    #[error("{}", trf!("register is busy: gave up after {seconds} s", "变更台账正忙：等待 {seconds} 秒后放弃"))]
    Busy {
        /// The timeout.
        seconds: u64,
    },
    /// Another writer held the write queue until the timeout.
    #[error("{}", trf!("{} is busy: gave up after {seconds} s; {}", "{} 正忙：等待 {seconds} 秒后放弃；{}", .path.display(), who(.holder.as_deref())))]
    Queue {
        /// The register's file.
        path: PathBuf,
        /// The lock file of the queue, if it is one.
        queue: Option<PathBuf>,
        /// The timeout.
        seconds: u64,
        /// The writer, as recorded in the lock file.
        holder: Option<Box<Holder>>,
    },
    /// A database reported an error.
    #[error("{}", trf!("{} failed while {doing}: {source}", "{} 在{doing}时失败：{source}", .source.engine()))]
    Failed {
        /// The work.
        doing: Doing,
        /// The database's error.
        source: Fault,
    },
    /// The file of a register cannot be used, or not for this.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file cannot be read or written.
    #[error("{}", trf!("{}: {source}", "{}：{source}", .doing.failed(.path)))]
    Io {
        /// The operation.
        doing: FileOp,
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The log or its file fails verification.
    #[error("{}", trf!("register is broken: {}", "变更台账已损坏：{}", .0))]
    Broken(Finding),
    /// The entry was written, but may not be durable: it may or may not be there when the register is next opened.
    #[error("{}", trf!("the entry may or may not be recorded: {} failed while committing: {source}", "日志条目可能已记录，也可能未记录：{} 在提交时失败：{source}", .source.engine()))]
    Uncertain {
        /// The database's error.
        source: Fault,
    },
    /// The entry is recorded, but a later step failed.
    #[error("{}", trf!("entry {seq} is recorded, but a later step failed: {source}", "第 {seq} 条已记录，但后续步骤失败：{source}"))]
    RecordedButNotPinned {
        /// The entry.
        seq: u64,
        /// The error of that step.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The verified cache is damaged; the register is not affected.
    #[error("{}", trf!("verified cache {} is damaged: {what}", "已验证缓存 {} 已损坏：{what}", .path.display()))]
    CacheDamaged {
        /// Its file; empty if it is a temporary one.
        path: PathBuf,
        /// The problem.
        what: String,
    },
    /// A question about the state was asked without loading what it needs: a fault of twinseal.
    #[error("{}", trf!("internal error: {}", "内部错误：{}", .0))]
    Unloaded(#[from] Unloaded),
    /// The log lacks an entry that this account verified.
    #[error("{}", trf!("the log lacks entry {seq} {leaf}, which this account verified{}{}", "日志中缺少第 {seq} 条 {leaf}，本账号{}已核验过该条{}", at(.verified), instead(.found.as_deref())))]
    PinLost {
        /// The pinned entry.
        seq: u64,
        /// Its leaf hash.
        leaf: Digest,
        /// The time of the pin, if there is one.
        verified: Option<Time>,
        /// The leaf hash that the log has there, if it has that entry.
        found: Option<Box<Digest>>,
    },
    /// A restoration that does not list every entry that this account verified and the log lacks.
    #[error("{}", trf!("this account verified entry {} {}, which the restoration does not list as lost: its list ends at entry {last}", "本账号已核验第 {} 条 {}，而该恢复未将其列为丢失：其列表止于第 {last} 条",
        .held.seq, .held.leaf))]
    NotListed {
        /// The newest entry that this account verified.
        held: Head,
        /// The last entry that the restoration lists.
        last: u64,
    },
    /// This account's directory has no room for what it verifies, so nothing is recorded.
    #[error("{}", trf!("no room for the verified cache of this account: nothing is recorded", "没有空间存放本账号的已验证缓存：未记录任何内容"))]
    NoRoom,
    /// A restoration that cannot be one of this log.
    #[error("{}", trf!("the restoration does not fit this log: {}", "该恢复与此日志不符：{}", .0))]
    OtherRestoration(String),
    /// This account accepted another register in place of this one.
    #[error("{}", trf!("{} is superseded: this account accepted another register in its place, so nothing is recorded in it", "{} 已被接替：本账号已接受另一变更台账代替它，因此不会在其中记录任何内容", .path.display()))]
    Superseded {
        /// The superseded register.
        path: PathBuf,
    },
    /// A file or directory of this account cannot be used.
    #[error(transparent)]
    Private(#[from] PrivateError),
    /// The register itself is at another path.
    #[error("{}", trf!("{} is a copy: this account has the register at another path, so nothing is recorded in the copy", "{} 是副本：本账号的该变更台账在其他路径，因此不会在副本中记录任何内容", .path.display()))]
    Copy {
        /// The copy.
        path: PathBuf,
    },
    /// A pin file that is malformed.
    #[error("{}", trf!("pin {} is unreadable: line {line} is malformed", "已验证位置 {} 无法读取：第 {line} 行格式有误", .path.display()))]
    PinUnreadable {
        /// The file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
    },
}

fn at(verified: &Option<Time>) -> String {
    match verified {
        Some(time) => trf!(" at {time}", "于 {time} "),
        None => tr!(" before", "此前").to_owned(),
    }
}

/// What the log has in place of an entry.
fn instead(found: Option<&Digest>) -> String {
    found.map_or_else(String::new, |leaf| trf!("; it has {leaf} there", "；日志在该处是 {leaf}"))
}

fn who(holder: Option<&Holder>) -> String {
    match holder {
        Some(Holder { account, process, since: None }) => {
            trf!("{account} (process {process}) is writing", "{account}（进程 {process}）正在写入")
        }
        Some(Holder { account, process, since: Some(since) }) => {
            trf!(
                "{account} (process {process}) has been writing since {since}",
                "{account}（进程 {process}）自 {since} 起一直在写入"
            )
        }
        None => tr!("the writer is unknown", "写入者未知").to_owned(),
    }
}

impl StoreError {
    /// Whether a file of this account could not be made or written, for lack of room or because its disk is read-only.
    pub(in crate::store) fn lacks_room(&self) -> bool {
        use std::io::ErrorKind::{QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        match self {
            Self::Failed { source, .. } => source.lacks_room(),
            Self::Io { source, .. } | Self::Private(PrivateError::Io { source, .. }) => {
                matches!(source.kind(), StorageFull | QuotaExceeded | ReadOnlyFilesystem)
            }
            _ => false,
        }
    }

    /// Wraps an I/O error with the operation that failed.
    pub fn io(doing: FileOp, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }

    /// What was written as an entry is not there: a trigger or whoever owns the store discarded or changed it.
    pub fn not_kept(seq: u64) -> Self {
        let meaning = tr!("the register does not keep what is written", "变更台账没有保存写入的内容");
        Self::Broken(Finding::at(seq, "append", meaning))
    }

    /// A defect found on reading a verified entry again.
    pub fn defect(seq: u64, defect: &Defect) -> Self {
        Self::Broken(Finding::at(seq, defect.rule(), defect))
    }
}
