//! The refusals about filing and deciding.

/// Passes these refusals on to the next macro, after those before; see [`super`].
macro_rules! filing {
    ($next:ident! $($rest:ident!)*; $($before:tt)*) => { $next! { $($rest!)*; $($before)*
    // Filing
    /// A change number out of sequence.
    ChangeNumber { /** The next number. */ expected: ChangeId } =>
        "change-number",
        ["the next change is {expected}", "下一个变更单的编号是 {expected}"],
        ["", ""];
    /// A required text field that is empty.
    FieldMissing { /** Which. */ field: Field } =>
        "field-required",
        ["field {} is required", "缺少必填字段：{}"] (typed(field, &field.phrase())),
        ["fill it in and file again", "请填写后重新提交"];
    /// A field that the policy requires.
    PolicyField { /** The field. */ needed: Needed, /** The requirement. */ requirement: RequirementName } =>
        "policy-field",
        ["the policy requires {} for this change (requirement {requirement})",
         "按策略中的要求 {requirement}，此变更单须有{}"] (typed(needed, &needed.phrase())),
        ["add it to the draft; `twinseal policy show` lists all requirements",
         "请补入草稿；`twinseal policy show` 列出所有要求"];
    /// A revision that was filed too shortly before its window.
    LeadTime { /** The minutes required. */ minutes: u64, /** The requirement. */ requirement: RequirementName } =>
        "lead-time",
        ["the policy requires {minutes} min between filing and the start of the window (requirement {requirement})",
         "按策略中的要求 {requirement}，提交须至少早于窗口开始 {minutes} 分钟"],
        ["choose a later window; `twinseal policy show` says whether exceptions are allowed",
         "请选择更晚的窗口；`twinseal policy show` 说明是否允许例外"];
    /// A window longer than the policy allows.
    LongestWindow { /** The minutes allowed. */ minutes: u64, /** The requirement. */ requirement: RequirementName } =>
        "longest-window",
        ["the policy allows windows of at most {minutes} min for this change (requirement {requirement})",
         "按策略中的要求 {requirement}，此变更单的窗口最长 {minutes} 分钟"],
        ["choose a shorter window; `twinseal policy show` says whether exceptions are allowed",
         "请缩短窗口；`twinseal policy show` 说明是否允许例外"];
    /// An exception that the policy does not allow.
    NoException { /** To which requirement. */ requirement: RequirementName } =>
        "exception-allowed",
        ["no exception to {requirement}: no requirement of this name applies to the change and allows one",
         "不能申请 {requirement} 的例外：没有适用于此变更单且允许例外的同名要求"],
        ["take it out of exception.requirements; `twinseal policy show` lists the requirements",
         "请从 exception.requirements 中删去；`twinseal policy show` 列出所有要求"];
    /// Two duties that the policy separates, held by one person.
    DutiesSeparate { /** Who. */ person: PersonId, /** The separation. */ duty: Duty } =>
        "separate-duties",
        ["{person} cannot be both {}: the policy separates these duties",
         "{person} 不能同时担任{}：策略规定这两项职责分离"] (duty.both()),
        ["assign one of the two to another person; `twinseal policy show` lists the separated duties",
         "请把其中一项交给他人；`twinseal policy show` 列出须分离的职责"];
    /// A revision whose text has a sensitive command that its body does not name.
    NotMarked { /** The phrase. */ phrase: Phrase } =>
        "sensitive-named",
        ["a command in the text has `{phrase}`, which the policy calls sensitive, and the revision does not name it",
         "文本中的命令含有策略列为敏感的 `{phrase}`，而该修订未注明"],
        ["file it again; twinseal names what it finds", "请重新提交；twinseal 会自动注明"];
    /// A change without a service.
    NoServices =>
        "services-required",
        ["at least one service is required", "至少须有一个服务"],
        ["fill in services", "请填写 services"];
    /// A change without an implementer.
    NoImplementers =>
        "implementers-required",
        ["at least one implementer is required", "至少须有一名实施人"],
        ["fill in implementers", "请填写 implementers"];
    /// An owner or implementer who is not enrolled.
    PartyUnknown { /** Who. */ person: PersonId } =>
        "participant-enrolled",
        ["{person} is not enrolled, has retired or is suspended", "{person} 未登记、已离任或已停用"],
        ["`twinseal person list` shows all enrolled people", "`twinseal person list` 列出所有已登记人员"];
    /// An owner or implementer who is an auditor.
    PartyAudits { /** Who. */ person: PersonId } =>
        "participant-not-auditor",
        ["{person} is an auditor and cannot own or implement a change",
         "{person} 是审计员，不能担任变更负责人或实施人"],
        ["name another person", "请指定其他人"];
    /// An author who was never enrolled.
    AuthorUnknown { /** Who. */ person: PersonId } =>
        "author-enrolled",
        ["author {person} is not enrolled", "作者 {person} 未登记"],
        ["`twinseal person list` shows all enrolled people; for anybody else write \"external NAME\"",
         "`twinseal person list` 列出所有已登记人员；其他人请写 \"external NAME\""];
    /// A window that has ended.
    WindowEnded { /** The window. */ window: Window } =>
        "window-not-ended",
        ["the window ended at {}", "窗口已于 {} 结束"] (window.end()),
        ["choose a later window", "请选择更晚的窗口"];
    /// A window more than ten years ahead.
    WindowFar { /** The window. */ window: Window } =>
        "window-horizon",
        ["the window starts at {}, more than ten years ahead", "窗口开始于 {}，在十年之后"] (window.start()),
        ["check the year of the window", "请检查窗口的年份"];
    /// A window that is not longer than the rollback.
    WindowShort { /** The minutes of the rollback. */ minutes: u64, /** The window. */ window: Window } =>
        "window-fits-rollback",
        ["a rollback of {minutes} min does not fit into the window from {} to {}",
         "窗口（{} 至 {}）容不下 {minutes} 分钟的回退"] (window.start(), window.end()),
        ["use a window longer than the rollback", "窗口须长于回退时间"];
    /// A filing, approval or start after which there is no time to roll back.
    TooLateToStart { /** The last moment to start. */ last: Time, /** The minutes of the rollback. */ minutes: u64,
                     /** The window. */ window: Window } =>
        "time-to-roll-back",
        ["too late: the last moment to start was {last}, because a rollback takes {minutes} min and the window ends \
          at {}",
         "已来不及：回退需 {minutes} 分钟，窗口于 {} 结束，因此最晚须在 {last} 开始"] (window.end()),
        ["choose a later window, or revise the change with one", "请选择更晚的窗口，或为此修订变更单"];
    /// A standard change without a template.
    NoTemplate =>
        "standard-template",
        ["a standard change follows a template, and none is named", "标准变更须依据模板，而未指明模板"],
        ["`twinseal template list` lists the templates; `twinseal draft --template NAME` begins a change",
         "`twinseal template list` 列出模板；`twinseal draft --template NAME` 开始一个变更单"];
    /// Two artifacts with the same name.
    ArtifactTwice { /** Which. */ name: ArtifactName } =>
        "artifact-once",
        ["artifact {name} is named twice", "制品 {name} 重复列出"],
        ["give each artifact its own name", "每个制品须有不同的名称"];

    /// More targets than the limit.
    TooManyTargets { /** The number. */ found: u64, /** The limit. */ most: u64 } =>
        "target-limit",
        ["{found} targets; at most {most} are allowed", "共有 {found} 个目标，最多允许 {most} 个"],
        ["file one change for each group of targets", "请把目标分组，每组提交一个变更单"];
    /// Two targets with the same name.
    TargetTwice { /** Which. */ target: Target } =>
        "target-once",
        ["target {target} is listed twice", "目标 {target} 重复列出"],
        ["list each target once", "每个目标只列一次"];
    /// A number of failed targets that can never be reached, or zero.
    StopAfter { /** The number of failed targets. */ found: u64, /** The number of targets. */ targets: u64 } =>
        "stop-after-range",
        ["stop-after is {found}; it must be 1 or more, and at most the number of targets ({targets})",
         "stop-after 为 {found}；须不小于 1，且不大于目标数（{targets}）"],
        ["use a number from 1 to the number of targets, or leave it out", "请写 1 到目标数之间的数字，或不写"];
    /// A change that follows itself, or one that does not exist.
    FollowsUnknown { /** The change to follow. */ follows: ChangeId } =>
        "follows-known",
        ["the change cannot follow {follows}: there is no such other change",
         "前置变更 {follows} 不存在，或就是此变更单本身"],
        ["`twinseal list` shows all changes", "`twinseal list` 列出所有变更单"];

    // Deciding
    /// No such change.
    NoChange { /** Which. */ change: ChangeId } =>
        "change-known",
        ["no change {change}", "没有变更单 {change}"],
        ["`twinseal list` shows all changes", "`twinseal list` 列出所有变更单"];
    /// A revision that is not the current one.
    NotCurrent { /** Which change. */ change: ChangeId, /** Its current revision. */ current: Digest } =>
        "current-revision",
        ["not the current revision of {change}, which is {current}",
         "不是 {change} 的当前修订；当前修订是 {current}"],
        ["read it again with `twinseal show {change}`, then decide",
         "请用 `twinseal show {change}` 重新阅读后再决定"];
    /// An approver with a conflict of interest.
    OwnChange { /** Which change. */ change: ChangeId, /** The conflict. */ conflict: ConflictOfInterest } =>
        "conflict-of-interest",
        ["conflict of interest: you cannot approve {change} because you {}",
         "利益冲突：您不能审批 {change}，因为您{}"] (conflict.verb()),
        ["ask other approvers; `twinseal person list` shows them{}",
         "请其他审批人审批；`twinseal person list` 列出审批人{}"] (conflict.remedy());
    /// A detached approval whose approver has a conflict of interest.
    ApproverConflict { /** Who. */ person: PersonId, /** Which change. */ change: ChangeId,
                       /** The conflict. */ conflict: ConflictOfInterest } =>
        "conflict-of-interest",
        ["conflict of interest: {person} cannot approve {change}: {person} {}",
         "利益冲突：{person} 不能审批 {change}：{person} {}"] (conflict.of_another()),
        ["ask other approvers; `twinseal person list` shows them{}",
         "请其他审批人审批；`twinseal person list` 列出审批人{}"] (conflict.remedy());
    /// A statement for another register.
    StatementElsewhere { /** Who signed it. */ person: PersonId } =>
        "statement-register",
        ["the statement of {person} does not name the fingerprint of this register",
         "{person} 的声明未写明此变更台账的指纹"],
        ["submit it to the register that it names", "请提交到其写明的变更台账"];
    /// A statement from the future.
    StatementAhead { /** What it claims. */ time: Time } =>
        "statement-ahead",
        ["the statement was made at {time}, which is ahead: a clock was wrong", "声明生成于 {time}，时间超前：时钟有误"],
        ["submit it after that time", "请在该时间之后提交"];
    /// A statement that counts no longer.
    StatementExpired { /** On which change. */ change: ChangeId, /** Who signed it. */ person: PersonId,
                       /** When it expired. */ expired: Time } =>
        "statement-expired",
        ["the approval of {person} expired at {expired}", "{person} 的批准已于 {expired} 过期"],
        ["make a new statement: `twinseal approve {change} --detached FILE --for {person}`",
         "请重新生成声明：`twinseal approve {change} --detached FILE --for {person}`"];
    /// A statement that is in the log.
    SubmittedBefore { /** On which change. */ change: ChangeId, /** Who signed it. */ person: PersonId,
                      /** The entry that has it. */ seq: u64 } =>
        "statement-once",
        ["this approval of {change} by {person} is already in the log: entry {seq}",
         "{person} 对 {change} 的此项批准已在日志中：第 {seq} 条"],
        ["`twinseal show {change}` shows whether it counts", "`twinseal show {change}` 显示其是否计入"];
    /// A statement that names no entry about its change.
    StatementUnseen { /** Which change. */ change: ChangeId, /** Who signed it. */ person: PersonId,
                      /** What it names. */ seen: Digest } =>
        "statement-seen",
        ["the statement names {seen} as the newest entry about {change}, and there is no such entry about it",
         "声明称 {seen} 是 {change} 的最新日志条目，但该变更单没有此条目"],
        ["make a new statement: `twinseal approve {change} --detached FILE --for {person}`",
         "请重新生成声明：`twinseal approve {change} --detached FILE --for {person}`"];
    /// A statement whose approver has acted since.
    StatementSuperseded { /** Which change. */ change: ChangeId, /** Who. */ person: PersonId } =>
        "statement-superseded",
        ["{person} has acted on {change} since the statement was made", "声明生成之后，{person} 又对 {change} 有过操作"],
        ["make a new statement: `twinseal approve {change} --detached FILE --for {person}`",
         "请重新生成声明：`twinseal approve {change} --detached FILE --for {person}`"];
    /// An approval by a key of another kind than the policy asks for.
    KeyNeeded { /** Of which change. */ change: ChangeId, /** What the policy asks for. */ need: KeyNeed } =>
        "approver-key",
        ["the policy requires approvals of {change} to be signed with {}", "策略要求用{}批准 {change}"] (need.describe()),
        ["`twinseal policy show` has the requirement; ask for such a key to be enrolled with `twinseal person request`, and sign with it: \
          --key FILE",
         "`twinseal policy show` 显示该要求；请用 `twinseal person request` 申请登记此类密钥，并用它签名：--key FILE"];
    /// A decision on a change that is no longer awaiting approval.
    NotUndecided { /** Which. */ change: ChangeId, /** Its status. */ status: Status } =>
        "undecided",
        ["{change} is {}: nothing left to decide", "{change} 的状态是{}，无需再作决定"] (status.phrase()),
        ["", ""];
    /// A rejection or retraction without a reason.
    ReasonMissing =>
        "reason-required",
        ["a rejection, a retraction, a break-glass and `freeze now` need a reason",
         "驳回、收回批准、紧急处置（break-glass）和 `freeze now` 须说明原因"],
        ["use --reason TEXT", "请用 --reason TEXT"];
    /// An approval of a rejected revision.
    Rejected { /** Which change. */ change: ChangeId, /** By whom. */ by: PersonId } =>
        "rejected",
        ["{change} is rejected by {by}", "{change} 已被 {by} 驳回"],
        ["`twinseal show {change}` has the reason; `twinseal revise {change} FILE` files a new revision",
         "`twinseal show {change}` 显示原因；`twinseal revise {change} FILE` 提交新的修订"];

    /// A revision whose text was redacted.
    RevisionRedacted { /** Of which change. */ change: ChangeId } =>
        "revision-redacted",
        ["the text of the current revision of {change} was redacted; it can no longer be approved or started",
         "{change} 当前修订的文本已隐去，不能再审批或开始实施"],
        ["file it again without the redacted words: `twinseal revise {change} FILE`",
         "请去掉隐去的内容后重新提交：`twinseal revise {change} FILE`"];
    /// A recorded refusal that no rule supports.
    NotRefused { /** The rule named. */ rule: Rule } =>
        "refused",
        ["rule {rule} does not refuse this attempt", "规则 {rule} 并不拒绝此操作"],
        ["", ""];
    /// A refusal that is already in the log.
    RefusedBefore =>
        "refused-once",
        ["this refusal is already recorded", "此次拒绝已记录过"],
        ["", ""];
    /// Revising or withdrawing another person's change.
    NotRequesterOrOwner { /** Who. */ person: PersonId, /** Which change. */ change: ChangeId } =>
        "requester-or-owner",
        ["{person} did not file or revise {change}, and does not own it",
         "{person} 没有提交或修订过 {change}，也不是其变更负责人"],
        ["ask its requester or owner; if its owner has left, an engineer can revise it; any enrolled person can add \
          a note: `twinseal note {change}`",
         "请联系其申请人或变更负责人；如变更负责人已离任，工程师可以修订；任何已登记人员都可以添加备注：\
          `twinseal note {change}`"];
    /// An act on a withdrawn change.
    Withdrawn { /** Which change. */ change: ChangeId } =>
        "withdrawn",
        ["{change} is withdrawn", "{change} 已撤回"],
        ["file it as a new change: `twinseal draft --from {change}`",
         "请作为新的变更单提交：`twinseal draft --from {change}`"];
    /// A retraction without an approval.
    NothingToRetract { /** Who. */ person: PersonId, /** Which change. */ change: ChangeId } =>
        "own-approval",
        ["{person} has no approval of the current revision of {change} to retract",
         "{person} 对 {change} 的当前修订没有可收回的批准"],
        ["`twinseal show {change}` lists the approvals", "`twinseal show {change}` 列出各项批准"];
    /// An empty note.
    NoteMissing =>
        "note-required",
        ["a note needs text", "备注不能为空"],
        ["add it: `twinseal note CHG-7 \"...\"`", "请写明内容：`twinseal note CHG-7 \"...\"`"];
    } };
}

pub(super) use filing;
