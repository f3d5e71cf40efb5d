//! Hints about a register on a server, and about one that moved.

use crate::store::StoreError;
use crate::tr;

/// What to do about a server, or a register that is at another place.
pub(super) fn server_hint(error: &StoreError) -> Option<&'static str> {
    Some(match error {
        StoreError::Uncertain { .. } => tr!(
            "before you try again, check with `twinseal log` whether the entry is there; `twinseal doctor` says whether a standby \
             is missing",
            "重试之前，请用 `twinseal log` 核对该条目是否已在日志中；`twinseal doctor` 会说明是否缺少备库"
        ),
        StoreError::Failed { .. } => tr!(
            "nothing was recorded; check the server and the network, then try again",
            "未记录任何内容；请检查服务器和网络，然后重试"
        ),
        StoreError::Queue { queue: None, .. } => tr!(
            "nothing was recorded; try again when that process has ended. If `twinseal doctor` finds no standby missing, the \
             server's administrator can end it",
            "未记录任何内容；请待该进程结束后重试。如果 `twinseal doctor` 显示不缺备库，请数据库管理员结束该进程"
        ),
        StoreError::WhichRegister { .. } => {
            tr!("name one by its id: ?register=ID in the address", "请用标识指定其一：在地址中加上 ?register=标识")
        }
        StoreError::OnlyRead { .. } => tr!(
            "nothing was recorded; name the primary in the address, with a role that may write",
            "未记录任何内容；请在地址中给出主库，并使用可写入的角色"
        ),
        StoreError::NotFound { .. } => tr!(
            "check the database and register= in the address; `twinseal found` creates a register there",
            "请检查地址中的数据库和 register=；`twinseal found` 可在那里创建变更台账"
        ),
        StoreError::Behind { .. } => tr!(
            "try again in a moment, or leave out --replica; if it never catches up, it is not a standby of this register",
            "请稍后重试，或去掉 --replica；如果它始终追不上，它就不是该变更台账的备库"
        ),
        StoreError::NoRight { .. } => tr!(
            "nothing was recorded; ask the server's administrator for the role: twinseal_reader reads, twinseal_writer records, \
             twinseal_admin also redacts, twinseal_projector fills the tables",
            "未记录任何内容；请向数据库管理员申请角色：twinseal_reader 可读取，twinseal_writer 可记录，twinseal_admin 还可隐去文本，\
             twinseal_projector 可填充数据表"
        ),
        StoreError::Moved { .. } => tr!(
            "ask the admins whether that is so, by phone or in person; then name the new place once, with the fingerprint: \
             --register PLACE --fingerprint FINGERPRINT",
            "请打电话或当面向管理员核实；然后用指纹指定一次新位置：--register 位置 --fingerprint 指纹"
        ),
        StoreError::OnServer { .. } => tr!(
            "make a file of its valid entries: `twinseal repair --out FILE`",
            "请将其有效的日志条目写入文件：`twinseal repair --out FILE`"
        ),
        _ => return database_hint(error),
    })
}

/// What to do about a database that is not prepared for registers, or otherwise than this twinseal does it.
fn database_hint(error: &StoreError) -> Option<&'static str> {
    Some(match error {
        StoreError::Exists { .. } => tr!(
            "choose another database; twinseal never overwrites a register",
            "请换一个数据库；twinseal 绝不覆盖变更台账"
        ),
        StoreError::NotPrepared { .. } => tr!(
            "check the database in the address, or let its owner prepare it: `twinseal register grant-sql | psql DATABASE`",
            "请检查地址中的数据库，或请其所有者准备好它：`twinseal register grant-sql | psql 数据库`"
        ),
        StoreError::OtherSchema { .. } => tr!(
            "name another database, or let its owner undo the difference and prepare it again: \
             `twinseal register grant-sql | psql DATABASE`",
            "请改用其他数据库，或请其所有者消除差异并重新准备：`twinseal register grant-sql | psql 数据库`"
        ),
        StoreError::NoTables { .. } => tr!(
            "an administrator of the database runs the statements of `twinseal register grant-sql` again",
            "请数据库管理员再次执行 `twinseal register grant-sql` 输出的语句"
        ),
        StoreError::TablesAhead { .. } => tr!(
            "somebody wrote that there, or cut off the log: ask the admins for its newest entry; \
             `twinseal register project --all` makes the tables from the log again",
            "有人写入了该内容，或日志被截断：请向管理员询问最新的日志条目；`twinseal register project --all` 由日志重建数据表"
        ),
        _ => return None,
    })
}
