//! This account's own files: its trusted registers, pins, caches and keys. Nobody else may write them, and no command
//! creates one in another account's home.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::{tr, trf};
use rustix::fs::{Mode, OFlags};
use rustix::process::{DumpableBehavior, Resource, Rlimit, geteuid, set_dumpable_behavior, setrlimit, umask};
use zeroize::Zeroizing;

/// Why a file or directory of this account cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PrivateError {
    /// The system refused an operation.
    #[error("{}", trf!("cannot {doing} {}: {source}", "无法{doing} {}：{source}", .path.display()))]
    Io {
        /// The operation, such as `read`, in the language of the reader.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// Another account owns it, as when root keeps a user's `HOME`.
    #[error("{}", trf!("{} belongs to {owner}, and this is {me}", "{} 属于 {owner}，而当前账号是 {me}", .path.display()))]
    Foreign {
        /// The file or directory.
        path: PathBuf,
        /// Its owner.
        owner: String,
        /// The account that runs the command.
        me: String,
    },
    /// Others may write it.
    #[error("{}", trf!("{} can be written by others (mode {mode:04o})", "{} 可被他人写入（权限 {mode:04o}）", .path.display()))]
    Exposed {
        /// The file or directory.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Others may read it, and it holds secrets.
    #[error(
        "{}",
        trf!(
            "{} holds secrets and can be read by others (mode {mode:04o})",
            "{} 含有凭据，却可被他人读取（权限 {mode:04o}）",
            .path.display()
        )
    )]
    Readable {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
}

impl PrivateError {
    fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }
}

/// Opens a regular file for reading. A pipe or a device, which might never answer or end, is an error and is not waited
/// for.
///
/// # Errors
/// What the system reports; `InvalidData` for anything but a regular file.
pub fn open_regular(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::new(io::ErrorKind::InvalidData, tr!("not a regular file", "不是普通文件"))),
    }
}

/// The name of an account, from `/etc/passwd`, and its number.
fn account(uid: u32) -> String {
    let known = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = known.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    });
    named.map_or_else(|| format!("uid {uid}"), |name| format!("{name} (uid {uid})"))
}

/// Checks that this account owns a file or directory, and that nobody else may write it.
fn check(path: &Path, of: &Metadata) -> Result<(), PrivateError> {
    check_owner(path, of)?;
    check_mode(path, of)
}

fn check_mode(path: &Path, of: &Metadata) -> Result<(), PrivateError> {
    let mode = of.mode() & 0o7777;
    if mode & 0o022 != 0 { Err(PrivateError::Exposed { path: path.to_owned(), mode }) } else { Ok(()) }
}

fn check_owner(path: &Path, of: &Metadata) -> Result<(), PrivateError> {
    let me = geteuid().as_raw();
    if of.uid() == me {
        return Ok(());
    }
    Err(PrivateError::Foreign { path: path.to_owned(), owner: account(of.uid()), me: account(me) })
}

/// Makes a directory that only this account can use, with mode 0700, and any that are missing above it.
///
/// # Errors
/// [`PrivateError::Foreign`] if the directory, or the one in which it would be made, belongs to another account; a
/// directory of root, such as `/tmp`, may hold it. [`PrivateError::Exposed`] if others may write it.
pub fn make_folder(path: &Path) -> Result<(), PrivateError> {
    let missing = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    match fs::metadata(path) {
        Ok(of) => return check(path, &of),
        Err(error) if !missing(&error) => return Err(PrivateError::io(tr!("read", "读取"), path)(error)),
        Err(_) => {}
    }
    let above = path.ancestors().skip(1).find_map(|above| Some((above, fs::metadata(above).ok()?)));
    match above {
        Some((_, of)) if of.uid() == 0 => {}
        Some((above, of)) => check_owner(above, &of)?,
        None => {}
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(PrivateError::io(tr!("make the directory", "创建目录"), path))
}

/// Checks that nobody else may write a directory, if there is one: they could exchange what is in it.
///
/// # Errors
/// [`PrivateError::Exposed`].
pub fn check_folder(path: &Path) -> Result<(), PrivateError> {
    fs::metadata(path).map_or(Ok(()), |of| check_mode(path, &of))
}

/// Checks that this account owns a file, and that nobody else may write it, if there is one.
///
/// # Errors
/// [`PrivateError::Foreign`], [`PrivateError::Exposed`].
pub fn check_file(path: &Path) -> Result<(), PrivateError> {
    fs::metadata(path).map_or(Ok(()), |of| check(path, &of))
}

/// Who may own a file that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// This account alone.
    Me,
    /// This account, or root, who may install settings for everybody.
    MeOrRoot,
}

