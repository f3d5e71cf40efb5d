//! The refusals about founding, people, keys and proposals.

/// Passes these refusals on to the next macro, after those before; see [`super`].
macro_rules! governance {
    ($next:ident! $($rest:ident!)*; $($before:tt)*) => { $next! { $($rest!)*; $($before)*
    // Founding
    /// An event before entry 0, or a second entry 0.
    NotFounding =>
        "founding",
        ["a register has exactly one register.init, as entry 0",
         "变更台账有且只有一条 register.init，即第 0 条日志条目"],
        ["", ""];
    /// A format level that this version does not read.
    Format { /** The level found. */ found: u64 } =>
        "format",
        ["unsupported format level {found}: this twinseal reads level 1",
         "不支持格式级别 {found}：此版本的 twinseal 读取级别 1"],
        ["use a newer twinseal", "请使用更新版本的 twinseal"];
    /// Fewer than two permanent admins with a live key.
    TooFewAdmins { /** The number of admins left. */ have: usize } =>
        "two-admins",
        ["a register needs two permanent admins with a live key; this leaves {have}",
         "变更台账须有两名持有有效密钥的常任管理员；这样只剩 {have} 名"],
        ["name or grant more admins first: three, so that one lost key blocks nothing; `twinseal key lift` helps if \
          an admin's key is suspended",
         "请先登记或授权更多管理员：三名为宜，丢失一把密钥也不致停摆；如有管理员的密钥被停用，可用 \
          `twinseal key lift` 恢复"];
    /// The founder is not among the founding admins with that key.
    FounderNotAdmin =>
        "founder-is-admin",
        ["entry 0 must be signed by a founding admin, with the key that it lists",
         "第 0 条日志条目须由创始管理员签名，且使用其中列出的密钥"],
        ["add your own request to --member with the role admin", "请把您自己的登记申请以角色 admin 加到 --member"];
    /// An event other than the seal before the seal.
    NotSealed =>
        "sealed",
        ["the register is not sealed yet", "变更台账尚未封印"],
        ["another founding admin runs: `twinseal seal`", "请另一名创始管理员运行：`twinseal seal`"];
    /// A second seal.
    AlreadySealed =>
        "sealed-once",
        ["the register is already sealed", "变更台账已封印"],
        ["", ""];
    /// A seal by the signer of entry 0, or by an account that is not a founding admin.
    SealNotByOtherAdmin =>
        "seal-by-another",
        ["the seal must come from a founding admin who did not sign entry 0",
         "封印须由未签署第 0 条日志条目的创始管理员完成"],
        ["ask another founding admin to run: `twinseal seal`", "请另一名创始管理员运行：`twinseal seal`"];

    // People and keys
    /// The actor is not enrolled.
    NotEnrolled { /** Who. */ person: PersonId } =>
        "enrolled",
        ["{person} is not enrolled in this register", "{person} 未在此变更台账登记"],
        ["make a request with `twinseal join` and send it to an admin",
         "请用 `twinseal join` 生成登记申请，发给管理员"];
    /// The actor has retired.
    Retired { /** Who. */ person: PersonId } =>
        "retired",
        ["{person} has retired from this register", "{person} 已离任"],
        ["two admins can bring them back: `twinseal person grant`",
         "两名管理员可以使其恢复：`twinseal person grant`"];
    /// A machine account whose operators have all retired.
    NotOperated { /** Which. */ machine: PersonId } =>
        "operator-active",
        ["all operators of machine account {machine} have retired or are suspended",
         "机器账号 {machine} 的操作责任人均已离任或停用"],
        ["an admin adds one: `twinseal person grant MACHINE --operator PERSON`",
         "请管理员增加一名：`twinseal person grant MACHINE --operator PERSON`"];
    /// A machine account with too many people who answer for it.
    TooManyOperators { /** Which. */ machine: PersonId } =>
        "operator-limit",
        ["machine account {machine} would have had more than {} operators since its oldest key",
         "自最早的密钥登记以来，机器账号 {machine} 的操作责任人累计将超过 {} 人"] (crate::domain::MOST_OPERATORS),
        ["rotate its keys: enrol a new one with `twinseal person add-key`, then revoke the old ones",
         "请轮换其密钥：先用 `twinseal person add-key` 登记新密钥，再吊销旧密钥"];
    /// New grants that revoke a key of somebody else.
    NotMachineKey { /** Which. */ key: Fingerprint } =>
        "revoke-machine-key",
        ["key {key} is no key of that machine account, or is revoked already",
         "密钥 {key} 不属于该机器账号，或已吊销"],
        ["`twinseal person show MACHINE` lists its keys", "`twinseal person show MACHINE` 列出其密钥"];
    /// The key is unknown, or enrolled for another account.
    NotTheirKey { /** Who acts. */ person: PersonId, /** With which key. */ key: Fingerprint } =>
        "own-key",
        ["key {key} is not enrolled for {person}", "密钥 {key} 未登记在 {person} 名下"],
        ["choose your enrolled key with --key; `twinseal person show` lists it",
         "请用 --key 选择您已登记的密钥；`twinseal person show` 列出该密钥"];
    /// A key that is suspended or revoked.
    KeyNotLive { /** Which. */ key: Fingerprint, /** Its state. */ state: KeyState } =>
        "key-live",
        ["key {key} is {}", "密钥 {key} {}"] (state.phrase()),
        ["ask an admin why; an admin can propose to lift a suspension: `twinseal key lift FINGERPRINT`",
         "请向管理员了解原因；管理员可提议恢复：`twinseal key lift FINGERPRINT`"];
    /// A key that was never enrolled.
    NoKey { /** Which. */ key: Fingerprint } =>
        "key-known",
        ["key {key} was never enrolled here", "密钥 {key} 从未在此登记"],
        ["`twinseal person show PERSON` lists their keys", "`twinseal person show PERSON` 列出此人的密钥"];
    /// Revoking another account's key.
    RevokeOther { /** Which. */ key: Fingerprint } =>
        "revoke-own",
        ["key {key} is not yours to revoke", "密钥 {key} 不是您的，您不能吊销"],
        ["an admin can suspend any key at once: `twinseal key suspend FINGERPRINT`",
         "管理员可立即停用任何密钥：`twinseal key suspend FINGERPRINT`"];
    /// Lifting the suspension of a key that is not suspended.
    NotSuspended { /** Which. */ key: Fingerprint } =>
        "key-suspended",
        ["key {key} is not suspended", "密钥 {key} 未被停用"],
        ["", ""];
    /// The actor lacks the role.
    NoRole { /** Who. */ person: PersonId, /** The role that is required. */ role: Role } =>
        "role",
        ["{person} does not have the role {}", "{person} 没有{}角色"] (typed(role, &role.phrase())),
        ["`twinseal person list` shows who has it", "`twinseal person list` 显示谁有此角色"];
    /// Enrolling a person twice.
    AlreadyEnrolled { /** Who. */ person: PersonId } =>
        "enrolled-once",
        ["{person} is already enrolled, or named twice", "{person} 已登记，或重复列出"],
        ["choose another id, or add a key to the person: `twinseal person add-key`",
         "请换一个标识，或为此人增加密钥：`twinseal person add-key`"];
    /// Enrolling a key twice.
    KeyTaken { /** Which. */ key: Fingerprint } =>
        "key-once",
        ["key {key} is or was enrolled: a key belongs to one person forever",
         "密钥 {key} 已登记或曾经登记：一把密钥永远只属于一人"],
        ["make a new key with `twinseal key new`, and a new request with that key",
         "请用 `twinseal key new` 生成新密钥，并用它重新生成登记申请"];
    /// A person without a role.
    NoRoles { /** Who. */ person: PersonId } =>
        "role-required",
        ["{person} would have no role", "{person} 将没有任何角色"],
        ["grant at least one role; to remove a person: `twinseal person retire`",
         "请至少授予一个角色；如此人不再参与：`twinseal person retire`"];
    /// An auditor with another role.
    AuditorExcludes { /** Who. */ person: PersonId } =>
        "auditor-only",
        ["{person} cannot be an auditor and hold another role", "{person} 不能既是审计员又有其他角色"],
        ["grant auditor alone; auditors only read and add notes",
         "审计员（auditor）须单独授予：审计员只能查看和添加备注"];
    /// A machine account with a role that only people can have.
    MachineRole { /** Which. */ person: PersonId, /** The role. */ role: Role } =>
        "machine-role",
        ["machine account {person} cannot be {}: it can only be engineer",
         "机器账号 {person} 不能是{}：只能是工程师（engineer）"] (typed(role, &role.phrase())),
        ["grant that role to a person", "请把该角色授予人员"];
    /// An operator who is not an enrolled person.
    NotAnOperator { /** Who. */ operator: PersonId } =>
        "machine-operator",
        ["{operator} cannot operate a machine account: an operator must be an enrolled person",
         "{operator} 不能担任机器账号的操作责任人：须是已登记的人员"],
        ["`twinseal person list` shows all enrolled people", "`twinseal person list` 列出所有已登记人员"];
    /// A machine account that would become a person, or a person who would become a machine account.
    MachineStays { /** Which. */ person: PersonId } =>
        "account-type-fixed",
        ["{person} cannot change between person and machine account", "{person} 不能在人员与机器账号之间转换"],
        ["enrol another id with its own key", "请用另一个标识和单独的密钥登记"];
    /// A grant whose end has passed.
    GrantOver { /** When it ends. */ until: Time } =>
        "grant-not-ended",
        ["the grant would end at {until}, which has passed", "授权的截止时间 {until} 已过"],
        ["use a later --until, or leave it out", "请用更晚的 --until，或不写"];
    /// A vouching key that is not a live key of the person.
    VouchNotTheirs { /** Whose the new key is. */ person: PersonId, /** The key that vouches. */ key: Fingerprint } =>
        "vouch-own-key",
        ["vouching key {key} is not a live key of {person}", "担保密钥 {key} 不是 {person} 的有效密钥"],
        ["make the request again with --vouch and a live key, or without --vouch",
         "请用 --vouch 和一把有效密钥重新生成登记申请，或不用 --vouch"];
    /// A request that names another register.
    RequestElsewhere { /** Who made it. */ person: PersonId } =>
        "request-fingerprint",
        ["the request of {person} does not name the fingerprint of this register",
         "{person} 的登记申请未写明此变更台账的指纹"],
        ["ask for a new request: `twinseal person request {person} --fingerprint DIGEST`",
         "请其重新申请：`twinseal person request {person} --fingerprint DIGEST`"];
    /// A request that has expired.
    RequestExpired { /** Who made it. */ person: PersonId, /** Since when. */ since: Time } =>
        "request-expired",
        ["the request of {person} expired at {since}", "{person} 的登记申请已于 {since} 过期"],
        ["ask for a new request: `twinseal person request {person}`",
         "请其重新申请：`twinseal person request {person}`"];
    /// A suspended person who acts or would get a key.
    Suspended { /** Who. */ person: PersonId } =>
        "suspended",
        ["{person} is suspended", "{person} 已被停用"],
        ["two admins decide whether they return: `twinseal person grant {person} ROLE`",
         "是否恢复由两名管理员决定：`twinseal person grant {person} ROLE`"];
    /// Suspending a person who has nothing left to suspend.
    NothingToSuspend { /** Who. */ person: PersonId } =>
        "suspend-has-effect",
        ["{person} has neither a grant nor a live key to suspend", "{person} 既无授权也无有效密钥，没有可停用的内容"],
        ["", ""];
    /// A proposal to enrol without any request.
    NobodyNamed =>
        "proposal-not-empty",
        ["the proposal names no person", "提案未列出任何人员"],
        ["name at least one request", "请至少附上一份登记申请"];

    // Proposals
    /// A proposal number out of sequence.
    ProposalNumber { /** The next number. */ expected: ProposalId } =>
        "proposal-number",
        ["the next proposal has number {expected}", "下一个提案的编号是 {expected}"],
        ["", ""];
    /// No such proposal, or a digest of another one.
    NoProposal { /** Which. */ proposal: ProposalId } =>
        "proposal-known",
        ["no such proposal {proposal}", "没有提案 {proposal}"],
        ["`twinseal proposal list` shows all proposals", "`twinseal proposal list` 列出所有提案"];
    /// A proposal that was seconded, declined or withdrawn.
    ProposalOver { /** Which. */ proposal: ProposalId } =>
        "proposal-open",
        ["proposal {proposal} is no longer open", "提案 {proposal} 已结束"],
        ["`twinseal proposal show {proposal}` shows how it ended", "`twinseal proposal show {proposal}` 显示其结果"];
    /// A proposal older than seven days.
    ProposalLapsed { /** Which. */ proposal: ProposalId, /** Since when. */ since: Time } =>
        "proposal-lapse",
        ["proposal {proposal} lapsed at {since}, seven days after it was proposed",
         "提案 {proposal} 提出满七天，已于 {since} 失效"],
        ["propose it again", "请重新提出"];
    /// A proposal with a time that others have not reached.
    ProposalAhead { /** Which. */ proposal: ProposalId, /** Its claimed time. */ claimed: Time } =>
        "proposal-ahead",
        ["proposal {proposal} claims {claimed}, ahead of what others claim: its proposer's clock was wrong",
         "提案 {proposal} 声称的时间 {claimed} 超前于其他人：提案人的时钟有误"],
        ["its proposer sets the clock right and proposes it again", "请提案人校准时钟后重新提出"];
    /// A proposer seconding their own proposal.
    OwnProposal { /** Which. */ proposal: ProposalId } =>
        "proposal-by-two",
        ["you proposed proposal {proposal}; another admin must second it",
         "提案 {proposal} 由您提出，须由另一名管理员附议"],
        ["ask another admin, or take it back: `twinseal proposal withdraw {proposal}`",
         "请另一名管理员附议，或自行撤回：`twinseal proposal withdraw {proposal}`"];
    /// A proposal whose proposer could no longer propose it.
    NotBacked { /** Which. */ proposal: ProposalId, /** Who proposed it. */ proposer: PersonId } =>
        "proposer-admin",
        ["proposal {proposal} lapsed: its proposer {proposer} is no longer an admin, or their signing key is not \
          live",
         "提案 {proposal} 已失效：提案人 {proposer} 已不是管理员，或其签名密钥已失效"],
        ["another admin proposes it again", "请另一名管理员重新提出"];
    /// A proposal whose base is stale.
    NotInForce =>
        "proposal-not-stale",
        ["the proposal lapsed: what it would replace has changed since", "提案已失效：其要替换的内容后来有了变化"],
        ["check what is in force now, then propose it again", "请核对现行内容后重新提出"];
    /// A proposal without effect.
    NothingChanges =>
        "proposal-has-effect",
        ["the proposal would change nothing", "提案不会改变任何内容"],
        ["", ""];
    /// A proposal whose text was redacted.
    ProposalRedacted { /** Which. */ proposal: ProposalId } =>
        "proposal-redacted",
        ["the text of proposal {proposal} was redacted, so it can no longer be seconded",
         "提案 {proposal} 的文本已隐去，不能再附议"],
        ["propose it again", "请重新提出"];
    /// Redacting an entry that comes after the proposal.
    RedactsAhead { /** Which entry. */ seq: u64 } =>
        "redact-earlier",
        ["entry {seq} does not come before the proposal to redact it", "第 {seq} 条日志条目不在隐去它的提案之前"],
        ["", ""];
    /// Redacting a text that the entry does not have.
    NoSuchText { /** Which entry. */ seq: u64 } =>
        "redact-text",
        ["entry {seq} has no text with this digest", "第 {seq} 条日志条目没有与此摘要相符的文本"],
        ["`twinseal log --raw --seq {seq}` shows the entry", "`twinseal log --raw --seq {seq}` 显示该条目"];
    /// Accepting a loss where nothing was lost.
    NothingLost =>
        "restored-before",
        ["the restored entries must end before this proposal", "恢复的日志条目须止于此提案之前"],
        ["", ""];
    /// Seconding a proposal about oneself.
    SubjectSeconds { /** Which. */ proposal: ProposalId } =>
        "proposal-subject",
        ["proposal {proposal} is about you; another admin must second it",
         "提案 {proposal} 涉及您本人，须由另一名管理员附议"],
        ["ask another admin", "请另一名管理员附议"];
    /// Declining a proposal to end a freeze that one began alone.
    OwnFreezeKept { /** Which. */ proposal: ProposalId, /** The freeze. */ freeze: FreezeName } =>
        "proposal-own-freeze",
        ["proposal {proposal} would end freeze {freeze}, which you began; you do not decline it",
         "提案 {proposal} 要解除您发起的封网 {freeze}，您不能否决"],
        ["end it yourself: `twinseal freeze end {freeze}`; or another admin decides on the proposal",
         "可自行结束该封网：`twinseal freeze end {freeze}`；或由另一名管理员对提案作出决定"];
    /// Withdrawing another admin's proposal.
    NotProposer { /** Which. */ proposal: ProposalId } =>
        "proposal-proposer",
        ["only its proposer can withdraw proposal {proposal}", "提案 {proposal} 只能由提案人撤回"],
        ["other admins decline: `twinseal proposal decline {proposal}`",
         "其他管理员可以否决：`twinseal proposal decline {proposal}`"];
    } };
}

pub(super) use governance;
