//! `policy explain`.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use serde_json::{Value, json};

use crate::commands::lookup::{self, change_id, governance_about, requirement_texts};
use crate::commands::{Context, Zh};
use crate::domain::{Action, Capacity, Conditions, Governance, Moment, Needs, PersonId, Policy, Requirement, Role};
use crate::error::Error;
use crate::output::json::group_count;
use crate::output::requirements::RequirementText;
use crate::output::{self, policy_sentences, requirement_sentence, table};
use crate::store::Session;
use crate::{tr, trf};

/// Arguments of `policy explain`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal policy explain
  twinseal policy explain CHG-7
  twinseal policy explain --capacity")]
pub struct Explain {
    /// Change to explain the policy for: which requirements apply, and what each says
    #[arg(value_name = "CHANGE", zh("要说明的变更单：哪些要求适用，各自的结果"))]
    change: Option<String>,
    /// For each engineer and requirement, who could approve a change that the engineer files, owns and implements
    #[arg(zh("对每位工程师和每项要求，列出谁能批准由该工程师提交、负责并实施的变更单"))]
    #[arg(long, conflicts_with = "change")]
    capacity: bool,
}

/// How many approvers could be absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spare {
    TooFew,
    None,
    Some,
}

impl Spare {
    fn of(capacity: &Capacity, needs: &Needs) -> Self {
        match (capacity.meets(needs), capacity.has_spare(needs)) {
            (false, _) => Self::TooFew,
            (true, false) => Self::None,
            (true, true) => Self::Some,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::TooFew => "too-few",
            Self::None => "no-spare",
            Self::Some => "enough",
        }
    }

    fn phrase(self) -> &'static str {
        match self {
            Self::TooFew => tr!("too few", "不足"),
            Self::None => tr!("no spare", "无余量"),
            Self::Some => tr!("enough", "足够"),
        }
    }

    /// The warning about the changes of these engineers.
    fn warning(self, engineers: &str) -> String {
        match self {
            Self::TooFew => trf!(
                "warning: too few people could approve for changes of {engineers}",
                "警告：能批准 {engineers} 的变更单的人不足"
            ),
            Self::None | Self::Some => trf!(
                "warning: one absence leaves too few approvers for changes of {engineers}",
                "警告：只要一人缺席，{engineers} 的变更单就缺少审批人"
            ),
        }
    }
}

/// What one engineer needs for one requirement.
struct Line {
    engineer: PersonId,
    requirement: String,
    needs: Needs,
    able: Vec<PersonId>,
    spare: Spare,
}

impl Explain {
    /// # Errors
    /// The register cannot be opened or read.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        if let Some(change) = &self.change {
            return explain_for(context, change);
        }
        let session = context.open()?;
        let governance = session.governed()?;
        let Some(policy) = governance.policy() else { return Err(Error::NoEntry(0)) };
        let sentences = policy_sentences(policy);
        let now = session.state().moment(context.env.now());
        let lines = if self.capacity { Some(lines(&governance, policy, now)?) } else { None };
        let json = || {
            let line = |it: &Line| {
                json!({
                    "engineer": it.engineer.to_string(),
                    "requirement": it.requirement,
                    "approvals": it.needs.total,
                    "from": it.needs.groups().into_iter().map(|(group, n)| group_count(group, n)).collect::<Value>(),
                    "able": output::json::list(&it.able),
                    "result": it.spare.as_str(),
                })
            };
            let lines = lines.as_ref().map(|lines| lines.iter().map(line).collect::<Value>());
            json!({ "sentences": output::json::list(&sentences), "capacity": lines })
        };
        let width = context.env.width;
        context.ui.answer(context.env, json, || match &lines {
            None => sentences.join("\n"),
            Some(lines) => capacity_table(lines, width),
        })?;
        for spare in [Spare::TooFew, Spare::None] {
            let tight = || lines.iter().flatten().filter(|it| it.spare == spare);
            let engineers: BTreeSet<&PersonId> = tight().map(|it| &it.engineer).collect();
            if !engineers.is_empty() {
                context.env.status(spare.warning(&output::list(engineers)));
            }
        }
        Ok(())
    }
}

