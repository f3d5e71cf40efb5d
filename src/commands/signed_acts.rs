//! The acts on a break-glass or a deviation: what somebody wrote, on a page, and each act as JSON.

use serde_json::{Value, json};

use crate::commands::lookup::{parts, reason_of, redaction};
use crate::domain::SignedAct;
use crate::error::Error;
use crate::output::{Gutter, Page};
use crate::store::Session;
use crate::trf;

/// Writes what somebody wrote in an entry, or who redacted it.
///
/// # Errors
/// The register cannot be read.
pub fn words(page: &mut Page, session: &Session, heading: &str, seq: u64) -> Result<(), Error> {
    page.block(heading);
    if let Some(redacted) = redaction(session, seq)? {
        page.text("", trf!("(text redacted {})", "（文本已隐去，{}）", redacted.by));
        redacted.reason.iter().for_each(|reason| _ = page.quote_text(Gutter::Prose, reason));
        return Ok(());
    }
    for block in parts(session, seq)?.content() {
        page.lines(&block.lines);
    }
    Ok(())
}

/// An act, with its time as its actor claimed it.
///
/// # Errors
/// The register cannot be read.
pub fn act_json(session: &Session, act: &SignedAct) -> Result<Value, Error> {
    Ok(json!({
        "person": act.person.to_string(),
        "time": act.moment.claimed.to_string(),
        "seq": act.seq,
        "leaf": act.leaf.to_string(),
        "comment": reason_of(session, act.seq)?,
    }))
}
