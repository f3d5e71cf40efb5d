//! Reads what was really deployed, as another program lists it, and the map that says which column is what.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::fault::Fault;
use super::freeze::read_all;
use super::problem::Problem;
use super::sheet::{MOST_FAULTS, MOST_ROWS, Sheet, read_csv};
use super::times;
use super::tree::Table;
use crate::domain::{ChangeId, Digest, Invalid, Line, ServiceId, Time};
use crate::zone::Zone;

/// Which column of a list is what.
#[derive(Debug, Clone)]
pub struct DeploymentMap {
    /// How the list was extracted.
    pub query: Option<Line>,
    /// With what it was extracted.
    pub extractor: Option<Line>,
    /// The services that the list is about beside those that it names.
    pub covers: BTreeSet<ServiceId>,
    zone: Option<Zone>,
    /// Where a JSON document has the list; empty if it is one itself.
    rows: String,
    columns: Columns,
    /// The services of the register by the names that the list uses.
    services: BTreeMap<String, ServiceId>,
    /// The rows that count, by the values of a column.
    only: BTreeMap<String, BTreeSet<String>>,
}

/// The names of the columns.
#[derive(Debug, Clone)]
struct Columns {
    time: String,
    service: Option<String>,
    host: Option<String>,
    artifact: Option<String>,
    change: Option<String>,
    reference: Option<String>,
}

/// A row of the list: something that was deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployed {
    /// Its line in the file, or its number in JSON.
    pub row: usize,
    /// How the list itself names it.
    pub reference: String,
    /// When it was done.
    pub time: Time,
    /// The service, in the words of the register where the map translates them.
    pub service: String,
    /// The target; empty if it is not known.
    pub host: String,
    /// What was deployed.
    pub artifact: Option<Digest>,
    /// The changes that it names.
    pub changes: BTreeSet<ChangeId>,
}

impl DeploymentMap {
    /// The map of a CSV file whose columns have our names. Those after `time` may be missing.
    pub fn plain(columns: &[String]) -> Self {
        let named = |name: &str| columns.iter().any(|it| it == name).then(|| name.to_owned());
        let columns = Columns {
            time: "time".to_owned(),
            service: named("service"),
            host: named("host"),
            artifact: named("artifact"),
            change: named("change"),
            reference: named("ref"),
        };
        let (query, extractor, zone, rows) = (None, None, None, String::new());
        let (covers, services, only) = (BTreeSet::new(), BTreeMap::new(), BTreeMap::new());
        Self { query, extractor, covers, zone, rows, columns, services, only }
    }
}

/// Reads a map.
///
/// # Errors
/// Every fault of the file, in the order of lines.
pub fn read_deployment_map(text: &str) -> Result<DeploymentMap, Vec<Fault>> {
    read_all(text, read_map)
}

fn read_map(root: Table<'_, '_>) -> Option<DeploymentMap> {
    let line = |table: &Table<'_, '_>, key| table.get(key).and_then(|it| it.text(Line::from_typed));
    let (query, extractor, rows) = (line(&root, "query"), line(&root, "extractor"), line(&root, "rows"));
    let covers = root.words("covers");
    let zone = root.get("zone").and_then(|value| match times::zone(&value.time()?) {
        Ok(zone) => Some(zone),
        Err(problem) => {
            value.fault(problem);
            None
        }
    });
    let columns = match root.table("columns") {
        Some(table) => {
            let name = |key| line(&table, key).map(|it| it.to_string());
            let time = table.required_line("time").map(|it| it.to_string());
            let (service, host, artifact) = (name("service"), name("host"), name("artifact"));
            let (change, reference) = (name("change"), name("ref"));
            table.finish();
            time.map(|time| Columns { time, service, host, artifact, change, reference })
        }
        None => {
            root.report_missing("columns");
            None
        }
    };
    let mut services = BTreeMap::new();
    for (name, value) in root.table("services").map(Table::entries).unwrap_or_default() {
        services.extend(value.item(str::parse).map(|service: ServiceId| (name, service)));
    }
    let mut only = BTreeMap::new();
    for (name, value) in root.table("only").map(Table::entries).unwrap_or_default() {
        let words = value.items_or_single().into_iter().filter_map(|it| it.item(Line::from_typed));
        only.insert(name, words.map(|it| it.to_string()).collect());
    }
    root.finish();
    let rows = rows.map(|it| it.to_string()).unwrap_or_default();
    Some(DeploymentMap { query, extractor, covers, zone, rows, columns: columns?, services, only })
}

