//! The settings of products that belong to a finding: lines that mend it, or the known limits of time with their knobs.
//! Owns which finding has which; the lines are `remedies`', the limits `limits`'.

use super::{PATH, paste, proxies};
use crate::diagnose::hops::{Hop, Kind};
use crate::diagnose::limits::{self, Counts, Known};
use crate::diagnose::remedies::{self, Remedy};
use crate::event::show;

const PROXIES: [&str; 9] = ["nginx", "Apache", "HAProxy", "Caddy", "Traefik", "Envoy", "Varnish", "lighttpd", "IIS"];

/// Those whose Origin lists have a line of their own.
const SERVERS: [&str; 9] = [
    "python websockets",
    "Tornado",
    "gorilla",
    "coder/websocket",
    "Engine.IO",
    "Phoenix",
    "ActionCable",
    "Spring",
    "Django Channels",
];

/// What is appended to the text on a finding; nothing for most.
pub fn append(text: &mut String, code: &str) {
    match code {
        "upgrade-stripped" => each(text, |hop| remedies::upgrade_headers(Some(hop), PATH)),
        "upgrade-not-offered-here" => each(text, |hop| remedies::route(hop, PATH)),
        "http-1-0-hop" => remedy(text, "nginx", remedies::http11(None, PATH)),
        "origin-rejected" => {
            let known = SERVERS.iter().filter_map(|name| Some((*name, remedies::allow_origin(name, None)?)));
            known.for_each(|(name, known)| remedy(text, name, known));
        }
        "idle-limit" => limits_of(text, limits::Kind::Idle),
        "lifetime-limit" => limits_of(text, limits::Kind::Lifetime),
        _ => {}
    }
}

fn each(text: &mut String, known: impl Fn(&Hop) -> Remedy) {
    for name in PROXIES {
        remedy(text, name, known(&Hop { name, kind: Kind::Proxy, seen: String::new(), certain: true }));
    }
}

fn remedy(text: &mut String, name: &str, known: Remedy) {
    text.push('\n');
    super::line(text, "", &format!("{name}: {}", known.help));
    known.lines.iter().for_each(|line| paste(text, line));
}

/// The limits, the shortest first.
fn limits_of(text: &mut String, kind: limits::Kind) {
    let mut known: Vec<&Known> = limits::all().filter(|known| known.kind == kind).collect();
    known.sort_by_key(|known| known.seconds);
    text.push('\n');
    super::line(text, "known", "what products have unless it is set, as far as known here:");
    for known in known {
        super::line(text, &show::whole(known.seconds), &limit(known));
    }
}

fn limit(known: &Known) -> String {
    let counts = match known.counts {
        Counts::FromClient => " (only bytes of the client count)",
        Counts::FromServer => " (only bytes of the server count)",
        Counts::Pong => " (only pongs count)",
        Counts::Data => " (only messages count)",
        Counts::Either | Counts::Nothing => "",
    };
    let said = if known.verified { "" } else { ", not verified" };
    let differs = proxies::differs(known);
    let knob = match (known.knob, known.setting) {
        ("", "") => String::new(),
        ("", _) if differs.is_some() => String::new(),
        ("", setting) => format!(": {setting}"),
        (knob, _) => format!(": {knob}"),
    };
    let differs = differs.map(|words| format!(" ({words})")).unwrap_or_default();
    format!("{}{counts}{said}{differs}{knob}", known.product)
}
