//! `check`, and reading a draft for `file` and `revise`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::commands::Context;
use crate::commands::Zh;
use crate::commands::change::against::Against;
use crate::commands::change::commits::commit_addresses;
use crate::commands::files::read_text;
use crate::commands::known::note_mistyped;
use crate::commands::lookup::{name_of_input, parse};
use crate::domain::{
    About, Author, Capacity, Change, Content, Denied, Effect, Execution, Facts, Fingerprint, Governance, Group, Met,
    Moment, Needs, PersonId, Refusal, Text, Time, judge_rollback_fits, judge_time_left,
};
use crate::error::Error;
use crate::format::data::{self, Data};
use crate::format::{body, entry, text};
use crate::input::{Draft, DraftContext, Fault, Problem, fault_in, read};
use crate::output::{self, safe};
use crate::store::Session;
use crate::{tr, trf};

/// Check a draft without recording it
///
/// Reports every fault with its line and field. Checks people, the window and the changes that it follows too if a
/// register is configured or named.
#[derive(Debug, Args)]
#[command(zh("检查草稿，不记录"))]
#[command(zh_long("报告每个错误及其所在的行和字段。已配置或指定变更台账时，还检查人员、变更窗口和前置变更。"))]
#[command(after_help = "Examples:
  twinseal check change.toml
  twinseal draft --from CHG-42 | twinseal check -")]
pub struct Check {
    #[command(flatten)]
    draft: DraftFile,
}

/// The Chinese help of `--commits`.
pub(super) const COMMITS_ZH: &str = "当前 git 仓库的提交，如 v2.4.0..HEAD，其作者会加到草稿的作者中；各作者对应的人由 config.toml 的 `[authors]` 表给出";

/// A draft, and the commits that it deploys.
#[derive(Debug, Args)]
pub struct DraftFile {
    /// Draft in TOML; - reads standard input
    #[arg(zh("TOML 草稿；- 表示标准输入"))]
    file: PathBuf,
    /// Commits of the git repository here, such as v2.4.0..HEAD, whose authors are added to those in the draft; the table
    /// `[authors]` of config.toml says who they are
    #[arg(long, value_name = "A..B", zh(COMMITS_ZH))]
    commits: Option<String>,
    /// Its number, if it is a draft of this account.
    #[arg(skip)]
    number: Option<String>,
}

impl DraftFile {
    /// A draft of this account, with this number. Relative paths in it start at the current directory.
    pub fn begun(file: &Path, number: String, commits: Option<String>) -> Self {
        Self { file: file.to_owned(), commits, number: Some(number) }
    }

    /// A draft in a file.
    pub fn named(file: PathBuf, commits: Option<String>) -> Self {
        Self { file, commits, number: None }
    }

    /// Its file, if it is a draft of this account.
    pub fn begun_at(&self) -> Option<&Path> {
        self.number.as_ref().map(|_| self.file.as_path())
    }
}

impl Check {
    /// # Errors
    /// [`Error::Faults`], or the draft or the register cannot be read.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        // Only people and windows need a register.
        let session = if context.registers.named().is_some() { Some(context.open()?) } else { None };
        let checked = read_draft(context, session.as_ref(), &self.draft)?;
        if let Some(session) = &session {
            let meant: Option<PersonId> = context.key_choice.person_meant().map(parse).transpose()?;
            let requester = meant.unwrap_or_else(|| checked.draft.facts.owner.clone());
            let now = session.state().moment(context.env.now());
            note_mistyped(context, session, &checked.draft.facts)?;
            let mut problems = checked.requirement_problems(now, &requester)?;
            problems.extend(checked.capacity_problems(now, None, &requester)?);
            problems.extend(checked.freeze_problems(session, now, &requester)?);
            checked.without(problems)?;
        }
        let draft = checked.draft;
        let against = match session.as_ref().and_then(|session| session.state().id()) {
            Some(id) => trf!("checked against register {}", "已对照变更台账 {} 检查", id.name()),
            None => tr!(
                "no register: people, window, follows and freezes not checked",
                "没有变更台账：未检查人员、变更窗口、前置变更和封网"
            )
            .to_owned(),
        };
        if context.ui.json {
            let (description, execution) = draft.whole();
            let text = Text::Description(Box::new(description));
            let read = json!({
                "facts": output::json::facts(&draft.facts),
                "execution": output::json::execution(&execution),
                "text": output::json::text(&text),
            });
            context.ui.print_json(context.env, read)?;
        }
        let name = self.draft.file.display().to_string();
        let name = safe(&name);
        context.env.remark(trf!("{name}: no faults ({against})", "{name}：没有错误（{against}）"));
        Ok(())
    }
}

