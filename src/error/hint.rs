//! Hints: the command or action that fixes an error.

mod file;
mod key;
mod server;
mod store;

use std::path::Path;

use super::{Error, FileAct, Remedy};
use crate::config::ConfigError;
use crate::domain::Invalid;
use crate::format::Defect;
use crate::format::data::MAX_DATA;
use crate::input::nearest;
use crate::private::PrivateError;
use crate::store::StoreError;
use crate::venue::VenueError;
use crate::{tr, trf};
use key::key_hint;
use store::disk_hint;
pub(in crate::error) use store::store_hint;
pub use store::{disk_fails, disk_is_full};

impl Error {
    /// The next step, where there is one.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Refused(refusal) | Self::RefusedOnRecord { refusal, .. } => return refusal.hint(),
            Self::Value { given, invalid } => return similar_word(given, invalid),
            Self::GateClosed { hint, .. } => return hint.clone(),
            Self::Several(error) => return error.hint(),
            Self::Notify(error) => return error.hint(),
            Self::Register(error) => return Some(error.hint()),
            Self::Request(error) => return Some(error.hint()),
            Self::KeyChoice(error) => error.hint(),
            Self::Loss(error) => return error.hint(),
            Self::File { doing, source, .. } => file_hint(*doing, source),
            Self::Config(error) => return config_hint(error),
            Self::Account(error) => return Some(error.hint()),
            Self::Artifact(error) => return Some(error.hint()),
            Self::Usage(error) => return Some(error.hint.clone()),
            Self::Freeze(error) => return Some(error.hint()),
            Self::Service(error) => return Some(error.hint()),
            Self::Template(error) => return Some(error.hint()),
            Self::Evidence(error) => return Some(error.hint()),
            Self::Timestamp(error) => return Some(error.hint()),
            Self::NeedDigest { shows, .. } => return Some(trf!("{shows} prints it", "{shows} 显示它")),
            Self::Findings { .. } | Self::Unwell { .. } | Self::Broken(_) => self.evidence(),
            Self::Store(error) => return hint_after_recording(error).or_else(|| store_hint(error)),
            Self::Key(error) => return key_hint(error),
            Self::FiledBefore { change, .. } => {
                return Some(trf!(
                    "to file it once more: --again; to see it: `twinseal show {change}`",
                    "再次提交：--again；查看：`twinseal show {change}`"
                ));
            }
            _ => self.about_input().or(self.about_signing()).or(self.lookup())?,
        };
        Some(hint.to_owned())
    }

    /// What to type, or to write into a file.
    fn about_input(&self) -> Option<&'static str> {
        Some(match self {
            Self::NeedChange => tr!(
                "`twinseal gate CHG-7`, or `twinseal gate --service SERVICE --artifact FILE`",
                "`twinseal gate CHG-7`，或 `twinseal gate --service SERVICE --artifact FILE`"
            ),
            Self::NeedReason => {
                tr!("use --reason TEXT: say what must be different", "请用 --reason TEXT 说明须作哪些修改")
            }
            Self::NeedOutcome => {
                tr!("use --outcome succeeded, failed or rolled-back", "请用 --outcome succeeded、failed 或 rolled-back")
            }
            Self::Faults { .. } => {
                tr!("fix these lines and try again; nothing was recorded", "请修正这些行后重试；未记录任何内容")
            }
            Self::FileTooLarge { .. } => tr!(
                "choose another file or shorten this one; nothing was recorded",
                "请换一个文件或缩短此文件；未记录任何内容"
            ),
            Self::Defect(Defect::TooLarge { most: MAX_DATA, .. }) => {
                tr!("the data part is too large: list less", "数据部分过大：请减少列出的内容")
            }
            Self::Defect(Defect::TooLarge { .. }) => tr!("shorten the text", "请缩短文本"),
            Self::NoHome => tr!(
                "set HOME, or both XDG_CONFIG_HOME and XDG_STATE_HOME, to absolute paths",
                "请把 HOME，或 XDG_CONFIG_HOME 和 XDG_STATE_HOME 两者，设为绝对路径"
            ),
            Self::EmptyOption(_) => tr!("give it a value, or leave the option out", "请给出值，或去掉该选项"),
            Self::PassphrasesDiffer => tr!("run the command again; no key was made", "请重新运行命令；未生成密钥"),
            Self::NothingNamed { .. } => tr!("name a role, --group or --operator", "请给出角色、--group 或 --operator"),
            Self::NoPassphrase => {
                tr!("use --passphrase-file FILE or --no-passphrase", "请用 --passphrase-file FILE 或 --no-passphrase")
            }
            Self::Venue(VenueError::NotPublished { .. }) => tr!(
                "a calendar that guesses would leave days open: wait for the exchange, or list the days that you know",
                "靠推测的日历会漏掉日期：请等交易所公布，或列出已知的日期"
            ),
            Self::NotUtf8(_) => tr!(
                "write it in UTF-8; a file or directory can be renamed, or reached by another path",
                "请用 UTF-8 书写；文件或目录可以改名，或用另一个路径访问"
            ),
            Self::OperatorPeriod => tr!(
                "leave out --from and --until, or name the operators in a proposal of their own",
                "请去掉 --from 和 --until，或另用一个提案指定操作责任人"
            ),
            _ => return None,
        })
    }

    /// What to do before something is signed.
    fn about_signing(&self) -> Option<&'static str> {
        Some(match self {
            Self::AtLeast { .. } => tr!(
                "the log was cut off or exchanged: deploy nothing, and ask an auditor to run `twinseal verify`",
                "日志被截断或替换：不要部署任何内容，请审计员运行 `twinseal verify`"
            ),
            Self::NotTrusted => tr!(
                "ask two admins for its fingerprint out of band: by phone, or in person",
                "请另行向两名管理员核对其指纹：打电话或当面"
            ),
            Self::NotConfirmed => {
                tr!("run the command again and type the answer exactly", "请重新运行命令，并准确输入回答")
            }
            Self::OtherSince => tr!("run the command again and read it again", "请重新运行命令并重新阅读"),
            Self::OtherDigest { .. } => tr!(
                "it changed meanwhile, or the digest is of something else: read it again, then decide",
                "内容已变动，或摘要不是它的：请重新阅读后再决定"
            ),
            Self::Contended { .. } => tr!("try again", "请重试"),
            _ => return None,
        })
    }

    /// The command that lists what exists.
    fn lookup(&self) -> Option<&'static str> {
        Some(match self {
            Self::FiledLater { .. } => tr!(
                "`twinseal show` without --as-of shows it as it is now",
                "不带 --as-of 的 `twinseal show` 显示它现在的状态"
            ),
            Self::NoChange(_) => tr!("`twinseal list` shows all changes", "`twinseal list` 显示全部变更单"),
            Self::Closed(_) => tr!(
                "`twinseal freeze list` shows until when; `twinseal slots` shows the free times",
                "`twinseal freeze list` 显示封网到何时；`twinseal slots` 显示可用时段"
            ),
            Self::BreakGlass(error) => error.hint(),
            Self::Detached(error) => error.hint(),
            Self::NoRevision { .. } => {
                tr!("`twinseal show` lists the revisions in its timeline", "`twinseal show` 在时间线中列出各修订")
            }
            Self::NoProposal(_) => {
                tr!("`twinseal proposal list` shows all proposals", "`twinseal proposal list` 显示全部提案")
            }
            Self::NoPerson { .. } => {
                tr!("`twinseal person list` shows all enrolled people", "`twinseal person list` 显示全部已登记人员")
            }
            Self::NotGranted { .. } => {
                tr!("`twinseal person show` lists their grants", "`twinseal person show` 列出其授权")
            }
            Self::NoText { .. } => tr!(
                "`twinseal log --raw-text --seq N` prints the text of an entry",
                "`twinseal log --raw-text --seq N` 显示一条日志的文本"
            ),
            Self::NoEntry(_) => tr!("`twinseal log` shows all entries", "`twinseal log` 显示全部日志条目"),
            Self::NothingBy(_) => {
                tr!("`twinseal log` shows the time of each entry", "`twinseal log` 显示每条日志的时间")
            }
            Self::Git { .. } => tr!(
                "run it in the repository that the change is built from, with git installed",
                "请在构建该变更的代码仓库中运行，并安装 git"
            ),
            _ => return None,
        })
    }

    /// What to do with a register that fails verification.
    fn evidence(&self) -> &'static str {
        match self {
            Self::Unwell { .. } => tr!("each line says how to fix it", "每一行都说明了如何修正"),
            Self::Findings { remedy: Remedy::Rebuild, .. } => tr!(
                "the log is whole; `twinseal rebuild` makes the rest from it again",
                "日志完好；`twinseal rebuild` 由日志重建其余部分"
            ),
            Self::Findings { remedy: Remedy::Anchor, .. } => tr!(
                "the log agrees with itself; compare it with a checkpoint of this register: `--against FILE`",
                "日志自身一致；请与本变更台账的检查点比对：`--against FILE`"
            ),
            Self::Findings { remedy: Remedy::Timestamp, .. } => tr!(
                "the log is not in question; keep the timestamp as evidence, and ask whoever made it for a good one",
                "日志没有问题；请保留该时间戳作为证据，并向其提供者索取有效的时间戳"
            ),
            Self::Findings { remedy: Remedy::Keep, .. } => {
                tr!("keep this file as evidence and tell the admins", "请保留此文件作为证据并告知管理员")
            }
            _ => {
                tr!(
                    "`twinseal verify` lists every finding; `twinseal repair` keeps the valid entries, and the broken file as \
                 evidence",
                    "`twinseal verify` 列出每个问题；`twinseal repair` 保留有效的日志条目，并把损坏的文件留作证据"
                )
            }
        }
    }
}

