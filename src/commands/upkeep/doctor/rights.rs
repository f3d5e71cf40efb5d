//! Checks of permissions, file system and free space.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::{Check, State};
use crate::domain::Time;
use crate::error::shell_word;
use crate::store::{Mount, SecondPath, beside, free, may_read, may_write};
use crate::{tr, trf};

/// Free space in bytes below which doctor warns, or reports a fault. A day of work can take some megabytes.
const LITTLE: u64 = 200 << 20;
const TOO_LITTLE: u64 = 20 << 20;

fn run(command: &str, path: &Path) -> String {
    trf!("run: {command} {}", "请运行：{command} {}", shell_word(&path.display().to_string()))
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
            let what = trf!("cannot read {}: {error}", "无法读取 {}：{error}", path.display());
            checks.push(Check::fault(tr!("file", "文件"), what, tr!("check the path", "请检查路径")));
            return;
        }
    };
    let well = |name, path: &Path, of: &Metadata| {
        let can = if may_write(path) { tr!("writable", "可写") } else { tr!("readable", "可读") };
        let (path, mode) = (path.display(), of.mode() & 0o7777);
        Check::ok(name, trf!("{path}, mode {mode:04o}, {can}", "{path}，权限 {mode:04o}，{can}"))
    };
    let before = checks.len();
    file(path, &of_file, checks);
    if checks.len() == before {
        checks.push(well(tr!("file", "文件"), path, &of_file));
    }
    let before = checks.len();
    self::folder(folder, &of_folder, &of_file, path, checks);
    if checks.len() == before {
        checks.push(well(tr!("directory", "目录"), folder, &of_folder));
    }
    checks.push(file_system(path));
    checks.push(room(folder));
}

/// Reports problems of the file.
fn file(path: &Path, file: &Metadata, checks: &mut Vec<Check>) {
    let mode = file.mode() & 0o7777;
    let shown = trf!("{}, mode {mode:04o}", "{}，权限 {mode:04o}", path.display());
    let mut say = |state, what: &str, hint: String| {
        let what = trf!("{shown}, {what}", "{shown}，{what}");
        checks.push(Check { name: tr!("file", "文件"), state, what, hint: Some(hint) });
    };
    if !may_read(path) {
        let hint = tr!("ask to join the group that owns it", "请申请加入其属组").to_owned();
        say(State::Fault, tr!("not readable by this account", "本账号不可读"), hint);
    } else if !may_write(path) {
        let hint = tr!("to record, ask to join the group that owns it", "若要记录，请申请加入其属组").to_owned();
        say(State::Warning, tr!("not writable by this account", "本账号不可写"), hint);
    } else {
        for side in ["-wal", "-shm", "-queue"].map(|suffix| beside(path, suffix)).iter().filter(|it| it.exists()) {
            if !may_write(side) {
                let what = trf!("but {} is not writable by this account", "但 {} 对本账号不可写", side.display());
                let hint = trf!("its owner must {}", "由其所有者操作，{}", run("chmod 0660", side));
                say(State::Fault, &what, hint);
            }
        }
    }
    match SecondPath::of(path, file, Mount::of(path).as_ref()) {
        Some(second @ SecondPath::Links(_)) => {
            let find = run("find DIRECTORY -samefile", path);
            let hint = trf!("remove its other names: {find}", "删除它的其他名称，{find}");
            say(State::Fault, &trf!("{second}: only read", "{second}：只能读取"), hint);
        }
        Some(second @ SecondPath::Mounted) => {
            let hint = tr!("mount its directory instead", "请改为挂载其所在目录").to_owned();
            say(State::Fault, &trf!("{second}: only read", "{second}：只能读取"), hint);
        }
        None => {}
    }
    if mode & 0o007 != 0 {
        let what = match mode & 0o002 != 0 {
            true => tr!("writable by everybody", "所有人可写"),
            false => tr!("readable by everybody", "所有人可读"),
        };
        say(State::Warning, what, run("chmod 0660", path));
    }
    if mode & 0o060 != 0o060 {
        let what = tr!("not readable and writable by its group", "其属组不能读写");
        say(State::Warning, what, run("chmod 0660", path));
    }
}

