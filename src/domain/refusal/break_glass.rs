//! The refusals about break-glass.

/// Passes these refusals on to the next macro, after those before; see [`super`].
macro_rules! break_glass {
    ($next:ident! $($rest:ident!)*; $($before:tt)*) => { $next! { $($rest!)*; $($before)*
    // Break-glass
    /// A break-glass number out of sequence.
    BreakGlassNumber { /** The next number. */ expected: BreakGlassId } =>
        "breakglass-number",
        ["the next break-glass is {expected}", "下一个紧急处置的编号是 {expected}"],
        ["", ""];
    /// No such break-glass.
    NoBreakGlass { /** Which. */ id: BreakGlassId } =>
        "breakglass-known",
        ["no break-glass {id}", "没有紧急处置（break-glass）{id}"],
        ["`twinseal breakglass list` shows all of them", "`twinseal breakglass list` 列出所有紧急处置"];
    /// A second close by somebody else than its opener.
    ClosedBefore { /** Which. */ id: BreakGlassId } =>
        "breakglass-close-once",
        ["{id} is already closed", "{id} 已关闭"],
        ["`twinseal breakglass show {id}` shows what was done; its opener can add to it until it is ratified",
         "`twinseal breakglass show {id}` 显示处置经过；被追认之前，开启人可以补充"];
    /// A close by somebody else than its opener before it has ended.
    OpenStill { /** Which. */ id: BreakGlassId, /** When it ends. */ end: Time } =>
        "breakglass-close-open",
        ["{id} is open until {end}; before that only its opener closes it",
         "{id} 进行中，至 {end} 为止；在此之前只有开启人可以关闭"],
        ["ask its opener to say what was done, or close it after that time",
         "请开启人说明处置经过，或在该时间之后关闭"];
    /// A close that does not say what was done.
    NothingReported { /** Which. */ id: BreakGlassId } =>
        "breakglass-report",
        ["{id} is closed by saying what was done", "关闭 {id} 须说明处置经过"],
        ["write it in a file: `twinseal breakglass close {id} FILE`",
         "请写入文件：`twinseal breakglass close {id} FILE`"];
    /// Ratifying one's own break-glass.
    OwnBreakGlass { /** Which. */ id: BreakGlassId, /** The part that they had. */ part: PartInBreakGlass } =>
        "breakglass-part",
        ["you cannot ratify {id} because you {}", "您不能追认 {id}，因为您{}"] (part.phrase()),
        ["ask other approvers; `twinseal person list` shows them",
         "请其他审批人追认；`twinseal person list` 列出审批人"];
    /// A break-glass by somebody outside the groups of the policy.
    NotProvidedFor { /** Which. */ id: BreakGlassId } =>
        "breakglass-group",
        ["{id} cannot be ratified: its opener was in none of the groups that the policy names",
         "{id} 不能追认：开启人不在策略指定的任何组中"],
        ["`twinseal policy show` lists the groups", "`twinseal policy show` 列出这些组"];
    /// A signed word for another register.
    WordElsewhere { /** Who signed it. */ person: PersonId } =>
        "breakglass-register",
        ["what {person} signed does not name the fingerprint of this register",
         "{person} 签署的内容未写明此变更台账的指纹"],
        ["enter it in the register that it names", "请在其写明的变更台账中补录"];
    /// A signed word from the future.
    WordAhead { /** What it claims. */ time: Time } =>
        "breakglass-word-ahead",
        ["it was signed at {time}, which is ahead: a clock was wrong", "签署时间 {time} 超前：时钟有误"],
        ["enter it after that time", "请在该时间之后补录"];
    /// A signed word that was entered before.
    EnteredBefore { /** As which. */ id: BreakGlassId } =>
        "breakglass-entered-once",
        ["it is entered already, as {id}", "已补录为 {id}"],
        ["`twinseal breakglass show {id}` shows it", "`twinseal breakglass show {id}` 显示其内容"];
    /// Ratifying before anybody said what was done.
    NotClosed { /** Which. */ id: BreakGlassId } =>
        "breakglass-closed",
        ["{id} is not closed: nobody has said what was done", "{id} 尚未关闭：无人说明处置经过"],
        ["its opener or another engineer closes it: `twinseal breakglass close {id} FILE`",
         "请开启人或另一名工程师关闭：`twinseal breakglass close {id} FILE`"];
    /// A ratification that names another entry than the one that closed it.
    OtherClose { /** Which. */ id: BreakGlassId, /** The entry that closed it. */ closed: Digest } =>
        "breakglass-close-known",
        ["not the entry that closed {id}, which is {closed}", "不是关闭 {id} 的日志条目；该条目是 {closed}"],
        ["read it again with `twinseal breakglass show {id}`, then decide",
         "请用 `twinseal breakglass show {id}` 重新阅读后再决定"];
    /// Ratifying what is ratified.
    RatifiedBefore { /** Which. */ id: BreakGlassId } =>
        "breakglass-undecided",
        ["{id} is ratified: nothing left to decide", "{id} 已追认，无需再作决定"],
        ["", ""];
    /// Ratifying the same report a second time.
    RatifiedAlready { /** Which. */ id: BreakGlassId, /** Who. */ person: PersonId } =>
        "breakglass-ratify-once",
        ["{person} has already ratified {id}", "{person} 已追认过 {id}"],
        ["another approver ratifies it: `twinseal breakglass ratify {id}`",
         "请另一名审批人追认：`twinseal breakglass ratify {id}`"];
    /// Ratifying before the end.
    EndsLater { /** Which. */ id: BreakGlassId, /** When it ends. */ end: Time } =>
        "breakglass-ahead",
        ["{id} ends at {end}, ahead of what others claim: a clock was wrong",
         "{id} 的结束时间 {end} 超前于其他人声称的时间：时钟有误"],
        ["ratify it once three other people have acted since it was opened: then its end is corrected",
         "请待其开启后另有三人操作过再追认：届时其结束时间会得到校正"];
    /// Ratifying too late.
    Unauthorised { /** Which. */ id: BreakGlassId, /** Since when. */ since: Time } =>
        "breakglass-deadline",
        ["{id} has been unauthorised since {since}, 24 hours after its end",
         "{id} 结束 24 小时后仍未追认，自 {since} 起为未获授权"],
        ["", ""];
    /// A break-glass with a text that was redacted.
    BreakGlassRedacted { /** Which. */ id: BreakGlassId } =>
        "breakglass-redacted",
        ["a text of {id} was redacted, so it can no longer be ratified", "{id} 有文本已隐去，不能再追认"],
        ["", ""];
    } };
}

pub(super) use break_glass;
