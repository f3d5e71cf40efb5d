//! Projecting an entry onto the derived tables.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use crate::domain::{
    Action, BreakGlass, CalendarName, Change, Digest, Event, Fingerprint, FreezeOrigin, Granted, Header, Member,
    PersonId, ProposalId, ProposalState, RefusedAttempt, Register, Review, RevisionRef, Rule, RunId, SetServices,
    Stream, Target, Text,
};
use crate::format::Entry;
use crate::store::StoreError;
use crate::store::cache::{deviation_tables, revision_tables, template_tables};
use crate::store::doing::Doing;

/// The derived tables of the register, inside the transaction that appends an entry.
pub struct Tables<'c> {
    conn: &'c Connection,
}

impl<'c> Tables<'c> {
    pub(in crate::store) fn of(conn: &'c Connection) -> Self {
        Self { conn }
    }

    /// Projects an entry onto the tables; `after` is the state with the entry applied, and `seconded` the action of the
    /// proposal that it seconded.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn project(&self, entry: &Entry, seconded: Option<&Action>, after: &Register) -> Result<(), StoreError> {
        project(self.conn, entry, seconded, after).map_err(StoreError::sqlite(Doing::Record))
    }
}

/// Projects an entry; `after` is the state with the entry applied, and `seconded` the action of the proposal that it
/// seconded.
///
/// # Errors
/// What SQLite reports.
pub fn project(conn: &Connection, entry: &Entry, seconded: Option<&Action>, after: &Register) -> rusqlite::Result<()> {
    let Entry { header, event, text, leaf } = entry;
    conn.prepare_cached(
        "INSERT INTO log_entries VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?
    .execute(params![
        header.seq,
        leaf.to_string(),
        event.kind().as_str(),
        header.time.to_string(),
        after.moment_of(header).map_err(unloaded)?.effective.to_string(),
        after.is_behind(header).map_err(unloaded)?,
        header.actor.as_str(),
        header.key.to_string(),
        event.change().map(|change| change.number()),
        event.proposal().map(|proposal| proposal.number()),
        header.text.as_ref().map(|text| text.digest.to_string()),
        header.data.map(|data| data.to_string()),
        event.break_glass().map(|id| id.number()),
        event.deviation().map(|id| id.number()),
    ])?;
    if let Some(Text::Names(names)) = text {
        for (person, name) in names {
            let row = params![person.as_str(), header.seq, name.as_str()];
            conn.prepare_cached("INSERT INTO names VALUES (?1, ?2, ?3)")?.execute(row)?;
        }
    }
    project_event(conn, entry, seconded, after)?;
    after.corrected_break_glasses().try_for_each(|id| project_end(conn, after.break_glass(id).map_err(unloaded)?))?;
    match event.stream() {
        Stream::Change(change) => project_change(conn, after.change(change).map_err(unloaded)?),
        Stream::BreakGlass(id) => project_break_glass(conn, header.seq, after.break_glass(id).map_err(unloaded)?),
        Stream::Deviation(id) => deviation_tables::project(conn, header, after.deviation(id).map_err(unloaded)?),
        Stream::Governance | Stream::Log => Ok(()),
    }
}

/// Projects what this kind of entry changes.
fn project_event(
    conn: &Connection,
    entry: &Entry,
    seconded: Option<&Action>,
    after: &Register,
) -> rusqlite::Result<()> {
    let Entry { header, event, leaf, .. } = entry;
    match event {
        Event::Init { members, .. } => project_members(conn, members, after)?,
        Event::Propose { proposal, .. } => project_proposal(conn, entry, proposal.number())?,
        Event::Second(at) | Event::Decline(at) | Event::ProposalWithdraw(at) => {
            project_proposal_end(conn, entry, at.proposal, after)?;
            seconded.map_or(Ok(()), |action| project_seconded(conn, (header.seq, at.proposal), action, after))?;
        }
        Event::KeyRevoke(key) | Event::KeySuspend(key) => project_key(conn, *key, after)?,
        Event::PersonSuspend(person) => project_suspended(conn, person, after)?,
        Event::File { change, facts, execution } => {
            let at = RevisionRef { change: *change, number: 1, filed: *leaf };
            revision_tables::project(conn, entry, &at, (facts, execution))?;
        }
        Event::Revise { replaces, facts, execution } => {
            let at = RevisionRef { number: replaces.number + 1, filed: *leaf, ..*replaces };
            revision_tables::project(conn, entry, &at, (facts, execution))?;
        }
        Event::Retract(at) | Event::Approve(at) | Event::Reject(at) => project_vote(conn, header.seq, at, after)?,
        Event::Submit(it) => project_vote(conn, header.seq, &it.statement.revision, after)?,
        Event::Start(_) | Event::Finish(_) | Event::Confirm(_) | Event::Close(_) => project_run(conn, entry)?,
        Event::Review(it) => {
            project_run(conn, entry)?;
            project_actions(conn, header.seq, it)?;
        }
        Event::ActionDone(it) => {
            let row = params![it.revision.change.number(), it.number, header.seq];
            conn.prepare_cached("UPDATE actions SET done = ?3 WHERE change = ?1 AND number = ?2")?.execute(row)?;
        }
        Event::Refused { attempt, rule } => project_refusal(conn, header, attempt, *rule)?,
        Event::BreakGlassRatify { id, .. } => project_ratification(conn, header, id.number())?,
        Event::FreezeNow { .. } | Event::FreezeEnd(_) => project_freezes(conn, header.seq, after)?,
        Event::Seal
        | Event::BreakGlassOpen { .. }
        | Event::BreakGlassEnter { .. }
        | Event::BreakGlassClose(_)
        | Event::DeviationRecord { .. }
        | Event::DeviationReview { .. }
        | Event::ChangeWithdraw(_)
        | Event::Note(_)
        | Event::Checkpoint(_)
        | Event::Sample(_)
        | Event::Reconciliation(_) => {}
    }
    Ok(())
}

/// Records that an entry changed are always loaded.
fn unloaded(error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(error.into())
}

/// The name of a proposal's state, in its table and on screens.
pub fn state_word(state: &ProposalState) -> &'static str {
    match state {
        ProposalState::Open(_) => "open",
        ProposalState::Seconded(_) => "seconded",
        ProposalState::Declined(_) => "declined",
        ProposalState::Withdrawn => "withdrawn",
    }
}

