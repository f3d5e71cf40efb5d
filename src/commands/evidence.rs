//! `evidence`: packs that prove what was done, without the register.

mod pack;
mod verify;

use clap::Subcommand;

use crate::commands::{Context, Zh};
use crate::error::Error;

/// Take evidence away, and verify it without the register
#[derive(Debug, Subcommand)]
#[command(zh("导出证据包，并在没有变更台账时核验"))]
pub enum Evidence {
    /// Pack what proves that changes were approved and carried out
    ///
    /// The pack is a folder, or a zip if its name ends with .zip. It has the exact signed entries about the changes and the
    /// changes that they follow, those about people, keys, policies and freezes, and a proof for each that it is in the
    /// log of a signed checkpoint. `twinseal evidence verify` checks all of it by the rules of the register, and so do
    /// tools without twinseal. `index.html` tells people what happened. It judges nothing.
    ///
    /// The newest entry about each change must be older than the newest `twinseal checkpoint --record`. By that record,
    /// the pack shows that no later entry was left out.
    ///
    /// A text is kept as a whole, so --redact leaves out every text that has the field. Who approved and carried out what
    /// is proved all the same.
    #[command(zh("打包证明变更已获批准并实施的证据"))]
    #[command(zh_long("\
证据包是一个文件夹；名称以 .zip 结尾时是 zip。其中有这些变更单及其前置变更单的原始签名条目，人员、密钥、策略和封网的条目，\
以及每一条位于已签署检查点的日志中的证明。`twinseal evidence verify` 按变更台账的规则全部核验，不用 twinseal 的工具也能核验。\
`index.html` 供人阅读，不作任何判断。

每个变更单的最新条目须早于最近一次 `twinseal checkpoint --record`；证据包据此表明没有遗漏更新的条目。

文本只能整体保留，因此 --redact 会略去含有该字段的全部文本；谁批准、谁实施仍可证明。"))]
    Pack(pack::PackArgs),
    /// Verify an evidence pack without the register
    ///
    /// Judges the packed entries by the same rules as `twinseal verify`: signatures, membership and keys, the links
    /// between entries, distinct and eligible approvers before the start, windows, freezes, artifacts. Exit code 0 means
    /// proven, 3 means not; each finding is named.
    ///
    /// A pack can be made of an invented register. Give its --fingerprint, or --against a checkpoint that you kept.
    ///
    /// --require is a policy of your own, in the format of `twinseal policy draft`: every start must satisfy it too.
    #[command(zh("在没有变更台账时核验证据包"))]
    #[command(zh_long("\
按与 `twinseal verify` 相同的规则判定包内条目：签名、成员与密钥、条目间的链接、开始前互不相同且有资格的审批人、变更窗口、封网、制品。\
退出码 0 表示已证明，3 表示未证明；逐一列出问题。

证据包可能出自捏造的变更台账。请用 --fingerprint 给出指纹，或用 --against 给出您保存的检查点。

--require 是您自己的策略，格式同 `twinseal policy draft`：每次开始也必须符合它。"))]
    Verify(verify::VerifyArgs),
}

impl Evidence {
    /// # Errors
    /// The register cannot be read, the pack cannot be read or written, or it proves less than it should.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        match self {
            Self::Pack(it) => it.run(context),
            Self::Verify(it) => it.run(context),
        }
    }
}