/// Reads a list in CSV or JSON. Without a map, the columns have our names.
///
/// # Errors
/// Every fault of the file, up to a limit.
pub fn read_deployments(text: &str, map: Option<&DeploymentMap>) -> Result<Vec<Deployed>, Vec<Fault>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let is_json = text.trim_start().starts_with(['[', '{']);
    let sheet = if is_json { read_json(text, map)? } else { read_csv(text)? };
    let plain = DeploymentMap::plain(&sheet.columns);
    let map = map.unwrap_or(&plain);
    let places = Places::of(&sheet, map)?;
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    for (line, cells) in &sheet.rows {
        if !places.only.iter().all(|(at, allowed)| allowed.contains(&cells[*at])) {
            continue;
        }
        match places.row(*line, cells, map) {
            Ok(row) => rows.push(row),
            Err(found) => faults.extend(found),
        }
        if faults.len() >= MOST_FAULTS {
            break;
        }
    }
    if faults.is_empty() { Ok(rows) } else { Err(faults) }
}

/// The places of the columns.
struct Places<'m> {
    time: usize,
    service: Option<usize>,
    host: Option<usize>,
    artifact: Option<usize>,
    change: Option<usize>,
    reference: Option<usize>,
    only: Vec<(usize, &'m BTreeSet<String>)>,
}

impl<'m> Places<'m> {
    fn of(sheet: &Sheet, map: &'m DeploymentMap) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut place = |name: &str| sheet.column(name).map_err(|found| faults.extend(found)).ok();
        let columns = &map.columns;
        let time = place(&columns.time);
        let mut some = |name: &Option<String>| name.as_deref().and_then(&mut place);
        let (service, host, artifact) = (some(&columns.service), some(&columns.host), some(&columns.artifact));
        let (change, reference) = (some(&columns.change), some(&columns.reference));
        let only = map.only.iter().filter_map(|(name, allowed)| Some((place(name)?, allowed))).collect();
        match time {
            Some(time) if faults.is_empty() => Ok(Self { time, service, host, artifact, change, reference, only }),
            _ => Err(faults),
        }
    }

    fn row(&self, row: usize, cells: &[String], map: &DeploymentMap) -> Result<Deployed, Vec<Fault>> {
        let cell = |at: Option<usize>| at.and_then(|at| cells.get(at)).map_or("", String::as_str);
        let mut faults = Vec::new();
        let mut fault = |field: &str, problem| faults.push(Fault { line: row, ..Fault::of_file(field, problem) });
        let time = machine_time(cell(Some(self.time)), map.zone.as_ref());
        let time = time.map_err(|problem| fault(&map.columns.time, problem));
        let artifact = digest(cell(self.artifact));
        let column = map.columns.artifact.as_deref().unwrap_or_default();
        let artifact = artifact.map_err(|invalid| fault(column, invalid.into()));
        let service = cell(self.service);
        let service = map.services.get(service).map_or(service.to_owned(), ToString::to_string);
        let (host, reference) = (cell(self.host).to_owned(), cell(self.reference).to_owned());
        match (time, artifact) {
            (Ok(time), Ok(artifact)) => {
                Ok(Deployed { row, reference, time, service, host, artifact, changes: named(cell(self.change)) })
            }
            _ => Err(faults),
        }
    }
}

/// A time as programs write it: RFC 3339 or local, with a fraction of a second or without, `UTC` for `Z`, or Unix time in
/// seconds or milliseconds.
fn machine_time(written: &str, zone: Option<&Zone>) -> Result<Time, Problem> {
    if let (10 | 13, Ok(number)) = (written.len(), written.parse::<i64>()) {
        let seconds = if written.len() == 13 { number / 1000 } else { number };
        return Time::from_unix(seconds).map_err(|_| Problem::Time);
    }
    let written = written.strip_suffix(" UTC").map_or(written.to_owned(), |it| format!("{it}Z"));
    let whole = match written.split_once('.') {
        Some((whole, rest)) => format!("{whole}{}", rest.trim_start_matches(|c: char| c.is_ascii_digit())),
        None => written,
    };
    times::time(&whole, zone)
}

/// The SHA-256 of an artifact: 64 hexadecimal digits, also behind `sha256:` or in the name of an image.
fn digest(written: &str) -> Result<Option<Digest>, Invalid> {
    let hex = written.rsplit_once("sha256:").map_or(written, |(_, hex)| hex);
    if hex.is_empty() { Ok(None) } else { hex.to_ascii_lowercase().parse().map(Some) }
}

