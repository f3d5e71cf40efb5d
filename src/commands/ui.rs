//! Output as text or JSON, notices and progress.

use std::collections::BTreeSet;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use crate::domain::{Denied, PersonId, Register};
use crate::env::Env;
use crate::error::Error;
use crate::output::{folded, safe, safe_json};
use crate::store::{Notice, Session};
use crate::trust::{Identity, Relation};
use crate::{tr, trf};

/// Prints the output of a command.
pub struct Ui {
    /// Whether the output is JSON.
    pub json: bool,
    notices: Vec<Value>,
    /// Notices about the entry that the command recorded.
    pub recorded: Vec<Notice>,
    /// Whether a notice is reported once only: a command that opens the register again and again would repeat it.
    pub once: bool,
    /// What was reported.
    said: BTreeSet<String>,
    /// The number of entries that a dry run has reported.
    pub rehearsed: u64,
    /// Whether the log is broken, so that only its valid part was answered from.
    pub broken: bool,
}

/// The number of entries from which a progress bar is shown.
const LONG: u64 = 5_000;

impl Ui {
    /// Output as JSON or as text.
    pub fn new(json: bool) -> Self {
        Self {
            json,
            notices: Vec::new(),
            recorded: Vec::new(),
            once: false,
            said: BTreeSet::new(),
            rehearsed: 0,
            broken: false,
        }
    }

    /// Begins the next round of a command that stays, which reports each notice once.
    pub fn next_round(&mut self) {
        let said = std::mem::take(&mut self.said);
        *self = Self { once: true, said, ..Self::new(self.json) };
    }

    /// Prints `data` as JSON with `--json`, otherwise the text, folded to fit the terminal.
    ///
    /// # Errors
    /// Standard output fails.
    pub fn answer(
        &self,
        env: &mut Env,
        json: impl FnOnce() -> Value,
        text: impl FnOnce() -> String,
    ) -> Result<(), Error> {
        let width = env.width;
        let text = || folded(&text(), width);
        self.answer_exactly(env, json, text)
    }

    /// Like [`Ui::answer`], for a text that is copied or read by programs: no line of it is folded.
    ///
    /// # Errors
    /// Standard output fails.
    pub fn answer_exactly(
        &self,
        env: &mut Env,
        json: impl FnOnce() -> Value,
        text: impl FnOnce() -> String,
    ) -> Result<(), Error> {
        if self.json { self.print_json(env, json()) } else { Ok(env.print_long(&text())?) }
    }

    /// Prints a JSON document with `notices` about the register.
    ///
    /// # Errors
    /// Standard output fails.
    pub fn print_json(&self, env: &mut Env, mut answer: Value) -> Result<(), Error> {
        if let Value::Object(fields) = &mut answer {
            match fields.entry("notices").or_insert_with(|| json!([])) {
                Value::Array(notices) => notices.extend(self.notices.iter().cloned()),
                other => *other = Value::Array(self.notices.clone()),
            }
        }
        Ok(env.print(safe_json(&answer))?)
    }

    /// Reports notices of opening a register. If the log is broken, warns that only the entries before the first fault
    /// are shown.
    pub fn report_notices(&mut self, env: &mut Env, session: &Session, identity: &Identity) {
        let superseded = (identity.relation == Relation::Superseded).then_some(Notice::Superseded);
        for notice in superseded.iter().chain(session.notices()) {
            if matches!(notice, Notice::FirstVerification if !identity.met) || *notice == Notice::RedactedLater {
                continue;
            }
            self.report(env, notice);
        }
        if let Some(fault) = session.fault() {
            self.broken = true;
            if !self.was_said(&fault.to_string()) {
                env.status(trf!(
                    "warning: the register is broken at {}",
                    "警告：变更台账已损坏：{}",
                    safe(&fault.to_string())
                ));
                env.status(tr!(
                    "warning: only the entries before it are shown; run: `twinseal verify`",
                    "警告：只显示此前的条目；请运行：`twinseal verify`"
                ));
            }
            self.notices.push(json!({ "seq": fault.seq, "rule": fault.rule, "meaning": fault.meaning }));
        }
    }

    /// Warns of a register in which no proposal can be seconded, because fewer than two admins are left. One admin can
    /// bring that about by suspending others, so every command says it.
    ///
    /// # Errors
    /// The verified cache cannot be read.
    pub fn report_admins(&mut self, env: &mut Env, session: &Session) -> Result<(), Error> {
        let able = |state: &Register| -> Result<BTreeSet<PersonId>, Denied> {
            Ok(state.governance().able_admins()?.into_iter().cloned().collect())
        };
        let left = session.ask(able)??;
        if !session.state().governance().is_sealed() || left.len() >= 2 {
            return Ok(());
        }
        let left: Vec<&str> = left.iter().map(PersonId::as_str).collect();
        let meaning = match left.join(tr!(", ", "、")) {
            left if left.is_empty() => tr!(
                "nobody is a permanent admin with a live key; a proposal needs two admins",
                "没有持有有效密钥的常任管理员；提案需要两名管理员"
            )
            .to_owned(),
            left => trf!(
                "only {left} is a permanent admin with a live key; a proposal needs two admins",
                "持有有效密钥的常任管理员只有 {left}；提案需要两名管理员"
            ),
        };
        if self.was_said(&meaning) {
            return Ok(());
        }
        env.status(trf!("warning: {meaning}", "警告：{meaning}"));
        env.status(tr!(
            "warning: if no second admin is left, found a successor: `twinseal init --after`",
            "警告：如果已没有第二名管理员，请创建接替的变更台账：`twinseal init --after`"
        ));
        self.notices.push(json!({ "seq": null, "rule": "too-few-admins", "meaning": meaning }));
        Ok(())
    }
}

impl Ui {
    /// Reports one notice.
    fn report(&mut self, env: &mut Env, notice: &Notice) {
        if self.was_said(&notice.to_string()) {
            return;
        }
        let level = if notice.is_warning() { tr!("warning", "警告") } else { tr!("note", "注意") };
        let said = notice.to_string();
        env.status(trf!("{level}: {}", "{level}：{}", safe(&said)));
        self.notices.push(json!({ "seq": null, "rule": notice.rule(), "meaning": notice.to_string() }));
    }

    /// Whether this was reported, and is not to be reported again.
    fn was_said(&mut self, notice: &str) -> bool {
        !self.said.insert(notice.to_owned()) && self.once
    }

    /// Reports the notices about the entry that the command recorded.
    pub fn report_recorded_notices(&mut self, env: &mut Env) {
        for notice in std::mem::take(&mut self.recorded) {
            self.report(env, &notice);
        }
    }

    /// Reports what happened since the register was opened: others may still hold a redacted text.
    pub fn report_later_notices(&mut self, env: &mut Env, session: &Session) {
        if session.notices().contains(&Notice::RedactedLater) {
            self.report(env, &Notice::RedactedLater);
        }
    }
}

/// A progress bar over `entries` entries; hidden for few entries and if standard error is no terminal.
pub fn progress(env: &Env, entries: u64, doing: &'static str) -> ProgressBar {
    if !env.progress || entries < LONG {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}");
    let bar = ProgressBar::with_draw_target(Some(entries), ProgressDrawTarget::stderr_with_hz(5));
    bar.with_message(doing).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// A sign that work on `entries` entries goes on which has no steps to count; hidden as [`progress`] is.
pub fn busy(env: &Env, entries: u64, doing: &'static str) -> ProgressBar {
    if !env.progress || entries < LONG {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(5)).with_message(doing);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
