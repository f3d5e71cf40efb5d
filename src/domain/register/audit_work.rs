//! `log.sample` and `log.reconciliation`: what an auditor did with the log, as an entry states it.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::domain::records::Denied;
use crate::domain::{ChangeId, CountedRoot, Digest, Invalid, Line, Refusal, Register, Role, Time, Timed};

/// A period: from a time to before another one. Written with a space between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Between {
    from: Time,
    to: Time,
}

impl Between {
    /// A period.
    ///
    /// # Errors
    /// [`Invalid::PeriodOrder`] if it is empty.
    pub fn new(from: Time, to: Time) -> Result<Self, Invalid> {
        if from < to { Ok(Self { from, to }) } else { Err(Invalid::PeriodOrder) }
    }

    /// The first moment in it.
    pub fn from(self) -> Time {
        self.from
    }

    /// The first moment after it.
    pub fn to(self) -> Time {
        self.to
    }

    /// Whether a time lies in it.
    pub fn contains(self, time: Time) -> bool {
        (self.from..self.to).contains(&time)
    }

    /// Whether a moment lies in both.
    pub fn overlaps(self, other: Self) -> bool {
        self.from < other.to && other.from < self.to
    }
}

impl fmt::Display for Between {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.from, self.to)
    }
}

impl FromStr for Between {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (from, to) = text.split_once(' ').unwrap_or((text, ""));
        Self::new(from.parse()?, to.parse()?)
    }
}

/// What was drawn, by the list that it was drawn from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drawn {
    /// From the changes that were started in the period.
    Changes(BTreeSet<ChangeId>),
    /// From a list of what was really deployed: the numbers of its rows.
    Rows {
        /// The SHA-256 of the list.
        input: Digest,
        /// The rows.
        rows: BTreeSet<u64>,
    },
}

impl Drawn {
    /// How many were drawn.
    pub fn count(&self) -> usize {
        match self {
            Self::Changes(changes) => changes.len(),
            Self::Rows { rows, .. } => rows.len(),
        }
    }

    /// The list that it was drawn from, unless that was the register.
    pub fn input(&self) -> Option<Digest> {
        match self {
            Self::Changes(_) => None,
            Self::Rows { input, .. } => Some(*input),
        }
    }
}

/// A sample, as the auditor who drew it records it. Whether it is what its seed draws is not a rule: whoever repeats the
/// draw sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The entries before it, which are those that it was drawn from.
    pub log: CountedRoot,
    /// The period.
    pub period: Between,
    /// The word that decided what was drawn.
    pub seed: Line,
    /// How many it was drawn from.
    pub of: u64,
    /// What was drawn.
    pub drawn: Drawn,
}

/// The result of comparing the log with a list of what was really deployed, as an auditor records it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciliation {
    /// The entries before it, which are those that the list was compared with.
    pub log: CountedRoot,
    /// The period.
    pub period: Between,
    /// The SHA-256 of the list.
    pub input: Digest,
    /// The numbers of rows with each result.
    pub counts: ReconciliationCounts,
}

/// The numbers of a reconciliation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReconciliationCounts {
    /// Rows outside of the period, which were not compared.
    pub outside: u64,
    /// Rows that a change covers.
    pub matched: u64,
    /// Rows that were done otherwise than their change says.
    pub differs: u64,
    /// Rows that a break-glass covers.
    pub break_glass: u64,
    /// Rows that nothing covers.
    pub unauthorised: u64,
    /// Changes that are said to be done, and have no row.
    pub not_deployed: u64,
}

impl Register {
    pub(super) fn judge_sample(&self, header: &Timed<'_>, it: &Sample) -> Result<(), Denied> {
        self.judge_audit_work(header, &it.log)?;
        if it.drawn.count() as u64 > it.of {
            return Err(Refusal::SampleCount { of: it.of }.into());
        }
        Ok(())
    }

    /// That an auditor states it, and of this log.
    pub(super) fn judge_audit_work(&self, header: &Timed<'_>, log: &CountedRoot) -> Result<(), Denied> {
        if !self.governance.has_role(&header.actor, Role::Auditor, header.moment)? {
            return Err(Refusal::NotAuditor { person: header.actor.clone() }.into());
        }
        self.judge_log_root(header, log)
    }
}
