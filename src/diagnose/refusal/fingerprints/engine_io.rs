//! Refusals of Engine.IO, which Socket.IO speaks. Owns its codes 0 to 5, in JSON (to an ordinary request) and as bare
//! text (to an upgrade), the answer to long polling, and what python-socketio says in their place.

use super::{Refused, asgi};
use crate::diagnose::facts::contains;
use crate::diagnose::remedies;
use crate::event::finding::Confidence::{Certain, Likely, Possible};
use crate::event::{Finding, show};

/// The texts of its codes; that of 4 is the program's own as often as not.
const TEXTS: [&str; 6] = [
    "Transport unknown",
    "Session ID unknown",
    "Bad handshake method",
    "Bad request",
    "Forbidden",
    "Unsupported protocol version",
];

/// One of its refusals.
struct Told {
    code: usize,
    /// In JSON, as it answers what is no upgrade.
    json: bool,
}

pub(super) fn recognise(refused: &Refused) -> Option<Finding> {
    if refused.status == 200 {
        return polling(refused);
    }
    if let Some(found) = python(refused) {
        return Some(found);
    }
    let told = told(refused)?;
    let form = if told.json { "in JSON, as it answers ordinary requests" } else { "as bare text" };
    let line = format!("Engine.IO's code {}, {form}: {}", told.code, show::quoted(refused.body.trim()));
    Some(match told.code {
        0 => transport(refused, &told).saw(line),
        1 => session(refused).saw(line),
        2 => refusal(refused, "the session was not begun with GET")
            .saw(line)
            .because(Likely, "something between here and the application changed the method")
            .advise("compare with a request straight to the application"),
        3 if told.json => stripped(refused).saw(line),
        3 => refusal(refused, "the request does not fit the session")
            .saw(line)
            .because(Possible, "the session was upgraded before, or transport= is another one than websocket")
            .advise("dial without sid=, with ?EIO=4&transport=websocket"),
        4 => refusal(refused, "the server's own rule says no")
            .saw(line)
            .because(Likely, "its allowRequest function, or its list of origins (Socket.IO 2)")
            .advise("look at allowRequest in the server; try --origin URL with the Origin of the page"),
        _ => version(refused).saw(line),
    })
}

fn told(refused: &Refused) -> Option<Told> {
    if !matches!(refused.status, 400 | 403) {
        return None;
    }
    if let Some(code) = json_code(refused.body) {
        let known = refused.body.contains(TEXTS[code]);
        return (known || at_engine_io(refused)).then_some(Told { code, json: true });
    }
    let Some(bare) = TEXTS.iter().position(|text| refused.is_whole(text)) else { return own_words(refused) };
    // These two are everybody's words; code 4 as bare text comes with 400.
    let common = matches!(bare, 3 | 4);
    let fits = !common || at_engine_io(refused) && refused.status == 400;
    fits.then_some(Told { code: bare, json: false })
}

/// A refusal of allowRequest in the program's own words: to an upgrade it is 400, and nobody else spells its type so.
fn own_words(refused: &Refused) -> Option<Told> {
    let answer = refused.facts.answer.as_ref()?;
    let spelled = answer.fields().iter().any(|field| field.name == "Content-type" && field.value == "text/html");
    (refused.status == 400 && spelled && at_engine_io(refused)).then_some(Told { code: 4, json: false })
}

/// The code in `{"code":N,"message":...}`.
fn json_code(body: &str) -> Option<usize> {
    let rest = body.trim().strip_prefix("{\"code\":")?;
    let (number, rest) = rest.split_once(',')?;
    let code: usize = number.trim().parse().ok()?;
    (code < TEXTS.len() && rest.contains("\"message\"")).then_some(code)
}

/// Is our request one that such a server would serve?
fn at_engine_io(refused: &Refused) -> bool {
    let target = refused.target();
    contains(target, "socket.io") || contains(target, "engine.io") || refused.query("EIO").is_some()
}

fn refusal(refused: &Refused, what: &str) -> Finding {
    Finding::of("engine-io-refused", "server side", format!("{}: Engine.IO, {what}", refused.said()))
}

fn transport(refused: &Refused, told: &Told) -> Finding {
    let path = show::safe(refused.facts.path());
    if refused.query("transport") == Some("websocket") {
        return refusal(refused, "it does not offer WebSocket")
            .because(Likely, "the server's option transports leaves websocket out")
            .advise("let the server's option be:")
            .paste(&["transports: [\"polling\", \"websocket\"]"]);
    }
    let finding = refusal(refused, "the URL names no transport that it knows")
        .advise(format!("dial {path}?EIO=4&transport=websocket"));
    if told.json && refused.asked_well() {
        return finding
            .because(Certain, "transport=websocket is missing in the URL; besides, Upgrade did not reach the server");
    }
    finding.because(Certain, "this is an Engine.IO server, and transport=websocket is missing in the URL")
}

