//! `draft`: print a template, or a filed change as a draft.

use clap::Args;

use crate::commands::Context;
use crate::commands::Zh;
use crate::commands::look::diff;
use crate::commands::lookup::{change, change_id, parse};
use crate::commands::template::in_force;
use crate::domain::{ChangeId, ChangeKind, PersonId, Refusal, Role};
use crate::error::Error;
use crate::input::{Copied, NewStandard, draft_from_template, template, write};
use crate::store::Session;
use crate::{tr, trf};

/// Print a draft to fill in
///
/// The draft is a commented TOML template, the content of a filed change with --from, or a standard change with --template.
#[derive(Debug, Args)]
#[command(zh("输出一份待填写的草稿"))]
#[command(zh_long("草稿是带注释的 TOML 模板；用 --from 时是已提交的变更单的内容，用 --template 时是标准变更。"))]
#[command(after_help = "Examples:
  twinseal draft > change.toml
  twinseal draft --kind emergency > fix.toml
  twinseal draft --template restart-gateway > restart.toml
  twinseal draft --from CHG-42 > change.toml")]
pub struct Draft {
    /// Kind of change: normal or emergency
    #[arg(long, value_name = "KIND", default_value = "normal")]
    #[arg(zh("变更类型：normal（常规变更）或 emergency（紧急变更）"))]
    kind: String,
    /// Filed change to copy; its files are referred to by digest
    #[arg(long, value_name = "CHG-N", conflicts_with = "kind", zh("要复制的已提交变更单；其中的文件以摘要引用"))]
    from: Option<String>,
    /// Template of a standard change; the draft asks only what it leaves open
    #[arg(long, value_name = "TEMPLATE", conflicts_with_all = ["kind", "from"])]
    #[arg(zh("标准变更的模板；草稿只询问模板未规定的内容"))]
    template: Option<String>,
}

impl Draft {
    /// # Errors
    /// The kind or the change is unknown, or the register cannot be read.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        if let Some(from) = &self.from {
            let (draft, _) = copied(context, change_id(from)?)?;
            write!(context.env.out, "{draft}")?;
            return Ok(());
        }
        let owner: Option<PersonId> = context.key_choice.person_meant().map(parse).transpose()?;
        if let Some(template) = &self.template {
            let session = context.open()?;
            let (_, template) = in_force(&session, &parse(template)?)?;
            let new = NewStandard { template: &template, owner: owner.as_ref(), now: context.env.now() };
            write!(context.env.out, "{}", draft_from_template(&new))?;
            return Ok(());
        }
        let kind: ChangeKind = parse(&self.kind)?;
        if kind == ChangeKind::Standard {
            return Err(Refusal::NoTemplate.into());
        }
        write!(context.env.out, "{}", template(kind, owner.as_ref(), context.env.now()))?;
        Ok(())
    }
}

/// The template of a normal change that the owner of the chosen key owns, and the register that it is for.
///
/// # Errors
/// The register cannot be opened.
pub fn template_for(context: &mut Context<'_>) -> Result<(String, Session), Error> {
    let session = context.open()?;
    let key = context.key_choice.key_for(&session)?.public();
    let owner = context.key_choice.actor(&session, key)?;
    let template = template(ChangeKind::Normal, Some(&owner), context.env.now());
    // The first lines are about a draft in a file.
    let fields = template.split_once("\n\n").map_or(template.as_str(), |(_, fields)| fields);
    let begin = tr!(
        "# Fill in this change, save it and close the editor. twinseal checks it, and\n# asks before it is filed.",
        "# 请填写此变更单，保存后关闭编辑器。twinseal 会检查它，提交前还会询问。"
    );
    Ok((format!("{begin}\n\n{fields}"), session))
}

/// The draft of a filed change, and its register.
///
/// # Errors
/// No such change, or the register cannot be read.
pub fn copied(context: &mut Context<'_>, id: ChangeId) -> Result<(String, Session), Error> {
    let session = context.open()?;
    let revision = change(&session, id)?.current().clone();
    let (words, execution) = diff::content(&session, revision.seq)?;
    if session.ask(|state| Ok(revision.is_redacted(state.governance())?))?? {
        context.env.remark(tr!(
            "note: the text of this change was redacted; the draft lacks it",
            "注意：此变更单的文本已隐去；草稿中没有这些文本"
        ));
    }
    let from = trf!("{id} revision {}", "{id} 修订 {}", revision.id.number);
    let copied = Copied { facts: &revision.facts, words: &words, execution: &execution };
    Ok((write(&from, &copied, context.env.now()), session))
}

/// Fails unless the owner of the chosen key may file a change now: before they write one in vain.
///
/// # Errors
/// The refusal that filing would meet, or no key.
pub fn check_may_file(context: &Context<'_>, session: &Session) -> Result<(), Error> {
    let (person, role) = (context.me(session)?, Role::Engineer);
    let now = session.state().moment(context.env.now());
    match session.ask(|state| Ok(state.governance().has_role(&person, role, now)?))?? {
        true => Ok(()),
        false => Err(Refusal::NoRole { person, role }.into()),
    }
}
