//! Findings on the end of an open connection, one by one (RFC 6455 sections 5 and 7). Owns what each way of ending is
//! taken for; what several ends have in common is `idle`'s.

use crate::diagnose::close_codes::{said, usual};
use crate::diagnose::facts::contains;
use crate::diagnose::garbage;
use crate::diagnose::product_codes;
use crate::diagnose::tls::alert_words;
use crate::event::finding::Confidence::{self, Certain, Likely, Possible};
use crate::event::finding::Severity;
use crate::event::{Ended, Finding, How, Missed, Side, show};
use crate::moment::{Moment, Span};
use crate::wire::close;
use crate::wire::head::Head;

/// An end so soon after the open is no limit of time.
const AT_ONCE: Span = Span::from_millis(200);

/// A connection that was taken away, with what was known of it.
#[derive(Clone, Debug)]
pub struct Dropped {
    pub at: Moment,
    /// The wall clock at the drop, in milliseconds since 1970, UTC.
    pub wall_unix_ms: Option<i64>,
    pub ended: Ended,
    /// The 101.
    pub head: Option<Head>,
    pub url: String,
    /// A message announced the end.
    pub farewell: bool,
    /// The last heartbeat without an answer.
    pub missed: Option<Missed>,
    /// Pongs of pings of ours, on this connection.
    pub pings_answered: u64,
    /// What this end did wrong on purpose.
    pub wrongs: Vec<String>,
    /// The subprotocols that were offered.
    pub offered: Vec<String>,
}

impl Dropped {
    /// The answer's `Server` header.
    pub fn server(&self) -> Option<&str> {
        self.head.as_ref()?.first("Server")
    }

    /// Does the `Server` header name this product?
    pub fn is_server(&self, product: &str) -> bool {
        self.server().is_some_and(|server| contains(server, product))
    }

    /// The subprotocol that the server chose.
    pub fn subprotocol(&self) -> Option<&str> {
        self.head.as_ref()?.first("Sec-WebSocket-Protocol")
    }
}

#[cfg(test)]
impl Dropped {
    /// A drop of which nothing else is known, for tests to change what they are about.
    pub fn sample(ended: Ended) -> Dropped {
        Dropped {
            at: Moment::START,
            wall_unix_ms: None,
            ended,
            head: None,
            url: "ws://a/ws".into(),
            farewell: false,
            missed: None,
            pings_answered: 0,
            wrongs: Vec::new(),
            offered: Vec::new(),
        }
    }
}

/// The finding of one drop; none when we ended the connection ourselves. An end that a message announced is a note.
pub fn judge(dropped: &Dropped) -> Option<Finding> {
    let ended = &dropped.ended;
    let finding = match &ended.how {
        How::Close { .. } if ended.by == Side::Us => return None,
        How::Close { code, reason } => closed(dropped, *code, reason),
        How::CloseThenCut { code, reason } => close_then_cut(dropped, *code, reason),
        How::CloseUnanswered { .. } => return close_unanswered(ended),
        How::Fin => fin(ended, dropped.is_server("nginx")),
        How::Reset => reset(ended),
        How::TlsTruncated => Finding::of("tls-truncated", "server side", cut_words("the TLS stream was cut", ended)),
        How::TlsAlert { alert } => tls_alert(*alert),
        How::Silent { delivered } => silent(*delivered, dropped.missed.as_ref()),
        How::KernelTimeout => {
            Finding::of("kernel-timeout", "path", "the kernel gave the connection up: nothing was acknowledged")
                .because(Likely, "the path is cut: network, VPN, NAT, or a host that is off")
        }
        How::WriteStuck => {
            Finding::of("write-stuck", "server side", "what we wrote could not leave in time: nobody reads it")
        }
        How::Garbage { .. } => garbage::judge(dropped)?,
        How::Local { .. } => return None,
    };
    let finding = finding.saw_all(figures(ended));
    Some(if dropped.farewell { finding.at(Severity::Note).saw("a message announced it") } else { finding })
}

