//! Services: what changes touch, who answers for it, and what it depends on.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::domain::{CalendarName, Digest, Environment, Group, Invalid, Line, PersonId, ServiceId, ServiceKind, Tag};

pub(in crate::domain) mod reach;
pub(in crate::domain) mod records;
pub(in crate::domain) mod rules;
pub(in crate::domain) mod set;

/// How much depends on a service: from 1, the most, to 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Tier(u64);

impl Tier {
    /// The number of tiers.
    pub const LAST: u64 = 4;

    /// The tier with this number.
    ///
    /// # Errors
    /// [`Invalid::Tier`] outside 1 to 4.
    pub fn new(number: u64) -> Result<Self, Invalid> {
        if (1..=Self::LAST).contains(&number) { Ok(Self(number)) } else { Err(Invalid::Tier) }
    }

    /// Every tier.
    pub fn all() -> BTreeSet<Self> {
        (1..=Self::LAST).map(Self).collect()
    }

    /// Its number.
    pub fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Tier {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        crate::domain::number(text).and_then(Self::new).map_err(|_| Invalid::Tier)
    }
}

/// A circle of dependencies: `a → b → a`.
pub(in crate::domain) fn circle(services: &[ServiceId]) -> String {
    let ids: Vec<&str> = services.iter().chain(services.first()).map(ServiceId::as_str).collect();
    ids.join(" → ")
}

/// What the register says of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Its name for people.
    pub name: Line,
    /// Who answers for it.
    pub owner: PersonId,
    /// The group that runs it.
    pub team: Group,
    /// Its tier.
    pub tier: Tier,
    /// What it is: `database`, `gateway`.
    pub kind: ServiceKind,
    /// The environment that it is part of.
    pub environment: Environment,
    /// Labels to find it by.
    pub tags: BTreeSet<Tag>,
    /// The services that it needs.
    pub depends_on: BTreeSet<ServiceId>,
    /// The calendar whose closed periods lie outside its maintenance hours; `None` if it may be changed at any hour.
    pub hours: Option<CalendarName>,
}

impl Service {
    /// The keys and values that describe it, in the order in which a data part has them.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let mut fields = vec![
            ("name", self.name.to_string()),
            ("owner", self.owner.to_string()),
            ("team", self.team.to_string()),
            ("tier", self.tier.to_string()),
            ("kind", self.kind.to_string()),
            ("environment", self.environment.to_string()),
        ];
        fields.extend(self.tags.iter().map(|tag| ("tag", tag.to_string())));
        fields.extend(self.depends_on.iter().map(|it| ("depends-on", it.to_string())));
        fields.extend(self.hours.iter().map(|hours| ("hours", hours.to_string())));
        fields
    }

    /// The leaf of this service in the tree of a set: SHA-256 of a zero byte and the lines that put it there.
    pub fn leaf(&self, id: &ServiceId) -> Digest {
        let mut hash = Sha256::new().chain_update([0]).chain_update(format!("put {id}\n"));
        self.fields().iter().for_each(|(key, value)| hash.update(format!("{key} {value}\n")));
        Digest::new(hash.finalize().into())
    }
}
