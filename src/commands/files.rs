//! Reads and writes text files given on the command line.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::lookup::name_of_input;
use crate::env::Env;
use crate::error::{Error, FileAct};
use crate::input::Fault;

/// The size limit in bytes, above every limit of a draft or a request.
const MOST_INPUT: u64 = 1 << 20;

/// Reads a file that a person wrote; `read` finds its faults.
///
/// # Errors
/// As [`read_text`], or [`Error::Faults`] with every fault of the file.
pub fn read_draft<T>(env: &mut Env, given: &Path, read: impl Fn(&str) -> Result<T, Vec<Fault>>) -> Result<T, Error> {
    let source = read_text(env, given)?;
    read(&source).map_err(|faults| Error::Faults { path: name_of_input(given), faults })
}

/// The content of a text file; `-` is standard input.
///
/// # Errors
/// The file cannot be read, is too large, or is not UTF-8.
pub fn read_text(env: &mut Env, given: &Path) -> Result<String, Error> {
    read_text_within(env, given, MOST_INPUT)
}

/// As [`read_text`], for a file of at most so many bytes.
///
/// # Errors
/// As [`read_text`].
pub fn read_text_within(env: &mut Env, given: &Path, most: u64) -> Result<String, Error> {
    let (name, bytes) = (name_of_input(given), read_bytes_within(env, given, most)?);
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.iter().filter(|b| **b == b'\n').count() + 1;
        Error::NotText { path: name, line }
    })
}

/// The content of any file of at most so many bytes; `-` is standard input.
///
/// # Errors
/// The file cannot be read or is too large.
pub fn read_bytes_within(env: &mut Env, given: &Path, most: u64) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::File { doing: FileAct::Read, path: given.to_owned(), source };
    let mut bytes = Vec::new();
    if given == Path::new("-") {
        env.input.by_ref().take(most + 1).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        let file = fs::File::open(env.path(given)).map_err(failed)?;
        file.take(most + 1).read_to_end(&mut bytes).map_err(failed)?;
    }
    match bytes.len() as u64 > most {
        true => Err(Error::FileTooLarge { path: name_of_input(given), most }),
        false => Ok(bytes),
    }
}

/// Fails if there is a file, before anybody is asked about what [`create`] would write into it.
///
/// # Errors
/// [`Error::File`].
pub fn check_absent(env: &Env, given: &Path) -> Result<(), Error> {
    match fs::symlink_metadata(env.path(given)) {
        Err(_) => Ok(()),
        Ok(_) => {
            let source = ErrorKind::AlreadyExists.into();
            Err(Error::File { doing: FileAct::Create, path: given.to_owned(), source })
        }
    }
}

/// Writes a text into a new file. An existing file is never overwritten: it could be a key.
///
/// # Errors
/// [`Error::File`].
pub fn create(env: &Env, given: &Path, content: impl AsRef<[u8]>) -> Result<(), Error> {
    let path = env.path(given);
    // Others may read it, never write it.
    let file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(&path);
    file.and_then(|mut file| {
        // A part is no use, and would be in the way of the next one.
        file.write_all(content.as_ref()).inspect_err(|_| _ = fs::remove_file(&path))
    })
    .map_err(|source| Error::File { doing: FileAct::Create, path: given.to_owned(), source })
}
