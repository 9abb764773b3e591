//! JSON Lines: one event a line, as `docs/events.md` tells. Owns the version number `v` and the escaping of characters
//! that could act on a terminal; the shapes are those of `event`. Lossless: who makes events holds while the sink is
//! full.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use crate::event::Event;
use crate::report::Reporter;
use crate::report::safe::is_invisible;
use crate::report::sink::Sink;

/// The version of the format: raised when a field changes its meaning or goes, not when one is added.
const VERSION: u8 = 1;

/// Writes each event as a line.
pub struct JsonLines {
    sink: Sink,
}

#[derive(Serialize)]
struct Line<'a> {
    v: u8,
    #[serde(flatten)]
    event: &'a Event,
}

impl JsonLines {
    /// Lines go to `sink`.
    pub fn new(sink: Sink) -> JsonLines {
        JsonLines { sink }
    }
}

impl Reporter for JsonLines {
    fn on(&mut self, event: &Event) -> io::Result<()> {
        if self.sink.is_gone() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.sink.write(&line(event)?);
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The event as one line with its line end.
pub fn line(event: &Event) -> io::Result<String> {
    let mut bytes = Vec::with_capacity(256);
    Line { v: VERSION, event }.serialize(&mut Serializer::with_formatter(&mut bytes, Visible))?;
    bytes.push(b'\n');
    String::from_utf8(bytes).map_err(io::Error::other)
}

/// Compact JSON in which what is invisible, or acts on a terminal, is written as `\uXXXX` (RFC 8259 section 7 allows it
/// for every character, so that readers get the same text).
struct Visible;

impl Formatter for Visible {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        let mut rest = fragment;
        while let Some(at) = rest.find(is_invisible) {
            let (plain, behind) = rest.split_at(at);
            writer.write_all(plain.as_bytes())?;
            let mut characters = behind.chars();
            if let Some(hidden) = characters.next() {
                for unit in hidden.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
            rest = characters.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::event::verdict::{Exit, RunEnded};
    use crate::event::{CertificateFault, CertificateFaultKind};
    use crate::event::{ConnId, DialFailed, DialFault, Ended, EventKind, Farewell, How, PayloadBytes, Phase};
    use crate::moment::{Moment, Span};

    fn shown(kind: EventKind) -> String {
        line(&Event { seq: 7, at: Moment::from_nanos(50_812_000), conn: ConnId(1), kind }).unwrap()
    }

    #[test]
    fn a_line_opens_with_version_number_time_and_type() {
        let ended = RunEnded { verdict: "healthy".into(), exit: Exit::Healthy, took: Span::from_nanos(5) };
        assert_eq!(
            shown(EventKind::RunEnded(ended)),
            "{\"v\":1,\"seq\":7,\"at_ns\":50812000,\"conn\":1,\"type\":\"run_ended\",\"verdict\":\"healthy\",\
             \"exit\":0,\"took_ns\":5}\n"
        );
    }

    #[test]
    fn an_ending_is_flat() {
        let ended = Ended { mid_frame: Some((5, 20)), ..Ended::sample(How::Fin) };
        let shown = shown(EventKind::Ended(ended));
        assert!(shown.contains("\"type\":\"ended\",\"how\":\"fin\",\"by\":\"peer\",\"drop\":true"), "{shown}");
        assert!(shown.contains("\"mid_frame\":[5,20]"), "{shown}");
    }

    #[test]
    fn a_failed_dial_is_flat() {
        let why = CertificateFault { kind: CertificateFaultKind::Expired, words: "expired".into() };
        let fault = DialFault::Certificate { certificate: None, why };
        let shown = shown(EventKind::DialFailed(DialFailed { phase: Phase::Tls, fault, took: Span::ZERO }));
        assert!(
            shown.contains("\"phase\":\"tls\",\"fault\":\"certificate\",\"certificate\":null,\"kind\":\"expired\""),
            "{shown}"
        );
    }

    #[test]
    fn what_acts_on_a_terminal_is_escaped_and_reads_back_the_same() {
        let peer = "a\u{9b}\u{202e}\u{e0041}\u{7f}\u{1b}\n\u{e9}";
        let shown = shown(EventKind::Farewell(Farewell { payload: PayloadBytes(peer.as_bytes().to_vec()) }));
        assert!(shown.contains("\"text\":\"a\\u009b\\u202e\\udb40\\udc41\\u007f\\u001b\\n\u{e9}\""), "{shown}");
        let read: serde_json::Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(read["payload"]["text"], peer);
    }
}
