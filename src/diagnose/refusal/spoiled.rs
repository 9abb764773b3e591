//! An Upgrade that left once and arrived twice, or with another value (RFC 6455 section 4.2.1): a hop sends one of its
//! own beside it. Owns the texts that servers have for it. What else a hop spoils is in `fingerprints`, whose servers
//! name it; the lines to paste are `remedies`'.

use crate::diagnose::facts::contains;
use crate::diagnose::refusal::known::Answer;
use crate::diagnose::remedies;
use crate::event::Finding;
use crate::event::finding::Confidence::{Likely, Possible};

/// What python websockets, uvicorn and Sanic say of an Upgrade that came twice.
const TWICE: &str = "invalid Upgrade header: websocket, websocket";

/// What node ws says of an Upgrade that is there, and is not `websocket`.
const NOT_ALONE: &str = "Invalid Upgrade header";

/// Upgrade left once, and arrived twice: nginx sends every `proxy_set_header` line that it has, equal ones too.
pub(super) fn doubled(answer: &Answer<'_>) -> Option<Finding> {
    let sent = answer.facts.sent.as_ref()?;
    if sent.all("Upgrade").count() != 1 || !sent.has_token("Upgrade", "websocket") {
        return None;
    }
    // A provider in front changes none of this.
    let proxy = answer.own_proxy();
    let who = proxy.map_or("a hop in front", |hop| hop.name);
    let is_nginx = proxy.is_some_and(|hop| remedies::is_nginx(hop.name));
    if contains(answer.body, TWICE) {
        let cause = match is_nginx {
            true => format!("{who} has two proxy_set_header Upgrade lines here, and sends both"),
            false => format!("{who} sends an Upgrade beside the one that is there, as nginx does by two such lines"),
        };
        let finding = Finding::of("upgrade-refused", "path", format!("{}: Upgrade arrived twice", answer.said))
            .saw("Upgrade left here once; the application speaks of \"websocket, websocket\"")
            .because(Likely, cause);
        return Some(remedies::once(proxy, answer.facts.path()).on(finding));
    }
    if answer.status != 400 || answer.body.trim() != NOT_ALONE {
        return None;
    }
    let fact = format!("{}: Upgrade arrived, and is not \"websocket\" there", answer.said);
    let finding =
        Finding::of("upgrade-refused", "path", fact).saw("the text that node ws has for an Upgrade with another value");
    let finding = match is_nginx {
        true => finding.because(
            Likely,
            format!("{who} has two proxy_set_header Upgrade lines here, and sends both; or one with another value"),
        ),
        false => finding.because(
            Possible,
            format!("{who} sends Upgrade twice, as nginx does by two proxy_set_header lines, or changes its value"),
        ),
    };
    Some(remedies::once(proxy, answer.facts.path()).on(finding))
}
