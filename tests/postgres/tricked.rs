//! Servers that keep less than they say, and moves that somebody gets in the way of: nobody is told that something is done
//! that is not, and nothing can be recorded at two places.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use twinseal::error::Exit;
use twinseal::store::{self, Anchor, Excuse, Home, Session, Site, StoreError, Writer};

use super::cluster::Cluster;
use super::failover::{Pair, free_port, primary};
use super::proxy::{Loss, Proxy};
use super::scene::Scene;
use crate::support::World;
use crate::support::server::Server;

/// A register on a server, with CHG-1.
fn filed() -> Option<World> {
    Cluster::shared()?;
    let world = World::founded_on_server();
    world.write("change.toml", crate::support::CHANGE);
    world.ok("erin", "file change.toml");
    Some(world)
}

/// A trigger on the log that a comparison of the schema does not see, because PostgreSQL's own look like it.
fn hidden(when: &str, body: &str) -> String {
    format!(
        "CREATE FUNCTION public.trick() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN {body} END $$;
         CREATE TRIGGER trick {when} ON twinseal.entry FOR EACH ROW EXECUTE FUNCTION public.trick();
         UPDATE pg_trigger SET tgisinternal = true, tgconstraint = 1 WHERE tgname = 'trick'"
    )
}

const UNHIDE: &str = "UPDATE pg_trigger SET tgisinternal = false, tgconstraint = 0 WHERE tgname = 'trick';
    DROP TRIGGER trick ON twinseal.entry; DROP FUNCTION public.trick()";

/// Opens the register that everybody has by its address, as alice.
fn opened(world: &World) -> Session {
    let home = Home { folder: world.path(""), current: world.path(""), ..Home::default() };
    let place = world.place();
    let (shared, _) = store::open(place.as_ref(), Site::Register, &world.path("scratch"), &home).unwrap();
    let (folder, fingerprint) = (world.path("opened"), world.fingerprint().parse().unwrap());
    Session::open(shared, Anchor { folder: &folder, fingerprint, excuse: Excuse::None }, world.now(), &mut |_| {})
        .unwrap()
}

#[test]
fn no_planted_row_freezes_the_log_for_whoever_names_no_register() {
    let Some(world) = filed() else { return };
    let plain = world.server().unwrap().address();
    let named = format!("{plain}?register={}", world.state().id().unwrap().to_string().replace('#', "%23"));
    world.ok("erin", &format!("list --register {plain}"));
    for row in ["Bad Name#00000000000000000000000000000000", "9#00000000000000000000000000000000"] {
        world.tamper(&format!("INSERT INTO entry VALUES ('{row}', 0, '', NULL, NULL)"));
    }
    world.ok("carol", "reject CHG-1 --reason No.");
    for place in [&plain, &named] {
        assert!(world.ok("erin", &format!("list --register {place}")).contains("rejected"), "{place}");
    }
    // So many that the own one is not among them.
    world.tamper("INSERT INTO entry SELECT 'a#' || lpad(n::text, 32, '0'), 0, '' FROM generate_series(1, 30) AS n");
    world.fails("erin", &format!("list --register {plain}"), Exit::Environment, "has several registers");
    world.ok("erin", &format!("list --register {named}"));
}

#[test]
fn no_other_register_at_a_known_address_is_a_first_contact() {
    let Some(world) = filed() else { return };
    let plain = world.server().unwrap().address();
    world.ok("erin", &format!("list --register {plain}"));
    world.tamper("UPDATE entry SET register = replace(register, 'prod#', 'prud#')");
    let other = World::founded_on_server();
    let raw = other.raw(0);
    world.tamper("DELETE FROM entry WHERE seq > 0");
    world.server().unwrap().owner().execute("UPDATE twinseal.entry SET blob = $1", &[&raw.blob]).unwrap();
    let met = world.run_typing("erin", &format!("list --register {plain}"), &["yes"]);
    assert_eq!(met.exit, Exit::Broken, "{}", met.screen);
}

#[test]
fn no_gate_opens_where_the_register_no_longer_is() {
    let Some(world) = filed() else { return };
    for person in ["carol", "dave"] {
        world.approve(person, "CHG-1");
    }
    world.at("2026-12-01T10:00:00Z");
    world.ok("erin", "gate CHG-1");
    let waiting = opened(&world);
    waiting.is_present().unwrap();
    world.ok("alice", &format!("register move {} new.db", world.place()));
    for command in ["gate CHG-1", "freeze check now"] {
        world.fails("erin", command, Exit::Environment, "has moved to ");
    }
    // Whoever waits there finds out too.
    thread::sleep(Duration::from_millis(600));
    assert!(matches!(waiting.is_present(), Err(StoreError::Moved { .. })));
    let fingerprint = world.fingerprint();
    world.ok("erin", &format!("gate CHG-1 --register new.db --fingerprint {fingerprint}"));
    world.ok("alice", "register move new.db newer.db");
    world.fails("erin", "gate CHG-1 --register new.db", Exit::Environment, "has moved to ");
}

