//! Which commands take `--dry-run`.

use std::ffi::OsString;

use clap::ArgMatches;

use super::shape::command_of;
use crate::error::{AccountError, Error};

/// The commands that record entries. The others refuse `--dry-run`: some of them write files.
pub const RECORDING: [&str; 47] = [
    "action done",
    "approve",
    "breakglass close",
    "breakglass enter",
    "breakglass open",
    "breakglass ratify",
    "calendar propose",
    "close",
    "confirm",
    "deviation record",
    "deviation review",
    "drafts resume",
    "file",
    "finish",
    "freeze end",
    "freeze lift",
    "freeze now",
    "freeze propose",
    "init",
    "key lift",
    "key revoke",
    "key suspend",
    "note",
    "person add-key",
    "person enrol",
    "person grant",
    "person machine",
    "person retire",
    "person revoke-role",
    "person rota",
    "person suspend",
    "policy propose",
    "proposal decline",
    "proposal redact",
    "proposal restored",
    "proposal second",
    "proposal withdraw",
    "reject",
    "retract",
    "review",
    "revise",
    "seal",
    "service import",
    "start",
    "template end",
    "template propose",
    "withdraw",
];

/// The commands that record an entry with `--record`, and without it none.
pub const RECORDING_IF_ASKED: [&str; 3] = ["audit reconcile", "audit sample", "checkpoint"];

/// Fails if the command of this command line records no entry.
pub(super) fn check(args: &[OsString]) -> Result<(), Error> {
    let (command, matches) = command_of(args);
    if records(&command, &matches) { Ok(()) } else { Err(AccountError::RecordsNothing(command).into()) }
}

/// Whether a command with these arguments records an entry.
pub(super) fn records(command: &str, matches: &ArgMatches) -> bool {
    RECORDING.contains(&command) || RECORDING_IF_ASKED.contains(&command) && matches.get_flag("record")
}
