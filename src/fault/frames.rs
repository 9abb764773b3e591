//! Faults that last: what they change in the frames on their way out, by rewriters over the one frame scanner. Owns
//! `no-pong`, `wrong-pong`, `close-ignored` and the order of several; pongs that come late are `late`'s, bytes past the
//! message engine `raw`'s, what holds all bytes back or ends them `socket`'s.

pub mod late;
pub mod raw;

use crate::event::show;
use crate::fault::frames::late::{LatePong, LatePongs};
use crate::fault::socket::fragments::Fragments;
use crate::fault::socket::limit::{LimitData, LimitReached};
use crate::fault::spec::{Fault, Planned, When};
use crate::moment::{Moment, Span};
use crate::wire::header::{Header, Opcode, frame_bytes};
use crate::wire::rewrite::Rewrite;
use crate::wire::scan::{Piece, Scan};

/// With `close-ignored` the server waits so long after the client's Close: the client is to be impatient first.
pub const CLOSE_IGNORED_WAIT: Span = Span::from_secs(600);

/// What changes one connection's frames from its open on.
pub struct Lasting {
    /// None: nothing does, and nothing will be sent past the message engine.
    pub rewrite: Option<Box<dyn Rewrite>>,
    /// Told when `limit-data` has let its last byte through.
    pub limit: Option<LimitReached>,
    /// Each fault's name, and what it does, for the log.
    pub told: Vec<(&'static str, String)>,
}

/// The lasting faults of a plan. The pongs that are held back wait in `late`, in the shape that they would have had.
pub fn lasting(planned: &[Planned], opened: Moment, late: &LatePongs) -> Lasting {
    let (mut chain, mut told, mut delays): (Vec<Box<dyn Rewrite>>, _, _) = (Vec::new(), Vec::new(), Vec::new());
    let (mut is_wanted, mut limit) = (false, None);
    for Planned { fault, when } in planned {
        let (from, since) = beginning(opened, *when);
        let (name, words) = match fault {
            Fault::NoPong => {
                chain.push(Box::new(Hush::new(Opcode::Pong, from)));
                ("no-pong", "no ping is answered".to_owned())
            }
            Fault::CloseIgnored => {
                chain.push(Box::new(Hush::new(Opcode::Close, from)));
                ("close-ignored", "no Close frame is sent".to_owned())
            }
            Fault::WrongPong => {
                chain.push(Box::new(WrongPong::new(from)));
                ("wrong-pong", "every pong has another payload".to_owned())
            }
            Fault::LatePong(delay) => {
                delays.push(LatePong::new(from, *delay, late.clone()));
                ("late-pong", format!("every pong is held back for {}", show::span(*delay)))
            }
            Fault::Fragments(parts) => {
                chain.push(Box::new(Fragments::new(*parts, from)));
                ("fragments", format!("every message goes out in {parts} fragments"))
            }
            Fault::LimitData(bytes) => {
                limit = Some(*bytes);
                ("limit-data", format!("the stream ends after {} from us", show::size(*bytes)))
            }
            Fault::Raw(_) => {
                is_wanted = true;
                continue;
            }
            _ => continue,
        };
        told.push((name, format!("{words}{since}")));
    }
    // Behind the others: what is held back comes out past them.
    chain.extend(delays.into_iter().map(|delay| Box::new(delay) as Box<dyn Rewrite>));
    // What is counted is what goes out in the end.
    let limit = limit.map(|bytes| {
        let (rewrite, reached) = LimitData::new(bytes);
        chain.push(Box::new(rewrite));
        reached
    });
    is_wanted |= !chain.is_empty();
    let rewrite = is_wanted.then(|| Box::new(Chain(chain)) as Box<dyn Rewrite>);
    Lasting { rewrite, limit, told }
}

fn beginning(opened: Moment, when: When) -> (Moment, String) {
    match when {
        When::After(span) => (opened.after(span), format!(" from {} on", show::span(span))),
        When::AtOnce | When::Frames(_) | When::Bytes(_) => (opened, String::new()),
    }
}

/// One rewriter behind the other; none at all only passes on.
struct Chain(Vec<Box<dyn Rewrite>>);

impl Rewrite for Chain {
    fn push(&mut self, now: Moment, input: &[u8], out: &mut Vec<u8>) {
        let mut bytes = input.to_vec();
        for rewrite in &mut self.0 {
            let mut changed = Vec::with_capacity(bytes.len());
            rewrite.push(now, &bytes, &mut changed);
            bytes = changed;
        }
        out.append(&mut bytes);
    }
}

/// Drops every frame of one kind from a moment on.
#[derive(Debug)]
struct Hush {
    opcode: Opcode,
    from: Moment,
    scan: Scan,
    dropping: bool,
}

impl Hush {
    /// Frames with this opcode that begin at `from` or later are dropped.
    fn new(opcode: Opcode, from: Moment) -> Hush {
        Hush { opcode, from, scan: Scan::default(), dropping: false }
    }
}

impl Rewrite for Hush {
    fn push(&mut self, now: Moment, input: &[u8], out: &mut Vec<u8>) {
        let Hush { opcode, from, scan, dropping } = self;
        scan.push(input, |piece| match piece {
            Piece::Start(header) => {
                *dropping = header.opcode == *opcode && now >= *from;
                if !*dropping {
                    header.encode(out);
                }
            }
            Piece::Data { bytes, .. } if !*dropping => out.extend_from_slice(bytes),
            Piece::Data { .. } | Piece::End => {}
        });
    }
}

/// Turns every byte of a pong's payload over, from a moment on (RFC 6455 section 5.5.3 wants the ping's own).
#[derive(Debug)]
struct WrongPong {
    from: Moment,
    scan: Scan,
    changing: bool,
}

impl WrongPong {
    /// Pongs that begin at `from` or later are changed.
    fn new(from: Moment) -> WrongPong {
        WrongPong { from, scan: Scan::default(), changing: false }
    }
}

impl Rewrite for WrongPong {
    fn push(&mut self, now: Moment, input: &[u8], out: &mut Vec<u8>) {
        let WrongPong { from, scan, changing } = self;
        scan.push(input, |piece| match piece {
            Piece::Start(header) => {
                *changing = header.opcode == Opcode::Pong && now >= *from;
                match (*changing, header.len) {
                    // A payload of nothing has no byte to change.
                    (true, 0) => out.extend(frame_bytes(Header::new(Opcode::Pong, 0, header.mask), b"wrong")),
                    _ => header.encode(out),
                }
            }
            Piece::Data { bytes, .. } if *changing => out.extend(bytes.iter().map(|byte| !byte)),
            Piece::Data { bytes, .. } => out.extend_from_slice(bytes),
            Piece::End => {}
        });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::fault::spec::parse;

    fn frame(opcode: Opcode, mask: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
        frame_bytes(Header::new(opcode, 0, mask), payload)
    }

    fn rewritten(spec: &str, now: Moment, pieces: &[&[u8]]) -> (Vec<u8>, LatePongs) {
        let late = LatePongs::default();
        let mut rewrite = lasting(&parse(spec).unwrap(), Moment::START, &late).rewrite.unwrap();
        let mut out = Vec::new();
        for piece in pieces {
            rewrite.push(now, piece, &mut out);
        }
        (out, late)
    }

    #[test]
    fn only_one_kind_of_frame_is_missing_in_both_roles_and_at_any_split() {
        for mask in [None, Some([1, 2, 3, 4])] {
            for (spec, opcode) in [("no-pong", Opcode::Pong), ("close-ignored", Opcode::Close)] {
                let (text, missing) = (frame(Opcode::Text, mask, b"a"), frame(opcode, mask, b"xy"));
                let ping = frame(Opcode::Ping, mask, b"");
                let input = [&text[..], &missing, &ping, &missing, &text].concat();
                for cut in 0..input.len() {
                    let (out, _) = rewritten(spec, Moment::START, &[&input[..cut], &input[cut..]]);
                    assert_eq!(out, [&text[..], &ping, &text].concat(), "{spec}, cut at {cut}");
                }
            }
        }
    }

    #[test]
    fn nothing_is_changed_before_its_time() {
        let input = frame(Opcode::Pong, None, b"xy");
        for spec in ["no-pong@5ms", "wrong-pong@5ms", "late-pong=1s@5ms"] {
            let (out, late) = rewritten(spec, Moment::from_millis(4), &[&input]);
            assert_eq!(out, input, "{spec}");
            assert_eq!(late.deadline(), None);
            assert_ne!(rewritten(spec, Moment::from_millis(5), &[&input]).0, input, "{spec}");
        }
    }

    #[test]
    fn a_wrong_pong_is_a_whole_pong_with_another_payload_at_any_split() {
        let text = frame(Opcode::Text, None, b"a");
        for (payload, other) in [(&b"xy"[..], &[!b'x', !b'y'][..]), (&b""[..], &b"wrong"[..])] {
            let input = [&frame(Opcode::Pong, None, payload)[..], &text].concat();
            let expected = [&frame(Opcode::Pong, None, other)[..], &text].concat();
            for cut in 0..input.len() {
                let (out, _) = rewritten("wrong-pong", Moment::START, &[&input[..cut], &input[cut..]]);
                assert_eq!(out, expected, "cut at {cut}");
            }
        }
    }

    #[test]
    fn a_late_pong_is_held_back_as_the_others_have_made_it() {
        let input = frame(Opcode::Pong, None, b"xy");
        let (out, late) = rewritten("late-pong=20ms+wrong-pong", Moment::from_millis(1), &[&input]);
        assert!(out.is_empty());
        assert_eq!(late.due(Moment::from_millis(21)), Some(frame(Opcode::Pong, None, &[!b'x', !b'y'])));
    }

    #[test]
    fn each_is_told_and_without_any_there_is_no_rewriter() {
        let of = |spec| lasting(&parse(spec).unwrap(), Moment::START, &LatePongs::default());
        let told = of("no-pong@2s+fin@5s+late-pong=300ms").told;
        assert_eq!(told[0], ("no-pong", "no ping is answered from 2.0 s on".to_owned()));
        assert_eq!(told[1], ("late-pong", "every pong is held back for 300.0 ms".to_owned()));
        assert!(of("fin+close=1001").rewrite.is_none());
        assert!(of("masked@5s").rewrite.is_some() && of("masked@5s").told.is_empty());
    }
}