/// A draft without a fault.
pub struct CheckedDraft {
    /// The draft.
    pub draft: Draft,
    path: String,
    source: String,
    /// Governance with all enrolled people; `None` without a register.
    governance: Option<Governance>,
}

impl CheckedDraft {
    /// Fails if there are problems: [`Error::Faults`], each in the field that it is about.
    fn without(&self, problems: Vec<Problem>) -> Result<(), Error> {
        let fault = |problem| fault_in(&self.source, field_of(&problem), problem);
        let faults: Vec<Fault> = problems.into_iter().map(fault).collect();
        if faults.is_empty() { Ok(()) } else { Err(Error::Faults { path: self.path.clone(), faults }) }
    }

    /// The freezes in force that let the draft start at no time of its window, and those that it names and from which nobody
    /// who could approve it may except it. Freezes may change, so that it can be filed nevertheless.
    ///
    /// # Errors
    /// The cache cannot be read.
    pub fn freeze_problems(&self, session: &Session, now: Moment, requester: &PersonId) -> Result<Vec<Problem>, Error> {
        let (Some(governance), facts) = (&self.governance, &self.draft.facts) else { return Ok(Vec::new()) };
        let met = session.ask(|state| state.governance().freezes_in_the_way(facts, now.claimed))??;
        let able = self.supposed(governance, None, requester)?.capacity(governance, now)?.able;
        let mut problems = Vec::new();
        for Met { freeze, closed, effect, excepting, .. } in met {
            let freeze = freeze.name;
            let mut excepts = false;
            for person in &able {
                excepts |= governance.may_except(&excepting, person, now)?;
            }
            match effect {
                Effect::Stops => problems.push(Problem::Frozen { freeze, closed }),
                Effect::Excepted if !excepts => {
                    problems.push(Problem::NobodyExcepts { freeze, by: excepting.to_string() });
                }
                Effect::Excepted | Effect::Waived | Effect::Admits => {}
            }
        }
        Ok(problems)
    }

    /// The services of the draft that are in none of its environments.
    ///
    /// # Errors
    /// A record is not loaded.
    fn service_problems(&self) -> Result<Vec<Problem>, Error> {
        let (Some(governance), facts) = (&self.governance, &self.draft.facts) else { return Ok(Vec::new()) };
        let mut problems = Vec::new();
        for id in &facts.services {
            let one = Facts { services: [id.clone()].into(), ..facts.clone() };
            match governance.judge_services(&one) {
                Err(Denied::Refused(refusal)) => problems.push(Problem::Refused(refusal)),
                Err(Denied::Unloaded(unloaded)) => return Err(unloaded.into()),
                Ok(()) => {}
            }
        }
        Ok(problems)
    }

    /// What the template of the draft does not let it say, and that it ends or asks for more time.
    fn template_problems(&self, now: Time) -> Vec<Problem> {
        let Draft { facts, description, execution, template } = &self.draft;
        let Some(it) = template else { return Vec::new() };
        let fits = judge_rollback_fits(&facts.window, facts.rollback_minutes)
            .and_then(|()| judge_time_left(&facts.window, facts.rollback_minutes, now));
        let times = it.judge_times(facts, facts.window.start().max(now), now).err();
        let refusals = it.template.refusals(facts, execution, &description.filled());
        fits.err().into_iter().chain(times).chain(refusals).map(Problem::Refused).collect()
    }

    /// What the draft lacks of the content that the policy requires, an exception that the policy does not allow, and duties
    /// of one person that the policy separates.
    ///
    /// # Errors
    /// A record is not loaded.
    fn requirement_problems(&self, now: Moment, requester: &PersonId) -> Result<Vec<Problem>, Error> {
        let policy = self.governance.as_ref().and_then(Governance::policy);
        let (description, execution) = self.draft.whole();
        let (Some(governance), Some(policy)) = (&self.governance, policy) else { return Ok(Vec::new()) };
        let (facts, filled, commands) = (&self.draft.facts, description.filled(), execution.folded());
        let touched = governance.touched(facts)?;
        let about = About { facts, commands: &commands, touched: &touched };
        let content = Content { about, filled: &filled, filed: now.effective };
        let duties = self.supposed(governance, None, requester)?.duty_refusals(governance)?;
        let refusals =
            policy.judge_exceptions(&content).err().into_iter().chain(policy.refusals(&content)).chain(duties);
        Ok(refusals.map(Problem::Refused).collect())
    }

