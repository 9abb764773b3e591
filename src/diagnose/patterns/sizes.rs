//! Drops right after a large message of ours, and Close 1009. Owns the limits of size that are well known and when a
//! size is to blame: a larger message that was survived on the same connection speaks against it.

use crate::diagnose::ends::{self, Dropped};
use crate::diagnose::facts::contains;
use crate::diagnose::idle::{Common, agree, is_cut};
use crate::diagnose::patterns::size_reasons::{self, Told};
use crate::event::finding::Confidence::{self, Certain, Likely, Possible};
use crate::event::{Finding, How, LastSent, Side, show};
use crate::moment::Span;

/// Smaller messages break nothing by their size, unless the Close says so.
const LARGE: u64 = 8 * 1024;
/// The message left so shortly before the end.
const RECENT: Span = Span::from_secs(1);
const TOO_BIG: u16 = 1009;
/// The library whose words a reason has.
const PYTHON: &str = "python websockets";
/// Where the commonest servers set their limit.
const OPTIONS: &str = "node ws maxPayload, python websockets max_size, uvicorn --ws-max-size, Go SetReadLimit";

/// A limit on the size of one message.
struct SizeLimit {
    product: &'static str,
    bytes: u64,
    /// What its `Server` header contains; empty where it has none of its own.
    server: &'static str,
    /// The line that raises it.
    knob: &'static str,
}

const fn limit(product: &'static str, bytes: u64, server: &'static str, knob: &'static str) -> SizeLimit {
    SizeLimit { product, bytes, server, knob }
}

/// What the products have unless set, smallest first.
const LIMITS: &[SizeLimit] = &[
    limit("the chat example of gorilla", 512, "", "conn.SetReadLimit(1 << 20)"),
    limit("Tomcat", 8 << 10, "tomcat", "session.setMaxTextMessageBufferSize(1048576);"),
    limit("uWebSockets", 16 << 10, "uwebsockets", ".maxPayloadLength = 1024 * 1024,"),
    limit("AWS API Gateway (a frame)", 32 << 10, "", ""),
    limit("SignalR", 32 << 10, "", "options.MaximumReceiveMessageSize = 1024 * 1024;"),
    limit("Jetty", 64 << 10, "jetty", "container.setMaxTextMessageSize(1024 * 1024);"),
    limit("Netty and Spring Cloud Gateway", 64 << 10, "", ""),
    limit("AWS API Gateway (a message)", 128 << 10, "", ""),
    limit("Socket.IO", 1_000_000, "", "maxHttpBufferSize: 1e8,"),
    limit("python websockets", 1 << 20, "websockets/", "max_size=16 * 2**20,"),
    limit("aiohttp", 4 << 20, "aiohttp", "WebSocketResponse(max_msg_size=64 * 2**20)"),
    limit("Tornado", 10 << 20, "tornado", "websocket_max_message_size=64 * 2**20,"),
    limit("uvicorn", 16 << 20, "uvicorn", "--ws-max-size 67108864"),
    limit("node ws", 100 << 20, "", "maxPayload: 512 * 1024 * 1024,"),
];

/// Did this connection break right behind a large message, the largest of it?
pub(super) fn is_after_large(dropped: &Dropped) -> bool {
    let ended = &dropped.ended;
    let large = |last: LastSent| last.len > LARGE && last.ago <= RECENT && last.len >= ended.sent_largest;
    is_cut(dropped) && ended.sent_last.is_some_and(large)
}

/// Several cuts, each right behind a large message.
pub(super) fn several(drops: &[Dropped]) -> Option<Common> {
    let explains: Vec<usize> = (0..drops.len()).filter(|index| is_after_large(&drops[*index])).collect();
    if explains.len() < 2 {
        return None;
    }
    let sent = explains.iter().filter_map(|index| drops[*index].ended.sent_last);
    let sizes: Vec<u64> = sent.map(|last| last.len).collect();
    let (least, most) = (sizes.iter().min().copied()?, sizes.iter().max().copied()?);
    let ages: Vec<Span> = explains.iter().map(|index| drops[*index].ended.age).collect();
    let number = show::count(explains.len() as u64, "drop");
    let of = if least == most { show::size(least) } else { format!("{} to {}", show::size(least), show::size(most)) };
    let fact = format!("{number}, each right after a message of ours of {of}");
    let finding = Finding::of("size-limit", "server side", fact).saw_all(ends::figures(&drops[explains[0]].ended));
    let finding = if agree(&ages) {
        finding.because(
            Possible,
            "a limit on the size of one message; or a maximum age: all drops have the same one; or a crash",
        )
    } else {
        finding.because(
            Likely,
            "a limit on the size of one message: the drops follow the size and no time; or a crash by the message",
        )
    };
    Some(Common { finding: advise(finding, &drops[explains[0]], least), explains })
}

/// One drop: a Close 1009, or a cut right behind a large message.
pub(super) fn alone(dropped: &Dropped) -> Option<Finding> {
    match &dropped.ended.how {
        How::Close { code: Some(TOO_BIG), .. } if dropped.ended.by == Side::Peer => closed(dropped),
        How::CloseThenCut { code: Some(TOO_BIG), .. } => closed(dropped),
        _ if is_after_large(dropped) => {
            let last = dropped.ended.sent_last?;
            let size = show::size(last.len);
            let fact = format!("{} right after a message of ours of {size}", ended_words(&dropped.ended.how));
            let finding = Finding::of("size-limit", "server side", fact)
                .saw(sent_words(last))
                .saw_all(ends::figures(&dropped.ended))
                .because(
                    Possible,
                    "a limit on the size of one message, whose Close 1009 was lost or never sent; or a crash or a \
                     restart in that moment",
                );
            Some(advise(finding, dropped, last.len))
        }
        _ => None,
    }
}

