//! What depends on what, at any distance.

use std::collections::BTreeSet;

use crate::domain::records::Unloaded;
use crate::domain::{Governance, ServiceGraph, ServiceId};

/// Some services, all that they depend on, and all that depend on them.
pub(in crate::domain) struct Related<'s> {
    named: &'s BTreeSet<ServiceId>,
    /// By the number of a service in force.
    near: Vec<bool>,
}

impl Related<'_> {
    /// Whether a service with this number is among them. One that is not in force is only if it was named.
    pub(in crate::domain) fn contains(&self, id: &ServiceId, number: Option<u32>) -> bool {
        let is_near = |number: u32| self.near.get(number as usize).copied().unwrap_or_default();
        self.named.contains(id) || number.is_some_and(is_near)
    }
}

impl Governance {
    /// These services, all that they depend on, and all that depend on them.
    pub(in crate::domain) fn related<'s>(&self, named: &'s BTreeSet<ServiceId>) -> Result<Related<'s>, Unloaded> {
        let mut near = Vec::new();
        if self.services().is_some() {
            let mut numbers = Vec::new();
            for id in named {
                numbers.extend(self.service_number(id)?);
            }
            let graph = self.service_graph()?;
            near = graph.reached(&numbers, ServiceGraph::needs);
            let above = graph.reached(&numbers, ServiceGraph::needed_by);
            near.iter_mut().zip(above).for_each(|(near, above)| *near |= above);
        }
        Ok(Related { named, near })
    }
}

impl ServiceGraph {
    /// For each number whether it can be reached from some of these, including themselves.
    fn reached(&self, from: &[u32], next: impl Fn(&Self, u32) -> &[u32]) -> Vec<bool> {
        let mut seen = vec![false; self.len()];
        let mut open = from.to_vec();
        while let Some(number) = open.pop() {
            let Some(seen) = seen.get_mut(number as usize).filter(|seen| !**seen) else { continue };
            *seen = true;
            open.extend(next(self, number));
        }
        seen
    }
}