/// Reports problems of the folder, in which every writer creates files.
fn folder(folder: &Path, of_folder: &Metadata, of_file: &Metadata, file: &Path, checks: &mut Vec<Check>) {
    let mode = of_folder.mode() & 0o7777;
    let shown = trf!("{}, mode {mode:04o}", "{}，权限 {mode:04o}", folder.display());
    let mut warn = |what: &str, hint: String| {
        let what = trf!("{shown}, {what}", "{shown}，{what}");
        checks.push(Check::warning(tr!("directory", "目录"), what, hint));
    };
    if may_write(file) && !may_write(folder) {
        let hint = tr!(
            "ask to join the group that owns it: SQLite creates files beside the register when it writes",
            "请申请加入其属组：SQLite 写入时会在变更台账旁创建文件"
        );
        warn(tr!("not writable by this account", "本账号不可写"), hint.to_owned());
    }
    if mode & 0o1002 == 0o1002 {
        // The mode of a folder such as /tmp must stay.
        let hint = tr!(
            "move the register to a directory of its own group with mode 2770",
            "请将变更台账移到属于其属组、权限为 2770 的目录"
        );
        warn(tr!("shared by everybody", "所有人共用"), hint.to_owned());
        return;
    }
    if mode & 0o002 != 0 {
        let what = tr!("writable by everybody: anybody can replace the file", "所有人可写：任何人都能替换该文件");
        warn(what, run("chmod 2770", folder));
    }
    if mode & 0o070 != 0o070 {
        warn(tr!("not accessible to its group", "其属组无法访问"), run("chmod 2770", folder));
    } else if mode & 0o2000 == 0 {
        warn(tr!("new files do not inherit its group", "新文件不继承其属组"), run("chmod g+s", folder));
    }
    if of_folder.gid() != of_file.gid() {
        let what = trf!(
            "owned by group {}, but the register by group {}",
            "属组为 {}，而变更台账的属组为 {}",
            of_folder.gid(),
            of_file.gid()
        );
        warn(&what, run(&format!("chgrp {}", of_folder.gid()), file));
    }
}

/// Checks that the register is on a local disk.
fn file_system(path: &Path) -> Check {
    let name = tr!("file system", "文件系统");
    let Some(mount) = Mount::of(path) else {
        return Check::warning(
            name,
            tr!("unknown file system", "未知的文件系统"),
            tr!(
                "make sure that it is a local disk, not NFS or a synchronised directory",
                "请确认它是本地磁盘，而不是 NFS 或同步目录"
            ),
        );
    };
    let what = trf!("{} at {}", "{}，挂载于 {}", mount.kind, mount.point.display());
    if mount.is_network() {
        let hint = tr!(
            "move the register to a local disk and run twinseal on that host; here it is read-only",
            "请将变更台账移到本地磁盘，并在该主机上运行 twinseal；在此处只能读取"
        );
        return Check::fault(name, trf!("{what}, a network file system", "{what}，网络文件系统"), hint);
    }
    if mount.is_unknown() {
        let hint = tr!(
            "make sure that it is a local disk: other hosts must not write there",
            "请确认它是本地磁盘：其他主机不得在其上写入"
        );
        let what = trf!(
            "{what}, a FUSE file system that may store files anywhere",
            "{what}，FUSE 文件系统，文件可能存放在任何地方"
        );
        return Check::warning(name, what, hint);
    }
    if mount.is_in_memory() {
        let hint = tr!("move the register to a disk", "请将变更台账移到磁盘上");
        return Check::warning(name, trf!("{what}, lost when the host restarts", "{what}，主机重启后丢失"), hint);
    }
    Check::ok(name, trf!("{what}, local", "{what}，本地"))
}

fn room(folder: &Path) -> Check {
    let name = tr!("free space", "剩余空间");
    let hint = tr!(
        "free space on that file system; nothing can be recorded on a full disk",
        "请清理该文件系统的空间；磁盘已满时无法记录"
    );
    match free(folder) {
        Err(error) => Check::warning(name, trf!("unknown: {error}", "未知：{error}"), hint),
        Ok(free) => {
            let what = trf!("{} MiB free", "剩余 {} MiB", free >> 20);
            match free {
                ..TOO_LITTLE => Check::fault(name, what, hint),
                TOO_LITTLE..LITTLE => Check::warning(name, what, hint),
                _ => Check::ok(name, what),
            }
        }
    }
}
