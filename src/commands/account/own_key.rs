//! The key of this account, which is made if there is none.

use std::path::{Path, PathBuf};

use crate::commands::Context;
use crate::commands::ask::ask;
use crate::commands::people::key;
use crate::error::{Error, KeyChoiceError};
use crate::private;
use crate::signer::{AgentError, KeyError, KeySource};
use crate::store::{Session, StoreError};
use crate::tr;

/// The file of a new key, as a person reads it.
const USUAL: &str = "~/.ssh/id_ed25519";

/// The key of the key file or of the agent: one that is enrolled in the register, if there is one. If there is no key at
/// all, makes one, and asks for its file and passphrase on a terminal.
///
/// # Errors
/// The key cannot be read or made.
pub fn own_key(context: &mut Context<'_>, session: Option<&Session>, no_passphrase: bool) -> Result<KeySource, Error> {
    let named = match context.key_choice.key_path() {
        Some(path) if path.exists() => return Ok(KeySource::read(&path)?),
        named => named,
    };
    let place = match named {
        // The public half of a key that an agent should hold.
        Some(path) if path.extension().is_some_and(|it| it == "pub") => return Ok(KeySource::read(&path)?),
        Some(path) => path,
        None => match in_agent(context, session) {
            // A variable that names an agent of an ended session is no agent.
            Err(
                Error::KeyChoice(KeyChoiceError::NotNamed)
                | Error::KeyChoice(KeyChoiceError::NoneFits { held: 0 })
                | Error::Key(KeyError::Agent(AgentError::Unreachable { .. })),
            ) => place_of_new(context)?,
            found => return found,
        },
    };
    if place.exists() {
        context.key_choice.made(place.clone(), None);
        return Ok(KeySource::read(&place)?);
    }
    if place == context.key_choice.default_path()
        && let Some(folder) = place.parent()
    {
        private::make_folder(folder).map_err(StoreError::from)?;
    }
    let made = key::make(context, &place, no_passphrase)?;
    context.env.remark(made.said);
    Ok(KeySource::read(&place)?)
}

/// The only key in the agent that is enrolled; without one, the only key in the agent.
fn in_agent(context: &Context<'_>, session: Option<&Session>) -> Result<KeySource, Error> {
    let any = || context.key_choice.key(|_| Ok(true));
    match session.map_or_else(any, |session| context.key_choice.key_for(session)) {
        Err(Error::KeyChoice(KeyChoiceError::NoneFits { held: 1.. })) => any(),
        found => found,
    }
}

/// Where a new key is made.
fn place_of_new(context: &mut Context<'_>) -> Result<PathBuf, Error> {
    if !context.env.console.is_interactive() {
        return Ok(context.key_choice.default_path().to_owned());
    }
    context.env.status(tr!("no key found: one is made now", "没有找到密钥，现在生成一把"));
    ask(context, tr!("File of the new key", "新密钥的文件"), USUAL, |context, given| {
        Ok(context.env.path(Path::new(given)))
    })
}
