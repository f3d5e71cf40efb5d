//! The answer of the gate: one line for each condition.

use serde_json::{Value, json};

use crate::commands::Context;
use crate::domain::{BreakGlass, Condition, Head, Opens, Refusal, RevisionRef, Rule, Start, Time};
use crate::error::Error;
use crate::format::Entry;
use crate::lang::{Lang, lang};
use crate::output::requirements::{RequirementText, requirement_table};
use crate::output::{Clock, ago, folded, json, table};
use crate::{tr, trf};

/// The name of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    /// This account can tell that nothing is hidden from it.
    Pin,
    /// The log extends the checkpoint that was given, and a person signed it lately.
    Checkpoint,
    /// Exactly one change covers what is asked.
    Change,
    /// The change covers the service.
    Service,
    /// The change covers the environment.
    Environment,
    /// A condition of the rules.
    Rule(Condition),
}

impl Name {
    /// The name in JSON.
    fn as_str(self) -> &'static str {
        match self {
            Self::Pin => "pin",
            Self::Checkpoint => "checkpoint",
            Self::Change => "change",
            Self::Service => "service",
            Self::Environment => "environment",
            Self::Rule(it) => it.as_str(),
        }
    }

    /// The name on a screen. The English one is that of JSON.
    pub fn shown(self) -> String {
        match (lang(), self) {
            (Lang::En, it) => it.as_str().to_owned(),
            (Lang::Zh, Self::Pin) => "已验证位置".to_owned(),
            (Lang::Zh, Self::Checkpoint) => "检查点".to_owned(),
            (Lang::Zh, Self::Change) => "变更单".to_owned(),
            (Lang::Zh, Self::Service) => "服务".to_owned(),
            (Lang::Zh, Self::Environment) => "环境".to_owned(),
            (Lang::Zh, Self::Rule(it)) => it.phrase(),
        }
    }
}

/// A condition and whether it holds.
pub struct Line {
    condition: Name,
    detail: String,
    /// Until when it holds.
    ends: Option<Time>,
    /// Why the condition does not hold; `None` if it holds.
    failed: Option<Failed>,
}

struct Failed {
    /// The rule that would refuse the start, if it is one of the register's.
    rule: Option<Rule>,
    opens: Opens,
    hint: Option<String>,
}

impl Line {
    /// A condition that holds.
    pub fn satisfied(condition: Name, detail: impl ToString) -> Self {
        Self { condition, detail: detail.to_string(), ends: None, failed: None }
    }

    /// A condition that a rule of the register makes fail.
    pub fn refused(condition: Name, refusal: &Refusal) -> Self {
        let failed = Failed { rule: Some(refusal.rule()), opens: refusal.opens(), hint: refusal.hint() };
        Self { condition, detail: refusal.to_string(), ends: None, failed: Some(failed) }
    }

    /// A condition of the gate alone that does not hold.
    pub fn unsatisfied(condition: Name, detail: impl ToString, opens: Opens, hint: &str) -> Self {
        let hint = Some(hint.to_owned()).filter(|hint| !hint.is_empty());
        let failed = Some(Failed { rule: None, opens, hint });
        Self { condition, detail: detail.to_string(), ends: None, failed }
    }

    /// The same, with the time until which it holds.
    pub fn until(self, ends: Option<Time>) -> Self {
        Self { ends, ..self }
    }

    /// What it rests on, with times as people read them.
    fn told(&self, clock: &Clock) -> String {
        let opens =
            self.failed.as_ref().and_then(Failed::until).map(|at| trf!("; opens {}", "；{}满足", ago(at, clock.now)));
        let ends = self.ends.map(|at| trf!(", {}", "，{}", ago(at, clock.now)));
        format!("{}{}", clock.local(&self.detail), opens.or(ends).unwrap_or_default())
    }

    fn result(&self) -> &'static str {
        if self.failed.is_none() { "satisfied" } else { "unsatisfied" }
    }

    fn shown_result(&self) -> &'static str {
        match self.failed {
            None => tr!("satisfied", "已满足"),
            Some(_) => tr!("unsatisfied", "未满足"),
        }
    }

    fn json(&self) -> Value {
        let until = self.failed.as_ref().and_then(Failed::until);
        json!({
            "condition": self.condition.as_str(),
            "result": self.result(),
            "rule": json::written(self.failed.as_ref().and_then(|it| it.rule)),
            "detail": self.detail,
            "until": json::written(until),
        })
    }
}

impl Failed {
    fn until(&self) -> Option<Time> {
        match self.opens {
            Opens::At(time) => Some(time),
            Opens::ByAct | Opens::Never => None,
        }
    }
}

/// What the gate says.
pub struct Answer {
    /// The start that the answer is about; `None` if no change or several cover what is asked.
    pub start: Option<Start>,
    /// The conditions.
    pub lines: Vec<Line>,
    /// What the requirements of the policy say of the start.
    pub requirements: Vec<RequirementText>,
    /// The break-glasses that are open. None of them opens the gate.
    pub break_glasses: Vec<BreakGlass>,
    /// When it was asked.
    pub time: Time,
    /// The newest entry that was taken into account.
    pub head: Option<Head>,
    /// Whether this run has started it.
    pub already: bool,
}

impl Answer {
    fn failed(&self) -> impl Iterator<Item = (&Line, &Failed)> {
        self.lines.iter().filter_map(|line| Some((line, line.failed.as_ref()?)))
    }

