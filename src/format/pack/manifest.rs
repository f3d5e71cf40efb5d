//! The manifest of a pack, as `sha256sum -c` reads it: a line for every other file with its SHA-256, sorted by name.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::{Files, Name};
use crate::domain::{Digest, hex};
use crate::{tr, trf};

/// Writes the manifest of these files.
pub fn manifest(files: &Files) -> String {
    let mut lines = String::new();
    for (name, hash) in hashes(files) {
        let _ = writeln!(lines, "{hash}  {name}");
    }
    lines
}

/// The SHA-256 of every file but the manifest, by the bytes of its name.
fn hashes(files: &Files) -> BTreeMap<String, String> {
    let others = files.iter().filter(|(name, _)| **name != Name::Manifest);
    others.map(|(name, bytes)| (name.to_string(), hex(&Sha256::digest(bytes)))).collect()
}

/// Compares the manifest with the files. Returns what is wrong with it: at most `most` faults.
pub fn check_manifest(files: &Files, most: usize) -> Vec<String> {
    let given = files.get(&Name::Manifest).map_or(&[][..], Vec::as_slice);
    let Ok(given) = str::from_utf8(given) else {
        return vec![tr!("not valid UTF-8", "不是有效的 UTF-8").to_owned()];
    };
    if given == manifest(files) {
        return Vec::new();
    }
    let (mut wrong, mut listed) = (Vec::new(), BTreeMap::new());
    for line in given.lines() {
        match line.split_once("  ").filter(|(hash, name)| is_digest(hash) && name.parse::<Name>().is_ok()) {
            Some((hash, name)) => _ = listed.insert(name, hash),
            None if wrong.len() < most => {
                wrong.push(trf!("not a line of a manifest: {line:.100?}", "不是清单的行：{line:.100?}"));
            }
            None => return wrong,
        }
    }
    let present = hashes(files);
    for (name, hash) in &present {
        match listed.remove(name.as_str()) {
            Some(listed) if listed == hash => {}
            Some(_) => wrong.push(trf!("{name} was altered", "{name} 已被改动")),
            None => wrong.push(trf!("{name} is not listed", "{name} 未列出")),
        }
    }
    wrong.extend(listed.keys().take(most).map(|name| trf!("{name} is missing", "缺少 {name}")));
    if wrong.is_empty() {
        wrong.push(tr!("its lines are not sorted, or one is there twice", "各行未排序，或有重复").to_owned());
    }
    wrong.truncate(most);
    wrong
}

fn is_digest(hash: &str) -> bool {
    hash.parse::<Digest>().is_ok()
}
