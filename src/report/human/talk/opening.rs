//! The block that a first open prints: where we are connected, with what certificate and subprotocol, and how the
//! connection is watched (SCREENS, screen 4). Owns its lines; the stamped line of a later open is the screen's.

use crate::event::show::count;
use crate::event::{Opened, TlsReady};
use crate::report::human::finding::indented;
use crate::report::human::words::roughly;
use crate::report::safe::{self, SHOWN_MAX};
use crate::wire::head::Head;

/// All lines, and the empty one behind them.
pub fn block(
    open: &Opened,
    tls: Option<&TlsReady>,
    status: Option<&str>,
    heartbeat: Option<&str>,
    slash: bool,
) -> Vec<String> {
    let first = format!("connected to {} in {}", safe::line(&open.url, SHOWN_MAX), roughly(open.took));
    let mut lines = indented(&first, "", "  ");
    for text in [address_words(open, tls), upgrade_words(open, status, slash), heartbeat_words(heartbeat, slash)] {
        lines.extend(indented(&text, "  ", "  "));
    }
    let last = if slash { "/help for commands, Ctrl-D to leave." } else { "Ctrl-D to leave." };
    lines.push(format!("A line is a text message. {last}"));
    lines.push(String::new());
    lines
}

/// `101 Switching Protocols`.
pub fn status_words(head: &Head) -> String {
    let status = head.status().map_or_else(String::new, |status| status.to_string());
    format!("{status} {}", safe::line(head.reason(), SHOWN_MAX)).trim().to_owned()
}

/// `203.0.113.10:443, TLS 1.3, certificate good for 61 days, server nginx/1.27.3`.
fn address_words(open: &Opened, tls: Option<&TlsReady>) -> String {
    let mut words = vec![safe::line(&open.peer, SHOWN_MAX)];
    if let Some(tls) = tls {
        words.push(safe::line(&tls.version, SHOWN_MAX));
        words.extend(certificate_words(tls));
    }
    words.extend(open.server.as_ref().map(|server| format!("server {}", safe::line(server, SHOWN_MAX))));
    words.join(", ")
}

fn certificate_words(tls: &TlsReady) -> Option<String> {
    if let Some(fault) = &tls.overlooked {
        let why = safe::line(&fault.words, SHOWN_MAX);
        return Some(format!("certificate not trusted, overlooked as asked ({why})"));
    }
    let days = tls.certificate.as_ref()?.days_left;
    if days < 0 {
        return Some("certificate at its end".to_owned());
    }
    Some(format!("certificate good for {}", count(days.unsigned_abs(), "day")))
}

fn upgrade_words(open: &Opened, status: Option<&str>, slash: bool) -> String {
    let mut words = status.unwrap_or("101").to_owned();
    match &open.subprotocol {
        Some(name) => words.push_str(&format!(", subprotocol {}", safe::line(name, SHOWN_MAX))),
        None => words.push_str(", no subprotocol"),
    }
    if slash {
        words.push_str(" (/headers shows both heads)");
    }
    words
}

fn heartbeat_words(heartbeat: Option<&str>, slash: bool) -> String {
    let (words, how) = match heartbeat {
        Some(words) => (words, " (/heartbeat off to see the path without)"),
        None => ("no heartbeat", " (/heartbeat 20s sends a ping after 20 s of silence)"),
    };
    format!("{words}{}", if slash { how } else { "" })
}
