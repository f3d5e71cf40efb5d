//! Looks up what the command line names: values, people, changes, proposals.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use super::Context;
use super::ui::progress;
use crate::domain::{
    BreakGlassId, Change, ChangeId, DeviationId, Event, Facts, Field, Governance, Invalid, Moment, Person, PersonId,
    Policy, ProposalId, ProposalState, Prose, Refusal, RequirementLine, Status, Target, TemplateState, Text, Time,
    Unloaded, Whose,
};
use crate::env::Env;
use crate::error::{Error, Exit, shell_word};
use crate::format::data::{self, Data};
use crate::format::text;
use crate::input::{NotATime, Toward, named_zone, nearest, spoken_time};
use crate::key_choice::bare_number;
use crate::output::requirements::{Obstacle, RequirementText};
use crate::output::{Clock, Names, Parts, Redaction, safe};
use crate::store::{Session, needs_authorities};
use crate::zone::Zone;
use crate::{tr, trf};

/// The name of an input file in messages.
pub fn name_of_input(given: &Path) -> String {
    if given == Path::new("-") { tr!("standard input", "标准输入").to_owned() } else { given.display().to_string() }
}

/// Parses a value given on the command line.
///
/// # Errors
/// [`Error::Value`].
pub fn parse<T: std::str::FromStr<Err = Invalid>>(given: &str) -> Result<T, Error> {
    given.parse().map_err(|invalid| Error::Value { given: given.to_owned(), invalid })
}

/// Parses the id of a change as people type it: `CHG-7`, `chg-7` or `7`.
///
/// # Errors
/// [`Error::Value`].
pub fn change_id(given: &str) -> Result<ChangeId, Error> {
    numbered(given, "CHG-")
}

/// Parses the id of a break-glass as people type it: `BG-1`, `bg-1` or `1`.
///
/// # Errors
/// [`Error::Value`].
pub fn break_glass_id(given: &str) -> Result<BreakGlassId, Error> {
    numbered(given, "BG-")
}

/// Parses the id of a deviation as people type it: `DEV-1`, `dev-1` or `1`.
///
/// # Errors
/// [`Error::Value`].
pub fn deviation_id(given: &str) -> Result<DeviationId, Error> {
    numbered(given, "DEV-")
}

fn numbered<T: std::str::FromStr<Err = Invalid>>(given: &str, prefix: &str) -> Result<T, Error> {
    let whole = format!("{prefix}{}", bare_number(given, prefix)).parse();
    whole.map_err(|invalid| Error::Value { given: given.to_owned(), invalid })
}

/// Fails if a command names something twice: it would act on it twice.
///
/// # Errors
/// [`Error::NamedTwice`].
pub fn check_named_once<T: Ord + ToString>(named: &[T]) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    named.iter().find(|it| !seen.insert(*it)).map_or(Ok(()), |it| Err(Error::NamedTwice(it.to_string())))
}

/// The change with this id.
///
/// # Errors
/// [`Error::NoChange`].
pub fn change(session: &Session, id: ChangeId) -> Result<Change, Error> {
    let found = session.ask(|state| state.change(id).cloned())?;
    // The change may come after the first broken entry, so its absence is not certain.
    found.map_err(|_| session.fault().map_or(Error::NoChange(id), |fault| Error::Broken(fault.clone())))
}

/// The governance as needed for the status and the tally of a change, and for what keeps it from being started.
///
/// # Errors
/// The cache cannot be read.
pub fn governance_about(session: &Session, change: &Change, now: Moment) -> Result<Governance, Error> {
    Ok(session.ask(|state| {
        let governance = state.governance();
        change.status(governance, now)?;
        change.tally(governance, now)?;
        change.stranded(governance, None)?;
        change.cannot_start(governance, now)?;
        change.requirements(governance, now)?;
        change.requirements_for_start(governance, now)?;
        Ok(governance.clone())
    })??)
}

/// What the requirements of the policy say of a change, one line each, and who could change that.
///
/// # Errors
/// The cache cannot be read.
pub fn requirement_texts(
    session: &Session,
    change: &Change,
    lines: Vec<RequirementLine>,
    now: Moment,
) -> Result<Vec<RequirementText>, Error> {
    // Everybody is loaded only if somebody has to be named.
    let everybody = lines
        .iter()
        .any(|it| it.result.denies())
        .then(|| session.governed_about(&change.current().facts.services))
        .transpose()?;
    let text = |line: RequirementLine| {
        let obstacle = |refusal: &Refusal| obstacle(change, everybody.as_ref(), refusal.clone(), now);
        let obstacles = line.result.refusals().iter().map(obstacle).collect::<Result<_, _>>()?;
        Ok(RequirementText { line, obstacles })
    };
    lines.into_iter().map(text).collect()
}

