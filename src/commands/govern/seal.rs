//! `seal`: add the second founding signature.

use std::collections::BTreeMap;

use clap::Args;

use crate::commands::govern::explain::few_approvers;
use crate::commands::lookup::{parse, parts};
use crate::commands::{Context, about_to_sign, report_recorded};
use crate::domain::{Digest, Event, Predecessor, Text};
use crate::error::Error;
use crate::format::entry::members;
use crate::output::{member_blocks, members_line, policy_sentences};
use crate::record::{Plan, rehearse};

/// Seal a new register as its second founding admin
///
/// Shows the founding members and the first policy, and asks you to type the register's name. Without a terminal,
/// --digest is required: the leaf hash of entry 0, which is the fingerprint.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal seal --register prod.db
  twinseal seal --register prod.db --fingerprint DIGEST --digest DIGEST")]
pub struct Seal {
    /// Leaf hash of entry 0, which you have read: the fingerprint that `twinseal init` prints
    #[arg(long, value_name = "DIGEST")]
    digest: Option<String>,
}

impl Seal {
    /// # Errors
    /// A rule refuses it, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let mut session = context.open()?;
        let mut rehearsal = rehearse(&mut context.recorder(), &mut session, |_| Ok(Plan::of(Event::Seal)))?;
        let entry = session.entry(0)?.ok_or(Error::NoEntry(0))?;
        let mut page = context.page_above_question();
        page.title(format_args!("register {}", entry.header.register));
        page.field("fingerprint", entry.leaf);
        page.field("founded", format_args!("by {}, {}", entry.header.actor, entry.header.time));
        let names = match &entry.text {
            Some(Text::Names(names)) => names.clone(),
            _ => BTreeMap::new(),
        };
        member_blocks(&mut page, members(&entry.event), &names);
        if let Event::Init { policy, after, .. } = &entry.event {
            if let Some(Predecessor { register, fingerprint, head }) = after {
                page.block("successor of").text("", register).text("fingerprint", fingerprint);
                page.text("after entry", head);
            }
            page.block("policy").text("", policy_sentences(policy).join("\n"));
            let (governance, now) = (session.governed()?, session.state().moment(context.env.now()));
            for sentence in few_approvers(&governance, now)?.values() {
                page.text("", format_args!("note: {sentence}; enrol more approvers before changes are filed"));
            }
        }
        let signed = format!("entry 0, signed by {}", entry.header.actor);
        page.block(&signed).fields(&parts(&session, 0)?.fields());
        let (name, founder) = (entry.header.register.name(), &entry.header.actor);
        page.block("about to sign: seal").text("", format!("register {name}, founded by {founder}"));
        page.text("", members_line(members(&entry.event)));
        about_to_sign(&mut page, rehearsal.unsigned());
        context.env.status(page.finish());
        match self.digest.as_deref().map(parse::<Digest>).transpose()? {
            Some(given) if given != entry.leaf => {
                return Err(Error::OtherDigest { flag: "--digest", given, found: entry.leaf });
            }
            Some(_) => {}
            None if !context.env.console.is_interactive() => return Err(Error::NeedDigest { flag: "--digest" }),
            None => rehearsal.confirm(context.env, "seal this register", entry.header.register.name().as_str())?,
        }
        let entry = rehearsal.record(context.recorder(), &mut session)?;
        report_recorded(context, &entry, None, "register sealed; admins can now enrol people: `twinseal person enrol`")
    }
}
