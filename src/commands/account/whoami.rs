//! `whoami`: the person, the key and the register of this account.

use clap::Args;
use serde_json::{Value, json};

use crate::commands::lookup::{known_person, names};
use crate::commands::{Context, Zh};
use crate::domain::{Fingerprint, Moment, Person, PersonId};
use crate::error::Error;
use crate::output::{self, grants};
use crate::store::Session;
use crate::{tr, trf};

/// Show who you are in the register
///
/// Names the person that your key belongs to, their roles and groups, the key, and the register with its fingerprint.
#[derive(Debug, Args)]
#[command(zh("显示您在变更台账中的身份"))]
#[command(zh_long("显示您的密钥属于谁、其角色和组、密钥，以及变更台账及其指纹。"))]
pub struct Whoami {}

/// The owner of the chosen key.
pub struct Me {
    /// The person.
    pub id: PersonId,
    /// Their grants.
    pub person: Person,
    /// The fingerprint of the key.
    pub key: Fingerprint,
}

impl Me {
    /// # Errors
    /// No key, or one that is not enrolled or another person's.
    pub fn find(context: &Context<'_>, session: &Session) -> Result<Self, Error> {
        let key = context.key_choice.key_for(session)?.public();
        let id = context.key_choice.actor(session, key)?;
        Ok(Self { person: known_person(session, &id)?, id, key: key.fingerprint() })
    }

    /// `engineer, approver; group dba`; `no roles` if nothing is granted now.
    pub fn grants(&self, now: Moment) -> String {
        let now = grants(&self.person.grants.left(now.effective));
        if now.is_empty() { tr!("no roles", "无角色").to_owned() } else { now }
    }
}

impl Whoami {
    /// # Errors
    /// As [`Me::find`], or the register cannot be opened.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let session = context.open()?;
        let me = Me::find(context, &session)?;
        let now = session.state().moment(context.env.now());
        let name = names(&session)?.remove(&me.id);
        let path = context.registers.request(context.env)?.path;
        let id = session.state().id().map(ToString::to_string);
        let place = match context.key_choice.key_path() {
            Some(path) => path.display().to_string(),
            None => tr!("the ssh-agent", "ssh-agent").to_owned(),
        };
        if context.ui.json {
            let answer = json!({
                "person": me.id.to_string(),
                "name": name,
                "state": me.person.state(),
                "grants": output::json::grants(&me.person.grants),
                "key": { "fingerprint": me.key.to_string(), "from": place },
                "register": { "id": id, "path": path.display().to_string(), "fingerprint": session.fingerprint().to_string() },
            });
            return context.ui.print_json(context.env, answer);
        }
        let mut page = context.page();
        let named = name.map_or(String::new(), |name| trf!(" ({name})", "（{name}）"));
        page.title(format_args!("{}{named}", me.id));
        page.field(tr!("grants", "授权"), me.grants(now));
        page.field(tr!("key", "密钥"), me.key).field("", trf!("from {place}", "来自 {place}"));
        page.field(tr!("register", "变更台账"), id.unwrap_or_default()).field("", path.display());
        page.field(tr!("fingerprint", "指纹"), session.fingerprint());
        Ok(context.env.print_long(page.finish())?)
    }
}

/// The person as JSON, or `null` with the reason.
pub fn json_of(me: &Result<Me, Error>) -> Value {
    match me {
        Ok(me) => {
            json!({ "person": me.id.to_string(), "grants": output::json::grants(&me.person.grants), "problem": null })
        }
        Err(error) => json!({ "person": null, "grants": null, "problem": error.to_string() }),
    }
}
