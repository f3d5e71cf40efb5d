//! Writes the settings of an enrolled person into `config.toml`.

use super::config::{Name, store};
use crate::commands::Context;
use crate::config::{Config, Known};
use crate::domain::{Digest, PersonId};
use crate::error::Error;
use crate::output::safe;
use crate::trf;

/// Sets register, key and person in `config.toml` where it has none of them, and says so. What it has stays: it may be
/// meant for another register. Returns whether anything was written.
///
/// # Errors
/// `config.toml` cannot be read or written.
pub fn settle(context: &mut Context<'_>, fingerprint: Digest, person: &PersonId) -> Result<bool, Error> {
    let fingerprint = fingerprint.to_string();
    let mut known = context.registers.known().list().iter();
    let Some(known) = known.find(|it| !it.superseded && it.fingerprint == fingerprint).cloned() else {
        return Ok(false);
    };
    let config = Config::load(context.env)?;
    if let Some(other) = config.register.as_deref().filter(|given| !is(context, given, &known)) {
        context.env.status(trf!(
            "note: config.toml names another register, {}; it is unchanged. For this one: `twinseal --register {}`",
            "注意：config.toml 中是另一个变更台账 {}，未作改动。要使用这一个：`twinseal --register {}`",
            safe(other),
            safe(&known.name)
        ));
        return Ok(false);
    }
    let key = context.key_choice.key_path();
    if let (Some(set), Some(used)) = (&config.key, &key)
        && context.env.path(set) != *used
    {
        context.env.status(trf!(
            "note: config.toml names another key, {}; to use this one: `twinseal config set key {}`",
            "注意：config.toml 中是另一把密钥 {}；要使用这一把：`twinseal config set key {}`",
            safe(&set.display().to_string()),
            safe(&used.display().to_string())
        ));
    }
    let key = key.and_then(|path| path.to_str().map(str::to_owned));
    let wanted = [
        (Name::Register, Some(known.name.clone()).filter(|_| config.register.is_none())),
        (Name::Key, key.filter(|_| config.key.is_none())),
        (Name::As, Some(person.to_string()).filter(|_| config.person.is_none())),
    ];
    let missing: Vec<(Name, String)> = wanted.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    if missing.is_empty() {
        return Ok(false);
    }
    store(context, &missing)?;
    for (name, value) in &missing {
        let (name, value) = (name.as_str(), safe(value));
        context.env.remark(trf!("set {name} to {value} in config.toml", "已在 config.toml 中将 {name} 设为 {value}"));
    }
    Ok(true)
}

/// Whether a name or path in `config.toml` means this register.
fn is(context: &Context<'_>, given: &str, known: &Known) -> bool {
    context.registers.path(context.env, given).is_ok_and(|path| path == known.path || path == known.file)
}
