//! What is left of the log if every act of one account, or of one key, since some entry is discounted.
//!
//! Only acts on which others rest are left out: approvals, confirmations, ratifications, reviews of deviations, the end of a freeze, and proposals
//! that the account proposed or seconded. What it took away by itself, such as a rejection or a suspension, stays. What it
//! filed, started, finished or learned from it stays too: it happened. So does the founding, without which nothing is left. The entries of
//! others stay in any case, and so does the log, in which all of it is valid.
//!
//! A proposal that took something away, such as a freeze or a stricter policy, is left out with the others: a start may
//! then be refused less than it was.

use std::collections::BTreeSet;

use crate::domain::{Event, Fingerprint, Header, PersonId, ProposalId};

/// Whose acts are discounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// All that a key signed.
    Key(Fingerprint),
    /// All that a person or a machine account did.
    Account(PersonId),
}

/// The acts to discount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discount {
    whose: Whose,
    since: u64,
    /// The proposals that they opened.
    proposals: BTreeSet<ProposalId>,
}

impl Discount {
    /// Every act since the entry `since`.
    pub fn new(whose: Whose, since: u64) -> Self {
        Self { whose, since, proposals: BTreeSet::new() }
    }

    /// Whether an entry is one of the acts.
    pub fn covers(&self, header: &Header, event: &Event) -> bool {
        let (account, key) = event.whose(header);
        header.seq >= self.since
            && match &self.whose {
                Whose::Key(discounted) => key == *discounted,
                Whose::Account(discounted) => account == discounted,
            }
    }

    /// Takes in the next entry of the log. Returns whether it is left out.
    pub fn leaves_out(&mut self, header: &Header, event: &Event) -> bool {
        let covered = self.covers(header, event);
        match event {
            Event::Approve(_)
            | Event::Submit(_)
            | Event::Confirm(_)
            | Event::FreezeEnd(_)
            | Event::BreakGlassRatify { .. }
            | Event::DeviationReview { .. } => covered,
            // A proposal changes nothing before it is seconded.
            Event::Propose { proposal, .. } => {
                if covered {
                    self.proposals.insert(*proposal);
                }
                false
            }
            Event::Second(at) => covered || self.proposals.contains(&at.proposal),
            Event::Init { .. }
            | Event::Seal
            | Event::Decline(_)
            | Event::ProposalWithdraw(_)
            | Event::KeyRevoke(_)
            | Event::KeySuspend(_)
            | Event::PersonSuspend(_)
            | Event::FreezeNow { .. }
            | Event::File { .. }
            | Event::Revise { .. }
            | Event::ChangeWithdraw(_)
            | Event::Reject(_)
            | Event::Retract(_)
            | Event::Start(_)
            | Event::Finish(_)
            | Event::Review(_)
            | Event::ActionDone(_)
            | Event::Close(_)
            | Event::Note(_)
            | Event::BreakGlassOpen { .. }
            | Event::BreakGlassEnter { .. }
            | Event::BreakGlassClose(_)
            | Event::DeviationRecord { .. }
            | Event::Checkpoint(_)
            | Event::Sample(_)
            | Event::Reconciliation(_)
            | Event::Refused { .. } => false,
        }
    }
}
