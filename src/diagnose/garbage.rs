//! Bytes of an open connection that are no legal frame: what they are instead (RFC 6455 sections 5.1 to 5.5). Owns the
//! table of first bytes and what writes them; the rules that a frame breaks are `wire::sequence`'s.

use crate::diagnose::ends::Dropped;
use crate::event::finding::Confidence::{self, Certain, Likely, Possible};
use crate::event::{Direction, Finding, How, PayloadBytes, show};
use crate::wire::close;
use crate::wire::foreign::{self, Foreign, is_readable, readable_run};

/// So many bytes are shown in hex, and so many as text.
const HEX_SHOWN: usize = 8;
const TEXT_SHOWN: usize = 40;

/// What the first bytes of an illegal frame are, whatever they read as.
struct Known {
    what: Foreign,
    fact: &'static str,
    /// As the first bytes of the stream. Behind frames they may be the inside of a message too.
    confidence: Confidence,
    cause: &'static str,
    help: &'static str,
}

/// The bytes of other protocols; an HTTP answer has rules of its own.
const KNOWN: &[Known] = &[
    Known {
        what: Foreign::Page,
        fact: "a web page came where a frame must begin",
        confidence: Likely,
        cause: "a proxy put its error page into the stream, or a handler of HTTP writes to the upgraded socket",
        help: "look for the page's text in the proxy's error pages; compare with a connection straight to the server",
    },
    Known {
        what: Foreign::Json,
        fact: "JSON came where a frame must begin",
        confidence: Likely,
        cause: "the application writes to the raw socket instead of sending a message",
        help: "let the application send by its WebSocket library, not by the connection below it",
    },
    Known {
        what: Foreign::TlsAlert,
        fact: "a TLS alert came where a frame must begin",
        confidence: Certain,
        cause: "what stands behind the upgrade speaks TLS, and gets or is sent plain bytes",
        help: "let the proxy and the application agree: both with TLS between them, or both without",
    },
    Known {
        what: Foreign::TlsRecord,
        fact: "a TLS record came where a frame must begin",
        confidence: Certain,
        cause: "what stands behind the upgrade speaks TLS, and gets or is sent plain bytes",
        help: "let the proxy and the application agree: both with TLS between them, or both without",
    },
    Known {
        what: Foreign::Http2,
        fact: "HTTP/2 SETTINGS came where a frame must begin",
        confidence: Certain,
        cause: "the hop behind the upgrade speaks HTTP/2 on this connection",
        help: "let the proxy speak HTTP/1.1 to the application for this path, or WebSocket over HTTP/2 (RFC 8441)",
    },
    Known {
        what: Foreign::Chunk,
        fact: "the size of a chunk came where a frame must begin",
        confidence: Likely,
        cause: "what sends the frames puts them into chunks, as for a page (Transfer-Encoding: chunked)",
        help: "let the application write frames to the bare connection: no Transfer-Encoding on a 101 or behind it",
    },
    Known {
        what: Foreign::LineEnd,
        fact: "a line end came where a frame must begin",
        confidence: Likely,
        cause: "the server writes one line end too many behind the head of its 101",
        help: "end the head with one empty line: CR LF behind the last field, then CR LF",
    },
    Known {
        what: Foreign::Text,
        fact: "plain text came where a frame must begin",
        confidence: Possible,
        cause: "a program writes text straight to the socket: a log line, an error, another protocol's greeting",
        help: "look for this text in the server's code and configuration: it is written past the WebSocket library",
    },
];

/// What a server must do that shares its HTTP server with another one, in the words of node's `ws`.
const ONE_UPGRADE_HANDLER: &[&str] = &[
    "server.on('upgrade', (request, socket, head) => {",
    "  const wss = byPath[new URL(request.url, 'http://a').pathname];",
    "  if (!wss) return socket.destroy();",
    "  wss.handleUpgrade(request, socket, head, (ws) => wss.emit('connection', ws, request));",
    "});",
];

