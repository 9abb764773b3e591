//! The header of one frame, 2 to 14 bytes, both ways (RFC 6455 section 5.2). Owns its bits; whether they are legal is
//! `sequence`'s to say, so that illegal ones can be shown and built.

/// What a frame is. The reserved ones are kept as they are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
    /// 3 to 7 and 11 to 15.
    Reserved(u8),
}

impl Opcode {
    /// From the header's four bits; higher bits are ignored.
    pub fn from_bits(bits: u8) -> Opcode {
        match bits & 0x0f {
            0x0 => Opcode::Continuation,
            0x1 => Opcode::Text,
            0x2 => Opcode::Binary,
            0x8 => Opcode::Close,
            0x9 => Opcode::Ping,
            0xa => Opcode::Pong,
            other => Opcode::Reserved(other),
        }
    }

    /// The header's four bits.
    pub fn bits(self) -> u8 {
        match self {
            Opcode::Continuation => 0x0,
            Opcode::Text => 0x1,
            Opcode::Binary => 0x2,
            Opcode::Close => 0x8,
            Opcode::Ping => 0x9,
            Opcode::Pong => 0xa,
            Opcode::Reserved(bits) => bits,
        }
    }

    /// True for Close, Ping, Pong and the reserved control frames (section 5.5).
    pub fn is_control(self) -> bool {
        self.bits() & 0x8 != 0
    }

    /// The RFC's word.
    pub fn name(self) -> &'static str {
        match self {
            Opcode::Continuation => "continuation",
            Opcode::Text => "text",
            Opcode::Binary => "binary",
            Opcode::Close => "close",
            Opcode::Ping => "ping",
            Opcode::Pong => "pong",
            Opcode::Reserved(_) => "reserved",
        }
    }
}

/// One frame's header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    pub fin: bool,
    /// RSV1 to RSV3, RSV1 highest: 0 to 7.
    pub rsv: u8,
    pub opcode: Opcode,
    pub mask: Option<[u8; 4]>,
    /// Payload length in bytes, as announced.
    pub len: u64,
    /// False when a shorter form of the length would have done.
    pub minimal: bool,
}

/// The most bytes that a header has.
pub const HEADER_MAX: usize = 14;

impl Header {
    /// A final frame with nothing reserved set.
    pub fn new(opcode: Opcode, len: u64, mask: Option<[u8; 4]>) -> Header {
        Header { fin: true, rsv: 0, opcode, mask, len, minimal: true }
    }

    /// Reads a header and its size from the front of `bytes`; none when more bytes are needed. A length with the highest
    /// bit set, which is illegal, comes back as it is.
    pub fn parse(bytes: &[u8]) -> Option<(Header, usize)> {
        let (&first, &second) = (bytes.first()?, bytes.get(1)?);
        let (len, mut size, minimal) = match second & 0x7f {
            126 => {
                let len = u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?) as u64;
                (len, 4, len > 125)
            }
            127 => {
                let len = u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?);
                (len, 10, len > 0xffff)
            }
            short => (short as u64, 2, true),
        };
        let mask = if second & 0x80 != 0 {
            let key: [u8; 4] = bytes.get(size..size + 4)?.try_into().ok()?;
            size += 4;
            Some(key)
        } else {
            None
        };
        let header = Header {
            fin: first & 0x80 != 0,
            rsv: (first >> 4) & 0x7,
            opcode: Opcode::from_bits(first),
            mask,
            len,
            minimal,
        };
        Some((header, size))
    }

    /// Appends the header's bytes, with the shortest length form.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push((u8::from(self.fin) << 7) | ((self.rsv & 0x7) << 4) | (self.opcode.bits() & 0x0f));
        let mask_bit = if self.mask.is_some() { 0x80 } else { 0 };
        match self.len {
            0..=125 => out.push(mask_bit | self.len as u8),
            126..=0xffff => {
                out.push(mask_bit | 126);
                out.extend_from_slice(&(self.len as u16).to_be_bytes());
            }
            _ => {
                out.push(mask_bit | 127);
                out.extend_from_slice(&self.len.to_be_bytes());
            }
        }
        if let Some(key) = self.mask {
            out.extend_from_slice(&key);
        }
    }
}

/// Masks or unmasks `payload`, whose first byte is byte `offset` of the frame's payload (section 5.3).
pub fn apply_mask(payload: &mut [u8], key: [u8; 4], offset: u64) {
    for (index, byte) in payload.iter_mut().enumerate() {
        *byte ^= key[((offset + index as u64) % 4) as usize];
    }
}

/// The bytes of one whole frame; a mask key masks the payload.
pub fn frame_bytes(header: Header, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER_MAX + payload.len());
    Header { len: payload.len() as u64, ..header }.encode(&mut out);
    let start = out.len();
    out.extend_from_slice(payload);
    if let Some(key) = header.mask {
        apply_mask(&mut out[start..], key, 0);
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

    #[test]
    fn the_rfcs_unmasked_hello_of_a_server() {
        // 5.7: a single-frame unmasked text message
        assert_eq!(frame_bytes(Header::new(Opcode::Text, 0, None), b"Hello"), b"\x81\x05Hello");
    }

    #[test]
    fn the_rfcs_masked_hello_of_a_client() {
        // 5.7: a single-frame masked text message
        let wire = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        assert_eq!(frame_bytes(Header::new(Opcode::Text, 0, Some(KEY)), b"Hello"), wire);
        let (header, size) = Header::parse(&wire).unwrap();
        assert_eq!((header.mask, header.len, size), (Some(KEY), 5, 6));
    }

    #[test]
    fn the_rfcs_long_binary_messages() {
        // 5.7: 256 bytes, then 64 KiB, each in one unmasked frame
        assert_eq!(frame_bytes(Header::new(Opcode::Binary, 0, None), &[0; 256])[..4], [0x82, 0x7e, 0x01, 0x00]);
        assert_eq!(
            frame_bytes(Header::new(Opcode::Binary, 0, None), &[0; 65536])[..10],
            [0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]
        );
    }

    #[test]
    fn a_length_in_a_longer_form_than_needed_is_seen() {
        assert!(!Header::parse(&[0x81, 126, 0, 5]).unwrap().0.minimal);
        assert!(!Header::parse(&[0x81, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff]).unwrap().0.minimal);
        assert!(Header::parse(&[0x81, 126, 0, 126]).unwrap().0.minimal);
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_parsed_again(
            fin: bool, rsv in 0u8..8, bits in 0u8..16, mask: Option<[u8; 4]>, len: u64
        ) {
            let header = Header { fin, rsv, opcode: Opcode::from_bits(bits), mask, len, minimal: true };
            let mut bytes = Vec::new();
            header.encode(&mut bytes);
            for cut in 0..bytes.len() {
                prop_assert_eq!(Header::parse(&bytes[..cut]), None);
            }
            prop_assert_eq!(Header::parse(&bytes), Some((header, bytes.len())));
        }
    }
}
