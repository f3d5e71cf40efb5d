//! Notes about names that nothing in the register has: a freeze of a misspelt service stops nothing.

use std::collections::BTreeSet;

use super::Context;
use super::freeze::all;
use crate::domain::{Conditions, Facts, Group, Policy, Scope};
use crate::error::Error;
use crate::input::nearest;
use crate::output::safe;
use crate::store::Session;
use crate::{tr, trf};

/// What has names, as revisions list it.
const ITEMS: [&str; 3] = ["service", "environment", "tag"];

/// What has a name, on screens.
fn on_screen(item: &'static str) -> &'static str {
    match item {
        "service" => tr!("service", "服务"),
        "environment" => tr!("environment", "环境"),
        _ => tr!("tag", "标签"),
    }
}

/// A name that no change, no freeze in force and no requirement of the policy has.
struct Unknown {
    item: &'static str,
    name: String,
    /// A similar name that one of them has.
    near: Option<String>,
}

/// Says which services, environments and tags are named by no change, no freeze in force and no requirement of the policy.
/// A register that names none yet is left alone.
///
/// # Errors
/// The cache cannot be read.
pub fn note_unknown(context: &mut Context<'_>, session: &Session, scope: &Scope) -> Result<(), Error> {
    for it in unknown(session, scope)? {
        say(context, &it);
    }
    Ok(())
}

/// As [`note_unknown`], for a draft of a change: only names that are like a known one, because a change may well be the first
/// with its service or tag.
///
/// # Errors
/// The cache cannot be read.
pub fn note_mistyped(context: &mut Context<'_>, session: &Session, facts: &Facts) -> Result<(), Error> {
    let Facts { services, environments, tags, .. } = facts.clone();
    for it in unknown(session, &Scope { services, environments, tags, ..Scope::default() })? {
        if it.near.is_some() {
            say(context, &it);
        }
    }
    Ok(())
}

/// As [`note_unknown`], for a policy, and which groups nobody is in.
///
/// # Errors
/// The cache cannot be read.
pub fn note_policy(context: &mut Context<'_>, session: &Session, policy: &Policy) -> Result<(), Error> {
    let mut scope = Scope::default();
    for Conditions { services, environments, tags, .. } in policy.requirements().iter().map(|it| &it.when) {
        scope.services.extend(services.iter().cloned());
        scope.environments.extend(environments.iter().cloned());
        scope.tags.extend(tags.iter().cloned());
    }
    note_unknown(context, session, &scope)?;
    let governance = session.governed()?;
    let used: BTreeSet<&Group> = governance.loaded_people().flat_map(|(_, it)| it.grants.groups.keys()).collect();
    let named: BTreeSet<&Group> = policy.groups().collect();
    for group in named.difference(&used) {
        let near = nearest(group.as_str(), used.iter().map(|it| it.as_str()));
        let near = did_you_mean(near.as_deref());
        context.env.remark(trf!("note: nobody is in group {group}{near}", "注意：组 {group} 中没有人{near}"));
    }
    Ok(())
}

fn say(context: &mut Context<'_>, Unknown { item, name, near }: &Unknown) {
    let (item, near) = (on_screen(item), did_you_mean(near.as_deref()));
    context.env.remark(trf!(
        "note: no change, freeze or policy names {item} {name}{near}",
        "注意：没有变更单、封网或策略提到{item} {name}{near}"
    ));
}

fn did_you_mean(near: Option<&str>) -> String {
    let near = near.map(safe);
    near.map_or(String::new(), |near| trf!("; did you mean {near}?", "；是否想输入 {near}？"))
}

fn unknown(session: &Session, scope: &Scope) -> Result<Vec<Unknown>, Error> {
    let mut unknown = Vec::new();
    let mut others: Vec<[BTreeSet<String>; 3]> =
        all(session)?.iter().map(|(_, freeze)| names(&freeze.terms.scope)).collect();
    let policy = session.state().governance().policy();
    others.extend(policy.iter().flat_map(|policy| policy.requirements()).map(|it| {
        let when = &it.when;
        [texts(&when.services), texts(&when.environments), texts(&when.tags)]
    }));
    for (n, (item, asked)) in ITEMS.iter().zip(names(scope)).enumerate() {
        if asked.is_empty() {
            continue;
        }
        let mut known: BTreeSet<String> = session.queries().names_of(item)?.into_iter().collect();
        if *item == "service" {
            let services = session.queries().service_ids()?;
            known.extend(services.iter().map(ToString::to_string));
        }
        others.iter().filter_map(|it| it.get(n)).for_each(|it| known.extend(it.iter().cloned()));
        for name in asked.iter().filter(|name| !known.is_empty() && !known.contains(*name)) {
            let near = nearest(name, known.iter().map(String::as_str));
            unknown.push(Unknown { item, name: name.clone(), near });
        }
    }
    Ok(unknown)
}

fn names(scope: &Scope) -> [BTreeSet<String>; 3] {
    [texts(&scope.services), texts(&scope.environments), texts(&scope.tags)]
}

fn texts<T: ToString>(names: &BTreeSet<T>) -> BTreeSet<String> {
    names.iter().map(T::to_string).collect()
}
