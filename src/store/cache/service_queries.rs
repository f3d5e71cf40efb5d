//! The SQL of services.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use rusqlite::Error::FromSqlConversionFailure;
use rusqlite::types::Type::Integer;
use rusqlite::types::ValueRef;
use rusqlite::{Row, params};

use super::queries::{Queries, change_id};
use crate::domain::{CalendarName, ChangeId, Environment, Group, Invalid, PersonId, Service, ServiceId, Tag, Tier};
use crate::store::StoreError;
use crate::store::cache::verified::parsed;

/// What `service list` asks for; `None` means any.
#[derive(Debug, Clone, Default)]
pub struct ServiceFilter {
    /// Who answers for it.
    pub owner: Option<PersonId>,
    /// The group that runs it.
    pub team: Option<Group>,
    /// Its tier.
    pub tier: Option<Tier>,
    /// Its environment.
    pub environment: Option<Environment>,
    /// A tag that it has.
    pub tag: Option<Tag>,
}

impl Queries<'_> {
    /// The services that match, by id.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn services(&self, filter: &ServiceFilter) -> Result<BTreeMap<ServiceId, Service>, StoreError> {
        let sql = "SELECT id, name, owner, team, tier, kind, environment, hours FROM services WHERE (?1 IS NULL OR owner = ?1) AND (?2 IS NULL OR team = ?2)
            AND (?3 IS NULL OR tier = ?3) AND (?4 IS NULL OR environment = ?4)
            AND (?5 IS NULL OR EXISTS (
                SELECT 1 FROM service_items WHERE service = id AND item = 'tag' AND value = ?5))
            ORDER BY id";
        let params = params![
            filter.owner.as_ref().map(PersonId::as_str),
            filter.team.as_ref().map(Group::as_str),
            filter.tier.map(Tier::number),
            filter.environment.as_ref().map(Environment::as_str),
            filter.tag.as_ref().map(Tag::as_str),
        ];
        let read = |row: &Row<'_>| {
            let service = Service {
                name: parsed(row, 1)?,
                owner: parsed(row, 2)?,
                team: parsed(row, 3)?,
                tier: Tier::new(row.get(4)?).map_err(|invalid| FromSqlConversionFailure(4, Integer, invalid.into()))?,
                kind: parsed(row, 5)?,
                environment: parsed(row, 6)?,
                tags: BTreeSet::new(),
                depends_on: BTreeSet::new(),
                hours: if row.get_ref(7)? == ValueRef::Null { None } else { Some(parsed(row, 7)?) },
            };
            Ok((parsed::<ServiceId>(row, 0)?, service))
        };
        let mut found: BTreeMap<ServiceId, Service> = self.select(sql, params, read)?.into_iter().collect();
        self.read_items("tag", &mut found, |it| &mut it.tags)?;
        self.read_items("depends-on", &mut found, |it| &mut it.depends_on)?;
        Ok(found)
    }

    /// Adds what `service_items` lists to these services.
    fn read_items<T: FromStr<Err = Invalid> + Ord>(
        &self,
        item: &str,
        services: &mut BTreeMap<ServiceId, Service>,
        set: impl Fn(&mut Service) -> &mut BTreeSet<T>,
    ) -> Result<(), StoreError> {
        let sql = "SELECT service, value FROM service_items WHERE item = ?1";
        let rows: Vec<(ServiceId, T)> = self.select(sql, [item], |row| Ok((parsed(row, 0)?, parsed(row, 1)?)))?;
        for (service, value) in rows {
            if let Some(service) = services.get_mut(&service) {
                set(service).insert(value);
            }
        }
        Ok(())
    }

    /// The ids of all services.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn service_ids(&self) -> Result<Vec<ServiceId>, StoreError> {
        self.select("SELECT id FROM services ORDER BY id", [], |row| parsed(row, 0))
    }

    /// For each service that open changes name, those changes: not rejected, withdrawn or finished.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn open_by_service(&self) -> Result<BTreeMap<ServiceId, Vec<ChangeId>>, StoreError> {
        let sql = "SELECT id, i.value FROM changes JOIN revision_items AS i ON i.change = id AND i.number = revision
            WHERE state IN ('awaiting-approval', 'in-progress') AND i.item = 'service' ORDER BY id";
        let mut open: BTreeMap<ServiceId, Vec<ChangeId>> = BTreeMap::new();
        for (change, service) in self.select(sql, [], |row| Ok((change_id(row)?, parsed(row, 1)?)))? {
            open.entry(service).or_default().push(change);
        }
        Ok(open)
    }

    /// The services whose maintenance hours follow this calendar, by id.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn services_with_hours(&self, calendar: &CalendarName) -> Result<Vec<ServiceId>, StoreError> {
        let sql = "SELECT id FROM services WHERE hours = ?1 ORDER BY id";
        self.select(sql, [calendar.as_str()], |row| parsed(row, 0))
    }

    /// For each calendar that maintenance hours follow, the first service that does.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn services_by_hours(&self) -> Result<Vec<ServiceId>, StoreError> {
        let sql = "SELECT min(id) FROM services WHERE hours IS NOT NULL GROUP BY hours ORDER BY hours";
        self.select(sql, [], |row| parsed(row, 0))
    }

    /// The services that depend on this one directly, by id.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn dependents(&self, service: &ServiceId) -> Result<BTreeSet<ServiceId>, StoreError> {
        let sql = "SELECT service FROM service_items WHERE item = 'depends-on' AND value = ?1 ORDER BY service";
        Ok(self.select(sql, [service.as_str()], |row| parsed(row, 0))?.into_iter().collect())
    }

    /// The services on which this one depends directly, by id.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn dependencies(&self, service: &ServiceId) -> Result<BTreeSet<ServiceId>, StoreError> {
        let sql = "SELECT value FROM service_items WHERE item = 'depends-on' AND service = ?1 ORDER BY value";
        Ok(self.select(sql, [service.as_str()], |row| parsed(row, 0))?.into_iter().collect())
    }
}
