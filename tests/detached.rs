//! `approve --detached`, `--sign` and `--submit`: approvals that are signed away from the register.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use twinseal::error::Exit;
use twinseal::format::statement;

use crate::support::{CHANGE, World, stock_tool};

/// A register with CHG-1, and a file for carol to sign in a folder of an account that knows no register.
fn exported() -> World {
    let world = World::founded_with_spare_approvers();
    world.write("change.toml", format!("targets = [\"gw-1\", \"gw-2\"]\n{CHANGE}"));
    world.ok("erin", "file change.toml");
    world.ok("erin", "approve CHG-1 --detached carol.approval --for carol");
    // The key is on a machine of its own.
    fs::create_dir_all(world.path("people/vault")).unwrap();
    fs::rename(world.path("people/carol/key"), world.path("people/vault/key")).unwrap();
    world.variable("vault", "TWINSEAL_REGISTER", None);
    world
}

/// Signs as somebody who has nothing but the file and the key.
fn sign(world: &World, file: &str) {
    let away = world.path("away.db");
    fs::rename(world.path("prod.db"), &away).unwrap();
    let output = world.run_typing("vault", &format!("approve --sign {file}"), &["CHG-1"]);
    assert_eq!((output.exit, output.unasked.len()), (Exit::Done, 0), "{}", output.screen);
    fs::rename(away, world.path("prod.db")).unwrap();
}

fn counted(world: &World) -> Vec<String> {
    let change = world.change("CHG-1");
    change.approvals().map(|vote| vote.person.to_string()).collect()
}

#[test]
fn an_approval_is_signed_without_the_register_and_submitted() {
    let world = exported();
    let before = world.entries();
    sign(&world, "carol.approval");
    assert_eq!(world.entries(), before, "signing recorded something");
    let output = world.run("audrey", "approve --submit carol.approval");
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    assert!(output.err.contains("CHG-1 approved (1 of 2)"), "{}", output.screen);
    assert_eq!(counted(&world), ["carol"]);
    assert_eq!(world.findings("dave"), Vec::<String>::new());
    world.fails("erin", "approve --submit carol.approval", Exit::Refused, "is already in the log: entry");
    // Everything that shows approvals shows it as hers.
    let shown = world.ok("dave", "show CHG-1");
    assert!(shown.contains("carol approved revision 1 without the register, submitted by audrey"), "{shown}");
    let json: serde_json::Value = world.ok("dave", "--json show CHG-1").parse().unwrap();
    let vote = &json["votes"][0];
    assert_eq!((&vote["person"], &vote["submitted_by"]), (&"carol".into(), &"audrey".into()));
    assert_eq!(vote["not_after"], "2026-12-01T11:55:00Z");
    let log = world.ok("dave", "log --change CHG-1");
    assert!(log.contains("submitted the approval of CHG-1 revision 1 that carol signed"), "{log}");
    let votes = "SELECT verdict || ' ' || person FROM votes";
    assert_eq!(world.sql().query_row(votes, [], |row| row.get::<_, String>(0)).unwrap(), "approve carol");
    // It is out of her inbox, and in that of others.
    fs::copy(world.path("people/vault/key"), world.path("people/carol/key")).unwrap();
    assert!(!world.run("carol", "inbox").screen.contains("approve CHG-1"));
    assert!(world.run("dave", "inbox").screen.contains("approve CHG-1"));
    let again = world.run_typing("carol", "approve CHG-1", &[]);
    assert!(again.err.contains("already approved by you"), "{}", again.screen);
    // With one more the gate opens.
    world.approve("dave", "CHG-1");
    world.at("2026-12-01T10:00:00Z");
    world.ok("erin", "gate CHG-1 --target gw-1");
}

#[test]
fn the_page_shows_every_line_that_is_signed_and_says_that_the_log_was_not_verified() {
    let world = exported();
    let output = world.run_typing("vault", "approve --sign carol.approval", &["v", "no", ""]);
    assert_eq!((output.exit, output.out.as_str()), (Exit::Refused, ""), "{}", output.screen);
    let file = fs::read_to_string(world.path("carol.approval")).unwrap();
    for said in ["not verified", "Signed without the register", "Raise the pool", "Set the pool to 160.", "gw-2"] {
        assert!(output.err.contains(said), "{said}\n{}", output.screen);
    }
    let folded: String = output.err.split_whitespace().collect();
    // Values that are longer than the terminal are continued on a line that begins with a mark.
    let folded = folded.replace("=…", "").replace('"', "");
    for line in file.lines().filter(|line| !line.starts_with("sig ") && !line.starts_with("salt ")) {
        // The number of a step stands in its key.
        let values = line.split(' ').skip(1).skip_while(|word| *word == "1" && !line.starts_with("revision "));
        let value: String = values.collect();
        assert!(folded.contains(&value), "{line}\n{}", output.screen);
    }
    assert!(!world.path("carol.approval.sig").exists());
}

