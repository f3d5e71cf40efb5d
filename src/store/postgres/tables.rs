//! The tables for SQL and BI tools: those of `schema.sql`, in the schema `twinseal_tables`, with the register as the
//! first column of each key.

use crate::store::StoreError;
use crate::store::cache::rows::Span;
use crate::store::sqlite::schema::{Column, Derived, Table};

/// A table, and the statements about it.
pub struct SqlTable {
    /// Its name, and the number of columns of its key without the register.
    pub table: Table,
    /// Its columns without the register.
    pub columns: Vec<Column>,
}

impl SqlTable {
    /// All tables.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn all() -> Result<Vec<Self>, StoreError> {
        let derived = Derived::read()?;
        Ok(derived.tables.into_iter().map(|(table, columns)| Self { table, columns }).collect())
    }

    /// The name with its schema.
    pub fn name(&self) -> String {
        format!("twinseal_tables.{}", quoted(self.table.0))
    }

    /// The place of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|it| it.name == name)
    }

    fn names(&self) -> Vec<String> {
        self.columns.iter().map(|it| quoted(&it.name)).collect()
    }

    fn keys(&self) -> Vec<String> {
        self.names().into_iter().take(self.table.1).collect()
    }

    fn create(&self) -> String {
        let column = |it: &Column| {
            let kind = if it.is_integer { "bigint" } else { r#"text COLLATE "C""# };
            let required = if it.is_required { " NOT NULL" } else { "" };
            // Longer than any value; what somebody else writes is read by everybody who verifies.
            let most = if it.is_integer {
                String::new()
            } else {
                format!(" CHECK (octet_length({}) <= 65536)", quoted(&it.name))
            };
            format!("    {} {kind}{required}{most},\n", quoted(&it.name))
        };
        let columns: String = self.columns.iter().map(column).collect();
        format!(
            "CREATE TABLE IF NOT EXISTS {} (\n    register text COLLATE \"C\" NOT NULL,\n{columns}    \
             PRIMARY KEY (register, {})\n);\n",
            self.name(),
            self.keys().join(", ")
        )
    }

    /// Its name and columns, as a row of a `VALUES` list that says how the catalogs of a server show it.
    pub fn fact(&self) -> String {
        let column = |it: &Column| format!("{} {}", it.name, if it.is_integer { "bigint" } else { "text" });
        let mut columns: Vec<String> = self.columns.iter().map(column).collect();
        columns.push("register text".to_owned());
        columns.sort();
        format!("('{}', '{}')", self.table.0, columns.join(", "))
    }

    /// Rows of a register in the order of the key, whatever collation somebody has given a column.
    pub fn select(&self, register: &str, span: &Span) -> String {
        let order = self.columns.iter().take(self.table.1).map(|it| {
            let collation = if it.is_integer { "" } else { r#" COLLATE "C""# };
            format!("{}{collation}", quoted(&it.name))
        });
        format!(
            "SELECT {} FROM {} WHERE register = '{register}' AND {} ORDER BY {}",
            self.names().join(", "),
            self.name(),
            span.condition(),
            order.collect::<Vec<_>>().join(", ")
        )
    }

    /// The name of the table, if it has rows of a register.
    pub fn named_if_any(&self, register: &str) -> String {
        let (table, name) = (self.name(), self.table.0);
        format!("SELECT '{name}'::text WHERE EXISTS (SELECT FROM {table} WHERE register = '{register}')")
    }

    /// Inserts the rows of a JSON array `$2` into a register `$1`, in place of those with the same key.
    pub fn put(&self) -> String {
        let (table, names, keys) = (self.name(), self.names(), self.keys());
        let set: Vec<String> = names.iter().skip(keys.len()).map(|it| format!("{it} = excluded.{it}")).collect();
        let instead = if set.is_empty() { "NOTHING".to_owned() } else { format!("UPDATE SET {}", set.join(", ")) };
        let (names, keys) = (names.join(", "), keys.join(", "));
        format!(
            "INSERT INTO {table} (register, {names}) SELECT $1, {names} FROM json_populate_recordset(NULL::{table}, $2::json)
                ON CONFLICT (register, {keys}) DO {instead}"
        )
    }

    /// Deletes the rows with the keys of a JSON array `$2` from a register `$1`.
    pub fn delete(&self) -> String {
        let (table, keys) = (self.name(), self.keys());
        let same: Vec<String> = keys.iter().map(|it| format!("it.{it} = gone.{it}")).collect();
        format!(
            "DELETE FROM {table} AS it USING json_populate_recordset(NULL::{table}, $2::json) AS gone
                WHERE it.register = $1 AND {}",
            same.join(" AND ")
        )
    }
}

/// A name in SQL. Those of `schema.sql` have no quotes.
fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

/// The statements that create the tables and their indexes, unless they are there.
///
/// # Errors
/// What SQLite reports.
pub fn statements() -> Result<String, StoreError> {
    let Derived { tables, indexes } = Derived::read()?;
    let tables = tables.into_iter().map(|(table, columns)| SqlTable { table, columns }.create());
    // With IF NOT EXISTS it would wait for whoever writes the table.
    let index = |sql: String| {
        let name = sql.split_whitespace().nth(2).unwrap_or_default();
        let create = sql.replacen(" ON ", " ON twinseal_tables.", 1).replacen('(', "(register, ", 1);
        format!("DO $$ BEGIN IF to_regclass('twinseal_tables.{name}') IS NULL THEN {create}; END IF; END $$;\n")
    };
    Ok(tables.chain(indexes.into_iter().map(index)).collect())
}
