//! Who may read and write the register's file and folder, and where they lie.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::{Check, State};
use crate::domain::Time;
use crate::error::shell_word;
use crate::store::{Mount, beside, free, may_write};

/// How much room is little, and how much too little: a day of work may be some megabytes.
const LITTLE: u64 = 200 << 20;
const TOO_LITTLE: u64 = 20 << 20;

fn run(command: &str, path: &Path) -> String {
    format!("run: {command} {}", shell_word(&path.display().to_string()))
}

/// The newest time at which the register's file or its write-ahead log was written, by this host's clock.
pub(in crate::commands) fn written(file: &Path) -> Option<Time> {
    let times = ["", "-wal"].into_iter().filter_map(|suffix| fs::metadata(beside(file, suffix)).ok());
    times.filter_map(|it| Time::from_unix(it.mtime()).ok()).max()
}

/// Looks at the register's file, its folder, their file system and its room.
pub(in crate::commands) fn look(path: &Path, checks: &mut Vec<Check>) {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let (of_file, of_folder) = match (fs::metadata(path), fs::metadata(folder)) {
        (Ok(file), Ok(folder)) => (file, folder),
        (Err(error), _) | (_, Err(error)) => {
            checks.push(Check::fault(
                "file",
                format_args!("cannot read {}: {error}", path.display()),
                "check the path",
            ));
            return;
        }
    };
    let well = |name, path: &Path, of: &Metadata| {
        let can = if may_write(path) { "written" } else { "read" };
        Check::ok(name, format_args!("{}, mode {:04o}, can be {can}", path.display(), of.mode() & 0o7777))
    };
    let before = checks.len();
    file(path, &of_file, checks);
    if checks.len() == before {
        checks.push(well("file", path, &of_file));
    }
    let before = checks.len();
    self::folder(folder, &of_folder, &of_file, path, checks);
    if checks.len() == before {
        checks.push(well("folder", folder, &of_folder));
    }
    checks.push(file_system(path));
    checks.push(room(folder));
}

/// What is wrong with the file.
fn file(path: &Path, file: &Metadata, checks: &mut Vec<Check>) {
    let mode = file.mode() & 0o7777;
    let shown = format!("{}, mode {mode:04o}", path.display());
    let mut say = |state, what: &str, mend: String| {
        checks.push(Check { name: "file", state, what: format!("{shown}, {what}"), mend: Some(mend) });
    };
    if fs::File::open(path).is_err() {
        let mend = "ask for membership of the group that owns it".to_owned();
        say(State::Fault, "cannot be read by this account", mend);
    } else if !may_write(path) {
        let mend = "to record something, ask for membership of the group that owns it".to_owned();
        say(State::Warning, "can only be read by this account", mend);
    } else {
        for side in ["-wal", "-shm"].map(|suffix| beside(path, suffix)).iter().filter(|it| it.exists()) {
            if !may_write(side) {
                let what = format!("but {} cannot be written by this account", side.display());
                say(State::Fault, &what, format!("whoever owns it: {}", run("chmod 0660", side)));
            }
        }
    }
    if mode & 0o007 != 0 {
        let what = if mode & 0o002 != 0 { "can be written by everybody" } else { "can be read by everybody" };
        say(State::Warning, what, run("chmod 0660", path));
    }
    if mode & 0o060 != 0o060 {
        say(State::Warning, "cannot be read and written by its group", run("chmod 0660", path));
    }
}

/// What is wrong with the folder, in which everybody who writes makes files.
fn folder(folder: &Path, of_folder: &Metadata, of_file: &Metadata, file: &Path, checks: &mut Vec<Check>) {
    let mode = of_folder.mode() & 0o7777;
    let shown = format!("{}, mode {mode:04o}", folder.display());
    let mut warn = |what: &str, mend: String| checks.push(Check::warning("folder", format!("{shown}, {what}"), mend));
    if may_write(file) && !may_write(folder) {
        let mend = "ask for membership of the group that owns it: SQLite makes files beside the register to record";
        warn("cannot be written by this account", mend.to_owned());
    }
    if mode & 0o1002 == 0o1002 {
        // A folder such as /tmp is not to be changed.
        warn("belongs to everybody", "keep the register in a folder of its own group, with mode 2770".to_owned());
        return;
    }
    if mode & 0o002 != 0 {
        warn("can be written by everybody: anybody can put another file in place", run("chmod 2770", folder));
    }
    if mode & 0o070 != 0o070 {
        warn("cannot be used by its group", run("chmod 2770", folder));
    } else if mode & 0o2000 == 0 {
        warn("does not hand its group on to files made in it", run("chmod g+s", folder));
    }
    if of_folder.gid() != of_file.gid() {
        let what = format!("belongs to group {}, and the register to group {}", of_folder.gid(), of_file.gid());
        warn(&what, run(&format!("chgrp {}", of_folder.gid()), file));
    }
}

/// One host's disk, or one that others may write too.
fn file_system(path: &Path) -> Check {
    const NAME: &str = "file system";
    let Some(mount) = Mount::of(path) else {
        return Check::warning(
            NAME,
            "this system does not tell on which file system the register lies",
            "make sure that it is a local disk, not NFS or a folder that is synchronised",
        );
    };
    let what = format!("{} at {}", mount.kind, mount.point.display());
    if mount.is_network() {
        let mend = "move the register to a local disk of one host, and run twinseal there: it is only read here";
        return Check::fault(NAME, format_args!("{what}, a network file system"), mend);
    }
    if mount.is_unknown() {
        let mend = "make sure that the files lie on a local disk: other hosts must not write there";
        return Check::warning(NAME, format_args!("{what}, a program that may keep files anywhere"), mend);
    }
    if mount.is_in_memory() {
        let mend = "move the register to a disk";
        return Check::warning(NAME, format_args!("{what}, which is gone when the host restarts"), mend);
    }
    Check::ok(NAME, format_args!("{what}, local"))
}

fn room(folder: &Path) -> Check {
    const NAME: &str = "room";
    const MEND: &str = "make room on that file system; a disk that is full records nothing";
    match free(folder) {
        Err(error) => Check::warning(NAME, format_args!("the system does not tell how much is free: {error}"), MEND),
        Ok(free) => {
            let what = format!("{} MiB free", free >> 20);
            match free {
                ..TOO_LITTLE => Check::fault(NAME, what, MEND),
                TOO_LITTLE..LITTLE => Check::warning(NAME, what, MEND),
                _ => Check::ok(NAME, what),
            }
        }
    }
}