    /// The conditions that do not hold, with the details of those that need an act. Those of the others change with the clock.
    pub fn awaited(&self) -> Vec<(Name, Option<String>)> {
        let detail = |line: &Line, it: &Failed| (it.opens == Opens::ByAct).then(|| line.detail.clone());
        self.failed().map(|(line, it)| (line.condition, detail(line, it))).collect()
    }

    /// The requirements that keep the change from being started; none once this run has started it.
    fn denied(&self) -> impl Iterator<Item = &RequirementText> {
        self.requirements.iter().filter(|it| !self.already && it.line.result.denies())
    }

    /// Whether the change may start. A gate without a change or without conditions is closed.
    pub fn is_open(&self) -> bool {
        let judged = self.start.is_some() && !self.lines.is_empty();
        judged && self.failed().next().is_none() && self.denied().next().is_none()
    }

    /// Whether it can never open for this revision, these artifacts and this account.
    pub fn is_permanent(&self) -> bool {
        self.failed().any(|(_, it)| it.opens == Opens::Never)
    }

    /// From when on it is open if nobody does anything; `None` if it is open, or if it needs an act.
    fn closed_until(&self) -> Option<Time> {
        let each: Option<Vec<Time>> = self.failed().map(|(_, it)| it.until()).collect();
        each?.into_iter().max()
    }

    /// Why it is closed: the first condition that does not hold, one that never will before others.
    pub fn reason(&self) -> String {
        let denied =
            || self.denied().next().map(|it| trf!("requirement {}: {}", "要求 {}：{}", it.line.label(), it.describe()));
        let decisive = self.decisive().map(|(line, _)| line.detail.clone());
        decisive.or_else(denied).unwrap_or_else(|| tr!("no condition was judged", "未判断任何条件").to_owned())
    }

    fn decisive(&self) -> Option<(&Line, &Failed)> {
        self.failed().find(|(_, it)| it.opens == Opens::Never).or_else(|| self.failed().next())
    }

    fn revision(&self) -> Option<RevisionRef> {
        self.start.as_ref().map(|it| it.revision)
    }

    /// Prints it to standard output, with the start if that was recorded. No pager shows it, because another command may
    /// wait for the exit code.
    ///
    /// # Errors
    /// Standard output fails.
    pub fn print(&self, context: &mut Context<'_>, recorded: Option<&Entry>) -> Result<(), Error> {
        let (width, clock) = (context.env.width, context.clock());
        match context.ui.json {
            true => context.ui.print_json(context.env, self.json(recorded)),
            false => Ok(context.env.print(folded(&self.text(width, &clock), width))?),
        }
    }

    fn text(&self, width: Option<u16>, clock: &Clock) -> String {
        let state = match self.is_open() {
            true => tr!("gate open", "门禁放行"),
            false => tr!("gate closed", "门禁关闭"),
        };
        let row = |it: &Line| [it.condition.shown(), it.shown_result().to_owned(), it.told(clock)];
        let header = [tr!("CONDITION", "条件"), tr!("RESULT", "结果"), tr!("DETAIL", "详情")];
        let lines = table(header, self.lines.iter().map(row).collect(), width);
        let about = match self.revision() {
            Some(RevisionRef { change, number, .. }) => {
                trf!("{state}: {change} revision {number}", "{state}：{change} 修订 {number}")
            }
            None => state.to_owned(),
        };
        let note = |it: &BreakGlass| {
            let (id, opener, incident) = (it.id(), &it.opener().person, &it.opening().incident);
            trf!(
                "\nnote: break-glass {id} by {opener} for {incident} is open; it opens no gate",
                "\n注意：{opener} 针对 {incident} 的紧急处置（break-glass）{id} 正在进行；它不会使门禁放行"
            )
        };
        let notes: String = self.break_glasses.iter().map(note).collect();
        let requirements = match self.requirements.as_slice() {
            [] => String::new(),
            requirements => format!("\n\n{}", requirement_table(requirements, width, clock)),
        };
        format!("{about}\n{lines}{requirements}{notes}")
    }

    fn json(&self, recorded: Option<&Entry>) -> Value {
        let revision = self.revision();
        let entry = |it: &Entry| json::entry(&it.header, &it.event, it.text.as_ref(), it.leaf);
        json!({
            "change": json::written(revision.map(|it| it.change)),
            "revision": revision.as_ref().map(json::revision),
            "open": self.is_open(),
            "closed_until": json::written(self.closed_until()),
            "permanent": self.is_permanent(),
            "time": self.time.to_string(),
            "head": self.head.map(json::head),
            "breakglasses": self.break_glasses.iter().map(open_break_glass).collect::<Value>(),
            "conditions": self.lines.iter().map(Line::json).collect::<Value>(),
            "requirements": self.requirements.iter().map(RequirementText::json).collect::<Value>(),
            "already_started": self.already,
            "recorded": recorded.map(entry),
        })
    }

    /// Whether the gate is open, as the result of the command.
    ///
    /// # Errors
    /// [`Error::GateClosed`].
    pub fn result(&self) -> Result<(), Error> {
        if self.is_open() {
            return Ok(());
        }
        let hint = self.decisive().and_then(|(_, it)| it.hint.clone());
        Err(Error::GateClosed { reason: self.reason(), hint })
    }
}

fn open_break_glass(it: &BreakGlass) -> Value {
    json!({
        "breakglass": it.id().to_string(),
        "opening": json::opening(it.opening()),
        "person": it.opener().person.to_string(),
        "ends": it.end().to_string(),
    })
}
