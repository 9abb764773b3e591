//! Ends by a Close frame of the peer's (RFC 6455 sections 5.5.1 and 7.4). Owns which of the causes that the product,
//! the reason or the number speak for is told; the causes themselves are `close_codes`' and `product_codes`'.

use super::reasons::Reason;
use super::{AT_ONCE, Dropped, code_words, done, reasons};
use crate::diagnose::close_codes::{said, usual};
use crate::diagnose::facts::contains;
use crate::diagnose::product_codes;
use crate::event::finding::Confidence::{self, Certain, Likely, Possible};
use crate::event::{Finding, show};

/// Why a connection breaks while our answer is on its way.
const BEHIND: &str = "TCP was closed right behind the Close frame, often with our data unread";

pub(super) fn closed(dropped: &Dropped, code: Option<u16>, reason: &str) -> Finding {
    let said = match reason {
        "" => String::from("no reason given"),
        reason => show::quoted(reason),
    };
    let with = if code.is_some() { "with " } else { "" };
    let fact = format!("the server side closed {with}{}, {said}", code_words(code));
    let told = code.and_then(|code| told_by(code, reason));
    let finding = match code {
        None | Some(1000) => match done::at_once(dropped, &fact).filter(|_| told.is_none()) {
            Some(finding) => return finding,
            None => Finding::of("closed-normally-early", "server side", fact),
        },
        Some(1001) => Finding::of("going-away", "server side", fact),
        Some(_) => Finding::of("closed-with-code", "server side", fact),
    };
    match code {
        None => done::later(finding, &dropped.ended, None),
        Some(code) => explained(finding, dropped, code, reason),
    }
}

/// What the reason says in free words, where the code leaves it to the application.
fn told_by(code: u16, reason: &str) -> Option<&'static Reason> {
    if matches!(code, 1000 | 1008 | 3000..) { reasons::told(reason) } else { None }
}

/// With the cause that the product, the reason, or at least the number speaks for.
fn explained(finding: Finding, dropped: &Dropped, code: u16, reason: &str) -> Finding {
    let told = told_by(code, reason);
    // A product that is only guessed at knows less than the reason.
    let product = by_product(dropped, code, reason).filter(|(_, sure, ..)| told.is_none() || *sure != Possible);
    if let Some((saw, confidence, cause, help)) = product {
        return finding.saw(saw).because(confidence, cause).advise(help);
    }
    if let Some(said) = said(code, reason, dropped.server().unwrap_or_default()) {
        return finding.because(said.confidence, said.cause).advise(said.help);
    }
    if let Some(told) = told {
        return finding.because(Likely, format!("{}, as its reason says", told.cause)).advise(told.help);
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
        (1000, _) => done::later(finding, &dropped.ended, Some(1000)),
        (1001, _) => finding,
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

pub(super) fn close_then_cut(dropped: &Dropped, code: Option<u16>, reason: &str) -> Finding {
    let plain = closed(dropped, code, reason);
    let fact = format!("{}, and the connection broke before our answer was through", plain.fact);
    let finding = Finding::of("close-then-cut", "server side", fact).saw_all(plain.seen);
    match plain.code {
        "going-away" if plain.confidence == Possible => finding.because(Certain, BEHIND),
        // The code is no cause here: what to do is left to the age and the silence.
        "closed-normally-early" if plain.confidence == Possible && dropped.ended.age >= AT_ONCE => {
            Finding { help: plain.help, ..finding.because(Certain, BEHIND) }
        }
        _ => Finding { help: plain.help, ..finding.because(plain.confidence, plain.cause) },
    }
}
