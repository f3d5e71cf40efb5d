//! A primary that is cut off from the network and lives on: nothing answers, neither to its clients nor to its standby.

use std::thread;
use std::time::{Duration, Instant};

use ::postgres::Client;
use twinseal::error::Exit;
use twinseal::store::postgres::connect::SILENCE;

use super::cluster::{Cluster, Plan, value};
use super::encrypted::Authority;
use super::failover::{Pair, failovers, free_port, lost_while_noting, the_old_primary_is_a_fork, wait_until};
use super::failure::dice;
use super::network::{Network, SERVERS};
use super::scene::{ROLE, Said, Scene, said};
use crate::support::stock_tool;

/// Two hosts for servers with certificates, on a network that can be cut.
struct Hosts {
    network: Network,
    authority: Authority,
    ports: [u16; 2],
}

impl Hosts {
    /// Runs a test where the clients are; not without PostgreSQL, or where there are no namespaces.
    fn with(test: impl FnOnce(&Self, Cluster) + Send) {
        let Some(network) = Network::new().filter(|_| stock_tool("openssl")) else { return };
        let authority = Authority::new();
        authority.issue(
            "server",
            "server",
            &format!("subjectAltName={}", SERVERS.map(|it| format!("IP:{it}")).join(",")),
        );
        let ports = [0, 1].map(|at| network.at_server(at, free_port));
        let mut hosts = Self { network, authority, ports };
        let mut plan = hosts.plan(0);
        let rules = [
            "local replication follower trust",
            "host replication follower 192.0.2.0/24 trust",
            "hostssl all all 192.0.2.0/24 trust",
        ];
        plan.rules = rules.map(str::to_owned).into();
        let Some(first) = hosts.network.at_server(0, || Cluster::start(plan)) else { return };
        hosts.ports[0] = first.port;
        Pair::owner(&first).batch_execute("CREATE ROLE follower LOGIN REPLICATION").unwrap();
        hosts.network.at_clients(|| test(&hosts, first));
    }

    /// How to run a server on a host, which follows the other one if it is a standby.
    fn plan(&self, at: usize) -> Plan {
        let mut plan = self.authority.plan();
        let (other, port) = (SERVERS[1 - at], self.ports[1 - at]);
        plan.settings.extend([
            format!("listen_addresses=127.0.0.1,{}", SERVERS[at]),
            format!("primary_conninfo=host={other} port={port} user=follower sslmode=disable"),
            "wal_retrieve_retry_interval=200ms".to_owned(),
        ]);
        // Who vanished with the turn to write gives it back soon.
        plan.settings.extend(["idle", "interval", "count"].map(|it| format!("tcp_keepalives_{it}=1")));
        plan
    }

    /// Gives the primary on the other host a synchronous standby on this one.
    fn pair(&self, primary: Cluster, at: usize) -> Pair {
        let standby = self.network.at_server(at, || primary.standby(self.ports[at], &self.plan(at)));
        Pair::confirming(primary, standby)
    }

    /// The hosts of an address.
    fn both(&self) -> String {
        [0, 1].map(|at| format!("{}:{}", SERVERS[at], self.ports[at])).join(",")
    }

    /// What follows the database in an address: a server may be silent for six times so many seconds.
    fn after(&self, connect_timeout: u64) -> String {
        format!("?sslrootcert={}&connect_timeout={connect_timeout}", self.authority.path("ca.pem").display())
    }

    /// The address of one server alone.
    fn place(&self, scene: &Scene, at: usize) -> String {
        format!("postgres://{ROLE}@{}:{}/{}{}", SERVERS[at], self.ports[at], scene.database, self.after(1))
    }
}

#[test]
fn no_acknowledged_entry_is_lost_when_the_primary_is_killed_or_cut_off_and_the_old_one_is_a_fork() {
    Hosts::with(|hosts, first| {
        let scene = Scene::founded(&first, &hosts.both(), &hosts.after(1));
        let (mut dice, mut all, mut at) = (dice(), Vec::new(), 0);
        let (mut primary, mut old) = (first, None);
        for round in 1..=failovers() {
            drop(old.take());
            hosts.network.reconnect(1 - at);
            let pair = hosts.pair(primary, 1 - at);
            let cut = round == failovers() || dice.below(2) == 0;
            println!("round {round}: {}", if cut { "cut off" } else { "killed" });
            let lose = |it: &Cluster| if cut { hosts.network.cut(at) } else { it.kill() };
            let (new, lost) = lost_while_noting(&scene, pair, &mut dice, &mut all, lose);
            (primary, old, at) = (new, Some(lost), 1 - at);
        }
        let old = old.unwrap();
        let (here, there) = (hosts.place(&scene, at), hosts.place(&scene, 1 - at));
        the_old_primary_is_a_fork(&scene, (&primary, &here), (&old, &there), || hosts.network.reconnect(1 - at));
    });
}

