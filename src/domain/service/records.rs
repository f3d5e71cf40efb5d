//! The records of services as a state keeps them.

use crate::domain::records::{Records, StateKey, StateRecord, Unloaded};
use crate::domain::service::set::{ServiceLeaves, WholeSet};
use crate::domain::{Governance, ServiceGraph, ServiceId, ServiceState, ServicesInForce};

/// The services, their leaf hashes and their dependencies, each loaded or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::domain) struct ServiceRecords {
    each: Records<ServiceId, ServiceState>,
    leaves: Records<(), ServiceLeaves>,
    graph: Records<(), ServiceGraph>,
}

impl ServiceRecords {
    /// No record loaded.
    pub(in crate::domain) fn unloaded() -> Self {
        Self { each: Records::unloaded(), leaves: Records::unloaded(), graph: Records::unloaded() }
    }

    pub(in crate::domain) fn load(&mut self, record: StateRecord) {
        match record {
            StateRecord::Service(id, service) => self.each.load(id, Some(service)),
            StateRecord::ServiceLeaves(leaves) => self.leaves.load((), Some(leaves)),
            StateRecord::ServiceGraph(graph) => self.graph.load((), Some(graph)),
            _ => {}
        }
    }

    pub(in crate::domain) fn load_absent(&mut self, key: StateKey) {
        match key {
            StateKey::Service(id) => self.each.load(id, None),
            StateKey::ServiceLeaves => self.leaves.load((), None),
            StateKey::ServiceGraph => self.graph.load((), None),
            _ => {}
        }
    }

    pub(in crate::domain) fn loaded(&self) -> usize {
        self.each.len() + self.leaves.len() + self.graph.len()
    }

    pub(in crate::domain) fn take_changed(&mut self) -> Vec<StateRecord> {
        let each = self.each.take_changed().map(|(id, it)| StateRecord::Service(id, it));
        let leaves = self.leaves.take_changed().map(|((), it)| StateRecord::ServiceLeaves(it));
        each.chain(leaves).chain(self.graph.take_changed().map(|((), it)| StateRecord::ServiceGraph(it))).collect()
    }

    pub(in crate::domain) fn unload(&mut self) {
        self.each.unload();
        self.leaves.unload();
        self.graph.unload();
    }
}

impl Governance {
    /// The set of services in force, which may be empty; `None` if there never was one.
    pub(in crate::domain) fn services_in_force(&self) -> Option<&ServicesInForce> {
        self.summary.services.as_ref()
    }

    pub(in crate::domain) fn service_record(&self, id: &ServiceId) -> Result<Option<&ServiceState>, Unloaded> {
        self.services.each.get(id, StateKey::Service)
    }

    /// The records of the set in force; an empty set if there is none.
    pub(in crate::domain) fn whole_set(&self) -> Result<WholeSet, Unloaded> {
        if self.services_in_force().is_none() {
            return Ok(WholeSet::default());
        }
        let leaves = self.services.leaves.get(&(), |()| StateKey::ServiceLeaves)?.cloned().unwrap_or_default();
        let graph = self.services.graph.get(&(), |()| StateKey::ServiceGraph)?.cloned().unwrap_or_default();
        Ok(WholeSet { leaves, graph })
    }

    /// The dependencies of the services in force, of which there is at least one.
    pub(in crate::domain) fn service_graph(&self) -> Result<&ServiceGraph, Unloaded> {
        let graph = self.services.graph.get(&(), |()| StateKey::ServiceGraph)?;
        graph.ok_or(Unloaded(StateKey::ServiceGraph))
    }

    pub(in crate::domain) fn put_service(&mut self, id: ServiceId, service: ServiceState) {
        self.services.each.insert(id, service);
    }

    pub(in crate::domain) fn put_services(&mut self, in_force: ServicesInForce, set: WholeSet) {
        self.summary_mut().services = Some(in_force);
        self.services.leaves.insert((), set.leaves);
        self.services.graph.insert((), set.graph);
    }
}
