//! Services in the model: which are in force, what people try, and what changes may name.

use std::collections::{BTreeMap, BTreeSet};

use twinseal::domain::{self, Role, ServiceId, Tier};

use super::draw::Draw;
use super::facts::{Action, Facts, Person, Place};
use super::model::{Fact, Model};
use super::real::{Real, environment, id, production};
use super::rules::Broken;

/// How many services there may be. Most changes name the first.
const SERVICES: usize = 3;

/// What the register says of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    pub owner: Person,
    pub tier: u64,
    /// Whether it is in the one environment that changes name.
    pub production: bool,
    pub needs: BTreeSet<usize>,
}

type Set = BTreeMap<usize, Service>;

pub fn service(number: usize) -> ServiceId {
    format!("service-{number}").parse().unwrap()
}

/// A set after a difference.
fn changed(mut set: Set, put: &Set, dropped: &BTreeSet<usize>) -> Set {
    set.retain(|it, _| !dropped.contains(it));
    set.extend(put.clone());
    set
}

/// Whether a service needs itself, directly or not.
fn is_circular(set: &Set, one: usize) -> bool {
    let (mut seen, mut waiting) = (BTreeSet::new(), vec![one]);
    while let Some(it) = waiting.pop() {
        for need in set.get(&it).into_iter().flat_map(|it| &it.needs) {
            if *need == one {
                return true;
            }
            if seen.insert(*need) {
                waiting.push(*need);
            }
        }
    }
    false
}

impl Model {
    /// The services in force, and where they were put in force; `None` if there never were any.
    pub fn services(&self) -> Option<(Place, Set)> {
        self.facts.iter().fold(None, |before, (place, fact)| match fact {
            Fact::Services(put, dropped) => {
                let set = before.map_or_else(Set::new, |(_, set)| set);
                Some((*place, changed(set, put, dropped)))
            }
            _ => before,
        })
    }

    /// Which services a change may name.
    pub fn break_services(&self, no: &mut Broken, facts: &Facts) {
        let Some((_, set)) = self.services().filter(|(_, set)| !set.is_empty()) else { return };
        let named = || facts.services.iter().map(|it| set.get(it));
        no.when(named().any(|it| it.is_none()), "service-known");
        no.when(named().flatten().any(|it| !(it.production && facts.production)), "service-environment");
    }

    /// Whether one of the services of a change is of this tier, as far as anybody knows.
    pub fn is_of_tier(&self, facts: &Facts, tier: u64) -> bool {
        let set = self.services().map_or_else(Set::new, |(_, set)| set);
        facts.services.iter().any(|it| set.get(it).is_none_or(|it| it.tier == tier))
    }

    /// What a proposal about services may ask for.
    pub fn break_set(&self, no: &mut Broken, action: &Action) {
        let Action::Services { replaces, put, dropped, false_root } = action else { return };
        let present = self.services();
        no.when(present.as_ref().map(|it| it.0) != *replaces, "proposal-not-stale");
        let set = present.map_or_else(Set::new, |it| it.1);
        no.when(dropped.iter().any(|it| !set.contains_key(it)), "service-known");
        no.when(put.iter().any(|(it, new)| set.get(it) == Some(new)), "service-changes");
        for service in put.values() {
            no.when(!self.is_here(service.owner), "participant-enrolled");
            let grants = self.stands(service.owner).and_then(|(_, grants)| grants);
            no.when(grants.is_some_and(|it| it.roles.contains_key(&Role::Auditor)), "participant-not-auditor");
        }
        let set = changed(set, put, dropped);
        no.when(set.values().any(|it| !it.needs.iter().all(|need| set.contains_key(need))), "service-needs");
        no.when(set.keys().any(|it| is_circular(&set, *it)), "service-cycle");
        no.when(*false_root, "service-root");
    }
}

impl Draw<'_> {
    /// A proposal to add, change or drop services; mostly the first one, which changes name.
    pub fn services_action(&mut self) -> Action {
        let model = self.model;
        let present = model.services();
        let any = self.rng.below(model.entries.len().max(1));
        let replaces = match self.rng.below(12) {
            0 => Some(any),
            _ => present.as_ref().map(|it| it.0),
        };
        let set = present.map_or_else(Set::new, |it| it.1);
        let (mut put, mut dropped) = (Set::new(), BTreeSet::new());
        for it in 0..SERVICES {
            match self.rng.below(10) {
                0..5 => {
                    let same = set.get(&it).cloned().filter(|_| self.rng.percent(10));
                    let drawn = Service {
                        owner: self.somebody(|_| true),
                        tier: 1 + self.rng.below(2) as u64,
                        production: self.rng.percent(85),
                        // Later ones need earlier ones at times, and so a circle is rare.
                        needs: (0..SERVICES).filter(|need| self.rng.percent(if *need < it { 40 } else { 6 })).collect(),
                    };
                    put.insert(it, same.unwrap_or(drawn));
                }
                5 if set.contains_key(&it) || self.rng.percent(10) => _ = dropped.insert(it),
                _ => {}
            }
        }
        if put.is_empty() && dropped.is_empty() {
            dropped.insert(SERVICES);
        }
        Action::Services { replaces, put, dropped, false_root: self.rng.percent(4) }
    }
}

impl Real {
    /// A difference to the services as a proposal would make it.
    pub fn set_services(
        &self,
        replaces: Option<Place>,
        (put, dropped): (&Set, &BTreeSet<usize>),
        false_root: bool,
    ) -> domain::SetServices {
        let one = |(name, it): (&usize, &Service)| {
            let described = domain::Service {
                name: "A service".parse().unwrap(),
                owner: id(it.owner).clone(),
                team: "group-0".parse().unwrap(),
                tier: Tier::new(it.tier).unwrap(),
                kind: "service".parse().unwrap(),
                environment: if it.production { production() } else { environment(1) },
                tags: BTreeSet::new(),
                depends_on: it.needs.iter().map(|it| service(*it)).collect(),
                hours: None,
            };
            (service(*name), described)
        };
        let dropped = dropped.iter().map(|it| service(*it)).collect();
        let right = self.register.governance().services_changed(put.iter().map(one).collect(), dropped).unwrap();
        let root = if false_root { domain::Digest::NONE } else { right.root };
        domain::SetServices { replaces: replaces.map(|it| self.leaf(it)), root, ..right }
    }
}