fn project_members(conn: &Connection, members: &[Member], after: &Register) -> rusqlite::Result<()> {
    for Member { person, key, .. } in members {
        project_person(conn, person, after)?;
        project_new_key(conn, key.fingerprint(), after)?;
    }
    Ok(())
}

/// Replaces the rows of a person by their current state.
fn project_person(conn: &Connection, id: &PersonId, after: &Register) -> rusqlite::Result<()> {
    let Some(person) = after.governance().person(id).map_err(unloaded)? else { return Ok(()) };
    let state = person.state();
    conn.prepare_cached(
        "INSERT INTO people VALUES (?1, ?2, ?3) ON CONFLICT (id) DO UPDATE SET state = excluded.state",
    )?
    .execute(params![id.as_str(), person.enrolled, state])?;
    conn.prepare_cached("DELETE FROM roles WHERE person = ?1")?.execute([id.as_str()])?;
    conn.prepare_cached("DELETE FROM groups WHERE person = ?1")?.execute([id.as_str()])?;
    conn.prepare_cached("DELETE FROM operators WHERE machine = ?1")?.execute([id.as_str()])?;
    project_granted(conn, "INSERT INTO roles VALUES (?1, ?2, ?3, ?4, ?5)", id, &person.grants.roles)?;
    project_granted(conn, "INSERT INTO groups VALUES (?1, ?2, ?3, ?4, ?5)", id, &person.grants.groups)?;
    for operator in &person.grants.operators {
        let row = params![id.as_str(), operator.as_str()];
        conn.prepare_cached("INSERT INTO operators VALUES (?1, ?2)")?.execute(row)?;
    }
    Ok(())
}

fn project_granted<T: ToString>(
    conn: &Connection,
    insert: &str,
    id: &PersonId,
    granted: &Granted<T>,
) -> rusqlite::Result<()> {
    for (what, periods) in granted {
        for (n, period) in (1..).zip(periods.iter()) {
            let [from, until] = [period.from(), period.until()].map(|time| time.map(|time| time.to_string()));
            let n: u64 = n;
            conn.prepare_cached(insert)?.execute(params![id.as_str(), what.to_string(), n, from, until])?;
        }
    }
    Ok(())
}