fn session(refused: &Refused) -> Finding {
    let finding = Finding::of(
        "session-unknown",
        "server side",
        format!("{}: Engine.IO, the session in the URL is unknown", refused.said()),
    );
    if refused.query("sid").is_none() {
        return finding
            .because(
                Possible,
                "no sid was sent: something on the way changed the query, or a hop answered for another request",
            )
            .advise("compare with a request straight to the application");
    }
    finding
        .because(
            Possible,
            "several servers without sticky sessions: another one made the session; or it is over by now",
        )
        .advise("dial without sid= to begin a new one; if clients fail so, switch sticky sessions on in the balancer")
}

/// Code 3 in JSON: `transport=websocket` came in a request without Upgrade.
fn stripped(refused: &Refused) -> Finding {
    if refused.query("transport") != Some("websocket") || !refused.asked_well() {
        return refusal(refused, "the request is none that it understands")
            .because(Possible, "the query does not fit (EIO, transport, sid), or Upgrade did not reach the server");
    }
    let proxy = refused.proxy();
    let who = proxy.as_ref().map_or("something between here and the application", |hop| hop.name);
    let finding =
        Finding::of("upgrade-stripped", "path", "the application saw an ordinary request, not a WebSocket one")
            .because(Likely, format!("{who} does not pass Upgrade and Connection on to the application"));
    remedies::upgrade_headers(proxy.as_ref(), refused.facts.path()).on(finding)
}

fn version(refused: &Refused) -> Finding {
    let asked = refused.query("EIO");
    let finding = refusal(refused, "it does not speak this version");
    if asked == Some("4") {
        return finding
            .because(Possible, "the server speaks another version than 4; or something on the way changed the query")
            .advise("look up the version of Socket.IO in the server: 2 is EIO=3, 3 and 4 are EIO=4");
    }
    let path = show::safe(refused.facts.path());
    let told =
        asked.map_or_else(|| String::from("no EIO was sent"), |asked| format!("EIO={} was sent", show::safe(asked)));
    finding
        .because(Certain, format!("{told}, and the server wants EIO=4 (clients of Socket.IO 3 and later)"))
        .advise(format!("dial {path}?EIO=4&transport=websocket, or set allowEIO3: true in the server for old clients"))
}

/// python-socketio closes before it accepts, of which its ASGI server makes an empty 403: a query that does not fit, or
/// an Origin that it does not allow; a login of the program's own comes after the open.
fn python(refused: &Refused) -> Option<Finding> {
    let path = show::safe(refused.facts.path());
    if !contains(&path, "socket.io") {
        return None;
    }
    let (server, _) = asgi::server_of_403(refused)?;
    let line = format!("an empty 403 as {server} has it");
    if refused.query("EIO") != Some("4") || refused.query("transport") != Some("websocket") {
        return Some(
            refusal(refused, "the URL is not one that it takes")
                .saw(line)
                .because(Likely, "python-socketio wants EIO=4 and transport=websocket in the URL, or refuses so")
                .advise(format!("dial {path}?EIO=4&transport=websocket")),
        );
    }
    let origin = refused.sent("Origin")?;
    let finding =
        Finding::of("origin-rejected", "server side", format!("{}: the Origin is not accepted", refused.said()))
            .saw(format!("{line}; Origin: {}", show::quoted(origin)))
            .because(
                Likely,
                "python-socketio does not allow this Origin: without cors_allowed_origins only that of its own Host",
            );
    let fit = origin.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/.-[]".contains(&byte));
    Some(match fit {
        true => finding
            .advise("if pages of this Origin may connect, in the call of socketio.AsyncServer():")
            .paste_lines(vec![format!("cors_allowed_origins=[\"{origin}\"],")]),
        false => finding.advise("if pages of this Origin may connect, add it to cors_allowed_origins of the server"),
    })
}

/// Its answer to long polling: a session was opened by an ordinary request.
fn polling(refused: &Refused) -> Option<Finding> {
    let at = refused.body.find("0{\"sid\"")?;
    if at > 8 {
        return None;
    }
    let path = show::safe(refused.facts.path());
    Some(
        Finding::of(
            "answered-without-upgrade",
            "server side",
            format!("{}: a success, but no upgrade", refused.said()),
        )
        .saw("the body is a session that Engine.IO opens for long polling")
        .because(Certain, "this is the answer of Engine.IO to long polling")
        .advise(format!("dial {path}?EIO=4&transport=websocket")),
    )
}
