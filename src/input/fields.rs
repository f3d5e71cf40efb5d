//! Sets single fields of a draft and keeps its other lines and comments.

use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, value};

use crate::domain::Time;
use crate::zone::Zone;

/// A field of a draft and its new value.
#[derive(Debug, Clone)]
pub enum FieldValue {
    /// A key of the root, such as `title`.
    Word(&'static str, String),
    /// `services`.
    Services(Vec<String>),
    /// `impact.text`.
    Impact(String),
    /// The steps of the plan.
    Plan(Vec<String>),
    /// The steps of the rollback.
    Rollback(Vec<String>),
    /// The environments.
    Environments(Vec<String>),
    /// The window, shown in a zone.
    Window(Zone, [Time; 2]),
}

/// The draft with these fields set.
///
/// # Errors
/// The text of the parser for a draft that is no TOML.
pub fn set_fields(draft: &str, fields: &[FieldValue]) -> Result<String, String> {
    let mut document: DocumentMut = draft.parse().map_err(|error: toml_edit::TomlError| error.message().to_owned())?;
    let root = document.as_table_mut();
    for field in fields {
        match field {
            FieldValue::Word(key, word) => root[key] = value(word),
            FieldValue::Services(services) => root["services"] = value(services.iter().collect::<Array>()),
            FieldValue::Environments(names) => root["environments"] = value(names.iter().collect::<Array>()),
            FieldValue::Impact(text) => table(root, "impact")["text"] = value(text),
            FieldValue::Plan(steps) => root["plan"] = steps_of(steps),
            FieldValue::Rollback(steps) => table(root, "rollback")["steps"] = steps_of(steps),
            FieldValue::Window(zone, [start, end]) => {
                let window = table(root, "window");
                window["start"] = value(zone.at(*start).to_rfc3339());
                window["end"] = value(zone.at(*end).to_rfc3339());
                window["zone"] = value(zone.name());
            }
        }
    }
    Ok(document.to_string())
}

/// The zone of the window of a draft.
pub fn zone_of(draft: &str) -> Option<Zone> {
    let document: DocumentMut = draft.parse().ok()?;
    Zone::named(document.get("window")?.get("zone")?.as_str()?)
}

/// The title of a draft; `None` if it has none yet.
pub fn title_of(draft: &str) -> Option<String> {
    let document: DocumentMut = draft.parse().ok()?;
    document.get("title")?.as_str().filter(|title| !title.is_empty()).map(str::to_owned)
}

/// The table with this key, which is made if there is none.
fn table<'t>(root: &'t mut Table, key: &str) -> &'t mut Item {
    let item = root.entry(key).or_insert(Item::None);
    if !item.is_table_like() {
        *item = Item::Table(Table::new());
    }
    item
}

fn steps_of(steps: &[String]) -> Item {
    let step = |step: &String| {
        let mut table = Table::new();
        table.insert("step", value(step));
        table
    };
    Item::ArrayOfTables(steps.iter().map(step).collect::<ArrayOfTables>())
}
