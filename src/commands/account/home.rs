//! The page without a command: who I am, which register, what waits for me, and what is closed now.

use serde_json::{Value, json};

use super::own_changes::{self, Own, own_changes};
use super::whoami::{Me, json_of};
use crate::commands::Context;
use crate::commands::freeze::closed_now;
use crate::commands::look::inbox::{self, Waiting};
use crate::domain::Role;
use crate::error::Error;
use crate::output::{folded, freeze, safe};
use crate::store::Session;

/// The most lines of the inbox.
const SHOWN: usize = 10;

/// The most changes of one's own.
const OWN: usize = 5;

/// How to begin, for an account without a register.
const BEGIN: &str = "This account knows no register yet.

  to join one     twinseal join
  to found one    twinseal found
  to read a file  twinseal --register FILE list
  all commands    twinseal --help";

/// Shows the page.
///
/// # Errors
/// The register cannot be opened or read.
pub fn home(context: &mut Context<'_>) -> Result<(), Error> {
    if context.registers.named().is_none() && context.registers.known().list().is_empty() {
        let json = || json!({ "register": null, "registers": [] });
        return context.ui.answer(context.env, json, || BEGIN.to_owned());
    }
    let session = context.open()?;
    page(context, &session)
}

/// Shows the page of an open register.
///
/// # Errors
/// The register cannot be read.
pub fn page(context: &mut Context<'_>, session: &Session) -> Result<(), Error> {
    let (me, now) = (Me::find(context, session), session.state().moment(context.env.now()));
    let waiting = match &me {
        Ok(me) => inbox::waiting(session, &me.id, now)?,
        Err(_) => Vec::new(),
    };
    let own = match &me {
        Ok(me) => own_changes(session, &me.id, now, &waiting)?,
        Err(_) => Vec::new(),
    };
    let closed = closed_now(session, now.claimed)?;
    let id = session.state().id().map(ToString::to_string).unwrap_or_default();
    let verified = context.registers.verified(session.fingerprint());
    if context.ui.json {
        let answer = json!({
            "me": json_of(&me),
            "register": id,
            "fingerprint": session.fingerprint().to_string(),
            "verified": verified,
            "inbox": waiting.iter().map(Waiting::json).collect::<Value>(),
            "changes": own.iter().map(Own::json).collect::<Value>(),
            "closed": closed.iter().map(|(name, closed)| json!({ "freeze": name.to_string(), "closed": freeze::closed(Some(closed)) })).collect::<Value>(),
        });
        return context.ui.print_json(context.env, answer);
    }
    let who = match &me {
        Ok(me) => format!("{} ({})", me.id, me.grants(now)),
        Err(error) => format!("nobody enrolled: {error}"),
    };
    let mut text = format!("you       {}\nregister  {}", safe(&who), safe(&id));
    let clock = context.clock();
    for (name, closed) in &closed {
        let until = closed.until.map_or("without an end".to_owned(), |until| format!("until {}", clock.both(until)));
        text.push_str(&format!("\nfreeze    {name}: {}, closed {until}", safe(&closed.name)));
    }
    text.push_str("\n\n");
    if waiting.is_empty() {
        text.push_str("Your inbox is empty.");
    } else {
        text.push_str(&inbox::text_of(context, &waiting[..waiting.len().min(SHOWN)]));
    }
    if waiting.len() > SHOWN {
        text.push_str(&format!("\n\nshowing {SHOWN} of {}; all: `twinseal inbox`", waiting.len()));
    }
    if !own.is_empty() {
        let shown = own.get(..OWN).unwrap_or(&own);
        text.push_str(&format!("\n\n{}", own_changes::table_of(shown, now.claimed, context.env.width)));
    }
    if own.len() > OWN {
        text.push_str(&format!("\n\nshowing {OWN} of {}; all: `twinseal list --mine --status open`", own.len()));
    }
    let engineer = me.as_ref().is_ok_and(|me| me.person.grants.left(now.effective).roles.contains_key(&Role::Engineer));
    text.push_str(if engineer { "\n\nfile a change: `twinseal file`; " } else { "\n\n" });
    text.push_str("all commands: `twinseal --help`");
    Ok(context.env.print(folded(&text, context.env.width))?)
}
