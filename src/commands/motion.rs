//! `motion list|show|second|decline|withdraw|redact`, and opening a motion, which other commands do too.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::lookup::{parse, reason};
use super::{Context, Plan, record, rehearse, tell_recorded};
use crate::domain::{
    Digest, Event, Head, Motion as Opened, MotionId, MotionRef, MotionState, Proposal, Restoration, Text, number,
};
use crate::error::Error;
use crate::render::{self, Page, ago, asks, table};
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
    /// Propose to erase what was written with entries: a password, a name that must go (opens a motion)
    Redact(Redact),
    /// Propose to go on from what a copy held, without what came after it (opens a motion)
    ///
    /// Where the register was restored from a copy, and no later one is found whose entries `twinseal recover` could bring
    /// back. Once it is carried, whoever verified an entry that was lost goes on with the log as it is.
    Restored(Restored),
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

/// Arguments of `motion redact`.
#[derive(Debug, Args)]
pub struct Redact {
    /// The entries whose text is to be erased; all that rules need stays
    #[arg(required = true, value_name = "SEQ")]
    seqs: Vec<String>,
    /// Why
    #[arg(long)]
    reason: String,
}

/// Arguments of `motion restored`.
#[derive(Debug, Args)]
pub struct Restored {
    /// The newest entry that the copy held; by default the last one on which this account's memory and the log agree
    #[arg(long, value_name = "SEQ")]
    restored: Option<String>,
    /// The newest entry that was lost and its leaf hash; by default the newest that this account verified
    #[arg(long, value_name = "SEQ:LEAF")]
    lost: Option<String>,
    /// Why
    #[arg(long)]
    reason: String,
}

/// Opens a motion for what `proposal` says at the head, and says what is next.
///
/// # Errors
/// As [`record`].
pub fn open(
    context: &mut Context<'_>,
    session: &mut Session,
    text: Option<Text>,
    proposal: impl Fn(&Session) -> Result<Proposal, Error>,
) -> Result<(), Error> {
    let entry = record(context, session, |session| {
        let motion = session.state().governance().next_motion();
        Ok(Plan { event: Event::Propose { motion, proposal: proposal(session)? }, text: text.clone() })
    })?;
    let motion = entry.event.motion().map_or(0, MotionId::number);
    let said = format!("motion {motion} opened; needs a second: another admin runs `twinseal motion second {motion}`");
    tell_recorded(context, &entry, Some(format!("motion {motion} {}", entry.leaf)), said)
}

impl Motion {
    /// Runs it.
    ///
    /// # Errors
    /// What prevents it.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let mut session = context.open_behind()?;
        match self {
            Self::List => list(context, &session),
            Self::Show(which) => {
                let (id, motion) = which.find(&session)?;
                let page = page(context, &session, id, motion)?;
                let text = session.entry(motion.seq)?.and_then(|entry| entry.text);
                let json = motion_json(context.env.now(), id, motion, text.as_ref());
                context.answer(|| json, || page.finish().to_owned())
            }
            Self::Second(second) => second.run(context, &mut session),
            Self::Decline(decline) => decline.run(context, &mut session),
            Self::Withdraw(which) => {
                let at = which.reference(&session)?;
                let entry = record(context, &mut session, |_| Ok(Plan::of(Event::MotionWithdraw(at))))?;
                tell_recorded(context, &entry, None, format_args!("motion {} withdrawn", at.motion))
            }
            Self::Redact(redact) => redact.run(context, &mut session),
            Self::Restored(restored) => restored.run(context, &mut session),
        }
    }
}

