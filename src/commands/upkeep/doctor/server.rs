//! What `doctor` says of the server of a register.

use super::{Check, State};
use crate::output::safe;
use crate::store::postgres::health::Health;
use crate::store::{Filled, SharedStore, StoreError};
use crate::{tr, trf};

/// Checks the server of a register, if it is on one. `newest` is the newest verified entry.
pub fn look(store: &dyn SharedStore, newest: u64, checks: &mut Vec<Check>) {
    let Some(server) = store.server() else { return };
    if let Ok(health) = server.health() {
        checks.push(role(&health));
        look_at(&health, matches!(store.following(), Ok(Some(_))), checks);
    }
    checks.extend(server.filled().map_or_else(|error| Some(unreadable(error)), |filled| tables(filled, newest)));
}

/// What the role of the connection may do there.
fn role(Health { role, records, administers, superuser, .. }: &Health) -> Check {
    let (name, role) = (tr!("role", "角色"), safe(role));
    match (superuser, records, administers) {
        (true, ..) => Check::warning(
            name,
            trf!("{role} is a superuser and may change everything", "{role} 是超级用户，可以更改一切"),
            tr!(
                "connect with a personal role that is a member of twinseal_writer",
                "请使用您个人专用、且属于 twinseal_writer 的角色连接"
            ),
        ),
        (_, true, true) => Check::ok(name, trf!("{role} may record and redact", "{role} 可以记录日志条目、隐去文本")),
        (_, true, false) => Check::ok(name, trf!("{role} may record", "{role} 可以记录日志条目")),
        (_, false, _) => Check::ok(
            name,
            trf!(
                "{role} may only read; to record it must be a member of twinseal_writer",
                "{role} 只能读取；如需记录，须属于 twinseal_writer"
            ),
        ),
    }
}

fn look_at(health: &Health, follows: bool, checks: &mut Vec<Check>) {
    let &Health { followers, durable, pooled, .. } = health;
    let (name, Health { version, standbys, .. }) = (tr!("server", "服务器"), health);
    let role = if follows { tr!(", a standby", "，备库") } else { "" };
    checks.push(Check::ok(name, trf!("PostgreSQL {}{role}", "PostgreSQL {}{role}", safe(version))));
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
    if !standbys.is_empty() && followers == 0 && !follows {
        checks.push(Check::fault(
            name,
            tr!("it waits for standbys, and none follows it", "它等待备库确认，但没有备库跟随").to_owned(),
            tr!("start a standby of synchronous_standby_names", "请启动 synchronous_standby_names 中的备库"),
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

/// How far the tables for SQL and BI tools are.
fn tables(filled: Filled, newest: u64) -> Option<Check> {
    let name = tr!("tables", "数据表");
    match filled {
        Filled::NoTables => None,
        Filled::Never => Some(Check::ok(
            name,
            tr!("never filled; `twinseal register project` fills them", "从未填充；`twinseal register project` 可填充"),
        )),
        Filled::Unclear => Some(Check::fault(
            name,
            tr!("the database does not say up to which entry they are filled", "数据库未指明数据表填充至哪一条"),
            tr!("`twinseal verify` lists what differs", "`twinseal verify` 列出不一致之处"),
        )),
        Filled::To { head, is_old } => {
            let what = trf!("filled up to entry {} of {newest}", "已填充至第 {} 条，共至第 {newest} 条", head.seq);
            let hint = tr!(
                "the projector has not run for a day: look at its cron job or service",
                "投影程序已一天未运行：请检查其 cron 任务或服务"
            );
            let behind = is_old && head.seq < newest;
            Some(if behind { Check::warning(name, what, hint) } else { Check::ok(name, what) })
        }
    }
}

fn unreadable(error: StoreError) -> Check {
    Check::error(tr!("tables", "数据表"), State::Fault, &error.into())
}
