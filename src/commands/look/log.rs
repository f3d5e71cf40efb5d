//! `log`: show the audit log, or the exact bytes of its entries.

use clap::Args;

use crate::commands::breakglass::find;
use crate::commands::lookup::{break_glass_id, change_id, known_person, parse, time};
use crate::commands::{Context, Zh};
use crate::domain::{EventKind, PersonId, number};
use crate::error::Error;
use crate::format::entry;
use crate::input::Toward;
use crate::output::{self, Page, describe, folded, widest_word};
use crate::store::{EntryFilter, Session, Since, StoreError};
use crate::trf;

/// Show the audit log
#[derive(Debug, Args)]
#[command(zh("显示审计日志"))]
#[command(after_help = "Examples:
  twinseal log --change CHG-42
  twinseal log --breakglass BG-1
  twinseal log --person carol --kind change.approve --since yesterday
  twinseal log --seq 812 --raw > 812.entry")]
pub struct Log {
    /// Filter by change
    #[arg(long, value_name = "CHG-N", zh("按变更单筛选"))]
    change: Option<String>,
    /// Filter by break-glass
    #[arg(long, value_name = "BG-N", zh("按紧急处置筛选"))]
    breakglass: Option<String>,
    /// Filter by actor
    #[arg(long, value_name = "PERSON", visible_alias = "actor", zh("按操作人筛选"))]
    person: Option<String>,
    /// Filter by kind of entry, such as change.approve
    #[arg(long, value_name = "KIND", zh("按日志条目种类筛选，如 change.approve"))]
    kind: Option<String>,
    /// Single entry to show
    #[arg(long, value_name = "N", zh("只显示这一条日志"))]
    seq: Option<u64>,
    /// First entry to show, by number or by the time that it claims: 812, yesterday, 'mon 09:00'
    #[arg(long, value_name = "N|TIME", conflicts_with = "seq")]
    #[arg(zh("从这一条开始：编号，或日志条目所称的时间，如 812、yesterday、'mon 09:00'"))]
    since: Option<String>,
    /// Time before which entries are shown, as they claim it
    #[arg(long, value_name = "TIME", conflicts_with = "seq", zh("只显示所称时间早于此时间的日志条目"))]
    until: Option<String>,
    /// Exact bytes that the leaf hash covers: body, blank line, signature line
    #[arg(long, zh("叶哈希所覆盖的原始字节：正文、空行、签名行"))]
    raw: bool,
    /// Exact bytes of the text part, whose SHA-256 is in the body
    #[arg(long, conflicts_with = "raw", zh("文本部分的原始字节，其 SHA-256 在正文中"))]
    raw_text: bool,
    /// Exact bytes of the data part, whose SHA-256 is in the body
    #[arg(long, conflicts_with_all = ["raw", "raw_text"], zh("数据部分的原始字节，其 SHA-256 在正文中"))]
    raw_data: bool,
}

impl Log {
    /// # Errors
    /// A filter is invalid, there is no such entry, or the register cannot be read.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let session = context.open()?;
        if let Some(seq) = self.seq.filter(|seq| session.state().head().is_none_or(|head| head.seq < *seq)) {
            return Err(Error::NoEntry(seq));
        }
        // A terminal gets the lines at once, for the pager; a pipe gets each as soon as it is read.
        let (mut lines, on_terminal) = (Vec::new(), context.env.height.is_some() && !context.ui.json);
        let clock = context.clock();
        for seq in self.select(context, &session)? {
            if self.raw || self.raw_text || self.raw_data {
                let bytes = self.bytes(context, &session, seq)?;
                context.env.out.write_all(&bytes)?;
            } else {
                let entry = session.entry(seq)?.ok_or(Error::NoEntry(seq))?;
                let header = &entry.header;
                let width = context.env.width;
                let (time, done) = (clock.to_the_second(header.time), clock.local(&describe(&entry.event)));
                let line = || line((seq, &time, &header.actor), &done, width);
                if on_terminal {
                    lines.push(line());
                    continue;
                }
                let json = || output::json::entry(header, &entry.event, entry.text.as_ref(), entry.leaf);
                context.ui.answer(context.env, json, line)?;
            }
        }
        if lines.is_empty() { Ok(()) } else { Ok(context.env.print_long(&lines.join("\n"))?) }
    }

    /// The exact bytes of the part of an entry that was asked for; empty if it has none.
    fn bytes(&self, context: &mut Context<'_>, session: &Session, seq: u64) -> Result<Vec<u8>, Error> {
        // Comparing the blob with the verified leaf hash proves nothing about the other parts.
        session.entry(seq)?;
        let raw = session.raw(seq)?.ok_or(Error::NoEntry(seq))?;
        entry::parse(&raw).map_err(|defect| StoreError::defect(seq, &defect))?;
        let (bytes, absent) = match (self.raw, self.raw_text) {
            (true, _) => (Some(raw.blob), String::new()),
            (_, true) => {
                let absent = match session.redacted(seq)? {
                    Some(proposal) => trf!(
                        "text of entry {seq} was redacted by proposal {proposal}",
                        "第 {seq} 条的文本已由提案 {proposal} 隐去"
                    ),
                    None => trf!("entry {seq} has no text", "第 {seq} 条没有文本"),
                };
                (raw.text, absent)
            }
            _ => (raw.data, trf!("entry {seq} has no data", "第 {seq} 条没有数据")),
        };
        if bytes.is_none() {
            context.env.remark(absent);
        }
        Ok(bytes.unwrap_or_default())
    }

    /// The sequence numbers of the matching entries, ascending.
    fn select(&self, context: &Context<'_>, session: &Session) -> Result<Vec<u64>, Error> {
        let change = self.change.as_deref().map(change_id).transpose()?;
        let break_glass = self.breakglass.as_deref().map(break_glass_id).transpose()?;
        let person = self.person.as_deref().map(parse::<PersonId>).transpose()?;
        if let Some(change) = change.filter(|change| change.number() > session.state().filed()) {
            return Err(Error::NoChange(change));
        }
        break_glass.map_or(Ok(()), |id| find(session, id).map(|_| ()))?;
        if let Some(person) = &person {
            known_person(session, person)?;
        }
        let kind = self.kind.as_deref().map(parse::<EventKind>).transpose()?;
        let since = |given: &String| match number(given) {
            Ok(seq) => Ok(Since::Entry(seq)),
            Err(_) => time(context, given, Toward::Past).map(Since::Time),
        };
        let since = self.since.as_ref().map(since).transpose()?;
        let until = self.until.as_ref().map(|given| time(context, given, Toward::Past)).transpose()?;
        let filter = EntryFilter { change, break_glass, actor: person, kind, seq: self.seq, since, until };
        Ok(session.queries().entries(&filter)?)
    }
}

/// The fewest columns for a description beside the actor.
const ROOM: usize = 30;

/// An entry on one line; where the terminal is too narrow, its description takes several, or stands below.
fn line((seq, time, actor): (u64, &str, &PersonId), description: &str, width: Option<u16>) -> String {
    let begin = format!("{seq:>6}  {time}  ");
    let one = format!("{begin}{actor:<12}  {description}");
    if folded(&one, width) == one {
        return one;
    }
    let begin = format!("{begin}{actor:<12}  ");
    let (indent, mut page) = (begin.len(), Page::new(false, width));
    let room = widest_word(description).max(ROOM);
    if width.is_some_and(|width| usize::from(width) <= indent + room) {
        page.under(8, description);
        return format!("{}\n{}", begin.trim_end(), page.finish());
    }
    page.under(indent, description);
    format!("{begin}{}", page.finish().trim_start())
}
