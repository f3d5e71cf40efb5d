//! Reads a change from TOML.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::fault::Fault;
use super::from_template;
use super::problem::{Problem, nearest};
use super::steps::{Steps, read_steps};
use super::times;
use super::tree::{Source, Table, Value};
use crate::domain::{
    Artifact, ArtifactName, Author, ChangeId, Description, Digest, Execution, Facts, FreezeName, Line, Link, LinkKind,
    PersonId, Prose, Reference, Refusal, RequirementName, ServiceId, Target, TemplateName, TemplateState, Trial,
    Window, ZoneName, judge_kind, judge_rollback_fits, judge_stop_after, judge_target_count,
};
use crate::zone::Zone;

/// A valid draft of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// What rules read, for the body of the entry.
    pub facts: Facts,
    /// What people read, for the text part of the entry.
    pub description: Description,
    /// What a machine could carry out, for the data part of the entry.
    pub execution: Execution,
    /// The template of a standard change, which gives the rest.
    pub template: Option<Box<TemplateState>>,
}

impl Draft {
    /// What people and machines do: of a standard change most of it is from its template.
    pub fn whole(&self) -> (Description, Execution) {
        match (&self.template, &self.facts.template) {
            (Some(it), Some(used)) => it.template.complete(&used.values, (&self.description, &self.execution)),
            _ => (self.description.clone(), self.execution.clone()),
        }
    }
}

/// What a draft refers to: files, and the register that it is meant for.
pub trait DraftContext {
    /// The SHA-256 of a file; a relative path starts at the folder of the draft.
    ///
    /// # Errors
    /// The error of the system if the file cannot be read.
    fn digest_of(&self, path: &str) -> io::Result<Digest>;

    /// Whether a person may be the owner or an implementer.
    ///
    /// # Errors
    /// The rule of the register that forbids it.
    fn judge_party(&self, person: &PersonId) -> Result<(), Refusal>;

    /// Whether a change may name this service.
    ///
    /// # Errors
    /// The rule of the register that forbids it, and the most similar service.
    fn judge_service(&self, service: &ServiceId) -> Result<(), Problem>;

    /// Whether a person may be named as an author.
    ///
    /// # Errors
    /// The rule of the register that forbids it.
    fn judge_author(&self, person: &PersonId) -> Result<(), Refusal>;

    /// Whether a change may follow this one.
    ///
    /// # Errors
    /// The rule of the register that forbids it.
    fn judge_follows(&self, change: ChangeId) -> Result<(), Refusal>;

    /// Whether there is time left to start a change with this window, whose rollback takes so many minutes.
    ///
    /// # Errors
    /// The rule of the register that forbids it.
    fn judge_time_left(&self, window: &Window, rollback_minutes: u64) -> Result<(), Refusal>;

    /// The leaf hash of the entry that put the freeze in force from which a change asks to be excepted.
    ///
    /// # Errors
    /// The rule of the register that forbids it.
    fn judge_exception(&self, freeze: &FreezeName) -> Result<Digest, Refusal>;

    /// The freezes in force, for suggestions.
    fn freezes(&self) -> Vec<FreezeName>;

    /// The template in force with this name, and the leaf hash of the entry that put it in force.
    ///
    /// # Errors
    /// The rule of the register that forbids it, or that there is no register to ask.
    fn template(&self, _name: &TemplateName) -> Result<(Digest, TemplateState), Problem> {
        Err(Problem::NeedsRegister)
    }

    /// Whether a change with this window may be filed.
    ///
    /// # Errors
    /// The rule of the register that forbids it.
    fn judge_window(&self, window: &Window) -> Result<(), Refusal>;
}

/// Reads a change.
///
/// # Errors
/// Every fault of the file, in the order of lines. If there are syntax errors, only those.
pub fn read(text: &str, context: &dyn DraftContext) -> Result<Draft, Vec<Fault>> {
    let source = Source::new(text.strip_prefix('\u{feff}').unwrap_or(text));
    let parsed = source.parse();
    let change = read_change(Table::root(&source, parsed.get_ref()), context);
    let faults = source.finish();
    // A syntax error hides fields, which would be reported as missing.
    let syntax: Vec<Fault> = faults.iter().filter(|it| it.problem.is_syntax()).cloned().collect();
    match change {
        _ if !syntax.is_empty() => Err(syntax),
        Some(draft) if faults.is_empty() => Ok(draft),
        _ => Err(faults),
    }
}

