//! A server that sends heartbeats of its own and ends a client that does not answer them. Owns how such an end is recognised:
//! the product by its first message, whose times stand in it, and that we have said nothing.

use crate::diagnose::ends::Dropped;
use crate::event::finding::Confidence::{Likely, Possible};
use crate::event::{Finding, How, PayloadBytes, show};
use crate::moment::Span;
use crate::watch::products::{self, Product};

/// Engine.IO's times where the first message does not tell (its defaults), in milliseconds.
const ENGINE_IO: (u64, u64) = (25_000, 20_000);
/// The namespace of Socket.IO must be joined within this time, which looks the same with the defaults.
const NAMESPACE: Span = Span::from_secs(45);

/// The server ended the connection because its heartbeats were not answered; none where that is not so.
pub fn unanswered(dropped: &Dropped) -> Option<Finding> {
    let ended = &dropped.ended;
    if !matches!(ended.how, How::Close { .. } | How::CloseThenCut { .. } | How::Fin | How::Reset | How::TlsTruncated) {
        return None;
    }
    let PayloadBytes(first) = ended.first_message.as_ref()?;
    let recognised = products::by_first_message(first)?;
    if recognised.product != Product::EngineIo || ended.messages_out > 0 {
        return None;
    }
    let text = String::from_utf8_lossy(first);
    let every = number_after(&text, "\"pingInterval\":").unwrap_or(ENGINE_IO.0);
    let patience = number_after(&text, "\"pingTimeout\":").unwrap_or(ENGINE_IO.1);
    let limit = Span::from_millis(every.saturating_add(patience));
    if (ended.age.seconds() - limit.seconds()).abs() > (limit.seconds() * 0.1).max(0.5) {
        return None;
    }
    let fact =
        format!("the server ended the connection after {}: its heartbeats were not answered", show::span(ended.age));
    let cause = "Engine.IO sends the text 2 and ends a client that does not answer it with 3";
    let is_namespace = (limit.seconds() - NAMESPACE.seconds()).abs() < 2.0;
    let finding = Finding::of("heartbeat-not-answered", "client", fact)
        .saw(format!("its first message says every {} and {} for the answer", ms(every), ms(patience)))
        .saw("no message was sent");
    let finding = match is_namespace {
        true => finding.because(Possible, format!("{cause}; or Socket.IO waited 45 s for 40, which joins a namespace")),
        false => finding.because(Likely, cause),
    };
    Some(finding.advise("answer the server's heartbeats: --heartbeat-send auto (or engineio), and -x 40 for Socket.IO"))
}

fn ms(milliseconds: u64) -> String {
    show::span(Span::from_millis(milliseconds))
}

/// The digits behind a key; at most seven of them, which is hours.
fn number_after(text: &str, key: &str) -> Option<u64> {
    let (_, rest) = text.split_once(key)?;
    let digits: String = rest.trim_start().chars().take_while(char::is_ascii_digit).take(8).collect();
    digits.parse().ok().filter(|_| digits.len() < 8)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::diagnose::sample::ended;
    use crate::event::Ended;

    fn dropped(age: f64, first: &str) -> Dropped {
        let first_message = Some(PayloadBytes(first.as_bytes().to_vec()));
        let how = How::Close { code: None, reason: String::new() };
        Dropped::sample(Ended { first_message, ..ended(how, age, age, age) })
    }

    #[test]
    fn a_silent_client_of_engine_io_is_told_what_to_answer() {
        let finding = unanswered(&dropped(0.71, "0{\"sid\":\"a\",\"pingInterval\":300,\"pingTimeout\":400}")).unwrap();
        assert_eq!((finding.code, finding.confidence), ("heartbeat-not-answered", Likely));
        assert!(finding.cause.contains("Engine.IO") && finding.cause.contains('3'), "{finding:?}");
        // The twin: at 45 s a missing 40 looks the same.
        let twin = unanswered(&dropped(45.0, "0{\"sid\":\"a\",\"pingInterval\":25000,\"pingTimeout\":20000}")).unwrap();
        assert_eq!((twin.confidence, twin.cause.contains("40")), (Possible, true));
    }

    #[test]
    fn another_age_or_another_server_is_something_else() {
        assert!(unanswered(&dropped(9.0, "0{\"sid\":\"a\",\"pingInterval\":300,\"pingTimeout\":400}")).is_none());
        assert!(unanswered(&dropped(0.7, "hello")).is_none());
        let mut spoken = dropped(0.71, "0{\"sid\":\"a\",\"pingInterval\":300,\"pingTimeout\":400}");
        spoken.ended.messages_out = 1;
        assert!(unanswered(&spoken).is_none());
    }
}
