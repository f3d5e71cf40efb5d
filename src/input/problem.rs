//! What can be wrong with a field of a file, or with the file.

use crate::domain::{Closed, Digest, FreezeName, Group, Invalid, Refusal};
use crate::venue::VenueError;
use crate::{tr, trf};

/// What is wrong with a field or with the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A syntax error, in the words of the TOML parser.
    #[error("{}", trf!("invalid TOML: {}", "TOML 语法错误：{}", .0))]
    Syntax(String),
    /// A quotation mark of a sentence where TOML has its own.
    #[error("{}", trf!("invalid TOML: write \" instead of {}", "TOML 语法错误：请把 {} 改为英文引号 \"", .0))]
    Quotes(char),
    /// An unknown key, and the nearest known one.
    #[error("{}{}", tr!("unknown key", "未知的键"), did_you_mean(.0.as_deref()))]
    UnknownKey(Option<String>),
    /// A required field without a value.
    #[error("{}", tr!("required, but missing or empty", "必填，但缺失或为空"))]
    Missing,
    /// A value of the wrong TOML type.
    #[error("{}", trf!("expected {expected}, found {found}", "应为{expected}，实为{found}"))]
    Type {
        /// The type of the field, with its article.
        expected: &'static str,
        /// The type of the value, with its article.
        found: &'static str,
    },
    /// A value that its type does not allow.
    #[error("{0}")]
    Value(#[from] Invalid),
    /// A value that a list repeats.
    #[error("{}", trf!("{} is listed twice", "{} 重复列出", .0))]
    Twice(String),
    /// Not a time in one of the accepted forms.
    #[error(
        "{}",
        tr!(
            "not a time: write 2026-12-05 20:00 with a zone, or 2026-12-05T20:00:00+08:00",
            "不是时间：请写 2026-12-05 20:00 并注明时区，或写 2026-12-05T20:00:00+08:00"
        )
    )]
    Time,
    /// A time with the abbreviation of a zone behind it: `CST` is a time in Shanghai and one in Chicago.
    #[error(
        "{}",
        trf!(
            "write an offset instead of {}, which can name several zones: 2026-12-05T20:00:00+08:00, or Z for UTC",
            "{} 可能指多个时区，请改写 UTC 偏移：2026-12-05T20:00:00+08:00，UTC 写 Z",
            .0
        )
    )]
    Abbreviation(String),
    /// A fraction of a second, or a leap second.
    #[error("{}", tr!("write whole seconds from 00 to 59, without a fraction", "请写 00 到 59 的整秒，不带小数"))]
    Seconds,
    /// A local time in a file without a zone.
    #[error(
        "{}",
        tr!(
            "a local time needs a zone: add zone = \"Asia/Shanghai\", or write the offset",
            "本地时间需要时区：请加上 zone = \"Asia/Shanghai\"，或写明 UTC 偏移"
        )
    )]
    NoZone,
    /// An unknown zone, and the nearest known one.
    #[error("{}{}", tr!("unknown time zone", "未知的时区"), did_you_mean(.0.as_deref()))]
    UnknownZone(Option<String>),
    /// An abbreviation or an offset where the name of a zone belongs: `CST` is a time in Shanghai and one in Chicago.
    #[error(
        "{}",
        tr!(
            "not the name of a time zone: write one such as Asia/Shanghai, America/Chicago or UTC",
            "不是时区名：请写 Asia/Shanghai、America/Chicago 或 UTC 这样的名称"
        )
    )]
    NoPlace,
    /// A local time that clocks skip.
    #[error(
        "{}",
        trf!(
            "does not exist in {zone}, where clocks are set forward: choose another time",
            "在 {zone} 不存在，因时钟拨快：请改用其他时间"
        )
    )]
    TimeGap {
        /// The zone.
        zone: String,
    },
    /// A local time that clocks show twice.
    #[error(
        "{}",
        trf!(
            "occurs twice in {zone}, where clocks are set back: write {first} (earlier) or {second} (later)",
            "在 {zone} 出现两次，因时钟拨慢：请写 {first}（较早）或 {second}（较晚）"
        )
    )]
    TimeTwice {
        /// The zone.
        zone: String,
        /// The first time, with its offset.
        first: String,
        /// The second time, with its offset.
        second: String,
    },
    /// Not a time of day.
    #[error("{}", tr!("not a time of day: write 21:00", "不是时刻：请写 21:00 这样的时刻"))]
    Clock,
    /// Not a date.
    #[error("{}", tr!("not a date: write 2026-02-13", "不是日期：请写 2026-02-13 这样的日期"))]
    Date,
    /// A length of time over a day.
    #[error("{}", tr!("at most 1440 minutes, which are a day", "最多 1440 分钟，即一天"))]
    Minutes,
    /// A venue or year without a calendar.
    #[error("{0}")]
    Venue(#[from] VenueError),
    /// A key that `[sessions]` replaces.
    #[error("{}", tr!("leave it out, or leave out [sessions], which says it too", "请删去此项，或删去 [sessions]：两者重复"))]
    InSessions,
    /// A key that `calendar` replaces.
    #[error("{}", tr!("leave it out, or leave out calendar, which says it too", "请删去此项，或删去 calendar：两者重复"))]
    InCalendar,
    /// A key that the template of a standard change replaces.
    #[error("{}", tr!("leave it out: the template says it", "请删去此项：由模板规定"))]
    InTemplate,
    /// A standard change without a register that has its template.
    #[error(
        "{}",
        tr!("needs the register that has this template: add --register", "须有含此模板的变更台账：请加上 --register")
    )]
    NeedsRegister,
    /// A blank with no form, or several.
    #[error(
        "{}",
        tr!("state its form: list, pattern, or least and most", "请说明其格式：list、pattern，或 least 和 most")
    )]
    OneForm,
    /// A line of a table that does not have the columns of its header.
    #[error("{}", trf!("expected the columns {expected}", "表头应为 {expected}"))]
    Header {
        /// The header.
        expected: &'static str,
    },
    /// A list without a column that is needed.
    #[error("{}", trf!("no such column: the file has {has}", "没有这一列：文件的列为 {has}"))]
    NoColumn {
        /// The columns that it has.
        has: String,
    },
    /// A line of a list with more or fewer cells than its header.
    #[error("{}", trf!("{found} cells, but the header has {expected}", "有 {found} 个单元格，表头有 {expected} 个"))]
    Cells {
        /// How many the line has.
        found: usize,
        /// How many the header has.
        expected: usize,
    },
    /// A list that is not read to its end.
    #[error("{}", trf!("more than {most} rows: split the file", "超过 {most} 行：请拆分文件"))]
    TooManyRows {
        /// The limit.
        most: usize,
    },
    /// A JSON document without the list of rows.
    #[error(
        "{}",
        tr!(
            "no list here: set `rows` in the map to where the list is",
            "此处没有列表：请在映射文件中用 `rows` 指明列表的位置"
        )
    )]
    NoRows,
    /// A null byte in a text.
    #[error("{}", tr!("a null byte: this is no text file", "有空字节：这不是文本文件"))]
    Binary,
    /// A quotation mark of CSV without its partner.
    #[error("{}", tr!("an odd number of quotation marks: one is not closed", "引号数为奇数：有一个未闭合"))]
    OpenQuote,
    /// A list that cannot be read, in the words of the reader.
    #[error("{}", trf!("cannot be read: {}", "无法读取：{}", .0))]
    Sheet(String),
    /// A list of services without any.
    #[error("{}", tr!("no services in this list", "列表中没有服务"))]
    NoServices,
    /// Text that is no YAML, or not of the expected form, in the words of the parser.
    #[error("{}", trf!("invalid YAML: {}", "YAML 有误：{}", .0))]
    Yaml(String),
    /// A file that cannot be read.
    #[error("{}", trf!("cannot read {path}: {reason}", "无法读取 {path}：{reason}"))]
    File {
        /// The file, as the draft names it.
        path: String,
        /// The system's error.
        reason: String,
    },
    /// A digest that differs from that of the file beside it.
    #[error("{}", trf!("the SHA-256 of {path} is {found}, not the one given", "{path} 的 SHA-256 是 {found}，与所写的不符"))]
    Digest {
        /// The file, as the draft names it.
        path: String,
        /// Its SHA-256.
        found: Digest,
    },
    /// A step with both a command and a script for a machine.
    #[error("{}", tr!("args and shell exclude each other: use one of them", "args 和 shell 只能写一个"))]
    TwoCommands,
    /// A directory or an account for a step that a machine cannot carry out.
    #[error("{}", tr!("needs args or shell beside it", "须同时写 args 或 shell"))]
    NoCommand,
    /// An artifact with neither a file nor a digest.
    #[error("{}", tr!("needs file, sha256, or both", "须写 file 或 sha256，或两者都写"))]
    NoContent,
    /// An author address of a commit that the configuration does not map.
    #[error(
        "{}",
        trf!(
            "commits by {address}: the address is not in [authors] of config.toml",
            "有 {address} 的 git 提交，但该地址不在 config.toml 的 [authors] 中"
        )
    )]
    UnmappedAuthor {
        /// The address.
        address: String,
    },
    /// A range of commits without a commit.
    #[error("{}", trf!("no commits in {range}", "{range} 中没有 git 提交"))]
    NoCommits {
        /// The range.
        range: String,
    },
    /// A change that too few people could approve.
    #[error(
        "{}",
        trf!(
            "{need} approvals needed, but {able} could approve{barred}",
            "需要 {need} 人批准，但可以批准的人：{able}{barred}"
        )
    )]
    TooFewApprovers {
        /// The number of approvals needed.
        need: usize,
        /// Who could approve it: `nobody`, or `only carol`.
        able: String,
        /// Which approvers could not, and why; empty if there is no other approver.
        barred: String,
    },
    /// A change that too few people could approve as members of a group.
    #[error("{}", too_few_in_group(*need, group, able, elsewhere))]
    TooFewInGroup {
        /// The number of approvers of the group that are needed.
        need: usize,
        /// The group.
        group: Group,
        /// Who in the group could approve it: `nobody`, or `only carol`.
        able: String,
        /// Why they are too few although they would do for this group alone; otherwise empty.
        elsewhere: &'static str,
    },
    /// A window in which a freeze lets the change start at no time.
    #[error(
        "{}",
        trf!(
            "freeze {freeze} is {closed} and stops the change: choose another window, or add [freeze_exception]",
            "封网 {freeze} 阻止此变更：{closed}；请另选变更窗口，或加上 [freeze_exception]"
        )
    )]
    Frozen {
        /// The freeze.
        freeze: FreezeName,
        /// When it is closed.
        closed: Closed,
    },
    /// An exception from a freeze that nobody could sign.
    #[error(
        "{}",
        trf!(
            "nobody who could approve it may except from freeze {freeze}: it needs an approval by {by}",
            "能批准此变更单的人都不能为封网 {freeze} 签署例外：须由 {by}批准"
        )
    )]
    NobodyExcepts {
        /// The freeze.
        freeze: FreezeName,
        /// Who may except.
        by: String,
    },
    /// A change that no independent approver could approve.
    #[error(
        "{}",
        tr!(
            "an independent approver needed, but everybody who could approve shares a team with somebody who takes part",
            "需要一名独立审批人，但能批准的人都与参与此变更的人同属一个团队"
        )
    )]
    NobodyIndependent,
    /// A change that does not fit into an entry.
    #[error(
        "{}",
        trf!(
            "{bytes} bytes in total; at most {most} are allowed: shorten the longest texts",
            "共 {bytes} 字节，最多允许 {most} 字节：请缩短最长的文本"
        )
    )]
    TooLarge {
        /// Size in bytes of the part that is too large.
        bytes: usize,
        /// The limit in bytes.
        most: usize,
    },
    /// A setting of `config.toml`, in the words of the parser.
    #[error("{0}")]
    Setting(String),
    /// A rule of the register that the change would break.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// A freeze that is not in force, and the nearest one that is.
    #[error("{}{}", .0, did_you_mean(Some(.1)))]
    Misspelt(Refusal, String),
}

impl Problem {
    /// Whether the text is no TOML, so that its fields say nothing.
    pub fn is_syntax(&self) -> bool {
        matches!(self, Self::Syntax(_) | Self::Quotes(_))
    }
}

fn did_you_mean(word: Option<&str>) -> String {
    word.map_or(String::new(), |word| trf!("; did you mean {word}?", "；是否想输入 {word}？"))
}

fn too_few_in_group(need: usize, group: &Group, able: &str, elsewhere: &str) -> String {
    let s = if need == 1 { "" } else { "s" };
    trf!(
        "{need} approval{s} of group {group} needed, but {able} in this group could approve{elsewhere}",
        "需要 {group} 组 {need} 人批准，但该组可以批准的人：{able}{elsewhere}"
    )
}

/// The word of a list that is most similar to `word`, for suggestions; `None` if none is similar.
pub fn nearest<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let near = words.into_iter().map(|it| (strsim::damerau_levenshtein(word, it), it));
    near.min().filter(|(distance, it)| *distance <= 1 + it.len() / 4).map(|(_, it)| it.to_owned())
}
