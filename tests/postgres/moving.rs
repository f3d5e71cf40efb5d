//! A register moves between a file and a server: the entries as they were signed, and never two places to record in.

use std::time::Duration;

use twinseal::error::Exit;
use twinseal::store::{Anchor, Excuse, Session, Writer};

use crate::interrupt::typed;
use crate::support::World;
use crate::support::server::Server;

/// A register in a file, with CHG-1, and a server to move to; `None` without PostgreSQL.
fn beside_a_server() -> Option<(World, Server)> {
    super::cluster::Cluster::shared()?;
    let world = World::filed();
    assert!(world.server().is_none(), "this is about a file");
    Some((world, Server::start()))
}

/// What an interrupted move leaves: the mark, and nothing at the new place.
fn mark(world: &World, to: &str) {
    let (shared, _) = crate::support::log::open_file(&world.path("prod.db"), &world.path("scratch"));
    let (folder, fingerprint) = (world.path("marker"), world.fingerprint().parse().unwrap());
    let anchor = Anchor { folder: &folder, fingerprint, excuse: Excuse::None };
    let mut session = Session::open(shared, anchor, world.now(), &mut |_| {}).unwrap();
    let turn = session.turn(&Writer { account: "alice".to_owned(), patience: Duration::ZERO }).unwrap();
    assert!(session.mark_moved(&turn, to.as_ref()).unwrap());
}

#[test]
fn nothing_is_recorded_at_the_old_place_and_everything_is_at_the_new_one() {
    let Some((world, server)) = beside_a_server() else { return };
    let (address, fingerprint) = (server.address(), world.fingerprint());
    world.ok("alice", &format!("register move prod.db {address}"));
    assert_eq!(
        (0..3).map(|seq| server.raw(seq)).collect::<Vec<_>>(),
        (0..3).map(|seq| world.raw(seq)).collect::<Vec<_>>()
    );
    world.fails("erin", "note CHG-1 Words.", Exit::Environment, "has moved to postgres://");
    let old = world.run("audrey", "verify");
    assert!(
        old.exit == Exit::Done && old.err.contains("warning: this register has moved to postgres://"),
        "{}",
        old.screen
    );
    // Nothing of the account that moved it.
    assert!(!old.err.contains("tester@"), "{}", old.screen);
    // The mark leads nobody anywhere.
    assert_eq!(server.raws().len(), 3);
    let new = format!("--register {address}");
    world.fails("erin", &format!("note CHG-1 Words. {new}"), Exit::Environment, "is a copy");
    world.ok("erin", &format!("list {new} --fingerprint {fingerprint}"));
    world.ok("erin", &format!("note CHG-1 Words. {new}"));
    assert_eq!(server.raws().len(), 4);
    world.ok("alice", &format!("register move {address} back.db"));
    world.fails("erin", &format!("note CHG-1 More. {new}"), Exit::Environment, "has moved to ");
    world.ok("erin", &format!("list --register back.db --fingerprint {fingerprint}"));
    world.ok("erin", "note CHG-1 More. --register back.db");
    assert!(world.ok("audrey", "verify --register back.db").contains("entries       5"));
}

#[test]
fn an_interrupted_move_is_finished_and_goes_nowhere_else() {
    let Some((world, server)) = beside_a_server() else { return };
    let address = server.address();
    let id = world.state().id().unwrap().to_string().replace('#', "%23");
    mark(&world, &format!("{address}?register={id}"));
    let go = format!("register move prod.db {address}");
    world.fails("erin", "note CHG-1 Words.", Exit::Environment, "has moved");
    world.fails("alice", &go, Exit::Environment, "has moved to postgres://");
    world.fails("alice", "register move prod.db other.db --resume", Exit::Environment, "has moved to postgres://");
    assert!(!world.path("other.db").exists());
    // Another account began it, and only a person can know whether it was finished.
    world.fails("alice", &format!("{go} --resume"), Exit::Invalid, "did not begin the move");
    let finished = world.run_typing("alice", &format!("{go} --resume"), &["move", "finish"]);
    assert_eq!(finished.exit, Exit::Done, "{}", finished.screen);
    assert_eq!(server.raws().len(), 3);
    world.ok("alice", &format!("note CHG-1 Words. --register {address}"));
    // Once more, by somebody who does not know that others have recorded there since.
    world.fails("bob", &format!("{go} --resume"), Exit::Invalid, "did not begin the move");
    let again = world.run_typing("bob", &format!("{go} --resume"), &["move", "finish"]);
    assert_eq!(again.exit, Exit::Done, "{}", again.screen);
    assert_eq!(server.raws().len(), 4);
}

