//! The register, and what this account remembers of it.

use super::{Check, State, rights};
use crate::commands::Context;
use crate::commands::registers::Found;
use crate::domain::Time;
use crate::error::Error;
use crate::output::ago;
use crate::store::{Notice, Session, StoreError};

/// How far clocks may differ; the same as `verify` allows.
const APART: i64 = 300;

/// After how long without an entry a clock is suspected to run ahead: a year.
const LONG: i64 = 366 * 24 * 60 * 60;

/// Looks at the register that was named, and opens it if this account knows it.
pub(in crate::commands) fn look(context: &mut Context<'_>, checks: &mut Vec<Check>) -> Option<Session> {
    let request = match context.registers.request(context.env) {
        Ok(request) => request,
        Err(error) => return refuse(checks, &error),
    };
    let path = request.path.canonicalize().unwrap_or_else(|_| request.path.clone());
    // Before it is opened: SQLite may write into it when the last reader leaves.
    let written = rights::written(&path);
    let found = context.registers.find(&request);
    if found.as_ref().is_ok_and(|found| found.shared.is_backup()) {
        // It may lie anywhere, and nobody is to write it.
        checks.push(Check::ok("file", format_args!("{}, marked as a copy: read and never written", path.display())));
    } else if path.is_file() {
        rights::look(&path, checks);
    }
    let session = match found {
        Ok(found) => open(context, found, checks)?,
        Err(error) => return refuse(checks, &error),
    };
    memory(&session, checks);
    checks.push(clock(context.env.now(), &session, written));
    Some(session)
}

/// Opens a register that this account has met. First contact is for commands that ask.
fn open(context: &mut Context<'_>, found: Found, checks: &mut Vec<Check>) -> Option<Session> {
    let Found { shared, identity, id } = found;
    if !identity.met {
        if let Err(error) = identity.admit(|old| context.registers.verified(old)) {
            return refuse(checks, &error);
        }
        let what = format!("{id}, with the fingerprint {}, which this account has not met", identity.fingerprint);
        let mend = "compare the fingerprint with what an admin tells you, by another way than this file; any command \
                    that reads the register asks for it";
        checks.push(Check::warning("register", what, mend));
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
            let mend = "keep the file as evidence, and see all that is wrong with: twinseal verify";
            Check::fault("register", format_args!("{id} is broken at {fault}"), mend)
        }
        (None, Some(head)) => Check::ok("register", format_args!("{id}, newest entry {}", head.seq)),
        (None, None) => Check::ok("register", format_args!("{id}, empty")),
    });
    Some(session)
}

fn refuse(checks: &mut Vec<Check>, error: &Error) -> Option<Session> {
    let name = match error {
        Error::Store(StoreError::PinLost { .. } | StoreError::PinUnreadable { .. }) => "pin",
        Error::Store(StoreError::CacheDamaged { .. }) => "verified copy",
        _ => "register",
    };
    checks.push(Check::error(name, State::Fault, error));
    None
}

/// What this account remembers: the pin and the verified copy.
fn memory(session: &Session, checks: &mut Vec<Check>) {
    const ASK: &str = "ask the keepers of the register for its newest entry and leaf hash, and compare them with: \
                       twinseal verify";
    let noticed = |notice: Notice| session.notices().contains(&notice);
    let older = session.notices().iter().find_map(|notice| match notice {
        Notice::EarlierBackup { ends, known } => Some((ends, known)),
        _ => None,
    });
    if let Some((ends, known)) = older {
        let what = format!("entry {known} of the register; the copy is an earlier state of it, up to entry {ends}");
        checks.push(Check::ok("pin", what));
        return;
    }
    let all_gone = noticed(Notice::FirstVerification);
    let pin = session.memory().pin().map_or(String::new(), |pin| {
        format!("entry {} ({}), verified {}", pin.head.seq, pin.head.leaf.short(), pin.verified)
    });
    checks.push(if all_gone || noticed(Notice::PinMissing) {
        Check::warning("pin", format_args!("it was gone, and was made anew: {pin}"), ASK)
    } else {
        Check::ok("pin", pin)
    });
    let copy = session.state().head().map_or("empty".to_owned(), |head| format!("up to entry {}", head.seq));
    checks.push(if noticed(Notice::CacheBehind) {
        Check::warning("verified copy", format_args!("it was behind the pin, and was brought on: {copy}"), ASK)
    } else if all_gone || noticed(Notice::CacheRebuilt) {
        Check::warning("verified copy", format_args!("it was gone or damaged, and was made anew: {copy}"), ASK)
    } else {
        Check::ok("verified copy", copy)
    });
}

/// Holds this host's clock against the newest entry's claim, and against when the file was written.
fn clock(now: Time, session: &Session, written: Option<Time>) -> Check {
    const NAME: &str = "clock";
    const MEND: &str = "compare with another clock (`timedatectl` says whether yours is synchronised), and set it";
    let newest = session.state().head().and_then(|head| session.entry(head.seq).ok().flatten());
    let claimed = newest.map(|entry| (entry.header.seq, entry.header.time, entry.header.actor));
    if let Some((seq, time, actor)) = &claimed
        && *time > now.plus(APART)
    {
        let what = format!("it is {now} here, and entry {seq} by {actor} claims {time}: one clock is wrong");
        return Check::warning(NAME, what, MEND);
    }
    if let Some(written) = written.filter(|written| *written > now.plus(APART)) {
        return Check::warning(NAME, format!("it is {now} here, and the file was written at {written}"), MEND);
    }
    if let (Some((seq, time, actor)), Some(written)) = (&claimed, written)
        && *time > written.plus(APART)
    {
        let what = format!("entry {seq} by {actor} claims {time}, and the file was last written at {written}");
        return Check::warning(NAME, what, MEND);
    }
    let last = claimed.map(|(_, time, _)| time).max(written);
    if let Some(last) = last.filter(|last| now > last.plus(LONG)) {
        let what = format!("it is {now} here, and nothing was recorded since {last}, {}", ago(last, now));
        return Check::warning(NAME, what, MEND);
    }
    Check::ok(NAME, now)
}
