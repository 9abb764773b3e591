//! Refusals of servers and hops that have no WebSocket on the route that was asked for. Owns their order, Envoy's empty
//! 403, Flask's 400 and Phoenix' 404; those of ASGI servers are `asgi`'s, those of Node `node`'s.

use super::{Refused, asgi, node};
use crate::diagnose::facts::contains;
use crate::diagnose::remedies;
use crate::event::finding::Confidence::{Likely, Possible};
use crate::event::{Finding, show};

pub(super) fn recognise(refused: &Refused) -> Option<Finding> {
    match refused.status {
        401 => node::recognise(refused),
        403 => envoy(refused).or_else(|| asgi::recognise(refused)).or_else(|| node::recognise(refused)),
        404 => asgi::recognise(refused).or_else(|| node::recognise(refused)).or_else(|| phoenix(refused)),
        400 => node::recognise(refused).or_else(|| flask(refused)),
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

/// Werkzeug's page for a bad request. Its router has it for an upgrade to an ordinary route, and for an ordinary
/// request to a route of a WebSocket; an application may have it for other reasons.
fn flask(refused: &Refused) -> Option<Finding> {
    const PAGE: &str = "The browser (or proxy) sent a request that this server could not understand.";
    if !contains(refused.body, PAGE) || !refused.asked_well() {
        return None;
    }
    let path = show::safe(refused.facts.path());
    let fact = format!("{}: Flask does not take an upgrade at {path}", refused.said());
    let finding = Finding::of("upgrade-not-offered-here", "server side", fact)
        .saw_all(refused.server_line())
        .saw("the page that Flask (Werkzeug) has for an upgrade to an ordinary route; an unknown path has a 404");
    let proxy = refused.proxy();
    let who = proxy.as_ref().map_or("a proxy", |hop| hop.name);
    let finding = finding.because(
        Likely,
        format!(
            "the route at this path is an ordinary one (app.route), which takes no upgrade; or it is one for \
             WebSocket (flask-sock), and {who} takes Upgrade away"
        ),
    );
    let Some(proxy) = proxy else {
        return Some(finding.advise(
            "check the path; give it a WebSocket route (@sock.route of flask-sock) under a server that can upgrade: \
             gunicorn --threads 100, not waitress, mod_wsgi or wsgiref",
        ));
    };
    let remedy = remedies::upgrade_headers(Some(&proxy), refused.facts.path());
    let help = format!("give the path a WebSocket route (@sock.route of flask-sock); if it has one, {}", remedy.help);
    Some(finding.advise(help).paste_lines(remedy.lines))
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
