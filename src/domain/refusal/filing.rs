//! The refusals about filing and deciding.

/// Passes these refusals on to the next macro, after those before; see [`super`].
macro_rules! filing {
    ($next:ident! $($rest:ident!)*; $($before:tt)*) => { $next! { $($rest!)*; $($before)*
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
    /// A revision whose text has a sensitive command that its body does not name.
    NotMarked { /** The phrase. */ phrase: Phrase } =>
        "sensitive-named", "a command in the text has `{phrase}`, which the policy calls sensitive, and the revision does \
         not name it", "file it again; twinseal names what it finds";
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
    ReasonMissing => "reason-required", "a rejection, a retraction, a break-glass and `freeze now` need a reason", "use --reason TEXT";
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
    } };
}

pub(super) use filing;