fn closed(dropped: &Dropped) -> Option<Finding> {
    let sent = sent_before_1009(dropped)?;
    let (How::Close { reason, .. } | How::CloseThenCut { reason, .. }) = &dropped.ended.how else { return None };
    let told = size_reasons::told(reason);
    let limit = told.as_ref().and_then(|told| told.limit);
    let (confidence, cause) = why_closed(dropped, sent, limit);
    let said = if reason.is_empty() { "no reason given".into() } else { show::quoted(reason) };
    let size = show::size(sent.len);
    let fact = format!("the server side closed with 1009 after a message of ours of {size}, {said}");
    let finding = Finding::of("size-limit", "server side", fact)
        .saw(sent_words(sent))
        .saw_all(ends::figures(&dropped.ended))
        .because(confidence, cause);
    let finding = match &dropped.ended.how {
        How::CloseThenCut { .. } => finding.saw("the connection broke before our answer was through"),
        _ => finding,
    };
    Some(match told {
        Some(told) => advise_by_reason(finding, dropped, &told, sent.len),
        None => advise(finding, dropped, sent.len),
    })
}

/// Where the reason names the library or the limit, nothing is to be guessed.
fn advise_by_reason(finding: Finding, dropped: &Dropped, told: &Told, size: u64) -> Finding {
    let here = told.limit.map(|limit| format!(", here {}", show::size(limit))).unwrap_or_default();
    match (told.library, told.limit) {
        // uvicorn gives its own option on to the library.
        (Some((PYTHON, ..)), _) if dropped.is_server("uvicorn") => finding
            .advise(format!("send smaller messages, or raise --ws-max-size of uvicorn{here}:"))
            .paste(&["--ws-max-size 67108864"]),
        (Some((PYTHON, option, knob)), _) if !dropped.is_server("websockets/") => finding
            .advise(format!(
                "send smaller messages, or raise {option} of {PYTHON}{here} (under uvicorn: --ws-max-size):"
            ))
            .paste(&[knob]),
        (Some((library, option, knob)), _) => {
            finding.advise(format!("send smaller messages, or raise {option} of {library}{here}:")).paste(&[knob])
        }
        (None, Some(limit)) if !is_known(dropped) => finding.advise(format!(
            "send messages of {} at most, or raise the limit where it is set: {OPTIONS}",
            show::size(limit)
        )),
        (None, _) => advise(finding, dropped, size),
    }
}

/// The message that a Close 1009 can mean.
fn sent_before_1009(dropped: &Dropped) -> Option<LastSent> {
    dropped.ended.sent_last.filter(|_| !dropped.farewell)
}

fn why_closed(dropped: &Dropped, sent: LastSent, limit: Option<u64>) -> (Confidence, String) {
    let size = show::size(sent.len);
    if let Some(limit) = limit {
        let named = show::size(limit);
        return match limit < dropped.ended.sent_largest.max(sent.len) {
            true => (Certain, format!("a limit of {named} on the size of one message: its reason says so")),
            false => (
                Possible,
                format!(
                    "its reason names {named}, more than any message of ours here: a limit on a sum, or on what \
                         the server makes of it"
                ),
            ),
        };
    }
    if dropped.ended.sent_largest > sent.len {
        let larger = show::size(dropped.ended.sent_largest);
        return (
            Possible,
            format!("a rule of the application's own: {larger} passed before on this connection; or a limit on a sum"),
        );
    }
    if sent.ago > RECENT || sent.len <= 125 {
        return (
            Possible,
            "a limit on the size of one message; or a rule of the application's own that says 1009".into(),
        );
    }
    (Certain, format!("a limit on the size of one message, below {size}: the server's Close says so"))
}

fn sent_words(sent: LastSent) -> String {
    format!("the last message of ours: {}, {} before the end", show::size(sent.len), show::span(sent.ago))
}

fn ended_words(how: &How) -> &'static str {
    match how {
        How::Reset => "the connection was reset",
        How::TlsTruncated => "the TLS stream was cut",
        _ => "FIN without a Close frame",
    }
}

/// The product's own limit if the connection gives it away; otherwise those that are next below the size.
fn advise(finding: Finding, dropped: &Dropped, size: u64) -> Finding {
    let fits = |limit: &&SizeLimit| limit.bytes <= size.max(1);
    let server = dropped.server().unwrap_or_default();
    // Where the Close says that it was the size, the limit may be set lower than usual.
    let is_told = !dropped.ended.how.is_cut();
    let known = LIMITS
        .iter()
        .filter(|limit| is_told || fits(limit))
        .find(|limit| !limit.server.is_empty() && contains(server, limit.server));
    if let Some(known) = known {
        let has = show::size(known.bytes);
        let help = format!("send smaller messages, or raise the limit in {} ({has} unless set):", known.product);
        return finding.advise(help).paste(&[known.knob]);
    }
    let below: Vec<String> = LIMITS
        .iter()
        .rev()
        .filter(fits)
        .filter(|limit| limit.bytes.saturating_mul(16) >= size)
        .take(3)
        .map(|limit| format!("{} {}", limit.product, show::size(limit.bytes)))
        .collect();
    let known = if below.is_empty() { String::new() } else { format!("; known limits below it: {}", below.join(", ")) };
    finding.advise(format!("send smaller messages, or raise the limit where it is set ({OPTIONS}){known}"))
}

/// Does the `Server` header name a product whose limit is known?
fn is_known(dropped: &Dropped) -> bool {
    let server = dropped.server().unwrap_or_default();
    LIMITS.iter().any(|limit| !limit.server.is_empty() && contains(server, limit.server))
}
