//! The language of a command: `--lang`, `TWINSEAL_LANG`, then the locale.

use std::ffi::{OsStr, OsString};

use crate::env::Env;
use crate::error::UsageError;
use crate::lang::Lang;
use crate::tr;

/// The variables that name the locale of messages; the first that is set decides (POSIX.1-2017, 8.2).
const LOCALE: [&str; 3] = ["LC_ALL", "LC_MESSAGES", "LANG"];

/// Chooses the language before the command line is read, because its help and its faults have one too. JSON is always
/// English. An unknown value of `--lang` is left to the reader of the command line.
///
/// # Errors
/// `TWINSEAL_LANG` names no language that twinseal speaks.
pub fn choose(args: &[OsString], env: &Env) -> Result<Lang, UsageError> {
    if asks_for_json(args) {
        return Ok(Lang::En);
    }
    if let Some(given) = option(options(args)) {
        return Ok(given.parse().unwrap_or_default());
    }
    if let Some(set) = env.variables.get("TWINSEAL_LANG") {
        let unknown = |why| UsageError {
            message: format!("TWINSEAL_LANG: {set:?}: {why}"),
            hint: tr!("set it to en or zh-CN, or unset it", "请设为 en 或 zh-CN，或取消设置").to_owned(),
        };
        return set.to_str().unwrap_or_default().parse().map_err(unknown);
    }
    let locale = LOCALE.iter().find_map(|name| env.variables.get(*name)).and_then(|it| it.to_str());
    Ok(locale.map_or(Lang::En, Lang::of_locale))
}

/// Whether a command line that may be invalid asks for JSON.
pub fn asks_for_json(args: &[OsString]) -> bool {
    options(args).any(|it| it == "--json")
}

/// The words up to `--`.
fn options(args: &[OsString]) -> impl Iterator<Item = &OsString> {
    args.iter().take_while(|it| *it != "--")
}

/// The last value of `--lang`.
fn option<'a>(args: impl Iterator<Item = &'a OsString>) -> Option<&'a str> {
    let mut args = args.map(OsString::as_os_str);
    let mut given = None;
    while let Some(word) = args.next() {
        let word = word.to_str().unwrap_or_default();
        if word == "--lang" {
            given = args.next().and_then(OsStr::to_str);
        } else if let Some(value) = word.strip_prefix("--lang=") {
            given = Some(value);
        }
    }
    given
}
