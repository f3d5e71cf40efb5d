//! What somebody may do: `person grant`, `revoke-role`, `retire`, `machine` and `add-key`. Each opens a proposal.

use std::path::PathBuf;

use clap::Args;

use crate::commands::Context;
use crate::commands::govern::proposal::open;
use crate::commands::lookup::{known_person, parse, reason, time};
use crate::commands::people::members;
use crate::domain::{Action, Granted, Grants, Group, PersonId, Role, Text, Time};
use crate::error::Error;
use crate::format::request::RegisterRef;
use crate::output::member_table;
use crate::store::Session;

/// Arguments of `person grant`.
///
/// Example: twinseal person grant bob approver --until 2026-12-31T18:00:00+08:00
#[derive(Debug, Args)]
pub struct Grant {
    #[command(flatten)]
    what: What,
    /// Only until then, with its offset: 2026-12-31T18:00:00+08:00
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    #[command(flatten)]
    why: Why,
}

/// Arguments of `person revoke-role`.
#[derive(Debug, Args)]
pub struct Revoke {
    #[command(flatten)]
    what: What,
    #[command(flatten)]
    why: Why,
}

/// What is granted to whom, or taken from them.
#[derive(Debug, Args)]
struct What {
    /// Who
    person: String,
    /// Roles: admin, engineer, approver, auditor
    #[arg(value_name = "ROLE")]
    roles: Vec<String>,
    /// A group of approvers, such as dba
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// For a machine: somebody who answers for it
    #[arg(long = "operator", value_name = "PERSON")]
    operators: Vec<String>,
}

/// Why something is proposed.
#[derive(Debug, Args)]
pub struct Why {
    /// Why
    #[arg(long)]
    reason: Option<String>,
}

/// Arguments of `person retire`.
#[derive(Debug, Args)]
pub struct Retire {
    /// Who
    person: String,
    #[command(flatten)]
    why: Why,
}

/// Arguments of `person machine`.
#[derive(Debug, Args)]
pub struct Machine {
    /// The machine and its request: deploy=deploy.request
    #[arg(value_name = "NAME=FILE")]
    member: String,
    /// Somebody who answers for it: what it does counts as their doing
    #[arg(long = "operator", required = true, value_name = "PERSON")]
    operators: Vec<String>,
    /// A role; a machine can be engineer, and needs no role to carry changes out
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
}

/// Arguments of `person add-key`.
#[derive(Debug, Args)]
pub struct AddKey {
    /// The request, made with the new key: twinseal person request NAME --key NEW --vouch OLD
    file: PathBuf,
    #[command(flatten)]
    why: Why,
}

impl Why {
    fn text(&self) -> Result<Option<Text>, Error> {
        reason(self.reason.as_deref())
    }
}

impl What {
    /// What was named, each until a moment.
    fn grants(&self, until: Option<Time>, verb: &'static str) -> Result<Grants, Error> {
        if self.roles.is_empty() && self.groups.is_empty() && self.operators.is_empty() {
            return Err(Error::NothingNamed { verb });
        }
        let roles = self.roles.iter().map(|it| Ok((parse::<Role>(it)?, until)));
        let groups = self.groups.iter().map(|it| Ok((parse::<Group>(it)?, until)));
        Ok(Grants {
            roles: roles.collect::<Result<_, Error>>()?,
            groups: groups.collect::<Result<_, Error>>()?,
            operators: self.operators.iter().map(|it| parse(it)).collect::<Result<_, _>>()?,
        })
    }
}

