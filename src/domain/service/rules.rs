//! The rules about services: what a set must be, and which of them a change may name.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::change::filing_rules::judge_party;
use crate::domain::records::{Denied, StateKey, Unloaded};
use crate::domain::service::set::{MOST_SERVICES, WholeSet};
use crate::domain::{
    BadSet, Calendar, Digest, Facts, FreezeName, FreezeRef, Governance, Group, ProposalId, Refusal, Scope, Service,
    ServiceId, ServiceState, ServicesInForce, SetServices, Terms, Tier,
};

/// Lookups.
impl Governance {
    /// The set of services in force; `None` if no service exists.
    pub fn services(&self) -> Option<&ServicesInForce> {
        self.services_in_force().filter(|it| it.count > 0)
    }

    /// A service in force; `None` if there is none with this id.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn service(&self, id: &ServiceId) -> Result<Option<&Service>, Unloaded> {
        if self.services().is_none() {
            return Ok(None);
        }
        Ok(self.service_record(id)?.and_then(|it| it.service.as_ref()))
    }

    /// The number of a service in the graph of dependencies; `None` if it is not in force.
    pub(in crate::domain) fn service_number(&self, id: &ServiceId) -> Result<Option<u32>, Unloaded> {
        if self.services().is_none() {
            return Ok(None);
        }
        Ok(self.service_record(id)?.filter(|it| it.service.is_some()).map(|it| it.number))
    }

    /// The tiers of these services. One that is not in force may be of any tier.
    pub(in crate::domain) fn tiers(&self, services: &BTreeSet<ServiceId>) -> Result<BTreeSet<Tier>, Unloaded> {
        let mut tiers = BTreeSet::new();
        for id in services {
            match self.service(id)? {
                Some(service) => _ = tiers.insert(service.tier),
                None => tiers = Tier::all(),
            }
        }
        Ok(tiers)
    }

    /// The times outside the maintenance hours of these services, each as a freeze that concerns this
    /// service and from which its team excepts.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn outside_hours(&self, services: &BTreeSet<ServiceId>) -> Result<Vec<(FreezeRef, Terms)>, Unloaded> {
        let mut outside = Vec::new();
        for id in services {
            let Some(service) = self.service(id)? else { continue };
            if let Some((since, terms)) = self.outside_hours_of(id, service)? {
                outside.push((FreezeRef { name: FreezeName::hours(id), since }, terms));
            }
        }
        Ok(outside)
    }

    /// The times outside the maintenance hours that a service would have, as a freeze, and the entry that put their
    /// calendar in force. `None` if the service may be changed at any hour.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn outside_hours_of(&self, id: &ServiceId, service: &Service) -> Result<Option<(Digest, Terms)>, Unloaded> {
        Ok(self.hours(service)?.map(|calendar| (calendar.since, calendar.closed_for(id, &service.team))))
    }

    /// The calendar that gives the maintenance hours of a service, if it has any.
    fn hours(&self, service: &Service) -> Result<Option<&Calendar>, Unloaded> {
        service.hours.as_ref().map_or(Ok(None), |name| self.calendar_records().get(name, StateKey::Calendar))
    }

    /// Which entry put the maintenance hours of a service in force, if it has any.
    pub(in crate::domain) fn hours_since(&self, id: &ServiceId) -> Result<Option<Digest>, Unloaded> {
        let Some(service) = self.service(id)? else { return Ok(None) };
        Ok(self.hours(service)?.map(|it| it.since))
    }
}

impl Calendar {
    /// What a freeze would say that is closed in the periods of this calendar, for changes of one service.
    fn closed_for(&self, service: &ServiceId, team: &Group) -> Terms {
        let scope = Scope { services: [service.clone()].into(), ..Scope::default() };
        Terms {
            scope,
            except_kinds: BTreeSet::new(),
            except_tags: BTreeSet::new(),
            group: team.clone(),
            calendar: None,
            known: self.known,
            periods: self.periods.clone(),
        }
    }
}

