//! "It opens, then closes in a few seconds": the first message that the server waited for and did not get, or the
//! subprotocol that it wants (RFC 6455 section 1.9). Owns the table of first messages by product, and when a drop is
//! taken for a missing one; products are recognised by `watch::products`.

use crate::diagnose::ends::Dropped;
use crate::diagnose::facts::contains;
use crate::diagnose::place::Place;
use crate::event::finding::Confidence::{Likely, Possible};
use crate::event::{Finding, How, PayloadBytes, show};
use crate::watch::products::{self, Product, Recognised};

/// What a product's server needs first, and how it ends a connection without it.
struct Hello {
    product: Product,
    /// To paste: the option, or the line, that sends it; empty where more is needed than a message.
    paste: &'static str,
    /// The Close that a missing one leads to; 0: any.
    code: u16,
    /// After so many seconds; 0: soon.
    seconds: f64,
    /// What to know about it.
    note: &'static str,
}

const fn hello(product: Product, paste: &'static str, code: u16, seconds: f64, note: &'static str) -> Hello {
    Hello { product, paste, code, seconds, note }
}

const INIT: &str = "-x '{\"type\":\"connection_init\"}'";

const HELLOS: &[Hello] = &[
    hello(Product::GraphqlTransportWs, INIT, 4408, 3.0, "wait for connection_ack before you subscribe"),
    hello(Product::GraphqlTransportWs, INIT, 4401, 0.0, "wait for connection_ack before you subscribe"),
    hello(Product::GraphqlLegacy, "-x '{\"type\":\"connection_init\",\"payload\":{}}'", 0, 0.0, ""),
    hello(
        Product::SignalR,
        "-x \"$(printf '{\"protocol\":\"json\",\"version\":1}\\036')\"",
        0,
        15.0,
        "the record separator, 1e, ends it",
    ),
    hello(Product::EngineIo, "-x 40", 0, 45.0, "it joins the main namespace of Socket.IO"),
    hello(
        Product::Stomp,
        "printf 'CONNECT\\naccept-version:1.2\\nhost:HOST\\n\\n\\000' | wscope connect --whole URL",
        0,
        0.0,
        "a frame that a NUL ends",
    ),
    hello(Product::Centrifugo, "-x '{\"id\":1,\"connect\":{}}'", 3502, 0.0, "with a token where one is wanted"),
    hello(
        Product::Mqtt,
        "echo 100c00044d5154540402003c0000 | wscope connect --hex --subprotocol mqtt URL",
        0,
        0.0,
        "a binary CONNECT",
    ),
    hello(Product::Obs, "-x '{\"op\":1,\"d\":{\"rpcVersion\":1}}'", 4007, 0.0, "Identify, as its Hello asks"),
    hello(
        Product::Discord,
        "-x '{\"op\":2,\"d\":{\"token\":\"TOKEN\",\"intents\":0,\"properties\":{}}}'",
        4003,
        0.0,
        "Identify, with the bot's token",
    ),
    hello(
        Product::HomeAssistant,
        "-x '{\"type\":\"auth\",\"access_token\":\"TOKEN\"}'",
        0,
        10.0,
        "with a long-lived token",
    ),
    hello(Product::Ddp, "-x '{\"msg\":\"connect\",\"version\":\"1\",\"support\":[\"1\"]}'", 0, 0.0, ""),
    hello(Product::TwitchEventSub, "", 4003, 10.0, "a subscription by HTTP with the session id of its welcome"),
];

/// Close codes whose number and age point to a missing first message, whatever else is known.
const BY_CODE: &[(u16, f64, Product)] = &[(4408, 3.0, Product::GraphqlTransportWs), (3502, 0.0, Product::Centrifugo)];

/// Ends for reasons of the server's own, or of a message that did come.
const OTHER_REASONS: [u16; 7] = [1001, 1007, 1009, 1011, 1012, 1013, 1014];
/// A server that waits for a first message without a known limit waits no longer.
const SOON: f64 = 31.0;
/// A subprotocol that is wanted is missed at once.
const AT_ONCE: f64 = 2.0;

/// A connection that was ended because its first message, or its subprotocol, did not come; none where that is not so.
pub fn missing(dropped: &Dropped) -> Option<Finding> {
    if dropped.farewell || dropped.ended.mid_frame.is_some() || dropped.ended.mid_message {
        return None;
    }
    let code = match &dropped.ended.how {
        How::Close { code, .. } | How::CloseThenCut { code, .. } => code.unwrap_or(1005),
        How::Fin | How::Reset | How::TlsTruncated => 1006,
        _ => return None,
    };
    missing_message(dropped, code).or_else(|| missing_subprotocol(dropped, code))
}

