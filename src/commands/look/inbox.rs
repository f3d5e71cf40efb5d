//! `inbox`: list what a person can act on.

mod acts;
mod watch;

use clap::Args;
use serde_json::{Value, json};

use crate::commands::Context;
use crate::domain::{Moment, PersonId};
use crate::error::Error;
use crate::output::{Clock, Page, Reading, visible};
use crate::store::Session;
pub use acts::{Waiting, waiting};

/// List what you can act on
///
/// Lists changes to approve, start, finish, confirm, review or revise, proposals to second, and calendars that end within
/// a month, the most urgent first. A break-glass that is not ratified is above everything else, in everybody's inbox. The
/// inbox is that of your key's owner, or of the person given with --as.
///
/// --watch shows the inbox again whenever entries were recorded, and every minute, until you press Ctrl-C. If the output is
/// no terminal, it prints a line for each new item.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal inbox
  twinseal inbox --watch
  twinseal inbox --as carol")]
pub struct Inbox {
    /// Stay, and show what is new
    #[arg(long)]
    watch: bool,
}

/// The headings, by what can be done. Groups come in the order of their most urgent items.
const HEADINGS: [(&str, &str); 12] = [
    ("ratify", "break-glass to ratify"),
    ("close", "break-glass to close"),
    ("read", "break-glass without ratification"),
    ("seal", "register to seal"),
    ("approve", "changes to approve"),
    ("start", "changes to start"),
    ("finish", "changes to finish"),
    ("confirm", "outcomes to confirm"),
    ("review", "emergencies to review"),
    ("revise", "changes to revise"),
    ("second", "proposals to second"),
    ("extend", "freezes to extend"),
];

impl Waiting {
    /// `high; 1 of 2 approvals; window opens in 3 h (2026-12-05 20:00 +08:00)`.
    fn details(&self, clock: &Clock) -> String {
        let due = |deadline| {
            let away = crate::output::ago(deadline, clock.now);
            format!("; {} {away} ({})", self.then, clock.at(deadline))
        };
        format!("{}{}", clock.local(&self.reason), self.deadline.map_or(String::new(), due))
    }

    /// The command that does it, or shows what must be done.
    fn command(&self) -> String {
        let name = self.subject.rsplit(' ').next().unwrap_or_default();
        match self.action {
            "ratify" | "close" => format!("`twinseal breakglass {} {name}`", self.action),
            "read" => format!("`twinseal breakglass show {name}`"),
            "seal" => "`twinseal seal`".to_owned(),
            "second" => format!("`twinseal proposal second {name}`"),
            "extend" => format!("`twinseal freeze show {name}`"),
            "review" => format!("`twinseal show {name}`"),
            // A start before its window would be refused, and the attempt recorded.
            "start" if self.then == acts::OPENS => format!("`twinseal gate {name}`"),
            action => format!("`twinseal {action} {name}`"),
        }
    }

    /// The item of `items` in JSON.
    pub fn json(&self) -> Value {
        json!({
            "action": self.action,
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
            context.env.remark(format_args!("inbox of {me} is empty"));
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
    let width = waiting.iter().map(|it| it.subject.len()).max().unwrap_or_default();
    let mut groups: Vec<&str> = Vec::new();
    for it in waiting.iter().filter(|it| !it.late).chain(waiting.iter().filter(|it| it.late)) {
        if !groups.contains(&it.action) {
            groups.push(it.action);
        }
    }
    for action in groups {
        let heading = HEADINGS.iter().find(|(it, _)| *it == action).map_or(action, |(_, heading)| heading);
        let items: Vec<&Waiting> = waiting.iter().filter(|it| it.action == action).collect();
        page.block(&format!("{heading} ({})", items.len()));
        items.iter().for_each(|it| write_item(&mut page, it, &clock, width));
    }
    if let Some(first) = waiting.iter().find(|it| it.action != "read").or(waiting.first()) {
        page.block(&format!("next: {}", first.command()));
    }
    page.finish().trim_start().to_owned()
}

/// Two lines: the title behind the id, then what matters and until when.
fn write_item(page: &mut Page, it: &Waiting, clock: &Clock, width: usize) {
    page.text(&format!("{:<width$} ", it.subject), visible(&it.title, Reading::Prose));
    page.text(&" ".repeat(width + 1), it.details(clock));
}
