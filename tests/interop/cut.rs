//! A path on which packets vanish in silence: two network namespaces, a veth pair between them, and from some moment on
//! frames for a station that is not there. Needs root and iproute2 on Linux.

#![cfg(target_os = "linux")]

use std::process::{Command, Stdio};

use serde_json::json;

use crate::support::run::Running;
use crate::support::{Server, skipped, wscope};

const OURS: &str = "10.200.0.1";
const THEIRS: &str = "10.200.0.2";

/// Two namespaces with a wire between them; they go when this goes.
struct Wire {
    ours: String,
    theirs: String,
}

impl Wire {
    /// None when this machine does not let us.
    fn lay() -> Option<Wire> {
        let id = std::process::id();
        let wire = Wire { ours: format!("wscope-a-{id}"), theirs: format!("wscope-b-{id}") };
        for namespace in [&wire.ours, &wire.theirs] {
            if !ip(&["netns", "add", namespace]) {
                return None;
            }
        }
        // A device's name has at most 15 characters; each namespace has names of its own.
        let pair = ["link", "add", "veth0", "netns", &wire.ours, "type", "veth", "peer", "name", "veth0"];
        let laid = ip(&[&pair[..], &["netns", &wire.theirs]].concat())
            && wire.set_up(&wire.ours, OURS)
            && wire.set_up(&wire.theirs, THEIRS);
        laid.then_some(wire)
    }

    fn set_up(&self, namespace: &str, address: &str) -> bool {
        ip(&["-n", namespace, "address", "add", &format!("{address}/30"), "dev", "veth0"])
            && ip(&["-n", namespace, "link", "set", "lo", "up"])
            && ip(&["-n", namespace, "link", "set", "veth0", "up"])
    }

    /// wscope inside a namespace.
    fn wscope(&self, namespace: &str, args: &[&str]) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", namespace]).arg(wscope().get_program()).args(args);
        command
    }

    /// From now on each side sends to a hardware address that nobody has: no error, no answer, as behind a router that
    /// lost its way.
    fn cut(&self) {
        for (namespace, other) in [(&self.ours, THEIRS), (&self.theirs, OURS)] {
            let nobody = ["lladdr", "02:00:00:00:00:99", "dev", "veth0", "nud", "permanent"];
            assert!(ip(&[&["-n", namespace, "neighbour", "replace", other][..], &nobody].concat()), "the cut");
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        for namespace in [&self.ours, &self.theirs] {
            ip(&["netns", "delete", namespace]);
        }
    }
}

/// Runs `ip`; did it do it?
fn ip(args: &[&str]) -> bool {
    let status =
        Command::new("ip").args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

#[test]
fn a_cut_path_is_silent_and_acknowledges_nothing() {
    let Some(wire) = Wire::lay() else {
        return skipped("root, or ip of iproute2,");
    };
    let server = Server::of(wire.wscope(&wire.theirs, &["serve", "10.200.0.2:0"]));
    let times = ["probe", "--hold", "10s", "--heartbeat", "1s", "--heartbeat-timeout", "1s", server.url.as_str()];
    let mut text = Running::start(wire.wscope(&wire.ours, &times));
    let mut json = Running::start(wire.wscope(&wire.ours, &[&times[..], &["--json"]].concat()));
    text.line_with(" open ");
    json.event("open");
    wire.cut();
    let (text, json) = (text.finish(), json.finish());
    assert_eq!(text.code, 24, "{}", text.stdout);
    assert!(text.has_verdict("DROPPED") && text.stdout.contains("[silent-path]"), "{}", text.stdout);
    assert_eq!(json.code, 24, "{}", json.stdout);
    let events = json.events();
    let ended = events.one("ended");
    assert_eq!((&ended["how"], &ended["delivered"]), (&json!("silent"), &json!(false)), "{ended}");
    let finding = events.finding("silent-path");
    assert_eq!((&finding["severity"], &finding["who"]), (&json!("error"), &json!("path")));
    assert_eq!(events.one("judged")["exit"], 24);
}
