//! `person request`, `enrol`, `list` and `show`.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use serde_json::{Value, json};

use crate::commands::Context;
use crate::commands::govern::proposal::open;
use crate::commands::lookup::{AsOf, as_of, names, no_person, parse};
use crate::commands::people::grants::{AddKey, Grant, Machine, Retire, Revoke, here};
use crate::commands::people::members;
use crate::domain::{
    Action, Fingerprint, Governance, Key, Line, Person as Enrolled, PersonId, RegisterName, Text, Vouch,
};
use crate::error::Error;
use crate::format::request::{NAMESPACE, RegisterRef, Request, VOUCH, body};
use crate::output::{self, Page, grants, member_table, table};
use crate::signer::KeySource;

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
    /// With --until the grant is a delegation, which ends by itself.
    Grant(Grant),
    /// Propose to revoke roles, groups or operators
    RevokeRole(Revoke),
    /// Propose to retire a person, who can then no longer act
    Retire(Retire),
    /// Propose to enrol another key for a person
    AddKey(AddKey),
    /// List everybody enrolled
    List(List),
    /// Show the grants and keys of a person
    Show(Show),
}

/// Arguments of `person request`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal person request alice --register prod --out alice.request
  twinseal person request bob --name 'Bob Li' > bob.request
  twinseal person request bob --key ~/.ssh/new --vouch ~/.ssh/old \\
      --out bob.request")]
pub struct RequestArgs {
    /// Id to enrol as: lower-case, such as alice
    #[arg(value_name = "PERSON")]
    person: String,
    /// Display name
    #[arg(long)]
    name: Option<String>,
    /// Enrolled key that vouches for the new one; a file, as for --key
    #[arg(long, value_name = "KEY-FILE")]
    vouch: Option<PathBuf>,
    /// Output file; standard output by default
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
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
            Self::RevokeRole(revoke) => revoke.run(context),
            Self::Retire(retire) => retire.run(context),
            Self::AddKey(add) => add.run(context),
            Self::List(list) => list.run(context),
            Self::Show(show) => show.run(context),
        }
    }
}

impl RequestArgs {
    fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let person: PersonId = parse(&self.person)?;
        let name = self
            .name
            .as_deref()
            .map(|given| Line::from_typed(given).map_err(|invalid| Error::Value { given: given.to_owned(), invalid }));
        let name = name.transpose()?;
        let register = register_asked(context)?;
        let key = context.key_choice.key(|_| Ok(true))?;
        let signer = context.key_choice.unlock(context.env, key)?;
        let key = signer.public();
        let asked = body(&register, &person, &key);
        let vouch = self.vouch(context, &asked)?;
        let proof = signer.sign(NAMESPACE, asked.as_bytes())?;
        let request = Request { proof, register, person, key, vouch, name };
        match &self.out {
            None => write!(context.env.out, "{}", request.write())?,
            Some(out) => {
                let failed = |source| Error::File { doing: "create", path: out.clone(), source };
                // An existing file is never overwritten: it could be a key.
                let file = std::fs::File::create_new(context.env.path(out));
                file.and_then(|mut file| file.write_all(request.write().as_bytes())).map_err(failed)?;
            }
        }
        let to = match &request.register {
            RegisterRef::New(name) => format!("new register {name}; send it to the admin who runs `twinseal init`"),
            RegisterRef::Existing(id) => format!("register {id}; send it to an admin"),
        };
        context.env.status(format_args!("enrolment request of {} for {to}", request.person));
        Ok(())
    }

    fn vouch(&self, context: &mut Context<'_>, asked: &str) -> Result<Option<Vouch>, Error> {
        let Some(path) = &self.vouch else { return Ok(None) };
        let key = KeySource::read(&context.env.path(path))?;
        let signer = context.key_choice.unlock(context.env, key)?;
        Ok(Some(Vouch { key: signer.public().fingerprint(), proof: signer.sign(VOUCH, asked.as_bytes())? }))
    }
}