/// Why nobody can start a change in its window, and who could change that; `None` if it can be started, or is decided.
/// `governance` is that of [`governance_about`].
///
/// # Errors
/// The cache cannot be read.
pub fn cannot_start(
    session: &Session,
    change: &Change,
    governance: &Governance,
    now: Moment,
) -> Result<Option<Obstacle>, Error> {
    if !matches!(change.status(governance, now)?, Status::AwaitingApproval | Status::Approved) {
        return Ok(None);
    }
    let Some(refusal) = change.cannot_start(governance, now)? else { return Ok(None) };
    obstacle(change, Some(&session.governed_about(&change.current().facts.services)?), refusal, now).map(Some)
}

/// A refusal, and who could remove it. Nobody approves or revises what was started.
fn obstacle(change: &Change, everybody: Option<&Governance>, refusal: Refusal, now: Moment) -> Result<Obstacle, Error> {
    let open = everybody.filter(|_| change.started().is_none());
    let could = open.map_or(Ok(Vec::new()), |everybody| change.who_could(&refusal, everybody, now))?;
    Ok(Obstacle { refusal, could })
}

/// Whether this person's approval of a change expires before the window opens, and another one made now would not.
///
/// # Errors
/// A record is not loaded.
pub fn renews(change: &Change, governance: &Governance, me: &PersonId, now: Moment) -> Result<bool, Unloaded> {
    let lasts = now.claimed.plus(governance.policy().map_or(0, Policy::approval_seconds));
    let theirs = change.expiring(governance, now)?.iter().any(|(vote, _)| vote.person == *me);
    Ok(theirs && lasts > change.current().facts.window.start())
}

/// The enrolled person with this id.
///
/// # Errors
/// [`Error::NoPerson`].
pub fn known_person(session: &Session, id: &PersonId) -> Result<Person, Error> {
    match session.ask(|state| Ok(state.governance().person(id)?.cloned()))?? {
        Some(person) => Ok(person),
        None => Err(no_person(&session.governed()?, id)),
    }
}

/// The error for a person who is not enrolled, with a similar id as suggestion.
pub fn no_person(governance: &Governance, id: &PersonId) -> Error {
    let near = nearest(id.as_str(), governance.loaded_people().map(|(id, _)| id.as_str()));
    Error::NoPerson { person: id.clone(), near }
}

/// Says which target was probably meant, if an act named one that the change does not have.
pub fn suggest_target(context: &mut Context<'_>, change: &Change, target: Option<&Target>) {
    let targets = &change.current().targets;
    let Some(target) = target.filter(|it| !targets.contains(it)) else { return };
    if let Some(near) = nearest(target.as_str(), targets.iter().map(Target::as_str)) {
        context.env.status(trf!("{target}: did you mean {near}?", "{target}：是否想输入 {near}？"));
    }
}

/// The title of a change's current revision; `None` if it was redacted.
///
/// # Errors
/// The cache cannot be read.
pub fn title(session: &Session, id: ChangeId) -> Result<Option<String>, Error> {
    Ok(session.queries().title(id)?)
}

/// The display names of all enrolled people, from the verified cache.
///
/// # Errors
/// The cache cannot be read.
pub fn names(session: &Session) -> Result<Names, Error> {
    Ok(session.queries().names()?.into_iter().collect())
}

/// Parses a comment given on the command line.
///
/// # Errors
/// [`Error::Value`].
pub fn remark(field: Field, given: &str) -> Result<Text, Error> {
    let prose = Prose::from_typed(given);
    prose.map(|prose| Text::Remark(field, prose)).map_err(|invalid| Error::Value { given: given.to_owned(), invalid })
}

/// Parses the reason given on the command line, if any.
///
/// # Errors
/// [`Error::Value`].
pub fn reason(given: Option<&str>) -> Result<Option<Text>, Error> {
    given.map(|given| remark(Field::Reason, given)).transpose()
}

/// Parses a time given on the command line. A local time is one of the zone that the user set.
///
/// # Errors
/// [`Error::Time`]; [`Error::Argument`] for an unknown zone.
pub fn time(context: &Context<'_>, given: &str, toward: Toward) -> Result<Time, Error> {
    spoken_time(given, context.env.now(), zone(context)?.as_ref(), toward)
        .map_err(|problem| Error::Time { given: given.to_owned(), problem })
}

/// The zone with this IANA name.
///
/// # Errors
/// [`Error::Argument`].
pub fn zone_named(given: &str) -> Result<Zone, Error> {
    named_zone(given).map_err(|problem| Error::Argument { given: given.to_owned(), problem: Box::new(problem) })
}

