//! The texts of notices: one sentence for everything that can happen, and the lines of a message.

use super::notice::{Deadline, Notice, What};
use crate::domain::Outcome;
use crate::output::{Act, Then, moment, subject};
use crate::{tr, trf};

/// A message, before it is made safe for its target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What happened; the subject of a mail begins with it.
    pub headline: String,
    /// The title of a change, or what the inbox says in its place.
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
    let subject = &subject(&notice.subject);
    let by = notice.by.as_ref().map_or_else(|| tr!("somebody", "某人"), |by| by.as_str());
    let word = notice.word.as_deref().unwrap_or("");
    match notice.what {
        What::AwaitsApproval => trf!("{subject} awaiting approval", "{subject} 待审批"),
        What::AwaitsSecond => trf!("{subject} awaiting a second", "{subject} 待附议"),
        What::AwaitsSeal => trf!("{subject} awaiting its seal", "{subject}待封印"),
        What::CanStart => trf!("{subject} approved: ready to start", "{subject} 已批准：可以开始实施"),
        What::InProgress => trf!("{subject} in progress: awaiting its outcome", "{subject} 实施中：待完成并填写结果"),
        What::AwaitsConfirmation => trf!("{subject} awaiting confirmation of its outcome", "{subject} 的结果待确认"),
        What::AwaitsReview => trf!("{subject} awaiting its review", "{subject} 待变更后评估"),
        What::NeedsRevision => trf!("{subject} cannot go on without a revision", "{subject} 须修订后才能继续"),
        What::CalendarEnds => trf!("{subject}: its calendar ends", "{subject}：日历即将到期"),
        What::AwaitsRatification => trf!("{subject} awaiting ratification", "{subject} 待追认"),
        What::Other => trf!("{subject} in your inbox: {}", "{subject} 在您的待办中：{}", act(word)),
        What::DeadlineNear => {
            trf!("{subject}: deadline near, still to do: {}", "{subject} 临近截止时间，尚待：{}", act(word))
        }
        What::WindowOpens => trf!("{subject}: window opens soon", "{subject} 的变更窗口即将开始"),
        What::WindowCloses => {
            trf!("{subject}: window closes soon, in progress", "{subject} 的变更窗口即将结束，仍在实施中")
        }
        What::Approved => trf!("{by} approved {subject}", "{by} 批准了 {subject}"),
        What::Rejected => trf!("{by} rejected {subject}", "{by} 驳回了 {subject}"),
        What::Retracted => trf!("{by} retracted an approval of {subject}", "{by} 收回了对 {subject} 的批准"),
        What::Started => trf!("{by} started {subject}", "{by} 开始实施 {subject}"),
        What::Finished => trf!("{by} finished {subject}: {}", "{by} 完成了 {subject}：{}", outcome(word)),
        What::FreezeBegun => trf!("{by} put {subject} in force", "{by} 使{subject} 生效"),
        What::FreezeEnded => trf!("{by} ended {subject}", "{by} 结束了{subject}"),
        What::FreezeMeets => {
            trf!("{subject}: freeze {word} closes in its window", "{subject}：封网 {word} 落在其变更窗口内")
        }
        What::GlassOpened => trf!(
            "{by} opened break-glass {subject}: acting without approval",
            "{by} 开启了紧急处置（break-glass）{subject}：未经批准而行动"
        ),
        What::GlassEntered => trf!(
            "{by} entered break-glass {subject}: somebody acted without approval",
            "{by} 补录了紧急处置（break-glass）{subject}：有人未经批准而行动"
        ),
        What::GlassClosed => trf!("{by} closed break-glass {subject}", "{by} 关闭了紧急处置（break-glass）{subject}"),
        What::GlassRatified => {
            trf!("{by} ratified break-glass {subject}", "{by} 追认了紧急处置（break-glass）{subject}")
        }
        What::Test => {
            tr!("test message of twinseal: this target works", "twinseal 测试消息：该通知渠道可用").to_owned()
        }
    }
}

/// The inbox's word for an act.
fn act(kept: &str) -> String {
    kept.parse::<Act>().map_or_else(|_| kept.to_owned(), Act::phrase)
}

/// An outcome, or the outcome on one target: `succeeded on db-1`.
fn outcome(kept: &str) -> String {
    let (word, target) = kept.split_once(" on ").map_or((kept, None), |(word, target)| (word, Some(target)));
    let word = match word.parse::<Outcome>() {
        Ok(outcome) => tr!(word.to_owned(), outcome.phrase()),
        Err(_) => word.to_owned(),
    };
    match target {
        Some(target) => trf!("{word} on {target}", "{target} {word}"),
        None => word,
    }
}

fn deadline(it: &Deadline, zone: &str) -> String {
    let then = it.then.parse::<Then>().map_or_else(|_| it.then.clone(), Then::phrase);
    trf!("{then} {}", "{then}：{}", moment(it.at, zone))
}

fn joined(names: impl IntoIterator<Item = impl ToString>) -> String {
    names.into_iter().map(|it| it.to_string()).collect::<Vec<_>>().join(tr!(", ", "、"))
}

/// The message of a notice. Times are those of `zone`; `details` adds owner, services and environments.
pub fn message(notice: &Notice, zone: &str, details: bool) -> Message {
    let mut facts = Vec::new();
    facts.extend(notice.risk.map(|risk| trf!("risk: {}", "风险：{}", risk.phrase())));
    facts.extend(notice.deadline.as_ref().map(|it| deadline(it, zone)));
    if details {
        let change = &notice.change;
        facts.extend(change.owner.as_ref().map(|owner| trf!("owner: {owner}", "变更负责人：{owner}")));
        if !change.services.is_empty() {
            facts.push(trf!("services: {}", "服务：{}", joined(&change.services)));
        }
        if !change.environments.is_empty() {
            facts.push(trf!("environments: {}", "环境：{}", joined(&change.environments)));
        }
    }
    let headline = format!("[{}] {}", notice.register, sentence(notice));
    Message { headline, title: notice.title.clone(), facts, command: notice.command.clone() }
}
