//! The structured part of a revision, which rules can read.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::value::closed_enum::closed_enum;
use crate::domain::{
    ArtifactName, ChangeId, CountedRoot, Digest, Environment, ExternalName, FreezeName, Invalid, PersonId, Phrase,
    Reference, RequirementName, ServiceId, Tag, Time, UsedTemplate, Window,
};

closed_enum!(
    /// The kind of a change, as in ITIL.
    ChangeKind, ["a kind of change", "变更类型"], {
        /// From an approved template.
        Standard => "standard", "标准变更";
        /// Planned and assessed individually.
        Normal => "normal", "常规变更";
        /// Too urgent for the normal process.
        Emergency => "emergency", "紧急变更";
    }
);

closed_enum!(
    /// The worst effect that a change can have.
    Risk, ["a risk", "风险等级"], {
        /// Hardly any users would notice.
        Low => "low", "低";
        /// Some users would notice.
        Medium => "medium", "中";
        /// The business would notice.
        High => "high", "高";
        /// Customers or the market would notice.
        Critical => "critical", "极高";
    }
);

closed_enum!(
    /// The outcome of a change.
    Outcome, ["an outcome", "结果"], {
        /// It was deployed and works.
        Succeeded => "succeeded", "成功";
        /// It was not deployed, or does not work.
        Failed => "failed", "失败";
        /// It was deployed and then rolled back.
        RolledBack => "rolled-back", "已回退";
    }
);

closed_enum!(
    /// Another system that a change refers to.
    LinkKind, ["a kind of link", "关联类型"], {
        /// An incident.
        Incident => "incident", "事件";
        /// A ticket.
        Ticket => "ticket", "工单";
        /// A vulnerability.
        Vulnerability => "vulnerability", "漏洞";
        /// A request in the office workflow.
        Oa => "oa", "OA 流程";
    }
);

/// A revision: its change, its number from 1, and the leaf hash of the entry that filed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevisionRef {
    /// The change.
    pub change: ChangeId,
    /// The revision's number, from 1.
    pub number: u64,
    /// The leaf hash of the entry that filed it.
    pub filed: Digest,
}

/// Something deployed, by name and content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Artifact {
    /// Its name.
    pub name: ArtifactName,
    /// The SHA-256 of its content.
    pub digest: Digest,
}

/// A reference into another system.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Link {
    /// The kind of system.
    pub kind: LinkKind,
    /// The reference there.
    pub reference: Reference,
}

/// A link is written `incident INC-2214`.
impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.reference)
    }
}

impl FromStr for Link {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (kind, reference) = text.split_once(' ').unwrap_or((text, ""));
        Ok(Self { kind: kind.parse()?, reference: reference.parse()? })
    }
}

/// Somebody who wrote what a change deploys. Enrolled people are listed before external ones.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Author {
    /// An enrolled account.
    Person(PersonId),
    /// Somebody who is not enrolled.
    External(ExternalName),
}

/// An author is written `alice`, or `external vendor-jane`.
impl fmt::Display for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(person) => person.fmt(f),
            Self::External(name) => write!(f, "external {name}"),
        }
    }
}

impl FromStr for Author {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text.strip_prefix("external ") {
            Some(name) => Ok(Self::External(name.parse()?)),
            None => Ok(Self::Person(text.parse()?)),
        }
    }
}

/// The structured part of a revision, which rules can read. Sets are sorted, so that equal facts have equal encodings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The kind of change.
    pub kind: ChangeKind,
    /// The worst effect that the change can have.
    pub risk: Risk,
    /// The person accountable for the change.
    pub owner: PersonId,
    /// Who wrote what it deploys.
    pub authors: BTreeSet<Author>,
    /// The accounts that may start it; at least one.
    pub implementers: BTreeSet<PersonId>,
    /// The affected services; at least one.
    pub services: BTreeSet<ServiceId>,
    /// The environments that it touches.
    pub environments: BTreeSet<Environment>,
    /// The labels.
    pub tags: BTreeSet<Tag>,
    /// The window in which it may be started.
    pub window: Window,
    /// Expected outage, in minutes.
    pub outage_minutes: u64,
    /// Expected duration of a rollback, in minutes.
    pub rollback_minutes: u64,
    /// The deployed artifacts, with distinct names.
    pub artifacts: Vec<Artifact>,
    /// For each test with evidence: the test's number, from 1, and the SHA-256 of the evidence.
    pub evidence: BTreeMap<u64, Digest>,
    /// References into other systems.
    pub links: BTreeSet<Link>,
    /// The changes that must have succeeded before it starts.
    pub follows: BTreeSet<ChangeId>,
    /// The number of open changes that it overlapped when it was filed, and the root over them; `None` if there were none.
    pub conflicts: Option<CountedRoot>,
    /// The freezes from which it asks to be excepted, each with the leaf hash of the entry that put it in force.
    pub excepted: BTreeMap<FreezeName, Digest>,
    /// The number of steps of the plan.
    pub plan_steps: u64,
    /// The number of steps of the rollback.
    pub rollback_steps: u64,
    /// The number of targets.
    pub targets: u64,
    /// How many failed targets stop the rest; `None` if no number is set.
    pub stop_after: Option<u64>,
    /// The requirements of the policy to which it asks for an exception.
    pub exceptions: BTreeSet<RequirementName>,
    /// The phrases that the policy calls sensitive and that occur in the commands of the text.
    pub sensitive: BTreeSet<Phrase>,
    /// The template of a standard change; `None` for any other change.
    pub template: Option<UsedTemplate>,
}

impl Facts {
    /// The SHA-256 of every file that it names: artifacts and evidence.
    pub fn digests(&self) -> impl Iterator<Item = Digest> {
        self.artifacts.iter().map(|it| it.digest).chain(self.evidence.values().copied())
    }

    /// The authors who are enrolled.
    pub fn enrolled_authors(&self) -> impl Iterator<Item = &PersonId> {
        self.authors.iter().filter_map(|author| match author {
            Author::Person(person) => Some(person),
            Author::External(_) => None,
        })
    }

    /// See [`Window::last_start`].
    pub fn last_start(&self) -> Time {
        self.window.last_start(self.rollback_minutes)
    }

    /// The last moment to start it, or a later `from`; never before its window opens.
    pub fn last_start_from(&self, from: Time) -> Time {
        self.last_start().max(from).max(self.window.start())
    }

    /// See [`Window::last_rollback`].
    pub fn last_rollback(&self) -> Time {
        self.window.last_rollback(self.rollback_minutes)
    }
}
