//! Ends without a Close frame: FIN, reset, a TLS alert. Owns what the age and the silence before such an end make
//! likely, and the words for the place inside the stream where it came (RFC 6455 section 7.1.5: 1006).

use super::{AT_ONCE, runs};
use crate::diagnose::tls::alert_words;
use crate::event::finding::Confidence::{Likely, Possible};
use crate::event::{Ended, Finding, show};
use crate::moment::Span;

pub(super) fn fin(ended: &Ended, behind_nginx: bool) -> Finding {
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
                "the application's handler returned or failed right after the open, its process crashed, a second \
                 upgrade listener of a Node server ended what is not its own, or a proxy lost what stands behind it",
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
                format!(
                    "an idle limit of {} or of the server; or a maximum age, a reload of a proxy, a server that closes \
                     the socket only, a crash of its process",
                    if behind_nginx { "nginx (proxy_read_timeout)" } else { "a proxy" }
                ),
            )
            .advise("look at the log of the proxy and the server for this moment; this run tells an idle limit from a \
                     maximum age:")
            .paste_lines(vec![runs::idle(ended.age)]),
        false => finding,
    }
}

pub(super) fn reset(ended: &Ended) -> Finding {
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
            .advise("look at the server's log for this moment; this run tells an idle limit from a maximum age:")
            .paste_lines(vec![runs::idle(ended.age)]),
        false => finding,
    }
}

/// Nothing has passed since the open, or for ten seconds.
pub(super) fn is_silent(ended: &Ended) -> bool {
    let silence = ended.quiet_in.min(ended.quiet_out);
    silence >= Span::from_secs(1) && (silence >= Span::from_secs(10) || silence.seconds() >= ended.age.seconds() * 0.95)
}

/// Bytes passed right before the end: no idle limit of theirs ended it.
fn is_lively(ended: &Ended) -> bool {
    ended.age >= Span::from_secs(1) && ended.quiet_in < Span::from_secs(1)
}

/// The fact, with the place inside the stream where it ended.
pub(super) fn cut_words(fact: &str, ended: &Ended) -> String {
    match ended.mid_frame {
        Some((0, 0)) => format!("{fact}, inside a frame's header"),
        Some((came, of)) => format!("{fact}, inside a frame: {came} of {of} payload bytes had come"),
        None if ended.mid_message => format!("{fact}, between the fragments of a message"),
        None => fact.into(),
    }
}

pub(super) fn tls_alert(alert: u8) -> Finding {
    let words = alert_words(alert);
    let finding = Finding::of("tls-alert", "server side", "the open connection was ended by a TLS alert").saw(words);
    match alert {
        42 | 116 => finding
            .because(Likely, "the TLS side wants a certificate of the client's, and judges it late (TLS 1.3)")
            .advise("ask for the access without client certificate: wscope cannot send one yet"),
        _ => finding,
    }
}
