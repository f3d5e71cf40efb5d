//! Evidence packs: `packs.py` makes them without twinseal, and says which finding each deserves. The scripts and the
//! page, the latter in Chromium, find the same.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use super::browser::Browser;
use super::{Script, folder, tools};
use crate::support::stock_tool;

pub struct Pack {
    pub name: String,
    pub path: PathBuf,
    /// The finding up to its rule, or `nothing`.
    finding: String,
}

/// Makes all packs in a folder.
pub fn packs(to: &Path) -> Vec<Pack> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/outside/packs.py");
    let output = Command::new("python3").arg(script).arg(to).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let listed = String::from_utf8(output.stdout).unwrap();
    let pack = |line: &str| {
        let [name, path, finding] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        Pack { name: name.to_owned(), path: path.into(), finding: finding.to_owned() }
    };
    listed.lines().map(pack).collect()
}

/// The folder of a pack: `verify.sh` reads no zip.
fn unpacked(path: &Path) -> PathBuf {
    if path.is_dir() {
        return path.to_owned();
    }
    let to = path.with_extension("folder");
    let status = Command::new("python3").args(["-m", "zipfile", "-e"]).args([path, &to]).status().unwrap();
    assert!(status.success());
    to
}

#[test]
fn the_scripts_prove_good_packs_and_find_what_is_wrong_with_others() {
    if !tools() || !stock_tool("openssl") {
        return;
    }
    let to = tempfile::tempdir().unwrap();
    for (case, Pack { name, path, finding }) in packs(to.path()).into_iter().enumerate() {
        // Hostile packs go through both scripts: each of them could take a value for a program.
        let case = if name.starts_with("hostile: ") { 0 } else { case };
        for script in Script::asked_about(case) {
            let verdict = match script {
                Script::Python => script.verdict(&path, &[]),
                // What is wrong with a zip is gone when it is unpacked.
                Script::Posix if name.starts_with("zip: ") => continue,
                Script::Posix => script.verdict(&unpacked(&path), &[]),
            };
            assert_eq!(verdict.first().unwrap_or("nothing"), finding, "{script:?}: {name}: {}", verdict.said);
            assert!(verdict.said.starts_with("checking the pack "), "{}", verdict.said);
        }
    }
    let made = std::fs::read_dir(to.path()).unwrap().map(|it| it.unwrap().file_name());
    let marks: Vec<_> = made.filter(|it| it.to_string_lossy().starts_with("marker")).collect();
    assert!(marks.is_empty(), "a pack ran a command or wrote a file: {marks:?}");
}

#[test]
fn a_pack_of_another_founding_than_the_remembered_one_is_found() {
    if !tools() || !stock_tool("openssl") {
        return;
    }
    let to = tempfile::tempdir().unwrap();
    let path = packs(to.path()).remove(0).path;
    for script in Script::ALL {
        let verdict = script.verdict(&path, &[&format!("0:{}", "ab".repeat(32))]);
        assert_eq!(verdict.first(), Some("entry 0: [fingerprint]"), "{script:?}: {}", verdict.said);
    }
}

#[test]
fn the_head_of_a_pack_that_somebody_noted_is_no_entry_that_is_missing() {
    if !tools() || !stock_tool("openssl") {
        return;
    }
    let to = tempfile::tempdir().unwrap();
    let path = packs(to.path()).remove(0).path;
    for script in Script::ALL {
        let said = script.verdict(&path, &[]).said;
        // The log has more entries before it than the pack.
        let head = said.split_once("; head ").unwrap().1.split(' ').next().unwrap();
        let (_, leaf) = head.split_once(':').unwrap();
        assert!(head.starts_with("10:") && said.contains("proven: 10 entries"), "{script:?}: {said}");
        for (noted, finding) in [
            (vec![head.to_owned()], None),
            (vec![format!("10:{}", "ab".repeat(32)), head.to_owned()], Some("entry 10: [replaced]")),
            (vec![format!("6:{leaf}")], Some("entry 6: [truncated]")),
            (vec![format!("11:{leaf}")], Some("entry 11: [truncated]")),
        ] {
            let noted: Vec<&str> = noted.iter().map(String::as_str).collect();
            let verdict = script.verdict(&path, &noted);
            assert_eq!(verdict.first(), finding, "{script:?}: {}", verdict.said);
        }
    }
}

#[test]
fn a_file_of_three_gibibytes_is_refused_before_it_is_read() {
    if !tools() || !stock_tool("openssl") {
        return;
    }
    let to = tempfile::tempdir().unwrap();
    let path = packs(to.path()).remove(0).path;
    let large = path.join("evidence").join("ab".repeat(32));
    std::fs::create_dir(path.join("evidence")).unwrap();
    std::fs::File::create(large).unwrap().set_len(3 << 30).unwrap();
    for script in Script::ALL {
        let verdict = script.verdict(&path, &[]);
        assert_eq!(verdict.first(), Some("pack: [manifest]"), "{script:?}: {}", verdict.said);
    }
}

