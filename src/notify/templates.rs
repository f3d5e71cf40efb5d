//! The texts of notices: one sentence for everything that can happen, and the lines of a message.

use super::notice::{Deadline, Notice, What};
use crate::domain::Time;
use crate::output::moment;

/// A message, before it is made safe for its target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What happened; the subject of a mail begins with it.
    pub headline: String,
    /// The title of a change.
    pub title: Option<String>,
    /// Risk, deadline and details, one a line.
    pub facts: Vec<String>,
    /// The command to type.
    pub command: String,
}

impl Message {
    /// All lines, each changed by `safe`.
    pub fn lines(&self, safe: impl Fn(&str) -> String) -> Vec<String> {
        let lines = [Some(&self.headline), self.title.as_ref()].into_iter().flatten();
        lines.chain(&self.facts).chain([&self.command]).map(|line| safe(line)).collect()
    }
}

/// What happened, in one sentence that begins with the subject or with who acted.
fn sentence(notice: &Notice) -> String {
    let Notice { subject, word, .. } = notice;
    let by = notice.by.as_ref().map_or("somebody", |by| by.as_str());
    let word = word.as_deref().unwrap_or("");
    match notice.what {
        What::AwaitsApproval => format!("{subject} awaiting approval"),
        What::AwaitsSecond => format!("{subject} awaiting a second"),
        What::AwaitsSeal => format!("{subject} awaiting its seal"),
        What::CanStart => format!("{subject} approved: ready to start"),
        What::InProgress => format!("{subject} in progress: awaiting its outcome"),
        What::AwaitsConfirmation => format!("{subject} awaiting confirmation of its outcome"),
        What::AwaitsReview => format!("{subject} awaiting its review"),
        What::NeedsRevision => format!("{subject} cannot go on without a revision"),
        What::CalendarEnds => format!("{subject}: its calendar ends"),
        What::AwaitsRatification => format!("{subject} awaiting ratification"),
        What::Other => format!("{subject} in your inbox: {word}"),
        What::DeadlineNear => format!("{subject}: deadline near, still to do: {word}"),
        What::WindowOpens => format!("{subject}: window opens soon"),
        What::WindowCloses => format!("{subject}: window closes soon, in progress"),
        What::Approved => format!("{by} approved {subject}"),
        What::Rejected => format!("{by} rejected {subject}"),
        What::Retracted => format!("{by} retracted an approval of {subject}"),
        What::Started => format!("{by} started {subject}"),
        What::Finished => format!("{by} finished {subject}: {word}"),
        What::FreezeBegun => format!("{by} put {subject} in force"),
        What::FreezeEnded => format!("{by} ended {subject}"),
        What::FreezeMeets => format!("{subject}: freeze {word} closes in its window"),
        What::GlassOpened => format!("{by} opened break-glass {subject}: acting without approval"),
        What::GlassEntered => format!("{by} entered break-glass {subject}: somebody acted without approval"),
        What::GlassClosed => format!("{by} closed break-glass {subject}"),
        What::GlassRatified => format!("{by} ratified break-glass {subject}"),
        What::Test => "test message of twinseal: this target works".to_owned(),
    }
}

fn deadline(it: &Deadline, zone: &str) -> String {
    format!("{} {}", it.then, time(it.at, zone))
}

fn time(at: Time, zone: &str) -> String {
    moment(at, zone)
}

fn joined(names: impl IntoIterator<Item = impl ToString>) -> String {
    names.into_iter().map(|it| it.to_string()).collect::<Vec<_>>().join(", ")
}

/// The message of a notice. Times are those of `zone`; `details` adds owner, services and environments.
pub fn message(notice: &Notice, zone: &str, details: bool) -> Message {
    let mut facts = Vec::new();
    facts.extend(notice.risk.map(|risk| format!("risk: {risk}")));
    facts.extend(notice.deadline.as_ref().map(|it| deadline(it, zone)));
    if details {
        let change = &notice.change;
        facts.extend(change.owner.as_ref().map(|owner| format!("owner: {owner}")));
        if !change.services.is_empty() {
            facts.push(format!("services: {}", joined(&change.services)));
        }
        if !change.environments.is_empty() {
            facts.push(format!("environments: {}", joined(&change.environments)));
        }
    }
    let headline = format!("[{}] {}", notice.register, sentence(notice));
    Message { headline, title: notice.title.clone(), facts, command: notice.command.clone() }
}