/// Judging.
impl Governance {
    /// Checks that a change names only services in force, each in an environment that the change names. Where none is in
    /// force it names what it likes.
    ///
    /// # Errors
    /// [`Refusal::NoService`], [`Refusal::ServiceEnvironment`], or [`Unloaded`].
    pub fn judge_services(&self, facts: &Facts) -> Result<(), Denied> {
        if self.services().is_none() {
            return Ok(());
        }
        for id in &facts.services {
            let Some(service) = self.service(id)? else {
                return Err(Refusal::NoService { service: id.clone() }.into());
            };
            if !facts.environments.contains(&service.environment) {
                let (service, environment) = (id.clone(), service.environment.clone());
                return Err(Refusal::ServiceEnvironment { service, environment }.into());
            }
        }
        Ok(())
    }

    pub(in crate::domain) fn judge_set_services(&self, it: &SetServices) -> Result<(), Denied> {
        if self.services_in_force().map(|it| it.since) != it.replaces {
            return Err(Refusal::NotInForce.into());
        }
        if it.put.is_empty() && it.dropped.is_empty() {
            return Err(Refusal::NothingChanges.into());
        }
        if it.put.len() > MOST_SERVICES {
            return Err(Refusal::TooManyServices.into());
        }
        let before = self.whole_set()?;
        if let Some(id) = it.dropped.iter().find(|id| !before.leaves.contains_key(*id)) {
            return Err(Refusal::NoService { service: id.clone() }.into());
        }
        for (id, service) in &it.put {
            if before.leaves.get(id).is_some_and(|(_, leaf)| *leaf == service.leaf(id)) {
                return Err(Refusal::ServiceSame { service: id.clone() }.into());
            }
            judge_party(self, &service.owner)?;
            service.hours.as_ref().map_or(Ok(()), |hours| self.calendar(hours).map(|_| ()))?;
        }
        let after = before.with(it);
        match after.faults(it, &before).into_iter().next() {
            Some(BadSet::Unknown { service, needs }) => return Err(Refusal::ServiceNeeds { service, needs }.into()),
            Some(BadSet::Cycle(services)) => return Err(Refusal::ServiceCycle { services }.into()),
            None => {}
        }
        let count = after.leaves.len();
        if count > MOST_SERVICES {
            return Err(Refusal::TooManyServices.into());
        }
        let (count, root) = (u64::try_from(count).unwrap_or(u64::MAX), after.root());
        let same = (count, root) == (it.count, it.root);
        if same { Ok(()) } else { Err(Refusal::ServicesRoot { count, expected: root }.into()) }
    }

    /// Everything that is wrong with the dependencies of the services after a difference.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn service_faults(&self, it: &SetServices) -> Result<Vec<BadSet>, Unloaded> {
        Ok(self.set_after(it)?.faults(it, &self.whole_set()?))
    }

    /// A difference to the services in force, with the count and the root of the set that results.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn services_changed(
        &self,
        put: BTreeMap<ServiceId, Service>,
        dropped: BTreeSet<ServiceId>,
    ) -> Result<SetServices, Unloaded> {
        let replaces = self.services_in_force().map(|it| it.since);
        let it = SetServices { replaces, put, dropped, ..SetServices::default() };
        let after = self.set_after(&it)?;
        let count = u64::try_from(after.leaves.len()).unwrap_or(u64::MAX);
        Ok(SetServices { count, root: after.root(), ..it })
    }

    fn set_after(&self, it: &SetServices) -> Result<WholeSet, Unloaded> {
        Ok(self.whole_set()?.with(it))
    }
}

/// Applying.
impl Governance {
    /// Fails unless every record is loaded that a difference changes.
    pub(in crate::domain) fn check_services_loaded(&self, it: &SetServices) -> Result<(), Unloaded> {
        self.set_after(it).map(drop)
    }

    /// Puts a judged set in force; its records are loaded.
    pub(in crate::domain) fn set_services(&mut self, proposal: ProposalId, it: &SetServices, seq: u64, since: Digest) {
        let Ok(set) = self.set_after(it) else { return };
        for id in &it.dropped {
            self.put_service(id.clone(), ServiceState { seq, number: 0, service: None });
        }
        for (id, service) in &it.put {
            let number = set.leaves.get(id).map_or(0, |(number, _)| *number);
            self.put_service(id.clone(), ServiceState { seq, number, service: Some(service.clone()) });
        }
        let in_force = ServicesInForce { proposal, since, count: it.count, root: it.root };
        self.put_services(in_force, set);
    }
}
