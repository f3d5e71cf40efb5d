//! Templates of standard changes.

mod list;
mod propose;

use clap::Subcommand;

use crate::commands::{Context, Zh};
use crate::domain::{Digest, Template as Said, TemplateName, TemplateState, Time};
use crate::error::{Error, TemplateError};
use crate::format::data::{self, Data};
use crate::input::nearest;
use crate::store::Session;

/// Propose, list, show and end templates of standard changes
#[derive(Debug, Subcommand)]
#[command(zh("提议、列出、显示和停用标准变更的模板"))]
pub enum Template {
    /// List the templates in force
    #[command(zh("列出生效的模板"))]
    List(list::List),
    /// Show a template with everything it says
    #[command(zh("显示一个模板的全部内容"))]
    Show(list::Show),
    /// Propose to set or replace a template
    ///
    /// The file has plan, rollback, impact and tests of recurring work, with blanks such as {{node}}, the form of each
    /// blank, and the services that a change may touch. All of it is permanent and cannot be redacted. Open changes from
    /// the template that it replaces must be revised.
    #[command(zh("提议设置或替换模板"))]
    #[command(zh_long(
        "文件包含重复性工作的实施步骤、回退方案、影响范围和测试，其中可有 {{node}} 这样的空项，并说明每个空项的格式和变更可涉及的服务。\
         全部内容永久保留，不能隐去。依据被替换模板的未结束变更单须重新修订。"
    ))]
    Propose(propose::Propose),
    /// Propose to end a template
    #[command(zh("提议停用模板"))]
    End(propose::End),
}

impl Template {
    /// # Errors
    /// The template is not known, the file has faults, or the register cannot be read or written.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        match self {
            Self::List(it) => it.run(context),
            Self::Show(it) => it.run(context),
            Self::Propose(it) => it.run(context),
            Self::End(it) => it.run(context),
        }
    }
}

/// What a template says.
fn said(it: &Said) -> Vec<u8> {
    data::write(&Data::Template(Box::new(it.clone())))
}

/// When a template ends and what it says, line by line.
pub fn lines(until: Time, it: &Said) -> Vec<String> {
    let said = String::from_utf8_lossy(&said(it)).into_owned();
    [format!("until {until}")].into_iter().chain(said.lines().map(str::to_owned)).collect()
}

/// The template in force with this name, and the leaf hash of the entry that put it in force.
///
/// # Errors
/// [`TemplateError::None`], or the cache cannot be read.
pub fn in_force(session: &Session, name: &TemplateName) -> Result<(Digest, TemplateState), Error> {
    let found = session.ask(|state| {
        let (since, it) = state.governance().template(name)?;
        Ok((since, it.clone()))
    })?;
    found.map_err(|_| {
        let names = session.state().governance().templates().keys().map(TemplateName::as_str);
        TemplateError::None { template: name.clone(), near: nearest(name.as_str(), names) }.into()
    })
}
