//! Damaged files of an account: pin, verified cache, configuration.

use std::fs;

use twinseal::error::Exit;

use super::fails;
use crate::support::World;

#[test]
fn no_damaged_pin_is_passed_over() {
    let world = World::filed();
    world.ok("erin", "list");
    let state = world.path("people/erin/.local/state/twinseal").join(world.fingerprint());
    let pin = state.join("pin");
    let good = fs::read_to_string(&pin).unwrap();
    let foreign = good.replace(&world.fingerprint(), &"0".repeat(64));
    let (short, unended) = (&good[..80], &good[..good.len() - 1]);
    let (zero, year) = (good.replace("head 2 ", "head 02 "), good.replace("verified 2026", "verified 20260"));
    let longer = format!("{good}more\n");
    let bad = [("", 1), (&foreign, 1), (short, 2), (&zero, 2), (&year, 3), (unended, 4), (&longer, 4)];
    let bad = bad.map(|(text, line)| (text.as_bytes(), line));
    for (bytes, line) in bad.into_iter().chain([(b"\xff\xfe\n".as_slice(), 1)]) {
        fs::write(&pin, bytes).unwrap();
        for command in ["list", "verify", "show CHG-1", "file change.toml"] {
            let complaint = format!("pin {} is unreadable: line {line} ", pin.display());
            let said = fails(&world, "erin", command, Exit::Broken, &complaint);
            assert!(said.contains("hint: pin.previous in the same directory is the last pin but one"), "{said}");
            assert_eq!(fs::read(&pin).unwrap(), bytes, "{command} healed the pin");
        }
    }
    fs::write(&pin, good).unwrap();
    world.ok("erin", "list");
}

#[test]
fn a_damaged_cache_is_rebuilt_with_a_warning() {
    // The cache only saves time. The pin is kept.
    let world = World::filed();
    world.ok("erin", "list");
    let copy = world.path("people/erin/.local/state/twinseal").join(world.fingerprint()).join("verified.sqlite");
    for bad in [b"".as_slice(), b"hello", &[0xff; 10_000]] {
        fs::write(&copy, bad).unwrap();
        let output = world.run("erin", "list");
        assert_eq!(output.exit, Exit::Done, "{}", output.screen);
        assert!(output.err.contains("the verified cache was missing or damaged"), "{}", output.screen);
    }
}

#[test]
fn no_damaged_configuration_is_ignored() {
    let world = World::filed();
    let folder = "people/erin/.config/twinseal";
    for (file, bad) in [
        ("config.toml", "register = "),
        ("config.toml", "registr = \"prod.db\""),
        ("config.toml", "as = 1"),
        ("config.toml", "\u{1b}[2J"),
        ("registers.toml", "hello"),
        ("registers.toml", "[[register]]\nname = \"prod\""),
    ] {
        let name = format!("{folder}/{file}");
        let before = fs::read(world.path(&name)).ok();
        world.write(&name, bad);
        fails(&world, "erin", "list", Exit::Invalid, &format!("{folder}/{file}: "));
        match before {
            Some(before) => world.write(&name, before),
            None => fs::remove_file(world.path(&name)).unwrap(),
        }
    }
}
