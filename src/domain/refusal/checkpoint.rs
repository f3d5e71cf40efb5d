//! The refusals about checkpoints in the log.

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
    /// A checkpoint that states another number of entries than there are before it.
    CheckpointSize { /** The number of entries before it. */ expected: u64 } =>
        "checkpoint-size",
        ["there are {expected} entries before this checkpoint", "此检查点之前有 {expected} 条日志条目"],
        ["", ""];
    /// A checkpoint with another root than that of the log.
    CheckpointRoot { /** The number of entries. */ size: u64, /** Their root. */ expected: Digest } =>
        "checkpoint-root",
        ["the {size} entries before this checkpoint have the root {expected}",
         "此检查点之前的 {size} 条日志条目的根哈希为 {expected}"],
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
    } };
}

pub(super) use checkpoint;
