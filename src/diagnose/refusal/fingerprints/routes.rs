//! Refusals of servers and hops that have no WebSocket on the route that was asked for. Owns their order, Envoy's empty
//! 403 and Phoenix' 404; those of ASGI servers are `asgi`'s, those of Node `node`'s.

use super::{Refused, asgi, node};
use crate::diagnose::facts::contains;
use crate::diagnose::remedies;
use crate::event::finding::Confidence::{Likely, Possible};
use crate::event::{Finding, show};

pub(super) fn recognise(refused: &Refused) -> Option<Finding> {
    match refused.status {
        403 => envoy(refused).or_else(|| asgi::recognise(refused)),
        404 => asgi::recognise(refused).or_else(|| node::recognise(refused)).or_else(|| phoenix(refused)),
        400 => node::recognise(refused),
        500 => asgi::recognise(refused),
        _ => None,
    }
}

/// Envoy's own refusal; what stands behind it would have left the time that it took.
fn envoy(refused: &Refused) -> Option<Finding> {
    let from_behind = refused.facts.answered("x-envoy-upstream-service-time").is_some();
    if !refused.body.is_empty() || !refused.facts.is_server("envoy") || from_behind {
        return None;
    }
    let finding =
        Finding::of("upgrade-not-enabled", "path", format!("{}: Envoy refused the upgrade itself", refused.said()))
            .saw_all(refused.server_line())
            .saw("the body is empty, and nothing behind Envoy took part");
    if refused.facts.is_server("istio-envoy") {
        return Some(finding.because(
            Possible,
            "Envoy: an upgrade is not switched on for this route; or an access rule of Istio says no",
        ));
    }
    // A type for nothing is uvicorn's habit: then the time behind Envoy may only have been taken away.
    if refused.facts.answered("Content-Type").is_some() {
        return Some(
            finding
                .because(
                    Possible,
                    "Envoy: an upgrade is not switched on for this route; or the application behind it has no such route",
                )
                .advise("switch the upgrade on for this route in Envoy; if it is on, compare the path with the application's:")
                .paste(&["upgrade_configs:", "- upgrade_type: websocket"]),
        );
    }
    let finding =
        finding.because(Likely, "Envoy: an upgrade is not switched on for this route (or an outer check says no)");
    Some(remedies::upgrade_headers(refused.proxy().as_ref(), refused.facts.path()).on(finding))
}

/// The sockets of Phoenix are one level below the path that its endpoint names.
fn phoenix(refused: &Refused) -> Option<Finding> {
    let path = refused.facts.path();
    let named = contains(refused.body, "Phoenix") || refused.facts.is_server("Cowboy");
    if !named || !(path.ends_with("/socket") || path.ends_with("/live")) {
        return None;
    }
    let path = show::safe(path);
    Some(
        Finding::of("route-missing", "server side", format!("{}: nothing at {path}", refused.said()))
            .saw_all(refused.server_line())
            .because(Likely, "Phoenix serves a socket below its path: /websocket is missing at the end")
            .advise(format!("dial {path}/websocket")),
    )
}
