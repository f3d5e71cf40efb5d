//! The rules about filing the first or a later revision of a change.

use std::collections::BTreeSet;

use crate::domain::records::Denied;
use crate::domain::value::time::DAY;
use crate::domain::{
    About, Artifact, ChangeKind, Content, Description, Duty, Execution, Facts, Field, Fingerprint, Governance,
    PersonId, Refusal, Role, Time, Timed, Window,
};

/// Checks that artifact names are unique.
pub(in crate::domain) fn judge_artifact_names(artifacts: &[Artifact]) -> Result<(), Refusal> {
    let mut names = BTreeSet::new();
    match artifacts.iter().find(|it| !names.insert(&it.name)) {
        Some(it) => Err(Refusal::ArtifactTwice { name: it.name.clone() }),
        None => Ok(()),
    }
}

/// The text fields that every revision must fill.
pub const REQUIRED_FIELDS: [Field; 5] = [Field::Title, Field::Reason, Field::Impact, Field::Plan, Field::Rollback];

/// The limit on how far ahead a window may start, in years.
const YEARS_AHEAD: i64 = 10;

/// Checks whether changes of this kind can be filed.
///
/// # Errors
/// [`Refusal::NoTemplate`].
pub fn judge_kind(kind: ChangeKind) -> Result<(), Refusal> {
    if kind == ChangeKind::Standard { Err(Refusal::NoTemplate) } else { Ok(()) }
}

/// Checks whether this account can own or implement a change.
///
/// # Errors
/// [`Refusal::PartyUnknown`], [`Refusal::PartyAudits`], or an unloaded record.
pub fn judge_party(governance: &Governance, person: &PersonId) -> Result<(), Denied> {
    let person = person.clone();
    match governance.person(&person)? {
        Some(it) if it.grants.roles.contains_key(&Role::Auditor) => Err(Refusal::PartyAudits { person }.into()),
        Some(it) if it.is_active() => Ok(()),
        _ => Err(Refusal::PartyUnknown { person }.into()),
    }
}

/// Checks whether this account can be named as an author. Somebody who has retired since can.
///
/// # Errors
/// [`Refusal::AuthorUnknown`], or an unloaded record.
pub fn judge_author(governance: &Governance, person: &PersonId) -> Result<(), Denied> {
    let known = governance.person(person)?.is_some();
    if known { Ok(()) } else { Err(Refusal::AuthorUnknown { person: person.clone() }.into()) }
}

/// The most targets of a change.
pub const MOST_TARGETS: u64 = 1000;

/// Checks the number of targets of a change.
///
/// # Errors
/// [`Refusal::TooManyTargets`].
pub fn judge_target_count(found: u64) -> Result<(), Refusal> {
    if found > MOST_TARGETS { Err(Refusal::TooManyTargets { found, most: MOST_TARGETS }) } else { Ok(()) }
}

/// Checks the number of failed targets that stop the rest.
///
/// # Errors
/// [`Refusal::StopAfter`].
pub fn judge_stop_after(found: u64, targets: u64) -> Result<(), Refusal> {
    if (1..=targets).contains(&found) { Ok(()) } else { Err(Refusal::StopAfter { found, targets }) }
}

/// Checks the data part of a revision.
pub(in crate::domain) fn judge_execution(facts: &Facts, execution: &Execution) -> Result<(), Refusal> {
    judge_target_count(facts.targets)?;
    let mut names = BTreeSet::new();
    if let Some(target) = execution.targets.iter().find(|it| !names.insert(*it)) {
        return Err(Refusal::TargetTwice { target: target.clone() });
    }
    facts.stop_after.map_or(Ok(()), |found| judge_stop_after(found, facts.targets))
}

/// Checks whether a change with this window can be filed at a given time. The window may have begun.
///
/// # Errors
/// [`Refusal::WindowEnded`], [`Refusal::WindowFar`].
pub fn judge_window(window: &Window, now: Time) -> Result<(), Refusal> {
    let far = window.start() > now.plus(YEARS_AHEAD * 366 * DAY);
    let window = window.clone();
    if window.ended(now) {
        return Err(Refusal::WindowEnded { window });
    }
    if far { Err(Refusal::WindowFar { window }) } else { Ok(()) }
}

/// Checks whether a window is longer than a rollback of so many minutes.
///
/// # Errors
/// [`Refusal::WindowShort`].
pub fn judge_rollback_fits(window: &Window, minutes: u64) -> Result<(), Refusal> {
    let fits = window.last_rollback(minutes) > window.start();
    if fits { Ok(()) } else { Err(Refusal::WindowShort { minutes, window: window.clone() }) }
}

/// Checks whether a change with this window can still start, and be rolled back before the window ends.
///
/// # Errors
/// [`Refusal::TooLateToStart`].
pub fn judge_time_left(window: &Window, minutes: u64, now: Time) -> Result<(), Refusal> {
    let last = window.last_start(minutes);
    if now <= last { Ok(()) } else { Err(Refusal::TooLateToStart { last, minutes, window: window.clone() }) }
}

/// Checks the first revision of a change against every rule; the caller has already checked the actor and the key.
pub(in crate::domain) fn judge_facts(
    governance: &Governance,
    header: &Timed<'_>,
    (facts, execution): (&Facts, &Execution),
) -> Result<(), Denied> {
    governance.judge_role(header, Role::Engineer)?;
    judge_filing(governance, header, (facts, execution))?;
    judge_starters(governance, [(&header.actor, header.key)].into_iter(), facts)
}