#[test]
fn ssh_keygen_signs_the_statement_as_well() {
    if !stock_tool("ssh-keygen") {
        return;
    }
    let world = exported();
    let file = fs::read_to_string(world.path("carol.approval")).unwrap();
    let (signed, _) = file.split_once("\n\n").unwrap();
    let keygen = |namespace: &str| {
        let mut command = Command::new("ssh-keygen");
        command.args(["-Y", "sign", "-n", namespace, "-f"]).arg(world.path("people/vault/key"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(format!("{signed}\n").as_bytes()).unwrap();
        child.wait_with_output().unwrap().stdout
    };
    world.write("carol.approval.sig", keygen("file"));
    world.fails("erin", "approve --submit carol.approval", Exit::Invalid, "is not the signature of carol");
    let stock = keygen(statement::NAMESPACE);
    world.write("carol.approval.sig", &stock);
    world.ok("erin", "approve --submit carol.approval");
    assert_eq!((counted(&world), world.findings("dave")), (vec!["carol".to_owned()], Vec::new()));
    // Both ways make the same bytes.
    fs::remove_file(world.path("carol.approval.sig")).unwrap();
    sign(&world, "carol.approval");
    assert_eq!(fs::read(world.path("carol.approval.sig")).unwrap(), stock);
}

#[test]
fn stock_tools_find_the_revision_that_the_statement_names() {
    if !["sed", "sha256sum"].into_iter().all(stock_tool) {
        return;
    }
    let world = exported();
    let script = "sed '1,/^$/d' carol.approval | sed '/^sig /q' > entry; { printf '\\000'; cat entry; } | sha256sum";
    assert!(fs::read_to_string("docs/format.md").unwrap().contains("sed '1,/^$/d' FILE | sed '/^sig /q' > entry"));
    let done = Command::new("sh").args(["-c", script]).current_dir(world.path("")).output().unwrap();
    let printed = String::from_utf8(done.stdout).unwrap();
    assert_eq!(printed.split(' ').next().unwrap(), world.revision("CHG-1").filed.to_string());
}

#[test]
fn a_file_with_one_changed_byte_is_neither_signed_nor_submitted() {
    let world = exported();
    sign(&world, "carol.approval");
    let good = fs::read(world.path("carol.approval")).unwrap();
    fs::copy(world.path("carol.approval.sig"), world.path("bad.approval.sig")).unwrap();
    let accepts = |bytes: &[u8]| {
        statement::read_file(bytes).is_ok_and(|it| {
            let signed = statement::message(&it.register, &it.statement);
            good.starts_with(signed.as_bytes())
        })
    };
    assert!(accepts(&good));
    for at in 0..good.len() {
        for flip in [1, 0x20, 0x80] {
            let mut bad = good.clone();
            bad[at] ^= flip;
            assert!(!accepts(&bad), "byte {at} ^ {flip:#x}");
        }
        assert!(!accepts(&good[..at]), "cut at {at}");
        assert!(!accepts(&[&good[..at], b"\n", &good[at..]].concat()), "a line feed at {at}");
    }
    let text = String::from_utf8(good.clone()).unwrap();
    for (from, to) in [
        ("Set the pool to 160.", "Set the pool to 900."),
        ("\ntarget gw-2", ""),
        ("\nsig ", "\n\nsig "),
        ("approver carol", "approver  carol"),
        ("statement.approve/v1", "statement.approve/v2"),
        ("gw-2\n", "gw-2\n\n"),
    ] {
        world.write("bad.approval", text.replacen(from, to, 1));
        let bad = "bad.approval is no statement to approve";
        world.fails("vault", "approve --sign bad.approval", Exit::Invalid, bad);
        world.fails("erin", "approve --submit bad.approval", Exit::Invalid, bad);
    }
    // A statement whose own lines were changed is well formed, and not what carol signed.
    for (from, to) in [("approver carol", "approver dave"), ("not-after 2026-12-01", "not-after 2027-12-01")] {
        world.write("bad.approval", text.replacen(from, to, 1));
        world.fails("erin", "approve --submit bad.approval", Exit::Invalid, "bad.approval.sig is not the signature of");
    }
}

#[test]
fn the_revision_of_another_change_is_not_shown_in_place_of_the_one_that_is_signed() {
    let world = exported();
    world.write("other.toml", CHANGE.replace("160", "900"));
    world.ok("erin", "file other.toml");
    world.ok("erin", "approve CHG-2 --detached other.approval --for carol");
    let [one, other] = ["carol.approval", "other.approval"].map(|it| fs::read_to_string(world.path(it)).unwrap());
    let (statement, revision) = (one.split_once("\n\n").unwrap().0, other.split_once("\n\n").unwrap().1);
    world.write("swapped.approval", format!("{statement}\n\n{revision}"));
    world.fails("vault", "approve --sign swapped.approval", Exit::Invalid, "not the one that the statement names");
}

#[test]
fn without_a_terminal_the_digest_must_be_given_and_the_key_must_be_the_one_that_is_named() {
    let world = exported();
    world.fails("vault", "approve --sign carol.approval", Exit::Invalid, "--digest DIGEST is required");
    // The digest of the revision says nothing of what else is signed.
    let wrong = format!("approve --sign carol.approval --digest {}", world.revision("CHG-1").filed);
    world.fails("vault", &wrong, Exit::Invalid, "does not match the current digest");
    let right = format!("approve --sign carol.approval --digest {}", world.statement("carol.approval"));
    world.fails("dave", &right, Exit::Invalid, "the statement names key");
    world.ok("vault", &right);
    // A signature is never overwritten.
    world.fails("vault", &right, Exit::Invalid, "carol.approval.sig");
    world.fails("erin", "approve CHG-1 --detached carol.approval --for dave", Exit::Invalid, "carol.approval");
    world.ok("erin", "approve --submit carol.approval");
}

#[test]
fn a_later_end_than_the_one_that_was_read_is_not_signed_without_a_terminal() {
    let world = exported();
    let read = world.statement("carol.approval");
    let file = fs::read_to_string(world.path("carol.approval")).unwrap();
    world.write("carol.approval", file.replace("not-after 2026-12-01T11:55:00Z", "not-after 2027-12-01T11:55:00Z"));
    assert_ne!(world.statement("carol.approval"), read);
    let sign = format!("approve --sign carol.approval --digest {read}");
    world.fails("vault", &sign, Exit::Invalid, "does not match the current digest");
    assert!(!world.path("carol.approval.sig").exists());
}

#[test]
fn options_of_one_way_to_approve_are_not_ignored_by_another() {
    let world = exported();
    for line in [
        "approve --all-of CHG-1 --detached more.approval",
        "approve --all-of CHG-1 --detached more.approval --for dave",
        "approve --all-of CHG-1 --for dave",
        "approve --sign carol.approval --revision 0",
        "approve --sign carol.approval --detached more.approval",
        "approve --submit carol.approval --digest 0",
        "approve CHG-1 --digest 0",
        "approve --submit carol.approval --not-after 2027-01-01T00:00:00Z",
    ] {
        world.fails("dave", line, Exit::Invalid, "--");
        assert!(!world.path("more.approval").exists(), "{line}");
    }
}

#[test]
fn what_could_not_be_approved_is_not_exported() {
    let world = exported();
    let export = |more: &str| format!("approve CHG-1 --detached more.approval {more}");
    world.fails("dave", &export("--for erin"), Exit::Refused, "erin cannot approve CHG-1");
    world.fails("dave", &export("--for audrey"), Exit::Refused, "audrey");
    world.fails("dave", &export("--for nobody"), Exit::Invalid, "no person nobody");
    world.fails("dave", &export("--not-after 2026-12-01T08:00:00Z"), Exit::Refused, "expired at");
    let key = world.ok("dave", "--json person show ivy");
    let key = key.split("SHA256:").nth(1).unwrap().split('"').next().unwrap();
    world.fails("dave", &export(&format!("--for-key SHA256:{key}")), Exit::Invalid, "name one of the keys of dave");
    world.fails("dave", &format!("--dry-run {}", export("")), Exit::Invalid, "records no entry");
    assert!(!world.path("more.approval").exists());
    world.ok("dave", &export(""));
    world.fails("erin", "approve --submit more.approval", Exit::Invalid, "is not signed");
}

#[test]
fn a_statement_for_another_register_is_refused_by_name() {
    let (world, other) = (exported(), World::filed());
    sign(&world, "carol.approval");
    for file in ["carol.approval", "carol.approval.sig"] {
        fs::copy(world.path(file), other.path(&format!("foreign{}", &file[5..]))).unwrap();
    }
    assert_ne!(world.fingerprint(), other.fingerprint());
    other.fails("erin", "approve --submit foreign.approval", Exit::Refused, "does not name the fingerprint of this");
}
