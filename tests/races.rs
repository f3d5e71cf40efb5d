//! Somebody of the register's group exchanges files in its directory while a command works there.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use crate::support::World;
use crate::support::server::in_a_file;
use twinseal::error::Exit;
use twinseal::format::Raw;

/// A file of another directory that only its owner may read.
struct Victim {
    path: PathBuf,
    content: &'static [u8],
}

impl Victim {
    fn new(world: &World) -> Self {
        let path = world.path("home/victim");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let content = b"the victim's secret";
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        Self { path, content }
    }

    #[track_caller]
    fn is_untouched(&self, told: &str) {
        let found = fs::symlink_metadata(&self.path).unwrap();
        assert_eq!((found.mode() & 0o7777, found.is_file()), (0o600, true), "{told}");
        assert_eq!(fs::read(&self.path).unwrap(), self.content, "{told}");
        let names = fs::read_dir(self.path.parent().unwrap()).unwrap();
        assert_eq!(names.count(), 1, "{told}: a file was made beside the victim's");
    }
}

/// What is exchanged: every name in a directory that begins so is renamed, a link put in its place, and put back.
fn exchange(folder: &Path, begins: &str, target: &Path, end: &AtomicBool, times: &AtomicUsize) {
    let away = folder.join("away");
    while !end.load(Ordering::Relaxed) {
        let names = fs::read_dir(folder).unwrap().filter_map(|it| it.ok()?.file_name().into_string().ok());
        for name in names.filter(|name| name.starts_with(begins)) {
            let path = folder.join(&name);
            if fs::rename(&path, &away).is_ok() {
                let linked = symlink(target, &path).is_ok();
                times.fetch_add(usize::from(linked), Ordering::Relaxed);
                thread::yield_now();
                let _ = fs::remove_file(&path);
                let _ = fs::rename(&away, &path);
            }
        }
    }
}

/// Runs a command again and again while somebody exchanges names, until some were exchanged; a busy host may give the
/// other thread no time in 30 rounds.
fn race(world: &World, begins: &str, target: &Path, mut round: impl FnMut(usize)) {
    let (end, times) = (AtomicBool::new(false), AtomicUsize::new(0));
    let folder = world.path("srv");
    thread::scope(|scope| {
        scope.spawn(|| exchange(&folder, begins, target, &end, &times));
        let goes_on = |n: &usize| *n < 30 || *n < 3000 && times.load(Ordering::Relaxed) == 0;
        let rounds = || (0..).take_while(goes_on).for_each(&mut round);
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(rounds));
        end.store(true, Ordering::Relaxed);
        done.unwrap();
    });
    assert!(times.load(Ordering::Relaxed) > 0, "nothing was exchanged");
}

/// A world whose register is in a directory of its group.
fn shared() -> (World, Victim) {
    let world = World::filed();
    let victim = Victim::new(&world);
    fs::create_dir(world.path("srv")).unwrap();
    fs::set_permissions(world.path("srv"), fs::Permissions::from_mode(0o2770)).unwrap();
    (world, victim)
}

/// What a command makes beside a name: the private directory, or what earlier versions made there.
const MADE: [&str; 2] = [".", "copy.db"];

#[test]
fn no_exchanged_link_makes_restore_change_another_file() {
    let (world, victim) = shared();
    world.ok("erin", "backup backup.db");
    for begins in MADE {
        for target in [victim.path.clone(), victim.path.parent().unwrap().to_owned()] {
            race(&world, begins, &target, |_| {
                let path = world.path("srv/copy.db");
                fs::copy(world.path("backup.db"), world.path("srv/fresh")).unwrap();
                fs::rename(world.path("srv/fresh"), &path).unwrap();
                let output = world.run("erin", "restore srv/copy.db");
                victim.is_untouched(&output.screen);
            });
        }
    }
}

