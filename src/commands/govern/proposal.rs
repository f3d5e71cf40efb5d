//! `proposal list|show|second|decline|withdraw|redact|restored`, and opening a proposal for other commands.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::commands::lookup::{check_named_once, parse, reason};
use crate::commands::{Context, report_recorded};
use crate::domain::{
    Action, Digest, Event, Head, LostEntries, Moment, PersonId, Proposal as Opened, ProposalId, ProposalRef,
    ProposalState, Restoration, Text, number,
};
use crate::error::{Error, Exit};
use crate::output::{self, Page, ago, safe, summary, table};
use crate::record::{Plan, record, rehearse};
use crate::store::{Held, Session};

/// Review proposals, second or decline them
#[derive(Debug, Subcommand)]
pub enum Proposal {
    /// List proposals
    List,
    /// Show everything that a proposal would change
    #[command(after_help = "Examples:
  twinseal proposal show 3")]
    Show(Which),
    /// Second another admin's proposal, which puts it into effect
    Second(Second),
    /// Decline another admin's proposal
    Decline(Decline),
    /// Withdraw your own proposal
    #[command(after_help = "Examples:
  twinseal proposal withdraw 3")]
    Withdraw(Which),
    /// Propose to redact the text of log entries
    ///
    /// Use it for a password or a name that must not stay in the log. Only free text is removed; the rules need none of
    /// it.
    Redact(Redact),
    /// Propose to accept the loss of entries after a restore
    ///
    /// Use it if a register was restored from a backup and no other file has the lost entries for twinseal recover. The
    /// proposal lists every entry that this account verified and the log lacks. Once it is seconded, accounts whose
    /// newest verified entry is listed accept the log without it.
    Restored(Restored),
}

/// The number of a proposal.
#[derive(Debug, Args)]
pub struct Which {
    /// Proposal number
    #[arg(value_name = "N")]
    proposal: String,
}

/// Arguments of `proposal second`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal proposal show 3
  twinseal proposal second 3
  twinseal proposal second 3 4
  twinseal proposal second 3 --digest DIGEST")]
pub struct Second {
    /// Proposal numbers; each is shown and signed separately
    #[arg(required = true, value_name = "N")]
    proposals: Vec<String>,
    /// Digest that `twinseal proposal show` prints, one for each proposal in the same order; required without a terminal
    #[arg(long = "digest", value_name = "DIGEST")]
    digests: Vec<String>,
}

