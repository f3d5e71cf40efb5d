//! The page without a command: who I am, which register, what waits for me, and what is closed now.

use serde_json::{Value, json};

use super::own_changes::{self, Own, own_changes};
use super::whoami::{Me, json_of};
use crate::commands::Context;
use crate::commands::freeze::closed_now;
use crate::commands::look::inbox::{self, Waiting};
use crate::domain::{Closed, FreezeName, Role};
use crate::error::Error;
use crate::output::{Clock, folded, freeze, safe};
use crate::store::Session;
use crate::{tr, trf};

/// The most lines of the inbox.
const SHOWN: usize = 10;

/// The most changes of one's own.
const OWN: usize = 5;

/// How to begin, for an account without a register.
fn begin() -> &'static str {
    tr!(
        "This account knows no register yet.

  to join one     twinseal join
  to found one    twinseal found
  to read a file  twinseal --register FILE list
  all commands    twinseal --help",
        "本账号还不知道任何变更台账。

  加入已有的    twinseal join
  创建新的      twinseal found
  查看一个文件  twinseal --register FILE list
  全部命令      twinseal --help"
    )
}

/// Shows the page.
///
/// # Errors
/// The register cannot be opened or read.
pub fn home(context: &mut Context<'_>) -> Result<(), Error> {
    if context.registers.named().is_none() && context.registers.known().list().is_empty() {
        let json = || json!({ "register": null, "registers": [] });
        return context.ui.answer(context.env, json, || begin().to_owned());
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
        Ok(me) => trf!("{} ({})", "{}（{}）", me.id, me.grants(now)),
        Err(error) => trf!("nobody enrolled: {error}", "未登记：{error}"),
    };
    let (who, id) = (safe(&who), safe(&id));
    let mut text = trf!("you       {who}\nregister  {id}", "我        {who}\n变更台账  {id}");
    text.push_str(&freezes(&closed, &context.clock()));
    text.push_str("\n\n");
    if waiting.is_empty() {
        text.push_str(tr!("Your inbox is empty.", "没有待办"));
    } else {
        text.push_str(&inbox::text_of(context, &waiting[..waiting.len().min(SHOWN)]));
    }
    text.push_str(&shown_of(SHOWN, waiting.len(), "`twinseal inbox`"));
    if !own.is_empty() {
        let shown = own.get(..OWN).unwrap_or(&own);
        text.push_str(&format!("\n\n{}", own_changes::text_of(context, shown, now.claimed)));
    }
    text.push_str(&shown_of(OWN, own.len(), "`twinseal list --mine --status open`"));
    let engineer = me.as_ref().is_ok_and(|me| me.person.grants.left(now.effective).roles.contains_key(&Role::Engineer));
    text.push_str(match engineer {
        true => tr!(
            "\n\nfile a change: `twinseal file`; all commands: `twinseal --help`",
            "\n\n提交变更单：`twinseal file`；全部命令：`twinseal --help`"
        ),
        false => tr!("\n\nall commands: `twinseal --help`", "\n\n全部命令：`twinseal --help`"),
    });
    Ok(context.env.print(folded(&text, context.env.width))?)
}

/// A line for each freeze that is closed now.
fn freezes(closed: &[(FreezeName, Closed)], clock: &Clock) -> String {
    let line = |(name, closed): &(FreezeName, Closed)| {
        let what = safe(closed.phrase());
        match closed.until.map(|until| clock.both(until)) {
            Some(until) => {
                trf!("\nfreeze    {name}: {what}, closed until {until}", "\n封网      {name}：{what}，直至 {until}")
            }
            None => trf!("\nfreeze    {name}: {what}, closed without an end", "\n封网      {name}：{what}，无结束时间"),
        }
    };
    closed.iter().map(line).collect()
}

/// Says that a table is not complete, if it is not.
fn shown_of(shown: usize, all: usize, command: &str) -> String {
    if all <= shown {
        return String::new();
    }
    trf!("\n\nshowing {shown} of {all}; all: {command}", "\n\n显示 {all} 项中的 {shown} 项；全部：{command}")
}