#[test]
fn no_exchanged_link_makes_backup_or_repair_change_another_file() {
    let (world, victim) = shared();
    world.plant(3, &Raw { seq: 3, blob: vec![0], text: None, data: None });
    for command in ["backup srv/copy.db", "repair --out srv/copy.db"] {
        for begins in MADE {
            for target in [victim.path.clone(), victim.path.parent().unwrap().to_owned()] {
                race(&world, begins, &target, |round| {
                    let _ = fs::remove_file(world.path("srv/copy.db"));
                    let output = world.run("erin", command);
                    victim.is_untouched(&format!("{command} {round}: {}", output.screen));
                });
            }
        }
    }
}

#[test]
fn no_exchanged_link_becomes_the_repaired_register() {
    let Some((world, victim)) = in_a_file("a place where a repaired one can be put", shared) else { return };
    world.plant(3, &Raw { seq: 3, blob: vec![0], text: None, data: None });
    fs::copy(world.path("prod.db"), world.path("broken.db")).unwrap();
    let fingerprint = world.fingerprint();
    let mut repaired = 0;
    race(&world, ".", &victim.path.clone(), |_| {
        for item in fs::read_dir(world.path("srv")).unwrap().map(|it| it.unwrap().path()) {
            if item.is_file() && !item.ends_with("away") {
                let _ = fs::remove_file(item);
            }
        }
        fs::copy(world.path("broken.db"), world.path("srv/lab.db")).unwrap();
        fs::remove_file(world.path("prod.db")).unwrap_or_default();
        let output = world.run("erin", &format!("repair --register srv/lab.db --fingerprint {fingerprint}"));
        victim.is_untouched(&output.screen);
        let found = fs::symlink_metadata(world.path("srv/lab.db")).unwrap();
        assert!(found.is_file(), "the register is a link: {}", output.screen);
        repaired += usize::from(output.exit == Exit::Done);
    });
    println!("{repaired} repaired");
}

#[test]
fn a_backup_goes_into_a_folder_behind_a_symbolic_link() {
    let world = World::filed();
    fs::create_dir(world.path("disk")).unwrap();
    symlink(world.path("disk"), world.path("backups")).unwrap();
    world.ok("erin", "backup backups/copy.db");
    assert!(world.path("disk/copy.db").is_file());
    world.ok("erin", "verify --register backups/copy.db");
    world.ok("erin", "repair");
    symlink("nowhere", world.path("dangling.db")).unwrap();
    world.fails("erin", "backup dangling.db", Exit::Environment, "already exists");
    assert!(!world.path("nowhere").exists());
}

#[test]
fn no_exchanged_directory_makes_restore_replace_a_file_in_another_one() {
    let (world, victim) = shared();
    world.ok("erin", "backup backup.db");
    let (share, away) = (world.path("srv/sub"), world.path("srv/away"));
    fs::create_dir(&share).unwrap();
    let (end, quiet) = (AtomicBool::new(false), Mutex::new(()));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !end.load(Ordering::Relaxed) {
                let _quiet = quiet.lock();
                fs::rename(&share, &away).unwrap();
                symlink(victim.path.parent().unwrap(), &share).unwrap();
                thread::yield_now();
                fs::remove_file(&share).unwrap();
                fs::rename(&away, &share).unwrap();
            }
        });
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for _ in 0..60 {
                let held = quiet.lock();
                fs::copy(world.path("backup.db"), share.join("victim")).unwrap();
                drop(held);
                let output = world.run("erin", "restore srv/sub/victim");
                victim.is_untouched(&output.screen);
            }
        }));
        end.store(true, Ordering::Relaxed);
        done.unwrap();
    });
}

#[test]
fn no_backup_is_restored_by_two_processes_at_once() {
    let world = World::filed();
    world.ok("erin", "backup copy.db");
    let other = fs::File::open(world.path("copy.db")).unwrap();
    other.lock().unwrap();
    world.fails("erin", "restore copy.db", Exit::Environment, "in use");
    drop(other);
    world.ok("erin", "restore copy.db");
}
