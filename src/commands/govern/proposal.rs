//! `proposal list|show|second|decline|withdraw|redact`, and opening a proposal, which other commands do too.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::commands::lookup::{parse, reason};
use crate::commands::{Context, report_recorded};
use crate::domain::{
    Action, Digest, Event, Head, Proposal as Opened, ProposalId, ProposalRef, ProposalState, Restoration, Text, number,
};
use crate::error::Error;
use crate::output::{self, Page, ago, asks, table};
use crate::record::{Plan, record, rehearse};
use crate::store::Session;

/// Look at proposals and decide them.
#[derive(Debug, Subcommand)]
pub enum Proposal {
    /// List proposals
    List,
    /// Show a proposal: exactly what it asks for
    Show(Which),
    /// Carry a proposal that another admin proposed
    Second(Second),
    /// End a proposal that another admin proposed
    Decline(Decline),
    /// Take back a proposal that you proposed
    Withdraw(Which),
    /// Propose to redact what was written with entries: a password, a name that must go (opens a proposal)
    Redact(Redact),
    /// Propose to go on from what a copy held, without what came after it (opens a proposal)
    ///
    /// Where the register was restored from a copy, and no later one is found whose entries `twinseal recover` could bring
    /// back. Once it is carried, whoever verified an entry that was lost goes on with the log as it is.
    Restored(Restored),
}

/// A proposal.
#[derive(Debug, Args)]
pub struct Which {
    /// The proposal's number
    proposal: String,
}

/// Arguments of `proposal second`.
#[derive(Debug, Args)]
pub struct Second {
    #[command(flatten)]
    which: Which,
    /// What you sign for, as `proposal show` prints it; needed without a terminal
    #[arg(long)]
    digest: Option<String>,
}

/// Arguments of `proposal decline`.
#[derive(Debug, Args)]
pub struct Decline {
    #[command(flatten)]
    which: Which,
    /// Why
    #[arg(long)]
    reason: Option<String>,
}

/// Arguments of `proposal redact`.
#[derive(Debug, Args)]
pub struct Redact {
    /// The entries whose text is to be redacted; all that rules need stays
    #[arg(required = true, value_name = "SEQ")]
    seqs: Vec<String>,
    /// Why
    #[arg(long)]
    reason: String,
}

/// Arguments of `proposal restored`.
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

/// Opens a proposal for what `action` says at the head, and says what is next.
///
/// # Errors
/// As [`record`].
pub fn open(
    context: &mut Context<'_>,
    session: &mut Session,
    text: Option<Text>,
    action: impl Fn(&Session) -> Result<Action, Error>,
) -> Result<(), Error> {
    let entry = record(context.recorder(), session, |session| {
        let proposal = session.state().governance().next_proposal();
        Ok(Plan { event: Event::Propose { proposal, action: action(session)? }, text: text.clone() })
    })?;
    let proposal = entry.event.proposal().map_or(0, ProposalId::number);
    let said =
        format!("proposal {proposal} opened; needs a second: another admin runs `twinseal proposal second {proposal}`");
    report_recorded(context, &entry, Some(format!("proposal {proposal} {}", entry.leaf)), said)
}

impl Proposal {
    /// Runs it.
    ///
    /// # Errors
    /// What prevents it.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let mut session = context.open_ignoring_pin()?;
        match self {
            Self::List => list(context, &session),
            Self::Show(which) => {
                let (id, proposal) = which.find(&session)?;
                let page = page(context, &session, id, proposal)?;
                let text = session.entry(proposal.seq)?.and_then(|entry| entry.text);
                let json = proposal_json(context.env.now(), id, proposal, text.as_ref());
                context.ui.answer(context.env, || json, || page.finish().to_owned())
            }
            Self::Second(second) => second.run(context, &mut session),
            Self::Decline(decline) => decline.run(context, &mut session),
            Self::Withdraw(which) => {
                let at = which.reference(&session)?;
                let entry = record(context.recorder(), &mut session, |_| Ok(Plan::of(Event::ProposalWithdraw(at))))?;
                report_recorded(context, &entry, None, format_args!("proposal {} withdrawn", at.proposal))
            }
            Self::Redact(redact) => redact.run(context, &mut session),
            Self::Restored(restored) => restored.run(context, &mut session),
        }
    }
}

impl Which {
    fn find<'s>(&self, session: &'s Session) -> Result<(ProposalId, &'s Opened), Error> {
        let id: ProposalId = parse(&self.proposal)?;
        // It may stand after the first broken entry: nobody can tell.
        let missing = |_| session.fault().map_or(Error::NoProposal(id), |fault| Error::Broken(fault.clone()));
        session.state().governance().proposal(id).map(|proposal| (id, proposal)).map_err(missing)
    }

    fn reference(&self, session: &Session) -> Result<ProposalRef, Error> {
        self.find(session).map(|(proposal, it)| ProposalRef { proposal, opened: it.opened })
    }
}

/// How it stands, with what only the moment of reading tells.
fn state_phrase(context: &Context<'_>, proposal: &Opened) -> String {
    let now = context.env.now();
    match &proposal.state {
        ProposalState::Open if now >= proposal.lapses() => format!("lapsed {}", ago(proposal.lapses(), now)),
        ProposalState::Open => format!("open; needs a second; lapses {}", ago(proposal.lapses(), now)),
        ProposalState::Seconded(by) | ProposalState::Declined(by) => format!("{} by {by}", proposal.state.as_str()),
        ProposalState::Withdrawn => "withdrawn".to_owned(),
    }
}

