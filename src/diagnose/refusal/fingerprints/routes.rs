//! Refusals of servers and hops that have no WebSocket on the route that was asked for. Owns their shapes: ASGI's empty
//! 403, Envoy's empty 403, the bare 400 of node ws, ASGI's 404 to an ordinary request.

use super::Refused;
use crate::diagnose::facts::contains;
use crate::diagnose::remedies;
use crate::event::finding::Confidence::{self, Likely, Possible};
use crate::event::{Finding, show};

pub(super) fn recognise(refused: &Refused) -> Option<Finding> {
    match refused.status {
        403 => envoy(refused).or_else(|| asgi(refused)),
        400 => node_ws(refused),
        404 => asgi_ordinary(refused).or_else(|| phoenix(refused)),
        _ => None,
    }
}

/// uvicorn and Daphne make a 403 of every end before accept.
fn asgi(refused: &Refused) -> Option<Finding> {
    let (server, sure) = asgi_server(refused)?;
    let origin = match refused.sent("Origin") {
        Some(origin) => format!("Origin: {}", show::quoted(origin)),
        None => "no Origin was sent".into(),
    };
    let path = show::safe(refused.facts.path());
    Some(
        Finding::of(
            "route-missing",
            "server side",
            format!("{}: the application did not accept a WebSocket at {path}", refused.said()),
        )
        .saw(format!("an empty 403 as {server} has it; {origin}"))
        .because(
            sure,
            "there is no such route, or the handler closed before it accepted (its check of Origin or login)",
        )
        .advise(format!("compare the path {path} with the application's WebSocket routes; then look at its log")),
    )
}

fn asgi_server(refused: &Refused) -> Option<(&'static str, Confidence)> {
    if !refused.body.is_empty() {
        return None;
    }
    let answer = refused.facts.answer.as_ref()?;
    if refused.facts.is_server("uvicorn") {
        return Some(("uvicorn", Likely));
    }
    if refused.facts.is_server("hypercorn") {
        return Some(("Hypercorn", Likely));
    }
    if refused.facts.is_server("daphne") || refused.reason == "Access denied" && answer.fields().is_empty() {
        return Some(("Daphne", Likely));
    }
    // uvicorn with the library websockets names no server, and gives a type to a body that is empty.
    let typed = refused.facts.answered("Content-Type").is_some_and(|kind| kind == "text/plain; charset=utf-8");
    let empty = refused.facts.answered("Content-Length").is_some_and(|length| length == "0");
    match refused.facts.server() {
        None if typed && empty => Some(("uvicorn", Likely)),
        Some(_) if typed && empty && refused.proxy().is_some() => Some(("uvicorn", Possible)),
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

/// node ws ends an upgrade for a path that none of its servers has.
fn node_ws(refused: &Refused) -> Option<Finding> {
    let typed = refused.facts.answered("Content-Type").is_some_and(|kind| kind == "text/html");
    if refused.body != "Bad Request" || !typed || !refused.asked_well() {
        return None;
    }
    let path = show::safe(refused.facts.path());
    let finding =
        Finding::of("route-missing", "server side", format!("{}: node ws has nothing at {path}", refused.said()))
            .saw("the upgrade reached it: a lost header has a text of its own there");
    let Some(proxy) = refused.proxy() else {
        return Some(
            finding
                .because(Likely, "node ws serves another path: its option path does not have this one")
                .advise(format!("compare {path} with the option path of WebSocketServer")),
        );
    };
    let cause = format!(
        "node ws serves another path: its option path does not have this one, or {} takes a part of the path away or \
         adds one",
        proxy.name
    );
    let rule = match proxy.name {
        "nginx" | "openresty" => " (a URI behind proxy_pass replaces the prefix)",
        "Apache" => " (the two paths of ProxyPass)",
        "Caddy" => " (handle_path and uri strip_prefix take the prefix away)",
        _ => "",
    };
    Some(finding.because(Likely, cause).advise(format!(
        "compare {path} with the option path of WebSocketServer, then with what {} makes of it{rule}",
        proxy.name
    )))
}

/// ASGI answers an upgrade without a route with 403, so a 404 of its framework went to an ordinary request.
fn asgi_ordinary(refused: &Refused) -> Option<Finding> {
    let fastapi = refused.is_whole("{\"detail\":\"Not Found\"}");
    let named = refused.facts.is_server("uvicorn") || refused.facts.is_server("daphne");
    if !(fastapi || named && refused.is_whole("Not Found")) || !refused.asked_well() {
        return None;
    }
    let server = if refused.facts.is_server("daphne") { "Daphne" } else { "uvicorn" };
    let proxy = refused.proxy();
    let who = proxy.as_ref().map_or("a proxy between", |hop| hop.name);
    let cause = match (server, &proxy) {
        ("uvicorn", None) => {
            "uvicorn runs without a WebSocket library (pip install 'uvicorn[standard]'), or a proxy takes Upgrade away"
                .to_string()
        }
        ("uvicorn", Some(_)) => format!("{who} does not pass Upgrade on, or uvicorn has no WebSocket library"),
        _ => format!("{who} does not pass Upgrade and Connection on to the application"),
    };
    let finding =
        Finding::of("upgrade-stripped", "path", "the application saw an ordinary request, not a WebSocket one")
            .saw(format!("404 from the framework; to an upgrade without a route {server} would say 403"))
            .because(Possible, cause);
    if server == "uvicorn" && proxy.is_none() {
        return Some(
            finding
                .advise(
                    "look at uvicorn's log: without a library it says so at this request; then install one, or let the \
                     proxy in front, if there is one, pass Upgrade on (wscope explain upgrade-stripped):",
                )
                .paste(&["pip install 'uvicorn[standard]'"]),
        );
    }
    Some(remedies::upgrade_headers(proxy.as_ref(), refused.facts.path()).on(finding))
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