/// Our Close was not answered by one; none for every other end.
pub fn close_unanswered(ended: &Ended) -> Option<Finding> {
    let How::CloseUnanswered { code, cut } = &ended.how else { return None };
    let sent = code_words(*code);
    let finding = match cut {
        true => Finding::of(
            "close-unanswered",
            "server side",
            format!("our Close {sent} was answered by the end of TCP only"),
        )
        .because(Likely, "the server closes its socket instead of answering"),
        false => Finding::of("close-unanswered", "server side", format!("our Close {sent} was not answered in time"))
            .because(Likely, "the server does not handle a Close frame, or hangs"),
    };
    // What came may have been the pongs and the Close: they lie inside a frame that has no end.
    let finding = match ended.mid_frame {
        Some((came, of)) if of > 0 => unfinished(finding, came, of),
        _ => finding,
    };
    Some(finding.saw_all(figures(ended)))
}

/// A frame that announced more than ever came.
fn unfinished(finding: Finding, came: u64, of: u64) -> Finding {
    let swapped = u16::try_from(of).ok().map(|of| u64::from(of.swap_bytes())).filter(|swapped| *swapped <= came);
    let finding = finding.saw(format!("the last frame of the server side announced {of} bytes, {came} came"));
    match swapped {
        Some(right) => finding
            .because(Likely, format!("its length was written in the wrong byte order: {right} bytes were meant"))
            .advise("write the length in network order, the high byte first (RFC 6455 section 5.2)"),
        None => finding
            .because(
                Likely,
                "a frame of the server side announces a wrong length, and what it sent since lies inside it",
            )
            .advise("look at how the server writes the length of its frames; -vvv shows this one"),
    }
}

/// Age, silence and what else is known of the moment of an end.
pub fn figures(ended: &Ended) -> Vec<String> {
    let due = ended.heartbeat_due.map(|due| format!("; heartbeat due in {}", show::span(due))).unwrap_or_default();
    let mut lines = vec![format!(
        "age {}; last byte in {} ago, out {} ago{due}",
        show::span(ended.age),
        show::span(ended.quiet_in),
        show::span(ended.quiet_out)
    )];
    if !ended.held.is_zero() {
        lines.push(format!("we did not read for {} of it", show::span(ended.held)));
    }
    if let Some(io) = &ended.io {
        lines.push(format!("the socket's first error: {}", show::quoted(io)));
    }
    lines
}

/// A code as a person reads it: `1000 Normal Closure`, or `without a code`.
pub fn code_words(code: Option<u16>) -> String {
    let Some(code) = code else { return "without a code".into() };
    let name = close::name(code);
    // The registry's names are capitalised; the rest tells of a range.
    if name.starts_with(char::is_uppercase) { format!("{code} {name}") } else { format!("{code} ({name})") }
}

fn closed(dropped: &Dropped, code: Option<u16>, reason: &str) -> Finding {
    let said = match reason {
        "" => String::from("no reason given"),
        reason => show::quoted(reason),
    };
    let with = if code.is_some() { "with " } else { "" };
    let fact = format!("the server side closed {with}{}, {said}", code_words(code));
    let finding = match code {
        None | Some(1000) if dropped.ended.age < AT_ONCE && asks_for_polling(&dropped.url) => {
            return Finding::of("closed-normally-early", "server side", fact)
                .saw("the URL has transport=polling")
                .because(Likely, "Engine.IO does not take a WebSocket at a URL that asks for its polling")
                .advise("use transport=websocket in place of transport=polling in the URL");
        }
        None | Some(1000) if dropped.ended.age < AT_ONCE => {
            return Finding::of("closed-normally-early", "server side", fact)
                .because(
                    Possible,
                    "the application closed right after the open: a check of its own said no (path, query, login), or it \
                     had nothing to say",
                )
                .advise("look at what the application checks on the open, and at its log");
        }
        None | Some(1000) => Finding::of("closed-normally-early", "server side", fact),
        Some(1001) => Finding::of("going-away", "server side", fact),
        Some(_) => Finding::of("closed-with-code", "server side", fact),
    };
    match code {
        None => finding,
        Some(code) => explained(finding, dropped, code, reason),
    }
}

/// One of the two transports of Engine.IO, and not the one of a WebSocket.
fn asks_for_polling(url: &str) -> bool {
    url.split_once('?').is_some_and(|(_, query)| query.split('&').any(|pair| pair == "transport=polling"))
}

