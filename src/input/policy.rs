//! Reads a policy from TOML.

use std::collections::BTreeSet;

use super::fault::{Fault, Problem};
use super::tree::{Source, Table};
use crate::domain::{Invalid, Policy, Requirement, RequirementName};

/// Reads a policy.
///
/// # Errors
/// Every fault of the file, in the order of lines. If there are syntax errors, only those.
pub fn read_policy(text: &str) -> Result<Policy, Vec<Fault>> {
    let source = Source::new(text.strip_prefix('\u{feff}').unwrap_or(text));
    let parsed = source.parse();
    let policy = read(Table::root(&source, parsed.get_ref()));
    match (source.finish(), policy) {
        (faults, Some(policy)) if faults.is_empty() => Ok(policy),
        (faults, _) => {
            // A syntax error hides fields, which would be reported as missing.
            let is_syntax = |it: &&Fault| matches!(it.problem, Problem::Syntax(_));
            let broken: Vec<Fault> = faults.iter().filter(is_syntax).cloned().collect();
            Err(if broken.is_empty() { faults } else { broken })
        }
    }
}

fn read(root: Table<'_, '_>) -> Option<Policy> {
    let approvals = root.required("approvals").and_then(|_| checked(&root, "approvals", Policy::check_approvals));
    let days = root.required("approval_days").and_then(|_| checked(&root, "approval_days", Policy::check_days));
    let separate = root.words("separate");
    let mut requirements: Vec<Requirement> = Vec::new();
    for table in root.tables("require") {
        let name: Option<RequirementName> = table.required_word("name");
        if let Some(name) = name.filter(|name| requirements.iter().any(|it| it.name == *name)) {
            table.fault("name", Invalid::RequirementTwice { name });
        }
        requirements.extend(read_requirement(table));
    }
    root.finish();
    Policy::new(approvals?, days?, separate, requirements).ok()
}

fn read_requirement(table: Table<'_, '_>) -> Option<Requirement> {
    let name = table.word("name");
    let (kinds, risks) = table.table("when").map_or_else(Default::default, |when| {
        let found = (when.words("kind"), when.words("risk"));
        when.finish();
        found
    });
    let has_approvals = table.get("approvals").is_some();
    let approvals = has_approvals.then(|| checked(&table, "approvals", Policy::check_approvals)).flatten();
    let needed: BTreeSet<_> = table.words("fields");
    if !has_approvals && table.get("fields").is_none() {
        table.fault("name", Invalid::RequirementEmpty);
    }
    table.finish();
    Some(Requirement { name: name?, kinds, risks, approvals, needed })
}

fn checked(table: &Table<'_, '_>, key: &'static str, check: fn(u64) -> Result<(), Invalid>) -> Option<u64> {
    let number = table.number(key)?;
    if let (Err(invalid), Some(value)) = (check(number), table.get(key)) {
        value.fault(invalid);
        return None;
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_a_policy_is_found_at_once() {
        let text = "approvals = 1\napproval_days = 400\nseperate = []\n[[require]]\nname = \"a\"\n\
                    [[require]]\nname = \"a\"\napprovals = 12\nwhen = { risk = [\"huge\"], tier = 1 }\nfields = [\"prayer\"]\n";
        let faults = read_policy(text).unwrap_err();
        let found: Vec<(usize, &str)> = faults.iter().map(|fault| (fault.line, fault.field.as_str())).collect();
        let expected = [
            (1, "approvals"),
            (2, "approval_days"),
            (3, "seperate"),
            (4, "require[1].name"),
            (6, "require[2].name"),
            (8, "require[2].approvals"),
            (9, "require[2].when.risk[1]"),
            (9, "require[2].when.tier"),
            (10, "require[2].fields[1]"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_policy_with_a_requirement_is_read() {
        let text = "approvals = 2\napproval_days = 7\nseparate = [\"admin-approver\"]\n\
                    [[require]]\nname = \"bad\"\nwhen = { kind = \"emergency\" }\nfields = [\"incident\", \"tests\"]\n";
        let policy = read_policy(text).unwrap();
        assert_eq!((policy.approvals(), policy.approval_days(), policy.requirements().len()), (2, 7, 1));
        assert_eq!(policy.requirements()[0].needed.len(), 2);
    }
}
