//! `checkpoint --timestamp`: asks an authority for a timestamp, or takes in what it answered elsewhere.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::commands::Context;
use crate::commands::files::{check_absent, create, read_bytes_within};
use crate::commands::lookup::name_of_input;
use crate::commands::timestamp::file_beside;
use crate::error::{Error, TimestampFailure};
use crate::format::timestamp::{Authorities, MAX_RESPONSE, Timestamp, judge, request};
use crate::notify::ask_timestamp_authority;

/// How long an authority has for its answer. Public ones take less than a second.
const LIMIT: Duration = Duration::from_secs(20);

/// Where a timestamp comes from.
pub enum Source {
    /// An authority, by its URL.
    Authority(String),
    /// A file with an authority's answer.
    Answer(PathBuf),
}

impl Source {
    /// What `--timestamp` names.
    pub fn of(given: &Path) -> Self {
        let is_url = |it: &&str| it.starts_with("http://") || it.starts_with("https://");
        match given.to_str().filter(is_url) {
            Some(url) => Self::Authority(url.to_owned()),
            None => Self::Answer(given.to_owned()),
        }
    }
}

/// Gets a timestamp of the checkpoint in a file, judges it, and keeps it beside the checkpoint.
///
/// # Errors
/// There is none, it is not a timestamp of these bytes, or it cannot be written.
pub fn stamp(
    context: &mut Context<'_>,
    source: &Source,
    (file, checkpoint): (&Path, &str),
    trusted: Option<&Authorities>,
) -> Result<Timestamp, Error> {
    let document = checkpoint.as_bytes();
    let (response, judged) = match source {
        Source::Authority(url) => {
            check_absent(context.env, &file_beside(file))?;
            let bad = |why| TimestampFailure::BadAnswer { why, file: file.to_owned() };
            // A positive number in any encoding.
            let nonce = u64::from_be_bytes(context.env.random()?) >> 1;
            let query = request(document, nonce).map_err(bad)?;
            let answer = ask_timestamp_authority(url, &query, LIMIT, context.env.now());
            let response = answer.map_err(|failure| TimestampFailure::NotSent {
                reason: failure.reason().clone(),
                file: file.to_owned(),
            })?;
            let judged = judge(&response, document, Some(nonce), trusted).map_err(bad);
            (response, judged)
        }
        Source::Answer(given) => {
            let response = read_bytes_within(context.env, given, MAX_RESPONSE as u64)?;
            let judged = judge(&response, document, None, trusted).map_err(|why| TimestampFailure::BadFile {
                reply: name_of_input(given),
                why,
                file: name_of_input(file),
            });
            (response, judged)
        }
    };
    let judged = judged?;
    keep(context, &file_beside(file), &response)?;
    Ok(judged)
}

/// Writes a timestamp, unless it is there already.
fn keep(context: &Context<'_>, file: &Path, response: &[u8]) -> Result<(), Error> {
    match fs::read(context.env.path(file)) {
        Ok(there) if there == response => Ok(()),
        _ => create(context.env, file, response),
    }
}