/// The changes that a text names, such as a branch or a title.
fn named(text: &str) -> BTreeSet<ChangeId> {
    let upper = text.to_ascii_uppercase();
    let digits = |rest: &str| rest.bytes().take_while(u8::is_ascii_digit).count();
    let ids = upper.match_indices("CHG-").filter_map(|(at, sign)| {
        let rest = &upper[at + sign.len()..];
        format!("CHG-{}", &rest[..digits(rest)]).parse().ok()
    });
    ids.collect()
}

/// The rows of a JSON list of objects. The columns are those of the map; without one, ours.
fn read_json(text: &str, map: Option<&DeploymentMap>) -> Result<Sheet, Vec<Fault>> {
    let document: Json = serde_json::from_str(text).map_err(|error| {
        let line = error.line();
        vec![Fault { line, ..Fault::of_file("", Problem::Sheet(error.to_string())) }]
    })?;
    let path = map.map_or("", |it| it.rows.as_str());
    let list = at(&document, path).and_then(Json::as_array);
    let list = list.ok_or_else(|| vec![Fault::of_file(path, Problem::NoRows)])?;
    if list.len() > MOST_ROWS {
        return Err(vec![Fault::of_file("", Problem::TooManyRows { most: MOST_ROWS })]);
    }
    let ours = ["time", "service", "host", "artifact", "change", "ref"];
    let columns: Vec<String> = match map {
        Some(map) => {
            let it = &map.columns;
            let some = [&it.service, &it.host, &it.artifact, &it.change, &it.reference];
            let named: BTreeSet<&String> =
                some.into_iter().flatten().chain([&it.time]).chain(map.only.keys()).collect();
            named.into_iter().cloned().collect()
        }
        None => ours.map(str::to_owned).to_vec(),
    };
    // A column that no row has is misspelt: every row would be without it, or be left out by it.
    let nowhere = |column: &&String| !list.is_empty() && list.iter().all(|row| at(row, column).is_none());
    if let Some(column) = columns.iter().find(|it| map.is_some() && nowhere(it)) {
        let has = list.iter().find_map(Json::as_object).map_or(Vec::new(), |row| row.keys().cloned().collect());
        return Err(vec![Fault::of_file(column, Problem::NoColumn { has: has.join(", ") })]);
    }
    let cell = |row: &Json, column: &str| match at(row, column) {
        Some(Json::String(text)) => text.trim().to_owned(),
        Some(it @ (Json::Number(_) | Json::Bool(_))) => it.to_string(),
        _ => String::new(),
    };
    let row = |(n, row): (usize, &Json)| (n + 1, columns.iter().map(|column| cell(row, column)).collect());
    let rows = list.iter().enumerate().map(row).collect();
    Ok(Sheet { columns, rows })
}

/// What a path such as `deployable.commit.id` leads to.
fn at<'j>(value: &'j Json, path: &str) -> Option<&'j Json> {
    path.split('.').filter(|key| !key.is_empty()).try_fold(value, |value, key| value.get(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_digests_and_changes_are_read_as_programs_write_them() {
        let zone = Zone::named("Asia/Shanghai");
        for written in [
            "2026-12-01T10:00:00Z",
            "2026-12-01T10:00:00.123Z",
            "2026-12-01 10:00:00 UTC",
            "2026-12-01T18:00:00.5+08:00",
            "2026-12-01 18:00:00",
            "2026-12-01 18:00:00.999",
            "1796119200",
            "1796119200123",
        ] {
            let read = machine_time(written, zone.as_ref()).unwrap();
            assert_eq!(read.to_string(), "2026-12-01T10:00:00Z", "{written}");
        }
        assert!(machine_time("yesterday", None).is_err() && machine_time("2026-12-01 18:00:00", None).is_err());
        let hex = "ab".repeat(32);
        for written in [hex.clone(), format!("sha256:{hex}"), format!("registry/app@sha256:{}", hex.to_uppercase())] {
            assert_eq!(digest(&written).unwrap().unwrap().to_string(), hex);
        }
        assert!(digest("").unwrap().is_none() && digest("4f9c1d2").is_err());
        let ids = |text| named(text).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        assert_eq!(ids("release/chg-7 and CHG-12: pool"), "CHG-7 CHG-12");
        assert_eq!(ids("CHG-, CHG-0, CHG-99999999999999999999999"), "");
    }
}