/// The finding on such an end; none for every other.
pub fn judge(dropped: &Dropped) -> Option<Finding> {
    let How::Garbage { breach, words } = &dropped.ended.how else { return None };
    let first = match &dropped.ended.bad_bytes {
        Some(PayloadBytes(bytes)) => bytes.as_slice(),
        None => &[],
    };
    let finding = by_first_bytes(first, dropped).unwrap_or_else(|| by_breach(breach, words, first, dropped));
    let line = (!first.is_empty()).then(|| format!("first bytes: {}", first_words(first)));
    Some(finding.saw_all(line))
}

fn first_words(first: &[u8]) -> String {
    let hex: Vec<String> = first.iter().take(HEX_SHOWN).map(|byte| format!("{byte:02x}")).collect();
    // Text that ends within the bytes is shown as far as it goes.
    let run = if readable_run(first) >= 8 { readable_run(first) } else { first.len() };
    let shown = &first[..run.min(TEXT_SHOWN)];
    if is_readable(shown) { format!("{} = {}", hex.join(" "), show::bytes(shown)) } else { hex.join(" ") }
}

fn illegal(fact: impl Into<String>) -> Finding {
    Finding::of("illegal-frame", "server side", fact)
}

fn by_first_bytes(first: &[u8], dropped: &Dropped) -> Option<Finding> {
    let what = foreign::of(first);
    if what == Some(Foreign::Http) {
        return Some(http_text(first, dropped));
    }
    if !is_behind_frames(dropped)
        && let Some(finding) = announced_body(first, dropped)
    {
        return Some(finding);
    }
    let known = KNOWN.iter().find(|known| Some(known.what) == what)?;
    let finding = illegal(known.fact).advise(known.help);
    Some(match (is_behind_frames(dropped), known.confidence) {
        (true, Certain) => finding.because(Likely, known.cause),
        (true, _) => finding.because(
            Possible,
            format!("{}; or an earlier frame announced a wrong length: this is the inside of a message", known.cause),
        ),
        (false, confidence) => finding.because(confidence, known.cause),
    })
}

/// The 101 announced a body, which it cannot have: here it is, where frames must be.
fn announced_body(first: &[u8], dropped: &Dropped) -> Option<Finding> {
    let head = dropped.head.as_ref()?;
    if let Some(coding) = head.first("Transfer-Encoding").filter(|_| foreign::is_chunk(first)) {
        let finding = illegal("the size of a chunk came where a frame must begin")
            .saw(format!("the 101 has Transfer-Encoding: {}", show::quoted(coding)))
            .because(Certain, "the server side sends what follows the 101 in chunks, as for a page");
        return Some(finding.advise("leave Transfer-Encoding out of the 101, and what writes the chunks with it"));
    }
    let length = head.first("Content-Length").filter(|length| *length != "0" && is_readable(first))?;
    let finding = illegal("a body came behind the 101 where a frame must begin")
        .saw(format!("the 101 has Content-Length: {}", show::quoted(length)))
        .because(Likely, "a framework adds a body to the 101, as to every answer");
    Some(finding.advise("let the server send the 101 without a body: what follows its head are frames"))
}

/// 48 54 54 50 reads as the fragment of a Close with RSV1: `RSV1 must be clear`, `Invalid frame header` elsewhere.
fn http_text(first: &[u8], dropped: &Dropped) -> Finding {
    let text = String::from_utf8_lossy(first);
    let line = text.lines().next().unwrap_or_default();
    let status = line.split(' ').nth(1).unwrap_or_default();
    let finding = illegal(format!("an HTTP answer came on the open connection: {}", show::quoted(line)));
    match status {
        "400" if dropped.url.contains("EIO=3") => finding
            .because(
                Likely,
                "an Engine.IO 4 server (Socket.IO 3 and later) refuses EIO=3 behind its 101; or two WebSocket servers \
                 share one HTTP server",
            )
            .advise("use EIO=4 in the URL, or set allowEIO3: true in the server"),
        "400" | "404" | "426" => two_servers(
            finding,
            "two WebSocket servers share one HTTP server: each answers every upgrade, and the one whose path this is \
             not writes its refusal onto the socket that the other has opened",
        ),
        "101" => two_servers(finding, "two WebSocket servers on one HTTP server both take this upgrade: a 101 of each"),
        "408" => finding
            .because(
                Likely,
                "a time-out of the HTTP server that still counts on the upgraded socket; or a proxy's time-out",
            )
            .advise("let the server clear its request time-out when a connection is upgraded"),
        "502" | "503" | "504" => finding
            .because(
                Possible,
                "a proxy writes its error page into the open stream, or two WebSocket servers share one HTTP server",
            )
            .advise("look for this status in the log of the proxy at this moment"),
        _ => finding
            .because(
                Possible,
                "a handler of HTTP answers on a socket that was upgraded: two WebSocket servers on one HTTP server, or \
                 a proxy's error page",
            )
            .advise("look for what answers with this status in the logs of the server and the proxy"),
    }
}

