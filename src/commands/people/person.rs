//! `person enrol`, `list` and `show`.

use clap::{Args, Subcommand};

use serde_json::{Value, json};

use crate::commands::Context;
use crate::commands::govern::proposal::open;
use crate::commands::lookup::{AsOf, as_of, names, no_person, parse};
use crate::commands::people::grants::{AddKey, Grant, Machine, Retire, Revoke, Rota, here};
use crate::commands::people::members;
use crate::commands::people::request::RequestArgs;
use crate::commands::people::suspend::Suspend;
use crate::domain::{Action, Fingerprint, Governance, Key, Person as Enrolled, PersonId, Text};
use crate::error::Error;
use crate::output::{self, Gutter, grants, table};

/// Enrol people and manage their grants
#[derive(Debug, Subcommand)]
pub enum Person {
    /// Write an enrolment request signed with your key
    Request(RequestArgs),
    /// Propose to enrol people
    Enrol(Enrol),
    /// Propose to enrol a machine account
    ///
    /// A machine account belongs to a pipeline or an agent. Its operators answer for it.
    Machine(Machine),
    /// Propose to grant roles, groups or operators
    ///
    /// With --from and --until the grant is a delegation, which begins and ends by itself. The period is added to those
    /// that the person has.
    Grant(Grant),
    /// Propose the grants of a rota
    ///
    /// One proposal grants roles and groups to several people, each in several periods. They are added to what these
    /// people have.
    Rota(Rota),
    /// Propose to revoke roles, groups or operators
    ///
    /// With --from and --until, only that period is taken away.
    RevokeRole(Revoke),
    /// Suspend all grants and keys of a person immediately
    ///
    /// One admin can suspend anybody. Two admins give the person grants again (twinseal person grant) and lift the
    /// suspension of each key (twinseal key lift).
    Suspend(Suspend),
    /// Propose to retire a person, who can then no longer act
    Retire(Retire),
    /// Propose to enrol another key for a person
    AddKey(AddKey),
    /// List everybody enrolled
    List(List),
    /// Show the grants and keys of a person
    Show(Show),
}

/// Arguments of `person enrol`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal person enrol frank=frank.request:engineer
  twinseal person enrol frank=frank.request:engineer,approver grace=grace.request:auditor")]
pub struct Enrol {
    /// People as NAME=REQUEST-FILE:ROLE,ROLE with the roles admin, engineer, approver, auditor
    #[arg(required = true, value_name = "NAME=FILE:ROLES")]
    members: Vec<String>,
}

/// Arguments of `person list`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal person list
  twinseal person list --as-of 2026-12-01T18:00:00+08:00")]
pub struct List {
    #[command(flatten)]
    moment: Moment,
}

/// Arguments of `person show`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal person show bob
  twinseal person show bob --as-of 812")]
pub struct Show {
    /// Person or machine account
    #[arg(value_name = "PERSON")]
    person: String,
    #[command(flatten)]
    moment: Moment,
}

/// A point in the past.
#[derive(Debug, Args)]
struct Moment {
    /// State after this entry or at this time: 812 or 2026-12-01T18:00:00+08:00
    #[arg(long, value_name = "SEQ|TIME")]
    as_of: Option<String>,
}

impl Person {
    /// # Errors
    /// The register or a request cannot be read, a rule refuses the act, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        match self {
            Self::Request(request) => request.run(context),
            Self::Enrol(enrol) => enrol.run(context),
            Self::Machine(machine) => machine.run(context),
            Self::Grant(grant) => grant.run(context),
            Self::Rota(rota) => rota.run(context),
            Self::Suspend(suspend) => suspend.run(context),
            Self::RevokeRole(revoke) => revoke.run(context),
            Self::Retire(retire) => retire.run(context),
            Self::AddKey(add) => add.run(context),
            Self::List(list) => list.run(context),
            Self::Show(show) => show.run(context),
        }
    }
}

impl Enrol {
    fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let mut session = context.open()?;
        let (members, names) = members::read(context, &self.members, &here(&session)?)?;
        let text = Some(Text::Names(names)).filter(|text| !text.filled().is_empty());
        open(context, &mut session, text, |_| Ok(Action::Enrol(members.clone())))
    }
}