#[test]
fn nothing_is_moved_or_recovered_to_a_server_that_does_not_keep_it() {
    let Some(world) = filed() else { return };
    let (server, fingerprint) = (Server::start(), world.fingerprint());
    for body in ["IF NEW.seq = 1 THEN RETURN NULL; END IF; RETURN NEW;", "NEW.text = NULL; RETURN NEW;"] {
        let (from, to) = (world.place(), server.address());
        server.owner().batch_execute(&hidden("BEFORE INSERT", body)).unwrap();
        let go = format!("register move {from} {to}");
        let moved = world.run("alice", &format!("{go} --resume"));
        assert_eq!(moved.exit, Exit::Environment, "{}", moved.screen);
        assert!(moved.err.contains("is not finished") && moved.err.contains("does not keep"), "{}", moved.screen);
        assert_eq!(server.raws().len(), 0);
        server.owner().batch_execute(UNHIDE).unwrap();
    }
    world.ok("alice", &format!("register move {} {} --resume", world.place(), server.address()));
    let there = format!("--register {}", server.address());
    world.ok("erin", &format!("list {there} --fingerprint {fingerprint}"));
    world.ok("erin", &format!("note CHG-1 Later. {there}"));
    world.ok("erin", &format!("backup later.db {there}"));
    server.owner().batch_execute("DELETE FROM twinseal.entry WHERE seq = 3").unwrap();
    server.owner().batch_execute(&hidden("BEFORE INSERT", "RETURN NULL;")).unwrap();
    let recovered = world.run("alice", &format!("recover later.db {there}"));
    assert_eq!(recovered.exit, Exit::Broken, "{}", recovered.screen);
    server.owner().batch_execute(UNHIDE).unwrap();
    world.ok("alice", &format!("recover later.db {there}"));
    assert_eq!(server.raws().len(), 4);
}

#[test]
fn nothing_is_recorded_or_redacted_that_the_server_takes_back() {
    let Some(world) = filed() else { return };
    world.ok("alice", "proposal redact 2 --reason Personal.");
    world.tamper(&hidden("BEFORE UPDATE", "RETURN OLD;"));
    let second = format!("proposal second 1 --digest {}", world.newest_proposal().opened);
    let redacted = world.run("bob", &second);
    assert!(redacted.err.contains("still has the text that was redacted"), "{}", redacted.screen);
    assert_eq!(redacted.exit, Exit::Environment, "{}", redacted.screen);
    for option in ["", " --json"] {
        let rebuilt = world.run("alice", &format!("rebuild{option}"));
        assert_eq!(rebuilt.exit, Exit::Broken, "{}", rebuilt.screen);
        assert!(rebuilt.screen.contains("still has the text that was redacted"), "{}", rebuilt.screen);
        assert!(!rebuilt.screen.contains("redacted again"), "{}", rebuilt.screen);
    }
    assert!(world.findings("audrey").iter().any(|it| it.contains("[redacted]")), "{:?}", world.findings("audrey"));
    world.tamper(UNHIDE);
    assert_eq!(world.ok("alice", "rebuild"), "text of entry 2: redacted again\n");
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
    let newest = world.entries() - 1;
    world.tamper(&hidden("AFTER INSERT", &format!("DELETE FROM twinseal.entry WHERE seq >= {newest}; RETURN NULL;")));
    let noted = world.run("erin", "note CHG-1 Words.");
    assert_eq!(noted.exit, Exit::Broken, "{}", noted.screen);
    assert!(!noted.err.contains("is recorded") && noted.err.contains("does not keep"), "{}", noted.screen);
}

#[test]
fn nobody_finishes_a_move_unasked_who_did_not_set_the_mark() {
    let Some(world) = filed() else { return };
    let writer = world.place().replace("tester@", &format!("{}@", world.server().unwrap().role("writer")));
    world.fails("erin", &format!("register move {writer} new.db"), Exit::Environment, "no right for");
    world.ok("alice", &format!("register move {} new.db", world.place()));
    std::fs::rename(world.path("new.db"), world.path("elsewhere.db")).unwrap();
    let again = format!("register move {} new.db --resume", world.place());
    world.fails("erin", &again, Exit::Invalid, "did not begin the move");
    assert!(!world.path("new.db").exists());
}

