//! The entries of `tests/vectors` that break a rule: `vectors.py` puts each after the good log, as `verify.py` would
//! read it, and says what is found first.

use std::collections::BTreeSet;
use std::process::Command;

use super::{folder, tools};

/// Rules about the form of an entry that the Python script judges as far as something depends on it.
const FORM: [&str; 4] = ["canonical", "data", "grammar", "text"];

/// Vectors whose fault the Python script finds under the name of another rule.
const OTHERWISE: [(&str, &str); 11] = [
    ("data-line-missing", "data"),
    ("data-line-where-none-belongs", "data"),
    ("newer-format-after-a-fault", "newer"),
    ("people-out-of-order", "enrolled"),
    ("public-key-not-a-point", "proof"),
    ("public-key-with-torsion", "proof"),
    ("request-for-a-role-with-an-end", "proof"),
    ("request-that-expires-when-it-is-made", "proof"),
    ("request-with-unsorted-roles", "proof"),
    ("role-from-nothing-to-nothing", "grammar"),
    ("unsorted-before-a-fault", "canonical"),
];

#[test]
fn no_vector_is_taken_for_good_whose_rule_is_judged() {
    if !tools() {
        return;
    }
    let root = env!("CARGO_MANIFEST_DIR");
    let mut command = Command::new("python3");
    command.arg(format!("{root}/tests/outside/vectors.py")).arg(format!("{root}/tests/vectors"));
    let output = command.env("PYTHONPATH", folder()).env("PYTHONDONTWRITEBYTECODE", "1").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    let (mut met, mut seen) = (BTreeSet::new(), 0);
    for line in said.lines() {
        let [name, rule, found] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        seen += 1;
        let otherwise = OTHERWISE.iter().find(|(it, _)| *it == name).map(|(_, rule)| *rule);
        let always = super::JUDGED.contains(&rule)
            || ["kind", "newer", "prev", "proof", "seq", "signature", "size"].contains(&rule);
        if found == rule || otherwise == Some(found) {
            met.insert(rule);
        } else {
            assert!(found == "nothing" && !always, "{name}: [{found}], not [{rule}]");
        }
    }
    assert!(seen > 350, "{seen}");
    assert!(FORM.iter().all(|rule| met.contains(rule)), "{met:?}");
}
