//! Rules about the periods of grants, and proposals that change several people's grants.

use super::effective_time::act;
use super::grants::{granted, set_all_grants, since};
use super::prelude::*;

/// Carol as approver in these periods alone.
fn approving(periods: &[(&str, &str)]) -> Grants {
    granted(Role::Approver, periods)
}

/// The body of the entry in which alice proposes these grants for carol and dave, without any check of the grammar.
fn signed(world: &World, edit: impl Fn(&str) -> String) -> Result<Raw, Defect> {
    let event = set_all_grants(
        world,
        &[("carol", approving(&[("", "2027-01-01T00:00:00Z")])), ("dave", approving(&[("", "2027-06-01T00:00:00Z")]))],
    );
    let body = edit(&body::write(&world.header("alice", &event), &event));
    let signature = world.signer("alice").sign("twinseal/person.roles/v1", body.as_bytes()).unwrap();
    let blob = format!("{body}\nsig {}\n", data_encoding::BASE64.encode(&signature)).into_bytes();
    let raw = Raw { seq: world.entries(), blob, text: None, data: None };
    entry::open(&raw).map(|_| raw)
}

#[test]
fn a_grant_does_not_work_before_its_beginning() {
    let world = World::approved();
    world.ok("alice", "person revoke-role dave approver --until 2026-12-01T11:00:00Z");
    let grants = approving(&[("2026-12-01T11:00:00Z", "2026-12-01T11:30:00Z")]);
    world.ok("alice", "proposal withdraw 1");
    world.record_all("alice", [set_all_grants(&world, &[("dave", grants)])]);
    second(&world, "bob", "2");
    // The approval was given earlier, with a grant that dave no longer has.
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
    forbidden(&world, "dave", approve(&world), None, "role");
    world.at("2026-12-01T10:59:59Z");
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
    world.at("2026-12-01T11:00:00Z");
    accepted(&world, "erin", start(&world), None);
    accepted(&world, "dave", approve(&world), None);
    world.at("2026-12-01T11:30:00Z");
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
}

#[test]
fn a_grant_works_in_each_of_its_periods_and_not_between_them() {
    let world = World::filed();
    world.ok("alice", "person revoke-role erin approver");
    second(&world, "bob", "1");
    for (from, until) in [("09:10", "09:20"), ("09:40", "09:50")] {
        world.ok(
            "alice",
            &format!("person grant audrey --group x --from 2026-12-01T{from}:00Z --until 2026-12-01T{until}:00Z"),
        );
    }
    let week = [("2026-12-01T09:10:00Z", "2026-12-01T09:20:00Z"), ("2026-12-01T09:40:00Z", "2026-12-01T09:50:00Z")];
    world.record_all("alice", [set_all_grants(&world, &[("dave", approving(&week))])]);
    second(&world, "bob", "4");
    for (minute, allowed) in [("05", false), ("10", true), ("19", true), ("20", false), ("39", false), ("40", true)] {
        world.at(&format!("2026-12-01T09:{minute}:00Z"));
        match allowed {
            true => accepted(&world, "dave", approve(&world), None),
            false => forbidden(&world, "dave", approve(&world), None, "role"),
        }
    }
}

#[test]
fn a_period_begins_as_it_is_claimed_and_ends_at_effective_time() {
    let world = World::filed();
    let hour = approving(&[("2026-12-01T10:00:00Z", "2026-12-01T10:30:00Z")]);
    world.record_all("alice", [set_all_grants(&world, &[("dave", hour)])]);
    second(&world, "bob", "1");
    // A clock that runs ahead begins a period early.
    world.at("2026-12-01T10:10:00Z");
    accepted(&world, "dave", approve(&world), None);
    act(&world, &["alice", "bob", "carol"], "2026-12-01T11:00:00Z");
    // Most others have claimed a time after its end; neither the claim nor a clock set back helps.
    for time in ["2026-12-01T10:10:00Z", "2026-12-01T09:50:00Z"] {
        world.at(time);
        forbidden(&world, "dave", approve(&world), None, "role");
    }
}

#[test]
fn no_period_that_has_ended_is_granted() {
    let world = World::founded();
    world.at("2026-12-01T12:00:00Z");
    let past = [("2026-12-01T10:00:00Z", "2026-12-01T12:00:00Z"), ("2026-12-02T10:00:00Z", "2026-12-03T10:00:00Z")];
    forbidden(&world, "alice", set_all_grants(&world, &[("carol", approving(&past))]), None, "grant-not-ended");
    let ahead = [("", "2026-12-01T12:00:01Z"), ("2026-12-02T10:00:00Z", "")];
    accepted(&world, "alice", set_all_grants(&world, &[("carol", approving(&ahead))]), None);
}