fn similar_word(given: &str, invalid: &Invalid) -> Option<String> {
    let Invalid::Word { allowed, .. } = invalid else { return None };
    nearest(given, allowed.iter().copied()).map(|near| trf!("did you mean {near}?", "是否想输入 {near}？"))
}

/// How to make a file of this account usable again.
fn file_hint(doing: FileAct, source: &std::io::Error) -> &'static str {
    match doing {
        FileAct::Edit => {
            tr!("set VISUAL or EDITOR to an editor that can be run", "请把 VISUAL 或 EDITOR 设为可以运行的编辑器")
        }
        _ if source.kind() == std::io::ErrorKind::AlreadyExists => {
            tr!("choose another name; twinseal overwrites no file", "请换一个名称；twinseal 不覆盖文件")
        }
        _ => disk_hint(source, tr!("check the path and its permissions", "请检查路径及其权限")),
    }
}

fn config_hint(error: &ConfigError) -> Option<String> {
    match error {
        ConfigError::Private(error) => Some(private_hint(error)),
        ConfigError::Content { path, .. } => path.file_stem().is_some_and(|it| it == "config").then(|| {
            tr!("fix it in your editor: `twinseal config edit`", "请在编辑器中修正：`twinseal config edit`").to_owned()
        }),
    }
}