/// With the cause that the product, the reason, or at least the number speaks for.
fn explained(finding: Finding, dropped: &Dropped, code: u16, reason: &str) -> Finding {
    if let Some((saw, confidence, cause, help)) = by_product(dropped, code, reason) {
        return finding.saw(saw).because(confidence, cause).advise(help);
    }
    if let Some(said) = said(code, reason, dropped.server().unwrap_or_default()) {
        return finding.because(said.confidence, said.cause).advise(said.help);
    }
    let first = dropped.ended.first_message.as_ref().map_or(&[][..], |first| first.0.as_slice());
    if dropped.ended.messages_out > 0 && first.starts_with(b"INFO {") {
        return finding
            .saw("its first message begins with INFO {: a NATS server")
            .because(
                Likely,
                "NATS takes its own commands only (CONNECT, PING, SUB), and the message sent is none of them",
            )
            .advise("use a client of NATS, or begin with the text CONNECT {\"verbose\":false} and a line end");
    }
    if code == 1002 && dropped.subprotocol().is_none() && contains(&dropped.url, "graphql") {
        return finding
            .saw("the path speaks of GraphQL, and no subprotocol was agreed to")
            .because(Likely, "an old GraphQL server (subscriptions-transport-ws), which wants its subprotocol")
            .advise("offer it: --subprotocol graphql-ws");
    }
    let usual = usual(code);
    match (code, product_codes::rivals(code)) {
        (1000 | 1001, _) => finding,
        (3001..=3007 | 3009.., Some(rivals)) => {
            let cause = format!("{}; the number is also used by {rivals}", usual.senders);
            finding.because(Possible, cause).advise(unknown_help(code))
        }
        // Several causes in one row of the table: the code alone does not choose.
        _ if usual.senders.contains("; ") => finding.because(Possible, usual.senders).advise(usual.advice()),
        _ => finding.because(Likely, usual.senders).advise(usual.advice()),
    }
}

fn unknown_help(code: u16) -> String {
    format!(
        "look {code} up in the application; if it is a product: wscope explain {code} --product NAME; {}",
        usual(code).again.words()
    )
}

/// The line of evidence, how sure it is, the cause and the help, where the product is known and the code is its own.
fn by_product(dropped: &Dropped, code: u16, reason: &str) -> Option<(String, Confidence, String, String)> {
    let sender = product_codes::sender(dropped, code, reason)?;
    let name = sender.codes.name;
    let saw = format!("taken for {name}: {}", show::safe(&sender.why));
    let first = dropped.ended.first_message.as_ref().map_or(&[][..], |first| first.0.as_slice());
    let inside = product_codes::sockjs_close(first).map(|(code, _)| code);
    let code = inside.unwrap_or(code);
    let is_private = code >= 3000 || inside.is_some();
    match sender.codes.row(code) {
        // By its URL alone, a product is no better a guess than the usual causes of a standard code.
        _ if !is_private && sender.confidence == Possible => None,
        Some(row) if sender.confidence == Possible => {
            let cause = format!("{name}, if it is that: {}; else a code of the application's own", row.means);
            Some((saw, Possible, cause, row.advice()))
        }
        Some(row) => Some((saw, sender.confidence, format!("{name}: {}", row.means), row.advice())),
        None if is_private && sender.confidence != Possible => {
            let cause =
                format!("no code of {name}'s that is known here: a newer version, or the application behind it");
            Some((saw, Possible, cause, format!("look {code} up in the documentation of {name}")))
        }
        None => None,
    }
}

fn close_then_cut(dropped: &Dropped, code: Option<u16>, reason: &str) -> Finding {
    let plain = closed(dropped, code, reason);
    let fact = format!("{}, and the connection broke before our answer was through", plain.fact);
    let finding = Finding::of("close-then-cut", "server side", fact).saw_all(plain.seen);
    match plain.code {
        "closed-normally-early" if dropped.ended.age < AT_ONCE => {
            finding.because(plain.confidence, plain.cause).advise(plain.help.concat())
        }
        "closed-normally-early" | "going-away" if plain.confidence == Possible => {
            finding.because(Certain, "TCP was closed right behind the Close frame, often with our data unread")
        }
        _ => finding.because(plain.confidence, plain.cause).advise(plain.help.concat()),
    }
}

