//! Every rule that can say no.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::domain::{
    ArtifactName, ChangeId, Digest, Duty, Field, Fingerprint, Invalid, KeyState, Needed, Outcome, PersonId, ProposalId,
    RequirementName, Role, Status, Time, Window,
};

/// How a person is bound to a change, so that they may not approve it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConflictOfInterest {
    /// They filed or revised it.
    Requested,
    /// They answer for it.
    Owns,
    /// They are to carry it out.
    Implements,
    /// They answer for a machine that is tied to it.
    Operates,
}

impl ConflictOfInterest {
    fn verb(self) -> &'static str {
        match self {
            Self::Requested => "filed or revised it",
            Self::Owns => "own it",
            Self::Implements => "are to implement it",
            Self::Operates => "operate a machine that filed, owns or implements it",
        }
    }
}

/// Defines the refusals: each a variant with its rule's name, one sentence, and the way out where there is one.
macro_rules! refusals {
    ($($(#[$doc:meta])* $variant:ident $({ $($(#[$fdoc:meta])* $field:ident: $type:ty),+ $(,)? })? =>
        $rule:literal, $message:literal $(($($arg:expr),+))?, $hint:literal;)+) => {
        /// Why an event may not be recorded. When writing, it is the answer; in a log that holds such an entry
        /// all the same, it is a finding.
        #[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
        pub enum Refusal {
            $($(#[$doc])* #[error($message $(, $($arg),+)?)] $variant $({ $($(#[$fdoc])* $field: $type),+ })?,)+
        }

        impl Refusal {
            /// The names of all rules.
            pub const RULES: &'static [&'static str] = &[$($rule),+];

            /// The rule's name, as `verify` prints it.
            pub fn rule(&self) -> Rule {
                match self { $(Self::$variant { .. } => Rule($rule)),+ }
            }

            /// The way out, where there is one.
            pub fn hint(&self) -> Option<&'static str> {
                let hint = match self { $(Self::$variant { .. } => $hint),+ };
                Some(hint).filter(|hint| !hint.is_empty())
            }
        }
    };
}

/// The name of a rule: one of [`Refusal::RULES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Rule(&'static str);

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        <&str>::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

impl Rule {
    /// The name.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

impl FromStr for Rule {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Refusal::RULES.iter().find(|rule| **rule == text).map(|rule| Self(rule)).ok_or(Invalid::Rule)
    }
}

refusals! {
    // Founding
    /// Something before entry 0, or a second entry 0.
    NotFounding => "founding", "a register begins with exactly one register.init, as entry 0", "";
    /// A format level other than ours.
    Format { /** The level found. */ found: u64 } =>
        "format", "the register's format is level {found}, and level 1 is what there is", "";
    /// Fewer than two founding admins.
    TooFewAdmins { /** How many there are. */ have: usize } =>
        "two-admins", "a register needs two admins, and this leaves {have}",
        "at least two people are admins without an end date; three are better, so that one lost key stops nobody";
    /// The founder is not among the founding admins with that key.
    FounderNotAdmin =>
        "founder-is-admin", "entry 0 must be signed by one of the admins that it names, with the key that it names",
        "add your own request to --member with the role admin";
    /// Anything but a seal before the seal.
    NotSealed =>
        "sealed", "the register is not sealed yet, and accepts nothing else before",
        "another founding admin runs: twinseal seal";
    /// A second seal.
    AlreadySealed => "sealed-once", "the register is sealed already", "";
    /// A seal by whoever signed entry 0, or by somebody who is no founding admin.
    SealNotByOtherAdmin =>
        "seal-by-another", "a register is sealed by a founding admin who did not sign entry 0",
        "ask another founding admin to run: twinseal seal";

    // People and keys
    /// The actor is not enrolled.
    NotEnrolled { /** Who. */ person: PersonId } =>
        "enrolled", "{person} is not enrolled in this register",
        "send an admin the file that `twinseal person request` makes";
    /// The actor was let go.
    Retired { /** Who. */ person: PersonId } =>
        "retired", "{person} has retired from this register", "two admins can bring them back: twinseal person grant";
    /// A machine for which nobody answers any more.
    NotOperated { /** Which. */ machine: PersonId } =>
        "operated", "{machine} is a machine, and everybody who answered for it has retired",
        "an admin names others: twinseal person grant MACHINE --operator PERSON";
    /// The key is nobody's, or somebody else's.
    NotTheirKey { /** Who acts. */ person: PersonId, /** With which key. */ key: Fingerprint } =>
        "own-key", "the key {key} is not enrolled for {person}",
        "choose your enrolled key with --key; `twinseal person show` lists it";
    /// A key that is suspended or revoked.
    KeyNotLive { /** Which. */ key: Fingerprint, /** What it is. */ state: KeyState } =>
        "key-live", "the key {key} is {state}",
        "`twinseal person show` tells by which entry; a suspension is lifted by a proposal: twinseal key lift";
    /// No such key.
    NoKey { /** Which. */ key: Fingerprint } =>
        "key-known", "the key {key} was never enrolled here", "`twinseal person show` lists everybody's keys";
    /// Somebody else's key revoked.
    RevokeOther { /** Which. */ key: Fingerprint } =>
        "revoke-own", "the key {key} is not yours to revoke",
        "an admin can suspend anybody's key at once: twinseal key suspend";
    /// A suspension lifted that there is not.
    NotSuspended { /** Which. */ key: Fingerprint } =>
        "key-suspended", "the key {key} is not suspended, so there is nothing to lift", "";
    /// The actor lacks the role.
    NoRole { /** Who. */ person: PersonId, /** What they would need to be. */ role: Role } =>
        "role", "{person} does not have the role {role}", "`twinseal person list` shows who has it";
    /// A person enrolled a second time.
    AlreadyEnrolled { /** Who. */ person: PersonId } =>
        "enrolled-once", "{person} is enrolled already, or named twice",
        "choose another id in the request; a further key for them: twinseal person add-key";
    /// A key enrolled a second time.
    KeyTaken { /** Which. */ key: Fingerprint } =>
        "key-once", "the key {key} is or was enrolled already: a key belongs to one person forever",
        "make a new key with `twinseal key new`, and a new request with it";
    /// A person without a role.
    NoRoles { /** Who. */ person: PersonId } =>
        "some-role", "{person} would have no role",
        "give them at least one; whoever leaves is retired: twinseal person retire";
    /// An auditor with another role.
    AuditorExcludes { /** Who. */ person: PersonId } =>
        "auditor-excludes", "{person} cannot be an auditor and something else: auditors only read",
        "enrol an auditor with that role alone";
    /// A machine with a role that only people can have.
    MachineRole { /** Which. */ person: PersonId, /** The role. */ role: Role } =>
        "machine-role", "{person} is a machine, and a machine cannot be {role}: only engineer",
        "give that role to a person";
    /// An operator who cannot answer for a machine.
    NotAnOperator { /** Who. */ operator: PersonId } =>
        "machine-operator", "{operator} cannot operate a machine: operators are people who are enrolled here",
        "`twinseal person list` shows who is";
    /// A machine that would become a person, or a person who would become a machine.
    MachineStays { /** Which. */ person: PersonId } =>
        "machine-stays", "{person} cannot become a machine, or stop being one: a machine always has operators",
        "enrol another id with a key of its own";
    /// Something granted until a moment that has passed.
    GrantOver { /** When it ends. */ until: Time } =>
        "grant-ahead", "what is granted would end at {until}, which has passed already",
        "give --until a later time, or leave it out";
    /// A key that vouches and is not a live one of that person.
    VouchNotTheirs { /** Whose the new key is. */ person: PersonId, /** The key that vouches. */ key: Fingerprint } =>
        "vouch-own-key", "the key {key} vouches for the new one, and is no live key of {person}",
        "make the request again with a live key, or without: then whoever seconds is told";
    /// A proposal about nobody.
    NobodyNamed => "somebody-named", "the proposal names nobody", "name at least one request";

    // Proposals
    /// A number out of turn.
    ProposalNumber { /** What it must be. */ expected: ProposalId } =>
        "proposal-number", "the next proposal is number {expected}", "";
    /// No such proposal, or not the one meant.
    NoProposal { /** Which. */ proposal: ProposalId } =>
        "proposal-known", "there is no such proposal {proposal}", "`twinseal proposal list` shows those that there are";
    /// A proposal that is over.
    ProposalOver { /** Which. */ proposal: ProposalId } =>
        "proposal-open", "proposal {proposal} is not open any more", "`twinseal proposal show` tells how it ended";
    /// A proposal older than seven days.
    ProposalLapsed { /** Which. */ proposal: ProposalId, /** Since when. */ since: Time } =>
        "proposal-lapse", "proposal {proposal} lapsed at {since}, seven days after it was opened", "propose it again";
    /// A proposer who seconds.
    OwnProposal { /** Which. */ proposal: ProposalId } =>
        "proposal-by-two", "whoever proposed proposal {proposal} cannot decide it alone",
        "ask another admin; `twinseal proposal withdraw` takes it back";
    /// A proposal whose proposer could not propose it any more.
    NotBacked { /** Which. */ proposal: ProposalId, /** Who proposed it. */ proposer: PersonId } =>
        "proposal-backed", "proposal {proposal} lapsed: {proposer} is no admin any more, or the key they signed it with is not live",
        "another admin can propose it again";
    /// A proposal in place of something that is not in force.
    NotInForce =>
        "proposal-replaces", "the proposal lapsed: what it would replace is not in force any more",
        "look at what is in force now, and propose it again";
    /// A proposal without effect.
    NothingChanges => "proposal-changes", "that is so already: the proposal would change nothing", "";
    /// A proposal whose text was redacted.
    ProposalRedacted { /** Which. */ proposal: ProposalId } =>
        "proposal-redacted", "the text of proposal {proposal} was redacted, so nobody can know what they would second",
        "propose it again";
    /// A text redacted before it was written.
    RedactsAhead { /** Which entry. */ seq: u64 } =>
        "redact-earlier", "entry {seq} does not come before the proposal that would redact its text", "";
    /// A restoration by which nothing was lost.
    NothingLost =>
        "restored-before", "what the copy held must end before this proposal, and before the newest entry that was lost",
        "name the newest entry that the copy held, and the newest that somebody verified after it";
    /// A subject who seconds.
    SubjectSeconds { /** Which. */ proposal: ProposalId } =>
        "proposal-subject", "proposal {proposal} is about you: somebody else must second it", "ask another admin";
    /// Somebody who withdraws another's proposal.
    NotProposer { /** Which. */ proposal: ProposalId } =>
        "proposal-proposer", "only its proposer can withdraw proposal {proposal}",
        "`twinseal proposal decline` is for other admins";

    // Filing
    /// A number out of turn.
    ChangeNumber { /** What it must be. */ expected: ChangeId } =>
        "change-number", "the next change is {expected}", "";
    /// A text field that must be filled.
    FieldMissing { /** Which. */ field: Field } =>
        "field-required", "the field {field} is mandatory and empty", "write it, and file again";
    /// Something that the policy asks for.
    PolicyField { /** What. */ needed: Needed, /** The requirement that asks. */ requirement: RequirementName } =>
        "policy-field", "the policy asks for {needed} here (its requirement {requirement}), and there is none",
        "add it to the draft; `twinseal policy show` tells what is asked of which changes";
    /// Duties that the policy keeps apart.
    DutiesSeparate { /** Whose. */ person: PersonId, /** Which. */ duty: Duty } =>
        "separate-duties", "the policy keeps {duty} apart, and {person} would be both",
        "somebody else takes one of the two; `twinseal policy show` tells what is kept apart";
    /// A change of nothing.
    NoServices => "services-required", "a change names at least one service", "fill in services";
    /// A change by nobody.
    NoImplementers => "implementers-required", "a change names at least one implementer", "fill in implementers";
    /// An owner or implementer who is not enrolled.
    PartyUnknown { /** Who. */ person: PersonId } =>
        "party-enrolled", "{person} is named in the change, and is not enrolled or has retired",
        "`twinseal person list` shows who is";
    /// An owner or implementer who is an auditor.
    PartyAudits { /** Who. */ person: PersonId } =>
        "party-no-auditor", "{person} is an auditor, and auditors take no part in changes",
        "name somebody else";
    /// A window that is over.
    WindowEnded { /** The window. */ window: Window } =>
        "window-ahead", "the window has ended already ({})" (window.end()), "file a change with a later window";
    /// A window too far ahead to mean anything.
    WindowFar { /** The window. */ window: Window } =>
        "window-near", "the window starts more than ten years ahead ({})" (window.start()),
        "check the year of the window";
    /// A standard change before there are templates.
    NoTemplate =>
        "standard-template", "a standard change needs an approved template, and this register has none",
        "file it with kind = \"normal\"";
    /// Two artifacts of one name.
    ArtifactTwice { /** Which. */ name: ArtifactName } =>
        "artifact-once", "the artifact {name} is named twice", "give each artifact its own name";

    // Deciding
    /// No such change.
    NoChange { /** Which. */ change: ChangeId } =>
        "change-known", "there is no {change}", "`twinseal list` shows the changes that there are";
    /// A revision that is not the current one.
    NotCurrent { /** Which change. */ change: ChangeId, /** Its current revision. */ current: Digest } =>
        "current-revision", "that is not the current revision of {change}: {current} is",
        "read it again with `twinseal show`, then decide";
    /// Somebody who approves what they touched.
    OwnChange { /** Which change. */ change: ChangeId, /** How they are tied to it. */ conflict: ConflictOfInterest } =>
        "own-change", "you cannot approve {change}: you {}" (conflict.verb()),
        "two other people must approve it; `twinseal person list` shows the approvers";
    /// A change in a state in which it takes no more of these.
    NotUndecided { /** Which. */ change: ChangeId, /** Where it stands. */ status: Status } =>
        "undecided", "{change} is {status}: there is nothing left to decide", "";
    /// A rejection without a reason.
    ReasonMissing => "reason-required", "a rejection or retraction needs a reason", "say why with --reason";
    /// Approval of what was rejected.
    Rejected { /** Which change. */ change: ChangeId, /** By whom. */ by: PersonId } =>
        "rejected", "{change} was rejected by {by}, which blocks this revision",
        "`twinseal show` has the reason; `twinseal revise` files what was asked for";

    /// A revision whose text was redacted.
    RevisionRedacted { /** Of which change. */ change: ChangeId } =>
        "revision-redacted", "the text of this revision of {change} was redacted, so nobody can know what they would sign or do",
        "`twinseal revise` files it again, without what had to go";
    /// A refusal that was none.
    NotRefused { /** The rule named. */ rule: Rule } =>
        "refused", "the rule {rule} does not refuse that here", "";
    /// A refusal that is recorded already.
    RefusedBefore => "refused-once", "that this was refused is recorded already", "";
    /// Somebody who revises or withdraws what is not theirs.
    NotRequesterOrOwner { /** Who. */ person: PersonId, /** Which change. */ change: ChangeId } =>
        "requester-or-owner", "{person} neither filed, revised nor owns {change}",
        "its requester or its owner revises or withdraws it; `twinseal note` is for everybody";
    /// Anything about a change that was taken back.
    Withdrawn { /** Which change. */ change: ChangeId } =>
        "withdrawn", "{change} was withdrawn", "file it anew: `twinseal draft --from` begins with what it said";
    /// A retraction of what was not approved.
    NothingToRetract { /** Who. */ person: PersonId, /** Which change. */ change: ChangeId } =>
        "own-approval", "{person} has no approval of the current revision of {change} to take back",
        "`twinseal show` tells who approved it";
    /// A note with nothing in it.
    NoteMissing => "note-required", "a note needs words", "say them: twinseal note CHG-7 \"...\"";

    // InProgress
    /// Too few approvals.
    TooFewApprovals { /** Which change. */ change: ChangeId, /** How many count. */ have: usize,
                      /** How many are needed. */ need: usize } =>
        "two-approvals", "{change} has {have} of {need} approvals that count",
        "`twinseal show` tells whose are missing, and why one does not count";
    /// A start outside the window.
    OutsideWindow { /** When it would start. */ time: Time, /** The window. */ window: Window } =>
        "in-window", "it is {time}, and the window is {} to {}" (window.start(), window.end()),
        "start it inside its window, or file it with another";
    /// A start by somebody not named.
    NotImplementer { /** Who. */ person: PersonId, /** Which change. */ change: ChangeId } =>
        "implementer", "{person} is not an implementer of {change}", "`twinseal show` names the implementers";
    /// A second start.
    Started { /** Which change. */ change: ChangeId } =>
        "start-once", "{change} was started already, and a revision starts once", "";
    /// An artifact that the start did not read.
    ArtifactMissing { /** Which. */ name: ArtifactName } =>
        "artifact-read", "the artifact {name} was approved and not read",
        "give every artifact: --artifact NAME=FILE";
    /// An artifact that is not what was approved.
    ArtifactDiffers { /** Which. */ name: ArtifactName, /** What was approved. */ approved: Digest,
                      /** What was read. */ read: Digest } =>
        "artifact-match", "the artifact {name} is not what was approved: {read} was read, {approved} was approved",
        "deploy the approved artifact, or file a change for this one";
    /// An artifact that nobody approved.
    ArtifactUnknown { /** Which. */ name: ArtifactName } =>
        "artifact-approved", "the artifact {name} is not part of the approved revision",
        "`twinseal show` lists its artifacts";
    /// A finish before the start.
    NotStarted { /** Which change. */ change: ChangeId } =>
        "started", "{change} was not started", "`twinseal start` records the start";
    /// A finish by somebody not named.
    NotImplementerOrOwner { /** Who. */ person: PersonId, /** Which change. */ change: ChangeId } =>
        "implementer-or-owner", "{person} neither implements nor owns {change}",
        "an implementer or the owner finishes it";
    /// A second finish.
    Finished { /** Which change. */ change: ChangeId, /** As what. */ outcome: Outcome } =>
        "finish-once", "{change} was finished as {outcome} already",
        "after an outcome only rolled-back can still be recorded, once";
}