impl Grant {
    /// Runs it.
    ///
    /// # Errors
    /// What prevents it.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let person: PersonId = parse(&self.what.person)?;
        let until = self.until.as_deref().map(time).transpose()?;
        let added = self.what.grants(until, "grant")?;
        let text = self.why.text()?;
        let mut session = context.open()?;
        known_person(&session, &person)?;
        let now = context.env.now();
        open(context, &mut session, text, |session| {
            let present = known_person(session, &person)?;
            let mut grants = if present.retired { Grants::default() } else { present.grants.clone() };
            grants.operators = present.grants.operators.clone();
            drop_over(&mut grants, now);
            grants.roles.extend(added.roles.clone());
            grants.groups.extend(added.groups.clone());
            grants.operators.extend(added.operators.clone());
            Ok(Action::Roles { person: person.clone(), replaces: present.since, grants })
        })
    }
}

impl Revoke {
    /// Runs it.
    ///
    /// # Errors
    /// What prevents it.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let person: PersonId = parse(&self.what.person)?;
        let removed = self.what.grants(None, "revoke")?;
        let text = self.why.text()?;
        let mut session = context.open()?;
        known_person(&session, &person)?;
        let now = context.env.now();
        open(context, &mut session, text, |session| {
            let present = known_person(session, &person)?;
            let mut grants = present.grants.clone();
            drop_over(&mut grants, now);
            take(&person, &mut grants.roles, &removed.roles, "role")?;
            take(&person, &mut grants.groups, &removed.groups, "group")?;
            for it in &removed.operators {
                if !grants.operators.remove(it) {
                    return Err(Error::NotGranted { person: person.clone(), what: format!("operator {it}") });
                }
            }
            Ok(Action::Roles { person: person.clone(), replaces: present.since, grants })
        })
    }
}

/// What was granted until a moment that has passed is gone, and is not granted again.
fn drop_over(grants: &mut Grants, now: Time) {
    grants.roles.retain(|_, until| until.is_none_or(|until| until > now));
    grants.groups.retain(|_, until| until.is_none_or(|until| until > now));
}

fn take<T: Ord + ToString>(
    person: &PersonId,
    from: &mut Granted<T>,
    removed: &Granted<T>,
    word: &str,
) -> Result<(), Error> {
    for it in removed.keys() {
        if from.remove(it).is_none() {
            return Err(Error::NotGranted { person: person.clone(), what: format!("{word} {}", it.to_string()) });
        }
    }
    Ok(())
}

impl Retire {
    /// Runs it.
    ///
    /// # Errors
    /// What prevents it.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let person: PersonId = parse(&self.person)?;
        let text = self.why.text()?;
        let mut session = context.open()?;
        known_person(&session, &person)?;
        open(context, &mut session, text, |session| {
            let replaces = known_person(session, &person)?.since;
            Ok(Action::Retire { person: person.clone(), replaces })
        })
    }
}

impl Machine {
    /// Runs it.
    ///
    /// # Errors
    /// What prevents it.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let mut session = context.open()?;
        let (machine, names) =
            members::read_machine(context, &self.member, &self.roles, &self.operators, &here(&session)?)?;
        context.env.status(member_table(&machine, &names, context.env.width));
        let text = Some(Text::Names(names)).filter(|text| !text.filled().is_empty());
        open(context, &mut session, text, |_| Ok(Action::Enrol(machine.clone())))
    }
}

impl AddKey {
    /// Runs it.
    ///
    /// # Errors
    /// What prevents it.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let text = self.why.text()?;
        let mut session = context.open()?;
        let request = members::read_request(context, &self.file, &here(&session)?)?;
        known_person(&session, &request.person)?;
        if request.vouch.is_none() {
            context.env.status("note: no key that they have vouches for this one; whoever seconds is told");
        }
        let action =
            Action::AddKey { person: request.person, key: request.key, proof: request.proof, vouch: request.vouch };
        open(context, &mut session, text, |_| Ok(action.clone()))
    }
}

/// This register, as requests name it.
///
/// # Errors
/// [`Error::NoRegister`].
pub fn here(session: &Session) -> Result<RegisterRef, Error> {
    session.state().id().cloned().map(RegisterRef::Existing).ok_or(Error::NoRegister)
}
