//! Something to notice, with the people whom it concerns.

use std::collections::BTreeSet;

use super::conditions::InboxTitles;
use crate::commands::breakglass::find;
use crate::commands::lookup::title;
use crate::domain::{BreakGlassId, Change, ChangeId, PersonId, Time};
use crate::error::Error;
use crate::notify::{self, Choice, Deadline, EventName, Facets, Notice, What};
use crate::output::Then;
use crate::store::Session;
use crate::{tr, trf};

/// Something to notice.
#[derive(Debug, Clone)]
pub struct Found {
    /// What it says.
    pub notice: Notice,
    /// Its key, what rules ask about it, and whom it concerns.
    pub choice: Choice,
    /// The entry of a revision that says itself that it was filed when its window was near.
    pub filed_late: Option<u64>,
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
        Self { notice, choice: Choice { key, facets: Facets::none(), people: BTreeSet::new() }, filed_late: None }
    }

    /// Adds the risk and the facts of a change.
    pub fn about(mut self, change: &Change) -> Self {
        let facts = &change.current().facts;
        self.notice.risk = Some(facts.risk);
        self.notice.change = notify::Change {
            owner: Some(facts.owner.clone()),
            services: facts.services.clone(),
            environments: facts.environments.clone(),
        };
        self.choice.facets = Facets {
            services: Some(facts.services.clone()),
            environments: Some(facts.environments.clone()),
            risks: Some([facts.risk].into()),
            kinds: Some([facts.kind].into()),
        };
        self
    }

    /// Adds until when to act.
    pub fn until(mut self, at: Time, then: Then) -> Self {
        self.notice.deadline = Some(Deadline { at, then: then.to_string() });
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
        self.choice.people.extend(people);
        self
    }
}

/// What a message says in the line of the title, as the verified register has it now, in the language of the target.
///
/// # Errors
/// The register cannot be read.
pub fn title_of(session: &Session, notice: &Notice, inbox: &mut InboxTitles<'_>) -> Result<Option<String>, Error> {
    if let Ok(id) = notice.subject.parse::<ChangeId>() {
        let redacted = || tr!("(text redacted)", "（文本已隐去）").to_owned();
        return Ok(Some(title(session, id)?.unwrap_or_else(redacted)));
    }
    match notice.subject.parse::<BreakGlassId>() {
        Ok(id) if notice.what.event() == Some(EventName::BreakGlass) => {
            Ok(Some(trf!("incident {}", "事件 {}", find(session, id)?.opening().incident)))
        }
        _ => inbox.title(&notice.subject),
    }
}

/// Everybody who filed or revised a change, and its owner.
pub fn requesters_and_owner(change: &Change) -> BTreeSet<PersonId> {
    let requesters = change.revisions().map(|revision| revision.requester.clone());
    requesters.chain([change.current().facts.owner.clone()]).collect()
}
