//! Errors of parsing and validating values.

use crate::{tr, trf};

/// Why a value is invalid. The messages say which values are valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Not an identifier of its kind.
    #[error("{}", trf!("not {what}: write {allowed}", "不是有效的{what}，正确写法：{allowed}"))]
    Id {
        /// The kind of identifier, with its article: `a person id`.
        what: &'static str,
        /// The accepted spelling.
        allowed: &'static str,
    },
    /// Not one of a closed set of words.
    #[error("{}", trf!("not {what}: use {}", "不是有效的{what}，可用值：{}", list(allowed)))]
    Word {
        /// The kind of word, with its article: `a risk`.
        what: &'static str,
        /// The accepted words.
        allowed: &'static [&'static str],
    },
    /// Not a decimal number in canonical form.
    #[error(
        "{}",
        tr!(
            "not a number: write decimal digits without a sign or leading zeros, at most 9007199254740991",
            "不是有效的数字：请写十进制数字，不带正负号和前导零，最大 9007199254740991"
        )
    )]
    Number,
    /// Not a tier of a service.
    #[error("{}", tr!("not a tier: use 1 (the most critical) to 4", "不是有效的服务级别：可用 1 至 4，1 为最关键"))]
    Tier,
    /// Not a SHA-256 digest.
    #[error(
        "{}",
        tr!(
            "not a SHA-256 digest: write 64 lower-case hexadecimal digits",
            "不是 SHA-256 摘要：请写 64 位小写十六进制数字"
        )
    )]
    Digest,
    /// Not an RFC 3339 UTC time in whole seconds.
    #[error(
        "{}",
        tr!(
            "not a time: write RFC 3339 in UTC with whole seconds, such as 2026-12-01T09:30:05Z",
            "不是有效的时间：请按 RFC 3339 写 UTC 时间，精确到秒，如 2026-12-01T09:30:05Z"
        )
    )]
    Time,
    /// A window whose end is not after its start.
    #[error("{}", tr!("the window must end after it starts", "窗口的结束须晚于开始"))]
    WindowOrder,
    /// A window longer than [`crate::domain::Window::LONGEST_DAYS`].
    #[error(
        "{}",
        tr!(
            "the window is longer than 366 days: file one change per window",
            "窗口超过 366 天：每个窗口请提交一个变更单"
        )
    )]
    WindowLong,
    /// Empty text.
    #[error("{}", tr!("empty: write at least one word", "内容为空：请填写"))]
    Empty,
    /// Several lines in a one-line value.
    #[error("{}", tr!("several lines: write one line", "有多行：请写成一行"))]
    Lines,
    /// A line over the limit.
    #[error(
        "{}",
        trf!(
            "{length} characters, at most {most} are allowed: shorten it",
            "共 {length} 个字符，最多允许 {most} 个：请缩短"
        )
    )]
    TooLong {
        /// Its length in characters.
        length: usize,
        /// The limit in characters.
        most: usize,
    },
    /// A character that could deceive a reader: control, bidirectional or invisible.
    #[error("{}", forbidden(*.found, *.line))]
    Forbidden {
        /// The character.
        found: char,
        /// The line within the text, from 1.
        line: usize,
    },
    /// White space at the end of a line, or a blank line at the start or end.
    #[error("{}", tr!("leading or trailing white space: remove it", "首尾有空白：请删除"))]
    Untrimmed,
    /// White space other than U+0020, where a machine reads the text.
    #[error(
        "{}",
        trf!("white space other than a space (U+{:04X}): use a space", "空格以外的空白（U+{:04X}）：请改用空格", u32::from(*.found))
    )]
    OddSpace {
        /// The character.
        found: char,
    },
    /// Text that is not in Unicode's form NFC, where normalising it could change its meaning.
    #[error(
        "{}",
        tr!(
            "not in Unicode form NFC: write composed characters",
            "不是 Unicode NFC 形式：请使用预组合字符"
        )
    )]
    NotComposed,
    /// Two white space characters in a row in a one-line value.
    #[error("{}", tr!("several spaces in a row: write one", "有连续的空格：请只留一个"))]
    SpaceRun,
    /// A period that ends before it begins.
    #[error("{}", tr!("the period ends before it begins, or at that moment", "时段的结束须晚于开始"))]
    PeriodOrder,
    /// Periods of one grant that overlap, touch, or are out of order.
    #[error(
        "{}",
        tr!(
            "the periods of one grant must be in the order of time, with a gap between any two",
            "同一授权的各时段须按时间先后排列，且互不相连"
        )
    )]
    PeriodOverlap,
    /// A freeze without a closed period.
    #[error("{}", tr!("a freeze needs at least one closed period", "封网至少须有一个封网时段"))]
    ClosedNever,
    /// Closed periods that overlap, or are out of order.
    #[error(
        "{}",
        tr!(
            "the closed periods must be in the order of time, and must not overlap",
            "封网时段须按时间先后排列，且不得重叠"
        )
    )]
    ClosedOrder,
    /// Periods beyond the time until which a calendar is known.
    #[error(
        "{}",
        tr!(
            "a closed period ends after the time until which the calendar is known",
            "有封网时段的结束晚于日历已知的截止时间"
        )
    )]
    ClosedUnknown,
    /// A reserved period that must be restored before it begins.
    #[error("{}", tr!("restored before the period begins, or at that moment", "恢复时间须晚于时段的开始"))]
    RestoredBy,
    /// Another word than the one that lets somebody begin a freeze again.
    #[error("{}", tr!("not allowed: write the word allowed", "不允许：只能写 allowed"))]
    Again,
    /// A name for a freeze that twinseal gives itself.
    #[error(
        "{}",
        tr!(
            "the name any stands for every freeze, and names that begin with now- are those of freezes that one person began",
            "名称 any 代表所有封网，以 now- 开头的名称用于单独发起的封网"
        )
    )]
    FreezeName,
    /// A request that expires before it was made.
    #[error(
        "{}",
        tr!(
            "the request expires before it was made, or at that moment",
            "登记申请的到期时间须晚于生成时间"
        )
    )]
    RequestOrder,
    /// A statement that ends before it was made.
    #[error("{}", tr!("the last moment is before the statement was made", "最后时刻早于声明的生成时间"))]
    StatementOrder,
    /// An Ed25519 public key that is malformed or unsafe.
    #[error("{}", trf!("not a usable Ed25519 public key: {}", "不是可用的 Ed25519 公钥：{}", .0))]
    Key(#[from] crate::domain::value::key::BadKey),
    /// A number of approvals outside 2 to 9.
    #[error("{}", trf!("{found} is out of range: use 2 to 9", "{found} 超出范围：应为 2 至 9"))]
    PolicyApprovals {
        /// The number in the policy.
        found: u64,
    },
    /// A validity of approvals outside 1 to 365 days.
    #[error("{}", trf!("{found} is out of range: use 1 to 365", "{found} 超出范围：应为 1 至 365"))]
    PolicyExpiry {
        /// The number of days in the policy.
        found: u64,
    },
    /// A number of approvers of one group outside 1 to 9.
    #[error("{}", trf!("{found} is out of range: use 1 to 9", "{found} 超出范围：应为 1 至 9"))]
    PolicySlots {
        /// The number in the policy.
        found: u64,
    },
    /// A number of targets outside 1 to 1000.
    #[error("{}", trf!("{found} is out of range: use 1 to 1000", "{found} 超出范围：应为 1 至 1000"))]
    PolicyTargets {
        /// The number in the policy.
        found: u64,
    },
    /// A time for which a break-glass is open outside 1 to 240 minutes.
    #[error("{}", trf!("{found} is out of range: use 1 to 240", "{found} 超出范围：应为 1 至 240"))]
    BreakGlassMinutes {
        /// The number of minutes in the policy.
        found: u64,
    },
    /// An age of a checkpoint outside 1 to 720 hours.
    #[error("{}", trf!("{found} is out of range: use 1 to 720", "{found} 超出范围：应为 1 至 720"))]
    CheckpointHours {
        /// The number of hours in the policy.
        found: u64,
    },
    /// A number of minutes outside 1 to 366 days.
    #[error("{}", trf!("{found} is out of range: use 1 to 527040", "{found} 超出范围：应为 1 至 527040"))]
    PolicyMinutes {
        /// The number in the policy.
        found: u64,
    },
    /// A lead time of a template outside 0 to 366 days.
    #[error("{}", trf!("{found} is out of range: use 0 to 527040", "{found} 超出范围：应为 0 至 527040"))]
    TemplateLead {
        /// The number of minutes in the template.
        found: u64,
    },
    /// A number of targets of a template outside 0 to 1000.
    #[error("{}", trf!("{found} is out of range: use 0 to 1000", "{found} 超出范围：应为 0 至 1000"))]
    TemplateTargets {
        /// The number in the template.
        found: u64,
    },
    /// A blank whose most is below its least.
    #[error("{}", tr!("most is below least", "most 小于 least"))]
    BlankRange,
    /// An independent approver required by a policy that names no teams.
    #[error(
        "{}",
        tr!(
            "an independent approver shares no team with others: list the groups that are teams in teams",
            "独立审批人须与他人不同团队：请在 teams 中列出哪些组是团队"
        )
    )]
    NoTeams,
    /// A phrase that is not in the form in which commands are searched.
    #[error(
        "{}",
        tr!(
            "not a phrase: write lower-case words with one space between them",
            "不是有效的短语：请写小写单词，词间一个空格"
        )
    )]
    NotFolded,
    /// A requirement that requires nothing.
    #[error(
        "{}",
        tr!(
            "requires nothing: add approvals, from, independent, fields, lead_minutes, longest_window_minutes or confirm",
            "没有任何要求：请加上 approvals、from、independent、fields、lead_minutes、longest_window_minutes 或 confirm"
        )
    )]
    RequirementEmpty,
    /// Two requirements with the same name.
    #[error(
        "{}",
        trf!(
            "two requirements are named {name}: give each its own name",
            "有两项要求都名为 {name}：请取不同的名称"
        )
    )]
    RequirementTwice {
        /// The name.
        name: crate::domain::RequirementName,
    },
    /// An unknown rule name.
    #[error("{}", tr!("not the name of a rule", "不是规则名称"))]
    Rule,
}

