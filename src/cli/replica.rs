//! Which commands take `--replica`.

use std::ffi::OsString;

use super::dry_run::records;
use super::shape::command_of;
use crate::error::{AccountError, Error};

/// The commands that a standby can answer. The others record something, change a file, or decide: only the primary has the
/// newest entries.
pub const READING: [&str; 44] = [
    "action list",
    "audit access",
    "audit compromise",
    "audit exceptions",
    "audit population",
    "audit reconcile",
    "audit roles",
    "audit sample",
    "backup",
    "breakglass list",
    "breakglass show",
    "calendar",
    "calendar list",
    "calendar show",
    "checkpoint",
    "deviation list",
    "deviation show",
    "diff",
    "doctor",
    "evidence pack",
    "export allowed-signers",
    "export csv",
    "export jsonl",
    "freeze list",
    "inbox",
    "list",
    "log",
    "person list",
    "person show",
    "policy explain",
    "policy replay",
    "policy show",
    "policy test",
    "proposal list",
    "proposal show",
    "service impact",
    "service list",
    "service show",
    "show",
    "slots",
    "template list",
    "template show",
    "verify",
    "whoami",
];

/// Fails if the command of this command line needs the primary.
pub(super) fn check(args: &[OsString]) -> Result<(), Error> {
    let (command, matches) = command_of(args);
    let reads = READING.contains(&command.as_str()) && !records(&command, &matches);
    if reads { Ok(()) } else { Err(AccountError::NeedsPrimary(command).into()) }
}