/// Whether a rollback of so many minutes fits into the window, and there is time left for it.
fn judge_fits(window: Option<&Window>, minutes: u64, context: &dyn DraftContext) -> Result<(), Refusal> {
    window.map_or(Ok(()), |window| {
        judge_rollback_fits(window, minutes)?;
        context.judge_time_left(window, minutes)
    })
}

fn read_change(root: Table<'_, '_>, context: &dyn DraftContext) -> Option<Draft> {
    if root.get("template").is_some() {
        return from_template::read(root, context);
    }
    let title = root.required_line("title");
    let (kind, risk) = (root.required_judged("kind", |kind| judge_kind(*kind)), root.required_word("risk"));
    let People { owner, implementers, authors } = read_people(&root, context);
    let services = root.judged_words("services", |it| context.judge_service(it));
    root.require_items("services");
    let (environments, tags) = (root.words("environments"), root.words("tags"));
    let follows = root.judged_words("follows", |it| context.judge_follows(*it));
    let (targets, stop_after) = read_targets(&root);
    let (reason, security, success) = (root.required_prose("reason"), root.prose("security"), root.prose("success"));
    let window = root.required("window").and_then(|_| root.table("window")).and_then(|it| read_window(it, context));
    let (impact, outage_minutes) = read_impact(&root);
    let plan = read_steps(&root, "plan");
    let rollback = read_rollback(&root, |minutes| judge_fits(window.as_ref(), minutes, context));
    let (tests, evidence) = read_tests(&root, context);
    let (artifacts, links) = (read_artifacts(&root, context), root.table("links").map(read_links).unwrap_or_default());
    let (exceptions, excepted, exception) = read_exceptions(&root, context);
    root.finish();

    let Rollback { minutes: rollback_minutes, abort_if, steps: rollback } = rollback?;
    let count = |items: usize| u64::try_from(items).unwrap_or(u64::MAX);
    let (plan_steps, rollback_steps) = (count(plan.text.len()), count(rollback.text.len()));
    let steps = Execution { plan: plan.automation, rollback: rollback.automation, ..Execution::default() };
    let execution = Execution { targets, ..steps };
    let (plan, rollback) = (plan.text, rollback.text);
    let description =
        Description { title, reason, impact, security, plan, rollback, abort_if, tests, success, exception };
    let facts = Facts {
        kind: kind?,
        risk: risk?,
        owner: owner?,
        authors,
        implementers,
        services,
        environments,
        tags,
        window: window?,
        outage_minutes,
        rollback_minutes: rollback_minutes?,
        artifacts,
        evidence,
        links,
        follows,
        conflicts: None,
        excepted,
        plan_steps,
        rollback_steps,
        targets: count(execution.targets.len()),
        stop_after,
        exceptions,
        sensitive: BTreeSet::new(), // It depends on the policy of a register.
        template: None,
    };
    Some(Draft { facts, description, execution, template: None })
}

/// The people whom a change names.
pub(super) struct People {
    pub owner: Option<PersonId>,
    pub implementers: BTreeSet<PersonId>,
    pub authors: BTreeSet<Author>,
}

/// The owner, the implementers, by default the owner, and the authors.
pub(super) fn read_people(root: &Table<'_, '_>, context: &dyn DraftContext) -> People {
    let owner: Option<PersonId> = root.required_judged("owner", |person| context.judge_party(person));
    let mut implementers: BTreeSet<PersonId> = root.judged_words("implementers", |it| context.judge_party(it));
    if implementers.is_empty() {
        implementers.extend(owner.clone());
    }
    let authors = root.judged_words("authors", |it| match it {
        Author::Person(person) => context.judge_author(person),
        Author::External(_) => Ok(()),
    });
    People { owner, implementers, authors }
}

/// The targets, and how many failed ones stop the rest.
pub(super) fn read_targets(root: &Table<'_, '_>) -> (Vec<Target>, Option<u64>) {
    let targets: Vec<Target> = root.ordered_words("targets");
    let count = u64::try_from(targets.len()).unwrap_or(u64::MAX);
    let stop_after = root.number("stop_after");
    for (key, judged) in [
        ("targets", judge_target_count(count)),
        ("stop_after", stop_after.map_or(Ok(()), |found| judge_stop_after(found, count))),
    ] {
        if let (Err(refusal), Some(value)) = (judged, root.get(key)) {
            value.fault(refusal);
        }
    }
    (targets, stop_after)
}