fn fin(ended: &Ended, behind_nginx: bool) -> Finding {
    let finding = Finding::of("fin-without-close", "server side", cut_words("FIN without a Close frame", ended));
    match ended.mid_frame.is_some() || ended.mid_message {
        true => {
            finding.because(Likely, "a crash or a stop in the middle of a message: idle limits end between messages")
        }
        // Tornado answers HTTP/1.0 with 101, and then ends what HTTP/1.0 does not keep.
        false if ended.age < AT_ONCE && ended.messages_in == 0 && behind_nginx => finding
            .because(
                Possible,
                "the application's handler returned or failed right after the open, its process crashed, or nginx passes \
                 the upgrade on with HTTP/1.0, which Tornado accepts and ends at once",
            )
            .advise("look at the application's log for this moment; in the nginx location there must be:")
            .paste(&["proxy_http_version 1.1;"]),
        // No limit of time is that short.
        false if ended.age < AT_ONCE => finding
            .because(
                Possible,
                "the application's handler returned or failed right after the open, its process crashed, or a proxy lost \
                 what stands behind it",
            )
            .advise("look at the application's log for this moment, then at the proxy's"),
        false if is_lively(ended) => finding
            .saw(format!("no idle limit: the last byte came {} before", show::span(ended.quiet_in)))
            .because(
                Possible,
                "a reload or restart of a proxy (nginx: worker_shutdown_timeout) or of the server, a maximum age, a limit \
                 that counts messages only, or a crash of the process",
            )
            .advise("look at the log of the proxy and the server for this moment; --hold with --reconnect shows whether it \
                     repeats"),
        false if is_silent(ended) => finding
            .because(
                Possible,
                "an idle limit of a proxy or of the server; or a maximum age, a reload of a proxy, a server that closes the \
                 socket only, a crash of its process",
            )
            .advise("wscope probe --idle tells an idle limit from a maximum age; then look at the log of the proxy and the \
                     server for this moment"),
        false => finding,
    }
}

fn reset(ended: &Ended) -> Finding {
    let finding = Finding::of("reset", "server side", cut_words("the connection was reset", ended));
    match ended.age < AT_ONCE {
        // Nothing forgets a connection, and no limit of time ends it, so soon.
        true => finding
            .because(
                Possible,
                "the application's handler returned or failed right after the open, or its process crashed, with data of \
                 ours unread",
            )
            .advise("look at the application's log for this moment"),
        false if is_silent(ended) => finding
            .because(
                Possible,
                "an idle limit of a proxy that ends by a reset (stunnel, a firewall), a maximum age, or a crash of the process",
            )
            .advise("wscope probe --idle tells an idle limit from the others; look at the server's log for this moment"),
        false => finding,
    }
}

/// Nothing has passed since the open, or for ten seconds.
fn is_silent(ended: &Ended) -> bool {
    let silence = ended.quiet_in.min(ended.quiet_out);
    silence >= Span::from_secs(1) && (silence >= Span::from_secs(10) || silence.seconds() >= ended.age.seconds() * 0.95)
}

/// Bytes passed right before the end: no idle limit of theirs ended it.
fn is_lively(ended: &Ended) -> bool {
    ended.age >= Span::from_secs(1) && ended.quiet_in < Span::from_secs(1)
}

/// The fact, with the place inside the stream where it ended.
fn cut_words(fact: &str, ended: &Ended) -> String {
    match ended.mid_frame {
        Some((0, 0)) => format!("{fact}, inside a frame's header"),
        Some((came, of)) => format!("{fact}, inside a frame: {came} of {of} payload bytes had come"),
        None if ended.mid_message => format!("{fact}, between the fragments of a message"),
        None => fact.into(),
    }
}

fn tls_alert(alert: u8) -> Finding {
    let words = alert_words(alert);
    let finding = Finding::of("tls-alert", "server side", "the open connection was ended by a TLS alert").saw(words);
    match alert {
        42 | 116 => finding
            .because(Likely, "the TLS side wants a certificate of the client's, and judges it late (TLS 1.3)")
            .advise("ask for the access without client certificate: wscope cannot send one yet"),
        _ => finding,
    }
}

