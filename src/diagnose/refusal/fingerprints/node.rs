//! Refusals of Node's HTTP servers. Owns the bare 400, 401 and 403 of node ws, which an upgrade
//! reached; the 400 of Node's parser; Express' 404, which shows that nothing took the upgrade: an ordinary request
//! reached it; and Fastify's 404.

use super::Refused;
use crate::diagnose::remedies;
use crate::event::finding::Confidence::{Likely, Possible};
use crate::event::{Finding, show};

pub(super) fn recognise(refused: &Refused) -> Option<Finding> {
    match refused.status {
        400 => node_ws(refused).or_else(|| unparsed(refused)),
        401 => verify_client(refused, "Unauthorized"),
        403 => verify_client(refused, "Forbidden"),
        404 => express(refused).or_else(|| fastify(refused)),
        _ => None,
    }
}

/// node ws ends an upgrade for a path that none of its servers has; each of several does so for itself.
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
                .because(
                    Likely,
                    "node ws serves another path (its option path); or several WebSocketServers share one HTTP server, \
                     and each refuses the paths of the others",
                )
                .advise(format!(
                    "compare {path} with the option path of WebSocketServer; if there are several, give each noServer: \
                     true, and let one upgrade handler choose"
                )),
        );
    };
    let cause = format!(
        "node ws serves another path (its option path), {} takes a part of the path away or adds one, or several \
         WebSocketServers share one HTTP server",
        proxy.name
    );
    Some(finding.because(Likely, cause).advise(format!(
        "compare {path} with the option path of WebSocketServer, then with what {} makes of it{}",
        proxy.name,
        remedies::path_rule(&proxy)
    )))
}

/// node ws refuses with the words of the status alone when verifyClient says no: 401 unless that gives another status.
fn verify_client(refused: &Refused, words: &str) -> Option<Finding> {
    let kind = refused.facts.answered("Content-Type").is_some_and(|kind| kind == "text/html");
    let challenged = refused.facts.answered("WWW-Authenticate").is_some();
    let named = refused.facts.server().is_some() && refused.proxy().is_none();
    // What is wrong with credentials that were sent is told by themselves.
    let sent = ["Authorization", "Cookie"].iter().any(|name| refused.sent(name).is_some());
    let judged = refused.status == 401 && (sent || refused.target().contains("token="));
    if refused.body != words || !kind || challenged || named || judged || !refused.asked_well() {
        return None;
    }
    let code = if refused.status == 401 { "upgrade-unauthorized" } else { "upgrade-forbidden" };
    let fact = format!("{}: the upgrade is not permitted", refused.said());
    let origin = match refused.sent("Origin") {
        Some(origin) => format!("Origin: {}", show::quoted(origin)),
        None => "no Origin was sent".into(),
    };
    Some(
        Finding::of(code, "server side", fact)
            .saw(format!("the bare {} of node ws when verifyClient says no; {origin}", refused.status))
            .because(
                Possible,
                "verifyClient of node ws (or an upgrade handler like it) said no: to a token, cookie or query value \
                 that is missing or wrong, or to the Origin",
            )
            .advise(
                "look at what verifyClient checks; send it by --bearer TOKEN, --cookie or the query, and the page's \
                 Origin by --origin URL",
            ),
    )
}

/// Node's HTTP parser refuses with this one field, before any code of the application saw the request.
fn unparsed(refused: &Refused) -> Option<Finding> {
    let fields = refused.facts.answer.as_ref()?.fields();
    let closes = refused.facts.answered("Connection").is_some_and(|value| value == "close");
    if fields.len() != 1 || !closes || !refused.body.is_empty() || !refused.asked_well() {
        return None;
    }
    Some(
        Finding::of("upgrade-refused", "server side", format!("{} in place of 101", refused.said()))
            .saw("the answer has no field but Connection: close, as that of Node's HTTP parser")
            .because(
                Possible,
                "Node could not read the request as it arrived: a hop in front writes the PROXY protocol before it; or \
                 an upgrade handler written by hand refuses the path or a right so",
            )
            .advise(
                "take send-proxy off the server line in HAProxy (in nginx's stream: proxy_protocol on); without such a \
                 hop, check the path, and what the server's upgrade handler checks",
            ),
    )
}

/// Hops that pass upgrades on unless they are told otherwise.
const WILLING: &[&str] = &["Caddy", "HAProxy", "Traefik"];

/// Express' 404 for the path that was asked for. Node asks it only when nothing on its HTTP server takes upgrades, or
/// when Upgrade did not arrive; a WebSocket server of another path would have refused by itself.
fn express(refused: &Refused) -> Option<Finding> {
    let told = refused.body.split_once("Cannot GET ")?.1.split(['<', '"', '\n', '?']).next()?.trim();
    if told != refused.facts.path() || !refused.asked_well() {
        return None;
    }
    let path = show::safe(told);
    let powered = refused.facts.answered("X-Powered-By").map(|value| format!("X-Powered-By: {}", show::quoted(value)));
    let fact = format!("{}: Express answered {path} as an ordinary request", refused.said());
    let finding =
        Finding::of("upgrade-not-offered-here", "server side", fact).saw_all(refused.server_line()).saw_all(powered);
    let Some(proxy) = refused.proxy() else {
        return Some(
            finding
                .because(
                    Likely,
                    "no WebSocket server is attached to the HTTP server under Express, the path belongs to another \
                     server, or a proxy takes Upgrade away",
                )
                .advise("check path and port; then attach the WebSocket server to the one that listens, in Node:")
                .paste_lines(attached(told)),
        );
    };
    let unattached = "no WebSocket server is attached to the HTTP server under Express";
    let cause = match WILLING.contains(&proxy.name) {
        true => format!("{unattached}, or {} is told to take Upgrade away", proxy.name),
        false => format!("{} does not pass Upgrade and Connection on, or {unattached}", proxy.name),
    };
    let remedy = remedies::upgrade_headers(Some(&proxy), refused.facts.path());
    Some(
        finding
            .because(Likely, cause)
            .advise(format!("if a WebSocket server is attached there, {}", remedy.help))
            .paste_lines(remedy.lines),
    )
}

/// Fastify's 404 for a path without any route. A route of @fastify/websocket has an empty one when Upgrade was lost.
fn fastify(refused: &Refused) -> Option<Finding> {
    let (told, rest) = refused.body.split_once("Route GET:")?.1.split_once(' ')?;
    let told = told.split('?').next().unwrap_or(told);
    if told != refused.facts.path() || !rest.starts_with("not found") || !refused.asked_well() {
        return None;
    }
    let path = show::safe(told);
    let fact = format!("{}: Fastify has no route at {path}", refused.said());
    Some(
        Finding::of("upgrade-not-offered-here", "server side", fact)
            .saw_all(refused.server_line())
            .saw("a route of @fastify/websocket that lost its Upgrade has an empty 404, not this one")
            .because(Likely, "the path is a wrong one: its prefix, a slash at its end, or another server's")
            .advise(format!("compare {path} with the routes of the application, and with the prefix of its plugins")),
    )
}

/// For node ws. A path that could end the quotes is left out.
fn attached(path: &str) -> Vec<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/_-.~".contains(&byte);
    let option = match path.len() <= 60 && path.bytes().all(is_plain) {
        true => format!("{{ server, path: '{path}' }}"),
        false => "{ server }".to_string(),
    };
    vec!["const server = app.listen(8080);".to_string(), format!("new WebSocketServer({option});")]
}
