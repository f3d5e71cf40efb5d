//! `service import`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::commands::files::read_text_within;
use crate::commands::govern::proposal::open;
use crate::commands::lookup::{name_of_input, parse, reason};
use crate::commands::{Context, Zh};
use crate::domain::{Action, BadSet, Refusal, ServiceId, SetServices, judge_party};
use crate::error::Error;
use crate::input::{Fault, Listing, Otherwise, read_catalog, read_services_csv, read_services_toml};
use crate::store::{ServiceFilter, Session};
use crate::tr;

/// The most bytes of a list.
const MOST_BYTES: u64 = 16 << 20;

/// The form of a list of services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ListForm {
    /// `[[service]]` tables.
    Toml,
    /// A header and one row a service.
    Csv,
    /// Entities of Backstage in YAML.
    Backstage,
}

impl ListForm {
    /// The form of a file with this name; TOML unless it says otherwise.
    fn of(path: &Path) -> Self {
        let extension = path.extension().and_then(|it| it.to_str()).map(str::to_lowercase);
        match extension.as_deref() {
            Some("csv") => Self::Csv,
            Some("yaml" | "yml") => Self::Backstage,
            _ => Self::Toml,
        }
    }
}

/// Arguments of `service import`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal service import services.toml
  twinseal service import cmdb.csv --prune --reason 'From the CMDB.'
  twinseal service import catalog-info.yaml --owner erin --environment prod")]
pub struct Import {
    /// List of services; - reads standard input
    #[arg(zh("服务列表；- 表示标准输入"))]
    file: PathBuf,
    /// Form of the list; by the name of the file unless given
    #[arg(long, value_enum, value_name = "FORM", zh("列表格式；默认按文件名"))]
    form: Option<ListForm>,
    /// Drop the services that the list does not name
    #[arg(long, zh("去掉列表未列出的服务"))]
    prune: bool,
    /// Owner of services without one
    #[arg(long, value_name = "PERSON", zh("未写负责人的服务的负责人"))]
    owner: Option<String>,
    /// Team of services without one
    #[arg(long, value_name = "GROUP", zh("未写团队的服务的团队"))]
    team: Option<String>,
    /// Tier of services without one
    #[arg(long, value_name = "TIER", zh("未写级别的服务的级别"))]
    tier: Option<String>,
    /// Environment of services without one
    #[arg(long, value_name = "ENVIRONMENT", zh("未写环境的服务的环境"))]
    environment: Option<String>,
    /// Reason
    #[arg(long, value_name = "TEXT", zh("原因"))]
    reason: Option<String>,
}

impl Import {
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let otherwise = Otherwise {
            owner: self.owner.as_deref().map(parse).transpose()?,
            team: self.team.as_deref().map(parse).transpose()?,
            tier: self.tier.as_deref().map(parse).transpose()?,
            environment: self.environment.as_deref().map(parse).transpose()?,
        };
        let reason = reason(self.reason.as_deref())?;
        let source = read_text_within(context.env, &self.file, MOST_BYTES)?;
        let read = match self.form.unwrap_or_else(|| ListForm::of(&self.file)) {
            ListForm::Toml => read_services_toml(&source, &otherwise),
            ListForm::Csv => read_services_csv(&source, &otherwise),
            ListForm::Backstage => read_catalog(&source, &otherwise),
        };
        let failed = |faults| Error::Faults { path: name_of_input(&self.file), faults };
        let listing = read.map_err(failed)?;
        let mut session = context.open()?;
        let difference = difference(&session, &listing, self.prune)?;
        if difference.put.is_empty() && difference.dropped.is_empty() {
            context.env.remark(tr!(
                "the services in force are those of the list; nothing to propose",
                "生效的服务与列表一致；无须提案"
            ));
            return if context.ui.json {
                context.ui.print_json(context.env, json!({ "proposal": null }))
            } else {
                Ok(())
            };
        }
        let faults = faults(&session, &listing, &difference)?;
        if !faults.is_empty() {
            return Err(failed(faults));
        }
        open(context, &mut session, reason, |_| Ok(Action::SetServices(Box::new(difference))))
    }
}

/// The difference between a list and the services in force.
fn difference(session: &Session, listing: &Listing, prune: bool) -> Result<SetServices, Error> {
    let present = session.queries().services(&ServiceFilter::default())?;
    let put: BTreeMap<_, _> = listing
        .iter()
        .filter(|(id, listed)| present.get(*id) != Some(&listed.service))
        .map(|(id, listed)| (id.clone(), listed.service.clone()))
        .collect();
    let missing = present.keys().filter(|id| prune && !listing.contains_key(*id));
    let dropped: BTreeSet<ServiceId> = missing.cloned().collect();
    Ok(session.ask(|state| Ok(state.governance().services_changed(put.clone(), dropped.clone())?))??)
}

/// Everything that the register refuses of a list, each with its line.
fn faults(session: &Session, listing: &Listing, difference: &SetServices) -> Result<Vec<Fault>, Error> {
    let line = |id: &ServiceId| listing.get(id).map_or(0, |listed| listed.line);
    let fault =
        |id: &ServiceId, field: &str, refusal: Refusal| Fault { line: line(id), ..Fault::of_file(field, refusal) };
    let mut faults = Vec::new();
    for (id, service) in &difference.put {
        if let Err(refusal) = session.ask(|state| judge_party(state.governance(), &service.owner))? {
            faults.push(fault(id, "owner", refusal));
        }
        if let Some(hours) = &service.hours
            && let Err(refusal) = session.ask(|state| state.governance().calendar(hours).map(|_| ()))?
        {
            faults.push(fault(id, "hours", refusal));
        }
    }
    for bad in session.ask(|state| Ok(state.governance().service_faults(difference)?))?? {
        faults.push(match bad {
            BadSet::Unknown { service, needs } => {
                fault(&service.clone(), "depends_on", Refusal::ServiceNeeds { service, needs })
            }
            BadSet::Cycle(services) => {
                let first = services.first().cloned();
                let at = first.as_ref().map_or(0, line);
                Fault { line: at, ..Fault::of_file("depends_on", Refusal::ServiceCycle { services }) }
            }
        });
    }
    faults.sort_by_key(|fault| fault.line);
    Ok(faults)
}
