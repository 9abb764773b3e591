//! Texts by which servers say which header of the upgrade did not reach them (RFC 6455 section 4.2.1). Owns the table
//! of the texts and what each means; the lines that mend a hop are `remedies`'.

use super::Refused;
use crate::diagnose::hops::{Hop, Kind};
use crate::diagnose::remedies::{self, Arrived};
use crate::event::finding::Confidence::{self, Certain, Likely, Possible};
use crate::event::{Finding, show};

/// Where the text stands.
#[derive(Clone, Copy)]
enum Place {
    /// It is the whole body.
    Whole,
    /// It begins or is part of the body.
    Body,
    /// It is the reason phrase.
    Reason,
}

/// What the server missed.
#[derive(Clone, Copy)]
enum Means {
    /// Upgrade; nothing is said of Connection.
    Upgrade,
    /// Connection, which it looks at first; nothing is said of Upgrade.
    Connection,
    /// Connection, after it had found Upgrade.
    OnlyConnection,
    /// Upgrade, after it had found Connection.
    OnlyUpgrade,
    /// A header of the handshake, after it had found Upgrade and Connection.
    Header(&'static str),
    /// The method GET.
    Method,
    /// HTTP/1.1: the request came as HTTP/1.0.
    Http11,
    /// HTTP/1.1: the request came by HTTP/2.
    NotHttp2,
    /// A subprotocol that it knows.
    Subprotocol,
    /// Its own code failed.
    Inside(&'static str),
    /// Its own code cannot upgrade: something hides the connection from it.
    Hidden(&'static str),
    /// The server is not set up for upgrades.
    Unready(&'static str),
}

/// One text: status (0 is any), place, text, server, meaning.
type Row = (u16, Place, &'static str, &'static str, Means);

use Means::{
    Connection, Header, Hidden, Http11, Inside, Method, NotHttp2, OnlyConnection, OnlyUpgrade, Subprotocol, Unready,
};
use Place::{Body, Reason, Whole};

const KEY: &str = "Sec-WebSocket-Key";
const VERSION: &str = "Sec-WebSocket-Version";
const WRAPPED: &str = "a wrapper around the response hides http.Hijacker, which an upgrade needs; or the program sets \
    Sec-WebSocket-Extensions itself";
const UNABLE: &str =
    "a wrapper around the response hides http.Hijacker, which an upgrade needs; or this server has no WebSocket at all";
/// What Tornado says of an Upgrade that is lost, and of one that came twice. aiohttp has it behind words of its own,
/// and takes two.
const EITHER: &str = "Can \"Upgrade\" only to \"WebSocket\"";

/// The first row that fits counts: longer texts stand before those that they contain.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    (400, Whole, "Missing or invalid Sec-WebSocket-Key header", "node ws", Header(KEY)),
    (400, Whole, "Missing or invalid Sec-WebSocket-Version header", "node ws", Header(VERSION)),
    (405, Whole, "Invalid HTTP method", "node ws", Method),
    (426, Whole, "Upgrade Required", "node ws", Means::Upgrade),
    (0, Body, "'upgrade' token not found in 'Connection' header", "gorilla", Connection),
    (0, Body, "'websocket' token not found in 'Upgrade' header", "gorilla", OnlyUpgrade),
    (0, Body, "WebSocket protocol violation: Connection header", "coder/websocket", Connection),
    (0, Body, "WebSocket protocol violation: Upgrade header", "coder/websocket", OnlyUpgrade),
    (0, Body, "handshake request must be at least HTTP/1.1", "coder/websocket", Http11),
    (0, Body, "WebSocket protocol violation: handshake request method is not GET", "coder/websocket", Method),
    (0, Body, "unsupported WebSocket protocol version (only 13 is supported)", "coder/websocket", Header(VERSION)),
    (400, Body, "WebSocket protocol violation: missing Sec-WebSocket-Key", "coder/websocket", Header(KEY)),
    (400, Body, "WebSocket protocol violation: multiple Sec-WebSocket-Key", "coder/websocket", Header(KEY)),
    (400, Body, "WebSocket protocol violation: invalid Sec-WebSocket-Key", "coder/websocket", Header(KEY)),
    (0, Body, "unsupported HTTP version: HTTP/1.0", "python websockets", Http11),
    (0, Body, "open a WebSocket connection: missing Connection header", "python websockets", Connection),
    (0, Body, "open a WebSocket connection: invalid Connection header", "python websockets", Connection),
    (0, Body, "open a WebSocket connection: missing Upgrade header", "python websockets", OnlyUpgrade),
    (0, Body, "open a WebSocket connection: invalid Upgrade header", "python websockets", OnlyUpgrade),
    (0, Body, "open a WebSocket connection: missing Sec-WebSocket-Key", "python websockets", Header(KEY)),
    (0, Body, "open a WebSocket connection: invalid Sec-WebSocket-Key", "python websockets", Header(KEY)),
    (0, Body, "open a WebSocket connection: missing Sec-WebSocket-Version", "python websockets", Header(VERSION)),
    (0, Body, "open a WebSocket connection: invalid Sec-WebSocket-Version", "python websockets", Header(VERSION)),
    (0, Body, "open a WebSocket connection: missing subprotocol", "python websockets", Subprotocol),
    (0, Body, "open a WebSocket connection: invalid subprotocol", "python websockets", Subprotocol),
    (0, Body, "open a WebSocket connection: no subprotocol in common", "python websockets", Subprotocol),
    (500, Body, "Failed to open a WebSocket connection.", "python websockets",
        Inside("its handler or its choice of a subprotocol raised an exception")),
    (0, Body, "You cannot access a WebSocket server directly with a browser", "python websockets", Means::Upgrade),
    (0, Body, "No WebSocket UPGRADE hdr", "aiohttp", Means::Upgrade),
    (0, Body, "No CONNECTION upgrade hdr", "aiohttp", OnlyConnection),
    (400, Body, "Handshake error: ", "aiohttp", Header(KEY)),
    (400, Body, "Unsupported version: ", "aiohttp", Header(VERSION)),
    (0, Body, EITHER, "Tornado or Spring", Means::Upgrade),
    (0, Body, "\"Connection\" must be \"Upgrade\"", "Tornado", OnlyConnection),
    (0, Body, "\"Connection\" must be \"upgrade\"", "Spring", OnlyConnection),
    (400, Whole, "Missing/Invalid WebSocket headers", "Tornado", Header(KEY)),
    (0, Body, "Connection header did not include 'upgrade'", "axum", Connection),
    (0, Body, "`Upgrade` header did not include 'websocket'", "axum", OnlyUpgrade),
    (0, Body, "`Sec-WebSocket-Version` header did not include '13'", "axum", Header(VERSION)),
    (0, Body, "`Sec-WebSocket-Key` header missing", "axum", Header(KEY)),
    (405, Body, "Request method must be `CONNECT`", "axum", NotHttp2),
    (0, Body, "`:protocol` pseudo-header did not include 'websocket'", "axum", NotHttp2),
    (405, Body, "Request method must be `GET`", "axum", Method),
    (0, Body, "couldn't be upgraded since no upgrade state was present", "axum",
        Unready("the server was started without with_upgrades(), or the request came to it by HTTP/2")),
    (0, Reason, "No WebSocket Upgrade header found", "actix-web", Means::Upgrade),
    (0, Reason, "No Connection upgrade", "actix-web", OnlyConnection),
    (0, Reason, "HTTP Sec-WebSocket-Key header missing", "Daphne", Header(KEY)),
    (0, Body, "Not a valid websocket request", "sockjs-node", Means::Upgrade),
    (0, Body, "Only supported WebSocket protocol is RFC 6455", "sockjs-node", Header(VERSION)),
    (0, Body, "xpected Upgrade: websocket", "a Cloudflare Worker", Means::Upgrade),
];

pub(super) fn recognise(refused: &Refused) -> Option<Finding> {
    if let Some(found) = shaped(refused) {
        return Some(found);
    }
    let (.., server, means) = ROWS.iter().find(|row| fits(refused, row))?;
    let server = if *server == "Tornado or Spring" { tornado_or_spring(refused) } else { *server };
    meaning(refused, server, *means, Likely)
}

fn fits(refused: &Refused, (status, place, text, ..): &Row) -> bool {
    let there = match place {
        Whole => refused.is_whole(text),
        Body => refused.body.contains(text),
        Reason => refused.reason.contains(text),
    };
    there && (*status == 0 || *status == refused.status)
}

/// Both have the same text; only Tornado says its name.
fn tornado_or_spring(refused: &Refused) -> &'static str {
    if refused.facts.is_server("TornadoServer") { "Tornado" } else { "Tornado or Spring" }
}

/// Answers that are known by their head together with a stock text or none: gorilla and coder answer with the status'
/// own words and say the rest in their log.
fn shaped(refused: &Refused) -> Option<Finding> {
    let from_go = refused.facts.answered("X-Content-Type-Options").is_some_and(|value| value == "nosniff");
    let listed = refused.facts.answered(VERSION);
    match (refused.status, listed) {
        (426, Some(_)) if refused.body.is_empty() && refused.facts.is_server("TornadoServer") => {
            meaning(refused, "Tornado", Header(VERSION), Likely)
        }
        (400, Some("13")) if from_go && refused.is_whole("Bad Request") => {
            meaning(refused, "gorilla", Connection, Likely).map(|finding| {
                finding.saw("gorilla has this 400 for a lost Connection, Sec-WebSocket-Key or Version alike")
            })
        }
        (426, Some("13")) if from_go && refused.is_whole("Upgrade Required") => {
            meaning(refused, "gorilla", OnlyUpgrade, Likely)
        }
        (500, Some("13")) if from_go && refused.is_whole("Internal Server Error") => {
            meaning(refused, "gorilla", Hidden(WRAPPED), Likely)
        }
        (501, None) if from_go && refused.is_whole("Not Implemented") => {
            meaning(refused, "coder/websocket", Hidden(UNABLE), Possible)
        }
        _ => None,
    }
}

fn meaning(refused: &Refused, server: &str, means: Means, sure: Confidence) -> Option<Finding> {
    match means {
        // Other rules tell what we left out ourselves.
        Means::Upgrade | Connection | OnlyConnection | OnlyUpgrade if !refused.asked_well() => None,
        Means::Upgrade | Connection | OnlyConnection | OnlyUpgrade => Some(stripped(refused, server, means)),
        Header(name) => Some(header_lost(refused, server, name)),
        Method => Some(method_changed(refused, server)),
        Http11 => Some(old_http(refused, server)),
        NotHttp2 => Some(by_http2(refused, server)),
        Subprotocol => Some(subprotocol(refused, server)),
        Inside(why) => {
            Some(inside(refused, server, why, sure).advise("look at the application's log at the time of this answer"))
        }
        Hidden(why) => Some(inside(refused, server, why, sure).advise(
            "give the middleware's ResponseWriter a Hijack method, or mount the path outside it (http.TimeoutHandler \
             can never upgrade); the application's log says more",
        )),
        Unready(why) => Some(unready(refused, server, why, sure)),
    }
}

fn method_changed(refused: &Refused, server: &str) -> Finding {
    let fact = format!("{}: GET was sent, and another method reached the server", refused.said());
    let finding = Finding::of("upgrade-refused", "path", fact)
        .saw(format!("the text that {server} has for a request that is no GET"))
        .because(Likely, "something between here and the application changed the method");
    match refused.proxy().and_then(|hop| remedies::keep_method(&hop)) {
        Some(remedy) => remedy.on(finding),
        None => finding.advise("compare with a request straight to the application"),
    }
}

fn by_http2(refused: &Refused, server: &str) -> Finding {
    let fact = format!("{}: the upgrade reached the application by HTTP/2", refused.said());
    Finding::of("wrong-target-protocol", "path", fact)
        .saw(format!("the text that {server} has for a request by HTTP/2"))
        .because(Likely, "the hop in front speaks HTTP/2 to the application, and an upgrade is HTTP/1.1")
        .advise("let the hop in front use HTTP/1.1 to the application on this route")
}

fn inside(refused: &Refused, server: &str, why: &str, sure: Confidence) -> Finding {
    let fact = format!("{}: the application's own code failed in the upgrade", refused.said());
    Finding::of("handshake-failed-inside", "server side", fact)
        .saw(format!("the answer that {server} has for this"))
        .because(sure, why)
}

fn unready(refused: &Refused, server: &str, why: &str, sure: Confidence) -> Finding {
    let fact = format!("{}: the server of the application cannot upgrade", refused.said());
    Finding::of("upgrade-not-enabled", "server side", fact)
        .saw(format!("its body says {}", show::quoted(refused.body.trim())))
        .because(sure, format!("{server}: {why}"))
        .advise("serve the connections with upgrades: serve_connection(..).with_upgrades(), and by HTTP/1.1")
}

fn stripped(refused: &Refused, server: &str, means: Means) -> Finding {
    let lacks = match means {
        Connection => "without Connection: Upgrade",
        OnlyConnection => "with Upgrade, but without Connection: Upgrade",
        OnlyUpgrade => "with Connection: Upgrade, but without Upgrade: websocket",
        _ => "without Upgrade",
    };
    let joint = if refused.status == 426 { ", with" } else { " with" };
    let came = came(refused);
    let finding =
        Finding::of("upgrade-stripped", "path", "the application saw an ordinary request, not a WebSocket one").saw(
            format!("Upgrade and Connection left here; {came}{joint} the text that {server} has for a request {lacks}"),
        );
    let proxy = refused.proxy();
    let arrived = connection_that_arrived(refused);
    let who = proxy.as_ref().map_or("something between here and the application", |hop| hop.name);
    let cause = match means {
        OnlyConnection => format!("{who} passes Upgrade on to the application, but not Connection: Upgrade"),
        OnlyUpgrade => format!("{who} passes Connection on to the application, but not Upgrade"),
        _ => format!("{who} does not pass Upgrade and Connection on to the application"),
    };
    let may_be_two = refused.body.trim_start().starts_with(EITHER);
    let cause = match proxy.as_ref().is_some_and(|hop| may_be_two && remedies::is_nginx(hop.name)) {
        true => format!("{cause}; or sends Upgrade twice, by two proxy_set_header lines"),
        false => cause,
    };
    let finding = finding.saw_all(arrived.as_ref().map(|value| format!("it arrived there with Connection: {value}")));
    let traced = arrived.as_deref().and_then(by_connection).map(|hop| (hop, "the Connection that it sends on"));
    let traced = traced.or_else(|| by_names(refused, server).map(|hop| (hop, "the small letters of the header names")));
    if let (None, Some((hop, trace))) = (&proxy, traced) {
        let cause = format!(
            "{} stands in front, by {trace}, and does not pass the upgrade on; or another hop does so",
            hop.name
        );
        return remedies::upgrade_headers(Some(&hop), refused.facts.path()).on(finding.because(Possible, cause));
    }
    // A request by HTTP/1.0 has another text there, which says so.
    let version = if server == "python websockets" { Arrived::Http11 } else { Arrived::Unknown };
    remedies::upgrade_headers_after(proxy.as_ref(), refused.facts.path(), version).on(finding.because(Likely, cause))
}

/// The `Connection` that the server says it got: `invalid Connection header: Keep-Alive.`
fn connection_that_arrived(refused: &Refused) -> Option<String> {
    let value = match refused.body.split_once("invalid Connection header: ") {
        Some((_, rest)) => rest.lines().next()?.trim_end_matches('.'),
        None => refused.body.split_once("Connection header \"")?.1.split('"').next()?,
    };
    (value.len() <= 40).then(|| show::safe(value))
}

/// Apache writes the field with capitals to what stands behind it; others write it otherwise, or not at all.
fn by_connection(value: &str) -> Option<Hop> {
    (value == "Keep-Alive").then(|| Hop {
        name: "Apache",
        kind: Kind::Proxy,
        seen: format!("Connection: {value}"),
        certain: false,
    })
}

/// HAProxy writes every header name in small letters, where these servers write capitals.
fn by_names(refused: &Refused, server: &str) -> Option<Hop> {
    let fields = refused.facts.answer.as_ref()?.fields();
    let is_small = |name: &str| !name.bytes().any(|byte| byte.is_ascii_uppercase());
    let all_small = fields.len() > 1 && fields.iter().all(|field| is_small(&field.name));
    let has_capitals = ["node ws", "python websockets", "Tornado", "aiohttp"].contains(&server);
    (all_small && has_capitals).then(|| Hop {
        name: "HAProxy",
        kind: Kind::Proxy,
        seen: "header names in small letters".into(),
        certain: false,
    })
}

fn came(refused: &Refused) -> String {
    let listed = refused.facts.answer.as_ref().map(|answer| answer.tokens(VERSION)).unwrap_or_default();
    match (refused.status, listed.is_empty()) {
        (426, true) => "426 came back without Sec-WebSocket-Version".into(),
        (426, false) => format!("426 came back although its {VERSION} lists our {}", refused.our_version()),
        (status, _) => format!("{status} came back"),
    }
}

/// Upgrade and Connection arrived, and another header of the handshake did not.
fn header_lost(refused: &Refused, server: &str, name: &str) -> Finding {
    let text = format!("the answer that {server} has for a request without a good {name}");
    if name == VERSION && refused.our_version() != "13" {
        return Finding::of(
            "version-refused",
            "client",
            format!(
                "{}: the server does not speak version {} of the protocol",
                refused.said(),
                show::safe(refused.our_version())
            ),
        )
        .saw(text)
        .because(Certain, "-H changed Sec-WebSocket-Version")
        .advise("leave that -H out: version 13 is RFC 6455");
    }
    let keyless = refused.sent(KEY).is_none_or(|key| key.len() != 24);
    if name == KEY && keyless && refused.facts.sent.is_some() {
        return Finding::of("upgrade-refused", "client", format!("{}: the key that we sent is no key", refused.said()))
            .saw(text)
            .because(Certain, "-H removed or replaced Sec-WebSocket-Key")
            .advise("leave that -H out: wscope makes a key of its own");
    }
    let proxy = refused.proxy();
    let who = proxy.as_ref().map_or("something between here and the application", |hop| hop.name);
    let finding = Finding::of("key-lost", "path", format!("{}: {name} did not reach the application", refused.said()))
        .saw(format!("{name} left here; {text}"))
        .because(Likely, format!("{who} takes {name} away, or changes it"));
    match proxy.as_ref().and_then(|hop| remedies::let_pass(hop, name)) {
        Some(remedy) => remedy.on(finding),
        None => finding
            .advise("compare with a request straight to the application; then let every Sec-WebSocket header pass"),
    }
}

fn old_http(refused: &Refused, server: &str) -> Finding {
    let finding = Finding::of(
        "http-1-0-hop",
        "path",
        format!("{}: the request left as HTTP/1.1 and arrived as HTTP/1.0", refused.said()),
    )
    .saw(format!("the text that {server} has for a request by HTTP/1.0"))
    .saw_all(refused.server_line())
    .because(Certain, "a proxy passes the request on with HTTP/1.0");
    remedies::http11(refused.proxy().as_ref(), refused.facts.path()).on(finding)
}

/// `expected one of chat.v1, chat.v2` as flags, ready to paste.
fn named_subprotocols(body: &str) -> Option<String> {
    let rest = body.split_once("expected one of ")?.1.lines().next()?.trim_end_matches('.');
    // What a server says goes into a command line here: only what no shell acts upon.
    let is_harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+".contains(&byte);
    let is_token =
        |name: &&str| !name.is_empty() && name.len() <= 60 && !name.starts_with('-') && name.bytes().all(is_harmless);
    let names: Vec<String> = rest
        .split(',')
        .map(str::trim)
        .filter(is_token)
        .take(4)
        .map(|name| format!("-s {}", show::safe(name)))
        .collect();
    (!names.is_empty()).then(|| names.join(" or "))
}

fn subprotocol(refused: &Refused, server: &str) -> Finding {
    let offered = refused.sent("Sec-WebSocket-Protocol");
    let named = named_subprotocols(refused.body);
    let cause = match offered {
        None => "the server wants a subprotocol, and none was offered",
        Some(_) => "none of the subprotocols offered is one of the server's",
    };
    let help = match (&named, offered) {
        (Some(names), _) => format!("offer one that it names: {names}"),
        (None, None) => "offer the one that the server's clients use, by -s NAME: this answer does not name it".into(),
        (None, Some(_)) => "offer another one by -s NAME: the server's clients know which".into(),
    };
    let line = offered.map_or_else(
        || String::from("no subprotocol was offered"),
        |offered| format!("offered: {}", show::quoted(offered)),
    );
    Finding::of("upgrade-refused", "client", format!("{}: the subprotocol does not suit the server", refused.said()))
        .saw(format!("{line}; the text that {server} has for this"))
        .because(Certain, cause)
        .advise(help)
}
