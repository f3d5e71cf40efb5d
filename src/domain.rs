//! What a register is and what its rules are: pure, without input, output or a clock.
//!
//! [`Event`] is everything that can be recorded, [`Refusal`] every rule that can say no, [`Register`] the fold of
//! events into state. Values are checked when they are made, so that no other place has to ask again.

mod attempt;
mod change;
mod deciding;
mod event;
mod filing;
mod governance;
mod ids;
mod invalid;
mod key;
mod motion;
mod people;
mod policy;
mod proposal;
mod refusal;
mod register;
mod standing;
mod tally;
mod terms;
mod text;
mod time;
mod words;

pub use attempt::{Attempt, Verb};
pub use change::{Act, Change, RefusedAct, Revision, Status};
pub use event::{Event, EventKind, Header};
pub use filing::{judge_kind, judge_party, judge_window};
pub use governance::{FORMAT, Governance};
pub use ids::{
    ArtifactName, ChangeId, Digest, Group, MotionId, PersonId, Reference, RegisterId, RegisterName, RequirementName,
    ServiceId, Tag, ZoneName, hex, number, unhex,
};
pub use invalid::Invalid;
pub use key::{BadKey, Fingerprint, PublicKey, wire};
pub use motion::{Motion, MotionState};
pub use people::{Key, KeyState, Person};
pub use policy::{Duty, Needed, Policy, Requirement};
pub use proposal::{Member, MotionRef, Predecessor, Proposal, Restoration, Vouch};
pub use refusal::{Refusal, Rule, Tie};
pub use register::{Head, Position, Register};
pub use standing::{Grants, Role, Standing};
pub use tally::{Tally, Verdict, Void, Vote};
pub use terms::{Artifact, ChangeKind, Link, LinkKind, Outcome, RevisionRef, Risk, Terms};
pub use text::{Description, Field, Line, Prose, Step, Text, TextRef, Trial, is_forbidden};
pub use time::{Time, Window};
