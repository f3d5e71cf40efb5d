//! Errors in naming a register, and in making sure which it is.

use std::path::PathBuf;

use super::words::{further, knows};
use crate::config::Known;
use crate::domain::{Digest, Predecessor};
use crate::store::StoreError;
use crate::{tr, trf};

/// Why a register was not found, or is not the expected one.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// No register is configured or named.
    #[error("{}", trf!("no register given{}", "未指定变更台账{}", knows(.0)))]
    NotNamed(Vec<String>),
    /// A trusted register's name that is also a file of another register here.
    #[error("{}", trf!(
        "{name} is the name of the register at {}, and also a file here",
        "{name} 是位于 {} 的变更台账的名称，也是当前目录下的一个文件", .known.display()
    ))]
    Ambiguous {
        /// The name.
        name: String,
        /// The path of the trusted register.
        known: PathBuf,
    },
    /// A name that is neither a known register nor a file.
    #[error("{}", trf!(
        "unknown register {name}: neither a known name nor a file",
        "未知的变更台账 {name}：既不是已知名称，也不是文件"
    ))]
    Unknown {
        /// The name.
        name: String,
    },
    /// `restore` was given `--register`, although it restores the file that it names.
    #[error("{}", tr!(
        "restore does not take --register: it turns FILE itself into the register",
        "restore 不接受 --register：它把 FILE 本身恢复为变更台账"
    ))]
    NamedForRestore,
    /// `restore --to` with the path of a file.
    #[error("{}", tr!("restore --to takes the address of a server", "restore --to 只接受服务器的地址"))]
    RestoreToFile,
    /// `register project` for a file.
    #[error("{}", trf!(
        "{} is a file, which has its tables in it",
        "{} 是文件，其数据表就在该文件中", .path.display()
    ))]
    TablesInFile {
        /// The file.
        path: PathBuf,
    },
    /// A move that marked the old place and did not reach the new one: nobody can record anywhere.
    #[error("{}", trf!(
        "the move to {} is not finished, and nobody can record until it is: {source}",
        "向 {} 的迁移尚未完成，完成之前任何人都不能记录：{source}", .place.display()
    ))]
    MoveInterrupted {
        /// The new place.
        place: PathBuf,
        /// What failed.
        source: Box<StoreError>,
    },
    /// A move that another account began, and nobody to ask whether it was finished.
    #[error("{}", trf!("this account did not begin the move to {}", "向 {} 的迁移不是本账号开始的", .place.display()))]
    MoveByOther {
        /// The new place.
        place: PathBuf,
    },
    /// First contact without a terminal to confirm the fingerprint on.
    #[error("{}", trf!(
        "first contact with register {name} needs a terminal or --fingerprint; its fingerprint is {found}",
        "首次使用变更台账 {name} 需要终端或 --fingerprint；其指纹是 {found}"
    ))]
    NeedFingerprint {
        /// Its name.
        name: String,
        /// Its fingerprint.
        found: Digest,
    },
    /// The fingerprint differs from the expected one.
    #[error("{}", trf!(
        "wrong register: its fingerprint is {found}, expected {expected}",
        "变更台账不符：其指纹是 {found}，应为 {expected}"
    ))]
    WrongFingerprint {
        /// The fingerprint of the file.
        found: Digest,
        /// The fingerprint given, or known to this account.
        expected: String,
    },
    /// A successor of a known register that this account has not accepted yet.
    #[error("{}", trf!(
        "this register claims to succeed {}, which this account trusts, after entry {} ({}){}; the successor's \
         fingerprint is {found}",
        "此变更台账声称接替本账号信任的 {}，接在第 {} 条（{}）之后{}；接替者的指纹是 {found}",
        .old.register, .old.head.seq, .old.head.leaf.short(), further(.verified)
    ))]
    Successor {
        /// The register that it names as its predecessor.
        old: Box<Predecessor>,
        /// Its fingerprint.
        found: Digest,
        /// The newest entry of the predecessor that this account verified.
        verified: Option<u64>,
    },
    /// The name or the path of a new register is taken on this account.
    #[error("{}", trf!(
        "this account already trusts register {} at {}, with fingerprint {}",
        "本账号已信任变更台账 {}，位于 {}，指纹 {}", .0.name, .0.path.display(), .0.fingerprint
    ))]
    Taken(Box<Known>),
}

impl RegisterError {
    /// The next step.
    pub(super) fn hint(&self) -> String {
        let hint = match self {
            Self::NotNamed(_) => tr!(
                "use --register NAME|FILE, set TWINSEAL_REGISTER, or set `register` in config.toml",
                "请用 --register NAME|FILE、设置 TWINSEAL_REGISTER，或在 config.toml 中设置 `register`"
            ),
            Self::Unknown { .. } | Self::Ambiguous { .. } => tr!(
                "give the path of the file, with a slash: --register ./prod.db",
                "请给出带斜杠的文件路径：--register ./prod.db"
            ),
            Self::MoveInterrupted { .. } => tr!(
                "finish it with the same command and --resume; every entry is at the old place, and can be read there",
                "请用同一命令加上 --resume 完成迁移；所有条目都在原位置，可以在那里读取"
            ),
            Self::MoveByOther { .. } => tr!(
                "let the account that began it finish it; or make sure that it was not finished elsewhere, and run this on a terminal",
                "请由开始迁移的账号完成；或确认迁移未在别处完成，然后在终端上运行"
            ),
            Self::NeedFingerprint { .. } => tr!(
                "get the fingerprint from an admin out of band (by phone, or in person), then use --fingerprint",
                "请另行向管理员索取指纹（打电话或当面），再用 --fingerprint"
            ),
            Self::WrongFingerprint { .. } => tr!(
                "do not use this file; ask the admins out of band (by phone, or in person) whether it was replaced",
                "不要使用此文件；请另行向管理员核实（打电话或当面）它是否被替换"
            ),
            Self::Successor { found, .. } => {
                return trf!(
                    "ask two admins out of band (by phone, or in person); if both confirm it: --fingerprint {found}",
                    "请另行向两名管理员核实（打电话或当面）；如果两人都确认：--fingerprint {found}"
                );
            }
            Self::Taken(_) => tr!(
                "choose another --name, and another file with --register FILE",
                "请换一个 --name，并用 --register FILE 换一个文件"
            ),
            Self::TablesInFile { .. } => tr!(
                "query the tables of the file, or of a backup: `sqlite3 -readonly FILE`; `twinseal verify` compares them",
                "请查询该文件或其备份中的数据表：`sqlite3 -readonly FILE`；`twinseal verify` 会比对它们"
            ),
            Self::NamedForRestore | Self::RestoreToFile => tr!(
                "copy the backup to the register's path, then run `twinseal restore` on that copy",
                "请把备份复制到变更台账的路径，再对该副本运行 `twinseal restore`"
            ),
        };
        hint.to_owned()
    }
}