pub(super) fn read_window(table: Table<'_, '_>, context: &dyn DraftContext) -> Option<Window> {
    let zone_value = table.get("zone");
    let name = zone_value.as_ref().and_then(|value| value.text(|text| Ok(text.to_owned())));
    let zone = name.as_deref().map(times::zone).transpose();
    if let Err(problem) = &zone {
        zone_value.iter().for_each(|value| value.fault(problem.clone()));
    }
    let zone_known = zone.is_ok();
    // Without the zone, the form of the times can still be checked.
    let zone = zone.unwrap_or_else(|_| Zone::named("UTC"));
    let time = |value: Option<Value<'_, '_>>| {
        let value = value?;
        let written = value.time()?;
        times::time(&written, zone.as_ref()).map_err(|problem| value.fault(problem)).ok()
    };
    let (start, end) = (time(table.required("start")), time(table.required("end")));
    if !zone_known {
        table.finish();
        return None;
    }
    let zone: Option<ZoneName> = name.as_deref().unwrap_or("UTC").parse().ok();
    let window = start.zip(end).zip(zone).map(|((start, end), zone)| Window::new(start, end, zone));
    let (field, problem) = match &window {
        Some(Ok(window)) => match context.judge_window(window) {
            Err(far @ Refusal::WindowFar { .. }) => ("start", Some(far.into())),
            judged => ("end", judged.err().map(Problem::from)),
        },
        Some(Err(invalid)) => ("end", Some(invalid.clone().into())),
        None => ("end", None),
    };
    if let (Some(problem), Some(value)) = (problem, table.get(field)) {
        value.fault(problem);
    }
    table.finish();
    window?.ok()
}

pub(super) fn read_impact(root: &Table<'_, '_>) -> (Option<Prose>, u64) {
    let Some(table) = root.required("impact").and_then(|_| root.table("impact")) else { return (None, 0) };
    let text = table.required_prose("text");
    let minutes = table.number("outage_minutes").unwrap_or(0);
    table.finish();
    (text, minutes)
}

pub(super) struct Rollback {
    pub minutes: Option<u64>,
    pub abort_if: Vec<Prose>,
    pub steps: Steps,
}

/// The rollback; `fits` says whether there is time for one of so many minutes.
pub(super) fn read_rollback(root: &Table<'_, '_>, fits: impl Fn(u64) -> Result<(), Refusal>) -> Option<Rollback> {
    let table = root.required("rollback").and_then(|_| root.table("rollback"))?;
    let minutes = table.number("minutes");
    if minutes.is_none() && table.get("minutes").is_none() {
        table.report_missing("minutes");
    }
    if let (Some(minutes), Some(value)) = (minutes, table.get("minutes")) {
        fits(minutes).err().into_iter().for_each(|refusal| value.fault(refusal));
    }
    let criteria = table.get("abort_if").map(|value| value.items_or_single()).unwrap_or_default();
    let abort_if = criteria.iter().filter_map(|value| value.item(Prose::from_typed)).collect();
    let steps = read_steps(&table, "steps");
    table.finish();
    Some(Rollback { minutes, abort_if, steps })
}

fn read_tests(root: &Table<'_, '_>, context: &dyn DraftContext) -> (Vec<Trial>, BTreeMap<u64, Digest>) {
    let mut evidence = BTreeMap::new();
    let tests = read_trials(root, |number, table| {
        let value = table.get("evidence")?;
        let path = value.text(Line::from_typed)?;
        let digest = digest_file(path.as_str(), context).map_err(|problem| value.fault(problem)).ok()?;
        evidence.insert(number, digest);
        Some(path)
    });
    // A test that lacks something is a fault.
    (tests, evidence)
}

/// The tests; `evidence` reads the file that one with this number names.
pub(super) fn read_trials(
    root: &Table<'_, '_>,
    mut evidence: impl FnMut(u64, &Table<'_, '_>) -> Option<Line>,
) -> Vec<Trial> {
    let mut tests = Vec::new();
    for (number, table) in (1..).zip(root.tables("tests")) {
        let (what, result) = (table.required_prose("what"), table.required_prose("result"));
        let evidence = evidence(number, &table);
        table.finish();
        if let (Some(what), Some(result)) = (what, result) {
            tests.push(Trial { what, result, evidence });
        }
    }
    tests
}

