//! The refusals about entries on the log itself: checkpoints, samples, reconciliations.

/// Passes these refusals on to the next macro, after those before; see [`super`].
macro_rules! checkpoint {
    ($next:ident! $($rest:ident!)*; $($before:tt)*) => { $next! { $($rest!)*; $($before)*
    // Checkpoints
    /// A checkpoint recorded by somebody who is neither auditor nor admin, and no machine.
    NotCheckpointer { /** Who. */ person: PersonId } =>
        "checkpoint-role",
        ["{person} is neither an auditor nor an admin, and no machine account",
         "{person} 既不是审计员或管理员，也不是机器账号"],
        ["anybody enrolled can sign one without recording it: `twinseal checkpoint`",
         "凡已登记者都可以只签署而不记录：`twinseal checkpoint`"];
    /// An entry that states another number of entries than there are before it.
    CheckpointSize { /** The number of entries before it. */ expected: u64 } =>
        "checkpoint-size",
        ["there are {expected} entries before this one", "此条目之前有 {expected} 条日志条目"],
        ["", ""];
    /// An entry that states another root than that of the log.
    CheckpointRoot { /** The number of entries. */ size: u64, /** Their root. */ expected: Digest } =>
        "checkpoint-root",
        ["the {size} entries before this one have the root {expected}",
         "此条目之前的 {size} 条日志条目的根哈希为 {expected}"],
        ["", ""];
    /// A checkpoint with another number of changes or root than that of the tree of changes.
    CheckpointChanges { /** The number of changes. */ count: u64, /** Their root. */ expected: Digest } =>
        "checkpoint-changes",
        ["the tree of changes has {count} leaves and the root {expected}",
         "变更单树有 {count} 个叶节点，根哈希为 {expected}"],
        ["", ""];
    /// A checkpoint with another number of break-glasses or root than that of their tree.
    CheckpointBreakGlasses { /** The number of break-glasses. */ count: u64, /** Their root. */ expected: Digest } =>
        "checkpoint-breakglasses",
        ["the tree of break-glasses has {count} leaves and the root {expected}",
         "紧急处置树有 {count} 个叶节点，根哈希为 {expected}"],
        ["", ""];
    /// A sample or a reconciliation recorded by somebody who is no auditor.
    NotAuditor { /** Who. */ person: PersonId } =>
        "audit-role",
        ["{person} is not an auditor", "{person} 不是审计员"],
        ["leave out --record to draw or compare without recording it", "只抽样或核对而不记录时，请去掉 --record"];
    /// A sample of more than there was to draw from.
    SampleCount { /** How many there were. */ of: u64 } =>
        "sample-count",
        ["the sample is said to be drawn from {of}, but has more", "样本据称取自 {of} 项，其数量却更多"],
        ["", ""];
    } };
}

pub(super) use checkpoint;
