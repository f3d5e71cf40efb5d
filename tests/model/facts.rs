//! What histories are made of, in the model's own words: people, keys and entries are numbers, times are seconds.
//!
//! An entry is named by its place, and so is the revision that it filed, the proposal that it opened, the grants that
//! it gave, and the text that came with it. A place where nothing of the kind stands names nothing.

use std::collections::{BTreeMap, BTreeSet};

use twinseal::domain::{ChangeKind, Duty, Field, LinkKind, Needed, Outcome, Risk, Role, Waivable};

use super::calendars::Schedule;
use super::conflicts::Conflicts;
use super::services::Service;
use super::templates::{Template, Used};

/// Somebody, enrolled or not.
pub type Person = usize;
/// A key, enrolled or not.
pub type Key = usize;
/// The place of an entry.
pub type Place = usize;
/// Seconds since 1970.
pub type Time = i64;

/// A day in seconds.
pub const DAY: Time = 86_400;

/// Periods in the order of time, each with its first second and the first second after it, where it has them.
pub type Periods = Vec<(Option<Time>, Option<Time>)>;

/// The periods of a grant without beginning and end.
pub fn permanent() -> Periods {
    vec![(None, None)]
}

/// What somebody may do; whoever has operators is a machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    pub roles: BTreeMap<Role, Periods>,
    pub groups: BTreeMap<usize, Periods>,
    pub operators: BTreeSet<Person>,
}

/// What the request of a key says besides: whether it names this register, and the first second at which it has
/// expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    pub here: bool,
    pub expires: Time,
}

/// Somebody to be enrolled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newcomer {
    pub person: Person,
    pub grants: Grants,
    pub asked: Asked,
    pub key: Key,
}

/// What a policy asks of some changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requirement {
    pub kinds: BTreeSet<ChangeKind>,
    pub risks: BTreeSet<Risk>,
    pub tags: BTreeSet<usize>,
    /// Of changes to the one service that there is, and in an environment that none of them names.
    pub service: bool,
    pub elsewhere: bool,
    /// Of changes to a service of this tier.
    pub tier: Option<u64>,
    /// The fewest targets.
    pub targets: Option<u64>,
    pub approvals: Option<u64>,
    /// For each group, how many must be of it.
    pub from: BTreeMap<usize, u64>,
    pub needed: BTreeSet<Needed>,
    pub lead_minutes: Option<u64>,
    pub longest_minutes: Option<u64>,
    pub independent: bool,
    /// Of changes whose window touches a freeze, and of those with a dangerous command.
    pub frozen: bool,
    pub sensitive: bool,
    /// Whether somebody must confirm the outcome.
    pub confirm: bool,
    /// The group that signs for exceptions.
    pub exception: Option<usize>,
}

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    pub approvals: u64,
    pub days: u64,
    pub separate: BTreeSet<Duty>,
    /// Groups.
    pub teams: BTreeSet<usize>,
    /// What an emergency goes without, and within how many days it is reviewed.
    pub waives: BTreeSet<Waivable>,
    pub review_days: u64,
    /// Within how many days another change is.
    pub other_review_days: u64,
    pub requirements: Vec<Requirement>,
    /// How many minutes a break-glass is open, and in one of which groups its opener must be.
    pub break_glass: (u64, BTreeSet<usize>),
}

/// The name of a freeze.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FreezeName {
    /// One that two admins set.
    Named(usize),
    /// One that somebody opened alone, by the entry at this place.
    Now(Place),
}

/// What a freeze says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freeze {
    pub kinds: BTreeSet<ChangeKind>,
    /// The one service, or the one environment, that it concerns; the first environment is production.
    pub service: Option<usize>,
    pub environment: Option<usize>,
    /// Whether it concerns only changes with the tag, and whether it leaves them out.
    pub tagged: bool,
    pub except_kinds: BTreeSet<ChangeKind>,
    pub except_tagged: bool,
    pub group: usize,
    /// The calendar whose periods it has, and where that was put in force; an entry that refers to one lists none.
    pub calendar: Option<(usize, Place)>,
    pub hours: Schedule,
}

/// What a proposal asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    Enrol(Vec<Newcomer>),
    /// For each person what is replaced, the grants instead, and a machine's keys that are revoked with it.
    Roles(BTreeMap<Person, (Place, Grants, BTreeSet<Key>)>),
    Retire {
        person: Person,
        replaces: Place,
    },
    AddKey {
        person: Person,
        asked: Asked,
        key: Key,
        vouch: Option<Key>,
    },
    Lift {
        key: Key,
        replaces: Place,
    },
    Policy {
        replaces: Place,
        policy: Policy,
    },
    /// Of the entry at a place, the text that came with the entry at another (or the same) place.
    Redact(BTreeMap<Place, Place>),
    /// To set a freeze, or replace the one that was put in force at a place.
    Freeze {
        name: FreezeName,
        replaces: Option<Place>,
        freeze: Freeze,
    },
    /// To set a calendar, or to replace the one that was put in force at a place.
    Calendar {
        name: usize,
        replaces: Option<Place>,
        schedule: Schedule,
    },
    /// To add, change or drop services; the stated root may be false.
    Services {
        replaces: Option<Place>,
        put: BTreeMap<usize, Service>,
        dropped: BTreeSet<usize>,
        false_root: bool,
    },
    /// To set a template, or to replace the one that was put in force at a place.
    Template {
        name: usize,
        replaces: Option<Place>,
        template: Template,
    },
    /// To end a template.
    EndTemplate {
        name: usize,
        replaces: Place,
    },
    /// To end a freeze; whoever opened it alone may open another one again.
    Thaw {
        name: FreezeName,
        replaces: Place,
        again: bool,
    },
    /// To go on from the entry at one place, without what came after it up to another. The branch tells apart losses
    /// that begin and end alike.
    Restored {
        from: Place,
        lost: Place,
        branch: usize,
    },
}