/// The text of a file; `None` if there is none.
///
/// # Errors
/// As [`make_folder`], for the file; or it is no UTF-8 text.
pub fn read(path: &Path, owner: Owner) -> Result<Option<String>, PrivateError> {
    let mut file = match open_regular(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(PrivateError::io(tr!("read", "读取"), path)(error)),
    };
    let of = file.metadata().map_err(PrivateError::io(tr!("read", "读取"), path))?;
    if owner == Owner::Me || of.uid() != 0 {
        check_owner(path, &of)?;
    }
    check_mode(path, &of)?;
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(PrivateError::io(tr!("read", "读取"), path))?;
    Ok(Some(text))
}

/// The most bytes of a file of secrets.
const MAX_SECRETS: usize = 64 * 1024;

/// The text of a file of secrets, wiped on drop.
///
/// # Errors
/// [`PrivateError::Foreign`] if another account owns it, [`PrivateError::Readable`] if its group or others have any
/// access; [`PrivateError::Io`] if it cannot be read, is larger than 64 KiB or no UTF-8 text.
pub fn read_secret(path: &Path) -> Result<Zeroizing<String>, PrivateError> {
    let file = open_regular(path).map_err(PrivateError::io(tr!("read", "读取"), path))?;
    let of = file.metadata().map_err(PrivateError::io(tr!("read", "读取"), path))?;
    check_owner(path, &of)?;
    let mode = of.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(PrivateError::Readable { path: path.to_owned(), mode });
    }
    // Memory that grows would leave parts of the secrets behind.
    let mut text = Zeroizing::new(String::with_capacity(MAX_SECRETS + 1));
    file.take(MAX_SECRETS as u64 + 1).read_to_string(&mut text).map_err(PrivateError::io(tr!("read", "读取"), path))?;
    if text.len() > MAX_SECRETS {
        let large = io::Error::new(io::ErrorKind::InvalidData, tr!("larger than 64 KiB", "超过 64 KiB"));
        return Err(PrivateError::io(tr!("read", "读取"), path)(large));
    }
    Ok(text)
}

/// Replaces a file by rename, with mode 0600. It then holds the old content or the new, never a part of one. The caller
/// excludes other writers with [`lock`].
///
/// # Errors
/// [`PrivateError::Io`].
pub fn replace(path: &Path, content: &str) -> Result<(), PrivateError> {
    replace_with(path, content.as_bytes(), 0o600)
}

/// Puts a file that others may read, with mode 0644, into a directory of this account, which is made if it is missing. A
/// link of that name is replaced, and what it leads to is unchanged.
///
/// # Errors
/// As [`make_folder`] and [`replace`].
pub fn install(path: &Path, content: &[u8]) -> Result<(), PrivateError> {
    make_folder(path.parent().unwrap_or(Path::new(".")))?;
    replace_with(path, content, 0o644)
}

fn replace_with(path: &Path, content: &[u8], mode: u32) -> Result<(), PrivateError> {
    let failed = || PrivateError::io(tr!("write", "写入"), path);
    // A killed process may have left this file half written.
    let fresh = path.with_extension("new");
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed()(error)),
        _ => {}
    }
    let made = OpenOptions::new().write(true).create_new(true).mode(mode).open(&fresh);
    let written = made.and_then(|mut file| file.write_all(content).and_then(|()| file.sync_all()));
    written.and_then(|()| fs::rename(&fresh, path)).map_err(failed())?;
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed())
}

/// Waits until no other process of this account holds the lock, and holds it until the result is dropped.
///
/// # Errors
/// [`PrivateError::Io`].
pub fn lock(path: &Path) -> Result<File, PrivateError> {
    // A pipe of that name is an error, and is not waited for.
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let made = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).custom_flags(flags).open(path);
    made.and_then(|file| file.lock().map(|()| file)).map_err(PrivateError::io(tr!("lock", "锁定"), path))
}

/// Like [`lock`], but waits for nobody; `None` if another process holds the lock.
///
/// # Errors
/// [`PrivateError::Io`].
pub fn try_lock(path: &Path) -> Result<Option<File>, PrivateError> {
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let made = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).custom_flags(flags).open(path);
    let file = made.map_err(PrivateError::io(tr!("lock", "锁定"), path))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(PrivateError::io(tr!("lock", "锁定"), path)(error)),
    }
}

/// Lets the umask take no right from this account itself: a directory without them would lock the account out.
pub fn keep_own_rights() {
    let asked = umask(Mode::from_raw_mode(0o077));
    umask(asked & Mode::from_raw_mode(0o077));
}

/// Keeps this process's memory, which holds unlocked keys, out of core dumps and away from debuggers of this account.
///
/// Call it before a key is read. It cannot fail for a limit that is lowered; if the kernel refused, the command still
/// works, so errors are ignored.
pub fn forbid_core_dumps() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let _ = setrlimit(Resource::Core, none);
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}
