//! `service impact`.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use serde_json::{Value, json};

use super::list::{OpenChanges, in_force, named};
use crate::commands::lookup::parse;
use crate::commands::{Context, Zh};
use crate::domain::{ChangeId, ServiceId, Status};
use crate::error::Error;
use crate::output::json::list as json_list;
use crate::output::{Page, service as page_of};
use crate::store::{Queries, Session, StoreError};
use crate::{tr, trf};

/// Arguments of `service impact`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal service impact orders-db
  twinseal service impact orders-db --depth 1")]
pub struct Impact {
    /// Service
    #[arg(value_name = "SERVICE", zh("服务"))]
    service: String,
    /// Number of steps to follow; all unless given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), zh("跟踪的层数；默认为全部"))]
    depth: Option<u32>,
}

/// A service on the way, and how it was reached.
struct Reached {
    depth: u32,
    id: ServiceId,
    by: ServiceId,
    changes: Vec<(ChangeId, Status)>,
}

/// A step in one direction.
type Step = fn(&Queries<'_>, &ServiceId) -> Result<BTreeSet<ServiceId>, StoreError>;

impl Impact {
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let id: ServiceId = parse(&self.service)?;
        let session = context.open()?;
        let service = in_force(&session, &id)?;
        let open = OpenChanges::read(&session, context.env.now())?;
        let own = open.of(&id);
        let needed_by = self.reached(&session, &open, (&id, |queries, id| queries.dependents(id)))?;
        let needs = self.reached(&session, &open, (&id, |queries, id| queries.dependencies(id)))?;
        if context.ui.json {
            let answer = json!({
                "service": page_of::service(&id, &service),
                "open_changes": json_list(own.iter().map(|(id, _)| id)),
                "needed_by": needed_by.iter().map(Reached::json).collect::<Value>(),
                "needs": needs.iter().map(Reached::json).collect::<Value>(),
            });
            return context.ui.print_json(context.env, answer);
        }
        let mut page = context.page();
        page.title(trf!("service {id}: {}", "服务 {id}：{}", page_of::in_short(&service)));
        if !own.is_empty() {
            page.field(tr!("open changes", "未结束变更单"), named(&own));
        }
        tree(&mut page, &session, (tr!("needed by", "被依赖"), &needed_by))?;
        tree(&mut page, &session, (tr!("needs", "依赖"), &needs))?;
        Ok(context.env.print_long(page.finish())?)
    }

    /// Everything that is reached from a service in one direction, each once, by the shortest way.
    fn reached(
        &self,
        session: &Session,
        changes: &OpenChanges,
        (from, step): (&ServiceId, Step),
    ) -> Result<Vec<Reached>, Error> {
        let mut seen = BTreeSet::from([from.clone()]);
        let mut waiting: Vec<(u32, ServiceId)> = vec![(0, from.clone())];
        let mut links: BTreeMap<ServiceId, Vec<ServiceId>> = BTreeMap::new();
        while !waiting.is_empty() {
            let mut next = Vec::new();
            for (depth, by) in waiting.iter().filter(|(depth, _)| self.depth.is_none_or(|most| *depth < most)) {
                for id in step(&session.queries(), by)? {
                    if seen.insert(id.clone()) {
                        links.entry(by.clone()).or_default().push(id.clone());
                        next.push((depth + 1, id));
                    }
                }
            }
            waiting = next;
        }
        // In the order of a tree: each service behind the one that leads to it.
        let children = |by: &ServiceId, depth: u32| {
            let below = links.get(by).into_iter().flatten().rev();
            below.map(|id| (depth, by.clone(), id.clone())).collect::<Vec<_>>()
        };
        let (mut open, mut reached) = (children(from, 1), Vec::new());
        while let Some((depth, by, id)) = open.pop() {
            open.extend(children(&id, depth + 1));
            reached.push(Reached { depth, changes: changes.of(&id), id, by });
        }
        Ok(reached)
    }
}

impl Reached {
    fn json(&self) -> Value {
        let Self { depth, id, by, changes } = self;
        json!({
            "service": id.to_string(),
            "depth": depth,
            "by": by.to_string(),
            "open_changes": json_list(changes.iter().map(|(id, _)| id)),
        })
    }
}

/// The deepest step that is indented further: a long chain must leave room for its text.
const DEEPEST: u32 = 8;

/// Writes what was reached as a tree.
fn tree(page: &mut Page, session: &Session, (heading, reached): (&str, &[Reached])) -> Result<(), Error> {
    let changes: BTreeSet<ChangeId> = reached.iter().flat_map(|it| it.changes.iter().map(|(id, _)| *id)).collect();
    let services = match reached.len() {
        1 => tr!("1 service", "1 个服务").to_owned(),
        count => trf!("{count} services", "{count} 个服务"),
    };
    let changes = match changes.len() {
        1 => tr!("1 open change", "1 个未结束变更单").to_owned(),
        count => trf!("{count} open changes", "{count} 个未结束变更单"),
    };
    page.block(&trf!("{heading}: {services}, {changes}", "{heading}：{services}，{changes}"));
    for Reached { depth, id, changes, .. } in reached {
        let service = in_force(session, id)?;
        let indent = usize::try_from((*depth).min(DEEPEST)).unwrap_or(0).saturating_mul(2);
        let what = page_of::in_short(&service);
        let line = match changes.is_empty() {
            true => trf!("{id}: {what}", "{id}：{what}"),
            false => trf!("{id}: {what}; {}", "{id}：{what}；{}", named(changes)),
        };
        page.under(indent, line);
    }
    Ok(())
}
