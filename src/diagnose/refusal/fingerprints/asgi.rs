//! Refusals of ASGI servers (uvicorn, Hypercorn, Daphne), which make one of every end before accept. Owns their bare
//! heads for 403 and 500, what Channels and python-socketio make of a missing route, and the 404 that a framework gives
//! to an ordinary request.

use super::Refused;
use crate::diagnose::hops::{Hop, Kind};
use crate::diagnose::remedies;
use crate::event::finding::Confidence::{self, Likely, Possible};
use crate::event::{Finding, show};

/// The library behind both names writes neither a reason phrase nor a name.
const WSPROTO: &str = "wsproto (in Hypercorn or uvicorn)";

const PIP: &str = "pip install 'uvicorn[standard]'";

pub(super) fn recognise(refused: &Refused) -> Option<Finding> {
    match refused.status {
        403 => not_accepted(refused),
        404 => ordinary(refused),
        500 => daphne_raised(refused).or_else(|| uvicorn_raised(refused)),
        _ => None,
    }
}

/// All of them make a 403 of every end before accept.
fn not_accepted(refused: &Refused) -> Option<Finding> {
    let (server, sure) = server_of_403(refused)?;
    if server == "Daphne" {
        return Some(daphne(refused));
    }
    let path = show::safe(refused.facts.path());
    let finding = Finding::of("route-missing", "server side", not_accepted_fact(refused))
        .saw(format!("an empty 403 as {server} has it; {}", origin_line(refused)));
    let cause = "there is no such route, or the handler closed before it accepted (its check of Origin or login)";
    let help = format!("compare the path {path} with the application's WebSocket routes; then look at its log");
    Some(match refused.proxy() {
        None => finding.because(sure, cause).advise(help),
        Some(hop) => finding
            .because(sure, format!("{cause}; or {} takes a part of the path away or adds one", hop.name))
            .advise(format!("{help}, and at what {} makes of the path{}", hop.name, remedies::path_rule(&hop))),
    })
}

fn not_accepted_fact(refused: &Refused) -> String {
    let path = show::safe(refused.facts.path());
    format!("{}: the application did not accept a WebSocket at {path}", refused.said())
}

fn origin_line(refused: &Refused) -> String {
    match refused.sent("Origin") {
        Some(origin) => format!("Origin: {}", show::quoted(origin)),
        None => "no Origin was sent".into(),
    }
}

/// Whose empty 403 it is, by its head.
pub(super) fn server_of_403(refused: &Refused) -> Option<(&'static str, Confidence)> {
    if refused.status != 403 || !refused.body.is_empty() {
        return None;
    }
    let fields = refused.facts.answer.as_ref()?.fields();
    if refused.facts.is_server("uvicorn") {
        return Some(("uvicorn", Likely));
    }
    if refused.facts.is_server("hypercorn") {
        return Some(("Hypercorn", Likely));
    }
    if refused.facts.is_server("granian") {
        return Some(("Granian", Likely));
    }
    if refused.facts.is_server("daphne") || refused.reason == "Access denied" && fields.is_empty() {
        return Some(("Daphne", Likely));
    }
    if refused.facts.answered("Content-Length").is_none_or(|length| length != "0") {
        return None;
    }
    // uvicorn with the library websockets names no server, and gives a type to a body that is empty.
    let kind = refused.facts.answered("Content-Type");
    // Older releases (by websockets.legacy) leave the charset out; theirs has a Date.
    let dated = refused.facts.answered("Date").is_some();
    let typed = kind.is_some_and(|kind| kind == "text/plain; charset=utf-8" || kind == "text/plain" && dated);
    let bare = kind.is_none() && refused.reason.trim().is_empty();
    let proxied = refused.proxy().is_some();
    match refused.facts.server() {
        None if typed => Some(("uvicorn", Likely)),
        Some(_) if typed && proxied => Some(("uvicorn", Possible)),
        None if bare && fields.len() == 1 => Some((WSPROTO, Possible)),
        Some(_) if bare && proxied => Some((WSPROTO, Possible)),
        _ => None,
    }
}

/// Channels says so what a check refused; a route that is missing is an exception there.
fn daphne(refused: &Refused) -> Finding {
    let finding = Finding::of("upgrade-forbidden", "server side", not_accepted_fact(refused))
        .saw(format!("an empty 403 as Daphne has it; {}", origin_line(refused)));
    match refused.sent("Origin") {
        None => finding
            .because(
                Likely,
                "AllowedHostsOriginValidator wants an Origin that it knows, or connect() of the consumer closed before \
                 it accepted (for a missing route Channels has a 500)",
            )
            .advise("try the Origin of the page by --origin URL; then look at what connect() of the consumer checks"),
        Some(_) => finding
            .because(
                Likely,
                "AllowedHostsOriginValidator does not know this Origin, or connect() of the consumer closed before it \
                 accepted (for a missing route Channels has a 500)",
            )
            .advise(
                "compare the Origin's host with ALLOWED_HOSTS in the settings of Django; then look at what connect() \
                 of the consumer checks",
            ),
    }
}

