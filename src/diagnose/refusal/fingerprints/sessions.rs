//! Answers of servers that want another URL than the one dialled: SockJS and SignalR. Owns their base pages, their
//! negotiation and their session errors.

use super::Refused;
use crate::event::finding::Confidence::{Certain, Likely, Possible};
use crate::event::{Finding, show};

pub(super) fn recognise(refused: &Refused) -> Option<Finding> {
    sock_js(refused).or_else(|| negotiation(refused)).or_else(|| signal_r(refused))
}

fn success(refused: &Refused) -> Finding {
    Finding::of("answered-without-upgrade", "server side", format!("{}: a success, but no upgrade", refused.said()))
}

fn sock_js(refused: &Refused) -> Option<Finding> {
    if refused.status != 200 {
        return None;
    }
    let path = show::safe(refused.facts.path());
    let base = path.trim_end_matches('/');
    if refused.body.starts_with("Welcome to SockJS!") {
        return Some(
            success(refused)
                .saw("the body is the greeting of SockJS")
                .because(Certain, "this is the base URL of SockJS")
                .advise(format!("dial {base}/websocket for a raw WebSocket")),
        );
    }
    let info = refused.body.starts_with("{\"websocket\":") && refused.body.contains("\"cookie_needed\"");
    if !info {
        return None;
    }
    if refused.body.starts_with("{\"websocket\":false") {
        return Some(
            Finding::of("upgrade-not-enabled", "server side", "SockJS says that its WebSocket is switched off")
                .saw("the body is the info page of SockJS, with \"websocket\":false")
                .because(Certain, "the server's option websocket is false")
                .advise("set the option websocket: true of SockJS in the server"),
        );
    }
    let base = base.trim_end_matches("/info");
    Some(
        success(refused)
            .saw("the body is the info page of SockJS")
            .because(Certain, "this is the info URL of SockJS")
            .advise(format!("dial {base}/websocket for a raw WebSocket")),
    )
}

/// The answer of SignalR to a negotiation.
fn negotiation(refused: &Refused) -> Option<Finding> {
    let told = |name: &str| refused.body.contains(name);
    let token = told("\"connectionToken\"") || told("\"negotiateVersion\"");
    let is_page = token || told("\"connectionId\"") && told("\"availableTransports\"");
    if refused.status != 200 || !is_page || !refused.body.trim_start().starts_with('{') {
        return None;
    }
    let path = show::safe(refused.facts.path());
    let hub = path.trim_end_matches('/').trim_end_matches("/negotiate");
    Some(
        Finding::of(
            "negotiate-first",
            "server side",
            format!("{}: the page of a SignalR negotiation, no upgrade", refused.said()),
        )
        .saw("the body is what SignalR hands out before a WebSocket")
        .because(Certain, "this is the negotiation's URL, not the hub's")
        .advise(format!("dial {hub}?id= with the connectionToken (version 0: connectionId) of this body")),
    )
}

fn signal_r(refused: &Refused) -> Option<Finding> {
    let path = show::safe(refused.facts.path());
    let hub = path.trim_end_matches('/');
    match refused.status {
        400 if refused.is_whole("Connection ID required") => Some(
            Finding::of(
                "negotiate-first",
                "server side",
                format!("{}: SignalR wants the id of a negotiation", refused.said()),
            )
            .saw("the text that SignalR has for a request without ?id=")
            .because(Possible, "the URL has no id; or Upgrade was lost: hubs take an upgrade without an id, too")
            .advise(format!(
                "POST to {hub}/negotiate?negotiateVersion=1, then dial {hub}?id= with its connectionToken"
            )),
        ),
        404 if refused.is_whole("No Connection with that ID") => Some(
            Finding::of(
                "session-unknown",
                "server side",
                format!("{}: SignalR does not know the id in the URL", refused.said()),
            )
            .saw("the text that SignalR has for an unknown id")
            .because(Possible, "several servers without sticky sessions: another one gave the id; or it is over by now")
            .advise("negotiate anew and dial at once; if clients fail so, switch sticky sessions on in the balancer"),
        ),
        404 if refused.body.contains("transport not supported by this end point type") => Some(
            Finding::of(
                "upgrade-not-enabled",
                "server side",
                format!("{}: the hub does not offer WebSocket", refused.said()),
            )
            .saw(format!("its body says {}", show::quoted(refused.body.trim())))
            .because(Certain, "the hub's option Transports leaves WebSockets out")
            .advise("where the hub is mapped in the server:")
            .paste(&["options.Transports = HttpTransportType.WebSockets | HttpTransportType.LongPolling;"]),
        ),
        409 if refused.query("id").is_some() => Some(
            Finding::of("negotiate-first", "server side", format!("{}: the id in the URL is in use", refused.said()))
                .saw_all(refused.server_line())
                .because(
                    if refused.facts.is_server("Kestrel") { Likely } else { Possible },
                    "SignalR: another connection uses this id already; from another server a 409 is its own rule",
                )
                .advise("negotiate anew, and use each id for one connection"),
        ),
        _ => None,
    }
}