/// Checks the content of a revision against every rule.
pub(in crate::domain) fn judge_filing(
    governance: &Governance,
    header: &Timed<'_>,
    (facts, execution): (&Facts, &Execution),
) -> Result<(), Denied> {
    let effective = header.moment.effective;
    governance.judge_template(facts, effective.max(facts.window.start()), effective)?;
    let given = governance.given(header.text.as_ref(), (facts, execution))?;
    if let Some(field) = REQUIRED_FIELDS.into_iter().find(|field| !given.filled.contains(field)) {
        return Err(Refusal::FieldMissing { field }.into());
    }
    if facts.services.is_empty() {
        return Err(Refusal::NoServices.into());
    }
    if facts.implementers.is_empty() {
        return Err(Refusal::NoImplementers.into());
    }
    for person in std::iter::once(&facts.owner).chain(&facts.implementers) {
        judge_party(governance, person)?;
    }
    facts.enrolled_authors().try_for_each(|person| judge_author(governance, person))?;
    judge_window(&facts.window, header.time)?;
    judge_rollback_fits(&facts.window, facts.rollback_minutes)?;
    judge_time_left(&facts.window, facts.rollback_minutes, header.time)?;
    judge_artifact_names(&facts.artifacts)?;
    governance.judge_excepted(facts, header.fills(Field::Exception))?;
    governance.judge_services(facts)?;
    judge_standard(governance, header, (facts, execution))?;
    let touched = governance.touched(facts)?;
    let about = About { facts, commands: &given.commands, touched: &touched };
    let content = Content { about, filled: &given.filled, filed: effective };
    governance.policy().map_or(Ok(()), |policy| policy.judge_exceptions(&content))?;
    judge_policy(governance, &content)
}

/// Checks that a standard change says what its template lets it say, and names the sensitive phrases of its commands.
fn judge_standard(
    governance: &Governance,
    header: &Timed<'_>,
    (facts, execution): (&Facts, &Execution),
) -> Result<(), Denied> {
    let own = header.text.as_ref().map(|text| text.filled.clone()).unwrap_or_default();
    governance.judge_from_template((facts, execution), &own)?;
    match (governance.template_of(facts)?, &facts.template) {
        (Some(it), Some(used)) => Ok(judge_named(governance, facts, &it.template.render(&used.values).0)?),
        _ => Ok(()),
    }
}

/// Checks that a revision names the phrases that the policy calls sensitive and that occur in the commands of its text.
pub(in crate::domain) fn judge_named(
    governance: &Governance,
    facts: &Facts,
    description: &Description,
) -> Result<(), Refusal> {
    let Some(policy) = governance.policy() else { return Ok(()) };
    match description.sensitive(policy.sensitive()).difference(&facts.sensitive).next() {
        Some(phrase) => Err(Refusal::NotMarked { phrase: phrase.clone() }),
        None => Ok(()),
    }
}

/// Checks that a revision has the content that the policy in force requires, and that its owner and implementers are
/// separate if the policy says so.
pub(in crate::domain) fn judge_policy(governance: &Governance, content: &Content<'_>) -> Result<(), Denied> {
    governance.policy().map_or(Ok(()), |policy| policy.judge(content))?;
    judge_owner(governance, content.about.facts)
}

/// Checks that the owner is no implementer, and answers for none, if the policy separates the two.
pub(in crate::domain) fn judge_owner(governance: &Governance, facts: &Facts) -> Result<(), Denied> {
    let duty = Duty::OwnerImplementer;
    let separate = governance.policy().is_some_and(|policy| policy.separates(duty));
    for implementer in facts.implementers.iter().filter(|_| separate) {
        let owners = governance.answer_for_account(&facts.owner)?;
        if !owners.is_disjoint(&governance.answer_for_account(implementer)?) {
            return Err(Refusal::DutiesSeparate { person: facts.owner.clone(), duty }.into());
        }
    }
    Ok(())
}

/// Checks whether the policy in force allows `starter` to start a change with these requesters. Each requester comes
/// with the key that signed their revision.
pub(in crate::domain) fn judge_starter<'a>(
    governance: &Governance,
    requesters: impl Iterator<Item = (&'a PersonId, Fingerprint)>,
    starter: &PersonId,
) -> Result<(), Denied> {
    let duty = Duty::RequesterImplementer;
    let separate = governance.policy().is_some_and(|policy| policy.separates(duty));
    for (requester, key) in requesters.filter(|_| separate) {
        let requesters = governance.answer_for_act(requester, key)?;
        if !requesters.is_disjoint(&governance.answer_for_account(starter)?) {
            return Err(Refusal::DutiesSeparate { person: starter.clone(), duty }.into());
        }
    }
    Ok(())
}

/// Checks that the policy allows at least one implementer to start the change. Checking at filing time reports the
/// problem before the window opens.
pub(in crate::domain) fn judge_starters<'a>(
    governance: &Governance,
    requesters: impl Iterator<Item = (&'a PersonId, Fingerprint)>,
    facts: &Facts,
) -> Result<(), Denied> {
    let requesters: Vec<(&PersonId, Fingerprint)> = requesters.collect();
    // One allowed implementer is enough; if all are refused, return the last refusal. An unloaded record ends the
    // check at once, because the implementer that needs it may be allowed.
    let mut judged = Ok(());
    for implementer in &facts.implementers {
        match judge_starter(governance, requesters.iter().copied(), implementer) {
            refused @ Err(Denied::Refused(_)) => judged = refused,
            allowed_or_unloaded => return allowed_or_unloaded,
        }
    }
    judged
}
