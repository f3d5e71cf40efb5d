//! `breakglass list` and `breakglass show`.

use clap::Args;
use serde_json::{Value, json};

use super::page::{Judged, json as written, write_page};
use crate::commands::Context;
use crate::commands::Zh;
use crate::commands::lookup::break_glass_id;
use crate::error::Error;
use crate::output::table;
use crate::tr;

/// Arguments of `breakglass show`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal breakglass show BG-3
  twinseal --json breakglass show BG-3")]
pub struct Show {
    /// Break-glass id, such as BG-3
    #[arg(value_name = "BG-N", zh("紧急处置编号，如 BG-3"))]
    id: String,
}

impl Show {
    pub(super) fn of(id: String) -> Self {
        Self { id }
    }

    /// # Errors
    /// There is no such break-glass, or the register cannot be read.
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let id = break_glass_id(&self.id)?;
        let session = context.open()?;
        let now = session.state().moment(context.env.now());
        if context.ui.json {
            let shown = written(&session, &Judged::of(&session, id, now)?)?;
            return context.ui.print_json(context.env, shown);
        }
        let mut page = context.page();
        write_page(&mut page, &session, id, now)?;
        Ok(context.env.print_long(page.finish())?)
    }
}

/// Lists every break-glass, the newest first.
///
/// # Errors
/// The register cannot be opened or read.
pub(super) fn run(context: &mut Context<'_>) -> Result<(), Error> {
    let session = context.open()?;
    let now = session.state().moment(context.env.now());
    let all = Judged::all(&session, now)?;
    if all.is_empty() && !context.ui.json {
        context.env.remark(tr!("no break-glass was opened", "没有紧急处置"));
        return Ok(());
    }
    let clock = context.clock();
    let row = |it: &Judged| {
        let (glass, opening) = (&it.glass, it.glass.opening());
        let services = opening.services.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let (id, opener) = (glass.id().to_string(), glass.opener());
        let (status, next) = it.columns(now);
        let opened = clock.minute(opener.moment.claimed, "UTC");
        [id, status, next, opener.person.to_string(), opened, opening.incident.to_string(), services]
    };
    if context.ui.json {
        let listed = all.iter().map(|it| written(&session, it)).collect::<Result<Value, _>>()?;
        return context.ui.print_json(context.env, json!({ "breakglasses": listed }));
    }
    let header = [
        tr!("ID", "编号"),
        tr!("STATUS", "状态"),
        tr!("NEXT", "下一步"),
        tr!("OPENER", "开启人"),
        tr!("OPENED", "开启时间"),
        tr!("INCIDENT", "事件"),
        tr!("SERVICES", "服务"),
    ];
    Ok(context.env.print_long(&table(header, all.iter().map(row).collect(), context.env.width))?)
}