/// The grants of a person at a time; those that have ended are listed as such.
fn may(person: &Enrolled, at: crate::domain::Moment) -> String {
    let at = at.effective;
    let left = person.grants.left(at);
    let ended_roles = person.grants.roles.iter().filter(|(_, it)| it.ended(at)).map(|(it, _)| it.to_string());
    let ended_groups = person.grants.groups.iter().filter(|(_, it)| it.ended(at)).map(|(it, _)| format!("group {it}"));
    let ended: Vec<String> = ended_roles.chain(ended_groups).collect();
    let mut words = vec![grants(&left)];
    words.extend((!ended.is_empty()).then(|| format!("ended: {}", ended.join(", "))));
    words.extend((!person.is_active()).then(|| person.state().to_owned()));
    words.retain(|word| !word.is_empty());
    words.join("; ")
}

fn keys<'g>(governance: &'g Governance, id: &'g PersonId) -> impl Iterator<Item = (&'g Fingerprint, &'g Key)> {
    governance.loaded_keys().filter(move |(_, key)| key.person == *id)
}

fn person_json(id: &PersonId, person: &Enrolled, name: Option<&String>, governance: &Governance) -> Value {
    let key = |(fingerprint, key): (&Fingerprint, &Key)| {
        json!({
            "fingerprint": fingerprint.to_string(),
            "public_key": key.public.to_string(),
            "state": key.state.to_string(),
            "enrolled": key.enrolled,
        })
    };
    json!({
        "person": id.to_string(),
        "name": name,
        "state": person.state(),
        "machine": person.grants.is_machine(),
        "grants": output::json::grants(&person.grants),
        "enrolled": person.enrolled,
        "keys": keys(governance, id).map(key).collect::<Value>(),
    })
}

/// Reports the point in the past that was asked for.
fn report_moment(context: &mut Context<'_>, moment: &AsOf) {
    if let Some(seq) = moment.seq {
        let at = context.clock().at(moment.at.claimed);
        context.env.status(format_args!("as of entry {seq}, {at}"));
    }
}

impl List {
    fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let session = context.open()?;
        let moment = as_of(context, &session, self.moment.as_of.as_deref())?;
        let names = names(&session)?;
        let clock = context.clock();
        let people = || moment.governance.loaded_people();
        let row = |(id, person): (&PersonId, &Enrolled)| {
            let name = names.get(id).cloned().unwrap_or_default();
            [id.to_string(), clock.local(&may(person, moment.at)), format!("entry {}", person.enrolled), name]
        };
        let json = || {
            let people = people().map(|(id, it)| person_json(id, it, names.get(id), &moment.governance));
            json!({ "as_of": { "seq": moment.seq, "time": moment.at.claimed.to_string() }, "people": people.collect::<Value>() })
        };
        let width = context.env.width;
        let header = ["PERSON", "ROLES", "ENROLLED", "NAME"];
        context.ui.answer(context.env, json, || table(header, people().map(row).collect(), width))?;
        if let Some(id) = session.state().id() {
            context.env.status(format_args!("register {id}\nfingerprint {}", session.fingerprint()));
        }
        report_moment(context, &moment);
        Ok(())
    }
}

impl Show {
    fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let id: PersonId = parse(&self.person)?;
        let session = context.open()?;
        let moment = as_of(context, &session, self.moment.as_of.as_deref())?;
        let governance = &moment.governance;
        let person = governance.loaded_people().find(|(it, _)| **it == id).map(|(_, person)| person);
        let person = person.ok_or_else(|| no_person(governance, &id))?;
        let names = names(&session)?;
        let mut page = context.page();
        page.title(&id);
        names.get(&id).into_iter().for_each(|name| _ = page.quote_text(Gutter::Prose, name));
        page.field("roles", may(person, moment.at));
        page.field("enrolled", format_args!("entry {}", person.enrolled));
        for (fingerprint, key) in keys(governance, &id) {
            page.block(&format!("key {fingerprint}, {}, enrolled by entry {}", key.state, key.enrolled))
                .text("", key.public);
        }
        let machines = governance.loaded_people().filter(|(_, it)| it.grants.operators.contains(&id));
        let machines: Vec<&str> = machines.map(|(machine, _)| machine.as_str()).collect();
        if !machines.is_empty() {
            page.block("operates").text("", machines.join(", "));
        }
        context.ui.answer(
            context.env,
            || person_json(&id, person, names.get(&id), governance),
            || page.finish().to_owned(),
        )?;
        report_moment(context, &moment);
        Ok(())
    }
}