fn two_servers(finding: Finding, cause: &str) -> Finding {
    finding
        .because(Likely, cause)
        .advise("give each server noServer: true, and let one upgrade handler choose by the path (here for node's ws):")
        .paste(ONE_UPGRADE_HANDLER)
}

fn by_breach(breach: &str, words: &str, first: &[u8], dropped: &Dropped) -> Finding {
    let fact = format!("the server side sent {}", show::safe(words));
    if breach == "over-limit" {
        return Finding::of("message-over-limit", "server side", fact)
            .because(Certain, "the message is larger than --max-message");
    }
    if breach.starts_with("close-") {
        return close_by_hand(Finding::of("illegal-close-code", "server side", fact), words, first);
    }
    let finding = illegal(fact);
    match breach {
        "reserved-bits" if matches!(first, [0x41 | 0x42 | 0xc1 | 0xc2, ..]) => compressed(finding, dropped),
        "reserved-bits" => finding.because(
            Possible,
            "the stream is out of step after a wrong length, or two writers share the socket; or what writes here is \
             no WebSocket server",
        ),
        // The form of our own pings: 8 bytes, masked.
        "mask-unexpected" if first.starts_with(&[0x89, 0x88]) => finding
            .because(Likely, "our own ping came back as it was sent: what is behind the 101 only echoes bytes")
            .advise("look at what really answers behind the proxy: it upgrades and does not speak WebSocket"),
        // The byte of a short length with a number of 128 or more in it: its highest bit is that of the mask.
        "mask-unexpected" if is_long_in_short(first) => finding
            .because(Likely, "a length over 125 is written into the field of seven bits, whose highest bit means a mask")
            .advise("from 126 bytes on write 126 and two bytes of length, from 64 KiB on 127 and eight (RFC 6455 section 5.2)"),
        "mask-unexpected" => finding
            .because(Likely, "the server sends with a client's code: only clients mask")
            .advise("let the server send without a mask: every client must end the connection, with 1002"),
        "text-not-utf8" => finding
            .because(
                Likely,
                "binary data sent as text, a character cut in two, or text in another encoding (Latin-1, Windows-1252, GBK)",
            )
            .advise("send text in UTF-8, and binary data in binary messages"),
        "length-not-minimal" => finding
            .because(Likely, "the server builds its frames by hand, always with the long form of the length")
            .advise("let the server write the shortest form of the length (RFC 6455 section 5.2)"),
        "reserved-opcode"
        | "control-too-long"
        | "control-fragmented"
        | "continuation-of-nothing"
        | "message-inside-message"
        | "length-too-large" => out_of_step(breach, finding, first, dropped),
        _ => finding,
    }
}

