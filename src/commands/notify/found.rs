//! Something to notice, with the people whom it concerns.

use std::collections::BTreeSet;

use crate::commands::lookup::title;
use crate::domain::{Change, ChangeId, PersonId, Time};
use crate::error::Error;
use crate::notify::{self, Deadline, Facets, Notice, What};
use crate::store::Session;

/// Something to notice.
#[derive(Debug, Clone)]
pub struct Found {
    /// What makes it different from everything else: the same key means the same thing.
    pub key: String,
    /// What it says.
    pub notice: Notice,
    /// What rules ask about it.
    pub facets: Facets,
    /// Whom it concerns.
    pub people: BTreeSet<PersonId>,
}

impl Found {
    /// About anything but a change. It says what to type: `show CHG-7`.
    pub fn new(session: &Session, key: String, (what, subject): (What, String), typed: &str) -> Self {
        let register = session.state().id().map(|id| id.name().to_string()).unwrap_or_default();
        let notice = Notice {
            register,
            what,
            subject,
            title: None,
            risk: None,
            by: None,
            word: None,
            deadline: None,
            command: format!("twinseal {typed}"),
            change: notify::Change::default(),
        };
        Self { key, notice, facets: Facets::none(), people: BTreeSet::new() }
    }

    /// Adds the title, the risk and the facts of a change.
    pub fn about(mut self, session: &Session, change: &Change) -> Result<Self, Error> {
        let facts = &change.current().facts;
        self.notice.title = title_of(session, change.id())?;
        self.notice.risk = Some(facts.risk);
        self.notice.change = notify::Change {
            owner: Some(facts.owner.clone()),
            services: facts.services.clone(),
            environments: facts.environments.clone(),
        };
        self.facets = Facets {
            services: Some(facts.services.clone()),
            environments: Some(facts.environments.clone()),
            risks: Some([facts.risk].into()),
            kinds: Some([facts.kind].into()),
        };
        Ok(self)
    }

    /// Adds until when to act.
    pub fn until(mut self, at: Time, then: &str) -> Self {
        self.notice.deadline = Some(Deadline { at, then: then.to_owned() });
        self
    }

    /// Adds who acted.
    pub fn by(mut self, person: &PersonId) -> Self {
        self.notice.by = Some(person.clone());
        self
    }

    /// Adds the word that its sentence needs.
    pub fn word(mut self, word: impl ToString) -> Self {
        self.notice.word = Some(word.to_string());
        self
    }

    /// Adds whom it concerns.
    pub fn concerning(mut self, people: impl IntoIterator<Item = PersonId>) -> Self {
        self.people.extend(people);
        self
    }
}

/// The title of a change as messages say it.
fn title_of(session: &Session, id: ChangeId) -> Result<Option<String>, Error> {
    Ok(Some(title(session, id)?.unwrap_or_else(|| "(text redacted)".to_owned())))
}

/// Everybody who filed or revised a change, and its owner.
pub fn requesters_and_owner(change: &Change) -> BTreeSet<PersonId> {
    let requesters = change.revisions().map(|revision| revision.requester.clone());
    requesters.chain([change.current().facts.owner.clone()]).collect()
}