impl Which {
    fn find<'s>(&self, session: &'s Session) -> Result<(MotionId, &'s Opened), Error> {
        let id: MotionId = parse(&self.motion)?;
        // It may stand after the first broken entry: nobody can tell.
        let missing = |_| session.fault().map_or(Error::NoMotion(id), |fault| Error::Broken(fault.clone()));
        session.state().governance().motion(id).map(|motion| (id, motion)).map_err(missing)
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

fn motion_json(now: crate::domain::Time, id: MotionId, motion: &Opened, text: Option<&Text>) -> Value {
    let (state, by) = match &motion.state {
        MotionState::Open if now >= motion.lapses() => ("lapsed", None),
        MotionState::Carried(by) | MotionState::Declined(by) => (state_word(&motion.state), Some(by)),
        state => (state_word(state), None),
    };
    json!({
        "motion": id.number(),
        "state": state,
        "by": render::json::written(by),
        "kind": motion.proposal.kind().to_string(),
        "proposer": motion.proposer.to_string(),
        "opened": motion.opened.to_string(),
        "seq": motion.seq,
        "time": motion.time.to_string(),
        "lapses": motion.lapses().to_string(),
        "asks": asks(&motion.proposal),
        "proposal": render::json::proposal(&motion.proposal),
        "text": text.map(render::json::text),
    })
}

fn list(context: &mut Context<'_>, session: &Session) -> Result<(), Error> {
    let motions = session.state().governance().motions();
    let now = context.env.now();
    let row = |(id, motion): (&MotionId, &Opened)| {
        [id.to_string(), standing(context, motion), motion.proposer.to_string(), asks(&motion.proposal)]
    };
    let rows: Vec<_> = motions.iter().rev().map(row).collect();
    if rows.is_empty() && !context.options.json {
        context.env.tell("no motions yet");
        return Ok(());
    }
    let json = || {
        let motions = motions.iter().rev().map(|(id, motion)| motion_json(now, *id, motion, None));
        json!({ "motions": motions.collect::<Value>() })
    };
    let width = context.env.width;
    context.answer(json, || table(["MOTION", "STATE", "PROPOSER", "ASKS"], rows, width))
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
    let names = match text {
        Some(Text::Names(names)) => names,
        _ => BTreeMap::new(),
    };
    render::proposal(&mut page, &motion.proposal, session.state().governance(), &names);
    if let Proposal::Redact(texts) = &motion.proposal {
        erased_blocks(&mut page, session, texts)?;
    }
    Ok(page)
}

/// What would be erased, word by word, so that nobody seconds it unseen.
fn erased_blocks(page: &mut Page, session: &Session, texts: &BTreeMap<u64, Digest>) -> Result<(), Error> {
    for (seq, text) in texts {
        let Some(entry) = session.entry(*seq)? else { continue };
        let what = render::what(&entry.event);
        page.block(&format!("the text of entry {seq}: {} {what}", entry.header.actor));
        let raw = session.raw(*seq)?.and_then(|raw| raw.text).unwrap_or_default();
        let shown = String::from_utf8_lossy(&raw);
        match entry.header.text.as_ref().is_some_and(|it| it.digest == *text) {
            true if raw.is_empty() => page.text("", "(erased already)"),
            true => page.verbatim(0, "", shown.trim_end()),
            false => page.text("", "(the motion names another text than this entry has: nothing would be erased)"),
        };
    }
    Ok(())
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
                let key = context.key_for(session)?.public();
                rehearse(context, session, key, &Plan::of(Event::Second(at)))?;
                let (_, motion) = self.which.find(session)?;
                let page = page(context, session, id, motion)?;
                context.env.tell(page.finish());
                context.confirm("second this motion", &id.to_string())?;
            }
        }
        let entry = record(context, session, |_| Ok(Plan::of(Event::Second(at))))?;
        tell_recorded(context, &entry, None, format_args!("motion {id} carried"))
    }
}

impl Decline {
    fn run(self, context: &mut Context<'_>, session: &mut Session) -> Result<(), Error> {
        let at = self.which.reference(session)?;
        let text = reason(self.reason.as_deref())?;
        let entry = record(context, session, |_| Ok(Plan { event: Event::Decline(at), text: text.clone() }))?;
        tell_recorded(context, &entry, None, format_args!("motion {} declined", at.motion))
    }
}

impl Redact {
    fn run(self, context: &mut Context<'_>, session: &mut Session) -> Result<(), Error> {
        let text = reason(Some(&self.reason))?;
        let mut texts = BTreeMap::new();
        for given in &self.seqs {
            let wrong = |invalid| Error::Value { given: given.clone(), invalid };
            let seq = number(given).map_err(wrong)?;
            let entry = session.entry(seq)?.ok_or(Error::NoEntry(seq))?;
            match &entry.header.text {
                Some(text) if entry.text.is_some() => texts.insert(seq, text.digest),
                text => return Err(Error::NoText { seq, erased: text.is_some() }),
            };
        }
        open(context, session, text, |_| Ok(Proposal::Redact(texts.clone())))
    }
}

impl Restored {
    fn run(self, context: &mut Context<'_>, session: &mut Session) -> Result<(), Error> {
        let text = reason(Some(&self.reason))?;
        let behind = session.behind();
        let restored = match &self.restored {
            Some(given) => {
                let seq = number(given).map_err(|invalid| Error::Value { given: given.clone(), invalid })?;
                let leaf = session.raw(seq)?.ok_or(Error::NoEntry(seq))?.leaf();
                Head { seq, leaf }
            }
            None => behind.and_then(|it| it.common).ok_or(Error::NothingLost { flag: "--restored" })?,
        };
        let lost = match &self.lost {
            Some(given) => {
                given.replacen(':', " ", 1).parse().map_err(|invalid| Error::Value { given: given.clone(), invalid })?
            }
            None => behind.map(|it| it.remembered).ok_or(Error::NothingLost { flag: "--lost" })?,
        };
        open(context, session, text, |_| Ok(Proposal::Restored(Restoration { restored, lost })))
    }
}
