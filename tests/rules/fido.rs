//! What a policy asks of the keys that approve: `keys = "touch"` and `keys = "pin"` in a requirement.

use twinseal::domain::Event;
use twinseal::error::Exit;

use crate::rules::{enact, forbidden, grant};
use crate::support::token::{Token, UP, UV};
use crate::support::{CHANGE, World};

/// A register with CHG-1 of high risk, and frank and grace, approvers with tokens, under this requirement.
fn under(requirement: &str) -> (World, [Token; 2]) {
    let world = World::filed();
    let tokens = [Token::new(1), Token::new(2)];
    world.enrol_token("frank", &tokens[0], "");
    world.enrol_token("grace", &tokens[1], "");
    enact(&world, &format!("approvals = 2\napproval_days = 14\n[[require]]\nname = 'tokens'\n{requirement}\n"));
    (world, tokens)
}

fn approve(world: &World) -> String {
    format!("approve CHG-1 --revision {}", world.revision("CHG-1").filed)
}

#[test]
fn a_plain_key_does_not_approve_where_the_policy_asks_for_a_fido_key() {
    for (need, asked) in [("touch", "a FIDO key that is touched"), ("pin", "a FIDO key and its PIN")] {
        let (world, tokens) = under(&format!("when.risk = ['high']\nkeys = '{need}'"));
        let output = world.run("carol", &approve(&world));
        assert_eq!(output.exit, Exit::Refused, "{}", output.screen);
        let said = format!("the policy requires approvals of CHG-1 to be signed with {asked}");
        assert!(output.err.contains(&said), "{}", output.screen);
        assert!(output.err.contains("(recorded as entry "), "{}", output.screen);
        forbidden(&world, "carol", Event::Approve(world.revision("CHG-1")), None, "approver-key");
        tokens.iter().for_each(|token| token.says(UP | UV, 1));
        ["frank", "grace"].iter().for_each(|person| world.approve(person, "CHG-1"));
        world.at("2026-12-01T10:00:00Z");
        world.ok("erin", "start CHG-1");
        assert_eq!(world.findings("audrey"), Vec::<String>::new());
    }
}