#[test]
fn an_admin_who_begins_later_is_no_permanent_admin() {
    let world = World::founded();
    let later = granted(Role::Admin, &[("2026-12-02T00:00:00Z", "")]);
    forbidden(&world, "alice", set_all_grants(&world, &[("bob", later)]), None, "two-admins");
}

#[test]
fn no_periods_that_overlap_touch_or_are_out_of_order_are_read() {
    let world = World::founded();
    let role = "role approver - 2027-01-01T00:00:00Z\n";
    assert!(signed(&world, |body| body.replace("\nperson dave", "\nperson eve")).is_ok(), "an edit alone is no defect");
    for (periods, rule) in [
        ("role approver - 2027-01-01T00:00:00Z\nrole approver 2027-01-01T00:00:00Z -\n", "grammar"),
        ("role approver - 2027-01-01T00:00:00Z\nrole approver 2026-12-05T00:00:00Z -\n", "grammar"),
        ("role approver\nrole approver\n", "grammar"),
        ("role approver 2027-01-01T00:00:00Z 2027-01-01T00:00:00Z\n", "grammar"),
        ("role approver 2027-01-01T00:00:00Z\n", "grammar"),
        ("role approver - -\n", "canonical"),
        ("role approver 2027-01-02T00:00:00Z -\nrole approver - 2027-01-01T00:00:00Z\n", "canonical"),
    ] {
        let found = signed(&world, |body| body.replacen(role, periods, 1));
        assert_eq!(found.map(|_| ()).map_err(|defect| defect.rule()), Err(rule), "{periods}");
    }
    let swapped = |body: &str| body.replace("person carol", "person x").replace("person dave", "person carol");
    assert_eq!(
        signed(&world, swapped).map_err(|defect| defect.rule()).map(|_| ()),
        Err("canonical"),
        "people unsorted"
    );
    let twice = |body: &str| body.replace("person dave", "person carol");
    assert_eq!(signed(&world, twice).map_err(|defect| defect.rule()).map(|_| ()), Err("canonical"), "one person twice");
}