/// The register that a request is for: a register id, an existing register, or the name of a new one.
fn register_asked(context: &mut Context<'_>) -> Result<RegisterRef, Error> {
    let given = context.registers.named().ok_or(Error::NoRegister)?;
    if given.contains('#') {
        return parse(&given);
    }
    match context.registers.path(context.env, &given) {
        Ok(_) => Ok(RegisterRef::Existing(context.open()?.state().id().cloned().ok_or(Error::NoRegister)?)),
        Err(Error::UnknownRegister { name }) => parse::<RegisterName>(&name).map(RegisterRef::New),
        Err(error) => Err(error),
    }
}

impl Enrol {
    fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let mut session = context.open()?;
        let (members, names) = members::read(context, &self.members, &here(&session)?)?;
        context.env.status(member_table(&members, &names, context.env.width));
        let text = Some(Text::Names(names)).filter(|text| !text.filled().is_empty());
        open(context, &mut session, text, |_| Ok(Action::Enrol(members.clone())))
    }
}

/// The grants of a person at a time; those that have ended are listed as such.
fn may(person: &Enrolled, at: crate::domain::Moment) -> String {
    let over = |until: &Option<crate::domain::Time>| until.is_some_and(|until| until <= at.effective);
    let mut granted = person.grants.clone();
    let ended_roles = granted.roles.iter().filter(|(_, until)| over(until)).map(|(it, _)| it.to_string());
    let ended_groups = granted.groups.iter().filter(|(_, until)| over(until)).map(|(it, _)| format!("group {it}"));
    let ended: Vec<String> = ended_roles.chain(ended_groups).collect();
    granted.roles.retain(|_, until| !over(until));
    granted.groups.retain(|_, until| !over(until));
    let mut words = vec![grants(&granted)];
    words.extend((!ended.is_empty()).then(|| format!("ended: {}", ended.join(", "))));
    words.extend(person.retired.then(|| "retired".to_owned()));
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
        "state": if person.retired { "retired" } else { "active" },
        "machine": person.grants.is_machine(),
        "grants": output::json::grants(&person.grants),
        "enrolled": person.enrolled,
        "keys": keys(governance, id).map(key).collect::<Value>(),
    })
}

/// Reports the point in the past that was asked for.
fn report_moment(context: &mut Context<'_>, moment: &AsOf) {
    if let Some(seq) = moment.seq {
        context.env.status(format_args!("as of entry {seq}, {}", moment.at.claimed));
    }
}

impl List {
    fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let session = context.open()?;
        let moment = as_of(context, &session, self.moment.as_of.as_deref())?;
        let names = names(&session)?;
        let people = || moment.governance.loaded_people();
        let row = |(id, person): (&PersonId, &Enrolled)| {
            let name = names.get(id).cloned().unwrap_or_default();
            [id.to_string(), name, may(person, moment.at), format!("entry {}", person.enrolled)]
        };
        let json = || {
            let people = people().map(|(id, it)| person_json(id, it, names.get(id), &moment.governance));
            json!({ "as_of": { "seq": moment.seq, "time": moment.at.claimed.to_string() }, "people": people.collect::<Value>() })
        };
        let width = context.env.width;
        let header = ["PERSON", "NAME", "ROLES", "ENROLLED"];
        context.ui.answer(context.env, json, || table(header, people().map(row).collect(), width))?;
        if let Some(id) = session.state().id() {
            context.env.status(format_args!("register {id}"));
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
        let mut page = Page::new(context.env.colour, context.env.width);
        page.title(format_args!("{id}  {}", names.get(&id).cloned().unwrap_or_default()));
        page.field("roles", may(person, moment.at));
        page.field("enrolled", format_args!("entry {}", person.enrolled));
        for (fingerprint, key) in keys(governance, &id) {
            page.block(&format!("key {fingerprint}, {}, entry {}", key.state, key.enrolled))
                .verbatim(0, "", key.public);
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
