//! The rules of a register, as pure functions without input, output or a clock.
//!
//! An [`Event`] is what an entry records, a [`Refusal`] says which rule refuses an event, and a [`Register`] is the
//! state after all events. Values are valid by construction.

mod break_glass;
mod change;
mod deviation;
mod discount;
mod event;
mod freeze;
mod governance;
mod matching;
mod moment;
mod policy;
mod records;
mod refusal;
mod refused_attempt;
mod register;
mod service;
mod template;
mod trees;
mod value;

pub use break_glass::limits::BreakGlassLimits;
pub use break_glass::word::Word;
pub use break_glass::{BreakGlass, BreakGlassStatus, Opening, PartInBreakGlass, SignedAct, VoidRatification};
pub use change::capacity::Capacity;
pub use change::confirmation::{Confirmation, ConfirmationState, PartInChange};
pub use change::conflict::ConflictOfInterest;
pub use change::detached::{Detached, Statement, Submission};
pub use change::execution::{Args, Argument, Automation, Command, Execution, Script};
pub use change::facts::{Artifact, Author, ChangeKind, Facts, Link, LinkKind, Outcome, RevisionRef, Risk};
pub use change::filing_rules::{
    MOST_TARGETS, judge_author, judge_kind, judge_party, judge_rollback_fits, judge_stop_after, judge_target_count,
    judge_time_left, judge_window,
};
pub use change::history::{Act, Change, RefusedAct, Revision, Status};
pub use change::left::Left;
pub use change::overlap::{Conflicts, OpenRow, Overlap, conflicts_root};
pub use change::requirements::{Override, RequirementLine, RequirementResult};
pub use change::review::{ActionDone, FollowUp, Review, ReviewAction};
pub use change::start_rules::{Attempt, Condition, Opens};
pub use change::tally::{Independence, Slot, Tally, Verdict, Void, Vote};
pub use change::targets::{Finish, OnTarget, OnTargets, Start};
pub use deviation::{Deviation, DeviationStatus, PartInDeviation, Told};
pub use discount::{Discount, Whose};
pub use event::{Event, EventKind, Header, Stream, Timed};
pub use freeze::calendar::{Calendar, CalendarRef, SetCalendar};
pub use freeze::free::{Free, FreeTimes, free_times};
pub use freeze::judging::{Effect, Excepting, Met};
pub use freeze::records::{DUTY, Freeze, FreezeMark, FreezeOrigin, LONGEST_NOW};
pub use freeze::terms::{
    Closed, ClosedPeriod, ClosedPeriods, FreezeRef, Known, LiftFreeze, Reserved, Scope, SetFreeze, Terms,
};
pub use governance::action::{Action, LostEntries, Member, NewGrants, Predecessor, ProposalRef, Restoration, Vouch};
pub use governance::asked::{Asked, Unasked};
pub use governance::grants::{Granted, Grants, Role, take_granted};
pub use governance::people::{Key, KeyState, Person};
pub use governance::periods::{Period, Periods};
pub use governance::proposal::{Proposal, ProposalState};
pub use governance::state::{AcceptedLoss, FORMAT, Governance, GovernanceSummary};
pub use moment::{MOST_OPERATORS, Moment, Since, TOLERANCE, Watched, Witnesses, is_ahead};
pub use policy::{
    About, Conditions, Content, Duty, Emergency, Folded, KeyNeed, Needed, Needs, Phrase, Policy, PolicyParts,
    Requirement, Touched, Waivable,
};
pub use records::{Denied, StateKey, StateRecord, TextState, Unloaded};
pub use refusal::{Refusal, Rule};
pub use refused_attempt::{RefusedAttempt, Verb};
pub use register::audit_work::{Between, Drawn, Reconciliation, ReconciliationCounts, Sample};
pub use register::checkpoint::{CountedRoot, LogRoots};
pub use register::{Head, Position, Register, RegisterSummary};
pub use service::set::{BadSet, MOST_SERVICES, ServiceGraph, ServiceState, ServicesInForce, SetServices};
pub use service::{Service, Tier};
pub use template::blank::{BlankForm, blanks_in};
pub use template::names::{BlankName, BlankPattern, BlankValue, TemplateName};
pub use template::rules::{LONGEST_TEMPLATE, judge_until};
pub use template::{EndTemplate, OWN_FIELDS, SetTemplate, Template, TemplateRef, TemplateState, UsedTemplate};
pub use trees::{Frontier, SubjectTree, TreeRow, empty_root, join, root_of, subject_leaf};
pub(crate) use value::closed_enum::closed_enum;
pub use value::ids::{
    ArtifactName, BreakGlassId, CalendarName, ChangeId, DeviationId, Digest, Environment, ExternalName, FreezeName,
    Group, PersonId, ProposalId, Reference, RegisterId, RegisterName, RequirementName, RunId, ServiceId, ServiceKind,
    Tag, Target, ZoneName, hex, number, unhex,
};
pub use value::invalid::Invalid;
pub use value::key::{Application, BadKey, Fingerprint, PublicKey, Touch, wire};
pub use value::text::{
    Description, Field, Line, Prose, ReviewText, SearchWords, Step, Text, TextRef, Trial, is_forbidden,
};
pub use value::time::{Time, Window};
