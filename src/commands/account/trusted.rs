//! `registers`: the registers that this account trusts.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::commands::{Context, Zh};
use crate::config::Known;
use crate::domain::Digest;
use crate::error::{AccountError, Error};
use crate::input::nearest;
use crate::key_choice::confirm;
use crate::output::{safe, table};
use crate::{tr, trf};

/// List and forget the registers that this account trusts
///
/// Without a subcommand, lists them.
#[derive(Debug, Args)]
#[command(zh("列出或移除本账号信任的变更台账"))]
#[command(zh_long("不带子命令时列出。"))]
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
    #[command(zh("列出信任的变更台账，以及各自核验到哪一条"))]
    List,
    /// Stop trusting a register
    ///
    /// The register itself is unchanged. Its pin is kept: if you trust it again, it must still hold what this account
    /// has verified.
    #[command(zh("不再信任一个变更台账"))]
    #[command(zh_long("变更台账本身不变。其已验证位置会保留：如果再次信任它，它仍须包含本账号核验过的内容。"))]
    Forget(Forget),
}

/// Arguments of `registers forget`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal registers forget uat
  twinseal registers forget uat --fingerprint 2d38\u{2026}")]
pub struct Forget {
    /// Name of the register
    #[arg(zh("变更台账的名称"))]
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
        context.env.remark(tr!("no trusted registers", "没有信任的变更台账"));
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
        let verified = match verified {
            Some(seq) => trf!("entry {seq}", "第 {seq} 条"),
            None => tr!("nothing", "未核验").to_owned(),
        };
        let state = if it.superseded { tr!("superseded", "已被接替").to_owned() } else { verified };
        [it.name.clone(), state, it.path.display().to_string(), it.fingerprint.clone()]
    };
    let width = context.env.width;
    let rows = || known.iter().map(row).collect();
    let json = || json!({ "registers": known.iter().map(json).collect::<Value>() });
    context.ui.answer(context.env, json, || {
        let header =
            [tr!("REGISTER", "变更台账"), tr!("VERIFIED", "已核验至"), tr!("PATH", "路径"), tr!("FINGERPRINT", "指纹")];
        table(header, rows(), width)
    })
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
                let shows = "`twinseal registers list`".to_owned();
                return Err(Error::NeedDigest { flag: "--fingerprint", shows });
            }
            let Known { name, path, fingerprint, .. } = &known;
            let path = path.display().to_string();
            context.env.status(trf!("{name} at {}", "{name}，位于 {}", safe(&path)));
            context.env.status(trf!("fingerprint {fingerprint}", "指纹 {fingerprint}"));
            confirm(context.env, tr!("stop trusting it", "不再信任它"), name)?;
        }
        context.registers.forget(context.env, &known.fingerprint)?;
        context.env.remark(trf!(
            "{} is no longer trusted; its pin is kept",
            "已不再信任 {}；其已验证位置保留",
            known.name
        ));
        if !context.ui.json {
            return Ok(());
        }
        context.ui.print_json(context.env, json!({ "forgotten": known.name, "fingerprint": known.fingerprint }))
    }
}