/// Something deployed: its name and its content.
pub type Artifact = (u8, u8);

/// What rules can read of a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    pub kind: ChangeKind,
    pub risk: Risk,
    pub owner: Person,
    pub authors: BTreeSet<Person>,
    pub implementers: BTreeSet<Person>,
    pub services: BTreeSet<usize>,
    pub tags: BTreeSet<usize>,
    /// Whether it touches the one environment that there is.
    pub production: bool,
    /// The freezes from which it asks to be excepted, each with the place at which it was put in force.
    pub excepted: BTreeMap<FreezeName, Place>,
    /// Its first second, and the first second after it.
    pub window: (Time, Time),
    /// How long a rollback takes, in seconds: whole minutes.
    pub rollback: Time,
    pub artifacts: Vec<Artifact>,
    pub evidence: bool,
    pub links: BTreeSet<LinkKind>,
    /// The changes that must have succeeded before it starts.
    pub follows: BTreeSet<usize>,
    /// The open changes that it says it overlaps.
    pub conflicts: Conflicts,
    /// Their names.
    pub targets: Vec<usize>,
    pub stop_after: Option<u64>,
    /// The requirements to which it asks for exceptions, by their place in the policy.
    pub exceptions: BTreeSet<usize>,
    /// Whether a machine carries out a dangerous command, and whether the body names one of the text.
    pub dangerous: (bool, bool),
    /// The template of a standard change.
    pub template: Option<Used>,
}

impl Facts {
    /// Whether it is too late to start: a rollback would not end with the window.
    pub fn is_too_late(&self, now: Time) -> bool {
        now >= self.window.1 || now + self.rollback > self.window.1
    }
}

/// A revision, as somebody names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revision {
    pub change: usize,
    pub number: u64,
    pub filed: Place,
}

/// A proposal, as somebody names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proposal {
    pub number: usize,
    pub opened: Place,
}

/// What is done. Changes and proposals are numbered from one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    Init {
        format: u64,
        policy: Policy,
        members: Vec<Newcomer>,
    },
    Seal,
    Propose {
        number: usize,
        action: Action,
    },
    Second(Proposal),
    Decline(Proposal),
    TakeBack(Proposal),
    Revoke(Key),
    Suspend(Key),
    SuspendPerson(Person),
    FreezeNow {
        until: Time,
        service: Option<usize>,
    },
    FreezeEnd {
        name: FreezeName,
        since: Place,
    },
    File {
        change: usize,
        facts: Facts,
    },
    Revise {
        of: Revision,
        facts: Facts,
    },
    Withdraw(Revision),
    Approve(Revision),
    Reject(Revision),
    Retract(Revision),
    Start {
        of: Revision,
        target: Option<usize>,
        run: Option<u8>,
        artifacts: Vec<Artifact>,
    },
    Finish {
        of: Revision,
        target: Option<usize>,
        run: Option<u8>,
        outcome: Outcome,
    },
    Confirm {
        of: Revision,
        outcome: Outcome,
    },
    /// With the number of each action, its owner, and by when it is due.
    Review {
        of: Revision,
        actions: Vec<(usize, Person, Time)>,
    },
    ActionDone {
        of: Revision,
        number: usize,
    },
    Close(Revision),
    Note(usize),
    OpenGlass {
        number: usize,
        /// The change that it acts on, filed or not.
        affects: Option<usize>,
    },
    /// What somebody signed without the register, entered later.
    EnterGlass {
        number: usize,
        affects: Option<usize>,
        /// Who signed it, with which key, and when.
        signer: (Person, Key, Time),
        /// Whether it names this register.
        here: bool,
        /// The place where the same was entered before.
        again: Option<Place>,
    },
    CloseGlass(usize),
    Ratify {
        number: usize,
        /// The entry that closed it.
        closed: Place,
    },
    /// An attempt that the named rule refused.
    Refused {
        attempt: Box<What>,
        rule: String,
    },
}

impl What {
    /// The break-glass that it is about.
    pub fn glass(&self) -> Option<usize> {
        match self {
            Self::OpenGlass { number, .. }
            | Self::EnterGlass { number, .. }
            | Self::CloseGlass(number)
            | Self::Ratify { number, .. } => Some(*number),
            _ => None,
        }
    }

    /// The change that it is about.
    pub fn change(&self) -> Option<usize> {
        match self {
            Self::File { change, .. } | Self::Note(change) => Some(*change),
            Self::Revise { of, .. }
            | Self::Withdraw(of)
            | Self::Approve(of)
            | Self::Reject(of)
            | Self::Retract(of)
            | Self::Start { of, .. }
            | Self::Finish { of, .. }
            | Self::Confirm { of, .. }
            | Self::Review { of, .. }
            | Self::ActionDone { of, .. }
            | Self::Close(of) => Some(of.change),
            Self::Refused { attempt, .. } => attempt.change(),
            _ => None,
        }
    }
}

/// What somebody wants to record: an entry, once it is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub actor: Person,
    pub key: Key,
    pub time: Time,
    /// The fields that its text fills; no text where there are none.
    pub words: BTreeSet<Field>,
    pub what: What,
}
