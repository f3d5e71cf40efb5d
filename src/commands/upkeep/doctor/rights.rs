//! Checks of permissions, file system and free space.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::{Check, State};
use crate::domain::Time;
use crate::error::shell_word;
use crate::store::{Mount, SecondPath, beside, free, may_read, may_write};

/// Free space in bytes below which doctor warns, or reports a fault. A day of work can take some megabytes.
const LITTLE: u64 = 200 << 20;
const TOO_LITTLE: u64 = 20 << 20;

fn run(command: &str, path: &Path) -> String {
    format!("run: {command} {}", shell_word(&path.display().to_string()))
}

/// The newest modification time of the register's file and its WAL file.
pub(in crate::commands) fn written(file: &Path) -> Option<Time> {
    let times = ["", "-wal"].into_iter().filter_map(|suffix| fs::metadata(beside(file, suffix)).ok());
    times.filter_map(|it| Time::from_unix(it.mtime()).ok()).max()
}

/// Checks the register's file, its folder, the file system and the free space.
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
        let can = if may_write(path) { "writable" } else { "readable" };
        Check::ok(name, format_args!("{}, mode {:04o}, {can}", path.display(), of.mode() & 0o7777))
    };
    let before = checks.len();
    file(path, &of_file, checks);
    if checks.len() == before {
        checks.push(well("file", path, &of_file));
    }
    let before = checks.len();
    self::folder(folder, &of_folder, &of_file, path, checks);
    if checks.len() == before {
        checks.push(well("directory", folder, &of_folder));
    }
    checks.push(file_system(path));
    checks.push(room(folder));
}

/// Reports problems of the file.
fn file(path: &Path, file: &Metadata, checks: &mut Vec<Check>) {
    let mode = file.mode() & 0o7777;
    let shown = format!("{}, mode {mode:04o}", path.display());
    let mut say = |state, what: &str, hint: String| {
        checks.push(Check { name: "file", state, what: format!("{shown}, {what}"), hint: Some(hint) });
    };
    if !may_read(path) {
        let hint = "ask to join the group that owns it".to_owned();
        say(State::Fault, "not readable by this account", hint);
    } else if !may_write(path) {
        let hint = "to record, ask to join the group that owns it".to_owned();
        say(State::Warning, "not writable by this account", hint);
    } else {
        for side in ["-wal", "-shm", "-queue"].map(|suffix| beside(path, suffix)).iter().filter(|it| it.exists()) {
            if !may_write(side) {
                let what = format!("but {} is not writable by this account", side.display());
                say(State::Fault, &what, format!("its owner must {}", run("chmod 0660", side)));
            }
        }
    }
    match SecondPath::of(path, file, Mount::of(path).as_ref()) {
        Some(second @ SecondPath::Links(_)) => {
            let hint = format!("remove its other names: {}", run("find DIRECTORY -samefile", path));
            say(State::Fault, &format!("{second}: only read"), hint);
        }
        Some(second @ SecondPath::Mounted) => {
            say(State::Fault, &format!("{second}: only read"), "mount its directory instead".to_owned());
        }
        None => {}
    }
    if mode & 0o007 != 0 {
        let what = if mode & 0o002 != 0 { "writable by everybody" } else { "readable by everybody" };
        say(State::Warning, what, run("chmod 0660", path));
    }
    if mode & 0o060 != 0o060 {
        say(State::Warning, "not readable and writable by its group", run("chmod 0660", path));
    }
}

/// Reports problems of the folder, in which every writer creates files.
fn folder(folder: &Path, of_folder: &Metadata, of_file: &Metadata, file: &Path, checks: &mut Vec<Check>) {
    let mode = of_folder.mode() & 0o7777;
    let shown = format!("{}, mode {mode:04o}", folder.display());
    let mut warn =
        |what: &str, hint: String| checks.push(Check::warning("directory", format!("{shown}, {what}"), hint));
    if may_write(file) && !may_write(folder) {
        let hint = "ask to join the group that owns it: SQLite creates files beside the register when it writes";
        warn("not writable by this account", hint.to_owned());
    }
    if mode & 0o1002 == 0o1002 {
        // The mode of a folder such as /tmp must stay.
        warn("shared by everybody", "move the register to a directory of its own group with mode 2770".to_owned());
        return;
    }
    if mode & 0o002 != 0 {
        warn("writable by everybody: anybody can replace the file", run("chmod 2770", folder));
    }
    if mode & 0o070 != 0o070 {
        warn("not accessible to its group", run("chmod 2770", folder));
    } else if mode & 0o2000 == 0 {
        warn("new files do not inherit its group", run("chmod g+s", folder));
    }
    if of_folder.gid() != of_file.gid() {
        let what = format!("owned by group {}, but the register by group {}", of_folder.gid(), of_file.gid());
        warn(&what, run(&format!("chgrp {}", of_folder.gid()), file));
    }
}

/// Checks that the register is on a local disk.
fn file_system(path: &Path) -> Check {
    const NAME: &str = "file system";
    let Some(mount) = Mount::of(path) else {
        return Check::warning(
            NAME,
            "unknown file system",
            "make sure that it is a local disk, not NFS or a synchronised directory",
        );
    };
    let what = format!("{} at {}", mount.kind, mount.point.display());
    if mount.is_network() {
        let hint = "move the register to a local disk and run twinseal on that host; here it is read-only";
        return Check::fault(NAME, format_args!("{what}, a network file system"), hint);
    }
    if mount.is_unknown() {
        let hint = "make sure that it is a local disk: other hosts must not write there";
        return Check::warning(NAME, format_args!("{what}, a FUSE file system that may store files anywhere"), hint);
    }
    if mount.is_in_memory() {
        let hint = "move the register to a disk";
        return Check::warning(NAME, format_args!("{what}, lost when the host restarts"), hint);
    }
    Check::ok(NAME, format_args!("{what}, local"))
}

fn room(folder: &Path) -> Check {
    const NAME: &str = "free space";
    const HINT: &str = "free space on that file system; nothing can be recorded on a full disk";
    match free(folder) {
        Err(error) => Check::warning(NAME, format_args!("unknown: {error}"), HINT),
        Ok(free) => {
            let what = format!("{} MiB free", free >> 20);
            match free {
                ..TOO_LITTLE => Check::fault(NAME, what, HINT),
                TOO_LITTLE..LITTLE => Check::warning(NAME, what, HINT),
                _ => Check::ok(NAME, what),
            }
        }
    }
}
