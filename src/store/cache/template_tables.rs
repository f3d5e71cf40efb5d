//! The SQL of templates.

use rusqlite::{Connection, params};

use crate::domain::{Action, Facts, Register, TemplateName, TemplateRef, UsedTemplate};
use crate::store::StoreError;
use crate::store::cache::offered::Offered;
use crate::store::cache::queries::Queries;

/// The templates in force after the entry `seq`, which put one in force, replaced or ended one.
pub(super) fn project(conn: &Connection, seq: u64, action: &Action, after: &Register) -> rusqlite::Result<()> {
    let (name, set) = match action {
        Action::SetTemplate(it) => (&it.name, Some(it.until)),
        Action::EndTemplate(it) => (&it.name, None),
        _ => return Ok(()),
    };
    conn.prepare_cached("UPDATE templates SET ended = ?2 WHERE name = ?1 AND ended IS NULL")?
        .execute(params![name.as_str(), seq])?;
    let (Some(until), Ok((since, it))) = (set, after.governance().template(name)) else { return Ok(()) };
    let row = params![seq, name.as_str(), since.to_string(), it.proposal.number(), until.to_string()];
    conn.prepare_cached("INSERT INTO templates VALUES (?1, ?2, ?3, ?4, ?5, NULL)")?.execute(row).map(|_| ())
}

/// The template that a revision follows, and the values of its blanks, as items of the revision.
pub(super) fn project_used(
    facts: &Facts,
    item: impl Fn(&str, &str, Option<String>) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let Some(UsedTemplate { template: TemplateRef { name, since }, values }) = &facts.template else { return Ok(()) };
    item("template", name.as_str(), Some(since.to_string()))?;
    values.iter().try_for_each(|(blank, value)| item("value", &format!("{blank} {value}"), None))
}

impl Queries<'_> {
    /// The templates in force.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn offered_templates(&self) -> Result<Offered, StoreError> {
        let sql = "SELECT name, 'until ' || until FROM templates WHERE ended IS NULL ORDER BY name";
        self.select(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// How many changes followed a template of this name.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn uses_of_template(&self, name: &TemplateName) -> Result<u64, StoreError> {
        let sql = "SELECT count(DISTINCT change) FROM revision_items WHERE item = 'template' AND value = ?1";
        let counts: Vec<u64> = self.select(sql, [name.as_str()], |row| row.get(0))?;
        Ok(counts.first().copied().unwrap_or_default())
    }
}
