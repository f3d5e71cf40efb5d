//! `person grant`, `revoke-role`, `retire`, `machine` and `add-key`: each opens a proposal.

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
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal person grant bob approver
  twinseal person grant carol --group dba
  twinseal person grant bob approver --until 2026-12-31T18:00:00+08:00 \\
      --reason 'Dave is on leave.'")]
pub struct Grant {
    #[command(flatten)]
    what: What,
    /// End of the grant, with UTC offset: 2026-12-31T18:00:00+08:00
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    #[command(flatten)]
    why: Why,
}

/// Arguments of `person revoke-role`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal person revoke-role bob approver
  twinseal person revoke-role carol --group dba")]
pub struct Revoke {
    #[command(flatten)]
    what: What,
    #[command(flatten)]
    why: Why,
}

/// Grants of one person.
#[derive(Debug, Args)]
struct What {
    /// Person or machine account
    #[arg(value_name = "PERSON")]
    person: String,
    /// Roles: admin, engineer, approver, auditor
    #[arg(value_name = "ROLE")]
    roles: Vec<String>,
    /// Group of approvers, such as dba
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// Operator, if PERSON is a machine account
    #[arg(long = "operator", value_name = "PERSON")]
    operators: Vec<String>,
}

/// The reason for a proposal.
#[derive(Debug, Args)]
pub struct Why {
    /// Reason, shown to the admin who seconds the proposal
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Arguments of `person retire`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal person retire dave --reason 'Left the firm.'")]
pub struct Retire {
    /// Person or machine account
    #[arg(value_name = "PERSON")]
    person: String,
    #[command(flatten)]
    why: Why,
}

/// Arguments of `person machine`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal person machine deploy=deploy.request --operator erin
  twinseal person machine deploy=deploy.request --operator erin --role engineer")]
pub struct Machine {
    /// Id and enrolment request: deploy=deploy.request
    #[arg(value_name = "NAME=FILE")]
    member: String,
    /// Operator, who answers for the account; its acts count as theirs
    #[arg(long = "operator", required = true, value_name = "PERSON")]
    operators: Vec<String>,
    /// Role: engineer, to file changes; starting changes needs no role
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
}

/// Arguments of `person add-key`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal person request bob --key ~/.ssh/new --vouch ~/.ssh/old \\
      --out bob.request
  twinseal person add-key bob.request")]
pub struct AddKey {
    /// Enrolment request, made with the new key
    #[arg(value_name = "FILE")]
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
    /// The named grants, each ending at `until`.
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
    /// # Errors
    /// A rule refuses it, or it cannot be recorded.
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
    /// # Errors
    /// A rule refuses it, or it cannot be recorded.
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

/// Drops grants that have ended, so that a proposal does not renew them.
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
    /// # Errors
    /// A rule refuses it, or it cannot be recorded.
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
    /// # Errors
    /// A rule refuses it, or it cannot be recorded.
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
    /// # Errors
    /// A rule refuses it, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let text = self.why.text()?;
        let mut session = context.open()?;
        let request = members::read_request(context, &self.file, &here(&session)?)?;
        known_person(&session, &request.person)?;
        if request.vouch.is_none() {
            context.env.status("note: no key of this person vouches for the new key; the seconding admin is warned");
        }
        let action =
            Action::AddKey { person: request.person, key: request.key, proof: request.proof, vouch: request.vouch };
        open(context, &mut session, text, |_| Ok(action.clone()))
    }
}

/// This register, as an enrolment request names it.
///
/// # Errors
/// [`Error::NoRegister`].
pub fn here(session: &Session) -> Result<RegisterRef, Error> {
    session.state().id().cloned().map(RegisterRef::Existing).ok_or(Error::NoRegister)
}