#[test]
fn a_pack_with_a_link_or_a_pipe_is_refused_before_either_is_opened() {
    if !tools() || !stock_tool("openssl") {
        return;
    }
    for command in ["ln -s checkpoint checkpoint.tsr", "mkfifo checkpoint.tsr"] {
        let to = tempfile::tempdir().unwrap();
        let path = packs(to.path()).remove(0).path;
        assert!(Command::new("sh").args(["-c", command]).current_dir(&path).status().unwrap().success());
        for script in Script::ALL {
            let verdict = script.verdict(&path, &[]);
            assert_eq!(verdict.first(), Some("pack: [manifest]"), "{script:?}: {command}: {}", verdict.said);
        }
    }
}

/// What the page says about a pack that is dropped on it: the verdict, and the first finding up to its rule.
pub fn dropped(browser: &mut Browser, path: &Path) -> (String, String) {
    browser.value("document.getElementById('verdict').textContent = ''");
    browser.drop_on("drop", path);
    browser.wait("/^(proven|broken)/.test(document.getElementById('verdict').textContent)");
    let verdict = browser.value("document.getElementById('verdict').textContent");
    let finding = browser.value("document.querySelector('#findings li')?.textContent ?? 'nothing'");
    let rule = finding.as_str().unwrap().split_inclusive(']').next().unwrap().to_owned();
    (verdict.as_str().unwrap().to_owned(), rule)
}

#[test]
fn the_page_proves_good_packs_finds_what_is_wrong_with_others_and_sends_nothing() {
    if !tools() {
        return;
    }
    let Some(mut browser) = Browser::start() else { return };
    let (to, page) = (tempfile::tempdir().unwrap(), folder().join("verifier.html"));
    browser.open(&page);
    let packs = packs(to.path());
    assert!(packs.iter().filter(|pack| pack.finding != "nothing").count() >= 20);
    for Pack { name, path, finding } in &packs {
        let (verdict, found) = dropped(&mut browser, path);
        assert_eq!(found, *finding, "{name}");
        assert_eq!(verdict.starts_with("proven"), finding == "nothing", "{name}: {verdict}");
    }
    assert_eq!(browser.requests, [format!("file://{}", page.display())]);
    assert_eq!(browser.faults, Vec::<String>::new());
}

#[test]
fn the_page_keeps_hostile_content_as_text_and_the_browser_keeps_it_from_sending() {
    let Some(mut browser) = Browser::start() else { return };
    let page = folder().join("verifier.html");
    browser.open(&page);
    let to = tempfile::tempdir().unwrap();
    std::fs::write(to.path().join("<img src=x onerror=alert(1)>"), "").unwrap();
    let (verdict, found) = dropped(&mut browser, to.path());
    assert_eq!((verdict.as_str(), found.as_str()), ("broken: 1 finding", "pack: [manifest]"));
    assert_eq!(browser.value("document.querySelectorAll('img').length"), json!(0));
    // A script in the page itself could not call home either.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let home = listener.local_addr().unwrap();
    let refused = format!("fetch('http://{home}').then(() => 'sent', () => 'refused')");
    assert_eq!(browser.value(&refused), json!("refused"));
    browser.value(&format!(
        "new Promise(done => {{ const it = new Image(); it.onerror = done; it.src = 'http://{home}/' }})"
    ));
    assert!(listener.accept().is_err(), "something called home");
}

#[test]
fn a_zip_that_is_broken_or_begins_as_another_file_is_refused_by_the_page() {
    let Some(mut browser) = Browser::start() else { return };
    browser.open(&folder().join("verifier.html"));
    let to = tempfile::tempdir().unwrap();
    let end = [b"PK\x05\x06".as_slice(), &[0; 4], &[1, 0, 1, 0], &[46, 0, 0, 0, 0, 0, 0, 0, 0, 0]].concat();
    let good = packs(to.path()).into_iter().find(|it| it.name == "two changes").unwrap().path;
    let added = [b"SQLite format 3\0".as_slice(), &std::fs::read(good).unwrap()].concat();
    for (name, bytes) in [
        ("empty.zip", vec![]),
        ("text.zip", b"No zip at all, only some text.".to_vec()),
        ("end.zip", end),
        ("register.zip", added),
    ] {
        let path = to.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(dropped(&mut browser, &path).1, "pack: [manifest]", "{name}");
    }
}
