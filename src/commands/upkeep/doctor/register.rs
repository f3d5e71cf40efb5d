//! Checks of the register, the pin, the verified cache and the clock.

use super::{Check, State, rights};
use crate::commands::Context;
use crate::commands::registers::Found;
use crate::domain::Time;
use crate::error::Error;
use crate::output::ago;
use crate::store::{Notice, Session, StoreError};

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
        checks.push(Check::ok("file", format_args!("{}, a backup: read-only", path.display())));
    } else if path.is_file() {
        rights::look(&path, checks);
    }
    let session = match found {
        Ok(found) => open(context, found, checks)?,
        Err(error) => return refuse(checks, &error),
    };
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
        let what = format!("{id} with fingerprint {}, not yet trusted by this account", identity.fingerprint);
        let hint = "compare the fingerprint out of band, by phone or in person; the next command that reads the register \
                    asks you to confirm it";
        checks.push(Check::warning("register", what, hint));
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
    checks.push(match (session.fault(), session.state().head()) {
        (Some(fault), _) => {
            let hint = "keep the file as evidence; `twinseal verify` lists every finding";
            Check::fault("register", format_args!("{id} is broken at {fault}"), hint)
        }
        (None, Some(head)) => Check::ok("register", format_args!("{id}, newest entry {}", head.seq)),
        (None, None) => Check::ok("register", format_args!("{id}, empty")),
    });
    Some(session)
}

fn refuse(checks: &mut Vec<Check>, error: &Error) -> Option<Session> {
    let name = match error {
        Error::Store(StoreError::PinLost { .. } | StoreError::PinUnreadable { .. }) => "pin",
        Error::Store(StoreError::CacheDamaged { .. }) => "verified cache",
        _ => "register",
    };
    checks.push(Check::error(name, State::Fault, error));
    None
}

/// Checks the pin and the verified cache.
fn pin(session: &Session, checks: &mut Vec<Check>) {
    const ASK: &str = "ask an admin for the newest entry and its leaf hash, and compare them with the output of \
                       `twinseal verify`";
    let noticed = |notice: Notice| session.notices().contains(&notice);
    let older = session.notices().iter().find_map(|notice| match notice {
        Notice::EarlierBackup { ends, known } => Some((ends, known)),
        _ => None,
    });
    if let Some((ends, known)) = older {
        let what = format!("entry {known} of the register; the backup ends earlier, at entry {ends}");
        checks.push(Check::ok("pin", what));
        return;
    }
    let all_gone = noticed(Notice::FirstVerification);
    let pin = session.pinned().pin().map_or(String::new(), |pin| {
        format!("entry {} ({}), verified {}", pin.head.seq, pin.head.leaf.short(), pin.verified)
    });
    checks.push(if all_gone || noticed(Notice::PinMissing) {
        Check::warning("pin", format_args!("was missing and has been recreated: {pin}"), ASK)
    } else {
        Check::ok("pin", pin)
    });
    let copy = session.state().head().map_or("empty".to_owned(), |head| format!("up to entry {}", head.seq));
    checks.push(if noticed(Notice::CacheBehind) {
        Check::warning("verified cache", format_args!("was behind the pin and has been extended: {copy}"), ASK)
    } else if all_gone || noticed(Notice::CacheRebuilt) {
        Check::warning("verified cache", format_args!("was missing or damaged and has been rebuilt: {copy}"), ASK)
    } else {
        Check::ok("verified cache", copy)
    });
}

/// Compares this host's clock with the newest entry's time and the file's modification time.
fn clock(now: Time, session: &Session, written: Option<Time>) -> Check {
    const NAME: &str = "clock";
    const HINT: &str = "compare it with another clock (`timedatectl` shows whether it is synchronised), and set it";
    let newest = session.state().head().and_then(|head| session.entry(head.seq).ok().flatten());
    let claimed = newest.map(|entry| (entry.header.seq, entry.header.time, entry.header.actor));
    if let Some((seq, time, actor)) = &claimed
        && *time > now.plus(APART)
    {
        let what = format!("{now} here, but entry {seq} by {actor} claims {time}: one clock is wrong");
        return Check::warning(NAME, what, HINT);
    }
    if let Some(written) = written.filter(|written| *written > now.plus(APART)) {
        return Check::warning(NAME, format!("{now} here, but the file was written at {written}"), HINT);
    }
    if let (Some((seq, time, actor)), Some(written)) = (&claimed, written)
        && *time > written.plus(APART)
    {
        let what = format!("entry {seq} by {actor} claims {time}, but the file was last written at {written}");
        return Check::warning(NAME, what, HINT);
    }
    let last = claimed.map(|(_, time, _)| time).max(written);
    if let Some(last) = last.filter(|last| now > last.plus(LONG)) {
        let what = format!("{now} here, and no entry since {last}, {}", ago(last, now));
        return Check::warning(NAME, what, HINT);
    }
    Check::ok(NAME, now)
}
