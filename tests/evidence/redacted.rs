//! Packs without texts: four eyes are proved without showing the plan.

use std::fs;

use super::{carried_out, findings, read, record, refused};

#[test]
fn a_text_that_is_left_out_is_named_and_the_rest_is_proved() {
    let world = carried_out();
    world.ok("audrey", "evidence pack CHG-1 --redact plan --out pack");
    assert_eq!(findings(&world, "pack"), [""; 0]);
    let pack = read(&world.path("pack"));
    assert!(pack.values().all(|bytes| !String::from_utf8_lossy(bytes).contains("Set the pool to 1")));
    // Texts without that field stay.
    assert!(pack.values().any(|bytes| String::from_utf8_lossy(bytes).contains("It grew.")));
    fs::create_dir_all(world.path("people/stranger")).unwrap();
    let said = world.ok("stranger", "evidence verify pack");
    assert!(said.contains("left out") && said.contains("approved by carol, dave"), "{said}");
    world.fails("audrey", "evidence pack CHG-1 --redact plans --out other", twinseal::error::Exit::Invalid, "plans");
}

#[test]
fn another_text_in_place_of_one_that_was_left_out_is_found() {
    let world = carried_out();
    world.ok("audrey", "evidence pack CHG-1 --redact plan --out pack");
    let mut pack = read(&world.path("pack"));
    let named = |pack: &super::Pack, name: &str| {
        pack.get(name).is_some_and(|blob| String::from_utf8_lossy(blob).contains("\nfilled title"))
    };
    let entry = pack.keys().find(|name| named(&pack, name)).unwrap().clone();
    pack.insert(entry.replace(".entry", ".text"), b"salt 00000000000000000000000000000000\ntitle Another\n".to_vec());
    refused(&world, pack, "text");
}

#[test]
fn a_text_that_was_redacted_in_the_register_is_not_packed() {
    let world = carried_out();
    let seq = (0..world.entries()).find(|seq| {
        world.raw(*seq).text.is_some_and(|text| String::from_utf8_lossy(&text).contains("Say how it is rolled back."))
    });
    world.ok("alice", &format!("proposal redact {} --reason 'Rude.'", seq.unwrap()));
    let text = world.raw(seq.unwrap()).text;
    world.run_typing("bob", "proposal second 1", &["1"]);
    // Whoever can write the file puts it back.
    let (seq, text) = (seq.unwrap(), twinseal::domain::hex(&text.unwrap()));
    world.tamper(&format!("UPDATE entry SET text = x'{text}' WHERE seq = {seq}"));
    record(&world);
    world.ok("audrey", "evidence pack CHG-1 --out pack");
    let pack = read(&world.path("pack"));
    assert!(pack.values().all(|bytes| !String::from_utf8_lossy(bytes).contains("Say how it is rolled back.")));
    assert_eq!(findings(&world, "pack"), [""; 0]);
    fs::create_dir_all(world.path("people/stranger")).unwrap();
    assert!(!world.ok("stranger", "evidence verify pack").contains("left out"));
}
