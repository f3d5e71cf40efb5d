//! How often a command waits for the server: each time costs the latency of the network.

use super::cluster::Cluster;
use super::proxy::Proxy;
use super::scene::Scene;

/// The answers of a connection before the first question about a register: to the authentication, and to the settings.
const CONNECTING: usize = 2;

#[test]
fn no_recording_waits_for_the_server_more_than_four_times_after_connecting() {
    let Some(cluster) = Cluster::shared() else { return };
    let proxy = Proxy::before(cluster);
    let scene = Scene::founded(cluster, &proxy.host(), "");
    // Each account is up to date, as one is that works every day.
    for (person, command, most) in [
        ("erin", "note CHG-1 Words.", 4),
        ("carol", "reject CHG-1 --reason No.", 4),
        ("dave", "gate CHG-1", 3),
        ("erin", "list", 3),
        ("carol", "inbox", 3),
        ("erin", "show CHG-1", 8),
    ] {
        scene.world.ok(person, "list");
        proxy.answers();
        scene.world.run(person, command);
        let asked = proxy.answers() - CONNECTING;
        assert!((1..=most).contains(&asked), "{command}: {asked} times");
    }
}