/// Explains the policy for one change: the sentence of each requirement, and what it says of the change. Once the change
/// was started, that is what the policy said then.
fn explain_for(context: &mut Context<'_>, given: &str) -> Result<(), Error> {
    let id = change_id(given)?;
    let session = context.open()?;
    let (change, now) = (lookup::change(&session, id)?, session.state().moment(context.env.now()));
    let governance = governance_about(&session, &change, now)?;
    let texts = requirement_texts(&session, &change, change.requirements(&governance, now)?, now)?;
    // Once it was started, the sentences are those of the policy that was asked then.
    let then = change.started().map(|start| session.governed_at(start.seq)).transpose()?;
    let policy = then.as_ref().unwrap_or(&governance).policy();
    let sentence = |it: &RequirementText| policy.and_then(|policy| requirement_sentence(policy, it.line.name.as_ref()));
    let json = || {
        let line = |it: &RequirementText| json!({ "sentence": output::json::written(sentence(it).as_ref()), "requirement": it.json() });
        json!({ "change": id.to_string(), "requirements": texts.iter().map(line).collect::<Value>() })
    };
    let mut page = context.page();
    page.title(trf!("{id}: {}", "{id}：{}", change.status(&governance, now)?.phrase()));
    for it in &texts {
        page.block(it.line.label()).text("", it.describe());
        sentence(it).iter().for_each(|sentence| _ = page.text("", sentence));
    }
    context.ui.answer(context.env, json, || page.finish().to_owned())
}

fn capacity_table(lines: &[Line], width: Option<u16>) -> String {
    let row = |it: &Line| {
        let able = match it.able.len() {
            0 => tr!("nobody", "无人").to_owned(),
            count => trf!("{count}: {}", "{count} 人：{}", output::list(&it.able)),
        };
        [it.engineer.to_string(), it.requirement.clone(), output::needs(&it.needs), it.spare.phrase().to_owned(), able]
    };
    let header = [
        tr!("ENGINEER", "工程师"),
        tr!("REQUIREMENT", "要求"),
        tr!("NEEDS", "所需批准"),
        tr!("RESULT", "结果"),
        tr!("COULD APPROVE", "可批准"),
    ];
    table(header, lines.iter().map(row).collect(), width)
}

/// What a change needs.
struct Case<'p> {
    /// The name of the requirement.
    requirement: String,
    needs: Needs,
    /// The requirements that apply.
    asked: Vec<&'p Requirement>,
}

/// What every change needs, and what it needs where a requirement about approvals applies, together with those that
/// always apply.
fn cases(policy: &Policy) -> Vec<Case<'_>> {
    let always = policy.requirements().iter().filter(|it| it.when == Conditions::default());
    let base = Needs::of(policy, []);
    let every =
        Case { requirement: tr!("every change", "所有变更单").to_owned(), needs: base.clone(), asked: Vec::new() };
    let each = policy.requirements().iter().map(|it| {
        let asked: Vec<&Requirement> = always.clone().chain([it]).collect();
        Case { requirement: it.name.to_string(), needs: Needs::of(policy, asked.iter().copied()), asked }
    });
    let stricter = each.filter(|it| it.needs != base || it.asked.iter().any(|it| it.keys.is_some()));
    std::iter::once(every).chain(stricter).collect()
}

/// A line for each engineer and each case of [`cases`].
fn lines(governance: &Governance, policy: &Policy, now: Moment) -> Result<Vec<Line>, Error> {
    let cases = cases(policy);
    let mut lines = Vec::new();
    for engineer in engineers(governance, now)? {
        let capacity = governance.capacity_for(Some(engineer), now)?;
        for Case { requirement, needs, asked } in &cases {
            let capacity = capacity.clone().with_keys(governance, asked)?;
            lines.push(Line {
                engineer: engineer.clone(),
                requirement: requirement.clone(),
                needs: needs.clone(),
                spare: Spare::of(&capacity, needs),
                able: capacity.able,
            });
        }
    }
    Ok(lines)
}

