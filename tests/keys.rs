//! Key files: twinseal uses OpenSSH's keys, OpenSSH uses twinseal's keys, and secrets are never shown or stored.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::{CHANGE, World, stock_tool, words};
use data_encoding::BASE64;
use twinseal::domain::hex;
use twinseal::error::Exit;
use twinseal::format::request::Request;

/// Runs `ssh-keygen` in the test's folder.
fn ssh_keygen(world: &World, line: &str) -> Output {
    let mut command = Command::new("ssh-keygen");
    command.args(words(line)).current_dir(world.path("")).stdin(Stdio::null()).output().unwrap()
}

/// The output of an `ssh-keygen` command that must succeed.
#[track_caller]
fn stock(world: &World, line: &str) -> String {
    let output = ssh_keygen(world, line);
    assert!(output.status.success(), "ssh-keygen {line}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The fingerprint of a key file, as `ssh-keygen -lf` prints it.
#[track_caller]
fn stock_fingerprint(world: &World, file: &str) -> String {
    stock(world, &format!("-lf {file}")).split(' ').nth(1).unwrap().to_owned()
}

/// Signs an enrolment request with a key, typing the passphrase if there is one. Returns the key's fingerprint.
#[track_caller]
fn request_with(world: &World, file: &str, passphrase: &str) -> String {
    let line = format!("person request erin --register prod --key {file} --out {file}.request");
    let output = world.run_typing("erin", &line, &[passphrase]);
    assert_eq!(output.exit, Exit::Done, "{file}\n{}", output.screen);
    assert_eq!(output.screen.contains("Passphrase of"), !passphrase.is_empty(), "{}", output.screen);
    let request = Request::read(&fs::read(world.path(&format!("{file}.request"))).unwrap()).unwrap();
    request.key.fingerprint().to_string()
}

fn set_mode(world: &World, file: &str, mode: u32) {
    fs::set_permissions(world.path(file), fs::Permissions::from_mode(mode)).unwrap();
}

// Keys made by OpenSSH

#[test]
fn keys_of_ssh_keygen_sign() {
    if !stock_tool("ssh-keygen") {
        return;
    }
    let world = World::empty();
    for (file, passphrase, options) in [
        ("plain", "", ""),
        ("locked", "correct horse", ""),
        ("locked-in-another-script", "пароль 密码 ñ", ""),
        ("one-round", "p", "-a 1"),
        ("many-rounds", "p", "-a 64"),
        ("with-comment", "", "-C 'erin@desk 7, 東京'"),
        ("without-comment", "p", "-C ''"),
    ] {
        stock(&world, &format!("-q -t ed25519 -f {file} -N '{passphrase}' {options}"));
        assert_eq!(request_with(&world, file, passphrase), stock_fingerprint(&world, file), "{file}");
    }
    assert!(world.ok("erin", "key show with-comment").contains("erin@desk 7, 東京"));
    assert!(world.ok("erin", "key show locked").ends_with("encrypted with a passphrase\n"));
    assert!(world.ok("erin", "key show plain").ends_with("no passphrase\n"));
}

#[test]
fn every_cipher_of_ssh_keygen_opens() {
    if !stock_tool("ssh-keygen") {
        return;
    }
    let world = World::empty();
    for cipher in ["aes256-ctr", "aes128-ctr", "aes256-cbc", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com"]
    {
        let file = cipher.split('@').next().unwrap();
        stock(&world, &format!("-q -t ed25519 -f {file} -N p -a 1 -Z {cipher}"));
        assert_eq!(request_with(&world, file, "p"), stock_fingerprint(&world, file), "{cipher}");
    }
}

#[test]
fn a_key_in_another_cipher_is_not_said_to_have_another_passphrase() {
    if !stock_tool("ssh-keygen") {
        return;
    }
    let world = World::empty();
    if !ssh_keygen(&world, "-q -t ed25519 -f old -N p -a 1 -Z 3des-cbc").status.success() {
        return;
    }
    let output = world.run_typing("erin", "person request erin --register prod --key old --out old.request", &[]);
    assert_eq!(output.exit, Exit::Invalid, "{}", output.screen);
    assert!(output.screen.contains("is encrypted with 3des-cbc, which twinseal does not read"), "{}", output.screen);
    assert!(output.screen.contains("run: ssh-keygen -p -Z aes256-ctr -f "), "{}", output.screen);
}

#[test]
fn empty_lines_behind_a_private_key_are_ignored() {
    let world = World::empty();
    world.ok("erin", "key new --no-passphrase spaced");
    let key = fs::read_to_string(world.path("spaced")).unwrap();
    for (file, content) in
        [("none", key.trim_end().to_owned()), ("some", format!("{key}\n \n\n")), ("crlf", key.replace('\n', "\r\n"))]
    {
        world.write(file, content);
        set_mode(&world, file, 0o600);
        request_with(&world, file, "");
    }
}

/// Makes keys with these options, unencrypted and encrypted, and asserts that the error names their algorithm.
fn refused_by_name(options: &str, algorithm: &str, passphrases: &[&str]) {
    let world = World::empty();
    for (at, passphrase) in passphrases.iter().enumerate() {
        stock(&world, &format!("-q {options} -f key{at} -N '{passphrase}'"));
        let complaint = format!("holds a key of type {algorithm}; only Ed25519 is supported");
        world.fails("erin", &format!("key show key{at}"), Exit::Invalid, &complaint);
    }
}

#[test]
fn rsa_keys_are_refused_by_name() {
    if !stock_tool("ssh-keygen") {
        return;
    }
    refused_by_name("-t rsa -b 2048", "ssh-rsa", &["", "password"]);
}

#[test]
fn ecdsa_keys_are_refused() {
    if !stock_tool("ssh-keygen") {
        return;
    }
    let world = World::empty();
    for bits in [256, 384] {
        stock(&world, &format!("-q -t ecdsa -b {bits} -f key{bits} -N ''"));
        let complaint = "is not an OpenSSH Ed25519 private key";
        world.fails("erin", &format!("key show key{bits}"), Exit::Invalid, complaint);
    }
}

#[test]
fn a_file_without_a_private_key_is_refused() {
    if !stock_tool("ssh-keygen") {
        return;
    }
    let world = World::empty();
    stock(&world, "-q -t ed25519 -f key -N ''");
    stock(&world, "-q -t rsa -b 2048 -m PEM -f pem -N ''");
    fs::copy(world.path("key.pub"), world.path("public")).unwrap();
    let whole = fs::read_to_string(world.path("key")).unwrap();
    world.write("cut", &whole[..whole.len() / 2]);
    world.write("empty", "");
    world.write("noise", [0xff; 64]);
    for file in ["pem", "public", "cut", "empty", "noise"] {
        set_mode(&world, file, 0o600);
        world.fails("erin", &format!("key show {file}"), Exit::Invalid, "is not an OpenSSH Ed25519 private key");
        world.fails(
            "erin",
            &format!("key show {file}"),
            Exit::Invalid,
            "hint: make a key with `twinseal key new NAME`",
        );
    }
}

// Keys made by twinseal, used by OpenSSH

#[test]
fn keys_of_key_new_are_readable_by_ssh_keygen() {
    if !stock_tool("ssh-keygen") {
        return;
    }
    let world = World::empty();
    for (file, passphrase) in [("plain", ""), ("locked", "correct horse 密码")] {
        let output = world.run_typing("erin", &format!("key new {file}"), &[passphrase, passphrase]);
        assert_eq!(output.exit, Exit::Done, "{}", output.screen);
        assert_eq!(output.out.trim(), stock_fingerprint(&world, file));
        assert_eq!(output.out.trim(), stock_fingerprint(&world, &format!("{file}.pub")));
        let public = fs::read_to_string(world.path(&format!("{file}.pub"))).unwrap();
        let (theirs, ours) = (stock(&world, &format!("-y -P '{passphrase}' -f {file}")), words(public.trim()));
        assert_eq!(words(&theirs)[..2], ours[..2]);
        let mode = fs::metadata(world.path(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    assert!(!ssh_keygen(&world, "-y -P wrong -f locked").status.success(), "it is not locked");
}

#[test]
fn the_comment_of_a_new_key_is_its_file_name() {
    let world = World::empty();
    for passphrase in ["", "correct horse"] {
        let file = format!("key{}", passphrase.len());
        world.run_typing("erin", &format!("key new {file}"), &[passphrase, passphrase]);
        let public = fs::read_to_string(world.path(&format!("{file}.pub"))).unwrap();
        assert!(public.ends_with(&format!(" {file}\n")), "{public}");
    }
}

#[test]
fn key_new_overwrites_no_file() {
    let world = World::empty();
    for taken in ["one", "two.pub"] {
        world.write(taken, "precious");
        let file = taken.trim_end_matches(".pub");
        world.fails("erin", &format!("key new --no-passphrase {file}"), Exit::Invalid, "keys are never overwritten");
        assert_eq!(fs::read_to_string(world.path(taken)).unwrap(), "precious");
    }
    assert!(!world.path("two").exists(), "half a key was left behind");
}

/// A signature in the armoured form that `ssh-keygen` writes.
fn armoured(blob: &[u8]) -> String {
    let base64 = BASE64.encode(blob);
    let lines: Vec<&str> = base64.as_bytes().chunks(70).map(|line| str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n", lines.join("\n"))
}

fn unarmoured(text: &str) -> Vec<u8> {
    let base64: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
    BASE64.decode(base64.as_bytes()).unwrap()
}

/// Whether `ssh-keygen -Y verify` accepts the signature file `sig` of a message in a namespace.
fn stock_verifies(world: &World, person: &str, namespace: &str, message: &str) -> bool {
    let mut command = Command::new("ssh-keygen");
    let line = format!("-Y verify -f allowed -I {person} -n {namespace} -s sig");
    command.args(words(&line)).current_dir(world.path("")).stdout(Stdio::null()).stderr(Stdio::null());
    command.stdin(fs::File::open(world.path(message)).unwrap()).status().unwrap().success()
}

#[test]
fn ssh_keygen_verifies_every_entry() {
    if !stock_tool("ssh-keygen") {
        return;
    }
    let world = World::approved();
    let people = ["alice", "bob", "erin", "carol", "dave"];
    let allowed = people.map(|it| format!("{it} namespaces=\"twinseal/*\" {}\n", world.signer(it).public()));
    world.write("allowed", allowed.concat());
    for (seq, actor) in people.into_iter().enumerate() {
        let blob = world.ok("audrey", &format!("log --seq {seq} --raw"));
        let (body, sig) = blob.split_once("\n\nsig ").unwrap();
        world.write("body", format!("{body}\n"));
        world.write("other", format!("{body}!\n"));
        world.write("sig", armoured(&BASE64.decode(sig.trim().as_bytes()).unwrap()));
        let namespace = body.lines().next().unwrap();
        assert!(stock_verifies(&world, actor, namespace, "body"), "entry {seq}");
        assert!(!stock_verifies(&world, "audrey", namespace, "body"), "entry {seq}");
        assert!(!stock_verifies(&world, actor, "twinseal/change.reject/v1", "body"), "entry {seq}");
        assert!(!stock_verifies(&world, actor, namespace, "other"), "entry {seq}");
    }
}

#[test]
fn ssh_keygen_signs_the_same_bytes() {
    if !stock_tool("ssh-keygen") {
        return;
    }
    let world = World::empty();
    world.person("erin");
    for (namespace, message) in [("twinseal/change.file/v1", "one\ntwo\n"), ("file", ""), ("x", "密码\0\u{1b}")] {
        world.write("message", message);
        let _ = fs::remove_file(world.path("message.sig"));
        stock(&world, &format!("-q -Y sign -f people/erin/key -n {namespace} message"));
        let theirs = fs::read_to_string(world.path("message.sig")).unwrap();
        let ours = world.signer("erin").sign(namespace, message.as_bytes()).unwrap();
        assert_eq!(unarmoured(&theirs), ours, "{namespace}");
        assert_eq!(theirs, armoured(&ours), "{namespace}");
    }
}

// Files

#[test]
fn a_key_that_others_can_read_is_not_used() {
    let world = World::filed();
    world.ok("carol", "key new --no-passphrase 'my key'");
    let path = world.path("my key").display().to_string();
    for mode in [0o644, 0o640, 0o604, 0o660, 0o620, 0o601] {
        set_mode(&world, "my key", mode);
        let complaint = format!("is accessible to other users (mode {mode:03o}), so it is not used");
        world.fails("carol", "key show 'my key'", Exit::Invalid, &complaint);
        world.fails("carol", "key show 'my key'", Exit::Invalid, &format!("hint: run: chmod 600 '{path}'"));
        set_mode(&world, "people/carol/key", mode);
        let approve = format!("approve CHG-1 --revision {}", world.revision("CHG-1").filed);
        world.fails("carol", &approve, Exit::Invalid, &complaint);
    }
    for mode in [0o600, 0o400] {
        set_mode(&world, "my key", mode);
        world.ok("carol", "key show 'my key'");
    }
}

#[test]
fn a_symlinked_key_works_and_is_judged_by_its_target() {
    let world = World::empty();
    world.person("erin");
    fs::create_dir(world.path("elsewhere")).unwrap();
    symlink(world.path("people/erin/key"), world.path("elsewhere/link")).unwrap();
    symlink("link", world.path("elsewhere/link-of-link")).unwrap();
    for link in ["elsewhere/link", "elsewhere/link-of-link"] {
        request_with(&world, link, "");
        set_mode(&world, "people/erin/key", 0o640);
        world.fails("erin", &format!("key show {link}"), Exit::Invalid, "is accessible to other users (mode 640)");
        set_mode(&world, "people/erin/key", 0o600);
    }
    symlink("nowhere", world.path("dangling")).unwrap();
    world.fails("erin", "key show dangling", Exit::Invalid, "cannot read");
}

#[test]
fn a_passphrase_file_that_others_can_read_is_not_used() {
    let world = World::empty();
    world.write("words", "correct horse\n");
    set_mode(&world, "words", 0o640);
    world.fails("erin", "key new key --passphrase-file words", Exit::Invalid, "chmod 600");
    assert!(!world.path("key").exists());
    set_mode(&world, "words", 0o600);
    world.ok("erin", "key new key --passphrase-file words");
    world.ok("erin", "person request erin --register prod --key key --passphrase-file words");
    request_with(&world, "key", "correct horse");
}

#[test]
fn no_file_that_is_too_large_for_a_secret_is_read() {
    let world = World::empty();
    world.write("huge", "x".repeat(1 << 20));
    set_mode(&world, "huge", 0o600);
    world.fails("erin", "key new key --passphrase-file huge", Exit::Environment, "larger than a private key");
    world.fails("erin", "key show huge", Exit::Invalid, "is not an OpenSSH Ed25519 private key");
    assert!(!world.path("key").exists());
}

// Passphrases

#[test]
fn a_new_passphrase_is_typed_twice_and_must_agree() {
    let world = World::empty();
    for typed in [["one", "two"], ["one", ""], ["", "one"], ["one", "one "]] {
        let output = world.run_typing("erin", "key new key", &typed);
        assert_eq!(output.exit, Exit::Invalid, "{}", output.screen);
        assert!(output.err.contains("the two passphrases differ"), "{}", output.screen);
        assert!(!world.path("key").exists() && !world.path("key.pub").exists());
    }
    let output = world.run_typing("erin", "key new key", &["one", "one"]);
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    assert_eq!(output.screen.matches("passphrase (empty for none):").count(), 1);
    assert_eq!(output.screen.matches("Repeat the passphrase:").count(), 1);
    assert!(output.err.contains("encrypted"), "{}", output.screen);
}

#[test]
fn no_passphrase_is_never_a_silent_choice() {
    let world = World::empty();
    world.fails("erin", "key new key", Exit::Invalid, "--no-passphrase");
    world.write("words", "\n");
    set_mode(&world, "words", 0o600);
    world.fails("erin", "key new key --passphrase-file words", Exit::Invalid, "a new key needs a passphrase");
    assert!(!world.path("key").exists());
    let output = world.run_typing("erin", "key new key", &["", ""]);
    assert!(output.err.contains("no passphrase"), "{}", output.screen);
}

#[test]
fn a_wrong_passphrase_signs_nothing() {
    let world = World::filed();
    world.run_typing("carol", "key new locked", &["right", "right"]);
    for wrong in ["wrong", "", "right ", "Right", "righ"] {
        let line = "person request carol --register prod --key locked --out request";
        let output = world.run_typing("carol", line, &[wrong; 3]);
        assert_eq!(output.exit, Exit::Invalid, "{}", output.screen);
        assert!(output.err.contains("wrong passphrase; try again\n"), "{}", output.screen);
        assert!(output.err.contains("wrong passphrase for"), "{}", output.screen);
        assert!(!world.path("request").exists());
    }
    // A second or a third try may be right.
    for (n, answers) in [["wrong", "right", ""], ["wrong", "wrong", "right"]].iter().enumerate() {
        let line = format!("person request carol --register prod --key locked --out request{n}");
        let output = world.run_typing("carol", &line, answers);
        assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    }
    world.fails("carol", "person request carol --register prod --key locked", Exit::Invalid, "no terminal to ask on");
}

// Secrets

/// Every file below a folder that contains these bytes.
fn files_with(folder: &Path, needle: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for it in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if it.file_type().unwrap().is_dir() {
            found.extend(files_with(&it.path(), needle));
        } else if fs::read(it.path()).unwrap().windows(needle.len()).any(|window| window == needle) {
            found.push(it.file_name().display().to_string());
        }
    }
    found
}

#[test]
fn secrets_are_neither_printed_nor_kept() {
    const PASSPHRASE: &str = "Tr0ub4dor and three";
    let world = World::founded();
    fs::create_dir_all(world.path("people/frank")).unwrap();
    world.write("words", PASSPHRASE);
    set_mode(&world, "words", 0o600);
    world.write("change.toml", CHANGE.replace("erin", "frank"));
    let (id, fingerprint) = (world.named(), world.fingerprint());
    let mut screens = String::new();
    let mut run = |person: &str, line: &str, typed: &[&str], exit: Exit| {
        let output = world.run_typing(person, line, typed);
        assert_eq!(output.exit, exit, "{person}: {line}\n{}", output.screen);
        screens.push_str(&output.screen);
    };
    let request = format!("person request frank --register {id} --out frank.request");
    run("frank", "key new people/frank/key", &[PASSPHRASE, "something else"], Exit::Invalid);
    run("frank", "key new people/frank/key", &[PASSPHRASE, PASSPHRASE], Exit::Done);
    run("frank", "key show people/frank/key", &[], Exit::Done);
    run("frank", &request, &[&PASSPHRASE[1..]], Exit::Invalid);
    run("frank", &request, &[PASSPHRASE], Exit::Done);
    run("frank", &format!("{request}.again --passphrase-file words"), &[], Exit::Done);
    run("alice", "person enrol frank=frank.request:engineer", &[], Exit::Done);
    run("bob", "proposal second 1", &["1"], Exit::Done);
    run("frank", &format!("file change.toml --fingerprint {fingerprint}"), &[PASSPHRASE], Exit::Done);
    run("frank", "start CHG-1", &[PASSPHRASE], Exit::Refused);
    run("frank", "verify", &[], Exit::Done);

    let key = ssh_key::PrivateKey::read_openssh_file(world.path("people/frank/key")).unwrap();
    let seed = key.decrypt(PASSPHRASE).unwrap().key_data().ed25519().unwrap().private.to_bytes();
    for secret in [PASSPHRASE.to_owned(), PASSPHRASE[1..].to_owned(), hex(&seed), BASE64.encode(&seed)] {
        assert!(!screens.to_lowercase().contains(&secret.to_lowercase()), "{secret} is on the screen");
        let expected: &[&str] = if PASSPHRASE.ends_with(&secret) { &["words"] } else { &[] };
        assert_eq!(files_with(&world.path(""), secret.as_bytes()), expected, "{secret}");
    }
    assert_eq!(files_with(&world.path(""), &seed), Vec::<String>::new(), "the key's seed is in a file");
}

#[test]
fn no_command_waits_for_a_pipe_that_is_named_as_a_key_or_a_passphrase() {
    let world = World::filed();
    assert!(std::process::Command::new("mkfifo").arg(world.path("pipe")).status().unwrap().success());
    for command in [
        &["inbox", "--key", "pipe"][..],
        &["note", "CHG-1", "Words.", "--key", "pipe"],
        &["key", "show", "pipe"],
        &["person", "request", "carol", "--key", "pipe"],
        &["note", "CHG-1", "Words.", "--passphrase-file", "pipe"],
        &["start", "CHG-1", "--artifact", "a=pipe"],
    ] {
        let mut child = world.command("carol", command).spawn().unwrap();
        let begun = std::time::Instant::now();
        let ended = loop {
            match child.try_wait().unwrap() {
                None if begun.elapsed().as_secs() < 20 => std::thread::sleep(std::time::Duration::from_millis(20)),
                ended => break ended,
            }
        };
        let _ = child.kill();
        assert!(ended.is_some(), "{command:?} waits for the pipe");
    }
}
