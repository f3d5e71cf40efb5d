//! Packs as zip files.

use std::fs::File;
use std::io::Write;

use zip::write::{FileOptions, SimpleFileOptions};
use zip::{CompressionMethod, ZipWriter};

use super::{Pack, carried_out, findings, read, with_manifest};
use crate::support::World;
use twinseal::error::Exit;

fn stored() -> SimpleFileOptions {
    FileOptions::default().compression_method(CompressionMethod::Stored)
}

/// Writes a zip with the files of a pack, and more.
fn zipped(world: &World, pack: &Pack, more: impl FnOnce(&mut ZipWriter<File>)) {
    let mut zip = ZipWriter::new(File::create(world.path("tampered.zip")).unwrap());
    for (name, bytes) in pack {
        zip.start_file(name.as_str(), stored()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    more(&mut zip);
    zip.finish().unwrap();
}

#[test]
fn a_zip_proves_what_the_folder_proves() {
    let world = carried_out();
    world.ok("audrey", "checkpoint --out kept");
    for out in ["pack", "pack.zip"] {
        world.ok("audrey", &format!("evidence pack CHG-1 --checkpoint kept --out {out}"));
        assert_eq!(findings(&world, &format!("{out} --against kept")), [""; 0]);
    }
    let mut pack = read(&world.path("pack"));
    zipped(&world, &pack, |zip| zip.add_directory("entries", stored()).unwrap());
    assert_eq!(findings(&world, "tampered.zip"), [""; 0]);
    pack.remove("changes/CHG-1.proof");
    zipped(&world, &with_manifest(pack), |_| {});
    assert!(!findings(&world, "tampered.zip").is_empty());
}

#[test]
fn nothing_in_a_zip_leads_out_of_it_or_is_there_twice() {
    let world = carried_out();
    world.ok("audrey", "evidence pack CHG-1 --out pack");
    let pack = read(&world.path("pack"));
    for name in
        ["../outside", "/tmp/outside", "entries/../../outside", "entries\\000000000000.entry", "./pack", "more/"]
    {
        zipped(&world, &pack, |zip| {
            zip.start_file(name, stored()).unwrap();
            zip.write_all(b"x").unwrap();
        });
        let found = findings(&world, "tampered.zip");
        assert!(found.iter().any(|it| it.contains("[manifest]")), "{name}: {found:#?}");
    }
    assert!(!world.path("outside").exists());
    zipped(&world, &pack, |zip| zip.add_symlink("evidence/link", "/etc/passwd", stored()).unwrap());
    assert!(findings(&world, "tampered.zip")[0].contains("[manifest]"));
}

#[test]
fn a_name_that_is_twice_in_a_zip_is_found() {
    let world = carried_out();
    world.ok("audrey", "evidence pack CHG-1 --out pack");
    let pack = read(&world.path("pack"));
    // The writer refuses a second `pack`, so write `pacK` and rename it in the bytes.
    zipped(&world, &pack, |zip| {
        zip.start_file("pacK", stored()).unwrap();
        zip.write_all(&pack["pack"]).unwrap();
    });
    let mut bytes = std::fs::read(world.path("tampered.zip")).unwrap();
    for at in 0..bytes.len() - 4 {
        if &bytes[at..at + 4] == b"pacK" {
            bytes[at + 3] = b'k';
        }
    }
    world.write("tampered.zip", bytes);
    let found = findings(&world, "tampered.zip");
    assert!(found.iter().any(|it| it.contains("one name")), "{found:#?}");
}

#[test]
fn a_file_that_is_no_zip_or_has_an_absurd_size_is_refused() {
    let world = carried_out();
    world.ok("audrey", "evidence pack CHG-1 --out pack.zip");
    world.write("empty.zip", "");
    world.write("text.zip", "not a zip");
    for name in ["empty.zip", "text.zip", "prod.db", "nothing-there"] {
        world.fails("carol", &format!("evidence verify {name}"), Exit::Invalid, "is not an evidence pack");
    }
    // An entry that says it is larger than any entry.
    world.ok("audrey", "evidence pack CHG-1 --out pack");
    let mut pack = read(&world.path("pack"));
    pack.insert("entries/000000000000.entry".to_owned(), vec![b'x'; 70_000]);
    zipped(&world, &pack, |_| {});
    let found = findings(&world, "tampered.zip");
    assert!(found.iter().any(|it| it.contains("at most 65535 are allowed")), "{found:#?}");
    // Cut off at any place.
    let whole = std::fs::read(world.path("pack.zip")).unwrap();
    for part in 1..8 {
        world.write("cut.zip", &whole[..whole.len() * part / 8]);
        world.fails("carol", "evidence verify cut.zip", Exit::Invalid, "is not an evidence pack");
    }
}
