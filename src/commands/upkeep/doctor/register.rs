//! Checks of the register, the pin, the verified cache and the clock.

use super::{Check, State, rights, server};
use crate::commands::Context;
use crate::commands::registers::Found;
use crate::domain::Time;
use crate::error::Error;
use crate::output::ago;
use crate::store::{Notice, Session, StoreError};
use crate::{tr, trf};

/// The clock difference in seconds that is tolerated, as by `verify`.
const APART: i64 = 300;

/// The time in seconds without an entry after which the clock is suspected to be ahead: a year.
const LONG: i64 = 366 * 24 * 60 * 60;

/// Checks the named register, and opens it if this account trusts it.
pub(in crate::commands) fn look(context: &mut Context<'_>, checks: &mut Vec<Check>) -> Option<Session> {
    let request = match context.registers.request(context.env) {
        Ok(request) => request,
        Err(error) => return refuse(checks, &error),
    };
    let path = request.path.canonicalize().unwrap_or_else(|_| request.path.clone());
    // Taken before opening: SQLite may write to the file when the last reader closes it.
    let written = rights::written(&path);
    let found = context.registers.find(&request);
    if found.as_ref().is_ok_and(|found| found.shared.is_backup()) {
        // A backup may be anywhere, and is never written to.
        checks
            .push(Check::ok(tr!("file", "文件"), trf!("{}, a backup: read-only", "{}，是备份：只读", path.display())));
    } else if path.is_file() {
        rights::look(&path, checks);
    }
    let session = match found {
        Ok(found) => open(context, found, checks)?,
        Err(error) => return refuse(checks, &error),
    };
    server::look(session.shared(), session.state().head().map_or(0, |head| head.seq), checks);
    pin(&session, checks);
    checks.push(clock(context.env.now(), &session, written));
    Some(session)
}

/// Opens a trusted register. First contact is left to commands that can ask.
fn open(context: &mut Context<'_>, found: Found, checks: &mut Vec<Check>) -> Option<Session> {
    let Found { shared, identity, id } = found;
    if !identity.met {
        if let Err(error) = identity.admit(|old| context.registers.verified(old)) {
            return refuse(checks, &error);
        }
        let what = trf!(
            "{id} with fingerprint {}, not yet trusted by this account",
            "{id}，指纹 {}，尚未被本账号信任",
            identity.fingerprint
        );
        let hint = tr!(
            "compare the fingerprint out of band, by phone or in person; the next command that reads the register asks \
             you to confirm it",
            "请另行核对指纹：打电话或当面；下一个读取该变更台账的命令会请您确认"
        );
        checks.push(Check::warning(tr!("register", "变更台账"), what, hint));
        return None;
    }
    drop(shared);
    let session = match context.open() {
        Ok(session) => session,
        Err(error) => {
            context.discard_damaged(&error);
            return refuse(checks, &error);
        }
    };
    let name = tr!("register", "变更台账");
    checks.push(match (session.fault(), session.state().head()) {
        (Some(fault), _) => {
            let hint = tr!(
                "keep the file as evidence; `twinseal verify` lists every finding",
                "保留该文件作为证据；`twinseal verify` 列出全部问题"
            );
            Check::fault(name, trf!("{id} is broken at {fault}", "{id} 已损坏：{fault}"), hint)
        }
        (None, Some(head)) => Check::ok(name, trf!("{id}, newest entry {}", "{id}，最新为第 {} 条", head.seq)),
        (None, None) => Check::ok(name, trf!("{id}, empty", "{id}，为空")),
    });
    Some(session)
}

fn refuse(checks: &mut Vec<Check>, error: &Error) -> Option<Session> {
    let name = match error {
        Error::Store(StoreError::PinLost { .. } | StoreError::PinUnreadable { .. }) => tr!("pin", "已验证位置"),
        Error::Store(StoreError::CacheDamaged { .. }) => tr!("verified cache", "已验证缓存"),
        _ => tr!("register", "变更台账"),
    };
    checks.push(Check::error(name, State::Fault, error));
    None
}

