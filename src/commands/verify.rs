//! `verify`: everything, from entry 0 on.

use clap::Args;

use super::Context;
use crate::domain::Digest;
use crate::error::Error;
use crate::log::{Defect, entry};
use crate::render::{Page, safe};
use crate::store::{Finding, Pin, Reading, Session, SharedFile};

/// Verify the whole register: every signature, link, rule and text, the tables, the schema, the file
///
/// Always reads everything. Exit code 0: intact; 3: something is not, and each finding names the entry and the rule.
#[derive(Debug, Args)]
pub struct Verify {}

impl Verify {
    /// Runs it.
    ///
    /// # Errors
    /// [`Error::Findings`], or what prevents reading.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let path = context.register_path()?;
        let (shared, mut findings) = SharedFile::open(&path)?;
        let entries = shared.newest()?.map_or(0, |newest| newest + 1);
        let fingerprint = shared.entry(0)?.map_or(Digest::NONE, |raw| raw.leaf());
        findings.extend(self.fingerprint_finding(context, &shared, fingerprint)?);
        findings.extend(shared.integrity()?);
        let anchored = findings.iter().all(|finding| finding.rule != "fingerprint") && context.trusts(fingerprint);
        let mut session = if anchored {
            Session::attach(shared, &context.state_folder(fingerprint), fingerprint)?
        } else {
            Session::unanchored(shared, fingerprint)?
        };
        let pin = session.pin().copied();
        let now = context.env.now();
        let bar = context.progress(entries, "verifying");
        let reading = session.verify(now, &mut |seq| bar.set_position(seq))?;
        bar.finish_and_clear();
        context.tell_notices(&session);
        findings.extend(reading.findings.iter().cloned());
        if reading.entries == 0 {
            findings.push(Finding::at(0, Defect::Missing.rule(), "there is no entry at all: nothing was founded here"));
        }
        report(context, &session, &reading, pin, &findings)?;
        if findings.is_empty() { Ok(()) } else { Err(Error::Findings { count: findings.len() }) }
    }

    /// Whether it is the register that was given, or that is known here by path or name.
    fn fingerprint_finding(
        &self,
        context: &Context<'_>,
        shared: &SharedFile,
        found: Digest,
    ) -> Result<Option<Finding>, Error> {
        let name = shared.entry(0)?.and_then(|raw| entry::facts(&raw).ok()).map(|(header, _)| header.register);
        let known = context.fingerprint_known(shared.path(), name.as_ref().map(|id| id.name().as_str()));
        let expected = context.fingerprint_given()?.map(|given| given.to_string()).or(known);
        Ok(expected.filter(|expected| *expected != found.to_string()).map(|expected| {
            let meaning = format!("entry 0 has the leaf hash {found}, and {expected} is the register that you know");
            Finding::of_file("fingerprint", meaning)
        }))
    }
}

fn report(
    context: &mut Context<'_>,
    session: &Session,
    reading: &Reading,
    pin: Option<Pin>,
    findings: &[Finding],
) -> Result<(), Error> {
    let mut page = Page::new(context.env.colour);
    if let Some(id) = session.state().id() {
        page.field("register", id);
    }
    page.field("fingerprint", session.fingerprint());
    page.field("entries", reading.entries);
    if let Some(head) = session.state().head() {
        let which = if reading.findings.is_empty() { "head" } else { "valid up to" };
        page.field(which, format_args!("entry {} {}", head.seq, head.leaf));
    }
    let given = context.options.fingerprint.is_some();
    page.field(
        "anchored to",
        match pin {
            Some(pin) => format!("this account's pin: entry {}, verified {}", pin.head.seq, pin.verified),
            None if given => "the fingerprint that you gave, so to its beginning and not to its end".to_owned(),
            None => "nothing outside this file".to_owned(),
        },
    );
    for notice in &reading.notices {
        page.field("notice", safe(&notice.to_string()));
    }
    for finding in findings {
        page.field("finding", safe(&finding.to_string()));
    }
    if reading.unjudged > 0 {
        let meaning = format!("{} later entries were checked for signature and link, not for rules", reading.unjudged);
        page.field("therefore", meaning);
    }
    page.field(
        "result",
        match (findings.is_empty(), pin.is_some() || given) {
            (true, true) => "intact",
            (true, false) => "intact; not anchored to anything outside this file",
            (false, _) => "NOT INTACT",
        },
    );
    Ok(context.env.say(page.finish())?)
}
