//! What must never be, said once more and straight from the list of what was accepted: without the model's questions,
//! so that a mistake in those hides nothing here.

use std::collections::{BTreeMap, BTreeSet};

use twinseal::domain::Role;

use super::facts::{Action, Entry, Facts, Grants, Key, Person, Place, Time, What};

/// Everybody ever named in a change's revisions.
fn named(entries: &[Entry], number: usize) -> BTreeSet<Person> {
    let mut people = BTreeSet::new();
    for entry in entries {
        match &entry.what {
            What::File { change, facts } if *change == number => name(&mut people, entry.actor, facts),
            What::Revise { of, facts } if of.change == number => name(&mut people, entry.actor, facts),
            _ => {}
        }
    }
    people
}

fn name(people: &mut BTreeSet<Person>, actor: Person, facts: &Facts) {
    people.extend([actor, facts.owner]);
    people.extend(&facts.implementers);
    people.extend(&facts.authors);
}

/// The action that an entry seconds, if it is a second.
fn seconded<'a>(entries: &'a [Entry], entry: &Entry) -> Option<&'a Action> {
    let What::Second(proposal) = &entry.what else { return None };
    match &entries[proposal.opened].what {
        What::Propose { action, .. } => Some(action),
        other => panic!("what was seconded is no proposal: {other:?}"),
    }
}

/// Everything that somebody was ever allowed to do, the latest last; nothing where they were let go.
fn standings(entries: &[Entry], person: Person) -> Vec<Grants> {
    let mut standings = Vec::new();
    if let What::Init { members, .. } = &entries[0].what {
        standings.extend(members.iter().filter(|it| it.person == person).map(|it| it.grants.clone()));
    }
    for entry in &entries[1..] {
        let action = match &entry.what {
            What::SuspendPerson(who) if *who == person => {
                // A machine keeps its operators.
                let operators = standings.last().map_or(BTreeSet::new(), |it: &Grants| it.operators.clone());
                standings.push(Grants { operators, ..Grants::default() });
                continue;
            }
            _ => seconded(entries, entry),
        };
        let Some(action) = action else { continue };
        match action {
            Action::Enrol(members) => {
                standings.extend(members.iter().filter(|it| it.person == person).map(|it| it.grants.clone()));
            }
            Action::Roles(changes) => standings.extend(changes.get(&person).map(|(_, grants, _)| grants.clone())),
            Action::Retire { person: who, .. } if *who == person => standings.push(Grants::default()),
            _ => {}
        }
    }
    standings
}

/// Whether the key of somebody's approval could still be used: it was not revoked, and it was lifted after it or its
/// owner was last suspended. (An approval is signed by a key that its owner already had.)
fn is_usable(entries: &[Entry], person: Person, key: usize) -> bool {
    let mut usable = true;
    for entry in entries {
        match &entry.what {
            What::Revoke(it) if *it == key => return false,
            What::Suspend(it) if *it == key => usable = false,
            What::SuspendPerson(it) if *it == person => usable = false,
            _ => match seconded(entries, entry) {
                Some(Action::Lift { key: it, .. }) if *it == key => usable = true,
                Some(Action::Roles(changes)) if changes.values().any(|(_, _, keys)| keys.contains(&key)) => {
                    return false;
                }
                _ => {}
            },
        }
    }
    usable
}

/// The people whose approvals could ever carry the revision that counts now: distinct approvers whose latest word for
/// it is an approval with a usable key, who are named nowhere in the change, and operate none who is.
pub fn eligible(entries: &[Entry], number: usize, now: Time) -> BTreeSet<Person> {
    let files = |it: &Entry| match it.what {
        What::File { change, .. } => change == number,
        What::Revise { of, .. } => of.change == number,
        _ => false,
    };
    let filed: Place = entries.iter().rposition(files).expect("the change was filed");
    let mut latest: BTreeMap<Person, Option<Key>> = BTreeMap::new();
    for entry in &entries[filed..] {
        match entry.what {
            What::Approve(of) if of.filed == filed => drop(latest.insert(entry.actor, Some(entry.key))),
            What::Retract(of) if of.filed == filed => drop(latest.insert(entry.actor, None)),
            _ => {}
        }
    }
    let named = named(entries, number);
    let may = |person: Person| {
        let grants = standings(entries, person).pop().expect("whoever approved was enrolled");
        let within = |(from, until): &(Option<Time>, Option<Time>)| {
            !from.is_some_and(|from| now < from) && !until.is_some_and(|until| now >= until)
        };
        let approver = grants.roles.get(&Role::Approver).is_some_and(|periods| periods.iter().any(within));
        let operates = |it: &Person| standings(entries, *it).last().is_some_and(|it| it.operators.contains(&person));
        approver && !named.contains(&person) && !named.iter().any(operates)
    };
    let counts = |(person, key): (Person, Option<Key>)| {
        key.filter(|key| is_usable(entries, person, *key) && may(person)).map(|_| person)
    };
    latest.into_iter().filter_map(counts).collect()
}
