//! The set of services in force, and the difference that a proposal makes to it.
//!
//! Each service is a record of its own. Two more records hold what a rule needs of all of them: their leaf hashes, from
//! which the root of the set is computed, and the graph of their dependencies. Services are numbered for the graph, and
//! keep their numbers as long as they are in force.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::{Digest, ProposalId, Service, ServiceId, empty_root, root_of};

/// The most services of a register.
pub const MOST_SERVICES: usize = 50_000;

/// The most circles that are listed.
const MOST_CYCLES: usize = 20;

/// What is kept of the set in force beside its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServicesInForce {
    /// The proposal that put it in force.
    pub proposal: ProposalId,
    /// The leaf hash of the entry that did.
    pub since: Digest,
    /// The number of services.
    pub count: u64,
    /// The root over their leaves, in the order of their ids.
    pub root: Digest,
}

/// A service that is or was in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceState {
    /// The sequence number of the entry that put or dropped it last.
    pub seq: u64,
    /// Its number in the graph of dependencies, as long as it is in force.
    pub number: u32,
    /// What the register says of it; `None` once it was dropped.
    pub service: Option<Service>,
}

/// The services in force: their leaf hashes by id, and the number of each.
pub(in crate::domain) type ServiceLeaves = BTreeMap<ServiceId, (u32, Digest)>;

/// For each number of a service, the numbers of others: those of all services in one list, and where each one's begin.
/// A rule reads them anew for each question, and one list is read many times faster than ten thousand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Edges {
    /// Where the list of each number ends; it begins where that of the number before ends.
    ends: Vec<u32>,
    to: Vec<u32>,
}

impl Edges {
    fn of(&self, number: u32) -> &[u32] {
        let at = number as usize;
        let end = |at: usize| self.ends.get(at).map(|it| *it as usize);
        let begin = at.checked_sub(1).and_then(end).unwrap_or_default();
        end(at).and_then(|end| self.to.get(begin..end)).unwrap_or_default()
    }

    fn push(&mut self, list: &[u32]) {
        self.to.extend(list);
        self.ends.push(u32::try_from(self.to.len()).unwrap_or(u32::MAX));
    }

    fn lists(&self) -> impl Iterator<Item = (u32, &[u32])> {
        (0..).take(self.ends.len()).map(|number| (number, self.of(number)))
    }

    /// The same edges in the other direction.
    fn reversed(&self) -> Self {
        let mut ends = vec![0_u32; self.ends.len()];
        for to in &self.to {
            ends.get_mut(*to as usize).into_iter().for_each(|count| *count += 1);
        }
        let mut next = 0;
        for end in &mut ends {
            next += std::mem::replace(end, next);
        }
        let mut to = vec![0; self.to.len()];
        for (from, list) in self.lists() {
            for number in list {
                let Some(end) = ends.get_mut(*number as usize) else { continue };
                to.get_mut(*end as usize).into_iter().for_each(|place| *place = from);
                *end += 1;
            }
        }
        Self { ends, to }
    }
}

/// The dependencies of the services in force, by the number of a service. What is kept is what each one needs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Edges", into = "Edges")]
pub struct ServiceGraph {
    needs: Edges,
    needed_by: Edges,
}

impl From<Edges> for ServiceGraph {
    fn from(needs: Edges) -> Self {
        Self { needed_by: needs.reversed(), needs }
    }
}

impl From<ServiceGraph> for Edges {
    fn from(graph: ServiceGraph) -> Self {
        graph.needs
    }
}

impl ServiceGraph {
    /// The services that this one needs.
    pub(in crate::domain) fn needs(&self, number: u32) -> &[u32] {
        self.needs.of(number)
    }

    /// The services that need this one.
    pub(in crate::domain) fn needed_by(&self, number: u32) -> &[u32] {
        self.needed_by.of(number)
    }

    /// How many numbers are in use.
    pub(in crate::domain) fn len(&self) -> usize {
        self.needs.ends.len()
    }

    /// The same graph, except that these services need others; a number after the last begins to be in use.
    fn with(&self, said: &BTreeMap<u32, Vec<u32>>) -> Self {
        let least = said.last_key_value().map_or(0, |(number, _)| *number as usize + 1);
        let mut needs = Edges::default();
        for number in (0..).take(self.len().max(least)) {
            needs.push(said.get(&number).map_or_else(|| self.needs(number), Vec::as_slice));
        }
        needs.into()
    }

    /// The services that are on a cycle, or need one that is.
    fn cyclic(&self) -> BTreeSet<u32> {
        let mut open: Vec<usize> = self.needs.lists().map(|(_, needs)| needs.len()).collect();
        let mut cyclic: BTreeSet<u32> = (0_u32..).take(self.len()).collect();
        let mut free: Vec<u32> = (0_u32..).zip(&open).filter(|(_, open)| **open == 0).map(|(it, _)| it).collect();
        while let Some(number) = free.pop() {
            cyclic.remove(&number);
            for by in self.needed_by(number) {
                let Some(open) = open.get_mut(*by as usize) else { continue };
                *open -= 1;
                if *open == 0 {
                    free.push(*by);
                }
            }
        }
        cyclic
    }

    /// A cycle of dependencies, each needing the next and the last the first; empty if there is none.
    fn cycle(&self) -> Vec<u32> {
        let cyclic = self.cyclic();
        let (mut path, mut places) = (Vec::new(), BTreeMap::new());
        let mut next = cyclic.iter().next().copied();
        while let Some(number) = next {
            if let Some(at) = places.insert(number, path.len()) {
                return path.split_off(at);
            }
            path.push(number);
            next = self.needs(number).iter().copied().find(|it| cyclic.contains(it));
        }
        Vec::new()
    }
}

