//! The refusals about founding, people, keys and proposals.

/// Passes these refusals on to the next macro, after those before; see [`super`].
macro_rules! governance {
    ($next:ident! $($rest:ident!)*; $($before:tt)*) => { $next! { $($rest!)*; $($before)*
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
        "make a request with `twinseal join` and send it to an admin";
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
    /// Declining a proposal to end a freeze that one began alone.
    OwnFreezeKept { /** Which. */ proposal: ProposalId, /** The freeze. */ freeze: FreezeName } =>
        "proposal-own-freeze", "proposal {proposal} would end freeze {freeze}, which you began; you do not decline it",
        "end it yourself: `twinseal freeze end {freeze}`; or another admin decides on the proposal";
    /// Withdrawing another admin's proposal.
    NotProposer { /** Which. */ proposal: ProposalId } =>
        "proposal-proposer", "only its proposer can withdraw proposal {proposal}",
        "other admins decline: `twinseal proposal decline {proposal}`";
    } };
}

pub(super) use governance;
