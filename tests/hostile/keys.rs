//! Key files and passphrases.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use twinseal::error::Exit;

use super::{complains, fails};
use crate::support::World;

/// Writes a key file with these permissions to a person's home.
fn put_key(world: &World, content: &[u8], mode: u32) -> PathBuf {
    let path = world.path("people/carol/bad");
    world.write("people/carol/bad", content);
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path
}

/// An OpenSSH private key file for RSA: the encoding is valid, the numbers are not a real key.
fn rsa_key() -> String {
    use ssh_key::private::{KeypairData, PrivateKey, RsaKeypair, RsaPrivateKey};
    use ssh_key::{LineEnding, Mpint, public::RsaPublicKey};
    let number = |byte: u8, len: usize| Mpint::from_positive_bytes(&vec![byte; len]);
    let public = RsaPublicKey::new(number(3, 1), number(0x7f, 256)).unwrap();
    let private = RsaPrivateKey::new(number(5, 256), number(5, 128), number(7, 128), number(11, 128)).unwrap();
    let pair = RsaKeypair::new(public, private).unwrap();
    let key = PrivateKey::new(KeypairData::Rsa(pair), "rsa").unwrap();
    key.to_openssh(LineEnding::LF).unwrap().to_string()
}

#[test]
fn a_file_that_is_no_key_cannot_sign() {
    let world = World::filed();
    let good = fs::read(world.path("people/carol/key")).unwrap();
    let command = "reject CHG-1 --reason no --key people/carol/bad";
    let pem = b"-----BEGIN RSA PRIVATE KEY-----\nMIIBOgIBAAJBAKj34GkxFhD9\n-----END RSA PRIVATE KEY-----\n";
    let public = fs::read(world.path("people/carol/key.pub")).unwrap();
    for bad in [b"".as_slice(), b"hello", &[0xff; 500], pem, &good[..good.len() / 2], &vec![b'x'; 2_000_000]] {
        put_key(&world, bad, 0o600);
        let complaint =
            "people/carol/bad is not an OpenSSH Ed25519 private key\nhint: make a key with `twinseal key new NAME`";
        fails(&world, "carol", command, Exit::Invalid, complaint);
    }
    put_key(&world, &public, 0o600);
    fails(&world, "carol", command, Exit::Environment, "signing with a public key file needs an ssh-agent");
    put_key(&world, rsa_key().as_bytes(), 0o600);
    let complaint = "people/carol/bad holds a key of type ssh-rsa; only Ed25519 is supported\nhint: make a key with";
    fails(&world, "carol", command, Exit::Invalid, complaint);
    let missing = "reject CHG-1 --reason no --key nosuch";
    fails(&world, "carol", missing, Exit::Invalid, "nosuch: No such file or directory");
    for command in ["key show nosuch", "key show change.toml"] {
        fails(&world, "carol", command, Exit::Invalid, "");
    }
}

#[test]
fn a_key_that_others_can_read_cannot_sign() {
    let world = World::filed();
    let good = fs::read(world.path("people/carol/key")).unwrap();
    for mode in [0o644, 0o640, 0o604, 0o660, 0o610] {
        let path = put_key(&world, &good, mode);
        let path = path.display();
        let complaint = format!("{path} is accessible to other users (mode {mode:o}), so it is not used");
        let command = "reject CHG-1 --reason no --key people/carol/bad";
        let said = fails(&world, "carol", command, Exit::Invalid, &complaint);
        assert!(said.contains(&format!("hint: run: chmod 600 {path}\n")), "{said}");
    }
}

#[test]
fn an_encrypted_key_opens_only_with_its_passphrase() {
    let world = World::founded();
    let secret = |name: &str, content: &[u8], mode: u32| {
        world.write(name, content);
        fs::set_permissions(world.path(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    secret("right", b"correct horse\n", 0o600);
    secret("wrong", b"correct hose\n", 0o600);
    secret("empty", b"", 0o600);
    secret("bytes", b"\xff\xfe", 0o600);
    secret("open", b"correct horse\n", 0o644);
    world.ok("frank", "key new locked --passphrase-file right");
    let command = "person request frank --key locked --passphrase-file";
    let locked = world.path("locked");
    for file in ["wrong", "empty"] {
        let complaint = format!("wrong passphrase for {}\nhint: try again", locked.display());
        fails(&world, "alice", &format!("{command} {file}"), Exit::Invalid, &complaint);
    }
    let open = world.path("open");
    let complaint = format!(
        "{0} is accessible to other users (mode 644), so it is not used\nhint: run: chmod 600 {0}",
        open.display()
    );
    fails(&world, "alice", &format!("{command} open"), Exit::Invalid, &complaint);
    fails(&world, "alice", &format!("{command} nosuch"), Exit::Invalid, "nosuch: No such file");
    let complaint =
        "is protected by a passphrase, and there is no terminal to ask on\nhint: use --passphrase-file FILE";
    fails(&world, "alice", "person request frank --key locked", Exit::Invalid, complaint);
    let said = complains(
        &world,
        "alice",
        &["person", "request", "frank", "--key", "locked", "--passphrase-file", "bytes"],
        Exit::Environment,
        "bytes: ",
    );
    assert!(said.contains("UTF-8"), "{said}");
    world.ok("alice", &format!("{command} right"));
    // `key new` refuses an invalid passphrase.
    fails(&world, "frank", "key new other --passphrase-file empty", Exit::Invalid, "a new key needs a passphrase");
    fails(&world, "frank", "key new other --passphrase-file open", Exit::Invalid, "is accessible to other users");
    fails(&world, "frank", "key new locked --no-passphrase", Exit::Invalid, "already exists; keys are never");
    assert!(!world.path("other").exists());
}