/// Checks the pin and the verified cache.
fn pin(session: &Session, checks: &mut Vec<Check>) {
    let (pin_name, cache_name) = (tr!("pin", "已验证位置"), tr!("verified cache", "已验证缓存"));
    let ask = tr!(
        "ask an admin for the newest entry and its leaf hash, and compare them with the output of `twinseal verify`",
        "向管理员询问最新日志条目及其叶哈希，并与 `twinseal verify` 的输出比对"
    );
    let noticed = |notice: Notice| session.notices().contains(&notice);
    let older = session.notices().iter().find_map(|notice| match notice {
        Notice::EarlierBackup { ends, known } => Some((ends, known)),
        _ => None,
    });
    if let Some((ends, known)) = older {
        let what = trf!(
            "entry {known} of the register; the backup ends earlier, at entry {ends}",
            "变更台账第 {known} 条；该备份结束得更早，止于第 {ends} 条"
        );
        checks.push(Check::ok(pin_name, what));
        return;
    }
    let all_gone = noticed(Notice::FirstVerification);
    let pin = session.pinned().pin().map_or(String::new(), |pin| {
        let (seq, leaf, verified) = (pin.head.seq, pin.head.leaf.short(), pin.verified);
        trf!("entry {seq} ({leaf}), verified {verified}", "第 {seq} 条（{leaf}），核验于 {verified}")
    });
    checks.push(if all_gone || noticed(Notice::PinMissing) {
        Check::warning(pin_name, trf!("was missing and has been recreated: {pin}", "曾缺失，已重新创建：{pin}"), ask)
    } else {
        Check::ok(pin_name, pin)
    });
    let copy = session
        .state()
        .head()
        .map_or_else(|| tr!("empty", "为空").to_owned(), |head| trf!("up to entry {}", "至第 {} 条", head.seq));
    checks.push(if noticed(Notice::CacheBehind) {
        let what = trf!("was behind the pin and has been extended: {copy}", "曾落后于已验证位置，已补齐：{copy}");
        Check::warning(cache_name, what, ask)
    } else if all_gone || noticed(Notice::CacheRebuilt) {
        let what = trf!("was missing or damaged and has been rebuilt: {copy}", "曾缺失或损坏，已重建：{copy}");
        Check::warning(cache_name, what, ask)
    } else {
        Check::ok(cache_name, copy)
    });
}

/// Compares this host's clock with the newest entry's time and the file's modification time.
fn clock(now: Time, session: &Session, written: Option<Time>) -> Check {
    let name = tr!("clock", "时钟");
    let hint = tr!(
        "compare it with another clock (`timedatectl` shows whether it is synchronised), and set it",
        "与其他时钟比对（`timedatectl` 显示是否已同步），并校准"
    );
    let newest = session.state().head().and_then(|head| session.entry(head.seq).ok().flatten());
    let claimed = newest.map(|entry| (entry.header.seq, entry.header.time, entry.header.actor));
    if let Some((seq, time, actor)) = &claimed
        && *time > now.plus(APART)
    {
        let what = trf!(
            "{now} here, but entry {seq} by {actor} claims {time}: one clock is wrong",
            "本机为 {now}，但 {actor} 的第 {seq} 条声称 {time}：其中一个时钟有误"
        );
        return Check::warning(name, what, hint);
    }
    if let Some(written) = written.filter(|written| *written > now.plus(APART)) {
        let what = trf!("{now} here, but the file was written at {written}", "本机为 {now}，但该文件写入于 {written}");
        return Check::warning(name, what, hint);
    }
    if let (Some((seq, time, actor)), Some(written)) = (&claimed, written)
        && *time > written.plus(APART)
    {
        let what = trf!(
            "entry {seq} by {actor} claims {time}, but the file was last written at {written}",
            "{actor} 的第 {seq} 条声称 {time}，但该文件最后写入于 {written}"
        );
        return Check::warning(name, what, hint);
    }
    let last = claimed.map(|(_, time, _)| time).max(written);
    if let Some(last) = last.filter(|last| now > last.plus(LONG)) {
        let what = trf!(
            "{now} here, and no entry since {last}, {}",
            "本机为 {now}，自 {last}（{}）以来没有日志条目",
            ago(last, now)
        );
        return Check::warning(name, what, hint);
    }
    Check::ok(name, now)
}
