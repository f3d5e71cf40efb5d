//! Reads services as Backstage describes them: one or more entities in `catalog-info.yaml`, in the form that
//! <https://backstage.io/docs/features/software-catalog/descriptor-format> describes.
//!
//! Components and resources are services. A catalogue says less than the register, so annotations whose names begin with
//! `twinseal/` say the rest.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::fault::Fault;
use super::problem::{Problem, nearest};
use super::services::{Listing, Otherwise, Row, listed};

/// An entity. Keys that say nothing about services are ignored.
#[derive(Deserialize)]
struct Entity {
    kind: Spanned<String>,
    metadata: Metadata,
    #[serde(default)]
    spec: Spec,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
    title: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(rename = "type")]
    kind: Option<String>,
    owner: Option<String>,
    system: Option<String>,
    lifecycle: Option<String>,
    #[serde(default)]
    depends_on: Vec<String>,
}

/// Reads the components and resources of a catalogue.
///
/// # Errors
/// A fault of the syntax, or every fault of the services, up to a limit.
pub fn read_catalog(text: &str, otherwise: &Otherwise) -> Result<Listing, Vec<Fault>> {
    let entities: Vec<Entity> = serde_saphyr::from_multiple(text).map_err(|error| {
        let line = error.location().and_then(|at| usize::try_from(at.line()).ok()).unwrap_or(0);
        vec![Fault { line, ..Fault::of_file("", Problem::Yaml(error.without_snippet().to_string())) }]
    })?;
    let services = || entities.iter().filter(|it| matches!(it.kind.value.as_str(), "Component" | "Resource"));
    listed(services().map(row), otherwise, services().flat_map(unknown_annotations).collect())
}

/// The cells that an annotation can say.
const ANNOTATED: [&str; 5] = ["owner", "team", "tier", "environment", "hours"];

/// A fault for each annotation that looks like ours and is not.
fn unknown_annotations(entity: &Entity) -> Vec<Fault> {
    let ours = entity.metadata.annotations.keys().filter_map(|key| Some((key, key.strip_prefix("twinseal/")?)));
    let unknown = ours.filter(|(_, cell)| !ANNOTATED.contains(cell));
    let fault = |(key, cell): (&String, &str)| {
        let problem = Problem::UnknownKey(nearest(cell, ANNOTATED));
        Fault { line: line_of(entity), ..Fault::of_file(key, problem) }
    };
    unknown.map(fault).collect()
}

fn line_of(entity: &Entity) -> usize {
    usize::try_from(entity.kind.referenced.line()).unwrap_or(0)
}

fn row(entity: &Entity) -> Row {
    let Entity { metadata, spec, .. } = entity;
    let line = line_of(entity);
    let mut cells = BTreeMap::from([("id", metadata.name.to_lowercase())]);
    let mut put = |cell, value: Option<String>| cells.extend(value.map(|value| (cell, value)));
    put("name", metadata.title.clone());
    put("kind", spec.kind.clone());
    let owner = spec.owner.as_deref().map(|it| (it.to_lowercase().starts_with("user:"), name(it)));
    put("owner", owner.clone().filter(|(user, _)| *user).map(|(_, name)| name));
    put("team", owner.filter(|(user, _)| !*user).map(|(_, name)| name));
    put("depends_on", Some(spec.depends_on.iter().map(|it| name(it)).collect::<Vec<_>>().join(" ")));
    let tags = metadata.tags.iter().cloned().chain(spec.system.as_deref().map(name)).chain(spec.lifecycle.clone());
    // A tag has no spaces: this one is a fault, and not two tags.
    let mut tags: Vec<String> = tags.map(|tag| tag.replace(char::is_whitespace, "_")).collect();
    tags.sort();
    tags.dedup();
    put("tags", Some(tags.join(" ")));
    for cell in ANNOTATED {
        put(cell, metadata.annotations.get(&format!("twinseal/{cell}")).cloned());
    }
    Row { line, cells }
}

/// The name in a reference such as `component:default/gateway`. References do not distinguish case.
fn name(reference: &str) -> String {
    let name = reference.rsplit(['/', ':']).next().unwrap_or(reference);
    name.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CATALOG: &str = "apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: order-gateway
  title: Order gateway
  tags: [fix]
  annotations:
    twinseal/owner: erin
    twinseal/tier: \"1\"
spec:
  type: gateway
  lifecycle: production
  owner: group:default/gateway
  system: trading
  dependsOn:
    - resource:default/orders-db
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata:
  name: gateway
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata:
  name: orders-db
spec:
  type: database
  owner: user:erin
";

    #[test]
    fn components_and_resources_are_services_with_their_references() {
        let otherwise = Otherwise {
            owner: None,
            team: "dba".parse().ok(),
            tier: "2".parse().ok(),
            environment: "prod".parse().ok(),
        };
        let found = read_catalog(CATALOG, &otherwise).unwrap();
        let described = |id: &str| {
            let fields = found[&id.parse().unwrap()].service.fields();
            fields.iter().map(|(key, value)| format!("{key} {value}")).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(
            described("order-gateway"),
            "name Order gateway, owner erin, team gateway, tier 1, kind gateway, environment prod, tag fix, \
             tag production, tag trading, depends-on orders-db"
        );
        assert_eq!(
            described("orders-db"),
            "name orders-db, owner erin, team dba, tier 2, kind database, environment prod"
        );
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn no_catalogue_is_read_past_a_fault() {
        let faults = |text: &str| {
            let found = read_catalog(text, &Otherwise::default()).unwrap_err();
            found.iter().map(|it| format!("{}:{}", it.line, it.field)).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(faults("kind: Component\nmetadata: [\n"), "2:");
        assert_eq!(faults(CATALOG), "2:environment 24:team 24:tier 24:environment");
        assert_eq!(faults("kind: Group\nmetadata:\n  name: a\n"), "0:");
    }
}
