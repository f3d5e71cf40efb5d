//! The refusals about deviations.

/// Passes these refusals on to the next macro, after those before; see [`super`].
macro_rules! deviation {
    ($next:ident! $($rest:ident!)*; $($before:tt)*) => { $next! { $($rest!)*; $($before)*
    // Deviations
    /// A deviation number out of sequence.
    DeviationNumber { /** The next number. */ expected: DeviationId } =>
        "deviation-number",
        ["the next deviation is {expected}", "下一个偏差的编号是 {expected}"],
        ["", ""];
    /// No such deviation.
    NoDeviation { /** Which. */ id: DeviationId } =>
        "deviation-known",
        ["no deviation {id}", "没有偏差 {id}"],
        ["`twinseal deviation list` shows all of them", "`twinseal deviation list` 列出所有偏差"];
    /// A deviation that is told before it was done.
    DeviationAhead { /** When it would have been done. */ done: Time } =>
        "deviation-time",
        ["it would have been done at {done}, which is still to come", "操作时间 {done} 尚未到来"],
        ["a deviation is told afterwards; before you act: `twinseal breakglass open`",
         "偏差只能事后报告；行动之前请用 `twinseal breakglass open`"];
    /// A deviation that does not say what was done.
    DeviationUntold =>
        "deviation-report",
        ["a deviation says what was done", "报告偏差须说明做了什么"],
        ["write it in a file: `twinseal deviation record FILE`", "请写入文件：`twinseal deviation record FILE`"];
    /// Reviewing what one told or did.
    OwnDeviation { /** Which. */ id: DeviationId, /** The part that they had. */ part: PartInDeviation } =>
        "deviation-part",
        ["you cannot review {id} because you {}", "您不能审阅 {id}，因为您{}"] (part.phrase()),
        ["ask other approvers; `twinseal person list` shows them",
         "请其他审批人审阅；`twinseal person list` 列出审批人"];
    /// A review that names another entry than the one that told it.
    OtherDeviation { /** Which. */ id: DeviationId, /** The entry that told it. */ recorded: Digest } =>
        "deviation-record-known",
        ["not the entry that recorded {id}, which is {recorded}", "不是记录 {id} 的日志条目；该条目是 {recorded}"],
        ["read it again with `twinseal deviation show {id}`, then decide",
         "请用 `twinseal deviation show {id}` 重新阅读后再决定"];
    /// Reviewing what two approvers have reviewed.
    DeviationReviewed { /** Which. */ id: DeviationId } =>
        "deviation-undecided",
        ["{id} is reviewed: nothing left to decide", "{id} 已审阅，无需再作决定"],
        ["", ""];
    /// Reviewing it a second time.
    DeviationReviewedBefore { /** Which. */ id: DeviationId, /** Who. */ person: PersonId } =>
        "deviation-review-once",
        ["{person} has already reviewed {id}", "{person} 已审阅过 {id}"],
        ["another approver reviews it: `twinseal deviation review {id}`",
         "请另一名审批人审阅：`twinseal deviation review {id}`"];
    /// A deviation whose text was redacted.
    DeviationRedacted { /** Which. */ id: DeviationId } =>
        "deviation-redacted",
        ["the text of {id} was redacted, so it can no longer be reviewed", "{id} 的文本已隐去，不能再审阅"],
        ["tell it again without what was redacted: `twinseal deviation record FILE`",
         "请重新报告，不含已隐去的内容：`twinseal deviation record FILE`"];
    } };
}

pub(super) use deviation;