/// A suspended person, and their keys.
fn project_suspended(conn: &Connection, id: &PersonId, after: &Register) -> rusqlite::Result<()> {
    project_person(conn, id, after)?;
    let person = after.governance().person(id).map_err(unloaded)?;
    person.iter().flat_map(|person| person.keys()).try_for_each(|key| project_key(conn, key, after))
}

fn project_new_key(conn: &Connection, fingerprint: Fingerprint, after: &Register) -> rusqlite::Result<()> {
    let Some(key) = after.governance().key(fingerprint).map_err(unloaded)? else { return Ok(()) };
    conn.prepare_cached("INSERT INTO keys VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(params![
        fingerprint.to_string(),
        key.person.as_str(),
        key.public.to_string(),
        key.enrolled,
        key.state.as_str()
    ])?;
    Ok(())
}

fn project_proposal_end(conn: &Connection, entry: &Entry, id: ProposalId, after: &Register) -> rusqlite::Result<()> {
    let header = &entry.header;
    let proposal = after.governance().proposal(id).map_err(unloaded)?;
    conn.prepare_cached("UPDATE proposals SET state = ?2, ended = ?3, ended_by = ?4 WHERE id = ?1")?
        .execute(params![id.number(), state_word(&proposal.state), header.seq, header.actor.as_str()])
        .map(|_| ())
}

fn project_seconded(
    conn: &Connection,
    (seq, id): (u64, ProposalId),
    action: &Action,
    after: &Register,
) -> rusqlite::Result<()> {
    match action {
        Action::Enrol(members) => project_members(conn, members, after),
        Action::Roles(changes) => changes.iter().try_for_each(|(person, new)| {
            project_person(conn, person, after)?;
            new.revokes.iter().try_for_each(|key| project_key(conn, *key, after))
        }),
        Action::Retire { person, .. } => project_person(conn, person, after),
        Action::AddKey { key, .. } => project_new_key(conn, key.fingerprint(), after),
        Action::Lift { key, .. } => project_key(conn, *key, after),
        Action::Redact(texts) => project_redactions(conn, texts, id),
        Action::SetFreeze(_) | Action::LiftFreeze(_) | Action::SetCalendar(_) => project_freezes(conn, seq, after),
        Action::SetServices(it) => project_services(conn, it, after),
        Action::SetTemplate(_) | Action::EndTemplate(_) => template_tables::project(conn, seq, action, after),
        Action::Policy { .. } | Action::Restored(_) => Ok(()),
    }
}

