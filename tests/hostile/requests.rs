//! Enrolment requests.

use std::fs;

use twinseal::error::Exit;
use twinseal::format::request::Request;

use super::{complains, fails};
use crate::support::{CHANGE, World};

/// A founded register and frank's enrolment request.
pub fn with_request() -> (World, String) {
    let world = World::founded();
    world.person("frank");
    let id = world.named();
    world.ok("frank", &format!("person request frank --register {id} --out frank.request"));
    let request = fs::read_to_string(world.path("frank.request")).unwrap();
    (world, request)
}

#[test]
fn no_malformed_request_is_accepted() {
    let (world, request) = with_request();
    let not = |bad: &[u8], complaint: &str| {
        world.write("bad.request", bad);
        let complaint = format!("bad.request is {complaint}");
        fails(&world, "alice", "person enrol frank=bad.request:approver", Exit::Invalid, &complaint);
    };
    not(b"", "not a valid enrolment request: ");
    not(CHANGE.as_bytes(), "not a valid enrolment request: ");
    not(request.replace('\n', "\r\n").as_bytes(), "not a valid enrolment request: forbidden character '\\r'");
    not(&request.as_bytes()[..request.len() / 2], "not a valid enrolment request: ");
    not(request.replace("person frank", "person f\u{1b}").as_bytes(), "not a valid enrolment request: forbidden");
    not(format!("{request}name A\u{202e}B\n").as_bytes(), "not a valid enrolment request: forbidden");
    not(
        format!("{request}name {}\n", "x".repeat(201)).as_bytes(),
        "not a valid enrolment request: line 10, 'name': 201",
    );
    not(format!("{request}more\n").as_bytes(), "not a valid enrolment request: line 10: unexpected line");
    not(&[0xff; 100], "not UTF-8: invalid bytes on line 1");
    not(&vec![b'x'; 10_000_000], "larger than the limit of 1048576 bytes");
    // Another person's id with frank's signature.
    world.write("bad.request", request.replace("person frank", "person grace"));
    let complaint =
        "bad.request is not a valid enrolment request: the key to be enrolled for grace did not sign the request";
    fails(&world, "alice", "person enrol grace=bad.request:approver", Exit::Invalid, complaint);
    for (command, complaint) in [
        ("grace=frank.request:approver", "is a request by frank, not by grace"),
        ("frank=frank.request:king", "\"king\": not a role: use admin, engineer, approver or auditor"),
        ("frank=frank.request:", "\"\": not a role"),
        ("frank=frank.request", "does not have the form NAME=REQUEST-FILE:ROLE,ROLE"),
        ("frank", "does not have the form NAME=REQUEST-FILE:ROLE,ROLE"),
        ("=:", "\"\": not a person"),
        ("frank=nosuch:approver", "cannot read nosuch: "),
        ("frank=people:approver", "cannot read people: "),
    ] {
        complains(&world, "alice", &["person", "enrol", command], Exit::Invalid, complaint);
    }
}

#[test]
fn no_request_for_another_register_is_accepted() {
    let (world, _) = with_request();
    let other = "prod#00112233445566778899aabbccddeeff";
    world.ok(
        "frank",
        &format!("person request frank --register {other} --fingerprint {} --out other.request", world.fingerprint()),
    );
    let complaint = format!("other.request is a request for {other}, not for prod#");
    fails(&world, "alice", "person enrol frank=other.request:approver", Exit::Invalid, &complaint);
    // A founding request has only the register's name, so it would fit every register of that name.
    world.ok("frank", "person request frank --register prod --out founder.request");
    let complaint = "founder.request is a request for prod, not for prod#";
    fails(&world, "alice", "person enrol frank=founder.request:approver", Exit::Invalid, complaint);
    let init = "init --name test --register test.db --member frank=founder.request:admin";
    fails(&world, "frank", init, Exit::Invalid, "is a request for prod, not for test");
    assert!(!world.path("test.db").exists());
}

#[test]
fn every_flipped_bit_of_a_request_is_found() {
    let (_, request) = with_request();
    assert!(Request::read(request.as_bytes()).is_ok());
    for at in 0..request.len() {
        for bit in 0..8 {
            let mut flipped = request.clone().into_bytes();
            flipped[at] ^= 1 << bit;
            assert!(Request::read(&flipped).is_err(), "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn no_request_of_one_account_enrols_another() {
    let (world, _) = with_request();
    let complaint = "frank.request is a request by frank, not by ";
    for command in [
        "person enrol robot=frank.request:engineer",
        "person machine robot=frank.request --operator dave --role engineer",
    ] {
        fails(&world, "alice", command, Exit::Invalid, &format!("{complaint}robot"));
    }
    world.ok("frank", "person request frank --register test --out founder.request");
    let init = "init --name test --register test.db --member bob=founder.request:admin";
    fails(&world, "frank", init, Exit::Invalid, "founder.request is a request by frank, not by bob");
}
