//! What holds now: what waits in everybody's inbox, windows that open or close soon, freezes in the way.
//!
//! A condition is told when it begins to hold. Whether it holds is what the inbox, the gate and the rules say.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::found::{Found, requesters_and_owner};
use crate::commands::look::inbox::{self, Waiting};
use crate::commands::lookup::change;
use crate::domain::{Change, ChangeId, Effect, Met, Moment, PersonId, Status, Verdict};
use crate::error::Error;
use crate::lang::{Lang, lang, within};
use crate::notify::What;
use crate::output::{Act, Then};
use crate::store::{ChangeFilter, Session};

/// Everything that holds now and concerns any of these people, by its key. The queue keeps it, so it is in English.
///
/// # Errors
/// The register cannot be read.
pub fn conditions(session: &Session, people: &[PersonId], remind: i64, now: Moment) -> Result<Holding, Error> {
    within(Lang::En, || holding(session, people, remind, now))
}

fn holding(session: &Session, people: &[PersonId], remind: i64, now: Moment) -> Result<Holding, Error> {
    let mut holding =
        Holding { by_key: BTreeMap::new(), titles: BTreeMap::new(), changes: BTreeMap::new(), remind, now };
    for person in people {
        for item in inbox::waiting(session, person, now)? {
            holding.item(session, person, &item)?;
        }
    }
    for (change, status, met) in open(session, now)? {
        holding.window(session, &change, status)?;
        holding.freezes(session, &change, &met)?;
    }
    Ok(holding)
}

/// What holds now.
pub struct Holding {
    /// By key.
    pub by_key: BTreeMap<String, Found>,
    /// What the inbox says of each subject.
    pub titles: BTreeMap<String, String>,
    changes: BTreeMap<ChangeId, Change>,
    remind: i64,
    now: Moment,
}

/// What the inbox says of each subject, in the language of the reader. Other languages than English are looked up when
/// they are needed: a round takes most of its time for the inboxes of everybody.
pub struct InboxTitles<'a> {
    session: &'a Session,
    people: &'a [PersonId],
    now: Moment,
    holding: &'a Holding,
    translated: BTreeMap<&'static str, BTreeMap<String, String>>,
}

impl<'a> InboxTitles<'a> {
    /// Those of the conditions that hold now.
    pub fn new(session: &'a Session, people: &'a [PersonId], now: Moment, holding: &'a Holding) -> Self {
        Self { session, people, now, holding, translated: BTreeMap::new() }
    }

    /// What holds now.
    pub fn holding(&self) -> &Holding {
        self.holding
    }

    /// What the inbox says of a subject, in the language of the reader.
    ///
    /// # Errors
    /// The register cannot be read.
    pub fn title(&mut self, subject: &str) -> Result<Option<String>, Error> {
        // What is in no inbox has no title in another language either.
        let english = self.holding.titles.get(subject);
        if english.is_none() || lang() == Lang::En {
            return Ok(english.cloned());
        }
        let titles = match self.translated.entry(lang().tag()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let mut titles = BTreeMap::new();
                for person in self.people {
                    let items = inbox::waiting(self.session, person, self.now)?;
                    titles.extend(items.into_iter().map(|it| (it.subject, it.title)));
                }
                unknown.insert(titles)
            }
        };
        Ok(titles.get(subject).or(english).cloned())
    }
}

/// The prefix of the key of a reminder; the rest is the key of what it reminds of, and the deadline.
const NEAR: &str = "near ";

/// The key of what a reminder reminds of.
pub fn reminded_of(key: &str) -> Option<&str> {
    key.strip_prefix(NEAR)?.rsplit_once(' ').map(|(base, _)| base)
}

impl Holding {
    /// An item of somebody's inbox, and a reminder if its deadline is near.
    fn item(&mut self, session: &Session, person: &PersonId, item: &Waiting) -> Result<(), Error> {
        let what = What::of_action(item.action);
        let key = self.key(session, item)?;
        // The opening of a break-glass is told to everybody as an event, when its entry is read.
        if !(item.subject.starts_with("BG-") && matches!(item.action, Act::Read | Act::Close)) {
            self.add(session, person, (key.clone(), what), item)?;
        }
        // The window's own reminder speaks to those who start and finish; nothing ends for the others.
        let reminds = !matches!(item.action, Act::Start | Act::Finish | Act::Revise | Act::Read);
        let near = item.deadline.filter(|at| reminds && self.is_near(*at));
        match near {
            Some(at) => self.add(session, person, (format!("{NEAR}{key} {at}"), What::DeadlineNear), item),
            None => Ok(()),
        }
    }

    /// The key of an item. No time that somebody claims is in it: with a clock set back, an act would have the key of an
    /// earlier one, and would not be told.
    fn key(&mut self, session: &Session, item: &Waiting) -> Result<String, Error> {
        let of = match (item.subject.parse::<ChangeId>(), item.deadline) {
            (Ok(id), _) => format!(" {}", since(self.change(session, id)?, item.action)),
            // The calendar of a freeze.
            (Err(_), Some(end)) if item.action == Act::Extend => format!(" {end}"),
            // There is one proposal, break-glass or seal with this subject.
            (Err(_), _) => String::new(),
        };
        Ok(format!("inbox {} {}{of}", item.action, item.subject))
    }

