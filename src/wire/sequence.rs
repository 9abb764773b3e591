//! Which frames may follow which, and what a header may say (RFC 6455 sections 5.1, 5.2, 5.4, 5.5). Owns one direction's
//! place inside a message; payload rules are elsewhere (UTF-8 in the message engine, Close bodies in `close`).

use crate::wire::header::{Header, Opcode};

/// A rule that a frame breaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Breach {
    /// 5.2: RSV bits must be 0 unless an extension gives them a meaning.
    ReservedBits(u8),
    /// 5.2: an unknown opcode fails the connection.
    ReservedOpcode(u8),
    /// 5.5: control frames must not be fragmented.
    ControlFragmented,
    /// 5.5: control frames carry 125 bytes at most.
    ControlTooLong(u64),
    /// 5.1: a client must mask.
    MaskMissing,
    /// 5.1: a server must not mask.
    MaskUnexpected,
    /// 5.4: a continuation continues something.
    ContinuationOfNothing,
    /// 5.4: a message's fragments must not be interleaved with another message's.
    MessageInsideMessage,
    /// 5.2: the most significant bit of a 64-bit length must be 0.
    LengthTooLarge(u64),
    /// 5.2: the minimal number of bytes must be used for the length.
    LengthNotMinimal,
    /// Our own limit, not a rule of the RFC.
    OverLimit { len: u64, limit: u64 },
    /// 7.4: this code may not be on the wire.
    CloseCode(u16),
    /// 5.5.1: a Close body is empty or begins with a two-byte code.
    CloseBodyOneByte,
    /// 5.5.1: the reason is UTF-8.
    CloseReasonNotUtf8,
    /// 8.1: text is UTF-8.
    TextNotUtf8,
}

impl Breach {
    /// A word for JSON and tests.
    pub fn word(self) -> &'static str {
        match self {
            Breach::ReservedBits(_) => "reserved-bits",
            Breach::ReservedOpcode(_) => "reserved-opcode",
            Breach::ControlFragmented => "control-fragmented",
            Breach::ControlTooLong(_) => "control-too-long",
            Breach::MaskMissing => "mask-missing",
            Breach::MaskUnexpected => "mask-unexpected",
            Breach::ContinuationOfNothing => "continuation-of-nothing",
            Breach::MessageInsideMessage => "message-inside-message",
            Breach::LengthTooLarge(_) => "length-too-large",
            Breach::LengthNotMinimal => "length-not-minimal",
            Breach::OverLimit { .. } => "over-limit",
            Breach::CloseCode(_) => "close-code",
            Breach::CloseBodyOneByte => "close-body-one-byte",
            Breach::CloseReasonNotUtf8 => "close-reason-not-utf8",
            Breach::TextNotUtf8 => "text-not-utf8",
        }
    }

    /// The fact, for a person.
    pub fn words(self) -> String {
        match self {
            Breach::ReservedBits(rsv) => format!("a frame with reserved bits set (RSV {rsv:03b}), no extension agreed"),
            Breach::ReservedOpcode(bits) => format!("a frame with the reserved opcode {bits}"),
            Breach::ControlFragmented => "a control frame that is a fragment".into(),
            Breach::ControlTooLong(len) => format!("a control frame of {len} bytes, 125 at most are legal"),
            Breach::MaskMissing => "a frame of a client without a mask".into(),
            Breach::MaskUnexpected => "a masked frame; only clients mask".into(),
            Breach::ContinuationOfNothing => "a continuation frame outside of a message".into(),
            Breach::MessageInsideMessage => "a new message inside an unfinished one".into(),
            Breach::LengthTooLarge(len) => format!("a frame length of {len} bytes, the highest bit must be 0"),
            Breach::LengthNotMinimal => "a frame length in a longer form than needed".into(),
            Breach::OverLimit { len, limit } => format!("a message of {len} bytes or more, over the limit of {limit}"),
            Breach::CloseCode(code) => format!("a Close frame with code {code}, which may not be on the wire"),
            Breach::CloseBodyOneByte => "a Close frame with a body of one byte".into(),
            Breach::CloseReasonNotUtf8 => "a Close frame whose reason is not UTF-8".into(),
            Breach::TextNotUtf8 => "a text message that is not UTF-8".into(),
        }
    }

    /// The Close code with which an endpoint answers it (section 7.4.1).
    pub fn answer_code(self) -> u16 {
        match self {
            Breach::TextNotUtf8 | Breach::CloseReasonNotUtf8 => 1007,
            Breach::OverLimit { .. } => 1009,
            _ => 1002,
        }
    }
}

/// One direction's place inside a message.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// True when the sender must mask: it is a client.
    masked: bool,
    limit: u64,
    /// Payload bytes of the message under way.
    message: Option<u64>,
}

impl Sequence {
    /// For frames from a client (`masked`) or a server; `limit` bounds a message's payload in bytes.
    pub fn new(masked: bool, limit: u64) -> Sequence {
        Sequence { masked, limit, message: None }
    }

