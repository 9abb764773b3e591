//! JSON Lines: one event a line, as `docs/events.md` tells. Owns the version number `v`, the escaping of characters that
//! could act on a terminal, and the leaving out of what only another reader has asked for; the shapes are those of
//! `event`. Lossless: who makes events holds while the sink is full.

use std::borrow::Cow;
use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use crate::event::{ConnId, Event, EventKind, FrameSeen, MessageSeen, Payload, PayloadBytes, Wanted};
use crate::moment::Moment;
use crate::report::Reporter;
use crate::report::safe::is_invisible;
use crate::report::sink::Sink;

/// The version of the format: raised when a field changes its meaning or goes, not when one is added.
const VERSION: u8 = 1;

/// Opcodes from here on are those of control frames (RFC 6455 section 5.5), whose payload is always told.
const CONTROL: u8 = 8;

/// Writes each event as a line.
pub struct JsonLines {
    sink: Sink,
    /// None: everything.
    shown: Option<Wanted>,
    told: u64,
}

#[derive(Serialize)]
struct Line<'a> {
    v: u8,
    seq: u64,
    at_ns: Moment,
    conn: ConnId,
    #[serde(flatten)]
    kind: &'a EventKind,
}

impl JsonLines {
    /// Lines go to `sink`, numbered from 1.
    pub fn new(sink: Sink) -> JsonLines {
        JsonLines { sink, shown: None, told: 0 }
    }

    /// Shows frames and payloads only as far as they were asked for here, whatever else is built for another reader.
    pub fn showing(self, shown: Wanted) -> JsonLines {
        JsonLines { shown: Some(shown), ..self }
    }
}

impl Reporter for JsonLines {
    fn on(&mut self, event: &Event) -> io::Result<()> {
        if self.sink.is_gone() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let kind = match self.shown {
            Some(wanted) => as_wanted(&event.kind, wanted),
            None => Some(Cow::Borrowed(&event.kind)),
        };
        let Some(kind) = kind else { return Ok(()) };
        self.told += 1;
        self.sink.write(&numbered(self.told, event, &kind)?);
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The event as one line with its line end.
pub fn line(event: &Event) -> io::Result<String> {
    numbered(event.seq, event, &event.kind)
}

/// `kind` stands for the event's own. A reader that leaves events out numbers the others itself, so that there are no
/// gaps.
fn numbered(seq: u64, event: &Event, kind: &EventKind) -> io::Result<String> {
    let mut bytes = Vec::with_capacity(256);
    let line = Line { v: VERSION, seq, at_ns: event.at, conn: event.conn, kind };
    line.serialize(&mut Serializer::with_formatter(&mut bytes, Visible))?;
    bytes.push(b'\n');
    String::from_utf8(bytes).map_err(io::Error::other)
}

/// The event as it were if only this was wanted.
fn as_wanted(kind: &EventKind, wanted: Wanted) -> Option<Cow<'_, EventKind>> {
    if let EventKind::Frame(frame) = kind {
        if !wanted.frames {
            return None;
        }
        let kept = if frame.opcode < CONTROL { cut(frame.payload.as_ref(), wanted.messages) } else { None };
        return Some(match kept {
            Some(payload) => Cow::Owned(EventKind::Frame(FrameSeen { payload, ..frame.clone() })),
            None => Cow::Borrowed(kind),
        });
    }
    if let EventKind::Message(message) = kind {
        if wanted.messages == Payload::No {
            return None;
        }
        return Some(match cut(message.payload.as_ref(), wanted.messages) {
            Some(payload) => Cow::Owned(EventKind::Message(MessageSeen { payload, ..message.clone() })),
            None => Cow::Borrowed(kind),
        });
    }
    Some(Cow::Borrowed(kind))
}

/// What is to stand in the payload's place; none: the payload as it is.
fn cut(payload: Option<&PayloadBytes>, wanted: Payload) -> Option<Option<PayloadBytes>> {
    let payload = payload?;
    match wanted {
        Payload::No => Some(None),
        Payload::Head(head) if payload.0.len() > head => Some(Some(PayloadBytes(payload.0[..head].to_vec()))),
        Payload::Head(_) | Payload::Whole => None,
    }
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
    use crate::event::{DialFailed, DialFault, Direction, Ended, Farewell, How, Phase};
    use crate::moment::Span;

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

    fn frame(opcode: u8) -> EventKind {
        EventKind::Frame(FrameSeen {
            direction: Direction::In,
            fin: true,
            rsv: 0,
            opcode,
            masked: false,
            len: 5,
            first_at: Moment::START,
            last_at: Moment::START,
            payload: Some(PayloadBytes(b"hello".to_vec())),
        })
    }

    fn message() -> EventKind {
        let payload = Some(PayloadBytes(b"hello".to_vec()));
        EventKind::Message(MessageSeen { direction: Direction::In, text: true, len: 5, payload })
    }

    /// Number, type and payload of each line.
    fn lines_with(shown: Option<Wanted>) -> Vec<(u64, String, String)> {
        let (sink, kept) = Sink::memory();
        let lines = JsonLines::new(sink);
        let mut lines = match shown {
            Some(shown) => lines.showing(shown),
            None => lines,
        };
        let ended = RunEnded { verdict: "healthy".into(), exit: Exit::Healthy, took: Span::ZERO };
        for (seq, kind) in (1..).zip([frame(1), frame(9), message(), EventKind::RunEnded(ended)]) {
            lines.on(&Event { seq, at: Moment::START, conn: ConnId(1), kind }).unwrap();
        }
        let text = String::from_utf8(kept.lock().unwrap().clone()).unwrap();
        let read = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let part = |line: serde_json::Value| {
            (line["seq"].as_u64().unwrap(), word(&line["type"]), word(&line["payload"]["text"]))
        };
        read.map(part).collect()
    }

    #[test]
    fn what_another_reader_has_asked_for_is_not_shown_and_leaves_no_gap() {
        let row = |seq: u64, kind: &str, text: &str| (seq, kind.to_owned(), text.to_owned());
        let ended = row(4, "run_ended", "");
        let all = [row(1, "frame", "hello"), row(2, "frame", "hello"), row(3, "message", "hello"), ended];
        assert_eq!(lines_with(None), all);
        assert_eq!(lines_with(Some(Wanted { frames: true, messages: Payload::Whole })), all);
        assert_eq!(lines_with(Some(Wanted::default())), [row(1, "run_ended", "")]);
        let frames = Wanted { frames: true, messages: Payload::No };
        assert_eq!(lines_with(Some(frames)), [row(1, "frame", ""), row(2, "frame", "hello"), row(3, "run_ended", "")]);
        let heads = Wanted { frames: false, messages: Payload::Head(4) };
        assert_eq!(lines_with(Some(heads)), [row(1, "message", "hell"), row(2, "run_ended", "")]);
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
