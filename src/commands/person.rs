//! `person request`, `person enrol`, `person list`, `person show`.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::access::{known_person, names, parse};
use super::{Context, Plan, members, record};
use crate::domain::{Event, Line, Person as Enrolled, PersonId, Proposal, RegisterName, Text};
use crate::error::Error;
use crate::log::request::{For, NAMESPACE, Request, body};
use crate::render::{Page, member_table, table};

/// Enrol people and look at them.
#[derive(Debug, Subcommand)]
pub enum Person {
    /// Write a request to be enrolled, signed by your key
    Request(RequestArgs),
    /// Propose to enrol people (opens a motion)
    Enrol(Enrol),
    /// List everybody enrolled
    List,
    /// Show one person: roles and keys
    Show(Show),
}

/// Arguments of `person request`.
#[derive(Debug, Args)]
pub struct RequestArgs {
    /// The id you ask for: lower-case, such as alice
    person: String,
    /// Your name as people should see it
    #[arg(long)]
    name: Option<String>,
    /// Write the request there, not to standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Arguments of `person enrol`.
#[derive(Debug, Args)]
pub struct Enrol {
    /// Each: NAME=REQUEST-FILE:ROLE,ROLE; roles are admin, engineer, approver, auditor
    #[arg(required = true, value_name = "NAME=FILE:ROLES")]
    members: Vec<String>,
}

/// Arguments of `person show`.
#[derive(Debug, Args)]
pub struct Show {
    /// Who
    person: String,
}

impl Person {
    /// Runs it.
    ///
    /// # Errors
    /// What prevents it.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        match self {
            Self::Request(request) => request.run(context),
            Self::Enrol(enrol) => enrol.run(context),
            Self::List => list(context),
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
        let signer = context.signer()?;
        let key = signer.public();
        let proof = signer.sign(NAMESPACE, body(&register, &person, &key).as_bytes());
        let request = Request { register, person, key, proof, name };
        match &self.out {
            None => write!(context.env.out, "{}", request.write())?,
            Some(out) => {
                let failed = |source| Error::File { doing: "make", path: out.clone(), source };
                // Never over another file: it might be a key.
                let file = std::fs::File::create_new(context.env.path(out));
                file.and_then(|mut file| file.write_all(request.write().as_bytes())).map_err(failed)?;
            }
        }
        let to = match &request.register {
            For::New(name) => format!("to found the register {name}: send it to the admin who runs `twinseal init`"),
            For::Existing(id) => format!("for the register {id}: send it to an admin"),
        };
        context.env.tell(format_args!("a request of {}, {to}", request.person));
        Ok(())
    }
}

/// The register that a request is for: an id as given, a register at hand, or the name of one yet to be founded.
fn register_asked(context: &mut Context<'_>) -> Result<For, Error> {
    let given = context.register_named().ok_or(Error::NoRegister)?;
    if given.contains('#') {
        return parse(&given);
    }
    match context.register_path() {
        Ok(_) => Ok(For::Existing(context.open()?.state().id().cloned().ok_or(Error::NoRegister)?)),
        Err(Error::UnknownRegister { name }) => parse::<RegisterName>(&name).map(For::New),
        Err(error) => Err(error),
    }
}

impl Enrol {
    fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let mut session = context.open()?;
        let id = session.state().id().cloned().ok_or(Error::NoRegister)?;
        let (members, names) = members::read(context, &self.members, &For::Existing(id))?;
        context.env.tell(member_table(&members, &names, context.env.width));
        let text = Some(Text::Names(names)).filter(|text| !text.filled().is_empty());
        let entry = record(context, &mut session, |session| {
            let motion = session.state().governance().next_motion();
            let event = Event::Propose { motion, proposal: Proposal::Enrol(members.clone()) };
            Ok(Plan { event, text: text.clone() })
        })?;
        if let Some(motion) = entry.event.motion() {
            context.env.say(format_args!("motion {motion} {}", entry.leaf))?;
            context.env.tell(format_args!(
                "motion {motion} opened; needs a second: another admin runs `twinseal motion second {motion}`"
            ));
        }
        Ok(())
    }
}

fn roles(person: &Enrolled) -> String {
    person.roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ")
}

fn list(context: &mut Context<'_>) -> Result<(), Error> {
    let session = context.open()?;
    let names = names(&session)?;
    let rows = session.state().governance().people().iter().map(|(id, person)| {
        [
            id.to_string(),
            names.get(id).cloned().unwrap_or_default(),
            roles(person),
            format!("entry {}", person.enrolled),
        ]
    });
    let rows = rows.collect();
    context.env.say(table(["PERSON", "NAME", "ROLES", "ENROLLED"], rows, context.env.width))?;
    if let Some(id) = session.state().id() {
        context.env.tell(format_args!("register {id}"));
    }
    Ok(())
}

impl Show {
    fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let id: PersonId = parse(&self.person)?;
        let session = context.open()?;
        let governance = session.state().governance();
        let person = known_person(&session, &id)?;
        let mut page = Page::new(context.env.colour, context.env.width);
        let name = names(&session)?.get(&id).cloned().unwrap_or_default();
        page.title(format_args!("{id}  {name}"));
        page.field("roles", roles(person));
        page.field("enrolled", format_args!("by entry {}", person.enrolled));
        for (fingerprint, key) in governance.keys().iter().filter(|(_, key)| key.person == id) {
            page.block(&format!("key {fingerprint}, by entry {}, {}", key.enrolled, key.state))
                .verbatim(0, "", key.public);
        }
        context.env.say(page.finish())?;
        Ok(())
    }
}
