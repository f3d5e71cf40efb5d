//! `seal`: add the second founding signature.

use std::collections::BTreeMap;

use clap::Args;

use crate::commands::govern::explain::few_approvers;
use crate::commands::govern::init::predecessor_block;
use crate::commands::lookup::{parse, parts};
use crate::commands::people::members::fingerprints_block;
use crate::commands::{Context, Zh, about_to_sign, report_recorded};
use crate::domain::{Digest, Event, Text};
use crate::error::Error;
use crate::format::entry::members;
use crate::output::{member_blocks, members_line, policy_sentences};
use crate::record::{Plan, rehearse};
use crate::{tr, trf};

/// Seal a new register as its second founding admin
///
/// Shows the founding members and the first policy, and asks you to type the register's name. Without a terminal,
/// --digest is required: the leaf hash of entry 0, which is the fingerprint.
#[derive(Debug, Args)]
#[command(zh("以第二名创始管理员的身份封印新变更台账"))]
#[command(zh_long(
    "显示创始成员和首个策略，并要求输入变更台账的名称。没有终端时必须给出 --digest：第 0 条的叶哈希，即指纹。"
))]
#[command(after_help = "Examples:
  twinseal seal --register prod.db
  twinseal seal --register prod.db --fingerprint DIGEST --digest DIGEST")]
pub struct Seal {
    /// Leaf hash of entry 0, which you have read: the fingerprint that `twinseal init` prints
    #[arg(zh("您读过的第 0 条的叶哈希：`twinseal init` 显示的指纹"))]
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
        page.title(trf!("register {}", "变更台账 {}", entry.header.register));
        page.field(tr!("fingerprint", "指纹"), entry.leaf);
        page.field(tr!("founded", "创建人"), trf!("by {}, {}", "{}，{}", entry.header.actor, entry.header.time));
        let names = match &entry.text {
            Some(Text::Names(names)) => names.clone(),
            _ => BTreeMap::new(),
        };
        member_blocks(&mut page, members(&entry.event), &names);
        if let Event::Init { policy, after, .. } = &entry.event {
            if let Some(predecessor) = after {
                predecessor_block(&mut page, predecessor);
            }
            page.block(tr!("policy", "策略")).text("", policy_sentences(policy).join("\n"));
            let (governance, now) = (session.governed()?, session.state().moment(context.env.now()));
            for sentence in few_approvers(&governance, now)?.values() {
                page.text(
                    "",
                    trf!(
                        "note: {sentence}; enrol more approvers before changes are filed",
                        "注意：{sentence}；请在提交变更单之前登记更多审批人"
                    ),
                );
            }
        }
        let signed = trf!("entry 0, signed by {}", "第 0 条，由 {} 签名", entry.header.actor);
        page.block(&signed).fields(&parts(&session, 0)?.fields());
        let (name, founder) = (entry.header.register.name(), &entry.header.actor);
        page.block(tr!("about to sign: seal", "即将签名：封印"))
            .text("", trf!("register {name}, founded by {founder}", "变更台账 {name}，由 {founder} 创建"));
        page.text("", members_line(members(&entry.event)));
        about_to_sign(&mut page, rehearsal.unsigned());
        fingerprints_block(&mut page, members(&entry.event).iter().map(|it| (&it.person, &it.key)));
        context.env.status(page.finish());
        match self.digest.as_deref().map(parse::<Digest>).transpose()? {
            Some(given) if given != entry.leaf => {
                return Err(Error::OtherDigest { flag: "--digest", given, found: entry.leaf });
            }
            Some(_) => {}
            None if !context.env.console.is_interactive() => {
                return Err(Error::NeedDigest { flag: "--digest", shows: "`twinseal person list`".to_owned() });
            }
            None => rehearsal.confirm(context.env, tr!("seal this register", "封印此变更台账"), name.as_str())?,
        }
        let entry = rehearsal.record(context.recorder(), &mut session)?;
        let said = tr!(
            "register sealed; admins can now enrol people: `twinseal person enrol`",
            "变更台账已封印；管理员现在可以登记人员：`twinseal person enrol`"
        );
        report_recorded(context, &entry, None, said)
    }
}