/// Arguments of `proposal decline`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal proposal decline 3 --reason 'Bob is on leave from Monday.'")]
pub struct Decline {
    #[command(flatten)]
    which: Which,
    /// Reason
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Arguments of `proposal redact`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal proposal redact 812 --reason 'Holds a password.'")]
pub struct Redact {
    /// Entries whose text to redact
    #[arg(required = true, value_name = "SEQ")]
    seqs: Vec<String>,
    /// Reason
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Arguments of `proposal restored`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal proposal restored \\
      --reason 'Disk lost; the nightly backup ends at entry 790.'
  twinseal proposal restored --lost 812:LEAF --reason 'Disk lost.'")]
pub struct Restored {
    /// Lost entry that only another account verified, and its leaf hash, as the error of that account shows it; repeat
    /// it for each, in order
    #[arg(long, value_name = "SEQ:LEAF")]
    lost: Vec<String>,
    /// Reason
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Opens a proposal. `action` is evaluated at the head, again each time the head moves.
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
    let said = format!("proposal {proposal} opened; another admin runs: `twinseal proposal second {proposal}`");
    report_recorded(context, &entry, Some(format!("proposal {proposal} {}", entry.leaf)), said)
}

impl Proposal {
    /// # Errors
    /// There is no such proposal, a rule refuses the act, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let mut session = context.open_ignoring_pin()?;
        match self {
            Self::List => list(context, &session),
            Self::Show(which) => {
                let found = which.find(&session)?;
                let page = page(context, &session, &found)?;
                let text = session.entry(found.proposal.seq)?.and_then(|entry| entry.text);
                let json = proposal_json(session.state().moment(context.env.now()), &found, text.as_ref());
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

/// A proposal and its action.
struct Found {
    id: ProposalId,
    proposal: Opened,
    action: Action,
}

/// The proposal with this number. The action of an ended proposal is read from the entry that opened it.
fn find(session: &Session, id: ProposalId) -> Result<Option<Found>, Error> {
    let Ok(proposal) = session.ask(|state| state.governance().proposal(id).cloned())? else { return Ok(None) };
    let action = match proposal.action() {
        Some(action) => action.clone(),
        None => match session.entry(proposal.seq)?.map(|entry| entry.event) {
            Some(Event::Propose { action, .. }) => action,
            _ => return Err(Error::NoEntry(proposal.seq)),
        },
    };
    Ok(Some(Found { id, proposal, action }))
}

impl Which {
    fn find(&self, session: &Session) -> Result<Found, Error> {
        let id: ProposalId = parse(&self.proposal)?;
        // In a broken register it may come after the first broken entry.
        let missing = || session.fault().map_or(Error::NoProposal(id), |fault| Error::Broken(fault.clone()));
        find(session, id)?.ok_or_else(missing)
    }

    fn reference(&self, session: &Session) -> Result<ProposalRef, Error> {
        self.find(session).map(|it| ProposalRef { proposal: it.id, opened: it.proposal.opened })
    }
}

/// The state of a proposal now.
fn state_phrase(now: Moment, proposal: &Opened) -> String {
    match &proposal.state {
        ProposalState::Open(_) if proposal.ahead => "ahead of other clocks; cannot be seconded".to_owned(),
        ProposalState::Open(_) if now.effective >= proposal.lapses() => {
            format!("lapsed {}", ago(proposal.lapses(), now.claimed))
        }
        ProposalState::Open(_) => format!("open; lapses {}", ago(proposal.lapses(), now.claimed)),
        ProposalState::Seconded(by) | ProposalState::Declined(by) => format!("{} by {by}", proposal.state.as_str()),
        ProposalState::Withdrawn => "withdrawn".to_owned(),
    }
}

fn proposal_json(now: Moment, Found { id, proposal, action }: &Found, text: Option<&Text>) -> Value {
    let (state, by) = match &proposal.state {
        ProposalState::Open(_) if proposal.ahead => ("ahead", None),
        ProposalState::Open(_) if now.effective >= proposal.lapses() => ("lapsed", None),
        ProposalState::Seconded(by) | ProposalState::Declined(by) => (proposal.state.as_str(), Some(by)),
        state => (state.as_str(), None),
    };
    json!({
        "proposal": id.number(),
        "state": state,
        "decided_by": output::json::written(by),
        "kind": action.kind().to_string(),
        "proposer": proposal.proposer.to_string(),
        "digest": proposal.opened.to_string(),
        "seq": proposal.seq,
        "time": proposal.moment.claimed.to_string(),
        "lapses": proposal.lapses().to_string(),
        "summary": summary(action),
        "action": output::json::action(action),
        "text": text.map(output::json::text),
    })
}

fn list(context: &mut Context<'_>, session: &Session) -> Result<(), Error> {
    let numbers = (0..session.state().governance().proposals()).rev().map(ProposalId::after);
    let snapshot = session.hold_snapshot()?;
    let found = numbers.map(|id| find(session, id)).filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()?;
    drop(snapshot);
    let now = session.state().moment(context.env.now());
    let row = |Found { id, proposal, action }: &Found| {
        [id.to_string(), state_phrase(now, proposal), proposal.proposer.to_string(), summary(action)]
    };
    let rows: Vec<_> = found.iter().map(row).collect();
    if rows.is_empty() && !context.ui.json {
        context.env.status("no proposals yet");
        return Ok(());
    }
    let json = || json!({ "proposals": found.iter().map(|it| proposal_json(now, it, None)).collect::<Value>() });
    let width = context.env.width;
    context.ui.answer(context.env, json, || table(["PROPOSAL", "STATE", "PROPOSER", "SUMMARY"], rows, width))
}

fn page(context: &Context<'_>, session: &Session, found: &Found) -> Result<Page, Error> {
    let Found { id, proposal, action } = found;
    let mut page = Page::new(context.env.colour, context.env.width);
    page.title(format_args!("proposal {id}: {}", summary(action)));
    let now = session.state().moment(context.env.now());
    page.field("state", state_phrase(now, proposal));
    page.field(
        "proposed",
        format_args!("by {}, {} (entry {})", proposal.proposer, proposal.moment.claimed, proposal.seq),
    );
    page.field("digest", proposal.opened);
    let text = session.entry(proposal.seq)?.and_then(|entry| entry.text);
    if let Some(Text::Remark(field, prose)) = &text {
        page.block(field.as_str()).text("", prose);
    }
    let names = match text {
        Some(Text::Names(names)) => names,
        _ => BTreeMap::new(),
    };
    output::action(&mut page, action, &present(session, action)?, &names);
    match action {
        Action::Redact(texts) => redacted_blocks(&mut page, session, texts)?,
        Action::Restored(lost) => held_block(&mut page, session, lost)?,
        Action::Retire { person, .. } => stranded_block(&mut page, session, person, now)?,
        _ => {}
    }
    Ok(page)
}

/// Writes how the entries that this account verified relate to those that a restoration lists, so that an admin who
/// holds more notices it before seconding.
fn held_block(page: &mut Page, session: &Session, lost: &LostEntries) -> Result<(), Error> {
    let last = lost.ends.lost.seq;
    page.block("this account");
    match session.pinned().held(lost)? {
        Held::Nothing => page.text("", "The log has every entry that this account verified."),
        Held::Listed(head) => {
            page.text("", format_args!("Verified up to entry {head}, which is listed as lost. Its pin would move."))
        }
        Held::Beyond(head) => page.text(
            "",
            format_args!("Verified up to entry {head}. The list ends at entry {last}: entries would be lost unlisted."),
        ),
        Held::OtherBranch(head) => {
            page.text("", format_args!("Verified up to entry {head}, on another branch than the listed entries."))
        }
    };
    Ok(())
}

/// Writes the open changes that nobody could carry out as they are once this person has left.
fn stranded_block(page: &mut Page, session: &Session, person: &PersonId, now: Moment) -> Result<(), Error> {
    let stranded = stranded_by(session, person, now)?;
    if !stranded.is_empty() {
        page.block("open changes then");
        stranded.iter().for_each(|line| _ = page.text("-", line));
    }
    Ok(())
}

/// The open changes that lose their owner or last implementer if this person leaves, each with its status.
///
/// # Errors
/// The cache cannot be read.
pub fn stranded_by(session: &Session, person: &PersonId, now: Moment) -> Result<Vec<String>, Error> {
    let ids = session.queries().carried_out_by(person, now.claimed)?;
    let lines = session.ask_each(None, ids, |change, governance| {
        let left = change.stranded(governance, Some(person))?;
        let status = change.status(governance, now)?;
        Ok(left.is_any().then(|| format!("{} ({}): {}", change.id(), status.phrase(), left.phrase())))
    })??;
    Ok(lines.into_iter().flatten().collect())
}

/// What a proposal would replace.
fn present(session: &Session, action: &Action) -> Result<output::Present, Error> {
    let policy = session.state().governance().policy().cloned();
    let people: Vec<&PersonId> = match action {
        Action::Roles(changes) => changes.keys().collect(),
        Action::Retire { person, .. } => vec![person],
        _ => Vec::new(),
    };
    let mut grants = BTreeMap::new();
    for person in people {
        let present = session.ask(|state| Ok(state.governance().person(person)?.map(|it| it.grants.clone())))??;
        grants.extend(present.map(|present| (person.clone(), present)));
    }
    Ok(output::Present { grants, policy })
}

/// Writes the text that would be redacted, so that an admin reads it before seconding.
fn redacted_blocks(page: &mut Page, session: &Session, texts: &BTreeMap<u64, Digest>) -> Result<(), Error> {
    for seq in texts.keys() {
        let Some(entry) = session.entry(*seq)? else { continue };
        let what = output::describe(&entry.event);
        page.block(&format!("text of entry {seq}: {} {what}", entry.header.actor));
        let raw = session.raw(*seq)?.and_then(|raw| raw.text).unwrap_or_default();
        let shown = String::from_utf8_lossy(&raw);
        match raw.is_empty() {
            true => page.text("", "(already redacted)"),
            false => page.verbatim(0, "", shown.trim_end()),
        };
    }
    Ok(())
}

impl Second {
    fn run(self, context: &mut Context<'_>, session: &mut Session) -> Result<(), Error> {
        let digests = self.digests.iter().map(|it| parse(it)).collect::<Result<Vec<Digest>, _>>()?;
        check_named_once(&self.proposals)?;
        let named: Vec<Which> = self.proposals.into_iter().map(|proposal| Which { proposal }).collect();
        if !digests.is_empty() && digests.len() != named.len() {
            return Err(Error::DigestCount { what: "proposals", named: named.len(), digests: digests.len() });
        }
        for which in &named {
            which.find(session)?;
        }
        let mut open = Vec::new();
        for (at, which) in named.iter().enumerate() {
            match second(context, session, which, digests.get(at).copied()) {
                // One that is not seconded does not keep the admin from the others.
                Err(error) if named.len() > 1 && error.exit() == Exit::Refused => {
                    let why = error.to_string();
                    context.env.status(format_args!("proposal {} not seconded: {}", which.proposal, safe(&why)));
                    open.push(which.proposal.clone());
                }
                seconded => seconded?,
            }
        }
        let (done, what, command) = ("seconded", "proposals", "proposal second");
        if open.is_empty() { Ok(()) } else { Err(Error::Partly { done, what, command, open, of: named.len() }) }
    }
}

/// Seconds one proposal: the one shown, or the one that `digest` names.
fn second(
    context: &mut Context<'_>,
    session: &mut Session,
    which: &Which,
    digest: Option<Digest>,
) -> Result<(), Error> {
    let at @ ProposalRef { proposal: id, opened } = which.reference(session)?;
    let plan = |_: &mut Session| Ok(Plan::of(Event::Second(at)));
    let entry = match digest {
        Some(given) if given != opened => {
            return Err(Error::OtherDigest { flag: "--digest", given, found: opened });
        }
        Some(_) => record(context.recorder(), session, plan)?,
        None if !context.env.console.is_interactive() => return Err(Error::NeedDigest { flag: "--digest" }),
        None => {
            let mut rehearsal = rehearse(&mut context.recorder(), session, plan)?;
            let page = page(context, session, &which.find(session)?)?;
            context.env.status(page.finish());
            rehearsal.confirm(context.env, "second this proposal", &id.to_string())?;
            rehearsal.record(context.recorder(), session)?
        }
    };
    context.ui.report_later_notices(context.env, session);
    report_recorded(context, &entry, None, format_args!("proposal {id} seconded; it is in effect"))
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
        let lost = self.lost_entries(session)?;
        let Restoration { restored, lost: last } = lost.ends;
        let listed = output::lost_entries(restored.seq, last.seq);
        context.env.status(format_args!("the proposal lists {listed}; the list is permanent and cannot be redacted"));
        open(context, session, text, |_| Ok(Action::Restored(lost.clone())))
    }

    /// The lost entries that this account verified, and then those that were given.
    fn lost_entries(&self, session: &Session) -> Result<LostEntries, Error> {
        let head = |given: &String| -> Result<Head, Error> {
            given.replacen(':', " ", 1).parse().map_err(|invalid| Error::Value { given: given.clone(), invalid })
        };
        let given = self.lost.iter().map(head).collect::<Result<Vec<Head>, _>>()?;
        let (restored, mut leaves) = match (session.pinned().lost_entries()?, given.first()) {
            (Some(lost), _) => (lost.ends.restored, lost.leaves),
            (None, _) if session.pinned().behind().is_some() => return Err(Error::LostUnlisted),
            (None, None) => return Err(Error::NothingLost),
            (None, Some(first)) => {
                let seq = first.seq.saturating_sub(1);
                (Head { seq, leaf: session.raw(seq)?.ok_or(Error::NoEntry(seq))?.leaf() }, Vec::new())
            }
        };
        for head in given {
            let expected = restored.seq.saturating_add(leaves.len() as u64 + 1);
            if head.seq != expected {
                return Err(Error::LostGap { seq: head.seq, expected });
            }
            leaves.push(head.leaf);
        }
        LostEntries::after(restored, leaves).ok_or(Error::NothingLost)
    }
}