fn engineers(governance: &Governance, now: Moment) -> Result<Vec<&PersonId>, Error> {
    let mut engineers = Vec::new();
    for (person, _) in governance.loaded_people() {
        // Who cannot sign files nothing.
        let signs = !governance.has_left(person)? && governance.has_live_key(person)?;
        if signs && governance.has_role(person, Role::Engineer, now)? {
            engineers.push(person);
        }
    }
    Ok(engineers)
}

/// For each engineer, or without engineers for anybody, whose changes too few people could approve: a sentence that says
/// so. All people and keys must be loaded.
///
/// # Errors
/// A person or key is not loaded.
pub fn few_approvers(governance: &Governance, now: Moment) -> Result<BTreeMap<Option<PersonId>, String>, Error> {
    let Some(policy) = governance.policy() else { return Ok(BTreeMap::new()) };
    let (need, engineers) = (Needs::of(policy, []).total, engineers(governance, now)?);
    let mut few = BTreeMap::new();
    for engineer in engineers.iter().map(|it| Some(*it)).chain(engineers.is_empty().then_some(None)) {
        let able = governance.capacity_for(engineer, now)?.able;
        if able.len() < need {
            few.insert(engineer.cloned(), few_sentence(engineer, need, &able));
        }
    }
    Ok(few)
}

fn few_sentence(engineer: Option<&PersonId>, need: usize, able: &[PersonId]) -> String {
    let of = match engineer {
        Some(engineer) => trf!("a change by {engineer}", "{engineer} 的变更单"),
        None => tr!("a change", "变更单").to_owned(),
    };
    if able.is_empty() {
        return trf!(
            "{of} needs {need} approvals, and nobody could approve it",
            "{of}需要 {need} 人批准，但无人能批准"
        );
    }
    let able = output::list(able);
    trf!(
        "{of} needs {need} approvals, and only {able} could approve it",
        "{of}需要 {need} 人批准，但只有 {able} 能批准"
    )
}

/// Says whose changes too few people could approve once this action is in force, if that is new.
///
/// # Errors
/// The cache cannot be read.
pub fn note_few_approvers(
    context: &mut Context<'_>,
    session: &Session,
    action: &Action,
    now: Moment,
) -> Result<(), Error> {
    if matches!(action, Action::Enrol(_) | Action::Roles(_) | Action::Retire { .. }) {
        let governance = session.governed()?;
        let before = few_approvers(&governance, now)?;
        for (engineer, sentence) in few_approvers(&governance.after(action), now)? {
            if !before.contains_key(&engineer) {
                context.env.remark(trf!(
                    "note: {sentence} then; more approvers are needed",
                    "注意：生效后，{sentence}；需要更多审批人"
                ));
            }
        }
    }
    Ok(())
}

/// Warns of each requirement that nobody's change could meet, because too few people could approve. All people and keys
/// must be loaded.
///
/// # Errors
/// A person or key is not loaded.
pub fn warn_unmeetable(
    context: &mut Context<'_>,
    governance: &Governance,
    policy: &Policy,
    now: Moment,
) -> Result<(), Error> {
    let under = governance.under(policy.clone());
    let engineers = engineers(&under, now)?;
    // Before there are engineers, a change in which nobody takes part is the best case.
    let of = engineers.iter().map(|it| Some(*it)).chain(engineers.is_empty().then_some(None));
    let capacities = of.map(|it| under.capacity_for(it, now)).collect::<Result<Vec<_>, _>>()?;
    for Case { requirement, needs, asked } in cases(policy) {
        let met = |it: &Capacity| Ok::<_, Error>(it.clone().with_keys(&under, &asked)?.meets(&needs));
        if !capacities.iter().map(met).collect::<Result<Vec<_>, _>>()?.contains(&true) {
            let needed = output::needs(&needs);
            context.env.status(trf!(
                "warning: too few approvers for this policy ({requirement} needs {needed}); \
                 `twinseal policy explain --capacity` shows who could approve now",
                "警告：对此策略而言审批人不足（{requirement}：需要批准人数 {needed}）；\
                 `twinseal policy explain --capacity` 显示现在谁能批准"
            ));
        }
    }
    Ok(())
}
