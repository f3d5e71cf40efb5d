//! Where a register is kept.

mod grant_sql;
mod moving;

use clap::Subcommand;

use crate::commands::{Context, Zh};
use crate::error::Error;

/// Keep a register on a PostgreSQL server
#[derive(Debug, Subcommand)]
#[command(zh("在 PostgreSQL 服务器上保存变更台账"))]
pub enum Register {
    /// Print the SQL that makes a database ready for registers
    ///
    /// An administrator of the server runs it once for each database, and then grants each account one role:
    /// twinseal_reader, twinseal_writer, or twinseal_admin for those who second redactions. A second run changes nothing.
    #[command(zh("输出使数据库可保存变更台账的 SQL"))]
    #[command(zh_long(
        "由数据库管理员在每个数据库中执行一次，然后为每个账号授予一个角色：twinseal_reader、twinseal_writer，\
         或供附议隐去文本者使用的 twinseal_admin。重复执行不会改变任何内容。"
    ))]
    #[command(after_help = "Examples:
  twinseal register grant-sql | psql -v ON_ERROR_STOP=1 changes")]
    GrantSql(grant_sql::GrantSql),
    /// Move a register to another place
    ///
    /// Copies the entries as they were signed to a new file or to a server, so that fingerprint and pins stay valid. The
    /// old place is marked first and says where to; nothing can be recorded there again, and no account follows the mark
    /// unasked. If the move is interrupted, finish it with --resume.
    #[command(zh("将变更台账迁移到另一位置"))]
    #[command(zh_long(
        "将日志条目按原签名复制到新文件或服务器，因此指纹和已验证位置仍然有效。先在原位置作标记并注明去向；\
         此后不能再在原位置记录，也没有账号会未经要求跟随该标记。若迁移中断，用 --resume 完成。"
    ))]
    #[command(after_help = "Examples:
  twinseal register move prod.db postgres://db.example.com/changes
  twinseal register move postgres://db.example.com/changes prod.db")]
    Move(moving::Move),
}

impl Register {
    /// # Errors
    /// As the subcommands.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        match self {
            Self::GrantSql(it) => it.run(context),
            Self::Move(it) => it.run(context),
        }
    }
}
