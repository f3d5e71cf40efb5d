//! The commented file that `draft` prints.

use crate::domain::{ChangeKind, PersonId, Time};

/// A draft to fill in: owned by whoever asks, its window tomorrow evening in UTC.
pub fn template(kind: ChangeKind, owner: Option<&PersonId>, now: Time) -> String {
    let owner = owner.map_or("", PersonId::as_str);
    let day = now.plus(86_400).utc().format("%Y-%m-%d");
    let risk = if kind == ChangeKind::Emergency { "critical" } else { "medium" };
    format!(
        r#"# A change for twinseal. Fill it in, then:  twinseal check FILE   and   twinseal file FILE
# Mandatory: title, kind, risk, owner, services, reason, window, impact, plan, rollback.

title = ""                       # one line
kind = "{kind}"                  # normal, emergency (cannot wait; the same two signatures)
risk = "{risk}"                  # low, medium, high, critical
owner = "{owner}"                # who answers for it
# implementers = ["{owner}"]     # who carries it out; the owner if left out
services = []                    # what it touches: ["order-gateway", "oms-db"]
# tags = ["capacity"]

reason = """
"""

# security = "What it does to security."
# success = "How you will know that it worked."

[window]
start = "{day} 20:00"            # local time in the zone below; or 2026-12-05T20:00:00+08:00
end = "{day} 22:00"
zone = "UTC"                     # Asia/Shanghai, Europe/London, America/New_York ...

[impact]
text = """
"""
outage_minutes = 0               # expected outage

[[plan]]
step = ""
# command = ""

# [[plan]]                       # as many steps as it takes, in order
# step = ""

[rollback]
minutes = 15                     # how long the way back takes
# abort_if = ["what must not happen, with a number"]

[[rollback.steps]]
step = ""
# command = ""

# [[tests]]
# what = ""
# result = ""
# evidence = "evidence/load-test.txt"     # its SHA-256 is computed when filed

# [[artifacts]]                  # what is deployed; `start` reads it again and compares
# name = "gateway-2.4.1.tar.gz"
# file = "build/gateway-2.4.1.tar.gz"     # or sha256 = "..."

# [links]
# incident = "INC-1"
# ticket = ["OPS-1", "OPS-2"]
# vulnerability = "CVE-2026-0001"
"#
    )
}