    /// The change that the draft would be, filed by this account: new, or a revision of `before`.
    fn supposed(
        &self,
        governance: &Governance,
        before: Option<&Change>,
        requester: &PersonId,
    ) -> Result<Change, Error> {
        // The key matters for a machine account: a change by its oldest key has the most conflicts of interest.
        let key = governance.person(requester)?.and_then(|it| it.keys().next());
        let key = key.unwrap_or_else(|| Fingerprint::of(&[0; 32]));
        Ok(Change::supposed(before, requester, key, &self.draft.facts))
    }

    /// Fails if too few people could approve the draft once this account has filed it: as a new change, or as a revision
    /// of `before`.
    ///
    /// # Errors
    /// [`Error::Faults`] with the names of the approvers, and why they could not approve it.
    pub fn check_capacity(&self, now: Moment, before: Option<&Change>, requester: &PersonId) -> Result<(), Error> {
        self.without(self.capacity_problems(now, before, requester)?)
    }

    fn capacity_problems(
        &self,
        now: Moment,
        before: Option<&Change>,
        requester: &PersonId,
    ) -> Result<Vec<Problem>, Error> {
        let (Some(governance), facts) = (&self.governance, &self.draft.facts) else { return Ok(Vec::new()) };
        let Some(policy) = governance.policy() else { return Ok(Vec::new()) };
        let capacity = self.supposed(governance, before, requester)?.capacity(governance, now)?;
        let (commands, touched) = (self.draft.whole().1.folded(), governance.touched(facts)?);
        let needs = policy.needs(About { facts, commands: &commands, touched: &touched });
        Ok(lacking(&capacity, &needs, now.claimed))
    }
}

/// What those who could approve are too few for: the number of approvals, and each group.
fn lacking(capacity: &Capacity, needs: &Needs, now: Time) -> Vec<Problem> {
    let could = |able: Vec<&PersonId>| match able.as_slice() {
        [] => tr!("nobody", "无人").to_owned(),
        able => trf!("only {}", "只有 {}", output::list(able)),
    };
    let (need, barred) = (needs.total, output::barred(&capacity.barred, now));
    let mut problems = Vec::new();
    if capacity.able.len() < need {
        problems.push(Problem::TooFewApprovers { need, able: could(capacity.able.iter().collect()), barred });
    }
    let unfilled: BTreeSet<&Group> = capacity.unfilled(needs).into_iter().collect();
    for group in unfilled {
        let need = needs.groups().get(group).copied().unwrap_or_default();
        let able: Vec<&PersonId> = capacity.able_in(group).collect();
        // There are enough of this group alone, but another group needs the same people.
        let elsewhere = if able.len() < need {
            ""
        } else {
            tr!(", and another group needs them too", "，而且另一个组也需要他们")
        };
        problems.push(Problem::TooFewInGroup { need, group: group.clone(), able: could(able), elsewhere });
    }
    if needs.independent && capacity.independent().next().is_none() {
        problems.push(Problem::NobodyIndependent);
    }
    problems
}

/// The approvals that the policy in force asks for: `approvals needed: 3, 1 of group dba`.
///
/// # Errors
/// The cache cannot be read.
pub fn approvals_needed(session: &Session, facts: &Facts, execution: &Execution) -> Result<String, Error> {
    let commands = execution.folded();
    let needs = session.ask(|state| {
        let governance = state.governance();
        let touched = governance.touched(facts)?;
        Ok(governance.policy().map(|it| it.needs(About { facts, commands: &commands, touched: &touched })))
    })??;
    Ok(match needs {
        None => String::new(),
        Some(needs) if needs.slots.is_empty() && !needs.independent => {
            trf!("{} approvals needed", "需要 {} 人批准", needs.total)
        }
        Some(needs) => trf!("approvals needed: {}", "需要批准人数：{}", output::needs(&needs)),
    })
}

/// The field of a draft that a problem is about; empty if it is about several, or about what is not there.
fn field_of(problem: &Problem) -> &'static str {
    match problem {
        Problem::Frozen { .. } => "window.start",
        Problem::NobodyExcepts { .. } => "freeze_exception.freezes",
        Problem::Refused(Refusal::ServiceEnvironment { .. }) => "environments",
        Problem::Refused(Refusal::LeadTime { .. } | Refusal::TemplateLead { .. }) => "window.start",
        Problem::Refused(Refusal::WindowShort { .. } | Refusal::TooLateToStart { .. }) => "window.end",
        Problem::Refused(Refusal::TemplateEnded { .. }) => "template",
        Problem::Refused(Refusal::TemplateService { .. }) => "services",
        Problem::Refused(Refusal::TemplateEnvironment { .. }) => "environments",
        Problem::Refused(Refusal::TemplateTargets { .. }) => "targets",
        Problem::Refused(Refusal::LongestWindow { .. }) => "window.end",
        Problem::Refused(Refusal::NoException { .. } | Refusal::FieldMissing { .. }) => "exception.requirements",
        _ => "",
    }
}