#[test]
fn one_rota_changes_several_people_or_nobody() {
    let world = World::founded();
    world.write(
        "december.csv",
        "person,grant,from,until\n\
         carol,group duty,2026-12-01T09:00+00:00,2026-12-08T09:00+00:00\n\
         dave,group duty,2026-12-08T09:00+00:00,2026-12-15T09:00+00:00\n\
         carol,group duty,2026-12-15T09:00+00:00,2026-12-22T09:00+00:00\n\
         dave,engineer,,2026-12-22T09:00+00:00\n",
    );
    world.ok("alice", "person rota december.csv --reason 'On duty in December.'");
    let shown = world.ok("bob", "proposal show 1");
    let carol = "then: approver; group duty from 2026-12-01T09:00:00Z until 2026-12-08T09:00:00Z, \
                 duty from 2026-12-15T09:00:00Z until 2026-12-22T09:00:00Z";
    assert!(shown.contains("grants of carol") && shown.contains(carol), "{shown}");
    assert!(shown.contains("grants of dave") && shown.contains("now:  approver"), "{shown}");
    // What it replaces is named for each person: a change of one of them makes the whole proposal stale.
    world.ok("alice", "person grant dave --group dba");
    second(&world, "bob", "2");
    forbidden(&world, "bob", Event::Second(proposal(&world, "1")), None, "proposal-not-stale");
    // Nobody is sent to second it, and every report says why.
    assert!(!world.ok("bob", "inbox").contains("proposal 1 "), "{}", world.ok("bob", "inbox"));
    for command in ["proposal list", "proposal show 1"] {
        let shown = world.ok("carol", command);
        assert!(shown.contains("cannot be seconded"), "{command}\n{shown}");
    }
    assert!(world.ok("carol", "--json proposal show 1").contains("\"state\":\"stale\""));
    assert!(!world.ok("bob", "person show carol").contains("duty"));
    world.ok("alice", "person rota december.csv");
    second(&world, "bob", "3");
    assert!(world.ok("bob", "person show carol").contains("duty from 2026-12-15T09:00:00Z"));
    let dave = world.ok("bob", "person show dave");
    assert!(dave.contains("engineer until 2026-12-22T09:00:00Z") && dave.contains("dba, duty from"), "{dave}");
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

#[test]
fn every_fault_of_a_rota_is_reported_and_nothing_recorded() {
    let world = World::founded();
    world.write("bad.csv", "person,grant,from,until\ncarol,king,,\nmallory,approver,soon,\n");
    let output = world.run("alice", "person rota bad.csv");
    assert_eq!(output.exit, Exit::Invalid, "{}", output.screen);
    for fault in ["bad.csv:2: grant: not a role", "bad.csv:3: from: not a time"] {
        assert!(output.err.contains(fault), "{fault} is not in\n{}", output.screen);
    }
    world.write("bad.csv", "person,grant,from,until\nmallory,approver,,\n");
    world.fails("alice", "person rota bad.csv", Exit::Invalid, "no person mallory");
    world.write("bad.csv", "person,grant,from,until\n");
    world.fails("alice", "person rota bad.csv", Exit::Invalid, "required, but missing or empty");
}

#[test]
fn nobody_seconds_a_rota_that_names_them() {
    let world = World::founded();
    world.ok("alice", "person grant erin admin");
    second(&world, "bob", "1");
    let grants = Grants::of([Role::Approver]);
    let mut bob = Grants::of([Role::Admin]);
    bob.add(&approving(&[("", "2027-01-01T00:00:00Z")]));
    let mut carol = grants.clone();
    carol.add(&Grants::of([Role::Engineer]));
    world.record_all("alice", [set_all_grants(&world, &[("bob", bob), ("carol", carol)])]);
    forbidden(&world, "bob", Event::Second(proposal(&world, "2")), None, "proposal-subject");
    accepted(&world, "erin", Event::Second(proposal(&world, "2")), None);
}

#[test]
fn every_person_in_a_proposal_is_judged() {
    let world = World::founded();
    let engineer = || Grants::of([Role::Engineer]);
    let with = |person: &'static str, grants: Grants| set_all_grants(&world, &[("dave", engineer()), (person, grants)]);
    forbidden(&world, "alice", with("erin", Grants::of([Role::Auditor, Role::Admin])), None, "auditor-only");
    forbidden(&world, "alice", with("erin", Grants::default()), None, "role-required");
    forbidden(&world, "alice", with("erin", Grants::of([Role::Engineer, Role::Approver])), None, "proposal-has-effect");
    let machine = Grants { operators: people(&["carol"]), ..engineer() };
    forbidden(&world, "alice", with("erin", machine), None, "account-type-fixed");
    forbidden(&world, "alice", with("bob", engineer()), None, "two-admins");
    // One admin for another in one proposal leaves two.
    let swap = set_all_grants(&world, &[("bob", engineer()), ("erin", Grants::of([Role::Admin]))]);
    accepted(&world, "alice", swap, None);
    let both = set_all_grants(&world, &[("alice", engineer()), ("bob", engineer())]);
    forbidden(&world, "alice", both, None, "two-admins");
    let nobody = NewGrants::new(since(&world, "dave"), engineer());
    let event = propose(&world, Action::Roles([("mallory".parse().unwrap(), nobody)].into()));
    forbidden(&world, "alice", event, None, "enrolled");
}

#[test]
fn a_period_is_added_and_taken_away() {
    let world = World::founded();
    let grant = |period: &str| world.ok("alice", &format!("person grant erin --group duty {period}"));
    grant("--from 2026-12-07T09:00:00Z --until 2026-12-14T09:00:00Z");
    second(&world, "bob", "1");
    grant("--from 2026-12-14T09:00:00Z --until 2026-12-21T09:00:00Z");
    second(&world, "bob", "2");
    let shows = |what: &str| {
        let shown = world.ok("bob", "person show erin");
        assert!(shown.contains(what), "{what} is not in\n{shown}");
    };
    shows("group duty from 2026-12-07T09:00:00Z until 2026-12-21T09:00:00Z");
    let inside = "person grant erin --group duty --from 2026-12-08T09:00:00Z --until 2026-12-09T09:00:00Z";
    world.fails("alice", inside, Exit::Refused, "the proposal would change nothing");
    world.ok("alice", "person revoke-role erin --group duty --from 2026-12-10T09:00:00Z --until 2026-12-11T09:00:00Z");
    second(&world, "bob", "3");
    shows(
        "duty from 2026-12-07T09:00:00Z until 2026-12-10T09:00:00Z, duty from 2026-12-11T09:00:00Z until 2026-12-21T",
    );
    let outside = "person revoke-role erin --group duty --from 2027-01-01T09:00:00Z";
    world.fails("alice", outside, Exit::Invalid, "erin does not have group duty");
    world.at("2026-12-12T09:00:00Z");
    world.ok("alice", "person revoke-role erin --group duty");
    second(&world, "bob", "4");
    assert!(!world.ok("bob", "person show erin").contains("duty"));
    let operated = "person grant erin --operator dave --until 2027-01-01T09:00:00Z";
    world.fails("alice", operated, Exit::Invalid, "operators have no period");
    let backwards = "person grant erin engineer --from 2027-01-02T09:00:00Z --until 2027-01-01T09:00:00Z";
    world.fails("alice", backwards, Exit::Invalid, "the period ends before it begins");
}