/// The zone that the user set, if any.
///
/// # Errors
/// [`Error::Argument`].
pub fn zone(context: &Context<'_>) -> Result<Option<Zone>, Error> {
    context.settings.zone.as_ref().map(|it| zone_named(&it.value)).transpose()
}

/// Governance now, or at a point in the past.
pub struct AsOf {
    /// The governance.
    pub governance: Governance,
    /// The moment at which grants with an end are evaluated.
    pub at: Moment,
    /// The newest entry that counts; `None` for now.
    pub seq: Option<u64>,
}

/// Governance now, or as of an entry or a time. A time means the newest entry of the log that claims that time or an
/// earlier one and is not behind what others had claimed.
///
/// # Errors
/// [`Error::NoEntry`], [`Error::NothingBy`], or the log cannot be read.
pub fn as_of(context: &Context<'_>, session: &Session, given: Option<&str>) -> Result<AsOf, Error> {
    let Some(given) = given else {
        let (governance, at) = (session.governed()?, session.state().moment(context.env.now()));
        return Ok(AsOf { governance, at, seq: None });
    };
    let (seq, at) = entry_of(context, session, given)?;
    Ok(AsOf { governance: session.governed_at(seq)?, at: Moment::unwitnessed(at), seq: Some(seq) })
}

/// The entry that `--as-of` names by its number or by a time, and the time at which the state after it is read: the one
/// that was given, or the one that the entry claims.
fn entry_of(context: &Context<'_>, session: &Session, given: &str) -> Result<(u64, Time), Error> {
    if let Ok(seq) = crate::domain::number(given) {
        let entry = session.entry(seq)?.ok_or(Error::NoEntry(seq))?;
        return Ok((seq, entry.header.time));
    }
    let at = time(context, given, Toward::Past)?;
    if at > context.env.now() {
        return Err(Error::Time { given: given.to_owned(), problem: NotATime::Ahead });
    }
    let seq = session.queries().newest_by(at)?.ok_or(Error::NothingBy(at))?;
    Ok((seq, at))
}

/// The first entry that `--since` means: the one with this number, or the first one of this time, whatever is claimed later,
/// and whatever `apart_from` claims. The number after the newest entry if there is none.
///
/// # Errors
/// [`Error::NoEntry`], [`Error::Time`], or the log cannot be read.
pub fn first_entry(
    context: &Context<'_>,
    session: &Session,
    given: &str,
    apart_from: Option<&Whose>,
) -> Result<u64, Error> {
    match crate::domain::number(given) {
        Ok(seq) if session.state().head().is_some_and(|head| seq <= head.seq) => Ok(seq),
        Ok(seq) => Err(Error::NoEntry(seq)),
        Err(_) => {
            let at = time(context, given, Toward::Past)?;
            if at > context.env.now() {
                return Err(Error::Time { given: given.to_owned(), problem: NotATime::Ahead });
            }
            Ok(session.queries().beginning_of(at, apart_from)?.0)
        }
    }
}

/// A session to read: as of now, or as of an earlier entry.
pub struct View {
    /// The session.
    pub session: Session,
    /// The moment of reading.
    pub now: Moment,
    /// The newest entry that counts; `None` for now.
    pub seq: Option<u64>,
}

impl View {
    /// The register as of what `--as-of` says.
    ///
    /// # Errors
    /// As [`as_of`].
    pub fn open(context: &mut Context<'_>, given: Option<&str>) -> Result<Self, Error> {
        let session = context.open()?;
        let Some(given) = given else {
            let now = session.state().moment(context.env.now());
            return Ok(Self { session, now, seq: None });
        };
        let (seq, at) = entry_of(context, &session, given)?;
        let bar = progress(context.env, seq, tr!("replaying", "正在重放"));
        let rewound = session.rewind(seq, &mut |seq| bar.set_position(seq))?;
        bar.finish_and_clear();
        let session = rewound.ok_or(Error::NoEntry(seq))?;
        let mut now = session.state().moment(at);
        if crate::domain::number(given).is_ok() {
            // The clock of that entry may have been behind.
            now = session.state().moment(now.effective);
        }
        Ok(Self { now, session, seq: Some(seq) })
    }

    /// `entry 812, 2026-12-01T10:00:00Z; later entries are left out`; `None` for now.
    pub fn as_of(&self, clock: &Clock) -> Option<String> {
        let at = clock.at(self.now.claimed);
        self.seq.map(|seq| trf!("entry {seq}, {at}; later entries are left out", "第 {seq} 条，{at}；不含之后的条目"))
    }

