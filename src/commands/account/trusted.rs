//! `registers`: the registers that this account trusts.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::commands::Context;
use crate::config::Known;
use crate::domain::Digest;
use crate::error::{AccountError, Error};
use crate::input::nearest;
use crate::key_choice::confirm;
use crate::output::{safe, table};

/// List and forget the registers that this account trusts
///
/// Without a subcommand, lists them.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal registers
  twinseal registers forget uat")]
pub struct Registers {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the trusted registers and how far each is verified
    List,
    /// Stop trusting a register
    ///
    /// The register itself is unchanged. Its pin is kept: if you trust it again, it must still hold what this account
    /// has verified.
    Forget(Forget),
}

/// Arguments of `registers forget`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal registers forget uat
  twinseal registers forget uat --fingerprint 2d38\u{2026}")]
pub struct Forget {
    /// Name of the register
    #[arg(value_name = "REGISTER")]
    name: String,
}

impl Registers {
    /// # Errors
    /// The list cannot be read or written, no such register, or not confirmed.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        match self.verb {
            None | Some(Verb::List) => list(context),
            Some(Verb::Forget(it)) => it.run(context),
        }
    }
}

/// The newest entry that this account verified.
fn verified(context: &Context<'_>, known: &Known) -> Option<u64> {
    known.fingerprint.parse().ok().and_then(|fingerprint: Digest| context.registers.verified(fingerprint))
}

fn list(context: &mut Context<'_>) -> Result<(), Error> {
    let known: Vec<(Known, Option<u64>)> =
        context.registers.known().list().iter().map(|it| (it.clone(), verified(context, it))).collect();
    if known.is_empty() && !context.ui.json {
        context.env.remark("no trusted registers");
        return Ok(());
    }
    let json = |(it, verified): &(Known, Option<u64>)| {
        json!({
            "name": it.name,
            "path": it.path.display().to_string(),
            "fingerprint": it.fingerprint,
            "superseded": it.superseded,
            "verified": verified,
        })
    };
    let row = |(it, verified): &(Known, Option<u64>)| {
        let verified = verified.map_or("nothing".to_owned(), |seq| format!("entry {seq}"));
        let state = if it.superseded { "superseded".to_owned() } else { verified };
        [it.name.clone(), state, it.path.display().to_string(), it.fingerprint.clone()]
    };
    let width = context.env.width;
    let rows = || known.iter().map(row).collect();
    let json = || json!({ "registers": known.iter().map(json).collect::<Value>() });
    context.ui.answer(context.env, json, || table(["REGISTER", "VERIFIED", "PATH", "FINGERPRINT"], rows(), width))
}

impl Forget {
    fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let given = context.registers.fingerprint()?.map(|it| it.to_string());
        let named = |it: &&Known| it.name == self.name && given.as_ref().is_none_or(|given| *given == it.fingerprint);
        let mut found = context.registers.known().list().iter().filter(named);
        // A superseded register is meant only by its fingerprint.
        let known = match &given {
            Some(_) => found.next(),
            None => found.find(|it| !it.superseded),
        };
        let known = known.cloned().ok_or_else(|| {
            let names = context.registers.known().list().iter().map(|it| it.name.as_str());
            AccountError::NotTrusted { given: self.name.clone(), near: nearest(&self.name, names) }
        })?;
        if given.is_none() {
            if !context.env.console.is_interactive() {
                return Err(Error::NeedDigest { flag: "--fingerprint" });
            }
            let path = known.path.display().to_string();
            context.env.status(format_args!("{} at {}", known.name, safe(&path)));
            context.env.status(format_args!("fingerprint {}", known.fingerprint));
            confirm(context.env, "stop trusting it", &known.name)?;
        }
        context.registers.forget(context.env, &known.fingerprint)?;
        context.env.remark(format_args!("{} is no longer trusted; its pin is kept", known.name));
        if !context.ui.json {
            return Ok(());
        }
        context.ui.print_json(context.env, json!({ "forgotten": known.name, "fingerprint": known.fingerprint }))
    }
}
