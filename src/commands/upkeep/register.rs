//! Where a register is kept.

mod grant_sql;
mod moving;
mod project;

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
    /// twinseal_reader, twinseal_writer, twinseal_admin for those who second redactions, or twinseal_projector for the
    /// account that fills the tables for SQL and BI tools. A second run changes nothing.
    #[command(zh("输出使数据库可保存变更台账的 SQL"))]
    #[command(zh_long(
        "由数据库管理员在每个数据库中执行一次，然后为每个账号授予一个角色：twinseal_reader、twinseal_writer、\
         供附议隐去文本者使用的 twinseal_admin，或供填充 SQL 和 BI 数据表的账号使用的 twinseal_projector。\
         重复执行不会改变任何内容。"
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
    /// Fill the tables for SQL and BI tools on a server
    ///
    /// Verifies new entries as every command does, and brings the tables of the schema twinseal_tables up to the newest
    /// one in one transaction. Needs the role twinseal_projector, which may not record. Run it from cron, or with --watch
    /// as a service. twinseal decides nothing by these tables; `twinseal verify` compares them with the log. A register in
    /// a file has its tables in the file.
    #[command(zh("填充服务器上供 SQL 和 BI 工具使用的数据表"))]
    #[command(zh_long(
        "与其他命令一样核验新日志条目，并在一个事务中将模式 twinseal_tables 的数据表更新到最新一条。需要角色 twinseal_projector，\
         该角色不能记录。可由 cron 运行，或用 --watch 作为服务运行。twinseal 不依据这些数据表作任何判断；`twinseal verify` \
         将其与日志比对。保存在文件中的变更台账，其数据表就在该文件中。"
    ))]
    #[command(after_help = "Examples:
  twinseal register project
  twinseal register project --watch
  twinseal register project --all")]
    Project(project::Project),
}

impl Register {
    /// # Errors
    /// As the subcommands.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        match self {
            Self::GrantSql(it) => it.run(context),
            Self::Move(it) => it.run(context),
            Self::Project(it) => it.run(context),
        }
    }
}