/// Subprotocols worth offering where none was: those of the product, or all that are common.
pub fn suggest(product: Option<Product>) -> &'static [&'static str] {
    match product {
        Some(Product::GraphqlTransportWs | Product::GraphqlLegacy) => &["graphql-transport-ws", "graphql-ws"],
        Some(Product::Mqtt) => &["mqtt"],
        Some(Product::Stomp) => &["v12.stomp"],
        Some(Product::ActionCable) => &["actioncable-v1-json"],
        Some(Product::Wamp) => &["wamp.2.json"],
        Some(Product::Ocpp) => &["ocpp1.6", "ocpp2.0.1"],
        Some(Product::Vite) => &["vite-hmr"],
        Some(Product::Kubernetes) => &["v4.channel.k8s.io"],
        Some(Product::AppSync) => &["aws-appsync-event-ws"],
        Some(Product::Janus) => &["janus-protocol"],
        Some(Product::Xmpp) => &["xmpp"],
        _ => &[
            "graphql-transport-ws",
            "graphql-ws",
            "mqtt",
            "v12.stomp",
            "actioncable-v1-json",
            "wamp.2.json",
            "ocpp1.6",
            "ocpp2.0.1",
            "vite-hmr",
            "v4.channel.k8s.io",
            "janus-protocol",
            "xmpp",
            "aws-appsync-event-ws",
        ],
    }
}

fn missing_message(dropped: &Dropped, code: u16) -> Option<Finding> {
    let age = dropped.ended.age;
    let marked = marked(dropped);
    let is_marked = marked.is_some();
    let recognised = marked.or_else(|| by_url(dropped)).or_else(|| by_code(code, age.seconds()))?;
    let is_its = |hello: &&Hello| hello.product == recognised.product && fits(hello, code, dropped);
    let hello = HELLOS.iter().find(is_its)?;
    let name = hello.product.name();
    let is_sure = is_marked || hello.code == code;
    let limit = if hello.seconds > 0.0 { format!(" within {} s", hello.seconds) } else { String::new() };
    let first = type_of(hello.paste).map(|kind| format!(" ({kind})")).unwrap_or_default();
    let cause = format!("{name} ends a connection whose first message{first} does not come{limit}");
    let finding = Finding::of(
        "hello-missing",
        "client",
        format!("the server ended the connection {} after the open: it waited for a first message", show::span(age)),
    )
    .saw_all(close_words(dropped))
    .saw(format!("taken for {name}: {}", show::safe(&recognised.why)))
    .saw(sent_words(dropped));
    let finding = match (is_sure, hello.seconds > 0.0) {
        (true, _) => finding.because(Likely, cause),
        (false, true) => {
            finding.because(Possible, format!("{cause}; or an idle limit of this length, or the application was done"))
        }
        (false, false) => finding.because(Possible, format!("{cause}; or the application was done with it")),
    };
    Some(advise(finding, hello))
}

/// The type that a first message of JSON names: `connection_init`.
fn type_of(paste: &str) -> Option<&str> {
    let (_, rest) = paste.split_once("\"type\":\"")?;
    rest.split('"').next()
}

/// `Close 4408, "Connection initialisation timeout"`.
fn close_words(dropped: &Dropped) -> Option<String> {
    let (How::Close { code: Some(code), reason } | How::CloseThenCut { code: Some(code), reason }) = &dropped.ended.how
    else {
        return None;
    };
    let said = if reason.is_empty() { "no reason given".into() } else { show::quoted(reason) };
    Some(format!("Close {code}, {said}"))
}

