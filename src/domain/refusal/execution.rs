//! The refusals about freezes, starts and finishes.

/// Passes these refusals on to the next macro, after those before; see [`super`].
macro_rules! execution {
    ($next:ident! $($rest:ident!)*; $($before:tt)*) => { $next! { $($rest!)*; $($before)*
    // Freezes
    /// A freeze that is not in force, or was replaced.
    NoFreeze { /** Which. */ freeze: FreezeName } =>
        "freeze-known", "freeze {freeze} is not in force, or was replaced", "`twinseal freeze list` lists the freezes in force";
    /// A calendar that is not in force, or was replaced.
    NoCalendar { /** Which. */ calendar: CalendarName } =>
        "calendar-known", "calendar {calendar} is not in force, or was replaced",
        "`twinseal calendar list` lists the calendars in force";
    /// A freeze begun by somebody who may not.
    NotOnDuty { /** Who. */ person: PersonId } =>
        "freeze-now-by", "{person} is neither an admin nor a person in group {}" (crate::domain::DUTY),
        "ask one of them, or two admins: `twinseal freeze propose FILE`";
    /// A freeze of one person that ends too early or too late.
    FreezeTooLong { /** Its end. */ until: Time } =>
        "freeze-now-limit", "a freeze that one person begins ends after it begins and within 24 hours, not at {until}",
        "choose a shorter time with --for, or propose a freeze: `twinseal freeze propose FILE`";
    /// A freeze by somebody whose last one a proposal ended.
    FreezeBarred { /** Who. */ person: PersonId, /** Until when. */ until: Time } =>
        "freeze-now-again", "a proposal ended a freeze that {person} began; {person} begins none until others have acted after {until}",
        "ask another admin or member of group {}" (crate::domain::DUTY);
    /// A freeze by somebody whose freeze of the same service has not ended.
    FrozenAlready { /** The one that has not ended. */ freeze: FreezeName, /** Its end. */ until: Time } =>
        "freeze-now-once", "your freeze {freeze} of the same service lasts until {until}",
        "end it before you begin another one: `twinseal freeze end {freeze}`; or name other services with --service";
    /// A freeze by somebody whose freezes would together last too long.
    FrozenTooOften { /** Who. */ person: PersonId, /** The hours of the other ones. */ hours: i64,
                     /** And the minutes. */ minutes: i64 } =>
        "freeze-now-total",
        "one person freezes for at most 24 h in seven days; the freezes that {person} began count for {hours} h {minutes} min",
        "choose a shorter time with --for, ask another admin or member of group {}, or propose one: `twinseal freeze \
         propose FILE`" (crate::domain::DUTY);
    /// The end of a freeze of somebody else.
    FreezeNotTheirs { /** Which. */ freeze: FreezeName } =>
        "freeze-end-own", "you did not begin freeze {freeze} alone",
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
             /** The first time at which it is closed. */ closed: Box<Closed>,
             /** What opens it again. */ opens: Opens } =>
        "frozen", "freeze {freeze} stops {change}: {closed}",
        "start it when no freeze is closed up to the end of its window, or revise it with another window or a \
         [freeze_exception]; `twinseal freeze show {freeze}` shows it";
    /// A start of a change without the tag for which a period is reserved.
    Reserved { /** Which change. */ change: ChangeId, /** The freeze. */ freeze: FreezeName, /** The tag. */ tag: Tag,
               /** The period. */ closed: Box<Closed>, /** What opens it again. */ opens: Opens } =>
        "reserved", "freeze {freeze} stops {change}, which does not have tag {tag}: {closed}",
        "start it when no freeze is closed up to the end of its window; if it is part of what the period is for, revise it \
         with the tag; `twinseal freeze show {freeze}` shows it";
    /// A start of a change in a reserved period, with a window that ends too late.
    RestoredLate { /** Which change. */ change: ChangeId, /** The freeze. */ freeze: FreezeName,
                   /** The period. */ closed: Box<Closed>, /** What opens it again. */ opens: Opens,
                   /** The end of the window. */ end: Time } =>
        "restored-by", "freeze {freeze} stops {change}, whose window ends at {end}: {closed}",
        "revise it with a window that ends by that time; `twinseal freeze show {freeze}` shows it";
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
        "start-once", "{change} is already started",
        "`twinseal show {change}` says by whom; when done: `twinseal finish {change} --outcome OUTCOME`";
    /// A start without one of the approved artifacts.
    ArtifactMissing { /** Which. */ name: ArtifactName } =>
        "artifact-required", "approved artifact {name} was not given",
        "name its file: --artifact {name}=FILE";
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
        "target-start-once", "{change} is already started on {target}",
        "`twinseal show {change}` lists each target; when done there: `twinseal finish {change} --target {target} --outcome OUTCOME`";
    /// A start on another target after too many have failed.
    Stopped { /** Which change. */ change: ChangeId, /** How many targets failed. */ failed: u64 } =>
        "stop-after", "{change} is stopped after {failed} failed or rolled back targets",
        "roll back what must be, then end it: `twinseal finish {change}`; the other targets need a new change";
    /// An outcome of a target that was not started.
    TargetNotStarted { /** Which. */ target: Target, /** Of which change. */ change: ChangeId } =>
        "target-started", "{change} is not started on {target}",
        "start it there first: `twinseal start {change} --target {target}`; a target that is never started needs no outcome";
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
    /// A confirmation before the finish.
    NotFinished { /** Which change. */ change: ChangeId } =>
        "finished", "{change} is not finished", "finish it first: `twinseal finish {change} --outcome OUTCOME`";
    /// A confirmation that the policy at the start did not ask for.
    ConfirmationNotAsked { /** Which change. */ change: ChangeId } =>
        "confirmation-asked", "no requirement asked for a confirmation of {change} when it was started",
        "add a note instead: `twinseal note {change} TEXT`";
    /// A second confirmation of the same outcome.
    ConfirmedBefore { /** Which change. */ change: ChangeId } =>
        "confirm-once", "the outcome of {change} is already confirmed", "`twinseal show {change}` shows by whom";
    /// A confirmation of another outcome than the newest.
    ConfirmsOther { /** Which change. */ change: ChangeId, /** The newest outcome. */ outcome: Outcome } =>
        "confirmed-outcome", "the outcome of {change} is: {}" (outcome.phrase()),
        "read it again with `twinseal show {change}`, then decide";
    /// A confirmation by somebody who took part in the change.
    ConfirmsOwn { /** Which change. */ change: ChangeId, /** The part that they took. */ part: PartInChange } =>
        "confirm-part", "you cannot confirm {change} because you {}" (part.verb()),
        "ask somebody who took no part; `twinseal show {change}` lists who could";
    /// A confirmation by a machine account or an auditor.
    NoConfirmer { /** Who. */ person: PersonId } =>
        "confirmer", "{person} is a machine account or an auditor, and confirms no outcome",
        "ask an engineer or an approver who took no part";
    } };
}

pub(super) use execution;