/// Reads a draft and checks it, against the rules of a register too if there is a session.
///
/// # Errors
/// [`Error::Faults`] with every fault, or the file cannot be read.
pub fn read_draft(
    context: &mut Context<'_>,
    session: Option<&Session>,
    from: &DraftFile,
) -> Result<CheckedDraft, Error> {
    let given = from.file.as_path();
    let source = read_text(context.env, given)?;
    let path = from.number.as_ref().map_or_else(|| name_of_input(given), |number| format!("draft {number}"));
    let beside = context.env.path(given).parent().map(Path::to_owned).unwrap_or_default();
    let here = given == Path::new("-") || from.number.is_some();
    let folder = if here { context.env.folder.clone() } else { beside };
    let governance = session.map(|session| session.governed()).transpose()?;
    let filed = session.map_or(0, |session| session.state().filed());
    let against = Against { folder, session, governance, filed, now: context.env.now() };
    let (authors, mut faults) = match &from.commits {
        Some(range) => authors_of(context, range, &against)?,
        None => Default::default(),
    };
    let mut draft = match read(&source, &against) {
        Ok(draft) if faults.is_empty() => draft,
        Ok(_) => return Err(Error::Faults { path, faults }),
        Err(more) => {
            faults.extend(more);
            return Err(Error::Faults { path, faults });
        }
    };
    draft.facts.authors.extend(authors);
    if let Some(policy) = against.governance.as_ref().and_then(Governance::policy) {
        draft.facts.sensitive = draft.whole().0.sensitive(policy.sensitive());
    }
    if !draft.execution.is_empty() {
        context.env.status(tr!(
            "warning: targets and machine steps are permanent and cannot be redacted: they must not hold secrets",
            "警告：目标和机器步骤永久保留，不能隐去：不得包含密码等秘密"
        ));
    }
    match oversize(&draft) {
        Some((bytes, most)) => {
            let fault = Fault::of_file("", Problem::TooLarge { bytes, most });
            Err(Error::Faults { path, faults: vec![fault] })
        }
        None => {
            let services = &draft.facts.services;
            let governance = session.map(|session| session.governed_about(services)).transpose()?;
            let checked = CheckedDraft { draft, path, source, governance };
            let mut problems = checked.service_problems()?;
            problems.extend(checked.template_problems(context.env.now()));
            checked.without(problems)?;
            Ok(checked)
        }
    }
}

/// The authors of commits, and a fault for each address that is not mapped and for each author who cannot be named.
fn authors_of(context: &Context<'_>, range: &str, against: &Against) -> Result<(BTreeSet<Author>, Vec<Fault>), Error> {
    let (mut authors, mut faults) = (BTreeSet::new(), Vec::new());
    let mut fault = |problem: Problem| faults.push(Fault::of_file("authors", problem));
    let addresses = commit_addresses(context.env, range)?;
    if addresses.is_empty() {
        fault(Problem::NoCommits { range: range.to_owned() });
    }
    for address in addresses {
        match context.authors.get(&address.to_ascii_lowercase()) {
            None => fault(Problem::UnmappedAuthor { address }),
            Some(author) => {
                if let Author::Person(person) = author
                    && let Err(refusal) = against.judge_author(person)
                {
                    fault(refusal.into());
                }
                authors.insert(author.clone());
            }
        }
    }
    Ok((authors, faults))
}

/// The most bytes of a draft's facts: the limit of an entry less room for its other lines and its signature.
const MOST_FACTS: usize = entry::MAX_BLOB - 1280;

/// The size in bytes of the first part that would be too large to file, and the limit of that part.
fn oversize(draft: &Draft) -> Option<(usize, usize)> {
    let words = Text::Description(Box::new(draft.description.clone()));
    let text = text::write(&words, [0; 16]).0.len();
    let data = data::write(&Data::Execution(Box::new(draft.execution.clone()))).len();
    let facts = body::facts(&draft.facts).len();
    let parts = [(facts, MOST_FACTS), (text, entry::MAX_TEXT), (data, data::MAX_DATA)];
    parts.into_iter().find(|(bytes, most)| bytes > most)
}
