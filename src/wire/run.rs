//! The short way over a stretch of ordinary messages: whole, in one frame each, legal as far as a header tells (RFC 6455
//! section 5.2). Owns the test for "ordinary", nothing else: whatever is not goes the long way, through `scan` and
//! `sequence`, and both ways must agree.

/// How far the ordinary messages at the front of `bytes` reach, in bytes; `each` is told where each one begins. `masked`:
/// the sender must mask; `limit` bounds a message's payload in bytes. The front must be a frame's beginning, outside of
/// a message.
pub fn ordinary(bytes: &[u8], masked: bool, limit: u64, mut each: impl FnMut(usize)) -> usize {
    let (mask_bit, key_size) = if masked { (0x80, 4) } else { (0, 0) };
    let mut from = 0;
    while let Some(&[first, second]) = bytes.get(from..from + 2).and_then(<[u8]>::first_chunk) {
        // FIN, no reserved bit, text or binary.
        if !matches!(first, 0x81 | 0x82) || second & 0x80 != mask_bit {
            return from;
        }
        let (len, size) = match second & 0x7f {
            127 => return from,
            126 => match bytes.get(from + 2..from + 4).and_then(<[u8]>::first_chunk) {
                Some(long) => (usize::from(u16::from_be_bytes(*long)), 4),
                None => return from,
            },
            short => (usize::from(short), 2),
        };
        let next = from + size + key_size + len;
        if (size == 4 && len < 126) || len as u64 > limit || next > bytes.len() {
            return from;
        }
        each(from);
        from = next;
    }
    from
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::header::{Header, Opcode, frame_bytes};

    fn text(len: usize, mask: Option<[u8; 4]>) -> Vec<u8> {
        frame_bytes(Header::new(Opcode::Text, 0, mask), &vec![b'a'; len])
    }

    fn run(bytes: &[u8], masked: bool) -> (usize, usize) {
        let mut count = 0;
        let end = ordinary(bytes, masked, 1000, |_| count += 1);
        (count, end)
    }

    #[test]
    fn whole_messages_of_either_role_are_run_over() {
        for mask in [None, Some([1, 2, 3, 4])] {
            let bytes = [text(0, mask), text(125, mask), text(126, mask), text(1000, mask)].concat();
            assert_eq!(run(&bytes, mask.is_some()), (4, bytes.len()));
            assert_eq!(run(&bytes, mask.is_none()), (0, 0), "the wrong role");
            assert_eq!(run(&bytes[..bytes.len() - 1], mask.is_some()).0, 3, "the last is not whole");
        }
    }

    #[test]
    fn it_stops_before_whatever_is_not_ordinary() {
        let odd = |header: Header| frame_bytes(header, b"x");
        let header = |opcode| Header::new(opcode, 0, None);
        for tail in [
            odd(Header { fin: false, ..header(Opcode::Text) }),
            odd(Header { rsv: 4, ..header(Opcode::Text) }),
            odd(header(Opcode::Continuation)),
            odd(header(Opcode::Ping)),
            odd(header(Opcode::Reserved(3))),
            text(1001, None),
            vec![0x81, 126, 0, 1, b'x'],
            text(70_000, None),
            vec![0x81],
            vec![0x81, 126, 1],
        ] {
            let bytes = [text(5, None), tail].concat();
            assert_eq!(run(&bytes, false), (1, 7));
        }
    }
}
