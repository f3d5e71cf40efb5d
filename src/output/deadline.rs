//! What happens at a deadline.

use crate::lang::{Lang, lang};

/// What happens at a deadline, or until when something can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// A window opens.
    WindowOpens,
    /// A change can be started for the last time.
    LastStart,
    /// A rollback can be begun for the last time.
    LastRollback,
    /// A window closes.
    WindowCloses,
    /// A window has closed.
    WindowClosed,
    /// A review is due.
    Due,
    /// A review was due.
    WasDue,
    /// A proposal lapses.
    Lapses,
    /// A break-glass ends.
    Ends,
    /// A break-glass that nobody ratified is unauthorised.
    Unauthorised,
    /// A calendar ends.
    CalendarEnds,
    /// A calendar has ended.
    CalendarEnded,
    /// A freeze closes.
    FreezeCloses,
}

/// Each value with its English and its Chinese words.
const WORDS: [(Then, &str, &str); 13] = [
    (Then::WindowOpens, "window opens", "窗口开始"),
    (Then::LastStart, "last start", "最晚开始"),
    (Then::LastRollback, "last rollback", "最晚回退"),
    (Then::WindowCloses, "window closes", "窗口结束"),
    (Then::WindowClosed, "window closed", "窗口已结束"),
    (Then::Due, "due", "截止"),
    (Then::WasDue, "was due", "已逾期"),
    (Then::Lapses, "lapses", "提案失效"),
    (Then::Ends, "ends", "到期"),
    (Then::Unauthorised, "unauthorised", "追认截止"),
    (Then::CalendarEnds, "calendar ends", "日历到期"),
    (Then::CalendarEnded, "calendar ended", "日历已到期"),
    (Then::FreezeCloses, "freeze closes", "封网开始"),
];

impl Then {
    /// The words that are kept in a queue: the English ones.
    pub fn as_str(self) -> &'static str {
        WORDS.iter().find(|(it, ..)| *it == self).map_or("", |(_, english, _)| english)
    }

    /// The value of these kept words.
    pub fn kept(words: &str) -> Option<Self> {
        WORDS.iter().find(|(_, english, _)| *english == words).map(|(it, ..)| *it)
    }

    /// The words for screens, in the language of the reader.
    pub fn phrase(self) -> &'static str {
        match (lang(), WORDS.iter().find(|(it, ..)| *it == self)) {
            (Lang::Zh, Some((.., chinese))) => chinese,
            _ => self.as_str(),
        }
    }
}