/// Replaces the rows of the services that a proposal changed.
fn project_services(conn: &Connection, it: &SetServices, after: &Register) -> rusqlite::Result<()> {
    for id in it.dropped.iter().chain(it.put.keys()) {
        conn.prepare_cached("DELETE FROM services WHERE id = ?1")?.execute([id.as_str()])?;
        conn.prepare_cached("DELETE FROM service_items WHERE service = ?1")?.execute([id.as_str()])?;
        let Some(service) = after.governance().service(id).map_err(unloaded)? else { continue };
        let row = params![
            id.as_str(),
            service.name.as_str(),
            service.owner.as_str(),
            service.team.as_str(),
            service.tier.number(),
            service.kind.as_str(),
            service.environment.as_str(),
            service.hours.as_ref().map(CalendarName::as_str),
        ];
        conn.prepare_cached("INSERT INTO services VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?.execute(row)?;
        let tags = service.tags.iter().map(|tag| ("tag", tag.as_str()));
        for (item, value) in tags.chain(service.depends_on.iter().map(|it| ("depends-on", it.as_str()))) {
            let row = params![id.as_str(), item, value];
            conn.prepare_cached("INSERT INTO service_items VALUES (?1, ?2, ?3)")?.execute(row)?;
        }
    }
    Ok(())
}

/// The freezes in force after the entry `seq`, which may have put one in force or ended some.
fn project_freezes(conn: &Connection, seq: u64, after: &Register) -> rusqlite::Result<()> {
    let governance = after.governance();
    let mut open = conn.prepare_cached("SELECT began, name, leaf FROM freezes WHERE ended IS NULL")?;
    let open = open.query_map([], |row| Ok((row.get::<_, u64>(0)?, (row.get(1)?, row.get(2)?))))?;
    let mut open: BTreeMap<u64, (String, String)> = open.collect::<rusqlite::Result<_>>()?;
    for (name, mark) in governance.freezes() {
        let (closes, mine) = (mark.end.map(|it| it.to_string()), (name.to_string(), mark.since.to_string()));
        if let Some(began) = open.iter().find_map(|(began, it)| (*it == mine).then_some(*began)) {
            open.remove(&began);
            conn.prepare_cached("UPDATE freezes SET closes = ?2 WHERE began = ?1")?.execute(params![began, closes])?;
            continue;
        }
        let freeze = governance.freeze(name).map_err(unloaded)?;
        let (proposal, person) = match &freeze.origin {
            FreezeOrigin::Proposal(id) => (Some(id.number()), None),
            FreezeOrigin::Alone(person) => (None, Some(person.as_str())),
        };
        let row = params![freeze.seq, mine.0, mine.1, proposal, person, freeze.terms.group.as_str(), closes];
        conn.prepare_cached("INSERT INTO freezes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, NULL)")?.execute(row)?;
    }
    for began in open.keys() {
        conn.prepare_cached("UPDATE freezes SET ended = ?2 WHERE began = ?1")?.execute(params![began, seq])?;
    }
    Ok(())
}

/// Removes redacted texts from the tables. A digest that is not that of the entry's text redacts nothing.
fn project_redactions(conn: &Connection, texts: &BTreeMap<u64, Digest>, id: ProposalId) -> rusqlite::Result<()> {
    for (seq, text) in texts {
        let had = "SELECT seq FROM log_entries WHERE seq = ?1 AND text = ?2";
        let row = params![seq, text.to_string(), id.number()];
        let insert = "INSERT INTO redactions SELECT seq, ?3 FROM log_entries WHERE seq = ?1 AND text = ?2
            ON CONFLICT (seq) DO NOTHING";
        conn.prepare_cached(insert)?.execute(row)?;
        let row = params![seq, text.to_string()];
        conn.prepare_cached(&format!("DELETE FROM names WHERE seq IN ({had})"))?.execute(row)?;
        conn.prepare_cached(&format!("UPDATE revisions SET title = NULL WHERE seq IN ({had})"))?.execute(row)?;
    }
    Ok(())
}

fn project_refusal(conn: &Connection, header: &Header, attempt: &RefusedAttempt, rule: Rule) -> rusqlite::Result<()> {
    let event = attempt.event();
    conn.prepare_cached("INSERT INTO refusals VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?.execute(params![
        header.seq,
        event.change().map(|change| change.number()),
        event.proposal().map(|proposal| proposal.number()),
        attempt.verb().as_str(),
        rule.as_str(),
        header.actor.as_str(),
        header.time.to_string()
    ])?;
    Ok(())
}

fn project_key(conn: &Connection, key: Fingerprint, after: &Register) -> rusqlite::Result<()> {
    let state = after.governance().key(key).map_err(unloaded)?.map(|key| key.state.as_str());
    conn.prepare_cached("UPDATE keys SET state = ?2 WHERE fingerprint = ?1")?
        .execute(params![key.to_string(), state])?;
    Ok(())
}

fn project_proposal(conn: &Connection, Entry { header, event, .. }: &Entry, proposal: u64) -> rusqlite::Result<()> {
    conn.prepare_cached("INSERT INTO proposals VALUES (?1, ?2, ?3, ?4, ?5, 'open', NULL, NULL)")?.execute(params![
        proposal,
        header.seq,
        event.kind().as_str(),
        header.actor.as_str(),
        header.time.to_string()
    ])?;
    Ok(())
}