/// A Close frame whose body is wrong: what was meant, as far as its bytes tell.
fn close_by_hand(finding: Finding, words: &str, first: &[u8]) -> Finding {
    if words.contains("one byte") {
        return finding
            .because(Likely, "the server builds the frame by hand: a code takes two bytes, in network order")
            .advise("write the code as two bytes (RFC 6455 section 5.5.1), or leave the body empty");
    }
    if words.contains("not UTF-8") {
        return finding
            .because(
                Likely,
                "the reason was cut inside a character to fit into 123 bytes, or is in another encoding, or no text",
            )
            .advise("send the reason in UTF-8, and shorten it at the end of a character (RFC 6455 section 5.5.1)");
    }
    let (Some([high, low]), body) = (first.get(2..4).and_then(|code| <[u8; 2]>::try_from(code).ok()), first.get(4..))
    else {
        return finding;
    };
    let (code, swapped) = (u16::from_be_bytes([high, low]), u16::from_le_bytes([high, low]));
    let reason = body.filter(|reason| !reason.is_empty()).map(|reason| format!("its reason: {}", show::bytes(reason)));
    let finding = finding.saw_all(reason);
    match code {
        400..=599 => finding
            .because(Likely, "a status of HTTP is used as a Close code")
            .advise(format!("use 4{code} in its place, or 1008 with this reason")),
        _ if close::is_legal(swapped) && !close::is_legal(code) && swapped < 5000 => finding
            .because(Likely, format!("the two bytes of the code are swapped: {swapped} was meant"))
            .advise("write the code in network order, the high byte first (RFC 6455 section 5.5.1)"),
        _ if high.is_ascii_digit() && low.is_ascii_digit() => finding
            .because(Likely, "the code is written as text")
            .advise("write the code as a number of two bytes (RFC 6455 section 5.5.1), then the reason"),
        _ if high.is_ascii_alphanumeric() && low.is_ascii_alphanumeric() => finding
            .because(Likely, "the body begins with the reason: the two bytes of the code are missing before it")
            .advise("put the code as two bytes before the reason (RFC 6455 section 5.5.1)"),
        _ => finding,
    }
}

/// RSV1 on the first frame of a message is what permessage-deflate sets (RFC 7692 section 6).
fn compressed(finding: Finding, dropped: &Dropped) -> Finding {
    let agreed = dropped.head.as_ref().and_then(|head| head.first("Sec-WebSocket-Extensions"));
    match agreed {
        None => finding
            .because(
                Likely,
                "the server compresses although no extension was agreed; or a proxy took Sec-WebSocket-Extensions out \
                 of the 101",
            )
            .advise("let the server compress only where that was agreed, and let proxies pass Sec-WebSocket-* on"),
        // Without an offer such a 101 would have been refused.
        Some(agreed) => finding
            .saw(format!("the 101 has Sec-WebSocket-Extensions: {}", show::quoted(agreed)))
            .because(Certain, "the request offered compression by a header of its own, and wscope does not unpack it")
            .advise("leave Sec-WebSocket-Extensions out of the request's -H"),
    }
}

/// Without a frame before it the first frame itself is built wrongly; behind others a length may have been wrong.
fn out_of_step(breach: &str, finding: Finding, first: &[u8], dropped: &Dropped) -> Finding {
    if breach == "control-too-long" && matches!(first, [0x88, 0x7e, _, _, 3 | 15, ..]) {
        return finding
            .because(Certain, "a Close frame whose reason is longer than 123 bytes")
            .advise("shorten the reason: code and reason together have 125 bytes at most (RFC 6455 section 5.5)");
    }
    if breach == "message-inside-message" && matches!(first, [0x01 | 0x02, ..]) {
        return finding
            .because(
                Possible,
                "the server never sets the FIN bit: a whole message begins with 0x81 or 0x82; or two writers send on one \
                 socket at the same time",
            )
            .advise("let the server set FIN on the last frame of each message; -vvv shows the frame before this one");
    }
    if !is_behind_frames(dropped) {
        return finding.because(
            Possible,
            "the server builds its frames by hand, and this one wrongly; or what writes here is no WebSocket server",
        );
    }
    let is_interleaved = matches!(breach, "message-inside-message" | "continuation-of-nothing");
    let confidence = if is_interleaved { Likely } else { Possible };
    finding
        .because(
            confidence,
            "two writers send on one socket at the same time, or an earlier frame announced a wrong length and the \
             stream is out of step",
        )
        .advise("let one task alone write to the socket, with a queue before it; -vvv shows the frame before this one")
}

/// Readable text where the key of a mask would be, behind a length byte with the highest bit.
fn is_long_in_short(first: &[u8]) -> bool {
    matches!(first, [0x81, 0x80..=0xff, ..]) && first.len() >= 10 && is_readable(&first[2..first.len().min(34)])
}

fn is_behind_frames(dropped: &Dropped) -> bool {
    let ended = &dropped.ended;
    ended.messages_in > 0 || ended.last_frames.iter().any(|frame| frame.direction == Direction::In)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
