//! The refusals about what follows the finish of a change: its review, the actions of reviews, and its close.

/// Passes these refusals on to the next macro, after those before; see [`super`].
macro_rules! review {
    ($next:ident! $($rest:ident!)*; $($before:tt)*) => { $next! { $($rest!)*; $($before)*
    // After the finish
    /// An emergency of somebody with an overdue review.
    ReviewOverdue { /** The change to review. */ change: ChangeId, /** Its owner. */ owner: PersonId,
                    /** Since when. */ due: Time } =>
        "review-overdue",
        ["{change} of {owner} should have been reviewed by {due}; until it is, {owner} owns no further emergency",
         "{owner} 的 {change} 应在 {due} 之前评估；评估之前，{owner} 不能再负责紧急变更"],
        ["review it: `twinseal review {change}`", "请先评估：`twinseal review {change}`"];
    /// A review by somebody who is neither an engineer nor an approver, or by a machine account.
    NoReviewer { /** Who. */ person: PersonId } =>
        "reviewer",
        ["{person} is a machine account, or has neither the role engineer nor approver, and reviews no change",
         "{person} 是机器账号，或既没有 engineer（工程师）角色也没有 approver（审批人）角色，不能评估变更"],
        ["ask an engineer or an approver; `twinseal person list` shows them",
         "请工程师或审批人评估；`twinseal person list` 列出这些人"];
    /// An action with a number out of sequence.
    ActionNumber { /** The next number. */ expected: u64 } =>
        "action-number",
        ["the next action of this change is number {expected}", "此变更单的下一个改进事项是第 {expected} 项"],
        ["", ""];
    /// An action that is due before its review.
    ActionDueBefore { /** Which. */ number: u64, /** When. */ due: Time } =>
        "action-due",
        ["action {number} would be due at {due}, which is past", "第 {number} 项改进事项的截止时间 {due} 已过"],
        ["set a time to come", "请设定将来的时间"];
    /// An action that no review asks for.
    NoAction { /** Which change. */ change: ChangeId, /** The number. */ number: u64 } =>
        "action-known",
        ["no review of {change} asks for an action {number}", "{change} 的评估中没有第 {number} 项改进事项"],
        ["`twinseal action list` lists the actions", "`twinseal action list` 列出改进事项"];
    /// An action that is done already.
    ActionDoneBefore { /** Which change. */ change: ChangeId, /** The number. */ number: u64 } =>
        "action-once",
        ["action {change}/{number} is done already", "改进事项 {change}/{number} 已完成"],
        ["`twinseal show {change}` shows by whom", "`twinseal show {change}` 显示由谁完成"];
    /// An action of somebody else.
    NotActionOwner { /** Who. */ person: PersonId, /** Which change. */ change: ChangeId, /** The number. */ number: u64 } =>
        "action-owner",
        ["{person} owns neither the action {change}/{number} nor {change}",
         "{person} 既不是改进事项 {change}/{number} 的责任人，也不是 {change} 的变更负责人"],
        ["ask one of them; `twinseal action list` shows the owners",
         "请他们中的一人操作；`twinseal action list` 列出责任人"];
    /// An act on a closed change.
    ChangeClosed { /** Which change. */ change: ChangeId } =>
        "closed",
        ["{change} is closed", "{change} 已关闭"],
        ["only notes and actions that are done can follow: `twinseal note {change} TEXT`; what is still to be done \
          is another change: `twinseal file`",
         "此后只能添加备注和完成改进事项：`twinseal note {change} TEXT`；其余工作须另提变更单：`twinseal file`"];
    /// A close without the confirmation that was asked for.
    CloseUnconfirmed { /** Which change. */ change: ChangeId } =>
        "close-confirmed",
        ["the outcome of {change} is not confirmed yet", "{change} 的结果尚未确认"],
        ["somebody who took no part confirms it: `twinseal confirm {change}`",
         "请未参与的人确认：`twinseal confirm {change}`"];
    /// A close without the review that is due.
    CloseUnreviewed { /** Which change. */ change: ChangeId } =>
        "close-reviewed",
        ["{change} must be reviewed first", "{change} 须先评估"],
        ["write the review: `twinseal review {change}`", "请先评估：`twinseal review {change}`"];
    } };
}

pub(super) use review;