    /// The entry and the time in JSON; null for now.
    pub fn as_of_json(&self) -> Value {
        self.seq.map_or(Value::Null, |seq| json!({ "seq": seq, "time": self.now.claimed.to_string() }))
    }
}

/// Who redacted the text of an entry, and why; `None` if it was not redacted.
///
/// # Errors
/// The log cannot be read.
pub fn redaction(session: &Session, seq: u64) -> Result<Option<Redaction>, Error> {
    let Some(id) = session.redacted(seq)? else { return Ok(None) };
    if session.entry(seq)?.is_none_or(|entry| entry.missing_text().is_none()) {
        return Ok(None);
    }
    seconded_by(session, id).map(Some)
}

/// Who proposed and who seconded a proposal, and why.
///
/// # Errors
/// The log cannot be read.
pub fn seconded_by(session: &Session, id: ProposalId) -> Result<Redaction, Error> {
    let proposal = session.ask(|state| state.governance().proposal(id).cloned())?;
    let proposal = match proposal {
        Err(_) if session.is_rewound() => {
            return Ok(Redaction { by: trf!("later, by proposal {id}", "之后，依据提案 {id}"), reason: None });
        }
        proposal => proposal?,
    };
    let second = match &proposal.state {
        ProposalState::Seconded(second) => second.as_str(),
        _ => tr!("nobody", "无"),
    };
    let by = trf!(
        "by proposal {id}, proposed by {}, seconded by {second}",
        "依据提案 {id}，提案人 {}，附议人 {second}",
        proposal.proposer
    );
    Ok(Redaction { by, reason: reason_of(session, proposal.seq)? })
}

/// The comment in the text of an entry, such as a reason; `None` if it has none or it was redacted.
///
/// # Errors
/// The log cannot be read.
pub fn reason_of(session: &Session, seq: u64) -> Result<Option<String>, Error> {
    Ok(match session.entry(seq)?.and_then(|entry| entry.text) {
        Some(Text::Remark(_, prose)) => Some(prose.to_string()),
        _ => None,
    })
}

/// The exact lines of an entry, for a page that shows all of them; of a standard change also what its template gives.
///
/// # Errors
/// [`Error::NoEntry`], or the log cannot be read.
pub fn parts(session: &Session, seq: u64) -> Result<Parts, Error> {
    let (entry, raw) = session.entry_and_bytes(seq)?.ok_or(Error::NoEntry(seq))?;
    let parts = Parts::new(&raw.blob, raw.text.as_deref(), raw.data.as_deref());
    with_template(session, parts, &entry.event)
}

/// The lines of an entry with those that the template of a revision gives.
///
/// # Errors
/// The cache cannot be read.
pub fn with_template(session: &Session, parts: Parts, event: &Event) -> Result<Parts, Error> {
    let (Event::File { facts, .. } | Event::Revise { facts, .. }) = event else { return Ok(parts) };
    let found = template_of(session, facts)?;
    Ok(found.map_or(parts.clone(), |it| rendered(parts, &it, facts)))
}

/// The template that a revision follows, if it follows one.
///
/// # Errors
/// The cache cannot be read.
pub fn template_of(session: &Session, facts: &Facts) -> Result<Option<TemplateState>, Error> {
    if facts.template.is_none() {
        return Ok(None);
    }
    Ok(session.ask(|state| Ok(state.governance().template_of(facts)?.cloned()))??)
}

/// The lines of a revision from this template, with what the template gives.
pub fn rendered(parts: Parts, template: &TemplateState, facts: &Facts) -> Parts {
    let Some(used) = &facts.template else { return parts };
    let (description, execution) = template.template.render(&used.values);
    let text = text::write(&Text::Description(Box::new(description)), [0; 16]).0;
    parts.from_template(&template.name, &text, &data::write(&Data::Execution(Box::new(execution))))
}

/// Whether an error says nothing of the other changes or proposals that were named.
pub fn is_about_one(error: &Error) -> bool {
    error.exit() == Exit::Refused || matches!(error, Error::OtherDigest { .. })
}

/// Says what others add to the address that they are told, if they need a file of their own to trust the server.
pub fn say_authorities(env: &mut Env, place: &Path) {
    if needs_authorities(place) {
        env.remark(tr!(
            "each machine needs a copy of the certificate that vouches for the server: add sslrootcert=FILE to the address",
            "每台机器都需要为服务器作保的证书的副本：请在地址中加上 sslrootcert=文件"
        ));
    }
}

/// A path as the value of `--register` in a command that is shown: quoted for a shell, and with a slash, because a word
/// without one is the name of a register.
pub fn option_path(path: &Path) -> String {
    let path = path.display().to_string();
    let path = if path.contains('/') { path } else { format!("./{path}") };
    safe(&shell_word(&path)).into_owned()
}
