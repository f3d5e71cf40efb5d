//! The refusals about freezes, starts and finishes.

/// Passes these refusals on to the next macro, after those before; see [`super`].
macro_rules! execution {
    ($next:ident! $($rest:ident!)*; $($before:tt)*) => { $next! { $($rest!)*; $($before)*
    // Freezes
    /// A freeze that is not in force, or was replaced.
    NoFreeze { /** Which. */ freeze: FreezeName } =>
        "freeze-known",
        ["freeze {freeze} is not in force, or was replaced", "封网 {freeze} 未生效，或已被替换"],
        ["`twinseal freeze list` lists the freezes in force", "`twinseal freeze list` 列出生效中的封网"];
    /// A calendar that is not in force, or was replaced.
    NoCalendar { /** Which. */ calendar: CalendarName } =>
        "calendar-known",
        ["calendar {calendar} is not in force, or was replaced", "日历 {calendar} 未生效，或已被替换"],
        ["`twinseal calendar list` lists the calendars in force", "`twinseal calendar list` 列出生效中的日历"];
    /// A freeze begun by somebody who may not.
    NotOnDuty { /** Who. */ person: PersonId } =>
        "freeze-now-by",
        ["{person} is neither an admin nor a person in group {}",
         "{person} 既不是管理员，也不是 {} 组成员"] (crate::domain::DUTY),
        ["ask one of them, or two admins: `twinseal freeze propose FILE`",
         "请他们中的一人发起，或由两名管理员设置：`twinseal freeze propose FILE`"];
    /// A freeze of one person that ends too early or too late.
    FreezeTooLong { /** Its end. */ until: Time } =>
        "freeze-now-limit",
        ["a freeze that one person begins ends after it begins and within 24 hours, not at {until}",
         "单独发起的封网须在 24 小时内结束，且结束晚于开始，不能是 {until}"],
        ["choose a shorter time with --for, or propose a freeze: `twinseal freeze propose FILE`",
         "请用 --for 缩短时长，或提议封网：`twinseal freeze propose FILE`"];
    /// A freeze by somebody whose last one a proposal ended.
    FreezeBarred { /** Who. */ person: PersonId, /** Until when. */ until: Time } =>
        "freeze-now-again",
        ["a proposal ended a freeze that {person} began; {person} begins none until others have acted after {until}",
         "{person} 发起的封网曾因提案而解除；其他人在 {until} 之后有过操作，{person} 才能再次发起"],
        ["ask another admin or member of group {}", "请其他管理员或 {} 组成员发起"] (crate::domain::DUTY);
    /// A freeze by somebody whose freeze of the same service has not ended.
    FrozenAlready { /** The one that has not ended. */ freeze: FreezeName, /** Its end. */ until: Time } =>
        "freeze-now-once",
        ["your freeze {freeze} of the same service lasts until {until}",
         "您对同一服务的封网 {freeze} 持续到 {until}"],
        ["end it before you begin another one: `twinseal freeze end {freeze}`; or name other services with \
          --service",
         "请先结束该封网：`twinseal freeze end {freeze}`；或用 --service 指定其他服务"];
    /// A freeze by somebody whose freezes would together last too long.
    FrozenTooOften { /** Who. */ person: PersonId, /** The hours of the other ones. */ hours: i64,
                     /** And the minutes. */ minutes: i64 } =>
        "freeze-now-total",
        ["one person freezes for at most 24 h in seven days; the freezes that {person} began count for {hours} h \
          {minutes} min",
         "一人七天内发起的封网合计最多 24 小时；{person} 发起的已计 {hours} 小时 {minutes} 分钟"],
        ["choose a shorter time with --for, ask another admin or member of group {}, or propose one: `twinseal \
          freeze propose FILE`",
         "请用 --for 缩短时长，请其他管理员或 {} 组成员发起，或提议封网：\
          `twinseal freeze propose FILE`"] (crate::domain::DUTY);
    /// The end of a freeze of somebody else.
    FreezeNotTheirs { /** Which. */ freeze: FreezeName } =>
        "freeze-end-own",
        ["you did not begin freeze {freeze} alone", "封网 {freeze} 不是您单独发起的"],
        ["propose to end it: `twinseal freeze lift {freeze}`", "请提议解除：`twinseal freeze lift {freeze}`"];

    // Start and finish
    /// Too few approvals.
    TooFewApprovals { /** Which change. */ change: ChangeId, /** The number that count. */ have: usize,
                      /** The number required. */ need: usize } =>
        "enough-approvals",
        ["{change} has {have} of {need} approvals", "{change} 已批准 {have}/{need}，人数不足"],
        ["`twinseal show {change}` lists the approvals, and why one does not count",
         "`twinseal show {change}` 列出各项批准，以及不计入的原因"];
    /// Too few approvers of a group.
    GroupMissing { /** Which change. */ change: ChangeId, /** The group. */ group: Group } =>
        "group-approvals",
        ["{change} needs a further approval by a member of group {group}", "{change} 还需 {group} 组一名成员批准"],
        ["`twinseal show {change}` lists who could approve it; nobody counts for two groups at once",
         "`twinseal show {change}` 列出可以批准的人；同一人不能计入两个组"];
    /// No independent approver.
    NotIndependent { /** Which change. */ change: ChangeId } =>
        "independent-approver",
        ["{change} needs an approval by somebody who shares no team with its requesters, authors, owner and \
          implementers",
         "{change} 还需一名独立审批人批准：与申请人、作者、变更负责人和实施人都不在同一团队"],
        ["`twinseal show {change}` lists who could approve it, `twinseal policy show` the teams",
         "`twinseal show {change}` 列出可以批准的人，`twinseal policy show` 列出团队"];
    /// A start outside the window.
    OutsideWindow { /** The time of the start. */ time: Time, /** The window. */ window: Window } =>
        "in-window",
        ["outside the window: it is {time}, and the window is {} to {}",
         "不在变更窗口内：当前时间 {time}，窗口为 {} 至 {}"] (window.start(), window.end()),
        ["start it inside the window, or revise the change with another window",
         "请在窗口内开始，或修订变更单，更换窗口"];
    /// A start while a freeze is closed, or before one that begins in the window.
    Frozen { /** Which change. */ change: ChangeId, /** The freeze. */ freeze: FreezeName,
             /** The first time at which it is closed. */ closed: Box<Closed>,
             /** What opens it again. */ opens: Opens } =>
        "frozen",
        ["freeze {freeze} stops {change}: {closed}", "封网 {freeze} 阻止 {change}：{closed}"],
        ["start it when no freeze is closed up to the end of its window, or revise it with another window or a \
          [freeze_exception]; `twinseal freeze show {freeze}` shows it",
         "请等到窗口剩余时间内不再有封网时开始，或修订变更单，更换窗口或加上 [freeze_exception]；\
          `twinseal freeze show {freeze}` 显示该封网"];
    /// A start of a change without the tag for which a period is reserved.
    Reserved { /** Which change. */ change: ChangeId, /** The freeze. */ freeze: FreezeName, /** The tag. */ tag: Tag,
               /** The period. */ closed: Box<Closed>, /** What opens it again. */ opens: Opens } =>
        "reserved",
        ["freeze {freeze} stops {change}, which does not have tag {tag}: {closed}",
         "封网 {freeze} 阻止 {change}，因为它没有标签 {tag}：{closed}"],
        ["start it when no freeze is closed up to the end of its window; if it is part of what the period is for, \
          revise it with the tag; `twinseal freeze show {freeze}` shows it",
         "请等到窗口剩余时间内不再有封网时开始；如果该时段正是为此类变更预留，请修订变更单，加上此标签；\
          `twinseal freeze show {freeze}` 显示该封网"];
    /// A start of a change in a reserved period, with a window that ends too late.
    RestoredLate { /** Which change. */ change: ChangeId, /** The freeze. */ freeze: FreezeName,
                   /** The period. */ closed: Box<Closed>, /** What opens it again. */ opens: Opens,
                   /** The end of the window. */ end: Time } =>
        "restored-by",
        ["freeze {freeze} stops {change}, whose window ends at {end}: {closed}",
         "封网 {freeze} 阻止 {change}，因为其窗口到 {end} 才结束：{closed}"],
        ["revise it with a window that ends by that time; `twinseal freeze show {freeze}` shows it",
         "请修订变更单，使窗口不晚于该时间结束；`twinseal freeze show {freeze}` 显示该封网"];
    /// An exception that nobody signed who may except.
    NotExcepted { /** Which change. */ change: ChangeId, /** The freeze. */ freeze: FreezeName,
                  /** Who may except. */ by: Excepting } =>
        "freeze-exception",
        ["{change} is not excepted from freeze {freeze}: it needs an approval by {by}",
         "{change} 未获封网 {freeze} 的例外：还需 {by}批准"],
        ["ask one of them to approve it: `twinseal approve {change}`", "请其中一人批准：`twinseal approve {change}`"];
    /// A start by an account that is not an implementer.
    NotImplementer { /** Who. */ person: PersonId, /** Which change. */ change: ChangeId } =>
        "implementer",
        ["{person} is not an implementer of {change}", "{person} 不是 {change} 的实施人"],
        ["`twinseal show {change}` lists the implementers", "`twinseal show {change}` 列出实施人"];
    /// A start before a change that must succeed first.
    FollowsUnfinished { /** Which change. */ change: ChangeId, /** The change to follow. */ follows: ChangeId } =>
        "follows-succeeded",
        ["{change} cannot start before {follows} has succeeded", "前置变更 {follows} 成功之后，{change} 才能开始"],
        ["`twinseal show {follows}` shows its status", "`twinseal show {follows}` 显示其状态"];
    /// A second start.
    Started { /** Which change. */ change: ChangeId } =>
        "start-once",
        ["{change} is already started", "{change} 已经开始实施"],
        ["`twinseal show {change}` says by whom; when done: `twinseal finish {change} --outcome OUTCOME`",
         "`twinseal show {change}` 显示由谁开始；实施完毕后：`twinseal finish {change} --outcome OUTCOME`"];
    /// A start without one of the approved artifacts.
    ArtifactMissing { /** Which. */ name: ArtifactName } =>
        "artifact-required",
        ["approved artifact {name} was not given", "未给出已批准的制品 {name}"],
        ["name its file: --artifact {name}=FILE", "请指定其文件：--artifact {name}=FILE"];
    /// An artifact that differs from the approved one.
    ArtifactDiffers { /** Which. */ name: ArtifactName, /** The approved SHA-256. */ approved: Digest,
                      /** The SHA-256 of the file. */ read: Digest } =>
        "artifact-match",
        ["artifact {name} differs from the approved one: sha256 {read}, approved {approved}",
         "制品 {name} 与批准的不一致：sha256 {read}，批准的是 {approved}"],
        ["deploy the approved artifact, or revise the change", "请部署已批准的制品，或修订变更单"];
    /// An artifact that is not in the approved revision.
    ArtifactUnknown { /** Which. */ name: ArtifactName } =>
        "artifact-approved",
        ["artifact {name} is not in the approved revision", "制品 {name} 不在已批准的修订中"],
        ["`twinseal show` lists its artifacts", "`twinseal show` 列出其制品"];
    /// A start of a change with targets that names none.
    TargetRequired { /** Which change. */ change: ChangeId } =>
        "target-required",
        ["{change} has targets, and is started on each of them", "{change} 列有目标，须在每个目标上分别开始"],
        ["name one: --target TARGET", "请指定一个：--target TARGET"];
    /// A target that is not in the revision.
    TargetUnknown { /** Which. */ target: Target, /** Of which change. */ change: ChangeId } =>
        "target-known",
        ["{target} is no target of {change}", "{target} 不是 {change} 的目标"],
        ["`twinseal show {change}` lists its targets", "`twinseal show {change}` 列出其目标"];
    /// A second start on a target.
    TargetStarted { /** Which. */ target: Target, /** Of which change. */ change: ChangeId } =>
        "target-start-once",
        ["{change} is already started on {target}", "{change} 已在 {target} 上开始"],
        ["`twinseal show {change}` lists each target; when done there: `twinseal finish {change} --target {target} \
          --outcome OUTCOME`",
         "`twinseal show {change}` 列出各个目标；在该目标上完成后：\
          `twinseal finish {change} --target {target} --outcome OUTCOME`"];
    /// A start on another target after too many have failed.
    Stopped { /** Which change. */ change: ChangeId, /** How many targets failed. */ failed: u64 } =>
        "stop-after",
        ["{change} is stopped after {failed} failed or rolled back targets",
         "{change} 已叫停：{failed} 个目标失败或已回退"],
        ["roll back what must be, then end it: `twinseal finish {change}`; the other targets need a new change",
         "请先回退需要回退的目标，再结束变更：`twinseal finish {change}`；其余目标须另提变更单"];
    /// An outcome of a target that was not started.
    TargetNotStarted { /** Which. */ target: Target, /** Of which change. */ change: ChangeId } =>
        "target-started",
        ["{change} is not started on {target}", "{change} 尚未在 {target} 上开始"],
        ["start it there first: `twinseal start {change} --target {target}`; a target that is never started needs \
          no outcome",
         "请先在该目标上开始：`twinseal start {change} --target {target}`；始终未开始的目标无需结果"];
    /// A second outcome of a target.
    TargetFinished { /** Which. */ target: Target, /** Its outcome. */ outcome: Outcome } =>
        "target-finish-once",
        ["{target} is already finished: {}", "{target} 已完成：{}"] (outcome.phrase()),
        ["only a rollback can follow", "此后只能记录回退"];
    /// The end of a change while a target is in progress.
    TargetInProgress { /** Which. */ target: Target, /** Of which change. */ change: ChangeId } =>
        "targets-finished",
        ["{change} is still in progress on {target}", "{change} 在 {target} 上仍在实施"],
        ["finish it there first: `twinseal finish {change} --target {target} --outcome OUTCOME`",
         "请先在该目标上完成：`twinseal finish {change} --target {target} --outcome OUTCOME`"];
    /// An outcome of a change other than that which its targets give.
    OtherOutcome { /** Which change. */ change: ChangeId, /** What the targets give. */ outcome: Outcome } =>
        "derived-outcome",
        ["the outcome of {change} is that of its targets: {}", "{change} 的结果由其目标得出：{}"] (outcome.phrase()),
        ["leave out --outcome: `twinseal finish {change}`", "请去掉 --outcome：`twinseal finish {change}`"];
    /// An outcome by another run of a pipeline than the one that started.
    OtherRun { /** Which run. */ run: RunId } =>
        "same-run",
        ["run {run} did not start it", "开始此变更的不是流水线运行 {run}"],
        ["leave it to the run that did, or to a person: without --run-id",
         "请由开始它的那次运行完成，或由人员完成（不用 --run-id）"];
    /// A finish before the start.
    NotStarted { /** Which change. */ change: ChangeId } =>
        "started",
        ["{change} is not started", "{change} 尚未开始"],
        ["start it first: `twinseal start {change}`", "请先开始：`twinseal start {change}`"];
    /// A finish by an account that is neither an implementer nor the owner.
    NotImplementerOrOwner { /** Who. */ person: PersonId, /** Which change. */ change: ChangeId } =>
        "implementer-or-owner",
        ["{person} is neither an implementer nor the owner of {change}",
         "{person} 既不是 {change} 的实施人，也不是其变更负责人"],
        ["ask an implementer or the owner; `twinseal show {change}` lists them; if all of them have left, an admin \
          can",
         "请实施人或变更负责人完成；`twinseal show {change}` 列出这些人；如果他们都已离任，管理员可以完成"];
    /// A second finish.
    Finished { /** Which change. */ change: ChangeId, /** Its outcome. */ outcome: Outcome } =>
        "finish-once",
        ["{change} is already finished: {}", "{change} 已完成：{}"] (outcome.phrase()),
        ["only a rollback can follow: `twinseal finish {change} --outcome rolled-back`",
         "此后只能记录回退：`twinseal finish {change} --outcome rolled-back`"];
    /// A confirmation before the finish.
    NotFinished { /** Which change. */ change: ChangeId } =>
        "finished",
        ["{change} is not finished", "{change} 尚未完成"],
        ["finish it first: `twinseal finish {change} --outcome OUTCOME`",
         "请先完成：`twinseal finish {change} --outcome OUTCOME`"];
    /// A confirmation that the policy at the start did not ask for.
    ConfirmationNotAsked { /** Which change. */ change: ChangeId } =>
        "confirmation-asked",
        ["no requirement asked for a confirmation of {change} when it was started",
         "{change} 开始时，没有要求规定须确认其结果"],
        ["add a note instead: `twinseal note {change} TEXT`", "可以改为添加备注：`twinseal note {change} TEXT`"];
    /// A second confirmation of the same outcome.
    ConfirmedBefore { /** Which change. */ change: ChangeId } =>
        "confirm-once",
        ["the outcome of {change} is already confirmed", "{change} 的结果已确认"],
        ["`twinseal show {change}` shows by whom", "`twinseal show {change}` 显示由谁确认"];
    /// A confirmation of another outcome than the newest.
    ConfirmsOther { /** Which change. */ change: ChangeId, /** The newest outcome. */ outcome: Outcome } =>
        "confirmed-outcome",
        ["the outcome of {change} is: {}", "{change} 的结果是：{}"] (outcome.phrase()),
        ["read it again with `twinseal show {change}`, then decide",
         "请用 `twinseal show {change}` 重新阅读后再决定"];
    /// A confirmation by somebody who took part in the change.
    ConfirmsOwn { /** Which change. */ change: ChangeId, /** The part that they took. */ part: PartInChange } =>
        "confirm-part",
        ["you cannot confirm {change} because you {}", "您不能确认 {change} 的结果，因为您{}"] (part.verb()),
        ["ask somebody who took no part; `twinseal show {change}` lists who could",
         "请未参与的人确认；`twinseal show {change}` 列出可以确认的人"];
    /// A confirmation by a machine account or an auditor.
    NoConfirmer { /** Who. */ person: PersonId } =>
        "confirmer",
        ["{person} is a machine account or an auditor, and confirms no outcome",
         "{person} 是机器账号或审计员，不能确认结果"],
        ["ask an engineer or an approver who took no part", "请未参与的工程师或审批人确认"];
    } };
}

pub(super) use execution;
