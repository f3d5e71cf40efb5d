//! The reviews that are due and not there yet, by the owner of the change: a rule about an emergency reads them, and no
//! other change.

use std::collections::BTreeMap;

use crate::domain::records::{Denied, StateKey, Unloaded};
use crate::domain::{Change, ChangeId, ChangeKind, Event, Facts, Refusal, Register, Time, Timed};

/// The changes of one owner that await their review, each with its deadline.
pub type ReviewsDue = BTreeMap<ChangeId, Time>;

impl Register {
    /// An emergency is filed and revised only if no review of a change of its owner is overdue. A machine account owns
    /// nothing for its operators: their reviews count as well.
    pub(super) fn judge_reviews(&self, header: &Timed<'_>, facts: &Facts) -> Result<(), Denied> {
        // Among selected entries it is not known when a review became due.
        if facts.kind != ChangeKind::Emergency || self.selected {
            return Ok(());
        }
        let mut owners = self.governance.answer_for_account(&facts.owner)?;
        owners.insert(facts.owner.clone());
        for owner in owners {
            let due = self.reviews.get(&owner, StateKey::Reviews)?;
            let overdue = due.into_iter().flatten().find(|(_, due)| header.moment.effective >= **due);
            if let Some((change, due)) = overdue {
                return Err(Refusal::ReviewOverdue { change: *change, owner, due: *due }.into());
            }
        }
        Ok(())
    }

    /// The reviews due of the owner of a change, before an event that can change them.
    pub(super) fn reviews_before(&self, change: &Change, event: &Event) -> Result<Option<ReviewsDue>, Unloaded> {
        match event {
            Event::Finish(_) | Event::Review(_) => {
                let owner = &change.current().facts.owner;
                Ok(Some(self.reviews.get(owner, StateKey::Reviews)?.cloned().unwrap_or_default()))
            }
            _ => Ok(None),
        }
    }

    /// Takes in whether a change awaits its review, after that event.
    pub(super) fn take_awaited(&mut self, change: ChangeId, before: Option<ReviewsDue>) {
        let (Some(mut due), Ok(change)) = (before, self.change(change)) else { return };
        let (id, owner) = (change.id(), change.current().facts.owner.clone());
        let changed = match change.awaited_review() {
            Some(by) => due.insert(id, by) != Some(by),
            None => due.remove(&id).is_some(),
        };
        if changed {
            self.reviews.insert(owner, due);
        }
    }
}
