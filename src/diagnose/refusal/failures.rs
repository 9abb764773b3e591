//! 500, 501, 505 and the other 5xx of applications: a failure in the upgrade, or HTTP/1.0 on the way (RFC 9110 section
//! 15.6; RFC 6455 section 4.2.1). Owns those two readings; what a hop says of what stands behind it is `gateways`'.

use crate::diagnose::facts::contains;
use crate::diagnose::refusal::known::Answer;
use crate::diagnose::refusal::pages::said_itself;
use crate::diagnose::remedies;
use crate::event::finding::Confidence::{Likely, Possible};
use crate::event::{Finding, show};

/// Texts of applications that failed, what each means, and what to do.
#[rustfmt::skip]
const TEXTS: &[(&str, &str, &str)] = &[
    ("does not implement http.Hijacker", "a middleware wraps the response (logging, compression), which hides Hijack",
        "let the wrapper pass Hijack on, or take the path out of the middleware"),
    ("hijack", "a middleware wraps the response (logging, compression), or HTTP/2 is used, which knows no Hijack",
        "let the wrapper pass Hijack on, or take the path out of the middleware"),
    ("application specific 'Sec-WebSocket-Extensions' headers", "gorilla: the handler sets Sec-WebSocket-Extensions",
        "take that header out of the handler: gorilla answers it by itself"),
    ("Traceback (most recent call last)", "the application raised an exception in the upgrade",
        "look at the last line of the traceback above"),
    ("Cannot read propert", "the application raised an exception in the upgrade",
        "look at the stack in the body above, and at the application's log"),
];

/// What is left of 5xx when no hop speaks of what stands behind it.
pub(super) fn judged(answer: &Answer<'_>) -> Finding {
    if let Some(finding) = old_http(answer) {
        return finding;
    }
    let finding = answer.finding("server-error");
    if let Some((_, cause, help)) = TEXTS.iter().find(|(text, ..)| contains(answer.body, text)) {
        return finding.because(Likely, *cause).advise(*help);
    }
    let said = said_itself(answer.body).map(|words| format!("its body says {}", show::quoted(words)));
    let cause = match answer.status {
        501 => {
            "the server cannot upgrade at all, as hosts without lasting processes; or the request arrived as HTTP/1.0, \
             which Cowboy answers so"
        }
        _ => {
            "an exception in the handler or in the check of rights, a layer that hides the upgrade from the server, or \
             a fault of the hop that answered"
        }
    };
    finding.saw_all(said).because(Possible, cause)
}

/// 505, and 501 of Cowboy: the request arrived as HTTP/1.0, although it left as HTTP/1.1.
fn old_http(answer: &Answer<'_>) -> Option<Finding> {
    let version = answer.facts.sent.as_ref().and_then(|sent| sent.version());
    if version.is_some_and(|version| version < (1, 1)) {
        return None;
    }
    let (sure, cause) = match answer.status {
        505 if answer.maker.is_some() => return None,
        505 => (Likely, "a proxy passes the request on with HTTP/1.0, or the server knows no HTTP/1.1"),
        501 if answer.passed("Cowboy") => {
            (Likely, "a proxy passes the request on with HTTP/1.0: Cowboy upgrades only HTTP/1.1, and says 501")
        }
        501 if answer.body.is_empty() && (answer.passed("nginx") || answer.passed("openresty")) => (
            Possible,
            "nginx passes the request on with HTTP/1.0 (Cowboy says 501 then), or the server cannot upgrade at all",
        ),
        _ => return None,
    };
    let finding = answer.finding("http-1-0-hop").saw("our request left as HTTP/1.1").because(sure, cause);
    // A provider's network in front does not speak HTTP/1.0; a proxy of one's own does.
    Some(remedies::http11(answer.own_proxy(), answer.facts.path()).on(finding))
}