/// `a, b or c`.
fn list(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [head @ .., last] => trf!("{} or {last}", "{} 或 {last}", head.join(tr!(", ", "、"))),
    }
}

/// What is wrong with a text that has this character on this line.
fn forbidden(found: char, line: usize) -> String {
    let code = u32::from(found);
    let (name, remedy) = match found {
        '\t' => (tr!("a tab; use spaces", "制表符"), "请改用空格"),
        '\u{0}' => (tr!("a NUL", "NUL 字符"), "请删除"),
        '\u{1b}' => (tr!("an escape character", "转义字符"), "请删除"),
        c if c.is_control() => (tr!("a control character", "控制字符"), "请删除"),
        '\u{fe00}'..='\u{fe0f}' => (
            tr!("an invisible variation selector, as in some emoji", "不可见的变体选择符，如某些表情符号所含"),
            "请删除",
        ),
        _ => (tr!("an invisible or direction-changing character", "不可见或改变书写方向的字符"), "请删除"),
    };
    trf!(
        "{name} (U+{code:04X}) on line {line} of the text: remove it",
        "文本第 {line} 行有{name}（U+{code:04X}）：{remedy}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_a_forbidden_character_and_its_line() {
        for (c, name) in [
            ('\t', "a tab; use spaces (U+0009)"),
            ('\0', "a NUL (U+0000)"),
            ('\u{1b}', "an escape character (U+001B)"),
            ('\u{7f}', "a control character (U+007F)"),
            ('\u{202e}', "an invisible or direction-changing character (U+202E)"),
            ('\u{fe0f}', "an invisible variation selector, as in some emoji (U+FE0F)"),
        ] {
            let message = Invalid::Forbidden { found: c, line: 3 }.to_string();
            assert_eq!(message, format!("{name} on line 3 of the text: remove it"));
        }
    }
}