pub(super) fn private_hint(error: &PrivateError) -> String {
    let path = word;
    match error {
        PrivateError::Io { source, .. } => disk_hint(source, tr!("check its permissions", "请检查其权限")).to_owned(),
        PrivateError::Foreign { path: it, .. } => trf!(
            "set HOME to your own home directory (`sudo -H`), or give it back to its account: chown -R ACCOUNT {}",
            "请把 HOME 设为自己的主目录（`sudo -H`），或还给其账号：chown -R ACCOUNT {}",
            path(it)
        ),
        PrivateError::Exposed { path: it, .. } => trf!(
            "check it, since others could have changed it; then run: chmod go-w {}",
            "他人可能改动过，请先检查；然后运行：chmod go-w {}",
            path(it)
        ),
        PrivateError::Readable { path: it, .. } => trf!(
            "replace the secrets that others could read; then run: chmod 600 {}",
            "请更换他人可能读到的凭据；然后运行：chmod 600 {}",
            path(it)
        ),
    }
}

/// A path quoted for a POSIX shell.
fn word(path: &Path) -> String {
    shell_word(&path.display().to_string())
}

/// The hint of a step that failed after something was recorded, and that can be repeated by itself.
fn hint_after_recording(error: &StoreError) -> Option<String> {
    let StoreError::RecordedButNotPinned { source, .. } = error else { return None };
    match source.downcast_ref()? {
        Error::Timestamp(failure) => Some(failure.hint()),
        _ => None,
    }
}

/// A word quoted for a POSIX shell.
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}
