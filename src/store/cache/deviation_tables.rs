//! The tables about deviations.

use rusqlite::{Connection, params};

use crate::domain::{Deviation, DeviationStatus, Header};

/// A deviation as it is after the entry with this header.
///
/// # Errors
/// What SQLite reports.
pub fn project(conn: &Connection, header: &Header, it: &Deviation) -> rusqlite::Result<()> {
    let (id, recorded, told) = (it.id().number(), it.recorded(), it.told());
    if recorded.seq != header.seq {
        let row = params![header.seq, id, header.actor.as_str(), header.time.to_string()];
        conn.prepare_cached("INSERT INTO deviation_reviews VALUES (?1, ?2, ?3, ?4)")?.execute(row)?;
        if it.status() == DeviationStatus::Reviewed {
            let row = params![id, header.seq];
            conn.prepare_cached("UPDATE deviations SET reviewed = ?2 WHERE id = ?1")?.execute(row)?;
        }
        return Ok(());
    }
    conn.prepare_cached("INSERT INTO deviations VALUES (?1, ?2, ?3, ?4, ?5, NULL)")?.execute(params![
        id,
        recorded.seq,
        recorded.person.as_str(),
        told.done.to_string(),
        told.incident.as_ref().map(|incident| incident.as_str()),
    ])?;
    let item = |item: &str, value: &str| {
        conn.prepare_cached("INSERT INTO deviation_items VALUES (?1, ?2, ?3)")?
            .execute(params![id, item, value])
            .map(|_| ())
    };
    told.by.iter().try_for_each(|by| item("by", &by.to_string()))?;
    told.services.iter().try_for_each(|service| item("service", service.as_str()))
}
