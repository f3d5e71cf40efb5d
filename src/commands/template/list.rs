//! `template list` and `template show`.

use clap::Args;
use serde_json::{Value, json};

use super::{in_force, said};
use crate::commands::lookup::{parse, reason_of};
use crate::commands::{Context, Zh};
use crate::domain::{Digest, TemplateName, TemplateState};
use crate::error::Error;
use crate::output::{self, Gutter, Parts, ago, table, template};
use crate::store::Session;
use crate::{tr, trf};

/// A template in force.
struct Listed {
    since: Digest,
    state: TemplateState,
    /// How many changes followed a template of its name.
    uses: u64,
}

impl Listed {
    fn of(session: &Session, name: &TemplateName) -> Result<Self, Error> {
        let (since, state) = in_force(session, name)?;
        Ok(Self { since, uses: session.queries().uses_of_template(name)?, state })
    }

    fn json(&self) -> Value {
        let TemplateState { name, proposal, seq, until, template } = &self.state;
        json!({
            "name": name.to_string(),
            "since": self.since.to_string(),
            "seq": seq,
            "proposal": proposal.number(),
            "until": until.to_string(),
            "uses": self.uses,
            "template": template::template(template),
        })
    }
}

/// Arguments of `template list`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal template list")]
pub struct List {}

impl List {
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let session = context.open()?;
        let names: Vec<TemplateName> = session.state().governance().templates().keys().cloned().collect();
        let templates: Vec<Listed> =
            names.iter().map(|name| Listed::of(&session, name)).collect::<Result<_, Error>>()?;
        if templates.is_empty() && !context.ui.json {
            context.env.remark(tr!("no templates in force", "没有生效的模板"));
            return Ok(());
        }
        let json = || json!({ "templates": templates.iter().map(Listed::json).collect::<Value>() });
        let (clock, width) = (context.clock(), context.env.width);
        let row = |it: &Listed| {
            let TemplateState { name, until, template, .. } = &it.state;
            let (services, blanks) = (output::list(&template.services), output::list(template.blanks.keys()));
            [name.to_string(), clock.in_table(*until, width), it.uses.to_string(), services, blanks]
        };
        let rows = || templates.iter().map(row).collect();
        let header = [
            tr!("TEMPLATE", "模板"),
            tr!("UNTIL", "有效至"),
            tr!("USES", "使用次数"),
            tr!("SERVICES", "服务"),
            tr!("BLANKS", "空项"),
        ];
        context.ui.answer(context.env, json, || table(header, rows(), width))
    }
}

/// Arguments of `template show`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal template show restart-gateway")]
pub struct Show {
    /// Name of the template
    #[arg(value_name = "TEMPLATE", zh("模板名称"))]
    template: String,
}

impl Show {
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let name: TemplateName = parse(&self.template)?;
        let session = context.open()?;
        let listed = Listed::of(&session, &name)?;
        if context.ui.json {
            return context.ui.print_json(context.env, listed.json());
        }
        let TemplateState { proposal, seq, until, template, .. } = &listed.state;
        let opened = session.ask(|state| state.governance().proposal(*proposal).map(|it| it.seq))??;
        let (reason, now) = (reason_of(&session, opened)?, context.env.now());
        let mut page = context.page();
        page.title(trf!("template {name}", "模板 {name}"));
        page.field(tr!("until", "有效至"), trf!("{until}, {}", "{until}，{}", ago(*until, now)));
        page.field(tr!("set", "设置"), trf!("by proposal {proposal} (entry {seq})", "提案 {proposal}（第 {seq} 条）"));
        page.field(tr!("since", "起始条目"), listed.since);
        page.field(tr!("uses", "使用次数"), listed.uses);
        if let Some(reason) = reason {
            page.block(tr!("reason", "原因")).quote_text(Gutter::Prose, &reason);
        }
        for block in Parts::of_template(&said(template)).content() {
            page.block(&block.heading()).lines(&block.lines);
        }
        Ok(context.env.print_long(page.legend().finish())?)
    }
}