    /// Judges the next frame's header: the first rule that it breaks. Each fails the connection; browsers do so too.
    pub fn next(&mut self, header: &Header) -> Option<Breach> {
        if let Some(breach) = self.judge(header) {
            return Some(breach);
        }
        self.advance(header).or((!header.minimal).then_some(Breach::LengthNotMinimal))
    }

    /// True when the sender must mask.
    pub fn masked(&self) -> bool {
        self.masked
    }

    /// The bound on a message's payload, in bytes.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// True between the fragments of a message.
    pub fn inside_message(&self) -> bool {
        self.message.is_some()
    }

    fn judge(&self, header: &Header) -> Option<Breach> {
        if header.rsv != 0 {
            return Some(Breach::ReservedBits(header.rsv));
        }
        if let Opcode::Reserved(bits) = header.opcode {
            return Some(Breach::ReservedOpcode(bits));
        }
        match (self.masked, header.mask) {
            (true, None) => return Some(Breach::MaskMissing),
            (false, Some(_)) => return Some(Breach::MaskUnexpected),
            _ => {}
        }
        if header.len >> 63 != 0 {
            return Some(Breach::LengthTooLarge(header.len));
        }
        if header.opcode.is_control() {
            return match header {
                Header { fin: false, .. } => Some(Breach::ControlFragmented),
                Header { len, .. } if *len > 125 => Some(Breach::ControlTooLong(*len)),
                _ => None,
            };
        }
        match (header.opcode, self.message) {
            (Opcode::Continuation, None) => Some(Breach::ContinuationOfNothing),
            (Opcode::Text | Opcode::Binary, Some(_)) => Some(Breach::MessageInsideMessage),
            _ => None,
        }
    }

    fn advance(&mut self, header: &Header) -> Option<Breach> {
        if header.opcode.is_control() {
            return None;
        }
        let whole = self.message.unwrap_or(0).saturating_add(header.len);
        self.message = (!header.fin).then_some(whole);
        (whole > self.limit).then_some(Breach::OverLimit { len: whole, limit: self.limit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Option<[u8; 4]> = Some([1, 2, 3, 4]);

    fn server(headers: &[Header]) -> Vec<Option<Breach>> {
        let mut sequence = Sequence::new(false, 1000);
        headers.iter().map(|header| sequence.next(header)).collect()
    }

    fn text(fin: bool) -> Header {
        Header { fin, ..Header::new(Opcode::Text, 5, None) }
    }

    fn more(fin: bool) -> Header {
        Header { fin, ..Header::new(Opcode::Continuation, 5, None) }
    }

    #[test]
    fn a_ping_between_fragments_is_legal() {
        let ping = Header::new(Opcode::Ping, 5, None);
        assert_eq!(server(&[text(false), ping, more(false), ping, more(true), text(true)]), [None; 6]);
    }

    #[test]
    fn fragments_out_of_order_are_told() {
        assert_eq!(server(&[more(true)]), [Some(Breach::ContinuationOfNothing)]);
        assert_eq!(server(&[text(false), text(true)])[1], Some(Breach::MessageInsideMessage));
    }

    #[test]
    fn each_role_masks_as_it_must() {
        let masked = Header::new(Opcode::Text, 5, KEY);
        assert_eq!(server(&[masked]), [Some(Breach::MaskUnexpected)]);
        assert_eq!(Sequence::new(true, 1000).next(&masked), None);
        assert_eq!(Sequence::new(true, 1000).next(&text(true)), Some(Breach::MaskMissing));
    }

    #[test]
    fn control_frames_are_short_and_whole() {
        let ping = |fin, len| Header { fin, ..Header::new(Opcode::Ping, len, None) };
        assert_eq!(server(&[ping(false, 5)]), [Some(Breach::ControlFragmented)]);
        assert_eq!(server(&[ping(true, 126)]), [Some(Breach::ControlTooLong(126))]);
        assert_eq!(server(&[ping(true, 125)]), [None]);
    }

    #[test]
    fn reserved_bits_and_opcodes_are_told() {
        assert_eq!(server(&[Header { rsv: 4, ..text(true) }]), [Some(Breach::ReservedBits(4))]);
        assert_eq!(server(&[Header::new(Opcode::Reserved(11), 0, None)]), [Some(Breach::ReservedOpcode(11))]);
    }

    #[test]
    fn the_limit_counts_all_fragments_of_a_message() {
        let part = |opcode, fin| Header { fin, ..Header::new(opcode, 600, None) };
        let seen = server(&[part(Opcode::Binary, false), part(Opcode::Continuation, true)]);
        assert_eq!(seen, [None, Some(Breach::OverLimit { len: 1200, limit: 1000 })]);
    }

    #[test]
    fn a_length_beyond_63_bits_is_told_before_it_is_added() {
        assert_eq!(server(&[Header::new(Opcode::Text, u64::MAX, None)]), [Some(Breach::LengthTooLarge(u64::MAX))]);
    }
}