fn project_vote(conn: &Connection, seq: u64, at: &RevisionRef, after: &Register) -> rusqlite::Result<()> {
    let change = after.change(at.change).map_err(unloaded)?;
    // It is the newest: this entry has just recorded it.
    let Some(vote) = change.votes().last() else { return Ok(()) };
    conn.prepare_cached("INSERT INTO votes VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
        seq,
        at.change.number(),
        at.number,
        vote.verdict.as_str(),
        vote.person.as_str(),
        vote.time.to_string()
    ])?;
    Ok(())
}

fn project_run(conn: &Connection, entry: &Entry) -> rusqlite::Result<()> {
    let (act, at, target, run) = match &entry.event {
        Event::Start(it) => ("start", &it.revision, &it.target, &it.run),
        Event::Finish(it) => (it.outcome.as_str(), &it.revision, &it.target, &it.run),
        Event::Confirm(it) => ("confirm", &it.revision, &None, &None),
        Event::Review(it) => ("review", &it.revision, &None, &None),
        Event::Close(at) => ("close", at, &None, &None),
        _ => return Ok(()),
    };
    let header = &entry.header;
    conn.prepare_cached("INSERT INTO runs VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?.execute(params![
        header.seq,
        at.change.number(),
        act,
        header.actor.as_str(),
        header.time.to_string(),
        target.as_ref().map(Target::as_str),
        run.as_ref().map(RunId::as_str),
    ])?;
    Ok(())
}

/// The actions that the review of the entry `seq` asks for.
fn project_actions(conn: &Connection, seq: u64, it: &Review) -> rusqlite::Result<()> {
    for action in &it.actions {
        let (change, number) = (it.revision.change.number(), action.number);
        let row = params![change, number, action.owner.as_str(), action.due.to_string(), seq];
        conn.prepare_cached("INSERT INTO actions VALUES (?1, ?2, ?3, ?4, ?5, NULL)")?.execute(row)?;
    }
    Ok(())
}

fn project_change(conn: &Connection, change: &Change) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT INTO changes VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (id) DO UPDATE SET state = excluded.state, revision = excluded.revision,
            confirmation = excluded.confirmation, review_due = excluded.review_due, outcome = excluded.outcome",
    )?
    .execute(params![
        change.id().number(),
        change.state().as_str(),
        change.current().id.number,
        change.confirmation().as_str(),
        change.review_due().map(|due| due.to_string()),
        change.result().map(|outcome| outcome.as_str()),
    ])?;
    Ok(())
}

/// The end of a break-glass that was corrected.
fn project_end(conn: &Connection, glass: &BreakGlass) -> rusqlite::Result<()> {
    let row = params![glass.id().number(), glass.end().to_string()];
    conn.prepare_cached("UPDATE breakglass SET ends = ?2 WHERE id = ?1")?.execute(row)?;
    Ok(())
}

/// A break-glass as it is after the entry `seq`.
fn project_break_glass(conn: &Connection, seq: u64, glass: &BreakGlass) -> rusqlite::Result<()> {
    let (id, opener, opening) = (glass.id().number(), glass.opener(), glass.opening());
    conn.prepare_cached(
        "INSERT INTO breakglass VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, NULL, ?9)
         ON CONFLICT (id) DO UPDATE SET ends = excluded.ends, closed = excluded.closed",
    )?
    .execute(params![
        id,
        opener.seq,
        opener.person.as_str(),
        opener.moment.claimed.to_string(),
        opening.incident.as_str(),
        opening.affects.map(|change| change.number()),
        glass.end().to_string(),
        glass.close().map(|close| close.seq),
        glass.late().map(|act| act.moment.claimed.to_string()),
    ])?;
    for service in opening.services.iter().filter(|_| opener.seq == seq) {
        conn.prepare_cached("INSERT INTO breakglass_services VALUES (?1, ?2)")?
            .execute(params![id, service.as_str()])?;
    }
    if glass.ratified().is_some() {
        conn.prepare_cached("UPDATE breakglass SET ratified = ?2 WHERE id = ?1")?.execute(params![id, seq])?;
    }
    Ok(())
}

fn project_ratification(conn: &Connection, header: &Header, id: u64) -> rusqlite::Result<()> {
    let row = params![header.seq, id, header.actor.as_str(), header.time.to_string()];
    conn.prepare_cached("INSERT INTO ratifications VALUES (?1, ?2, ?3, ?4)")?.execute(row)?;
    Ok(())
}
