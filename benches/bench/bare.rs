//! Baselines: the work that no implementation can avoid.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::Instant;

use data_encoding::BASE64;
use ed25519_dalek::{Signature, VerifyingKey};
use rusqlite::{Connection, OpenFlags, params};
use twinseal::format::sshsig;

/// The input of `verify_strict` for one entry.
struct Signed {
    key: VerifyingKey,
    message: Vec<u8>,
    signature: Signature,
}

fn read_only(file: &Path) -> Connection {
    Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

fn blobs(file: &Path, order: &str, count: i64) -> Vec<Vec<u8>> {
    let sql = read_only(file);
    let mut select = sql.prepare(&format!("SELECT blob FROM entry ORDER BY seq {order} LIMIT ?1")).unwrap();
    select.query_map([count], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// The body of an entry, its namespace and its signature.
fn split(blob: &[u8]) -> (&[u8], &str, Vec<u8>) {
    let at = blob.windows(2).position(|pair| pair == b"\n\n").unwrap();
    let body = &blob[..=at];
    let namespace = str::from_utf8(body.split(|b| *b == b'\n').next().unwrap()).unwrap();
    let line = str::from_utf8(&blob[at + 2..]).unwrap();
    let sig = line.strip_prefix("sig ").unwrap().trim_end();
    (body, namespace, BASE64.decode(sig.as_bytes()).unwrap())
}

/// Verifies the newest `count` entries with `verify_strict` on all cores, and prints the seconds. Reading the file and
/// decoding the keys are not timed.
pub fn verify(file: &Path, count: i64) {
    let mut keys: Vec<VerifyingKey> = Vec::new();
    let blobs = blobs(file, "DESC", count);
    let mut signed = Vec::new();
    for blob in &blobs {
        let (body, namespace, sig) = split(blob);
        let point: [u8; 32] = sig[33..65].try_into().unwrap();
        let known = keys.iter().find(|key| *key.as_bytes() == point).copied();
        let key = known.unwrap_or_else(|| VerifyingKey::from_bytes(&point).unwrap());
        if known.is_none() {
            keys.push(key);
        }
        let signature = Signature::from_slice(&sig[sig.len() - 64..]).unwrap();
        signed.push(Signed { key, message: sshsig::signed_data(namespace, body), signature });
    }
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let begun = Instant::now();
    thread::scope(|scope| {
        for part in signed.chunks(signed.len().div_ceil(threads)) {
            scope.spawn(|| part.iter().for_each(|it| it.key.verify_strict(&it.message, &it.signature).unwrap()));
        }
    });
    println!("{:.6}", begun.elapsed().as_secs_f64());
}

/// Inserts the newest entry of `from` into `file` in one durable transaction, with twinseal's settings of SQLite.
pub fn insert(file: &Path, from: &Path) {
    let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Option<Vec<u8>>>(1)?));
    let newest = "SELECT blob, text FROM entry ORDER BY seq DESC LIMIT 1";
    let (blob, text) = read_only(from).query_row(newest, [], row).unwrap();
    let sql = Connection::open(file).unwrap();
    sql.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = true").unwrap();
    sql.execute("INSERT INTO entry (blob, text) VALUES (?1, ?2)", params![blob, text]).unwrap();
}

/// Prints the total size of all blobs and text parts in bytes.
pub fn bytes(file: &Path) {
    let sql = "SELECT sum(length(blob) + ifnull(length(text), 0)) FROM entry";
    let bytes: i64 = read_only(file).query_row(sql, [], |row| row.get(0)).unwrap();
    println!("{bytes}");
}

/// Writes the first `count` bodies and signatures as `N.body` and `N.sig`, the signers as `allowed` for
/// `ssh-keygen -Y verify`, and for each entry a line in `list`: number, signer, namespace.
pub fn export(file: &Path, folder: &Path, count: i64) {
    fs::create_dir_all(folder).unwrap();
    let (mut allowed, mut list) = (BTreeSet::new(), String::new());
    for (n, blob) in blobs(file, "ASC", count).iter().enumerate() {
        let (body, namespace, sig) = split(blob);
        let text = str::from_utf8(body).unwrap();
        let actor = text.lines().find_map(|line| line.strip_prefix("actor ")).unwrap();
        allowed.insert(format!("{actor} ssh-ed25519 {}\n", BASE64.encode(&sig[14..65])));
        list.push_str(&format!("{n} {actor} {namespace}\n"));
        let base64 = BASE64.encode(&sig);
        let lines: Vec<&str> = base64.as_bytes().chunks(70).map(|line| str::from_utf8(line).unwrap()).collect();
        let armour = format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n", lines.join("\n"));
        fs::write(folder.join(format!("{n}.body")), body).unwrap();
        fs::write(folder.join(format!("{n}.sig")), armour).unwrap();
    }
    fs::write(folder.join("allowed"), allowed.into_iter().collect::<String>()).unwrap();
    fs::write(folder.join("list"), list).unwrap();
}