#[test]
fn a_touch_without_a_pin_does_not_approve_where_the_policy_asks_for_a_pin() {
    let (world, [token, _]) = under("keys = 'pin'");
    let entries = world.entries();
    token.says(UP, 1);
    world.fails("frank", &approve(&world), Exit::Refused, "to be signed with a FIDO key and its PIN");
    assert_eq!(world.entries(), entries);
    let seq = world.force_by_token("frank", &token, &Event::Approve(world.revision("CHG-1")), None);
    let findings = world.findings("audrey");
    assert!(findings.len() == 1 && findings[0].starts_with(&format!("entry {seq}: [approver-key]")), "{findings:?}");
    world.tamper(&format!("DELETE FROM entry WHERE seq = {seq}"));
    token.says(UP | UV, 1);
    world.approve("frank", "CHG-1");
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

#[test]
fn a_touch_is_enough_where_the_policy_asks_for_a_touch() {
    let (world, [token, _]) = under("keys = 'touch'");
    token.says(UP, 1);
    world.approve("frank", "CHG-1");
    assert_eq!(world.change("CHG-1").approvals().count(), 1);
}

#[test]
fn a_change_to_which_the_requirement_does_not_apply_is_approved_with_any_key() {
    let (world, _) = under("when.risk = ['low']\nkeys = 'pin'");
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.at("2026-12-01T10:00:00Z");
    world.ok("erin", "start CHG-1");
}

#[test]
fn a_requirement_with_groups_asks_it_of_their_members_alone() {
    let world = World::filed();
    let token = Token::new(1);
    world.enrol_token("frank", &token, "");
    grant(&world, "frank", "approver --group dba");
    grant(&world, "carol", "approver --group dba");
    enact(
        &world,
        "approvals = 2\napproval_days = 14\n[[require]]\nname = 'dba'\nfrom = [{ group = 'dba', count = 1 }]\nkeys = 'touch'\n",
    );
    forbidden(&world, "carol", Event::Approve(world.revision("CHG-1")), None, "approver-key");
    ["frank", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.at("2026-12-01T10:00:00Z");
    world.ok("erin", "start CHG-1");
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

#[test]
fn approvals_that_a_later_policy_would_refuse_do_not_count_at_the_start() {
    let world = World::filed();
    let tokens = [Token::new(1), Token::new(2)];
    world.enrol_token("frank", &tokens[0], "");
    world.enrol_token("grace", &tokens[1], "");
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    enact(&world, "approvals = 2\napproval_days = 14\n[[require]]\nname = 'tokens'\nkeys = 'touch'\n");
    world.at("2026-12-01T10:00:00Z");
    world.fails("erin", "start CHG-1", Exit::Refused, "CHG-1 has 0 of 2 approvals");
    let shown = world.ok("erin", "show CHG-1");
    assert!(shown.contains("not signed with a FIDO key that is touched"), "{shown}");
    let json: serde_json::Value = world.ok("erin", "--json show CHG-1").parse().unwrap();
    assert_eq!(json["votes"][0]["void"], "approver-key", "{json:#}");
    ["frank", "grace"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.ok("erin", "start CHG-1");
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

#[test]
fn a_detached_approval_by_the_wrong_kind_of_key_is_refused_when_it_is_submitted() {
    let (world, [token, _]) = under("keys = 'pin'");
    // Nobody is asked to sign what would be refused.
    let detached = "approve CHG-1 --detached carol.approval --for carol";
    world.fails("erin", detached, Exit::Refused, "to be signed with a FIDO key and its PIN");
    world.ok("erin", "approve CHG-1 --detached frank.approval --for frank");
    token.says(UP, 1);
    world.ok("frank", &format!("approve --sign frank.approval --digest {}", world.statement("frank.approval")));
    world.fails("erin", "approve --submit frank.approval", Exit::Refused, "to be signed with a FIDO key and its PIN");
    std::fs::remove_file(world.path("frank.approval.sig")).unwrap();
    token.says(UP | UV, 2);
    world.ok("frank", &format!("approve --sign frank.approval --digest {}", world.statement("frank.approval")));
    world.ok("erin", "approve --submit frank.approval");
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

#[test]
fn the_policy_and_the_people_who_could_approve_are_shown() {
    let (world, _) = under("when.risk = ['high']\nkeys = 'pin'");
    let shown = world.ok("carol", "policy show");
    assert!(shown.contains("Changes of high risk must be approved with a FIDO key and its PIN (tokens)."), "{shown}");
    let json: serde_json::Value = world.ok("carol", "--json policy show").parse().unwrap();
    assert_eq!(json["policy"]["require"][0]["keys"], "pin", "{json:#}");
    world.write("wrong.toml", "approvals = 2\napproval_days = 14\n[[require]]\nname = 'x'\nkeys = 'tap'\n");
    world.fails("alice", "policy propose wrong.toml", Exit::Invalid, "use touch or pin");
}

#[test]
fn a_policy_that_too_few_keys_can_meet_is_warned_of_and_stops_drafts() {
    let (world, _) = under("when.risk = ['high']\nkeys = 'pin'");
    let capacity: serde_json::Value = world.ok("alice", "--json policy explain --capacity").parse().unwrap();
    let lines = capacity["capacity"].as_array().unwrap_or_else(|| panic!("{capacity:#}"));
    let able = |name: &str| &lines.iter().find(|it| it["requirement"] == name).unwrap()["able"];
    assert_eq!(*able("tokens"), serde_json::json!(["frank", "grace"]));
    assert_eq!(*able("every change"), serde_json::json!(["carol", "dave", "frank", "grace"]));
    // One of the two tokens is lost.
    let key = Token::new(2).public().fingerprint();
    world.ok("alice", &format!("key suspend {key} --reason Lost."));
    world.write("again.toml", CHANGE);
    let output = world.run("erin", "file again.toml --again");
    assert_eq!(output.exit, Exit::Invalid, "{}", output.screen);
    assert!(output.err.contains("only frank"), "{}", output.screen);
    let policy = "approvals = 2\napproval_days = 14\n[[require]]\nname = 'all'\nkeys = 'touch'\n";
    world.write("policy.toml", policy);
    let output = world.run("alice", "policy propose policy.toml");
    assert!(output.err.contains("warning: too few approvers for this policy (all needs 2)"), "{}", output.screen);
}
