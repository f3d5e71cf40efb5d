//! `service list` and `show`.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use serde_json::{Value, json};

use crate::commands::lookup::parse;
use crate::commands::{Context, Zh};
use crate::domain::{Change, ChangeId, Governance, PersonId, Service, ServiceId, Status, Time};
use crate::error::{Error, ServiceError};
use crate::input::nearest;
use crate::output::json::list as json_list;
use crate::output::{self, service as page_of, table};
use crate::store::{ServiceFilter, Session};
use crate::{tr, trf};

/// Arguments of `service list`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal service list --tier 1
  twinseal service list --team gateway --environment prod")]
pub struct List {
    /// Filter by tier
    #[arg(long, value_name = "TIER", zh("按级别筛选"))]
    tier: Option<String>,
    /// Filter by environment
    #[arg(long, value_name = "ENVIRONMENT", zh("按环境筛选"))]
    environment: Option<String>,
    /// Filter by team
    #[arg(long, value_name = "GROUP", zh("按团队筛选"))]
    team: Option<String>,
    /// Filter by owner
    #[arg(long, value_name = "PERSON", zh("按负责人筛选"))]
    owner: Option<String>,
    /// Filter by tag
    #[arg(long, value_name = "TAG", zh("按标签筛选"))]
    tag: Option<String>,
}

impl List {
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let filter = ServiceFilter {
            tier: self.tier.as_deref().map(parse).transpose()?,
            environment: self.environment.as_deref().map(parse).transpose()?,
            team: self.team.as_deref().map(parse).transpose()?,
            owner: self.owner.as_deref().map(parse).transpose()?,
            tag: self.tag.as_deref().map(parse).transpose()?,
        };
        let session = context.open()?;
        let mut services = Vec::new();
        for (id, service) in session.queries().services(&filter)? {
            let left = has_left(&session, &service.owner)?;
            services.push((id, service, left));
        }
        if services.is_empty() && !context.ui.json {
            context.env.remark(match session.state().governance().services() {
                Some(_) => tr!("no matching services", "没有匹配的服务"),
                None => tr!(
                    "no services in force; an admin proposes some: `twinseal service import FILE`",
                    "没有生效的服务；管理员可提案：`twinseal service import FILE`"
                ),
            });
            return Ok(());
        }
        let json = || {
            let one = |(id, it, left): &(ServiceId, Service, bool)| {
                let mut value = page_of::service(id, it);
                value["owner_has_left"] = json!(left);
                value
            };
            json!({ "services": services.iter().map(one).collect::<Value>() })
        };
        let row = |(id, it, left): &(ServiceId, Service, bool)| {
            let owner = match left {
                true => trf!("{} (left)", "{}（已离任）", it.owner),
                false => it.owner.to_string(),
            };
            let hours = it.hours.as_ref().map_or(String::new(), ToString::to_string);
            let (tier, environment) = (it.tier.to_string(), it.environment.to_string());
            [id.to_string(), tier, environment, it.team.to_string(), owner, it.kind.to_string(), hours]
        };
        let header = [
            tr!("SERVICE", "服务"),
            tr!("TIER", "级别"),
            tr!("ENVIRONMENT", "环境"),
            tr!("TEAM", "团队"),
            tr!("OWNER", "负责人"),
            tr!("KIND", "类型"),
            tr!("HOURS", "维护时间"),
        ];
        let width = context.env.width;
        context.ui.answer(context.env, json, || table(header, services.iter().map(row).collect(), width))
    }
}

/// The service in force with this id.
///
/// # Errors
/// [`ServiceError::None`], or the cache cannot be read.
pub fn in_force(session: &Session, id: &ServiceId) -> Result<Service, Error> {
    let found = session.ask(|state| Ok(state.governance().service(id)?.cloned()))??;
    found.map_or_else(
        || {
            let all = session.queries().service_ids()?;
            let near = nearest(id.as_str(), all.iter().map(ServiceId::as_str));
            Err(ServiceError::None { service: id.clone(), near }.into())
        },
        Ok,
    )
}

fn has_left(session: &Session, person: &PersonId) -> Result<bool, Error> {
    Ok(session.ask(|state| Ok(state.governance().has_left(person)?))??)
}

/// The changes that name services and are neither decided nor over.
pub struct OpenChanges(BTreeMap<ServiceId, Vec<(ChangeId, Status)>>);

impl OpenChanges {
    /// All of them, with their statuses at a time.
    ///
    /// # Errors
    /// The cache cannot be read.
    pub fn read(session: &Session, now: Time) -> Result<Self, Error> {
        let (now, named) = (session.state().moment(now), session.queries().open_by_service()?);
        let all: BTreeSet<ChangeId> = named.values().flatten().copied().collect();
        let status = |change: &Change, governance: &Governance| Ok((change.id(), change.status(governance, now)?));
        let statuses: BTreeMap<ChangeId, Status> = session.ask_each(None, all, status)??.into_iter().collect();
        let open = |id: &ChangeId| Some((*id, *statuses.get(id).filter(|status| !status.is_ended())?));
        let of = |(service, ids): (ServiceId, Vec<ChangeId>)| (service, ids.iter().filter_map(open).collect());
        Ok(Self(named.into_iter().map(of).collect()))
    }

    /// Those that name this service.
    pub fn of(&self, service: &ServiceId) -> Vec<(ChangeId, Status)> {
        self.0.get(service).cloned().unwrap_or_default()
    }
}

/// `CHG-7 approved, CHG-9 in progress`.
pub fn named(changes: &[(ChangeId, Status)]) -> String {
    output::list(changes.iter().map(|(id, status)| format!("{id} {}", status.phrase())))
}

/// Arguments of `service show`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal service show order-gateway")]
pub struct Show {
    /// Service
    #[arg(value_name = "SERVICE", zh("服务"))]
    service: String,
}

impl Show {
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let id: ServiceId = parse(&self.service)?;
        let session = context.open()?;
        let service = in_force(&session, &id)?;
        let dependents = session.queries().dependents(&id)?;
        let changes = OpenChanges::read(&session, context.env.now())?.of(&id);
        let left = has_left(&session, &service.owner)?;
        if context.ui.json {
            let mut value = page_of::service(&id, &service);
            value["owner_has_left"] = json!(left);
            value["needed_by"] = json_list(&dependents);
            value["open_changes"] = json_list(changes.iter().map(|(id, _)| id));
            return context.ui.print_json(context.env, value);
        }
        let mut page = context.page();
        page.title(trf!("service {id}", "服务 {id}"));
        page_of::fields(&mut page, &service);
        if left {
            page.text(tr!("note:", "注意："), trf!("{} has left", "{} 已离任", service.owner));
        }
        let none = || tr!("none", "无").to_owned();
        let listed = |ids: &BTreeSet<ServiceId>| if ids.is_empty() { none() } else { output::list(ids) };
        page.field(tr!("needs", "依赖"), listed(&service.depends_on));
        page.field(tr!("needed by", "被依赖"), listed(&dependents));
        page.field(tr!("open changes", "未结束变更单"), if changes.is_empty() { none() } else { named(&changes) });
        Ok(context.env.print_long(page.finish())?)
    }
}
