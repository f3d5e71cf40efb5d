//! The timestamp beside a checkpoint, and what it proves.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::Context;
use super::files::read_text;
use super::lookup::name_of_input;
use crate::domain::{Time, is_ahead};
use crate::error::{Error, FileAct, UsageError};
use crate::format::timestamp::{Authorities, MAX_RESPONSE, Timestamp, TimestampError};
use crate::output::safe;
use crate::private::open_regular;
use crate::store::Finding;
use crate::{tr, trf};

/// The most characters of an authority's name that are shown.
const NAME: usize = 120;

/// The file beside a checkpoint that holds its timestamp.
pub fn file_beside(checkpoint: &Path) -> PathBuf {
    let mut file = checkpoint.as_os_str().to_owned();
    file.push(".tsr");
    file.into()
}

/// Reads the timestamp beside a checkpoint, if there is one: no more of it than [`MAX_RESPONSE`] and a byte.
///
/// # Errors
/// It cannot be read.
pub fn read_beside(context: &Context<'_>, checkpoint: &Path) -> Result<Option<Vec<u8>>, Error> {
    if checkpoint == Path::new("-") {
        return Ok(None);
    }
    let (file, mut bytes) = (file_beside(checkpoint), Vec::new());
    let read = match open_regular(&context.env.path(&file)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.and_then(|it| it.take(MAX_RESPONSE as u64 + 1).read_to_end(&mut bytes)),
    };
    read.map_err(|source| Error::File { doing: FileAct::Read, path: file, source })?;
    Ok(Some(bytes))
}

/// Reads the certificates of authorities that the user trusts with timestamps.
///
/// # Errors
/// The file cannot be read or has no certificates.
pub fn read_authorities(context: &mut Context<'_>, given: Option<&Path>) -> Result<Option<Authorities>, Error> {
    let Some(given) = given else { return Ok(None) };
    let text = read_text(context.env, given)?;
    let Some(read) = Authorities::read(text.as_bytes()) else {
        let file = name_of_input(given);
        return Err(UsageError {
            message: trf!("{file} is not a list of certificates in PEM", "{file} 不是 PEM 格式的证书列表"),
            hint: tr!(
                "the authority publishes its root certificate; `openssl x509 -inform DER -in FILE` converts a binary one",
                "时间戳机构会公布其根证书；二进制证书可用 `openssl x509 -inform DER -in FILE` 转换"
            )
            .to_owned(),
        }
        .into());
    };
    Ok(Some(read))
}

/// What a timestamp proves, in words. Without a trusted authority, its name is only what the token says.
pub fn describe(stamp: &Timestamp) -> String {
    let time = stamp.time;
    let name: String = safe(&stamp.authority).chars().take(NAME).collect();
    match stamp.trusted {
        true => {
            trf!("existed at {time}, by the timestamp authority {name}", "{time} 时已存在，由时间戳机构 {name} 证明")
        }
        false => trf!(
            "existed at {time}, if {name} is a timestamp authority that you trust: not checked without --timestamp-ca FILE",
            "{time} 时已存在，前提是 {name} 为您信任的时间戳机构：未用 --timestamp-ca FILE 检查"
        ),
    }
}

/// As programs read it.
pub fn to_json(stamp: &Timestamp) -> Value {
    json!({
        "time": stamp.time.to_string(),
        "authority": stamp.authority,
        "policy": stamp.policy,
        "serial": stamp.serial,
        "trusted": stamp.trusted,
    })
}

/// The finding that a file is no timestamp of its checkpoint.
pub fn broken(file: &str, why: &TimestampError) -> Finding {
    Finding::of_file("timestamp", format!("{file}: {why}"))
}

/// The notice that an entry claims a later time than that at which its checkpoint existed already: one of the two clocks
/// was wrong.
pub fn claimed_later(stamp: &Timestamp, seq: u64, claimed: Time) -> Option<Finding> {
    let existed = stamp.time;
    is_ahead(claimed, existed).then(|| {
        let meaning = trf!(
            "claims {claimed}, but a checkpoint that covers it existed at {existed}, says its timestamp",
            "自称时间 {claimed}，但时间戳称涵盖它的检查点在 {existed} 已存在"
        );
        Finding::at(seq, "clock", meaning)
    })
}