/// The server sends heartbeats by itself, and the next one did not come.
fn unheard(missed: &Missed) -> Finding {
    let fact = format!("the server's own heartbeats stopped: none for {}", show::span(missed.waited));
    Finding::of("silent", "server side", fact)
        .because(
            Possible,
            "the server's process hangs or stopped sending them, or the path is cut: nothing of ours was on its way to tell",
        )
        .advise("run again with a heartbeat of our own (--heartbeat-send ping), whose fate tells the path from the server")
}

fn silent(delivered: Option<bool>, missed: Option<&Missed>) -> Finding {
    let waited = missed.map(|missed| format!(" for {}", show::span(missed.waited))).unwrap_or_default();
    let came = missed.map_or(0, |missed| missed.bytes_since);
    if let Some(missed) = missed.filter(|missed| missed.theirs) {
        return unheard(missed);
    }
    let finding = match delivered {
        _ if came > 0 => Finding::of(
            "answer-not-as-asked",
            "server side",
            format!("{} came after a heartbeat, and not the answer that was wanted{waited}", show::size(came)),
        )
        .because(Likely, "the server lives, and answers this heartbeat otherwise or not at all"),
        Some(true) => Finding::of(
            "silent-next-hop",
            "server side",
            format!("a heartbeat was acknowledged by the next hop, and unanswered{waited}"),
        )
        .because(
            Possible,
            "the server's process or its event loop hangs; its handler does not read (libraries of Go answer pings only \
             inside a read); a proxy keeps the bytes; the server ignores this heartbeat",
        ),
        Some(false) => Finding::of(
            "silent-path",
            "path",
            format!("a heartbeat was not acknowledged by anything, and unanswered{waited}"),
        )
        .because(Likely, "a firewall or NAT forgot the connection, the network changed, or the host is off"),
        None => Finding::of("silent", "path", format!("a heartbeat was unanswered{waited}")),
    };
    let line = |missed: &Missed| {
        format!(
            "{} without an answer in a row, of {} that make a drop; {} came since the last was written",
            show::count(missed.misses.into(), "heartbeat"),
            missed.of,
            show::size(missed.bytes_since)
        )
    };
    finding.saw_all(missed.map(line))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::diagnose::sample::ended;
    use crate::event::PayloadBytes;

    fn dropped(how: How) -> Dropped {
        Dropped::sample(ended(how, 72.2, 10.0, 12.0))
    }

    fn judged(how: How) -> Finding {
        judge(&dropped(how)).unwrap()
    }

    fn close(code: Option<u16>, reason: &str) -> How {
        How::Close { code, reason: reason.into() }
    }

    #[test]
    fn each_way_of_ending_has_its_code() {
        let garbage = |breach: &str| How::Garbage { breach: breach.into(), words: "a frame".into() };
        for (how, code) in [
            (close(Some(1000), ""), "closed-normally-early"),
            (close(None, ""), "closed-normally-early"),
            (close(Some(1001), "bye"), "going-away"),
            (close(Some(4001), "expired"), "closed-with-code"),
            (How::CloseThenCut { code: Some(1009), reason: String::new() }, "close-then-cut"),
            (How::CloseUnanswered { code: Some(1000), cut: false }, "close-unanswered"),
            (How::Fin, "fin-without-close"),
            (How::Reset, "reset"),
            (How::TlsTruncated, "tls-truncated"),
            (How::TlsAlert { alert: 116 }, "tls-alert"),
            (How::Silent { delivered: Some(true) }, "silent-next-hop"),
            (How::Silent { delivered: Some(false) }, "silent-path"),
            (How::Silent { delivered: None }, "silent"),
            (How::KernelTimeout, "kernel-timeout"),
            (How::WriteStuck, "write-stuck"),
            (garbage("reserved-opcode"), "illegal-frame"),
            (garbage("close-code"), "illegal-close-code"),
            (garbage("over-limit"), "message-over-limit"),
        ] {
            assert_eq!(judged(how.clone()).code, code, "{how:?}");
        }
        assert!(judge(&dropped(How::Local { why: "done".into() })).is_none());
    }

    #[test]
    fn our_own_close_that_was_answered_is_no_finding() {
        let mut ours = dropped(close(Some(1000), ""));
        ours.ended.by = Side::Us;
        assert_eq!(judge(&ours), None);
        assert_eq!(close_unanswered(&ours.ended), None);
    }

    #[test]
    fn a_close_tells_code_name_reason_and_figures() {
        let finding = judged(close(Some(4001), "expired"));
        assert_eq!(finding.fact, "the server side closed with 4001 (private to the application), \"expired\"");
        assert_eq!(finding.seen, ["age 72.2 s; last byte in 10.0 s ago, out 12.0 s ago"]);
        assert_eq!(judged(close(None, "")).fact, "the server side closed without a code, no reason given");
    }

    #[test]
    fn a_keepalive_timeout_of_python_websockets_is_known() {
        let known = judged(close(Some(1011), "keepalive ping timeout"));
        assert!(known.cause.starts_with("python websockets") && known.confidence == Likely);
        // The twin: without the reason it is one of two.
        let twin = judged(close(Some(1011), "worker crashed"));
        assert_eq!(twin.confidence, Possible);
        assert!(twin.cause.contains("an exception") && twin.cause.contains("python websockets"), "{}", twin.cause);
    }

    #[test]
    fn a_private_code_of_an_unknown_product_names_its_rivals() {
        let finding = judged(close(Some(4001), ""));
        assert_eq!(finding.confidence, Possible);
        for product in ["the application", "Discord gateway", "Pusher", "Twitch EventSub"] {
            assert!(finding.cause.contains(product), "{}", finding.cause);
        }
        assert!(finding.help[0].contains("wscope explain 4001 --product NAME"), "{:?}", finding.help);
        let lone = judged(close(Some(4777), ""));
        assert_eq!(lone.cause, "the application: only its own documentation knows the code");
    }

    #[test]
    fn the_subprotocol_tells_whose_code_it_is() {
        let mut graphql = dropped(close(Some(4408), "Connection initialisation timeout"));
        graphql.head = Some(Head::verbatim(
            b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".to_vec(),
        ));
        let known = judge(&graphql).unwrap();
        assert_eq!((known.code, known.confidence), ("closed-with-code", Certain));
        assert!(known.cause.starts_with("graphql-transport-ws: connection_init did not come in time"));
        assert!(known.seen[0].starts_with("taken for graphql-transport-ws: "), "{:?}", known.seen);
        assert!(known.help[0].contains("connection_init"), "{:?}", known.help);
        // The same number with another reason is less sure, and without any mark it is anybody's.
        graphql.ended.how = close(Some(4408), "");
        assert_eq!(judge(&graphql).unwrap().confidence, Likely);
        graphql.head = None;
        let twin = judge(&graphql).unwrap();
        assert_eq!(twin.confidence, Possible);
        assert!(twin.cause.contains("the application") && twin.cause.contains("graphql-transport-ws ("));
    }

    #[test]
    fn an_old_graphql_server_without_its_subprotocol_is_known() {
        let mut old = dropped(close(Some(1002), ""));
        old.url = "wss://a/graphql".into();
        assert!(judge(&old).unwrap().help[0].contains("graphql-ws"));
        old.url = "wss://a/ws".into();
        let twin = judge(&old).unwrap();
        assert_eq!(twin.confidence, Possible);
        assert!(twin.cause.contains("frame of ours") && twin.cause.contains("GraphQL"), "{}", twin.cause);
    }

    #[test]
    fn a_cut_behind_a_close_keeps_the_codes_cause() {
        let cut = |code, reason: &str| judged(How::CloseThenCut { code: Some(code), reason: reason.into() });
        assert!(cut(1011, "keepalive ping timeout").cause.starts_with("python websockets"));
        assert!(cut(1009, "").help[0].contains("make the message smaller"));
        assert!(cut(1000, "").cause.starts_with("TCP was closed"));
    }

    #[test]
    fn a_farewell_makes_a_note_of_the_drop() {
        let mut fin = dropped(How::Fin);
        fin.farewell = true;
        assert_eq!(judge(&fin).unwrap().severity, Severity::Note);
    }

    #[test]
    fn the_place_inside_a_frame_is_told() {
        let mut fin = dropped(How::Fin);
        fin.ended.mid_frame = Some((5, 20));
        fin.ended.held = Span::from_secs(48);
        let finding = judge(&fin).unwrap();
        assert_eq!(finding.fact, "FIN without a Close frame, inside a frame: 5 of 20 payload bytes had come");
        assert_eq!(finding.seen[1], "we did not read for 48.0 s of it");
    }

    #[test]
    fn an_answer_that_is_not_the_one_asked_for_is_no_silence() {
        let missed = Missed {
            number: 1,
            measured: false,
            misses: 1,
            of: 1,
            bytes_since: 11,
            waited: Span::from_secs(1),
            theirs: false,
        };
        let finding = silent(Some(true), Some(&missed));
        assert_eq!(finding.code, "answer-not-as-asked");
        assert!(finding.fact.starts_with("11 B came"), "{}", finding.fact);
    }

    fn at_once(how: How, url: &str) -> Dropped {
        let ended = ended(how, 0.001, 0.001, 0.001);
        Dropped { url: url.into(), ..Dropped::sample(ended) }
    }

    #[test]
    fn a_close_at_once_under_the_url_of_polling_is_told_by_the_url() {
        let close = || How::Close { code: None, reason: String::new() };
        let polling = judge(&at_once(close(), "ws://a/socket.io/?EIO=4&transport=polling")).unwrap();
        assert_eq!(polling.confidence, Likely);
        assert!(polling.help[0].contains("transport=websocket"), "{polling:?}");
        let twin = judge(&at_once(close(), "ws://a/socket.io/?EIO=4&transport=websocket")).unwrap();
        assert_eq!(twin.confidence, Possible);
    }

    #[test]
    fn an_end_at_once_behind_nginx_may_be_http_1_0() {
        let mut dropped = at_once(How::Fin, "ws://a/ws");
        assert!(!judge(&dropped).unwrap().cause.contains("HTTP/1.0"));
        dropped.head = Some(Head::verbatim(b"HTTP/1.1 101 X\r\nServer: nginx/1.22.1\r\n\r\n".to_vec()));
        let behind = judge(&dropped).unwrap();
        assert!(behind.cause.contains("HTTP/1.0") && behind.confidence == Possible, "{behind:?}");
        assert_eq!(behind.help[1], "proxy_http_version 1.1;");
    }

    #[test]
    fn an_end_is_told_by_its_age_and_the_silence_before_it() {
        let of = |how: How, age: f64, quiet: f64| judge(&Dropped::sample(ended(how, age, quiet, quiet))).unwrap();
        assert!(of(How::Reset, 0.001, 0.001).cause.contains("right after the open"));
        assert!(of(How::Reset, 3.0, 3.0).cause.starts_with("an idle limit"));
        assert!(of(How::Reset, 30.0, 0.2).cause.starts_with("the process crashed"));
        assert!(of(How::Fin, 4.1, 0.096).cause.starts_with("a reload or restart"));
        assert!(of(How::Fin, 3.0, 3.0).cause.starts_with("an idle limit"));
        assert!(of(How::Fin, 30.0, 5.0).cause.starts_with("a proxy's idle or maximum time"));
    }

    #[test]
    fn a_frame_without_end_has_swallowed_the_close() {
        let how = || How::CloseUnanswered { code: Some(1000), cut: true };
        let of = |came, of| Ended { mid_frame: Some((came, of)), ..ended(how(), 1.0, 0.0, 0.0) };
        let swapped = close_unanswered(&of(314, 11_265)).unwrap();
        assert!(swapped.cause.contains("wrong byte order: 300 bytes"), "{swapped:?}");
        let wrong = close_unanswered(&of(314, 100_000)).unwrap();
        assert!(wrong.cause.contains("wrong length"), "{wrong:?}");
        let plain = close_unanswered(&Ended { mid_frame: None, ..ended(how(), 1.0, 0.0, 0.0) }).unwrap();
        assert!(plain.cause.contains("instead of answering"), "{plain:?}");
    }

    #[test]
    fn a_nats_server_is_known_by_its_first_message() {
        let how = How::Close { code: Some(1002), reason: "Protocol Violation".into() };
        let mut dropped = Dropped::sample(ended(how, 1.0, 0.0, 0.0));
        dropped.ended.first_message = Some(PayloadBytes(b"INFO {\"server_id\":\"x\"}".to_vec()));
        dropped.ended.messages_out = 1;
        assert!(judge(&dropped).unwrap().cause.contains("NATS"));
        dropped.ended.messages_out = 0;
        assert!(!judge(&dropped).unwrap().cause.contains("NATS"));
    }
}