/// The difference that a proposal makes to the set of services, and the set that results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetServices {
    /// The leaf hash of the entry that put the present set in force; `None` if there is none.
    pub replaces: Option<Digest>,
    /// The number of services in the resulting set.
    pub count: u64,
    /// The root over their leaves.
    pub root: Digest,
    /// The services that are added, or said anew.
    pub put: BTreeMap<ServiceId, Service>,
    /// The services that are removed.
    pub dropped: BTreeSet<ServiceId>,
}

/// A difference that changes nothing.
impl Default for SetServices {
    fn default() -> Self {
        Self { replaces: None, count: 0, root: empty_root(), put: BTreeMap::new(), dropped: BTreeSet::new() }
    }
}

/// Something about the services of a set that no set can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadSet {
    /// A service needs one that is not in the set.
    Unknown {
        /// The service.
        service: ServiceId,
        /// What it needs.
        needs: ServiceId,
    },
    /// These services need each other in a circle.
    Cycle(Vec<ServiceId>),
}

/// The records of a set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::domain) struct WholeSet {
    pub leaves: ServiceLeaves,
    pub graph: ServiceGraph,
}

impl WholeSet {
    /// The set after a difference. A service that was dropped before gets another number.
    pub(in crate::domain) fn with(&self, it: &SetServices) -> Self {
        let (mut leaves, mut said) = (self.leaves.clone(), BTreeMap::new());
        for id in &it.dropped {
            said.extend(leaves.remove(id).map(|(number, _)| (number, Vec::new())));
        }
        let mut next = u32::try_from(self.graph.len()).unwrap_or(u32::MAX);
        for (id, service) in &it.put {
            let number = leaves.get(id).map_or(next, |(number, _)| *number);
            next = next.saturating_add(u32::from(number == next));
            leaves.insert(id.clone(), (number, service.leaf(id)));
        }
        let number = |id: &ServiceId| leaves.get(id).map(|(number, _)| *number);
        for (id, service) in &it.put {
            let needs = service.depends_on.iter().filter_map(number).collect();
            said.extend(number(id).map(|number| (number, needs)));
        }
        Self { graph: self.graph.with(&said), leaves }
    }

    /// The root over the leaves of all services.
    pub(in crate::domain) fn root(&self) -> Digest {
        root_of(self.leaves.values().map(|(_, leaf)| *leaf).collect())
    }

    /// Circles of dependencies, so many that without one link of each there is none, up to a limit.
    fn cycles(&self) -> Vec<BadSet> {
        let (mut graph, mut found) = (self.graph.clone(), Vec::new());
        let names: BTreeMap<u32, &ServiceId> = self.leaves.iter().map(|(id, (number, _))| (*number, id)).collect();
        while found.len() < MOST_CYCLES {
            let cycle = graph.cycle();
            let (Some(first), Some(last)) = (cycle.first(), cycle.last()) else { break };
            let needs = graph.needs(*last).iter().copied().filter(|it| it != first).collect();
            graph = graph.with(&BTreeMap::from([(*last, needs)]));
            let named = cycle.iter().filter_map(|number| names.get(number).map(|id| (*id).clone()));
            found.push(BadSet::Cycle(named.collect()));
        }
        found
    }

    /// Everything that is wrong with the dependencies of the set that results from a difference; `before` is the set
    /// without it.
    pub(in crate::domain) fn faults(&self, it: &SetServices, before: &Self) -> Vec<BadSet> {
        let mut faults = Vec::new();
        for (id, service) in &it.put {
            for needs in service.depends_on.iter().filter(|it| !self.leaves.contains_key(*it)) {
                faults.push(BadSet::Unknown { service: id.clone(), needs: needs.clone() });
            }
        }
        let gone: BTreeMap<u32, &ServiceId> =
            it.dropped.iter().filter_map(|id| Some((before.leaves.get(id)?.0, id))).collect();
        for (id, (number, _)) in self.leaves.iter().filter(|(id, _)| !gone.is_empty() && !it.put.contains_key(*id)) {
            for needs in self.graph.needs(*number).iter().filter_map(|it| gone.get(it)) {
                faults.push(BadSet::Unknown { service: id.clone(), needs: (*needs).clone() });
            }
        }
        faults.extend(self.cycles());
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[(u32, &[u32])]) -> ServiceGraph {
        ServiceGraph::default().with(&edges.iter().map(|(from, to)| (*from, to.to_vec())).collect())
    }

    #[test]
    fn a_cycle_is_found_whatever_leads_to_it_or_hangs_on_it() {
        let it = graph(&[(0, &[1]), (1, &[2, 5]), (2, &[3]), (3, &[1]), (4, &[0]), (5, &[6]), (6, &[])]);
        assert_eq!(it.cycle(), [1, 2, 3]);
        assert_eq!(graph(&[(0, &[0])]).cycle(), [0]);
        let long: BTreeMap<u32, Vec<u32>> = (0..20_000).map(|n| (n, vec![(n + 1) % 20_000])).collect();
        assert_eq!(ServiceGraph::default().with(&long).cycle().len(), 20_000);
    }

    #[test]
    fn who_needs_a_service_is_who_says_so() {
        let it = graph(&[(0, &[2, 3]), (1, &[3]), (2, &[3]), (3, &[])]);
        assert_eq!((it.needs(0), it.needed_by(3), it.needed_by(2)), (&[2, 3][..], &[0, 1, 2][..], &[0][..]));
        let it = it.with(&BTreeMap::from([(2, Vec::new()), (4, vec![0])]));
        assert_eq!((it.needed_by(3), it.needed_by(0), it.needs(5)), (&[0, 1][..], &[4][..], &[][..]));
    }
}