/// 4406 says so; 1002 at once, with nothing sent, hardly says anything else.
fn missing_subprotocol(dropped: &Dropped, code: u16) -> Option<Finding> {
    let ended = &dropped.ended;
    let is_at_once = code == 1002 && ended.messages_out == 0 && ended.age.seconds() <= AT_ONCE;
    let reason = close_reason(dropped);
    let is_said = contains(reason, "subprotocol") || contains(reason, "sub-protocol");
    if dropped.subprotocol().is_some() || !(code == 4406 || is_at_once || is_said) {
        return None;
    }
    if is_said && code != 4406 {
        return Some(said_subprotocol(dropped, code, reason));
    }
    let found = products::by_url(Place::of(&dropped.url).path);
    let product = match &found {
        Some(found) => Some(found.product),
        None if code == 4406 => Some(Product::GraphqlTransportWs),
        None => None,
    };
    let offered = &dropped.offered;
    let names = suggest(product);
    let names: Vec<&str> = names.iter().copied().filter(|name| !offered.iter().any(|known| known == name)).collect();
    let finding = Finding::of(
        "subprotocol-missing",
        "client",
        format!("the server closed with {code} at once, and no subprotocol was agreed to"),
    )
    .saw_all((!offered.is_empty()).then(|| format!("offered, and not chosen: {}", show::quoted(&offered.join(", ")))))
    .saw_all(found.map(|found| format!("taken for {}: {}", found.product.name(), show::safe(&found.why))));
    let cause = "the protocol above WebSocket wants its subprotocol";
    let finding = match (code, product) {
        (4406, _) | (_, Some(Product::GraphqlTransportWs)) => finding.because(
            Likely,
            format!("{cause}: GraphQL servers close with 4406 then, those of the older library with 1002"),
        ),
        _ => finding.because(Possible, format!("{cause}; or the server takes a frame of ours for illegal")),
    };
    if names.is_empty() {
        return Some(
            finding.advise("compare the subprotocol that the server's clients offer with the one offered here"),
        );
    }
    let help = match product {
        Some(_) if !offered.is_empty() => "offer another one, that of the client that works:",
        Some(_) => "offer the subprotocol of the client that works, the newer name first:",
        None => "offer the subprotocol of the client that works; the common ones are:",
    };
    Some(finding.advise(help).paste_lines(names.iter().map(|name| format!("--subprotocol {name}")).collect()))
}

/// The reason speaks of it: nothing more is to be guessed.
fn said_subprotocol(dropped: &Dropped, code: u16, reason: &str) -> Finding {
    let fact = format!("the server closed with {code}, and its reason speaks of the subprotocol");
    let finding = Finding::of("subprotocol-missing", "client", fact).saw(format!("reason: {}", show::quoted(reason)));
    match dropped.offered.as_slice() {
        [] => finding
            .because(Likely, "the server wants a subprotocol, and none was offered")
            .advise("offer the one that the server's clients use, by -s NAME; the reason may name it"),
        offered => finding
            .saw(format!("offered, and not chosen: {}", show::quoted(&offered.join(", "))))
            .because(Likely, "none of the subprotocols offered is one of the server's")
            .advise("offer another one by -s NAME; the reason may name it"),
    }
}

fn close_reason(dropped: &Dropped) -> &str {
    match &dropped.ended.how {
        How::Close { reason, .. } | How::CloseThenCut { reason, .. } => reason,
        _ => "",
    }
}

/// By what the server side gave away itself: the subprotocol that it chose, or its first message.
fn marked(dropped: &Dropped) -> Option<Recognised> {
    if let Some(found) = dropped.subprotocol().and_then(products::by_subprotocol) {
        return Some(found);
    }
    let PayloadBytes(first) = dropped.ended.first_message.as_ref()?;
    products::by_first_message(first)
}

/// By a path, which may be anybody's, and is no evidence once something was sent.
fn by_url(dropped: &Dropped) -> Option<Recognised> {
    (dropped.ended.messages_out == 0).then(|| products::by_url(Place::of(&dropped.url).path)).flatten()
}

fn by_code(code: u16, age: f64) -> Option<Recognised> {
    let (_, _, product) =
        BY_CODE.iter().find(|(known, after, _)| *known == code && (*after == 0.0 || is_near(age, *after)))?;
    Some(Recognised { product: *product, why: format!("the Close code {code} at this age") })
}

/// The product is right: do code and age fit, and was nothing sent that could have been the first message?
fn fits(hello: &Hello, code: u16, dropped: &Dropped) -> bool {
    let age = dropped.ended.age.seconds();
    let is_in_time = if hello.seconds == 0.0 { age < SOON } else { is_near(age, hello.seconds) };
    if hello.code != 0 {
        return hello.code == code && (hello.seconds == 0.0 || is_in_time);
    }
    is_in_time && dropped.ended.messages_out == 0 && !OTHER_REASONS.contains(&code)
}

/// Within 1 s or 3 %.
fn is_near(age: f64, seconds: f64) -> bool {
    (age - seconds).abs() <= (seconds * 0.03).max(1.0)
}

fn sent_words(dropped: &Dropped) -> String {
    match dropped.ended.messages_out {
        0 => "no message was sent".into(),
        sent => format!("{} sent", show::count(sent, "message")),
    }
}

fn advise(finding: Finding, hello: &Hello) -> Finding {
    if hello.paste.is_empty() {
        return finding.advise(format!("do first what it waits for: {}", hello.note));
    }
    let note = if hello.note.is_empty() { String::new() } else { format!(" ({})", hello.note) };
    finding.advise(format!("send its first message right after the open{note}:")).paste(&[hello.paste])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