pub(super) fn read_artifacts(root: &Table<'_, '_>, context: &dyn DraftContext) -> Vec<Artifact> {
    let mut artifacts = Vec::new();
    for table in root.tables("artifacts") {
        let name: Option<ArtifactName> = table.required_judged("name", |name| {
            let twice = artifacts.iter().any(|it: &Artifact| it.name == *name);
            if twice { Err(Refusal::ArtifactTwice { name: name.clone() }) } else { Ok(()) }
        });
        let given: Option<Digest> = table.word("sha256");
        let file = table.get("file").and_then(|value| {
            let path = value.text(|text| Ok(text.to_owned()))?;
            let found = digest_file(&path, context).map_err(|problem| value.fault(problem)).ok()?;
            if given.is_some_and(|given| given != found) {
                value.fault(Problem::Digest { path, found });
            }
            Some(found)
        });
        if table.get("file").is_none() && table.get("sha256").is_none() {
            table.fault("name", Problem::NoContent);
        }
        table.finish();
        if let (Some(name), Some(digest)) = (name, file.or(given)) {
            artifacts.push(Artifact { name, digest });
        }
    }
    artifacts
}

fn digest_file(path: &str, context: &dyn DraftContext) -> Result<Digest, Problem> {
    context.digest_of(path).map_err(|error| Problem::File { path: path.to_owned(), reason: error.to_string() })
}

/// The freezes from which a change asks to be excepted, and why.
fn read_freeze_exception(
    root: &Table<'_, '_>,
    context: &dyn DraftContext,
) -> (Option<Prose>, BTreeMap<FreezeName, Digest>) {
    let Some(table) = root.table("freeze_exception") else { return Default::default() };
    let reason = table.required_prose("reason");
    let misspelt = |name: &FreezeName, refusal: Refusal| {
        let near = nearest(name.as_str(), context.freezes().iter().map(FreezeName::as_str));
        near.map_or_else(|| Problem::from(refusal.clone()), |near| Problem::Misspelt(refusal.clone(), near))
    };
    let judge = |name: &FreezeName| context.judge_exception(name).map(drop).map_err(|refusal| misspelt(name, refusal));
    let names: BTreeSet<FreezeName> = table.judged_words("freezes", judge);
    table.require_items("freezes");
    table.finish();
    let since = |name: FreezeName| context.judge_exception(&name).ok().map(|since| (name, since));
    (reason, names.into_iter().filter_map(since).collect())
}

/// The requirements to which a change asks for an exception, and why.
fn read_exception(table: Table<'_, '_>) -> (BTreeSet<RequirementName>, Option<Prose>) {
    table.require_items("requirements");
    let found = (table.words("requirements"), table.required_prose("reason"));
    table.finish();
    found
}

type Exceptions = (BTreeSet<RequirementName>, BTreeMap<FreezeName, Digest>, Option<Prose>);

/// The requirements and the freezes from which a change asks to be excepted, and why.
pub(super) fn read_exceptions(root: &Table<'_, '_>, context: &dyn DraftContext) -> Exceptions {
    let (exceptions, one) = root.table("exception").map(read_exception).unwrap_or_default();
    let (other, excepted) = read_freeze_exception(root, context);
    (exceptions, excepted, both_reasons(one, other))
}

/// The reasons for exceptions from freezes and from requirements. A change that was copied has the same reason in both.
fn both_reasons(one: Option<Prose>, other: Option<Prose>) -> Option<Prose> {
    match (one, other) {
        (Some(one), Some(other)) if one != other => Prose::from_typed(&format!("{one}\n\n{other}")).ok(),
        (one, other) => one.or(other),
    }
}

pub(super) fn read_links(table: Table<'_, '_>) -> BTreeSet<Link> {
    let mut links = BTreeSet::new();
    for kind in LinkKind::ALL {
        let references = table.words::<Reference>(kind.as_str()).into_iter();
        links.extend(references.map(|reference| Link { kind: *kind, reference }));
    }
    table.finish();
    links
}
