//! Network namespaces for two servers and their clients. They have no names, and end with the last process in them.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::panic::resume_unwind;
use std::process::{Command, Stdio};
use std::thread;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::support::stock_tool;

/// The addresses of the servers, which are documentation's: whatever else the machine speaks with is not among them.
pub const SERVERS: [&str; 2] = ["192.0.2.2", "192.0.2.3"];

/// Clients at a bridge, and two servers, each with a cable to it.
pub struct Network {
    clients: File,
    servers: [File; 2],
}

impl Network {
    /// `None` where the machine allows no namespaces; `.ci/run` says that too.
    pub fn new() -> Option<Self> {
        let bridge = ["--net", "ip", "link", "add", "name", "middle", "type", "bridge"];
        let tried = stock_tool("ip").then(|| Command::new("unshare").args(bridge).output().unwrap())?;
        if !tried.status.success() {
            eprintln!("skipped: no network namespaces: {}", String::from_utf8_lossy(&tried.stderr));
            return None;
        }
        let network = Self { clients: namespace(), servers: [namespace(), namespace()] };
        network.at_clients(|| {
            ip("link add name middle type bridge");
            ip("address add 192.0.2.1/24 dev middle");
            ip("link set middle up");
            for (at, server) in network.servers.iter().enumerate() {
                let there = format!("/proc/{}/fd/{}", std::process::id(), server.as_raw_fd());
                ip(&format!("link add name cable{at} type veth peer name cable netns {there}"));
                ip(&format!("link set cable{at} master middle up"));
            }
        });
        for (at, address) in SERVERS.iter().enumerate() {
            network.at_server(at, || {
                ip(&format!("address add {address}/24 dev cable"));
                ip("link set cable up");
            });
        }
        Some(network)
    }

    /// Works where the clients are. Processes and threads that begin meanwhile stay there.
    pub fn at_clients<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        inside(&self.clients, work)
    }

    /// Works on the host of a server, as [`Network::at_clients`].
    pub fn at_server<T: Send>(&self, at: usize, work: impl FnOnce() -> T + Send) -> T {
        inside(&self.servers[at], work)
    }

    /// From now on every packet to and from a server vanishes.
    pub fn cut(&self, at: usize) {
        self.at_clients(|| ip(&format!("link set cable{at} down")));
    }

    /// Undoes [`Network::cut`].
    pub fn reconnect(&self, at: usize) {
        self.at_clients(|| ip(&format!("link set cable{at} up")));
    }
}

/// Only a thread can be moved, and one of the test program may run other tests later.
fn inside<T: Send>(namespace: &File, work: impl FnOnce() -> T + Send) -> T {
    let moved = || {
        move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
        work()
    };
    thread::scope(|scope| scope.spawn(moved).join()).unwrap_or_else(|panic| resume_unwind(panic))
}

/// A new namespace, by a process that holds it until the file does.
fn namespace() -> File {
    let mut command = Command::new("unshare");
    command.args(["--net", "sh", "-c", "ip link set lo up && echo && read -r _"]);
    let mut holder = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    holder.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    let file = File::open(format!("/proc/{}/ns/net", holder.id())).unwrap();
    drop(holder.stdin.take());
    holder.wait().unwrap();
    file
}

fn ip(words: &str) {
    let output = Command::new("ip").args(words.split(' ')).output().unwrap();
    assert!(output.status.success(), "ip {words}\n{}", String::from_utf8_lossy(&output.stderr));
}
