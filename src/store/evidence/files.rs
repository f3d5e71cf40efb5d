//! The files of a pack in a folder or in a zip. Reading follows no link, and holds no more than a pack may have.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::zip;
use crate::format::pack::{Files, MOST_BYTES, MOST_FILES, Name};
use crate::store::Finding;
use crate::store::error::MOST;
use crate::{tr, trf};

/// The folders in a pack.
pub(super) const FOLDERS: [&str; 3] = ["entries", "changes", "evidence"];

/// What was read, and what is there that no pack has.
#[derive(Debug, Default)]
pub struct Found {
    /// The files.
    pub files: Files,
    /// Everything else that was found. Nothing of it was read.
    pub findings: Vec<Finding>,
    bytes: u64,
}

impl Found {
    /// Takes in a file, if a pack can have it. `length` is what is said to be in it.
    pub(super) fn take(&mut self, name: &str, length: u64, content: impl Read) -> io::Result<()> {
        let Ok(known) = name.parse::<Name>() else {
            self.refuse(trf!("{name:.200?} is no file of a pack", "{name:.200?} 不是证据包的文件"));
            return Ok(());
        };
        let most = known.most() as u64;
        if length > most {
            self.refuse(trf!(
                "{name} has {length} bytes, at most {most} are allowed",
                "{name} 有 {length} 字节，至多允许 {most} 字节"
            ));
            return Ok(());
        }
        let mut bytes = Vec::new();
        content.take(most + 1).read_to_end(&mut bytes)?;
        self.bytes += bytes.len() as u64;
        if bytes.len() as u64 != length {
            self.refuse(trf!("{name} does not have {length} bytes", "{name} 的长度不是 {length} 字节"));
        } else if self.files.len() >= MOST_FILES || self.bytes > MOST_BYTES {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                tr!("too large for an evidence pack", "超过证据包的大小上限"),
            ));
        } else if self.files.insert(known, bytes).is_some() {
            self.refuse(trf!("{name} is there twice", "{name} 有重复"));
        }
        Ok(())
    }

    pub(super) fn refuse(&mut self, why: String) {
        if self.findings.len() < MOST {
            self.findings.push(Finding::of_file("manifest", why));
        }
    }
}

/// Reads the pack at a path: a folder, or a zip.
///
/// # Errors
/// What the system reports; `InvalidData` for a file that is not a zip, and for more than a pack can have.
pub fn read(path: &Path) -> io::Result<Found> {
    let mut found = Found::default();
    if fs::metadata(path)?.is_dir() {
        read_folder(&mut found, path, "")?;
    } else {
        let file = crate::private::open_regular(path)?;
        zip::read(&mut found, file)?;
    }
    Ok(found)
}

fn read_folder(found: &mut Found, folder: &Path, within: &str) -> io::Result<()> {
    let mut items = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    items.sort_by_key(fs::DirEntry::file_name);
    for item in items {
        let (name, kind) = (item.file_name(), item.file_type()?);
        let name = format!("{within}{}", name.to_string_lossy());
        if kind.is_dir() && within.is_empty() && FOLDERS.contains(&name.as_str()) {
            read_folder(found, &item.path(), &format!("{name}/"))?;
        } else if kind.is_file() && item.file_name().to_str().is_some() {
            let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
            let file = OpenOptions::new().read(true).custom_flags(flags).open(item.path())?;
            let length = file.metadata()?.len();
            found.take(&name, length, file)?;
        } else {
            found.refuse(trf!("{name:.200?} is no file of a pack", "{name:.200?} 不是证据包的文件"));
        }
    }
    Ok(())
}

/// Writes a pack: as a zip if the name ends with `.zip`, otherwise as a folder. Nothing is overwritten, and no part is
/// left behind.
///
/// # Errors
/// What the system reports.
pub fn write(path: &Path, files: &Files) -> io::Result<()> {
    if path.extension().is_some_and(|it| it.eq_ignore_ascii_case("zip")) {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(path)?;
        return zip::write(file, files).inspect_err(|_| _ = fs::remove_file(path));
    }
    let folder = |path: &Path| DirBuilder::new().mode(0o755).create(path);
    folder(path)?;
    let write_all = || {
        FOLDERS.iter().try_for_each(|name| folder(&path.join(name)))?;
        files.iter().try_for_each(|(name, bytes)| new_file(&path.join(name.to_string()))?.write_all(bytes))
    };
    write_all().inspect_err(|_| _ = fs::remove_dir_all(path))
}

fn new_file(path: &PathBuf) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o644).open(path)
}
