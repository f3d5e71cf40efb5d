//! The refusals about changes that overlap.

/// Passes these refusals on to the next macro, after those before; see [`super`].
macro_rules! conflict {
    ($next:ident! $($rest:ident!)*; $($before:tt)*) => { $next! { $($rest!)*; $($before)*
    // Conflicts
    /// A revision that does not list a change which it overlaps, or lists another revision of it.
    ConflictMissing { /** The other change. */ with: ChangeId } =>
        "conflict-listed",
        ["it overlaps {with}, whose current revision it does not list",
         "它与 {with} 冲突，但未列出 {with} 的当前修订"],
        ["file it again; twinseal lists every change that it overlaps", "请重新提交；twinseal 会列出与其冲突的所有变更单"];
    /// A revision that lists a change which it does not overlap.
    ConflictNone { /** The other change. */ with: ChangeId } =>
        "conflict-real",
        ["it lists {with}, which it does not overlap", "它列出了 {with}，但与其并不冲突"],
        ["file it again; twinseal lists every change that it overlaps", "请重新提交；twinseal 会列出与其冲突的所有变更单"];
    /// A start beside a change in progress that the approvers did not sign for.
    ConflictInProgress { /** The change to start. */ change: ChangeId, /** The one in progress. */ with: ChangeId } =>
        "conflict-in-progress",
        ["{with} is in progress and overlaps {change}, whose approvers have not signed for that",
         "{with} 正在实施，与 {change} 冲突，而 {change} 的审批人并未对此签名"],
        ["wait until {with} is finished, or revise {change} as it is, which lists {with} then: `twinseal revise {change} --again`",
         "请等 {with} 完成；或原样修订 {change}，新修订会列出 {with}：`twinseal revise {change} --again`"];
    } };
}

pub(super) use conflict;
