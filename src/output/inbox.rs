//! The words of an inbox. Its JSON and the queue of notices have the English ones.

use crate::domain::closed_enum;
use crate::{tr, trf};

closed_enum!(
    /// What somebody can do.
    Act, ["an act", "待办事项"], {
        /// Approve a change.
        Approve => "approve", "审批";
        /// Second a proposal.
        Second => "second", "附议";
        /// Seal a new register.
        Seal => "seal", "封印";
        /// Start a change.
        Start => "start", "开始实施";
        /// Finish a change.
        Finish => "finish", "完成";
        /// Confirm the outcome of a change.
        Confirm => "confirm", "确认结果";
        /// Review a change after its end.
        Review => "review", "变更后评估";
        /// See to an action that a review asks for.
        Action => "action", "改进事项";
        /// Review what was done outside the register.
        Examine => "review-deviation", "审阅偏差";
        /// Revise a change, which cannot go on.
        Revise => "revise", "修订";
        /// Propose a freeze with a longer calendar.
        Extend => "extend", "延长日历";
        /// Ratify a break-glass.
        Ratify => "ratify", "追认";
        /// Say what was done in a break-glass.
        Close => "close", "关闭";
        /// Read about a break-glass that is not ratified.
        Read => "read", "阅读";
    }
);

/// What an item is about, in the language of the reader: `CHG-7`, `proposal 3`.
pub fn subject(kept: &str) -> String {
    match kept.split_once(' ') {
        Some(("proposal", id)) => trf!("proposal {id}", "提案 {id}"),
        Some(("freeze", name)) => trf!("freeze {name}", "封网 {name}"),
        _ if kept == "register" => tr!("register", "变更台账").to_owned(),
        _ => kept.to_owned(),
    }
}

closed_enum!(
    /// What happens at a deadline, or until when something can be done.
    Then, ["what happens at a deadline", "截止时会发生什么"], {
        /// A window opens.
        WindowOpens => "window opens", "窗口开始";
        /// A change can be started for the last time.
        LastStart => "last start", "最晚开始";
        /// A rollback can be begun for the last time.
        LastRollback => "last rollback", "最晚回退";
        /// A window closes.
        WindowCloses => "window closes", "窗口结束";
        /// A window has closed.
        WindowClosed => "window closed", "窗口已结束";
        /// A review is due.
        Due => "due", "截止";
        /// A review was due.
        WasDue => "was due", "已逾期";
        /// A proposal lapses.
        Lapses => "lapses", "提案失效";
        /// A break-glass ends.
        Ends => "ends", "到期";
        /// A break-glass that nobody ratified is unauthorised.
        Unauthorised => "unauthorised", "追认截止";
        /// A calendar ends.
        CalendarEnds => "calendar ends", "日历到期";
        /// A calendar has ended.
        CalendarEnded => "calendar ended", "日历已到期";
        /// A freeze closes.
        FreezeCloses => "freeze closes", "封网开始";
        /// A freeze ends.
        FreezeEnds => "freeze ends", "封网结束";
    }
);
