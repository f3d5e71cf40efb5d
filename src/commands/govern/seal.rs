//! `seal`: add the second founding signature.

use std::collections::BTreeMap;

use clap::Args;

use crate::commands::{Context, report_recorded};
use crate::domain::{Event, Predecessor, Text};
use crate::error::Error;
use crate::format::entry::members;
use crate::output::{Page, member_table, policy_sentences};
use crate::record::{Plan, rehearse};

/// Seal a new register as its second founding admin
///
/// Shows the founding members and the first policy, and asks you to type the register's name. Without a terminal,
/// --fingerprint is required.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal seal --register prod.db
  twinseal seal --register prod.db --fingerprint DIGEST")]
pub struct Seal {}

impl Seal {
    /// # Errors
    /// A rule refuses it, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let mut session = context.open()?;
        let mut rehearsal = rehearse(&mut context.recorder(), &mut session, |_| Ok(Plan::of(Event::Seal)))?;
        let entry = session.entry(0)?.ok_or(Error::NoEntry(0))?;
        let mut page = Page::new(context.env.colour, context.env.width);
        page.title(format_args!("register {}", entry.header.register));
        page.field("fingerprint", entry.leaf);
        page.field("founded", format_args!("by {}, {}", entry.header.actor, entry.header.time));
        let names = match &entry.text {
            Some(Text::Names(names)) => names.clone(),
            _ => BTreeMap::new(),
        };
        page.block("members").verbatim(0, "", member_table(members(&entry.event), &names, None));
        if let Event::Init { policy, after, .. } = &entry.event {
            if let Some(Predecessor { register, fingerprint, head }) = after {
                page.block("successor of").verbatim(0, "", register).verbatim(0, "fingerprint", fingerprint);
                page.verbatim(0, "after entry", head);
            }
            page.block("policy").text("", policy_sentences(policy).join("\n"));
        }
        context.env.status(page.finish());
        if context.options.fingerprint.is_none() {
            if !context.env.console.is_interactive() {
                return Err(Error::NeedDigest { flag: "--fingerprint" });
            }
            rehearsal.confirm(context.env, "seal this register", entry.header.register.name().as_str())?;
        }
        let entry = rehearsal.record(context.recorder(), &mut session)?;
        report_recorded(context, &entry, None, "register sealed; admins can now enrol people: `twinseal person enrol`")
    }
}
