//! `inbox`: list what a person can act on.

mod acts;
mod watch;

use clap::Args;
use serde_json::{Value, json};

use crate::commands::{Context, Zh};
use crate::domain::{Moment, PersonId};
use crate::error::Error;
use crate::output::{Act, Clock, Page, Reading, Then, measure, padded, subject, visible};
use crate::store::Session;
use crate::{tr, trf};
pub use acts::{Waiting, waiting};

/// List what you can act on
///
/// Lists changes to approve, start, finish, confirm, review or revise, actions of reviews, deviations to review, proposals to second, and
/// calendars that end within a month, the most urgent first. A break-glass that is not ratified is above everything else, in everybody's inbox. The
/// inbox is that of your key's owner, or of the person given with --as.
///
/// --watch shows the inbox again whenever entries were recorded, and every minute, until you press Ctrl-C. If the output is
/// no terminal, it prints a line for each new item.
#[derive(Debug, Args)]
#[command(zh("列出您的待办"))]
#[command(zh_long("\
列出待审批、待开始、待完成、待确认、待评估和待修订的变更单，待完成的改进事项，待审阅的偏差，待附议的提案，以及一个月内到期的日历，最紧急的在前。未追认的\
紧急处置（break-glass）排在最前，出现在每个人的待办中。待办属于您的密钥的持有人，或 --as 指定的人。

--watch 在每次有新日志条目时以及每分钟重新显示待办，直到您按 Ctrl-C。输出不是终端时，每项新待办输出一行。"))]
#[command(after_help = "Examples:
  twinseal inbox
  twinseal inbox --watch
  twinseal inbox --as carol")]
pub struct Inbox {
    /// Stay, and show what is new
    #[arg(long, zh("持续运行，显示新的待办"))]
    watch: bool,
}

/// The heading of a group, by what can be done.
fn heading(action: Act) -> &'static str {
    match action {
        Act::Ratify => tr!("break-glass to ratify", "待追认的紧急处置"),
        Act::Close => tr!("break-glass to close", "待说明的紧急处置"),
        Act::Read => tr!("break-glass without ratification", "未追认的紧急处置"),
        Act::Seal => tr!("register to seal", "待封印的变更台账"),
        Act::Approve => tr!("changes to approve", "待审批的变更单"),
        Act::Start => tr!("changes to start", "待开始的变更单"),
        Act::Finish => tr!("changes to finish", "待完成的变更单"),
        Act::Confirm => tr!("outcomes to confirm", "待确认的结果"),
        Act::Review => tr!("changes to review", "待评估的变更单"),
        Act::Action => tr!("actions of reviews", "待完成的改进事项"),
        Act::Examine => tr!("deviations to review", "待审阅的偏差"),
        Act::Revise => tr!("changes to revise", "待修订的变更单"),
        Act::Second => tr!("proposals to second", "待附议的提案"),
        Act::Extend => tr!("freezes to extend", "待延长的封网"),
    }
}

impl Waiting {
    /// `high; 1 of 2 approvals; window opens in 3 h (2026-12-05 20:00 +08:00)`.
    fn details(&self, clock: &Clock) -> String {
        let due = |(deadline, then): (_, Then)| {
            let (away, at, then) = (crate::output::ago(deadline, clock.now), clock.at(deadline), then.phrase());
            trf!("; {then} {away} ({at})", "；{then}：{away}（{at}）")
        };
        let due = self.deadline.zip(self.then).map_or(String::new(), due);
        format!("{}{due}", clock.local(&self.reason))
    }

    /// The command that does it, or shows what must be done.
    fn command(&self) -> String {
        let name = self.subject.rsplit(' ').next().unwrap_or_default();
        match self.action {
            Act::Ratify => format!("`twinseal breakglass ratify {name}`"),
            Act::Close => format!("`twinseal breakglass close {name} FILE`"),
            Act::Read => format!("`twinseal breakglass show {name}`"),
            Act::Seal => "`twinseal seal`".to_owned(),
            Act::Second => format!("`twinseal proposal second {name}`"),
            Act::Extend => format!("`twinseal freeze show {name}`"),
            Act::Action => format!("`twinseal action done {name}`"),
            Act::Examine => format!("`twinseal deviation review {name}`"),
            // A start before its window would be refused, and the attempt recorded.
            Act::Start if self.waits || self.then == Some(Then::WindowOpens) => format!("`twinseal gate {name}`"),
            action => format!("`twinseal {action} {name}`"),
        }
    }

    /// The item of `items` in JSON.
    pub fn json(&self) -> Value {
        json!({
            "action": self.action.as_str(),
            "subject": self.subject,
            "title": self.title,
            "since": self.since.to_string(),
            "deadline": self.deadline.map(|deadline| deadline.to_string()),
            "reason": self.reason,
        })
    }
}

impl Inbox {
    /// # Errors
    /// The register cannot be opened or read.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        if self.watch {
            return watch::watch(context);
        }
        let Look { me, waiting, .. } = look(context)?;
        if waiting.is_empty() && !context.ui.json {
            context.env.remark(trf!("inbox of {me} is empty", "{me} 没有待办"));
            return Ok(());
        }
        let json =
            || json!({ "person": me.to_string(), "items": waiting.iter().map(Waiting::json).collect::<Value>() });
        let text = text_of(context, &waiting);
        context.ui.answer(context.env, json, || text)
    }
}

/// An inbox as it was found.
struct Look {
    me: PersonId,
    now: Moment,
    waiting: Vec<Waiting>,
}

/// Opens the register and reads the inbox.
fn look(context: &mut Context<'_>) -> Result<Look, Error> {
    let session: Session = context.open()?;
    let me = context.me(&session)?;
    let now = session.state().moment(context.env.now());
    Ok(Look { waiting: waiting(&session, &me, now)?, me, now })
}

/// The items under their headings, the most urgent group first, and the command for the first item that asks for an act.
pub fn text_of(context: &Context<'_>, waiting: &[Waiting]) -> String {
    let (mut page, clock) = (context.page(), context.clock());
    let width = waiting.iter().map(|it| measure(&subject(&it.subject))).max().unwrap_or_default();
    let mut groups: Vec<Act> = Vec::new();
    for it in waiting.iter().filter(|it| !it.late).chain(waiting.iter().filter(|it| it.late)) {
        if !groups.contains(&it.action) {
            groups.push(it.action);
        }
    }
    for action in groups {
        let items: Vec<&Waiting> = waiting.iter().filter(|it| it.action == action).collect();
        page.block(&trf!("{} ({})", "{}（{}）", heading(action), items.len()));
        items.iter().for_each(|it| write_item(&mut page, it, &clock, width));
    }
    if let Some(first) = waiting.iter().find(|it| it.action != Act::Read).or(waiting.first()) {
        page.block(&trf!("next: {}", "下一步：{}", first.command()));
    }
    page.finish().trim_start().to_owned()
}

/// Two lines: the title behind the id, then what matters and until when.
fn write_item(page: &mut Page, it: &Waiting, clock: &Clock, width: usize) {
    page.text(&format!("{} ", padded(&subject(&it.subject), width)), visible(&it.title, Reading::Prose));
    page.text(&" ".repeat(width + 1), it.details(clock));
}
