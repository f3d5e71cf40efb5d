//! What a revision must contain, other than approvals.

use std::collections::BTreeSet;

use crate::domain::{Facts, Field, Folded, FreezeName, LinkKind, Needed, Refusal, Requirement, Tier, Time, Waivable};

/// What the conditions of a requirement read of a revision.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// The facts.
    pub facts: &'a Facts,
    /// The commands of its data part.
    pub commands: &'a [Folded],
    /// What it touches.
    pub touched: &'a Touched,
}

/// What a change touches: see [`Governance::touched`](crate::domain::Governance::touched).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touched {
    /// The freezes that its window touches.
    pub freezes: BTreeSet<FreezeName>,
    /// The tiers of its services.
    pub tiers: BTreeSet<Tier>,
}

/// The content of a revision, as far as rules read it.
#[derive(Debug, Clone, Copy)]
pub struct Content<'c> {
    /// What conditions read.
    pub about: About<'c>,
    /// The text fields that are filled.
    pub filled: &'c BTreeSet<Field>,
    /// The effective time at which it was filed: a requester's clock that is behind gains no lead time.
    pub filed: Time,
}

/// Something that a requirement asks for and a revision does not have.
pub(in crate::domain) struct Lacking<'r> {
    pub requirement: &'r Requirement,
    /// Under which name a policy can waive it; `None` if it never can.
    pub waivable: Option<Waivable>,
    pub refusal: Refusal,
}

impl Requirement {
    /// Everything that this requirement asks of the content of a revision to which it applies and that is not there.
    pub(in crate::domain) fn lacking(&self, content: &Content<'_>) -> Vec<Lacking<'_>> {
        let (name, window) = (|| self.name.clone(), &content.about.facts.window);
        let lacking = |waivable, refusal| Lacking { requirement: self, waivable, refusal };
        let absent = self.needed.iter().filter(|it| !it.is_present(content));
        let absent = absent.map(|it| lacking(it.waivable(), Refusal::PolicyField { needed: *it, requirement: name() }));
        let late = self.lead_minutes.filter(|lead| window.start() < content.filed.plus(seconds(*lead)));
        let late =
            late.map(|minutes| lacking(Some(Waivable::LeadTime), Refusal::LeadTime { minutes, requirement: name() }));
        let long = self.longest_minutes.filter(|longest| window.end() > window.start().plus(seconds(*longest)));
        let long = long.map(|minutes| {
            lacking(Some(Waivable::LongestWindow), Refusal::LongestWindow { minutes, requirement: name() })
        });
        absent.chain(late).chain(long).collect()
    }
}

/// The limits of a policy are far below the largest number.
fn seconds(minutes: u64) -> i64 {
    i64::try_from(minutes).unwrap_or(i64::MAX / 60).saturating_mul(60)
}

impl Needed {
    fn is_present(self, content: &Content<'_>) -> bool {
        let Content { about: About { facts, .. }, filled, .. } = content;
        let linked = |kind| facts.links.iter().any(|link| link.kind == kind);
        match self {
            Self::Security => filled.contains(&Field::Security),
            Self::AbortIf => filled.contains(&Field::AbortIf),
            Self::Tests => filled.contains(&Field::Tests),
            Self::Success => filled.contains(&Field::Success),
            Self::Evidence => !facts.evidence.is_empty(),
            Self::Artifact => !facts.artifacts.is_empty(),
            Self::Incident => linked(LinkKind::Incident),
            Self::Ticket => linked(LinkKind::Ticket),
            Self::Vulnerability => linked(LinkKind::Vulnerability),
        }
    }

    fn waivable(self) -> Option<Waivable> {
        match self {
            Self::Tests => Some(Waivable::Tests),
            Self::Evidence => Some(Waivable::Evidence),
            _ => None,
        }
    }

    /// Whether it is free text, which can be redacted.
    pub(in crate::domain) fn is_text(self) -> bool {
        matches!(self, Self::Security | Self::AbortIf | Self::Tests | Self::Success)
    }
}
