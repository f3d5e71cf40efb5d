//! `person suspend`.

use clap::Args;

use crate::commands::lookup::{known_person, parse, reason};
use crate::commands::{Context, Question, Zh, record_asked, report_recorded};
use crate::domain::{Event, Fingerprint, PersonId};
use crate::error::Error;
use crate::output::Page;
use crate::record::Plan;
use crate::store::Session;
use crate::{tr, trf};

/// Arguments of `person suspend`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal person suspend mallory --reason 'Her laptop was stolen.'")]
pub struct Suspend {
    /// Person or machine account
    #[arg(zh("人员或机器账号"))]
    #[arg(value_name = "PERSON")]
    person: String,
    /// Reason
    #[arg(zh("原因"))]
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

impl Suspend {
    /// # Errors
    /// A rule refuses it, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let person: PersonId = parse(&self.person)?;
        let text = reason(self.reason.as_deref())?;
        let mut session = context.open()?;
        known_person(&session, &person)?;
        let event = Event::PersonSuspend(person.clone());
        let plan = |_: &mut Session| Ok(Plan { event: event.clone(), text: text.clone() });
        let page = |page: &mut Page, _: &Session| {
            page.block(&trf!("about to sign: suspend {person}", "即将签名：停用 {person}"));
            Ok(())
        };
        let act = trf!("suspend {person}", "停用 {person}");
        let short = if_left_short(&session, &person, None, act.clone())?;
        let question = short.or_else(|| {
            let warning = tr!(
                "all grants end and all keys stop at once; two admins can restore grants and keys",
                "全部授权立即结束，全部密钥立即停用；恢复授权和密钥需要两名管理员"
            );
            Some(Question { warning, act, word: person.to_string() })
        });
        let entry = record_asked(context, &mut session, page, plan, question)?;
        let done = trf!(
            "{person} suspended: all grants ended, all keys suspended; their approvals no longer count",
            "{person} 已停用：全部授权已结束，全部密钥已停用；其批准不再计入"
        );
        let warned = context.ui.report_admins(context.env, &session);
        let warned = warned.and_then(|()| report_machines(context, &session, &person));
        warned.map_err(|error| error.after(entry.header.seq))?;
        report_recorded(context, &entry, None, done)
    }
}

/// What to ask before an act that ends a person's grants, or one key, if it leaves fewer than two admins who can act:
/// nobody could bring one back.
///
/// # Errors
/// The register cannot be read.
pub fn if_left_short(
    session: &Session,
    person: &PersonId,
    key: Option<Fingerprint>,
    act: String,
) -> Result<Option<Question>, Error> {
    let short = session.ask(|state| Ok(state.governance().is_left_short(person, key)?))??;
    let warning = tr!(
        "fewer than two admins would be left, and no proposal could be seconded any more",
        "管理员将不足两名，此后任何提案都无法获得附议"
    );
    Ok(short.then(|| Question { warning, act, word: person.to_string() }))
}

/// A machine account keeps its own keys, which its operators may hold.
fn report_machines(context: &mut Context<'_>, session: &Session, person: &PersonId) -> Result<(), Error> {
    let governance = session.governed()?;
    let operated = governance.loaded_people().filter(|(_, it)| it.is_active() && it.grants.operators.contains(person));
    for (machine, _) in operated {
        context.env.status(trf!(
            "warning: {person} operates {machine}, whose keys still work; to stop them: `twinseal person suspend {machine}`",
            "警告：{person} 是 {machine} 的操作责任人，该账号的密钥仍然可用；要停用：\
             `twinseal person suspend {machine}`"
        ));
    }
    Ok(())
}
