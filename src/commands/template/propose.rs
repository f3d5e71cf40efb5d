//! `template propose` and `template end`.

use std::path::PathBuf;

use clap::Args;

use super::{in_force, said};
use crate::commands::files::read_text;
use crate::commands::govern::proposal::open;
use crate::commands::lookup::{name_of_input, parse, remark};
use crate::commands::{Context, Zh};
use crate::domain::{Action, EndTemplate, Field, Refusal, SetTemplate, TemplateName, Text, judge_until};
use crate::error::Error;
use crate::format::data::MAX_TEMPLATE;
use crate::input::{Fault, Problem, TemplateDraft, fault_in, read_template};
use crate::store::Session;
use crate::tr;

/// Arguments of `template propose`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal template propose restart-gateway.toml")]
pub struct Propose {
    /// Template in TOML; - reads standard input
    #[arg(zh("TOML 格式的模板；- 表示标准输入"))]
    file: PathBuf,
}

impl Propose {
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let (source, path) = (read_text(context.env, &self.file)?, name_of_input(&self.file));
        let faulty = |faults| Error::Faults { path: path.clone(), faults };
        let draft = read_template(&source).map_err(faulty)?;
        let mut session = context.open()?;
        let faults = faults(context, &session, &source, &draft)?;
        if !faults.is_empty() {
            return Err(faulty(faults));
        }
        context.env.status(tr!(
            "warning: a template is permanent and cannot be redacted: it must not hold secrets",
            "警告：模板永久保留，不能隐去：不得包含密码等秘密"
        ));
        let text = draft.reason.map(|reason| Text::Remark(Field::Reason, reason));
        open(context, &mut session, text, |session| {
            let replaces = session.state().governance().templates().get(&draft.name).copied();
            let (name, until, template) = (draft.name.clone(), draft.until, draft.template.clone());
            Ok(Action::SetTemplate(Box::new(SetTemplate { name, replaces, until, template })))
        })
    }
}

/// What the register knows to be wrong with a template: its end, services that are not in force, and its size.
fn faults(context: &Context<'_>, session: &Session, source: &str, draft: &TemplateDraft) -> Result<Vec<Fault>, Error> {
    let now = session.state().moment(context.env.now());
    let mut problems: Vec<(&str, Problem)> = Vec::new();
    problems.extend(judge_until(draft.until, now).err().map(|refusal| ("until", refusal.into())));
    if session.state().governance().services().is_some() {
        for id in &draft.template.services {
            if session.ask(|state| Ok(state.governance().service(id)?.is_none()))?? {
                problems.push(("services", Refusal::NoService { service: id.clone() }.into()));
            }
        }
    }
    let (bytes, most) = (said(&draft.template).len(), MAX_TEMPLATE);
    if bytes > most {
        problems.push(("", Problem::TooLarge { bytes, most }));
    }
    Ok(problems.into_iter().map(|(field, problem)| fault_in(source, field, problem)).collect())
}

/// Arguments of `template end`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal template end restart-gateway --reason 'The gateway was replaced.'")]
pub struct End {
    /// Name of the template
    #[arg(value_name = "TEMPLATE", zh("模板名称"))]
    template: String,
    /// Reason
    #[arg(long, value_name = "TEXT", zh("原因"))]
    reason: String,
}

impl End {
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let name: TemplateName = parse(&self.template)?;
        let text = Some(remark(Field::Reason, &self.reason)?);
        let mut session = context.open()?;
        open(context, &mut session, text, |session| {
            let (replaces, _) = in_force(session, &name)?;
            Ok(Action::EndTemplate(EndTemplate { name: name.clone(), replaces }))
        })
    }
}
