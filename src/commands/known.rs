//! Notes about names that nothing in the register has: a freeze of a misspelt service stops nothing.

use std::collections::BTreeSet;

use super::Context;
use super::freeze::all;
use crate::domain::Scope;
use crate::error::Error;
use crate::input::nearest;
use crate::output::safe;
use crate::store::Session;

/// What has names, as revisions list it.
const ITEMS: [&str; 3] = ["service", "environment", "tag"];

/// Says which services, environments and tags are named by no change, no freeze in force and no requirement of the policy.
/// A register that names none yet is left alone.
///
/// # Errors
/// The cache cannot be read.
pub fn note_unknown(context: &mut Context<'_>, session: &Session, scope: &Scope) -> Result<(), Error> {
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
        others.iter().filter_map(|it| it.get(n)).for_each(|it| known.extend(it.iter().cloned()));
        for name in asked.iter().filter(|name| !known.is_empty() && !known.contains(*name)) {
            let near = nearest(name, known.iter().map(String::as_str));
            let near = near.map_or(String::new(), |near| format!("; did you mean {}?", safe(&near)));
            context.env.status(format_args!("note: no change, freeze or policy names {item} {name}{near}"));
        }
    }
    Ok(())
}

fn names(scope: &Scope) -> [BTreeSet<String>; 3] {
    [texts(&scope.services), texts(&scope.environments), texts(&scope.tags)]
}

fn texts<T: ToString>(names: &BTreeSet<T>) -> BTreeSet<String> {
    names.iter().map(T::to_string).collect()
}
