//! What `doctor` says of the server of a register.

use super::Check;
use crate::output::safe;
use crate::store::SharedStore;
use crate::store::postgres::health::Health;
use crate::{tr, trf};

/// Checks the server of a register, if it is on one.
pub fn look(store: &dyn SharedStore, checks: &mut Vec<Check>) {
    let Some(health) = store.server().map(|it| it.health()) else { return };
    let name = tr!("server", "服务器");
    let Ok(Health { version, standbys, durable, pooled }) = health else { return };
    let follows = matches!(store.following(), Ok(Some(_)));
    let role = if follows { tr!(", a standby", "，备库") } else { "" };
    checks.push(Check::ok(name, trf!("PostgreSQL {}{role}", "PostgreSQL {}{role}", safe(&version))));
    if pooled {
        checks.push(Check::fault(
            name,
            tr!("a pooler gives each transaction another session", "连接池为每个事务分配不同的会话").to_owned(),
            tr!("connect to the server itself, or pool whole sessions", "请直接连接服务器，或按会话池化"),
        ));
    }
    if !durable {
        checks.push(Check::fault(
            name,
            tr!("it acknowledges what is not on its disk", "它会确认尚未写入磁盘的内容").to_owned(),
            tr!(
                "ask its administrator to set fsync and full_page_writes to on",
                "请数据库管理员将 fsync 和 full_page_writes 设为 on"
            ),
        ));
    }
    if standbys.is_empty() && !follows {
        checks.push(Check::warning(
            name,
            tr!("no standby confirms what is recorded", "没有备库确认所记录的内容").to_owned(),
            tr!(
                "if its disk is lost, entries since the last backup are lost; set synchronous_standby_names",
                "如果其磁盘损坏，上次备份之后的条目会丢失；请设置 synchronous_standby_names"
            ),
        ));
    }
}