    fn change(&mut self, session: &Session, id: ChangeId) -> Result<&Change, Error> {
        Ok(match self.changes.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(change(session, id)?),
        })
    }

    fn is_near(&self, at: crate::domain::Time) -> bool {
        at > self.now.claimed && at <= self.now.claimed.plus(self.remind)
    }

    fn add(
        &mut self,
        session: &Session,
        person: &PersonId,
        (key, what): (String, What),
        item: &Waiting,
    ) -> Result<(), Error> {
        self.titles.insert(item.subject.clone(), item.title.clone());
        if let Some(known) = self.by_key.get_mut(&key) {
            known.choice.people.insert(person.clone());
            return Ok(());
        }
        let typed = typed(item);
        let mut found = Found::new(session, key.clone(), (what, item.subject.clone()), &typed).word(item.action);
        if let Ok(id) = item.subject.parse::<ChangeId>() {
            found = found.about(self.change(session, id)?);
        }
        if let Some((at, then)) = item.deadline.zip(item.then) {
            found = found.until(at, then);
        }
        self.by_key.insert(key, found.concerning([person.clone()]));
        Ok(())
    }

    /// A window that opens soon, or that closes soon while its change is in progress.
    fn window(&mut self, session: &Session, change: &Change, status: Status) -> Result<(), Error> {
        let facts = &change.current().facts;
        let (what, at, then) = match status {
            Status::AwaitingApproval | Status::Approved => (What::WindowOpens, facts.window.start(), Then::WindowOpens),
            Status::InProgress => (What::WindowCloses, facts.last_rollback(), Then::LastRollback),
            _ => return Ok(()),
        };
        if !self.is_near(at) {
            return Ok(());
        }
        let current = change.current();
        let late = current.effective >= at.plus(-self.remind);
        let id = change.id();
        let key = format!("{then} {id} {} {at}", change.current().id.filed);
        let people = requesters_and_owner(change).into_iter().chain(facts.implementers.iter().cloned());
        let typed = format!("show {id}");
        let mut found = Found::new(session, key.clone(), (what, id.to_string()), &typed).about(change);
        found.filed_late = late.then_some(current.seq);
        self.by_key.insert(key, found.until(at, then).concerning(people));
        Ok(())
    }

    /// The freezes that stop a change at some time of its window.
    fn freezes(&mut self, session: &Session, change: &Change, met: &[Met]) -> Result<(), Error> {
        for met in met.iter().filter(|met| met.effect == Effect::Stops) {
            let (id, filed) = (change.id(), change.current().id.filed);
            let key = format!("freeze {} {} {id} {filed}", met.freeze.name, met.freeze.since);
            let subject = (What::FreezeMeets, id.to_string());
            let found = Found::new(session, key.clone(), subject, &format!("show {id}")).about(change);
            let found = found.word(&met.freeze.name).until(met.closed.from, Then::FreezeCloses);
            self.by_key.insert(key, found.concerning(requesters_and_owner(change)));
        }
        Ok(())
    }
}

/// The changes that await approval or are in progress, with their status and the freezes that they meet.
fn open(session: &Session, now: Moment) -> Result<Vec<(Change, Status, Vec<Met>)>, Error> {
    let stored = |status| ChangeFilter { stored_statuses: [status].into(), ..ChangeFilter::default() };
    let awaiting = ChangeFilter { ends_after: Some(now.claimed), ..stored(Status::AwaitingApproval) };
    let mut ids = Vec::new();
    for filter in [awaiting, stored(Status::InProgress)] {
        ids.extend(session.queries().changes(&filter)?.into_iter().map(|row| row.id));
    }
    Ok(session.ask_each(None, ids, |change, governance| {
        let (status, facts) = (change.status(governance, now)?, &change.current().facts);
        let open = matches!(status, Status::AwaitingApproval | Status::Approved);
        let from = now.claimed.max(facts.window.start());
        let met = if open { governance.freezes_met(facts, from, facts.window.end())? } else { Vec::new() };
        Ok((change.clone(), status, met))
    })??)
}

/// The entry since which an act on a change is possible.
fn since(change: &Change, action: Act) -> u64 {
    let current = change.current().seq;
    match action {
        Act::Finish => change.started().map_or(current, |act| act.seq),
        Act::Review => change.outcomes().last().map_or(current, |(_, act)| act.seq),
        Act::Confirm => change.outcomes().first().map_or(current, |(_, act)| act.seq),
        Act::Revise => change.votes().iter().rfind(|it| it.verdict == Verdict::Reject).map_or(current, |it| it.seq),
        _ => current,
    }
}

/// What to type for an item of the inbox.
fn typed(item: &Waiting) -> String {
    let subject = &item.subject;
    match item.action {
        Act::Approve | Act::Start | Act::Finish | Act::Confirm | Act::Review => format!("{} {subject}", item.action),
        Act::Action => format!("{} done {subject}", item.action),
        Act::Examine => format!("deviation review {subject}"),
        Act::Second => format!("proposal second {}", subject.trim_start_matches("proposal ")),
        Act::Seal => "seal".to_owned(),
        Act::Extend => format!("freeze show {}", subject.trim_start_matches("freeze ")),
        Act::Ratify => format!("breakglass ratify {subject}"),
        Act::Close => format!("breakglass close {subject} FILE"),
        Act::Revise => format!("show {subject}"),
        Act::Read => "inbox".to_owned(),
    }
}