fn proposal_json(now: crate::domain::Time, id: ProposalId, proposal: &Opened, text: Option<&Text>) -> Value {
    let (state, by) = match &proposal.state {
        ProposalState::Open if now >= proposal.lapses() => ("lapsed", None),
        ProposalState::Seconded(by) | ProposalState::Declined(by) => (proposal.state.as_str(), Some(by)),
        state => (state.as_str(), None),
    };
    json!({
        "proposal": id.number(),
        "state": state,
        "by": output::json::written(by),
        "kind": proposal.action.kind().to_string(),
        "proposer": proposal.proposer.to_string(),
        "opened": proposal.opened.to_string(),
        "seq": proposal.seq,
        "time": proposal.time.to_string(),
        "lapses": proposal.lapses().to_string(),
        "asks": asks(&proposal.action),
        "action": output::json::action(&proposal.action),
        "text": text.map(output::json::text),
    })
}

fn list(context: &mut Context<'_>, session: &Session) -> Result<(), Error> {
    let proposals = session.state().governance().proposals();
    let now = context.env.now();
    let row = |(id, proposal): (&ProposalId, &Opened)| {
        [id.to_string(), state_phrase(context, proposal), proposal.proposer.to_string(), asks(&proposal.action)]
    };
    let rows: Vec<_> = proposals.iter().rev().map(row).collect();
    if rows.is_empty() && !context.ui.json {
        context.env.status("no proposals yet");
        return Ok(());
    }
    let json = || {
        let proposals = proposals.iter().rev().map(|(id, proposal)| proposal_json(now, *id, proposal, None));
        json!({ "proposals": proposals.collect::<Value>() })
    };
    let width = context.env.width;
    context.ui.answer(context.env, json, || table(["PROPOSAL", "STATE", "PROPOSER", "ASKS"], rows, width))
}

fn page(context: &Context<'_>, session: &Session, id: ProposalId, proposal: &Opened) -> Result<Page, Error> {
    let mut page = Page::new(context.env.colour, context.env.width);
    page.title(format_args!("proposal {id}: {}", asks(&proposal.action)));
    page.field("state", state_phrase(context, proposal));
    page.field("proposed", format_args!("by {}, {} (entry {})", proposal.proposer, proposal.time, proposal.seq));
    page.field("digest", proposal.opened);
    let text = session.entry(proposal.seq)?.and_then(|entry| entry.text);
    if let Some(Text::Remark(field, prose)) = &text {
        page.block(field.as_str()).text("", prose);
    }
    let names = match text {
        Some(Text::Names(names)) => names,
        _ => BTreeMap::new(),
    };
    output::action(&mut page, &proposal.action, session.state().governance(), &names);
    if let Action::Redact(texts) = &proposal.action {
        redacted_blocks(&mut page, session, texts)?;
    }
    Ok(page)
}

/// What would be redacted, word by word, so that nobody seconds it unseen.
fn redacted_blocks(page: &mut Page, session: &Session, texts: &BTreeMap<u64, Digest>) -> Result<(), Error> {
    for (seq, text) in texts {
        let Some(entry) = session.entry(*seq)? else { continue };
        let what = output::describe(&entry.event);
        page.block(&format!("the text of entry {seq}: {} {what}", entry.header.actor));
        let raw = session.raw(*seq)?.and_then(|raw| raw.text).unwrap_or_default();
        let shown = String::from_utf8_lossy(&raw);
        match entry.header.text.as_ref().is_some_and(|it| it.digest == *text) {
            true if raw.is_empty() => page.text("", "(redacted already)"),
            true => page.verbatim(0, "", shown.trim_end()),
            false => page.text("", "(the proposal names another text than this entry has: nothing would be redacted)"),
        };
    }
    Ok(())
}

impl Second {
    fn run(self, context: &mut Context<'_>, session: &mut Session) -> Result<(), Error> {
        let at @ ProposalRef { proposal: id, opened } = self.which.reference(session)?;
        let plan = |_: &mut Session| Ok(Plan::of(Event::Second(at)));
        let entry = match self.digest.as_deref().map(parse::<Digest>).transpose()? {
            Some(given) if given != opened => {
                return Err(Error::OtherDigest { flag: "--digest", given, found: opened });
            }
            Some(_) => record(context.recorder(), session, plan)?,
            None if !context.env.console.is_interactive() => return Err(Error::NeedDigest { flag: "--digest" }),
            None => {
                let mut rehearsal = rehearse(&mut context.recorder(), session, plan)?;
                let (_, proposal) = self.which.find(session)?;
                let page = page(context, session, id, proposal)?;
                context.env.status(page.finish());
                rehearsal.confirm(context.env, "second this proposal", &id.to_string())?;
                rehearsal.record(context.recorder(), session)?
            }
        };
        report_recorded(context, &entry, None, format_args!("proposal {id} carried"))
    }
}

impl Decline {
    fn run(self, context: &mut Context<'_>, session: &mut Session) -> Result<(), Error> {
        let at = self.which.reference(session)?;
        let text = reason(self.reason.as_deref())?;
        let entry =
            record(context.recorder(), session, |_| Ok(Plan { event: Event::Decline(at), text: text.clone() }))?;
        report_recorded(context, &entry, None, format_args!("proposal {} declined", at.proposal))
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
                text => return Err(Error::NoText { seq, redacted: text.is_some() }),
            };
        }
        open(context, session, text, |_| Ok(Action::Redact(texts.clone())))
    }
}

impl Restored {
    fn run(self, context: &mut Context<'_>, session: &mut Session) -> Result<(), Error> {
        let text = reason(Some(&self.reason))?;
        let behind = session.memory().behind();
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
        open(context, session, text, |_| Ok(Action::Restored(Restoration { restored, lost })))
    }
}
