//! The author addresses of git commits.

use std::collections::BTreeSet;

use crate::env::Env;
use crate::error::Error;
use crate::tr;

/// The arguments of git before the range. They run no shell, no pager and no other program that a repository configures,
/// and fetch nothing. The addresses are those in the commits: a repository's mailmap must not replace them.
const GIT_LOG: [&str; 9] = [
    "--no-pager",
    "-c",
    "log.showSignature=false",
    "-c",
    "i18n.logOutputEncoding=UTF-8",
    "log",
    "-z",
    "--format=%ae",
    "--end-of-options",
];

/// Fails unless `range` reads as a range of two revisions.
///
/// # Errors
/// [`Error::Form`].
pub fn check_range(range: &str) -> Result<(), Error> {
    let plain =
        |part: &str| !part.is_empty() && !part.starts_with(['-', '.']) && part.bytes().all(|b| b.is_ascii_graphic());
    let ends = range.split_once("..").filter(|(from, to)| plain(from) && plain(to) && !to.contains(".."));
    match ends {
        Some(_) => Ok(()),
        None => Err(Error::Form { given: range.to_owned(), form: "v2.4.0..HEAD" }),
    }
}

/// The distinct author addresses of the commits in a range, in the repository of the current directory.
///
/// # Errors
/// [`Error::Form`] if it is not a range of two revisions; [`Error::Git`] if git cannot be run, or fails.
pub fn commit_addresses(env: &Env, range: &str) -> Result<BTreeSet<String>, Error> {
    check_range(range)?;
    let args: Vec<&str> = GIT_LOG.into_iter().chain([range, "--"]).collect();
    let output = env.git(&args).map_err(|error| Error::Git { reason: error.to_string() })?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        return Err(Error::Git {
            reason: reason.lines().next().unwrap_or(tr!("it failed", "执行失败")).to_owned()
        });
    }
    let addresses = String::from_utf8_lossy(&output.stdout);
    Ok(addresses
        .split('\0')
        .map(|it| it.trim_end_matches('\n'))
        .filter(|it| !it.is_empty())
        .map(str::to_owned)
        .collect())
}
