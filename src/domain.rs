//! What a register is and what its rules are: pure, without input, output or a clock.
//!
//! [`Event`] is everything that can be recorded, [`Refusal`] every rule that can say no, [`Register`] the fold of
//! events into state. Values are checked when they are made, so that no other place has to ask again.

mod change;
mod event;
mod filing;
mod governance;
mod ids;
mod invalid;
mod key;
mod policy;
mod refusal;
mod register;
mod text;
mod time;
mod words;

pub use change::{Act, Change, Revision, Status, Tally, Verdict, Void, Vote};
pub use event::{
    Artifact, ChangeKind, Event, EventKind, Header, Link, LinkKind, Member, MotionRef, Outcome, Proposal, RevisionRef,
    Risk, Role, Terms,
};
pub use filing::{judge_kind, judge_party, judge_window};
pub use governance::{FORMAT, Governance, Key, KeyState, Motion, MotionState, Person};
pub use ids::{
    ArtifactName, ChangeId, Digest, MotionId, PersonId, Reference, RegisterId, RegisterName, ServiceId, Tag, ZoneName,
    hex, number, unhex,
};
pub use invalid::Invalid;
pub use key::{BadKey, Fingerprint, PublicKey, wire};
pub use policy::Policy;
pub use refusal::{Refusal, Tie};
pub use register::{Head, Position, Register};
pub use text::{Description, Field, Line, Prose, Step, Text, TextRef, Trial, is_forbidden};
pub use time::{Time, Window};
