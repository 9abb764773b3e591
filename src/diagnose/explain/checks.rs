//! What the checks of `probe --deep` ask, and what their answers are good for. Owns those texts, by the id that the table
//! of a run shows; which checks there are is `exam::deep`'s.

/// Id, what is asked, what the answer tells.
#[rustfmt::skip]
const CHECKS: &[(&str, &str, &str)] = &[
    ("P1", "the name is looked up", "every address that a client may get, and how long that takes"),
    ("P2", "TCP to each of the addresses, six at most",
        "one that is dead fails a part of the clients only, or makes each of them wait"),
    ("P3", "no request; the variables of the environment that name a proxy",
        "wscope connects directly: programs that use the proxy may be treated otherwise"),
    ("P4a", "one TLS handshake, whatever the certificate is worth",
        "version and cipher, whose certificate it is, how many are sent, how many days are left"),
    ("P4b", "one TLS handshake without a name (SNI)",
        "another certificate means that old clients, and those that dial an address, see another site"),
    ("P5", "one TLS handshake that offers h2 before http/1.1 (ALPN)",
        "where h2 is preferred, a client that offers it must ask as RFC 8441 says; others must not offer it"),
    ("P6", "the same request twice, with two keys",
        "one Sec-WebSocket-Accept for both comes from a cache, or from a server that does not compute it"),
    ("P7a", "the URL as a plain GET", "whether a page or an interface lives at the same URL"),
    ("P7b", "an upgrade at a path that nobody has",
        "the same refusal there says that it is not about the path; the same 101 that the path does not matter"),
    ("P7c", "an upgrade with Connection: keep-alive, Upgrade",
        "legal (RFC 9110 section 7.6.1), sent by Firefox; a server that compares the whole value refuses it"),
    ("P7d", "upgrades of version 8 and 99",
        "a server should answer 426 and list the versions that it speaks (RFC 6455 section 4.4)"),
    ("P7e", "the path with a slash at its end, or without the one that it has", "routers differ in this"),
    ("P7f", "ws for wss, or wss for ws, at the default ports, without anything secret",
        "pages over https can use wss only"),
    ("P8", "upgrades with no Origin, the one that -o gave, the site's own, a foreign one, and null",
        "a server that takes a foreign Origin lets any page connect with its visitors' cookies (section 10.2)"),
    ("P9", "upgrades with the subprotocols that -s gave, with none, and with an unknown one",
        "a subprotocol that was not offered fails every client (section 4.1)"),
    ("P10a", "an upgrade that offers permessage-deflate as browsers do",
        "a refusal or a wrong parameter fails browsers, and not the clients that offer nothing"),
    ("P10b", "no request; the reserved bits of all frames that came", "a set bit without an extension is illegal"),
    ("P11", "seven pings of 0, 8 and 125 bytes", "whether each has a pong with its own payload (section 5.5.3)"),
    ("P12", "the message of -x, or the text of the heartbeat",
        "the handler answers it, and the library the pings: the difference is the time in the handler"),
    ("P14a", "texts of 1 B to 1 MiB; a limit is narrowed down by at most 12 more connections",
        "the largest message that passes, and how a larger one ends the connection"),
    ("P14b", "a text in two frames with a ping between", "legal (section 5.4), and forgotten by servers made by hand"),
    ("P15", "four closing handshakes: 1000, no code, 4000, and a reason of 123 bytes",
        "each is to be answered by a Close with the same code, and the server ends TCP (section 7.1.1)"),
    ("P16", "with --strict: five violations, each on a connection of its own",
        "a server must end the connection, by 1002 or 1007"),
    ("P17", "three connections, one after another",
        "how fast a reconnect is, and whether a cookie of a load balancer must be sent again"),
    ("P19", "no request; the Date of an answer", "dates in tokens and certificates are judged by such clocks"),
];

/// The ids.
pub fn ids() -> impl Iterator<Item = &'static str> {
    CHECKS.iter().map(|(id, ..)| *id)
}

/// The text on an id, or on all that begin with it (`P7`); none for another word.
pub fn check(word: &str) -> Option<String> {
    let is_one = |id: &str| id.eq_ignore_ascii_case(word);
    let is_group = |id: &str| {
        let stem = id.trim_end_matches(|letter: char| letter.is_ascii_lowercase());
        stem.eq_ignore_ascii_case(word)
    };
    let mut texts = Vec::new();
    for (id, asks, tells) in CHECKS.iter().filter(|(id, ..)| is_one(id) || is_group(id)) {
        let mut text = format!("{id} (check of probe --deep)\n\n");
        super::line(&mut text, "asks", asks);
        super::line(&mut text, "tells", tells);
        texts.push(text);
    }
    (!texts.is_empty()).then(|| texts.join("\n"))
}