#[test]
fn no_register_that_was_not_marked_is_moved_onto_something() {
    let Some(world) = filed() else { return };
    let plain = world.server().unwrap().address();
    for to in [plain.clone(), plain.replace("/w", "%2F/w"), world.place()] {
        let moved = world.run("alice", &format!("register move {} {to} --resume", world.place()));
        assert_ne!(moved.exit, Exit::Done, "{to}: {}", moved.screen);
    }
    world.ok("erin", "note CHG-1 Words.");
    let file = World::filed();
    if file.server().is_none() {
        std::fs::copy(file.path("prod.db"), file.path("copy.db")).unwrap();
        file.ok("erin", "note CHG-1 Later.");
        file.fails("alice", "register move prod.db copy.db --resume", Exit::Environment, "already exists");
        file.ok("erin", "note CHG-1 Words.");
    }
}

#[test]
fn no_entry_that_is_on_its_way_is_left_behind_by_whoever_finishes_a_move() {
    let Some(world) = filed() else { return };
    world.ok("erin", "note CHG-1 'On its way.'");
    let (late, place) = (world.raw(3), world.place());
    world.tamper("DELETE FROM entry WHERE seq = 3");
    let mut session = opened(&world);
    let mut writing = world.server().unwrap().another_owner();
    let mut append = writing.transaction().unwrap();
    let sql = "INSERT INTO twinseal.entry SELECT register, 3, $1, $2, $3 FROM twinseal.entry LIMIT 1";
    append.execute(sql, &[&late.blob, &late.text, &late.data]).unwrap();
    let turn = session.turn(&Writer { account: "alice".to_owned(), patience: Duration::ZERO }).unwrap();
    assert!(session.mark_moved(&turn, world.path("new.db").as_ref()).unwrap());
    drop((turn, session));
    let finished = thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_secs(1));
            append.commit().unwrap();
        });
        world.run_typing("alice", &format!("register move {place} new.db --resume"), &["move", "finish"])
    });
    assert_eq!(finished.exit, Exit::Done, "{}", finished.screen);
    assert!(finished.out.contains("moved 4 entries"), "{}", finished.screen);
}

/// A role of a scene that may move its register.
fn mover(scene: &Scene, cluster: &Cluster) -> String {
    let role = cluster.role(&scene.database, "admin");
    scene.address.replacen("noter@", &format!("{role}@"), 1)
}

#[test]
fn a_mark_whose_answer_is_lost_is_found_and_one_that_nobody_can_ask_for_is_no_failure() {
    let Some(cluster) = Cluster::shared() else { return };
    for (loss, done) in [(Loss::After, true), (Loss::Before, true), (Loss::After, false)] {
        let proxy = Proxy::before(cluster);
        let scene = Scene::founded(cluster, &proxy.host(), "?connect_timeout=1");
        let from = mover(&scene, cluster);
        scene.world.ok("alice", &format!("list --register {from}"));
        proxy.loses(loss);
        if !done {
            proxy.refuses_then();
        }
        let moved = scene.world.run("alice", &format!("register move {from} new.db"));
        assert!(proxy.has_lost(1), "{}", moved.screen);
        if done {
            assert_eq!(moved.exit, Exit::Done, "{loss:?}: {}", moved.screen);
            continue;
        }
        assert_eq!(moved.exit, Exit::Environment, "{}", moved.screen);
        assert!(
            moved.err.contains("is not finished") && !moved.err.contains("nothing was recorded"),
            "{}",
            moved.screen
        );
        proxy.recovers();
        scene.world.fails("erin", "note CHG-1 Words.", Exit::Environment, "has moved to ");
        let words = format!("register move {from} new.db --resume");
        let finished = scene.world.run_typing("alice", &words, &["move", "finish"]);
        assert_eq!(finished.exit, Exit::Done, "{}", finished.screen);
    }
}

#[test]
fn no_register_is_moved_by_a_mark_that_no_standby_confirmed() {
    let Some(first) = primary() else { return };
    let scene = Scene::founded(&first, &format!("127.0.0.1:{}", first.port), "");
    let Pair { primary, standby } = Pair::of(first, free_port());
    let from = mover(&scene, &primary);
    scene.world.ok("alice", &format!("list --register {from}"));
    standby.kill();
    let words = format!("register move {from} new.db");
    let ended = AtomicBool::new(false);
    let moved = thread::scope(|scope| {
        // An administrator who wants to help.
        scope.spawn(|| {
            let mut owner = Pair::owner(&primary);
            while !ended.load(Ordering::Relaxed) {
                let cancel = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
                owner.batch_execute(cancel).unwrap();
                thread::sleep(Duration::from_millis(100));
            }
        });
        let moved = scene.world.run("alice", &words);
        ended.store(true, Ordering::Relaxed);
        moved
    });
    assert_eq!(moved.exit, Exit::Environment, "{}", moved.screen);
    assert!(moved.err.contains("is not finished"), "{}", moved.screen);
    assert!(!scene.world.path("new.db").exists());
}

