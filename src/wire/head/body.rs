//! The body behind an answer other than 101: how long it is, and its first bytes (RFC 9112 sections 6 and 7.1). Owns
//! the chunked coding; a content coding such as gzip is left as it is, and trailers are passed over.

use super::{Head, number};

/// The most bytes of a body that are kept.
pub const BODY_KEEP: usize = 64 * 1024;

/// The most bytes of chunk framing, or of trailers, between two pieces of data.
const FRAMING_LIMIT: usize = 16 * 1024;

/// Digits of a 64-bit size in hex.
const SIZE_DIGITS: u8 = 16;

/// How the end of a body is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyLength {
    None,
    /// So many bytes.
    Exact(u64),
    Chunked,
    /// The end of the stream is the end of the body.
    UntilClose,
}

/// RFC 9112 section 6.3, for the answer to a GET. A Content-Length that cannot be read makes it `UntilClose`, since the
/// body is wanted for show.
pub fn body_length(head: &Head) -> BodyLength {
    if matches!(head.status(), Some(100..=199 | 204 | 304)) {
        return BodyLength::None;
    }
    if let Some(coding) = head.tokens("Transfer-Encoding").last() {
        let chunked = coding.eq_ignore_ascii_case("chunked");
        return if chunked { BodyLength::Chunked } else { BodyLength::UntilClose };
    }
    let announced = head.tokens("Content-Length");
    let Some(first) = announced.first() else { return BodyLength::UntilClose };
    if announced.iter().any(|other| other != first) {
        return BodyLength::UntilClose;
    }
    number(first).map_or(BodyLength::UntilClose, BodyLength::Exact)
}

/// Collects the first bytes of a body.
#[derive(Debug)]
pub struct BodyReader {
    stage: Stage,
    keep: usize,
    kept: Vec<u8>,
    cut: bool,
    /// Bytes of framing since the last data.
    framing: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Done,
    UntilClose,
    Exact(u64),
    /// In the size of a chunk.
    Size {
        value: u64,
        digits: u8,
    },
    /// Behind the size, up to the end of the line.
    Extension(u64),
    Data(u64),
    /// The line end behind a chunk's data.
    DataEnd,
    /// In the trailers; `empty` when nothing stands on the line yet.
    Trailer {
        empty: bool,
    },
}

/// A chunk begins.
const CHUNK: Stage = Stage::Size { value: 0, digits: 0 };

impl BodyReader {
    /// For a body of that length, of which the first `keep` bytes are wanted.
    pub fn new(length: BodyLength, keep: usize) -> BodyReader {
        let stage = match length {
            BodyLength::None | BodyLength::Exact(0) => Stage::Done,
            BodyLength::Exact(left) => Stage::Exact(left),
            BodyLength::Chunked => CHUNK,
            BodyLength::UntilClose => Stage::UntilClose,
        };
        BodyReader { stage, keep, kept: Vec::new(), cut: false, framing: 0 }
    }

    /// Takes the next bytes; true when no more are wanted: the body is whole, malformed, or longer than is kept.
    pub fn push(&mut self, bytes: &[u8]) -> bool {
        let mut rest = bytes;
        while !rest.is_empty() && !self.done() {
            rest = self.step(rest);
        }
        self.done()
    }

    /// True when no more bytes are wanted; at once for an answer without a body.
    pub fn done(&self) -> bool {
        self.stage == Stage::Done
    }

    /// The bytes kept, and whether the body was announced or sent longer than that. For `UntilClose` the end of the
    /// stream is a good end: who stops earlier knows by himself that it is cut.
    pub fn finish(self) -> (Vec<u8>, bool) {
        let whole = matches!(self.stage, Stage::Done | Stage::UntilClose);
        (self.kept, self.cut || !whole)
    }

    fn step<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        match self.stage {
            Stage::Done => &[],
            Stage::UntilClose => {
                self.keep_data(bytes);
                &[]
            }
            Stage::Exact(left) => self.counted(bytes, left, Stage::Exact, Stage::Done),
            Stage::Data(left) => self.counted(bytes, left, Stage::Data, Stage::DataEnd),
            Stage::Size { .. } | Stage::Extension(_) | Stage::DataEnd | Stage::Trailer { .. } => {
                self.frame(bytes[0]);
                &bytes[1..]
            }
        }
    }

    /// Takes data of which `left` bytes are to come, and gives what is behind it.
    fn counted<'a>(&mut self, bytes: &'a [u8], left: u64, more: fn(u64) -> Stage, then: Stage) -> &'a [u8] {
        let size = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
        let (data, rest) = bytes.split_at(size);
        let left = left - size as u64;
        self.stage = if left == 0 { then } else { more(left) };
        self.keep_data(data);
        if left > 0 && self.kept.len() == self.keep {
            self.stop_cut();
        }
        rest
    }

    fn keep_data(&mut self, data: &[u8]) {
        let room = self.keep - self.kept.len();
        self.kept.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            self.stop_cut();
        }
    }

    fn stop_cut(&mut self) {
        self.cut = true;
        self.stage = Stage::Done;
    }

    /// One byte of chunk framing (RFC 9112 section 7.1). LF alone ends a line, as in a head.
    fn frame(&mut self, byte: u8) {
        self.framing += 1;
        match next_stage(self.stage, byte) {
            Some(stage) if self.framing <= FRAMING_LIMIT => self.stage = stage,
            _ => return self.stop_cut(),
        }
        if matches!(self.stage, Stage::Data(_)) {
            self.framing = 0;
        }
    }
}

/// What a byte of framing leads to; none for one that may not stand there.
fn next_stage(stage: Stage, byte: u8) -> Option<Stage> {
    match (stage, byte) {
        (Stage::Size { digits: 0, .. }, byte) if !byte.is_ascii_hexdigit() => None,
        (Stage::Size { value, .. } | Stage::Extension(value), b'\n') => Some(after_size(value)),
        (Stage::Size { value, .. }, b';' | b' ' | b'\t' | b'\r') => Some(Stage::Extension(value)),
        (Stage::Size { value, digits }, byte) if digits < SIZE_DIGITS => {
            let digit = char::from(byte).to_digit(16)?;
            Some(Stage::Size { value: (value << 4) | u64::from(digit), digits: digits + 1 })
        }
        (Stage::Extension(value), _) => Some(Stage::Extension(value)),
        (Stage::DataEnd, b'\r') => Some(Stage::DataEnd),
        (Stage::DataEnd, b'\n') => Some(CHUNK),
        (Stage::Trailer { empty: true }, b'\n') => Some(Stage::Done),
        (Stage::Trailer { empty: false }, b'\n') => Some(Stage::Trailer { empty: true }),
        (Stage::Trailer { empty }, b'\r') => Some(Stage::Trailer { empty }),
        (Stage::Trailer { .. }, _) => Some(Stage::Trailer { empty: false }),
        _ => None,
    }
}

/// A chunk of size 0 is the last one; the trailers follow.
fn after_size(value: u64) -> Stage {
    if value == 0 { Stage::Trailer { empty: true } } else { Stage::Data(value) }
}
