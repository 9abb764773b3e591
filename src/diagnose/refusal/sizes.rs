//! Requests that are too large for a hop: 413, 414, 431, and the 400s that mean the same (RFC 6585 section 5, RFC 9110
//! section 15.5). Owns what of our request is large; the limits' settings are `remedies`'.

use crate::diagnose::facts::contains;
use crate::diagnose::refusal::known::Answer;
use crate::diagnose::remedies;
use crate::event::finding::Confidence::{Likely, Possible};
use crate::event::{Finding, show};
use crate::wire::head::Head;

/// Below this a head is not what usual limits are for.
const LARGE: usize = 4 * 1024;

/// Texts about a large head behind the status 400.
const TEXTS: &[&str] = &[
    "Request Header Or Cookie Too Large",
    "Size of a request header field exceeds server limit",
    "Request header is too large",
    "Request Header Fields Too Large",
    "Limit request headers fields size",
    "Limit Request Line",
    "Bad Request - Request Too Long",
    "Header Field Too Large",
];

pub(super) fn judged(answer: &Answer<'_>) -> Option<Finding> {
    let told = match answer.status {
        413 | 414 | 431 | 494 => true,
        400 => TEXTS.iter().any(|text| contains(answer.body, text)),
        _ => false,
    };
    if !told {
        return None;
    }
    let finding = answer.finding("request-too-large");
    let Some(sent) = answer.facts.sent.as_ref() else { return Some(finding) };
    let size = sent.raw().len();
    let finding = finding.saw(format!("our request's head is {}{}", show::size(size as u64), largest(sent)));
    let maker = answer.maker.as_ref().map(|hop| hop.name);
    if size < LARGE {
        let finding = finding.because(
            Possible,
            "what we sent is small: a hop adds to it (cookies, tokens, forwarded headers), or the limit is very low",
        );
        // Its limit was set lower than usual, as far as it made the answer itself.
        return Some(match maker.and_then(remedies::larger_head) {
            Some(remedy) => remedy.on(finding),
            None => finding,
        });
    }
    let finding = finding.because(
        Likely,
        match maker {
            Some(name) => format!("the head is over the limit of {name}, which answered itself; 8 KiB is usual"),
            None => "the head is over a limit on the way; 8 KiB is usual".into(),
        },
    );
    let product = maker.or_else(|| answer.hops.last().map(|hop| hop.name)).unwrap_or_default();
    Some(match remedies::larger_head(product) {
        Some(remedy) => remedy.on(finding),
        None => finding.advise("make the cookies or the token smaller"),
    })
}

/// The largest part, when it is most of the head. Its value may be a secret.
fn largest(sent: &Head) -> String {
    let target = ("the path and query", sent.target().len());
    let fields = sent.fields().iter().map(|field| (field.name.as_str(), field.value.len()));
    let (name, len) = fields.chain([target]).max_by_key(|(_, len)| *len).unwrap_or(target);
    if len * 2 < sent.raw().len() {
        return String::new();
    }
    format!(", {} of it {}", show::size(len as u64), show::safe(name))
}
