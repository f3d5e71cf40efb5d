//! What the register says of services, as sentences and as JSON, and what a proposal changes about them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::json::{list as json_list, written};
use super::{Page, list};
use crate::domain::{Service, ServiceId, SetServices};
use crate::{tr, trf};

/// What a proposal would do: `set 3 services, drop 2; 14 in all`.
pub fn summary(it: &SetServices) -> String {
    let (put, dropped, count) = (it.put.len(), it.dropped.len(), it.count);
    let words = if put == 1 { tr!("service", "") } else { tr!("services", "") };
    match (put, dropped) {
        (_, 0) => trf!("set {put} {words}; {count} in all", "设置 {put} 个服务{words}；共 {count} 个"),
        (0, _) => trf!("drop {dropped} services; {count} left", "去掉 {dropped} 个服务；剩 {count} 个"),
        _ => trf!(
            "set {put} {words}, drop {dropped}; {count} in all",
            "设置 {put} 个服务{words}，去掉 {dropped} 个；共 {count} 个"
        ),
    }
}

/// Compares the services of a proposal with those in force: `+` is added, `-` is removed.
pub fn changes(page: &mut Page, it: &SetServices, present: &BTreeMap<ServiceId, Service>) {
    page.block(tr!("difference", "差异"));
    for id in &it.dropped {
        page.text("-", trf!("{id} is dropped", "去掉 {id}"));
    }
    for (id, service) in &it.put {
        let Some(old) = present.get(id) else {
            page.text("+", trf!("{id}: {}", "{id}：{}", in_short(service)));
            continue;
        };
        page.text("", trf!("{id}:", "{id}："));
        let (old, new) = (old.fields(), service.fields());
        let line = |(key, value): &(&str, String)| format!("{key} {value}");
        old.iter().filter(|it| !new.contains(it)).for_each(|it| _ = page.text("-", line(it)));
        new.iter().filter(|it| !old.contains(it)).for_each(|it| _ = page.text("+", line(it)));
    }
}

/// `database, tier 1, prod, team dba, owner dave`.
pub fn in_short(it: &Service) -> String {
    let Service { kind, tier, environment, team, owner, .. } = it;
    trf!(
        "{kind}, tier {tier}, {environment}, team {team}, owner {owner}",
        "{kind}，{tier} 级，{environment}，团队 {team}，负责人 {owner}"
    )
}

/// The fields of a service.
pub fn fields(page: &mut Page, it: &Service) {
    page.field(tr!("name", "名称"), &it.name);
    page.field(tr!("kind", "类型"), &it.kind);
    page.field(tr!("tier", "级别"), it.tier);
    page.field(tr!("environment", "环境"), &it.environment);
    page.field(tr!("owner", "负责人"), &it.owner);
    page.field(tr!("team", "团队"), &it.team);
    if !it.tags.is_empty() {
        page.field(tr!("tags", "标签"), list(&it.tags));
    }
    let hours = it.hours.as_ref().map_or_else(
        || tr!("any", "不限").to_owned(),
        |calendar| trf!("outside the closed periods of calendar {calendar}", "日历 {calendar} 的封网时段之外"),
    );
    page.field(tr!("hours", "维护时间"), hours);
}

/// A service for programs.
pub fn service(id: &ServiceId, it: &Service) -> Value {
    json!({
        "id": id.to_string(),
        "name": it.name.to_string(),
        "owner": it.owner.to_string(),
        "team": it.team.to_string(),
        "tier": it.tier.number(),
        "kind": it.kind.to_string(),
        "environment": it.environment.to_string(),
        "tags": json_list(&it.tags),
        "depends_on": json_list(&it.depends_on),
        "hours": written(it.hours.as_ref()),
    })
}

/// A proposal of services for programs.
pub fn set(it: &SetServices) -> Value {
    json!({
        "replaces": written(it.replaces),
        "count": it.count,
        "root": it.root.to_string(),
        "put": it.put.iter().map(|(id, it)| service(id, it)).collect::<Value>(),
        "drop": json_list(&it.dropped),
    })
}