#[test]
fn who_began_a_move_finishes_it_and_a_register_does_not_return_to_a_marked_place() {
    let Some((world, server)) = beside_a_server() else { return };
    let reader = server.address().replace("tester@", &format!("{}@", server.role("reader")));
    world.fails("alice", &format!("register move prod.db {reader}"), Exit::Environment, "is not finished");
    world.fails("erin", "note CHG-1 Words.", Exit::Environment, "has moved");
    let address = server.address();
    // The same place, whoever connects.
    let finished = world.run_typing("alice", &format!("register move prod.db {address} --resume"), &["move", "finish"]);
    assert_eq!(finished.exit, Exit::Done, "{}", finished.screen);
    world.ok("alice", &format!("register move {address} back.db"));
    world.fails("alice", &format!("register move back.db {address}"), Exit::Environment, "already exists");
    server.owner().batch_execute("DELETE FROM twinseal.entry").unwrap();
    world.fails("alice", &format!("register move back.db {address}"), Exit::Environment, "has moved to ");
    world.ok("alice", "note CHG-1 Words. --register back.db");
}

#[test]
fn no_register_moves_onto_another_one() {
    let Some((world, server)) = beside_a_server() else { return };
    let address = server.address();
    world.ok("alice", &format!("register move prod.db {address}"));
    let second = World::filed();
    // Other keys, and the id that the seed of every test gives.
    assert_eq!(second.state().id(), world.state().id());
    second.fails("alice", &format!("register move prod.db {address}"), Exit::Environment, "already exists");
    second.ok("erin", "note CHG-1 Words.");
    second.fails("alice", "register move prod.db prod.db", Exit::Environment, "is the register itself");
}

#[test]
fn no_register_moves_to_an_address_that_names_another_one() {
    let Some((world, server)) = beside_a_server() else { return };
    let address = server.address();
    for named in ["other", &format!("prod%23{}", "0".repeat(32))] {
        for option in ["", " --resume"] {
            let go = format!("register move prod.db {address}?register={named}{option}");
            world.fails("alice", &go, Exit::Invalid, "register names another register");
            assert!(world.run("alice", &go).err.contains("hint: leave register= out"));
        }
    }
    assert_eq!(server.raws().len(), 0);
    world.ok("erin", "note CHG-1 Words.");
    // Its own name is no other register.
    world.ok("alice", &format!("register move prod.db {address}?register=prod"));
    assert_eq!(server.raws().len(), 4);
}

/// Nothing of a move is anywhere: everybody records at the old place, and nothing is at the new one.
fn is_not_moved(world: &World, server: &Server) {
    world.ok("erin", "note CHG-1 Words.");
    assert_eq!(server.raws().len(), 0);
    let left: Vec<_> = std::fs::read_dir(world.path("")).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert!(left.iter().all(|it| !it.to_string_lossy().contains("new.db")), "{left:?}");
}

#[test]
fn a_move_that_nobody_confirms_leaves_nothing_anywhere() {
    let Some((world, server)) = beside_a_server() else { return };
    world.at_real_time();
    for to in [&server.address(), "new.db"] {
        for typed in [&[""][..], &["no", "n", "No"], &["yes", "prod", ""]] {
            let refused = world.run_typing("alice", &format!("register move prod.db {to}"), typed);
            assert_eq!(refused.exit, Exit::Refused, "{}", refused.screen);
            is_not_moved(&world, &server);
        }
        // Ctrl-C, and Ctrl-D, which is the end of the input.
        for (key, said) in [('c', "interrupted; nothing was recorded"), ('d', "not confirmed")] {
            let mut session = typed(&world, "alice", &format!("exec twinseal register move prod.db '{to}'"));
            session.exp_string("nobody records at the old place: ").unwrap();
            session.send_control(key).unwrap();
            let rest = session.exp_eof().unwrap();
            assert!(rest.contains(said), "{rest}");
            is_not_moved(&world, &server);
        }
    }
    let moved = world.run_typing("alice", "register move prod.db new.db", &["move"]);
    assert_eq!(moved.exit, Exit::Done, "{}", moved.screen);
    std::fs::rename(world.path("new.db"), world.path("elsewhere.db")).unwrap();
    let refused = world.run_typing("alice", "register move prod.db new.db --resume", &["no"]);
    assert_eq!(refused.exit, Exit::Refused, "{}", refused.screen);
    assert!(!world.path("new.db").exists());
}
