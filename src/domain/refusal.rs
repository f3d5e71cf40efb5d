//! The rules that refuse an entry, each with its name, message and hint.

use crate::domain::{
    ArtifactName, BreakGlassId, ChangeId, Closed, ConflictOfInterest, Digest, Duty, Field, Fingerprint, FreezeName,
    Group, KeyState, Needed, Outcome, PartInBreakGlass, PersonId, ProposalId, RequirementName, Role, RunId, Status,
    Target, Time, Window,
};

mod define;
mod rule;

use define::refusals;
pub use rule::Rule;

refusals! {
    // Founding
    /// An event before entry 0, or a second entry 0.
    NotFounding => "founding", "a register has exactly one register.init, as entry 0", "";
    /// A format level that this version does not read.
    Format { /** The level found. */ found: u64 } =>
        "format", "unsupported format level {found}: this twinseal reads level 1", "use a newer twinseal";
    /// Fewer than two permanent admins with a live key.
    TooFewAdmins { /** The number of admins left. */ have: usize } =>
        "two-admins", "a register needs two permanent admins with a live key; this leaves {have}",
        "name or grant more admins first: three, so that one lost key blocks nothing; `twinseal key lift` helps if an admin's \
         key is suspended";
    /// The founder is not among the founding admins with that key.
    FounderNotAdmin =>
        "founder-is-admin", "entry 0 must be signed by a founding admin, with the key that it lists",
        "add your own request to --member with the role admin";
    /// An event other than the seal before the seal.
    NotSealed =>
        "sealed", "the register is not sealed yet",
        "another founding admin runs: `twinseal seal`";
    /// A second seal.
    AlreadySealed => "sealed-once", "the register is already sealed", "";
    /// A seal by the signer of entry 0, or by an account that is not a founding admin.
    SealNotByOtherAdmin =>
        "seal-by-another", "the seal must come from a founding admin who did not sign entry 0",
        "ask another founding admin to run: `twinseal seal`";

    // People and keys
    /// The actor is not enrolled.
    NotEnrolled { /** Who. */ person: PersonId } =>
        "enrolled", "{person} is not enrolled in this register",
        "make a request with `twinseal person request` and send it to an admin";
    /// The actor has retired.
    Retired { /** Who. */ person: PersonId } =>
        "retired", "{person} has retired from this register", "two admins can bring them back: `twinseal person grant`";
    /// A machine account whose operators have all retired.
    NotOperated { /** Which. */ machine: PersonId } =>
        "operator-active", "all operators of machine account {machine} have retired or are suspended",
        "an admin adds one: `twinseal person grant MACHINE --operator PERSON`";
    /// A machine account with too many people who answer for it.
    TooManyOperators { /** Which. */ machine: PersonId } =>
        "operator-limit", "machine account {machine} would have had more than {} operators since its oldest key"
        (crate::domain::MOST_OPERATORS),
        "rotate its keys: enrol a new one with `twinseal person add-key`, then revoke the old ones";
    /// New grants that revoke a key of somebody else.
    NotMachineKey { /** Which. */ key: Fingerprint } =>
        "revoke-machine-key", "key {key} is no key of that machine account, or is revoked already",
        "`twinseal person show MACHINE` lists its keys";
    /// The key is unknown, or enrolled for another account.
    NotTheirKey { /** Who acts. */ person: PersonId, /** With which key. */ key: Fingerprint } =>
        "own-key", "key {key} is not enrolled for {person}",
        "choose your enrolled key with --key; `twinseal person show` lists it";
    /// A key that is suspended or revoked.
    KeyNotLive { /** Which. */ key: Fingerprint, /** Its state. */ state: KeyState } =>
        "key-live", "key {key} is {state}",
        "ask an admin why; an admin can propose to lift a suspension: `twinseal key lift FINGERPRINT`";
    /// A key that was never enrolled.
    NoKey { /** Which. */ key: Fingerprint } =>
        "key-known", "key {key} was never enrolled here", "`twinseal person show PERSON` lists their keys";
    /// Revoking another account's key.
    RevokeOther { /** Which. */ key: Fingerprint } =>
        "revoke-own", "key {key} is not yours to revoke",
        "an admin can suspend any key at once: `twinseal key suspend FINGERPRINT`";
    /// Lifting the suspension of a key that is not suspended.
    NotSuspended { /** Which. */ key: Fingerprint } =>
        "key-suspended", "key {key} is not suspended", "";
    /// The actor lacks the role.
    NoRole { /** Who. */ person: PersonId, /** The role that is required. */ role: Role } =>
        "role", "{person} does not have the role {role}", "`twinseal person list` shows who has it";
    /// Enrolling a person twice.
    AlreadyEnrolled { /** Who. */ person: PersonId } =>
        "enrolled-once", "{person} is already enrolled, or named twice",
        "choose another id, or add a key to the person: `twinseal person add-key`";
    /// Enrolling a key twice.
    KeyTaken { /** Which. */ key: Fingerprint } =>
        "key-once", "key {key} is or was enrolled: a key belongs to one person forever",
        "make a new key with `twinseal key new`, and a new request with that key";
    /// A person without a role.
    NoRoles { /** Who. */ person: PersonId } =>
        "role-required", "{person} would have no role",
        "grant at least one role; to remove a person: `twinseal person retire`";
    /// An auditor with another role.
    AuditorExcludes { /** Who. */ person: PersonId } =>
        "auditor-only", "{person} cannot be an auditor and hold another role",
        "grant auditor alone; auditors only read and add notes";
    /// A machine account with a role that only people can have.
    MachineRole { /** Which. */ person: PersonId, /** The role. */ role: Role } =>
        "machine-role", "machine account {person} cannot be {role}: it can only be engineer",
        "grant that role to a person";
    /// An operator who is not an enrolled person.
    NotAnOperator { /** Who. */ operator: PersonId } =>
        "machine-operator", "{operator} cannot operate a machine account: an operator must be an enrolled person",
        "`twinseal person list` shows all enrolled people";
    /// A machine account that would become a person, or a person who would become a machine account.
    MachineStays { /** Which. */ person: PersonId } =>
        "account-type-fixed", "{person} cannot change between person and machine account",
        "enrol another id with its own key";
    /// A grant whose end has passed.
    GrantOver { /** When it ends. */ until: Time } =>
        "grant-not-ended", "the grant would end at {until}, which has passed",
        "use a later --until, or leave it out";
    /// A vouching key that is not a live key of the person.
    VouchNotTheirs { /** Whose the new key is. */ person: PersonId, /** The key that vouches. */ key: Fingerprint } =>
        "vouch-own-key", "vouching key {key} is not a live key of {person}",
        "make the request again with --vouch and a live key, or without --vouch";
    /// A request that names another register.
    RequestElsewhere { /** Who made it. */ person: PersonId } =>
        "request-fingerprint", "the request of {person} does not name the fingerprint of this register",
        "ask for a new request: `twinseal person request {person} --fingerprint DIGEST`";
    /// A request that has expired.
    RequestExpired { /** Who made it. */ person: PersonId, /** Since when. */ since: Time } =>
        "request-expired", "the request of {person} expired at {since}",
        "ask for a new request: `twinseal person request {person}`";
    /// A suspended person who acts or would get a key.
    Suspended { /** Who. */ person: PersonId } =>
        "suspended", "{person} is suspended",
        "two admins decide whether they return: `twinseal person grant {person} ROLE`";
    /// Suspending a person who has nothing left to suspend.
    NothingToSuspend { /** Who. */ person: PersonId } =>
        "suspend-has-effect", "{person} has neither a grant nor a live key to suspend", "";
    /// A proposal to enrol without any request.
    NobodyNamed => "proposal-not-empty", "the proposal names no person", "name at least one request";

    // Proposals
    /// A proposal number out of sequence.
    ProposalNumber { /** The next number. */ expected: ProposalId } =>
        "proposal-number", "the next proposal has number {expected}", "";
    /// No such proposal, or a digest of another one.
    NoProposal { /** Which. */ proposal: ProposalId } =>
        "proposal-known", "no such proposal {proposal}", "`twinseal proposal list` shows all proposals";
    /// A proposal that was seconded, declined or withdrawn.
    ProposalOver { /** Which. */ proposal: ProposalId } =>
        "proposal-open", "proposal {proposal} is no longer open", "`twinseal proposal show {proposal}` shows how it ended";
    /// A proposal older than seven days.
    ProposalLapsed { /** Which. */ proposal: ProposalId, /** Since when. */ since: Time } =>
        "proposal-lapse", "proposal {proposal} lapsed at {since}, seven days after it was proposed", "propose it again";
    /// A proposal with a time that others have not reached.
    ProposalAhead { /** Which. */ proposal: ProposalId, /** Its claimed time. */ claimed: Time } =>
        "proposal-ahead", "proposal {proposal} claims {claimed}, ahead of what others claim: its proposer's clock was wrong",
        "its proposer sets the clock right and proposes it again";
    /// A proposer seconding their own proposal.
    OwnProposal { /** Which. */ proposal: ProposalId } =>
        "proposal-by-two", "you proposed proposal {proposal}; another admin must second it",
        "ask another admin, or take it back: `twinseal proposal withdraw {proposal}`";
    /// A proposal whose proposer could no longer propose it.
    NotBacked { /** Which. */ proposal: ProposalId, /** Who proposed it. */ proposer: PersonId } =>
        "proposer-admin",
        "proposal {proposal} lapsed: its proposer {proposer} is no longer an admin, or their signing key is not live",
        "another admin proposes it again";
    /// A proposal whose base is stale.
    NotInForce =>
        "proposal-not-stale", "the proposal lapsed: what it would replace has changed since",
        "check what is in force now, then propose it again";
    /// A proposal without effect.
    NothingChanges => "proposal-has-effect", "the proposal would change nothing", "";
    /// A proposal whose text was redacted.
    ProposalRedacted { /** Which. */ proposal: ProposalId } =>
        "proposal-redacted", "the text of proposal {proposal} was redacted, so it can no longer be seconded",
        "propose it again";
    /// Redacting an entry that comes after the proposal.
    RedactsAhead { /** Which entry. */ seq: u64 } =>
        "redact-earlier", "entry {seq} does not come before the proposal to redact it", "";
    /// Redacting a text that the entry does not have.
    NoSuchText { /** Which entry. */ seq: u64 } =>
        "redact-text", "entry {seq} has no text with this digest", "`twinseal log --raw --seq {seq}` shows the entry";
    /// Accepting a loss where nothing was lost.
    NothingLost =>
        "restored-before", "the restored entries must end before this proposal", "";
    /// Seconding a proposal about oneself.
    SubjectSeconds { /** Which. */ proposal: ProposalId } =>
        "proposal-subject", "proposal {proposal} is about you; another admin must second it", "ask another admin";
    /// Withdrawing another admin's proposal.
    NotProposer { /** Which. */ proposal: ProposalId } =>
        "proposal-proposer", "only its proposer can withdraw proposal {proposal}",
        "other admins decline: `twinseal proposal decline {proposal}`";

    // Filing
    /// A change number out of sequence.
    ChangeNumber { /** The next number. */ expected: ChangeId } =>
        "change-number", "the next change is {expected}", "";
    /// A required text field that is empty.
    FieldMissing { /** Which. */ field: Field } =>
        "field-required", "field {field} is required", "fill it in and file again";
    /// A field that the policy requires.
    PolicyField { /** The field. */ needed: Needed, /** The requirement. */ requirement: RequirementName } =>
        "policy-field", "the policy requires {needed} for this change (requirement {requirement})",
        "add it to the draft; `twinseal policy show` lists all requirements";
    /// A revision that was filed too shortly before its window.
    LeadTime { /** The minutes required. */ minutes: u64, /** The requirement. */ requirement: RequirementName } =>
        "lead-time", "the policy requires {minutes} min between filing and the start of the window (requirement {requirement})",
        "choose a later window; `twinseal policy show` says whether exceptions are allowed";
    /// A window longer than the policy allows.
    LongestWindow { /** The minutes allowed. */ minutes: u64, /** The requirement. */ requirement: RequirementName } =>
        "longest-window", "the policy allows windows of at most {minutes} min for this change (requirement {requirement})",
        "choose a shorter window; `twinseal policy show` says whether exceptions are allowed";
    /// An exception that the policy does not allow.
    NoException { /** To which requirement. */ requirement: RequirementName } =>
        "exception-allowed", "no exception to {requirement}: no requirement of this name applies to the change and allows one",
        "take it out of exception.requirements; `twinseal policy show` lists the requirements";
    /// Two duties that the policy separates, held by one person.
    DutiesSeparate { /** Who. */ person: PersonId, /** The separation. */ duty: Duty } =>
        "separate-duties", "{person} cannot be both {}: the policy separates these duties" (duty.both()),
        "assign one of the two to another person; `twinseal policy show` lists the separated duties";
    /// A change without a service.
    NoServices => "services-required", "at least one service is required", "fill in services";
    /// A change without an implementer.
    NoImplementers => "implementers-required", "at least one implementer is required", "fill in implementers";
    /// An owner or implementer who is not enrolled.
    PartyUnknown { /** Who. */ person: PersonId } =>
        "participant-enrolled", "{person} is not enrolled, has retired or is suspended",
        "`twinseal person list` shows all enrolled people";
    /// An owner or implementer who is an auditor.
    PartyAudits { /** Who. */ person: PersonId } =>
        "participant-not-auditor", "{person} is an auditor and cannot own or implement a change",
        "name another person";
    /// An author who was never enrolled.
    AuthorUnknown { /** Who. */ person: PersonId } =>
        "author-enrolled", "author {person} is not enrolled",
        "`twinseal person list` shows all enrolled people; for anybody else write \"external NAME\"";
    /// A window that has ended.
    WindowEnded { /** The window. */ window: Window } =>
        "window-not-ended", "the window ended at {}" (window.end()), "choose a later window";
    /// A window more than ten years ahead.
    WindowFar { /** The window. */ window: Window } =>
        "window-horizon", "the window starts at {}, more than ten years ahead" (window.start()),
        "check the year of the window";
    /// A window that is not longer than the rollback.
    WindowShort { /** The minutes of the rollback. */ minutes: u64, /** The window. */ window: Window } =>
        "window-fits-rollback", "a rollback of {minutes} min does not fit into the window from {} to {}"
        (window.start(), window.end()),
        "use a window longer than the rollback";
    /// A filing, approval or start after which there is no time to roll back.
    TooLateToStart { /** The last moment to start. */ last: Time, /** The minutes of the rollback. */ minutes: u64,
                     /** The window. */ window: Window } =>
        "time-to-roll-back",
        "too late: the last moment to start was {last}, because a rollback takes {minutes} min and the window ends at {}"
        (window.end()),
        "choose a later window, or revise the change with one";
    /// A standard change before there are templates.
    NoTemplate =>
        "standard-template", "a standard change needs an approved template, and the register has none",
        "use kind = \"normal\"";
    /// Two artifacts with the same name.
    ArtifactTwice { /** Which. */ name: ArtifactName } =>
        "artifact-once", "artifact {name} is named twice", "give each artifact its own name";

    /// More targets than the limit.
    TooManyTargets { /** The number. */ found: u64, /** The limit. */ most: u64 } =>
        "target-limit", "{found} targets; at most {most} are allowed", "file one change for each group of targets";
    /// Two targets with the same name.
    TargetTwice { /** Which. */ target: Target } =>
        "target-once", "target {target} is listed twice", "list each target once";
    /// A number of failed targets that can never be reached, or zero.
    StopAfter { /** The number of failed targets. */ found: u64, /** The number of targets. */ targets: u64 } =>
        "stop-after-range", "stop-after is {found}; it must be 1 or more, and at most the number of targets ({targets})",
        "use a number from 1 to the number of targets, or leave it out";
    /// A change that follows itself, or one that does not exist.
    FollowsUnknown { /** The change to follow. */ follows: ChangeId } =>
        "follows-known", "the change cannot follow {follows}: there is no such other change",
        "`twinseal list` shows all changes";

    // Deciding
    /// No such change.
    NoChange { /** Which. */ change: ChangeId } =>
        "change-known", "no change {change}", "`twinseal list` shows all changes";
    /// A revision that is not the current one.
    NotCurrent { /** Which change. */ change: ChangeId, /** Its current revision. */ current: Digest } =>
        "current-revision", "not the current revision of {change}, which is {current}",
        "read it again with `twinseal show {change}`, then decide";
    /// An approver with a conflict of interest.
    OwnChange { /** Which change. */ change: ChangeId, /** The conflict. */ conflict: ConflictOfInterest } =>
        "conflict-of-interest", "conflict of interest: you cannot approve {change} because you {}" (conflict.verb()),
        "ask other approvers; `twinseal person list` shows them{}" (conflict.remedy());
    /// A decision on a change that is no longer awaiting approval.
    NotUndecided { /** Which. */ change: ChangeId, /** Its status. */ status: Status } =>
        "undecided", "{change} is {}: nothing left to decide" (status.phrase()), "";
    /// A rejection or retraction without a reason.
    ReasonMissing => "reason-required", "a rejection, a retraction and a break-glass need a reason", "use --reason TEXT";
    /// An approval of a rejected revision.
    Rejected { /** Which change. */ change: ChangeId, /** By whom. */ by: PersonId } =>
        "rejected", "{change} is rejected by {by}",
        "`twinseal show {change}` has the reason; `twinseal revise {change} FILE` files a new revision";

    /// A revision whose text was redacted.
    RevisionRedacted { /** Of which change. */ change: ChangeId } =>
        "revision-redacted",
        "the text of the current revision of {change} was redacted; it can no longer be approved or started",
        "file it again without the redacted words: `twinseal revise {change} FILE`";
    /// A recorded refusal that no rule supports.
    NotRefused { /** The rule named. */ rule: Rule } =>
        "refused", "rule {rule} does not refuse this attempt", "";
    /// A refusal that is already in the log.
    RefusedBefore => "refused-once", "this refusal is already recorded", "";
    /// Revising or withdrawing another person's change.
    NotRequesterOrOwner { /** Who. */ person: PersonId, /** Which change. */ change: ChangeId } =>
        "requester-or-owner", "{person} did not file or revise {change}, and does not own it",
        "ask its requester or owner; if its owner has left, an engineer can revise it; any enrolled person can add a note: `twinseal note {change}`";
    /// An act on a withdrawn change.
    Withdrawn { /** Which change. */ change: ChangeId } =>
        "withdrawn", "{change} is withdrawn", "file it as a new change: `twinseal draft --from {change}`";
    /// A retraction without an approval.
    NothingToRetract { /** Who. */ person: PersonId, /** Which change. */ change: ChangeId } =>
        "own-approval", "{person} has no approval of the current revision of {change} to retract",
        "`twinseal show {change}` lists the approvals";
    /// An empty note.
    NoteMissing => "note-required", "a note needs text", "add it: `twinseal note CHG-7 \"...\"`";

    // Freezes
    /// A freeze that is not in force, or was replaced.
    NoFreeze { /** Which. */ freeze: FreezeName } =>
        "freeze-known", "freeze {freeze} is not in force, or was replaced", "`twinseal freeze list` lists the freezes in force";
    /// A freeze opened by somebody who may not.
    NotOnDuty { /** Who. */ person: PersonId } =>
        "freeze-now-by", "{person} is neither an admin nor a person in group {}" (crate::domain::DUTY),
        "ask one of them, or two admins: `twinseal freeze propose FILE`";
    /// A freeze of one person that ends too early or too late.
    FreezeTooLong { /** Its end. */ until: Time } =>
        "freeze-now-limit", "a freeze that one person opens ends after its opening and within 24 hours, not at {until}",
        "choose a shorter time with --for, or propose a freeze: `twinseal freeze propose FILE`";
    /// A freeze by somebody whose last one a proposal ended.
    FreezeBarred { /** Who. */ person: PersonId, /** Until when. */ until: Time } =>
        "freeze-now-again", "a proposal ended a freeze that {person} opened; {person} opens none before {until}",
        "ask another admin or member of group {}" (crate::domain::DUTY);
    /// The end of a freeze of somebody else.
    FreezeNotTheirs { /** Which. */ freeze: FreezeName } =>
        "freeze-end-own", "you did not open freeze {freeze} alone",
        "propose to end it: `twinseal freeze lift {freeze}`";

    // Start and finish
    /// Too few approvals.
    TooFewApprovals { /** Which change. */ change: ChangeId, /** The number that count. */ have: usize,
                      /** The number required. */ need: usize } =>
        "enough-approvals", "{change} has {have} of {need} approvals",
        "`twinseal show {change}` lists the approvals, and why one does not count";
    /// Too few approvers of a group.
    GroupMissing { /** Which change. */ change: ChangeId, /** The group. */ group: Group } =>
        "group-approvals", "{change} needs a further approval by a member of group {group}",
        "`twinseal show {change}` lists who could approve it; nobody counts for two groups at once";
    /// No independent approver.
    NotIndependent { /** Which change. */ change: ChangeId } =>
        "independent-approver",
        "{change} needs an approval by somebody who shares no team with its requesters, authors, owner and implementers",
        "`twinseal show {change}` lists who could approve it, `twinseal policy show` the teams";
    /// A start outside the window.
    OutsideWindow { /** The time of the start. */ time: Time, /** The window. */ window: Window } =>
        "in-window", "outside the window: it is {time}, and the window is {} to {}" (window.start(), window.end()),
        "start it inside the window, or revise the change with another window";
    /// A start while a freeze is closed, or before one that begins in the window.
    Frozen { /** Which change. */ change: ChangeId, /** The freeze. */ freeze: FreezeName,
             /** The first time at which it is closed. */ closed: Closed,
             /** The last moment to start it. */ last: Time } =>
        "frozen", "freeze {freeze} stops {change}: {closed}",
        "start it when no freeze is closed up to the end of its window, or revise it with another window or a \
         [freeze_exception]; `twinseal freeze show {freeze}` shows it";
    /// An exception that nobody signed who may except.
    NotExcepted { /** Which change. */ change: ChangeId, /** The freeze. */ freeze: FreezeName,
                  /** Who may except. */ by: String } =>
        "freeze-exception", "{change} is not excepted from freeze {freeze}: it needs an approval by {by}",
        "ask one of them to approve it: `twinseal approve {change}`";
    /// A start by an account that is not an implementer.
    NotImplementer { /** Who. */ person: PersonId, /** Which change. */ change: ChangeId } =>
        "implementer", "{person} is not an implementer of {change}", "`twinseal show {change}` lists the implementers";
    /// A start before a change that must succeed first.
    FollowsUnfinished { /** Which change. */ change: ChangeId, /** The change to follow. */ follows: ChangeId } =>
        "follows-succeeded", "{change} cannot start before {follows} has succeeded",
        "`twinseal show {follows}` shows its status";
    /// A second start.
    Started { /** Which change. */ change: ChangeId } =>
        "start-once", "{change} is already started", "";
    /// A start without one of the approved artifacts.
    ArtifactMissing { /** Which. */ name: ArtifactName } =>
        "artifact-required", "approved artifact {name} was not given",
        "name every artifact: --artifact NAME=FILE";
    /// An artifact that differs from the approved one.
    ArtifactDiffers { /** Which. */ name: ArtifactName, /** The approved SHA-256. */ approved: Digest,
                      /** The SHA-256 of the file. */ read: Digest } =>
        "artifact-match", "artifact {name} differs from the approved one: sha256 {read}, approved {approved}",
        "deploy the approved artifact, or revise the change";
    /// An artifact that is not in the approved revision.
    ArtifactUnknown { /** Which. */ name: ArtifactName } =>
        "artifact-approved", "artifact {name} is not in the approved revision",
        "`twinseal show` lists its artifacts";
    /// A start of a change with targets that names none.
    TargetRequired { /** Which change. */ change: ChangeId } =>
        "target-required", "{change} has targets, and is started on each of them", "name one: --target TARGET";
    /// A target that is not in the revision.
    TargetUnknown { /** Which. */ target: Target, /** Of which change. */ change: ChangeId } =>
        "target-known", "{target} is no target of {change}", "`twinseal show {change}` lists its targets";
    /// A second start on a target.
    TargetStarted { /** Which. */ target: Target, /** Of which change. */ change: ChangeId } =>
        "target-start-once", "{change} is already started on {target}", "";
    /// A start on another target after too many have failed.
    Stopped { /** Which change. */ change: ChangeId, /** How many targets failed. */ failed: u64 } =>
        "stop-after", "{change} is stopped after {failed} failed or rolled back targets",
        "roll back what must be, then end it: `twinseal finish {change}`; the other targets need a new change";
    /// An outcome of a target that was not started.
    TargetNotStarted { /** Which. */ target: Target, /** Of which change. */ change: ChangeId } =>
        "target-started", "{change} is not started on {target}", "";
    /// A second outcome of a target.
    TargetFinished { /** Which. */ target: Target, /** Its outcome. */ outcome: Outcome } =>
        "target-finish-once", "{target} is already finished: {}" (outcome.phrase()), "only a rollback can follow";
    /// The end of a change while a target is in progress.
    TargetInProgress { /** Which. */ target: Target, /** Of which change. */ change: ChangeId } =>
        "targets-finished", "{change} is still in progress on {target}",
        "finish it there first: `twinseal finish {change} --target {target} --outcome OUTCOME`";
    /// An outcome of a change other than that which its targets give.
    OtherOutcome { /** Which change. */ change: ChangeId, /** What the targets give. */ outcome: Outcome } =>
        "derived-outcome", "the outcome of {change} is that of its targets: {}" (outcome.phrase()),
        "leave out --outcome: `twinseal finish {change}`";
    /// An outcome by another run of a pipeline than the one that started.
    OtherRun { /** Which run. */ run: RunId } =>
        "same-run", "run {run} did not start it", "leave it to the run that did, or to a person: without --run-id";
    /// A finish before the start.
    NotStarted { /** Which change. */ change: ChangeId } =>
        "started", "{change} is not started", "start it first: `twinseal start {change}`";
    /// A finish by an account that is neither an implementer nor the owner.
    NotImplementerOrOwner { /** Who. */ person: PersonId, /** Which change. */ change: ChangeId } =>
        "implementer-or-owner", "{person} is neither an implementer nor the owner of {change}",
        "ask an implementer or the owner; `twinseal show {change}` lists them; if all of them have left, an admin can";
    /// A second finish.
    Finished { /** Which change. */ change: ChangeId, /** Its outcome. */ outcome: Outcome } =>
        "finish-once", "{change} is already finished: {}" (outcome.phrase()),
        "only a rollback can follow: `twinseal finish {change} --outcome rolled-back`";

    // Break-glass
    /// A break-glass number out of sequence.
    BreakGlassNumber { /** The next number. */ expected: BreakGlassId } =>
        "breakglass-number", "the next break-glass is {expected}", "";
    /// No such break-glass.
    NoBreakGlass { /** Which. */ id: BreakGlassId } =>
        "breakglass-known", "no break-glass {id}", "`twinseal breakglass list` shows all of them";
    /// A second close.
    ClosedBefore { /** Which. */ id: BreakGlassId } =>
        "breakglass-close-once", "{id} is already closed", "`twinseal breakglass show {id}` shows what was done";
    /// A close that does not say what was done.
    NothingReported { /** Which. */ id: BreakGlassId } =>
        "breakglass-report", "{id} is closed by saying what was done",
        "write it in a file: `twinseal breakglass close {id} FILE`";
    /// Ratifying one's own break-glass.
    OwnBreakGlass { /** Which. */ id: BreakGlassId, /** The part that they had. */ part: PartInBreakGlass } =>
        "breakglass-part", "you cannot ratify {id} because you {}" (part.phrase()),
        "ask other approvers; `twinseal person list` shows them";
    /// A break-glass by somebody outside the groups of the policy.
    NotProvidedFor { /** Which. */ id: BreakGlassId } =>
        "breakglass-group", "{id} cannot be ratified: its opener was in none of the groups that the policy names",
        "`twinseal policy show` lists the groups";
    /// A signed word for another register.
    WordElsewhere { /** Who signed it. */ person: PersonId } =>
        "breakglass-register", "what {person} signed does not name the fingerprint of this register",
        "enter it in the register that it names";
    /// A signed word from the future.
    WordAhead { /** What it claims. */ time: Time } =>
        "breakglass-word-ahead", "it was signed at {time}, which is ahead: a clock was wrong", "enter it after that time";
    /// A signed word that was entered before.
    EnteredBefore { /** As which. */ id: BreakGlassId } =>
        "breakglass-entered-once", "it is entered already, as {id}", "`twinseal breakglass show {id}` shows it";
    /// Ratifying before anybody said what was done.
    NotClosed { /** Which. */ id: BreakGlassId } =>
        "breakglass-closed", "{id} is not closed: nobody has said what was done",
        "its opener or another engineer closes it: `twinseal breakglass close {id} FILE`";
    /// A ratification that names another entry than the one that closed it.
    OtherClose { /** Which. */ id: BreakGlassId, /** The entry that closed it. */ closed: Digest } =>
        "breakglass-close-known", "not the entry that closed {id}, which is {closed}",
        "read it again with `twinseal breakglass show {id}`, then decide";
    /// Ratifying what is ratified.
    RatifiedBefore { /** Which. */ id: BreakGlassId } =>
        "breakglass-undecided", "{id} is ratified: nothing left to decide", "";
    /// Ratifying before the end.
    EndsLater { /** Which. */ id: BreakGlassId, /** When it ends. */ end: Time } =>
        "breakglass-ahead", "{id} ends at {end}, ahead of what others claim: a clock was wrong",
        "ratify it after that time";
    /// Ratifying too late.
    Unauthorised { /** Which. */ id: BreakGlassId, /** Since when. */ since: Time } =>
        "breakglass-deadline", "{id} has been unauthorised since {since}, 24 hours after its end", "";
    /// A break-glass with a text that was redacted.
    BreakGlassRedacted { /** Which. */ id: BreakGlassId } =>
        "breakglass-redacted", "a text of {id} was redacted, so it can no longer be ratified", "";
}