/// Daphne's 500 for an exception before accept has no field at all.
fn daphne_raised(refused: &Refused) -> Option<Finding> {
    let bare = refused.facts.answer.as_ref().is_some_and(|answer| answer.fields().is_empty());
    if refused.reason != "Internal server error" || !bare || !refused.body.is_empty() {
        return None;
    }
    let path = show::safe(refused.facts.path());
    Some(
        Finding::of("handshake-failed-inside", "server side", raised_fact(refused))
            .saw("the bare 500 that Daphne has for an exception before accept")
            .because(
                Likely,
                format!(
                    "Channels has no route at {path} (ValueError: No route found), or the consumer raised an exception \
                     in connect()"
                ),
            )
            .advise(format!(
                "compare {path} with the paths of the URLRouter, with and without a slash at the end; then look at \
                 Daphne's log"
            )),
    )
}

/// uvicorn's 500 for an exception before accept; what answers an ordinary request there names uvicorn.
fn uvicorn_raised(refused: &Refused) -> Option<Finding> {
    let fields = refused.facts.answer.as_ref()?.fields();
    let closing = |name: &str| fields.iter().any(|field| field.name == name && field.value == "close");
    // Older releases write these three fields alone, in small letters.
    let closes = closing("Connection") || fields.len() == 3 && closing("connection");
    let typed = refused.facts.answered("Content-Type").is_some_and(|kind| kind == "text/plain; charset=utf-8");
    let own = closes && typed && refused.facts.server().is_none();
    if refused.body != "Internal Server Error" || !own || !refused.asked_well() {
        return None;
    }
    let finding = Finding::of("handshake-failed-inside", "server side", raised_fact(refused))
        .saw("the 500 that uvicorn has for an exception before accept");
    if refused.facts.path().contains("socket.io") {
        return Some(
            finding
                .because(Likely, "the handler or its check of rights raised an exception")
                .advise("look at the traceback in uvicorn's log"),
        );
    }
    Some(
        finding
            .because(
                Likely,
                "the handler or its check of rights raised an exception, or the application has no WebSocket at this \
                 path (Django without Channels; python-socketio beside /socket.io/)",
            )
            .advise(
                "look at the traceback in uvicorn's log; for python-socketio dial \
                 /socket.io/?EIO=4&transport=websocket",
            ),
    )
}

fn raised_fact(refused: &Refused) -> String {
    let path = show::safe(refused.facts.path());
    format!("{}: the application failed before it accepted a WebSocket at {path}", refused.said())
}

/// An upgrade without a route is answered with 403, so a 404 of the framework went to an ordinary request.
fn ordinary(refused: &Refused) -> Option<Finding> {
    let fastapi = refused.is_whole("{\"detail\":\"Not Found\"}");
    let named = ["uvicorn", "hypercorn", "daphne"].iter().any(|name| refused.facts.is_server(name));
    if !(fastapi || named && refused.is_whole("Not Found")) || !refused.asked_well() {
        return None;
    }
    let server = server_of_404(refused);
    let guessed = apache_between(refused);
    let proxy = refused.proxy().or_else(|| guessed.clone());
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
            .saw_all(guessed.map(|hop| hop.seen))
            .because(Possible, cause);
    if server == "uvicorn" && proxy.is_none() {
        return Some(library_or_proxy(refused, finding));
    }
    Some(remedies::upgrade_headers(proxy.as_ref(), refused.facts.path()).on(finding))
}

/// Hypercorn writes no reason phrase, which shows where a proxy hides its name.
fn server_of_404(refused: &Refused) -> &'static str {
    if refused.facts.is_server("daphne") {
        return "Daphne";
    }
    let nameless = !refused.facts.is_server("uvicorn") && refused.reason.trim().is_empty();
    if refused.facts.is_server("hypercorn") || nameless { "Hypercorn" } else { "uvicorn" }
}

/// These servers write their fields in small letters; Apache spells `Server` anew, and leaves the others.
fn apache_between(refused: &Refused) -> Option<Hop> {
    let fields = refused.facts.answer.as_ref()?.fields();
    let spelled = fields.iter().any(|field| {
        field.name == "Server" && (field.value.starts_with("uvicorn") || field.value.starts_with("hypercorn"))
    });
    let small = fields.iter().any(|field| field.name == "content-type");
    (spelled && small).then(|| Hop {
        name: "Apache",
        kind: Kind::Proxy,
        seen: "Server has a capital letter, which the application does not write, but Apache".into(),
        certain: false,
    })
}

/// Nobody else is seen. A proxy that leaves the application's name in Server is not nginx.
fn library_or_proxy(refused: &Refused, finding: Finding) -> Finding {
    let path = refused.facts.path();
    let lines_of = |name: &'static str| {
        let hop = Hop { name, kind: Kind::Proxy, seen: String::new(), certain: false };
        remedies::upgrade_headers(Some(&hop), path).lines
    };
    let mut lines = vec![String::from("# uvicorn, if its log misses a library"), PIP.to_string()];
    lines.push("# Apache, 2.4.47 or later".into());
    lines.extend(lines_of("Apache"));
    lines.push("# lighttpd, 1.4.46 or later".into());
    lines.extend(lines_of("lighttpd"));
    finding
        .advise(
            "look at uvicorn's log: without a library it says so at this request; if it does not, let the proxy in \
             front pass Upgrade on:",
        )
        .paste_lines(lines)
}