const fn seconds(many: u64) -> Duration {
    Duration::from_secs(many)
}

/// Whether this holds for a session of twinseal.
fn holds(owner: &mut Client, what: &str) -> bool {
    value(owner, &format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{ROLE}' AND {what}")) == "1"
}

#[test]
fn a_primary_that_is_cut_off_acknowledges_nothing_to_clients_on_its_side() {
    Hosts::with(|hosts, first| {
        let scene = Scene::founded(&first, &hosts.both(), &hosts.after(1));
        let pair = hosts.pair(first, 1);
        let before = scene.log(&pair.primary).entries();
        hosts.network.cut(0);
        let (noter, begun) = (scene.noter("carol"), Instant::now());
        let noted = hosts.network.at_server(0, || noter.begin("On the side of the old one."));
        let mut owner = Pair::owner(&pair.primary);
        wait_until("nobody waits for the standby", || holds(&mut owner, "wait_event = 'SyncRep'"));
        let (new, old) = pair.fail_over(|_| {});
        scene.world.ok("erin", "note CHG-1 'On the new one.'");
        assert_eq!(said(noted), Said::Unsure);
        // Six seconds of silence, and thirty in which the session that waits keeps the turn.
        assert!(begun.elapsed() < seconds(45), "{:?}", begun.elapsed());
        // On its own side too nobody reads what nobody confirmed.
        assert_eq!((scene.log(&old).entries(), scene.log(&new).entries()), (before, before + 1));
        // It answers again, stands first in the address, and still waits for its standby.
        hosts.network.reconnect(0);
        scene.world.at_real_time();
        for command in ["list", "note CHG-1 'On the old one.'"] {
            let stopped = scene.world.run("erin", command);
            assert_eq!(stopped.exit, Exit::Broken, "{}", stopped.screen);
            let missed = format!("entry {before} {}", scene.log(&new).leaf(before as u64));
            assert!(stopped.err.contains(&missed), "{}", stopped.screen);
        }
        drop(old);
        assert_eq!(scene.log(&new).times("On the side of the old one."), 0);
        scene.is_whole();
    });
}

#[test]
fn a_primary_that_vanishes_is_given_up_within_its_limit_and_the_entry_recorded_once() {
    Hosts::with(|hosts, first| {
        // The limits of everybody who names none.
        let scene = Scene::founded(&first, &hosts.both(), &hosts.after(10));
        let pair = hosts.pair(first, 1);
        let mut owner = Pair::owner(&pair.primary);
        let words = "Sent before the cut.";
        // The standby goes first, so that the commit is under way when the primary goes.
        hosts.network.cut(1);
        let (gate, note) = (scene.noter("dave"), scene.noter("erin"));
        let (waited, recorded, cut, new, old) = thread::scope(|scope| {
            let waited =
                scope.spawn(move || (gate.run(&["gate", "CHG-1", "--wait", "10m"]).wait_with_output(), Instant::now()));
            wait_until("nobody waits for the gate", || holds(&mut owner, "query = 'LISTEN twinseal'"));
            // The silence of its connection begins with the wait for the standby, so the cut must follow at once.
            let recorded = scope.spawn(move || (note.note(words), Instant::now()));
            wait_until("nobody waits for the standby", || holds(&mut owner, "wait_event = 'SyncRep'"));
            hosts.network.cut(0);
            let cut = Instant::now();
            hosts.network.reconnect(1);
            let (new, old) = pair.fail_over(|_| {});
            (waited.join().unwrap(), recorded.join().unwrap(), cut, new, old)
        });
        let within = |limit: Duration, took: Duration| (SILENCE - seconds(2)..limit + seconds(3)).contains(&took);
        let (waited, ended) = (waited.0.unwrap(), waited.1 - cut);
        assert_eq!(waited.status.code(), Some(4), "{waited:?}");
        // The gate asks every five seconds, and so perhaps for the last time after the cut.
        assert!(within(SILENCE + seconds(5), ended), "{ended:?}");
        let (recorded, ended) = (recorded.0, recorded.1 - cut);
        assert!(matches!(recorded, Said::Recorded { .. }), "{recorded:?}");
        // Whoever records connects once more. The first host costs up to ten seconds, and less if it is known to be gone.
        assert!(within(SILENCE + seconds(10), ended), "{ended:?}");
        drop(old);
        hosts.network.reconnect(0);
        scene.holds(&new, &[(words.to_owned(), recorded)]);
    });
}
