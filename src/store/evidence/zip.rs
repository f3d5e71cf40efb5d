//! A pack as a zip: the same files, stored without compression, so that no small file becomes a large one.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};

use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::files::{FOLDERS, Found};
use crate::format::pack::{Files, MOST_BYTES, MOST_FILES};
use crate::{tr, trf};

fn failed(error: ZipError) -> io::Error {
    match error {
        ZipError::Io(error) => error,
        error => io::Error::new(io::ErrorKind::InvalidData, error),
    }
}

/// Writes the files in their order. The same files give the same bytes.
pub(super) fn write(file: File, files: &Files) -> io::Result<()> {
    // The oldest time that a zip can name: the time of writing would say nothing about the evidence.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o644);
    let mut archive = ZipWriter::new(BufWriter::new(file));
    for (name, bytes) in files {
        archive.start_file(name.to_string(), options).map_err(failed)?;
        archive.write_all(bytes)?;
    }
    archive.finish().map_err(failed)?.flush()
}

/// Reads the files. Whatever else an archive can hold is refused: links, other folders, compressed and encrypted files,
/// a name twice, bytes that belong to several files.
pub(super) fn read(found: &mut Found, file: File) -> io::Result<()> {
    let too_large =
        || io::Error::new(io::ErrorKind::InvalidData, tr!("too large for an evidence pack", "超过证据包的大小上限"));
    // The directory of the archive is read before anything says how many files it lists.
    if file.metadata()?.len() > 2 * MOST_BYTES {
        return Err(too_large());
    }
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(failed)?;
    if archive.len() > MOST_FILES {
        return Err(too_large());
    }
    if archive.has_duplicate_names() || archive.has_overlapping_entries().map_err(failed)? {
        found.refuse(
            tr!("two files of the zip have one name or common bytes", "zip 中有两个文件同名或共用字节").to_owned(),
        );
    }
    for at in 0..archive.len() {
        let file = archive.by_index_raw(at).map_err(failed)?;
        let (name, length) = (file.name().map_err(failed)?.into_owned(), file.size());
        if FOLDERS.iter().any(|folder| name.strip_suffix('/') == Some(folder)) {
            continue;
        }
        if file.is_symlink() || file.encrypted() || file.compression() != CompressionMethod::Stored {
            found.refuse(trf!(
                "{name:.200?} is not stored as a plain file; unpack the zip, and verify the folder",
                "{name:.200?} 不是以未压缩的普通文件存放；请解压后核验文件夹"
            ));
            continue;
        }
        drop(file);
        let file = archive.by_index(at).map_err(failed)?;
        found.take(&name, length, file)?;
    }
    Ok(())
}