#[test]
fn nothing_counts_as_recorded_that_only_a_dead_connection_had_committed() {
    let Some(first) = primary() else { return };
    let scene = Scene::founded(&first, &format!("127.0.0.1:{}", first.port), "");
    let Pair { primary, standby } = Pair::of(first, free_port());
    standby.kill();
    let ended = AtomicBool::new(false);
    let noted = thread::scope(|scope| {
        scope.spawn(|| {
            let mut owner = Pair::owner(&primary);
            let mut end = "pg_terminate_backend";
            while !ended.load(Ordering::Relaxed) {
                let sql = format!("SELECT {end}(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
                if !owner.query(&sql, &[]).unwrap().is_empty() {
                    end = "pg_cancel_backend";
                }
                thread::sleep(Duration::from_millis(50));
            }
        });
        let noted = scene.world.run("erin", "note CHG-1 'Confirmed by nobody.'");
        ended.store(true, Ordering::Relaxed);
        noted
    });
    assert_eq!(noted.exit, Exit::Environment, "{}", noted.screen);
    assert!(noted.err.contains(super::scene::UNSURE), "{}", noted.screen);
}

#[test]
fn no_target_that_somebody_filled_otherwise_passes_for_the_moved_register() {
    let Some(world) = filed() else { return };
    let server = Server::start();
    let reader = server.address().replace("tester@", &format!("{}@", server.role("reader")));
    world.fails("alice", &format!("register move {} {reader}", world.place()), Exit::Environment, "is not finished");
    let fill = |text: Option<&[u8]>| {
        for raw in (0..world.entries()).map(|seq| world.raw(seq)) {
            let sql = "INSERT INTO twinseal.entry VALUES ($1, $2, $3, $4, $5)";
            let (id, seq) = (world.state().id().unwrap().to_string(), i64::try_from(raw.seq).unwrap());
            let text = raw.text.as_deref().and(text).or(raw.text.as_deref().filter(|_| text.is_none()));
            server.owner().execute(sql, &[&id, &seq, &raw.blob, &text, &raw.data]).unwrap();
        }
    };
    let go = format!("register move {} {} --resume", world.place(), server.address());
    fill(Some(b"evil"));
    let filled = world.run("alice", &go);
    assert!(filled.exit == Exit::Environment && filled.err.contains("is not finished"), "{}", filled.screen);
    server.owner().batch_execute("DELETE FROM twinseal.entry").unwrap();
    fill(None);
    let garbage =
        "INSERT INTO twinseal.entry SELECT register, seq + 1, 'x' FROM twinseal.entry ORDER BY seq DESC LIMIT 1";
    server.owner().batch_execute(garbage).unwrap();
    let filled = world.run("alice", &go);
    assert!(filled.exit == Exit::Environment && filled.err.contains("is not finished"), "{}", filled.screen);
    server.owner().batch_execute("DELETE FROM twinseal.entry WHERE blob = 'x'").unwrap();
    world.ok("alice", &go);
}

#[test]
fn nothing_passes_for_restored_or_recovered_that_is_changed_at_the_commit() {
    let Some(world) = filed() else { return };
    world.ok("audrey", "backup copy.db");
    let server = Server::start();
    let deferred = |body: &str| {
        format!(
            "CREATE FUNCTION public.trick() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN {body} RETURN NULL;
                END $$;
             CREATE CONSTRAINT TRIGGER trick AFTER INSERT ON twinseal.entry DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION public.trick();
             UPDATE pg_trigger SET tgisinternal = true WHERE tgname = 'trick';
             UPDATE pg_constraint SET conrelid = 0 WHERE conname = 'trick'"
        )
    };
    server.owner().batch_execute(&deferred("UPDATE twinseal.entry SET text = NULL WHERE seq = NEW.seq;")).unwrap();
    let restored = world.run("audrey", &format!("restore copy.db --to {}", server.address()));
    assert_eq!(restored.exit, Exit::Broken, "{}", restored.screen);
    world.tamper("DELETE FROM entry WHERE seq = 2");
    world.tamper(&deferred("DELETE FROM twinseal.entry WHERE seq = NEW.seq;"));
    let recovered = world.run("alice", "recover copy.db");
    assert_eq!(recovered.exit, Exit::Broken, "{}", recovered.screen);
    assert!(recovered.err.contains("does not keep"), "{}", recovered.screen);
}
