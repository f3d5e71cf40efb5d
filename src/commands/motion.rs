//! `motion list|show|second|decline|withdraw`.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};

use super::access::parse;
use super::{Context, Plan, record, rehearse};
use crate::domain::{Digest, Event, Field, Motion as Opened, MotionId, MotionRef, MotionState, Proposal, Prose, Text};
use crate::error::Error;
use crate::render::{Page, ago, asks, member_table, table};
use crate::store::{Session, state_word};

/// Look at motions and decide them.
#[derive(Debug, Subcommand)]
pub enum Motion {
    /// List motions
    List,
    /// Show a motion: exactly what it asks for
    Show(Which),
    /// Carry a motion that another admin proposed
    Second(Second),
    /// End a motion that another admin proposed
    Decline(Decline),
    /// Take back a motion that you proposed
    Withdraw(Which),
}

/// A motion.
#[derive(Debug, Args)]
pub struct Which {
    /// The motion's number
    motion: String,
}

/// Arguments of `motion second`.
#[derive(Debug, Args)]
pub struct Second {
    #[command(flatten)]
    which: Which,
    /// What you sign for, as `motion show` prints it; needed without a terminal
    #[arg(long)]
    digest: Option<String>,
}

/// Arguments of `motion decline`.
#[derive(Debug, Args)]
pub struct Decline {
    #[command(flatten)]
    which: Which,
    /// Why
    #[arg(long)]
    reason: Option<String>,
}

impl Motion {
    /// Runs it.
    ///
    /// # Errors
    /// What prevents it.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let mut session = context.open()?;
        match self {
            Self::List => list(context, &session),
            Self::Show(which) => {
                let (id, motion) = which.find(&session)?;
                let page = page(context, &session, id, motion)?;
                Ok(context.env.say(page.finish())?)
            }
            Self::Second(second) => second.run(context, &mut session),
            Self::Decline(decline) => decline.run(context, &mut session),
            Self::Withdraw(which) => {
                let at = which.reference(&session)?;
                record(context, &mut session, |_| Ok(Plan::of(Event::MotionWithdraw(at))))?;
                context.env.tell(format_args!("motion {} withdrawn", at.motion));
                Ok(())
            }
        }
    }
}

impl Which {
    fn find<'s>(&self, session: &'s Session) -> Result<(MotionId, &'s Opened), Error> {
        let id: MotionId = parse(&self.motion)?;
        session.state().governance().motion(id).map(|motion| (id, motion)).map_err(|_| Error::NoMotion(id))
    }

    fn reference(&self, session: &Session) -> Result<MotionRef, Error> {
        self.find(session).map(|(motion, it)| MotionRef { motion, opened: it.opened })
    }
}

/// How it stands, with what only the moment of reading tells.
fn standing(context: &Context<'_>, motion: &Opened) -> String {
    let now = context.env.now();
    match &motion.state {
        MotionState::Open if now >= motion.lapses() => format!("lapsed {}", ago(motion.lapses(), now)),
        MotionState::Open => format!("open; needs a second; lapses {}", ago(motion.lapses(), now)),
        MotionState::Carried(by) | MotionState::Declined(by) => format!("{} by {by}", state_word(&motion.state)),
        MotionState::Withdrawn => "withdrawn".to_owned(),
    }
}

fn list(context: &mut Context<'_>, session: &Session) -> Result<(), Error> {
    let row = |(id, motion): (&MotionId, &Opened)| {
        [id.to_string(), standing(context, motion), motion.proposer.to_string(), asks(&motion.proposal)]
    };
    let rows: Vec<_> = session.state().governance().motions().iter().rev().map(row).collect();
    if rows.is_empty() {
        context.env.tell("no motions yet");
        return Ok(());
    }
    Ok(context.env.say(table(["MOTION", "STATE", "PROPOSER", "ASKS"], rows, context.env.width))?)
}

fn page(context: &Context<'_>, session: &Session, id: MotionId, motion: &Opened) -> Result<Page, Error> {
    let mut page = Page::new(context.env.colour, context.env.width);
    page.title(format_args!("motion {id}: {}", asks(&motion.proposal)));
    page.field("state", standing(context, motion));
    page.field("proposed", format_args!("by {}, {} (entry {})", motion.proposer, motion.time, motion.seq));
    page.field("digest", motion.opened);
    let text = session.entry(motion.seq)?.and_then(|entry| entry.text);
    if let Some(Text::Remark(field, prose)) = &text {
        page.block(field.as_str()).text("", prose);
    }
    if let Proposal::Enrol(members) = &motion.proposal {
        let names = match text {
            Some(Text::Names(names)) => names,
            _ => BTreeMap::new(),
        };
        page.block("members").verbatim(0, "", member_table(members, &names, None));
    }
    Ok(page)
}

impl Second {
    fn run(self, context: &mut Context<'_>, session: &mut Session) -> Result<(), Error> {
        let at @ MotionRef { motion: id, opened } = self.which.reference(session)?;
        match self.digest.as_deref().map(parse::<Digest>).transpose()? {
            Some(given) if given != opened => {
                return Err(Error::OtherDigest { flag: "--digest", given, found: opened });
            }
            Some(_) => {}
            None if !context.env.console.is_there() => return Err(Error::NeedDigest { flag: "--digest" }),
            None => {
                let key = context.key_file()?.public();
                rehearse(context, session, key, &Plan::of(Event::Second(at)))?;
                let (_, motion) = self.which.find(session)?;
                let page = page(context, session, id, motion)?;
                context.env.tell(page.finish());
                context.confirm("second this motion", &id.to_string())?;
            }
        }
        record(context, session, |_| Ok(Plan::of(Event::Second(at))))?;
        context.env.tell(format_args!("motion {id} carried"));
        Ok(())
    }
}

impl Decline {
    fn run(self, context: &mut Context<'_>, session: &mut Session) -> Result<(), Error> {
        let at = self.which.reference(session)?;
        let text = self.reason.as_deref().map(|reason| remark(Field::Reason, reason)).transpose()?;
        record(context, session, |_| Ok(Plan { event: Event::Decline(at), text: text.clone() }))?;
        context.env.tell(format_args!("motion {} declined", at.motion));
        Ok(())
    }
}

/// A remark given on the command line.
///
/// # Errors
/// [`Error::Value`].
pub fn remark(field: Field, given: &str) -> Result<Text, Error> {
    let prose = Prose::from_typed(given);
    prose.map(|prose| Text::Remark(field, prose)).map_err(|invalid| Error::Value { given: given.to_owned(), invalid })
}
