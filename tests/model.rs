//! The model test: a small model of the rules, written from the rules and not from the code, held against the register
//! in random histories of people, machines, keys, verbs, revisions, proposals, suspensions, policies, redactions and
//! clocks.
//!
//! The model is a list of what was accepted. It answers every question by reading through that list again, and keeps no
//! state of its own that could go wrong in the same way as the register's. After each entry that is drawn, right or
//! wrong, the register and the model must give the same verdict, and `safety` asks, by a third way, that nothing can be
//! started with fewer than two distinct eligible people's approvals of the current revision by live keys, and that
//! nobody has approved what they touched. What the register accepts, the judge of an evidence pack accepts too. In one history in fifty every entry also goes through a file, and with
//! `TWINSEAL_ON=postgres` in each through a server: at its end
//! `verify` finds nothing, the tables are what the log says, `rebuild` changes nothing, and redacted texts are gone.
//!
//! `TWINSEAL_HISTORIES` says how many histories (1,000 if nothing is said; the gate tries 300), `TWINSEAL_SEED`
//! which is the first. A failure prints both, and the history.
//!
//! Each of these rules was broken on purpose, so that the register accepted what only that rule refuses; this test
//! failed each time, within 600 histories:
//!
//! account-type-fixed, artifact-approved, artifact-match, artifact-once, artifact-required, auditor-only,
//! author-enrolled, breakglass-ahead, breakglass-close-known, breakglass-close-once, breakglass-close-open,
//! breakglass-closed, breakglass-deadline, breakglass-entered-once, breakglass-group, breakglass-known,
//! breakglass-number, breakglass-part, breakglass-register, breakglass-report, breakglass-undecided,
//! breakglass-word-ahead, change-known, change-number, conflict-of-interest, current-revision, derived-outcome,
//! enough-approvals, enrolled, enrolled-once, exception-allowed, field-required, finish-once, follows-known,
//! follows-succeeded, format, founder-is-admin, founding, freeze-end-own, freeze-known, freeze-now-again,
//! freeze-now-by, freeze-now-limit, freeze-now-once, freeze-now-total, frozen, grant-not-ended, group-approvals,
//! implementer, implementer-or-owner, implementers-required, in-window, key-known, key-live,
//! key-once, key-suspended, lead-time, longest-window, machine-operator, machine-role, note-required,
//! operator-active, own-approval, own-key, participant-enrolled, participant-not-auditor, policy-field,
//! proposal-ahead, proposal-by-two, proposal-has-effect, proposal-known, proposal-lapse, proposal-not-empty,
//! proposal-not-stale, proposal-number, proposal-open, proposal-own-freeze, proposal-proposer, proposal-redacted, proposal-subject,
//! proposer-admin, reason-required, redact-earlier, redact-text, refused, refused-once, rejected, request-expired,
//! request-fingerprint, requester-or-owner, restored-before, retired, revision-redacted, revoke-machine-key,
//! revoke-own, role, role-required, same-run, seal-by-another, sealed, sealed-once, separate-duties,
//! services-required, start-once, started, stop-after, stop-after-range, suspend-has-effect,
//! suspended, target-finish-once, target-known, target-limit, target-once, target-required, target-start-once,
//! target-started, targets-finished, time-to-roll-back, two-admins, undecided, vouch-own-key, window-fits-rollback,
//! window-horizon, window-not-ended, withdrawn.
//!
//! The rules about templates came later, and were not broken in this way: `tests/rules/templates.rs` breaks each.
//!
//! These were not caught within so few histories, because hardly any history reaches them: breakglass-ratify-once,
//! breakglass-redacted, calendar-known, freeze-exception, independent-approver. `operator-limit` needs more people than
//! a history has.
//! `tests/rules` breaks them, and those about statements, which no history has: statement-ahead, statement-expired,
//! statement-once, statement-register, statement-seen, statement-superseded.
//!
//! How it was done: in `Register::judge`, a refusal by the rule named in a variable was turned into acceptance, and the
//! test was run once for each name in `Refusal::RULES`. What is no refusal of its own was left out in the same way, and
//! caught each time: of what makes an approval count, the conflict to the change, the conflict by way of a machine, the
//! role, the duties kept apart, the live key, the age, and that it is of the current revision.

pub mod after_finish;
pub mod calendars;
pub mod clocks;
pub mod conflicts;
pub mod draw;
pub mod facts;
pub mod freezes;
pub mod glasses;
pub mod governance_rules;
pub mod history;
#[expect(clippy::module_inception, reason = "it is the model")]
pub mod model;
pub mod packed;
pub mod proposals;
pub mod real;
pub mod register_file;
pub mod requirements;
pub mod rng;
pub mod rules;
pub mod safety;
pub mod services;
pub mod templates;

use crate::support::server::is_asked_for;
use history::{Coverage, run};

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |it| it.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

#[test]
fn random_histories_go_as_the_rules_say() {
    let (histories, first) = (number("TWINSEAL_HISTORIES", 1_000), number("TWINSEAL_SEED", 1));
    let mut coverage = Coverage::default();
    for n in 0..histories {
        let on_paper = n % 50 == 0 || is_asked_for();
        run(first + n, on_paper, &mut coverage);
    }
    println!("{coverage}");
    if histories >= 10_000 {
        coverage.is_enough();
    }
}
