//! WebSocket before RFC 6455, as a server meets it: the drafts hixie-75, hixie-76 (hybi-00) and the early hybi ones.
//! Owns how a request head is told to be one of them, the answers of the two hixie drafts, and their framing. What the
//! later drafts share with RFC 6455 (`upgrade`, `header`) is not spoken here, only named.

use md5::{Digest, Md5};
use thiserror::Error;

use crate::wire::head::Head;
use crate::wire::upgrade::one_line;

/// The closing frame of hixie-76, the same in both directions.
pub const CLOSING: [u8; 2] = [CLOSING_TYPE, 0x00];

/// The type byte of a text message.
const TEXT_TYPE: u8 = 0x00;
/// What ends a text message: a byte that UTF-8 never has.
const TEXT_END: u8 = 0xFF;
/// The type byte of the closing frame.
const CLOSING_TYPE: u8 = 0xFF;

const KEY: &str = "Sec-WebSocket-Key";
const KEY1: &str = "Sec-WebSocket-Key1";
const KEY2: &str = "Sec-WebSocket-Key2";

/// What was spoken before RFC 6455.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draft {
    /// No keys: the server proves nothing.
    Hixie75,
    /// Two keys in the head and 8 bytes behind it.
    Hixie76,
    /// The number of a Sec-WebSocket-Version below 13. From 4 on there is the key of today.
    Hybi(u8),
}

impl Draft {
    /// The draft that a request speaks; none for RFC 6455, and for what is no upgrade or no draft that was in use.
    ///
    /// hixie-75 is told by what it lacks. So that a request of today which lost its fields is not taken for it, the
    /// Upgrade must be spelled `WebSocket`, as that draft demands to the letter.
    pub fn of(head: &Head) -> Option<Draft> {
        if head.method() != "GET" || !head.has_token("Upgrade", "websocket") {
            return None;
        }
        let has = |name: &str| head.first(name).is_some();
        if let Some(version) = head.first("Sec-WebSocket-Version") {
            return hybi(version).filter(|_| has(KEY));
        }
        if has(KEY1) || has(KEY2) {
            return Some(Draft::Hixie76);
        }
        let spelled = head.first("Upgrade") == Some("WebSocket");
        (spelled && !has(KEY)).then_some(Draft::Hixie75)
    }

    /// Its name.
    pub fn name(self) -> String {
        match self {
            Draft::Hixie75 => "hixie-75".to_owned(),
            Draft::Hixie76 => "hixie-76".to_owned(),
            // The drafts 9 to 12 changed nothing on the wire and kept this number.
            Draft::Hybi(8) => "hybi-08 to hybi-12 (version 8)".to_owned(),
            Draft::Hybi(version) => format!("hybi-{version:02} (version {version})"),
        }
    }

    /// Who spoke it.
    pub fn spoken_by(self) -> &'static str {
        match self {
            Draft::Hixie75 => "Chrome 4 and Safari 5.0.0",
            Draft::Hixie76 => "Safari 5, iOS 4, Chrome 6 to 13, and clients in Flash",
            Draft::Hybi(7) => "Firefox 6",
            Draft::Hybi(8) => "Chrome 14 and 15, Firefox 7 to 10, and the preview of Internet Explorer 10",
            Draft::Hybi(_) => "libraries and test builds of early 2011",
        }
    }

    /// The subprotocol that the request asks for. A client that asks for one fails unless the answer repeats it.
    pub fn offered_subprotocol(self, head: &Head) -> Option<&str> {
        let name = if self == Draft::Hixie75 { "WebSocket-Protocol" } else { "Sec-WebSocket-Protocol" };
        head.first(name).filter(|value| !value.is_empty())
    }
}

/// Versions 4 to 8: each has the key of RFC 6455, and a number that was in use.
fn hybi(version: &str) -> Option<Draft> {
    (4u8..=8).find(|number| number.to_string() == version).map(Draft::Hybi)
}

/// The number of a hixie-76 key: all its digits read as one number, divided by the count of its spaces. The error
/// completes a sentence that begins with the key's name.
///
/// Every space counts, so the key must be the value as it was sent. A legal one begins and ends with another character,
/// so that nothing is lost when a head takes the blanks around a value away.
pub fn key_number(key: &str) -> Result<u32, String> {
    if !key.bytes().any(|byte| byte.is_ascii_digit()) {
        return Err("has no digit".to_owned());
    }
    let number = key
        .bytes()
        .filter(u8::is_ascii_digit)
        .try_fold(0u32, |number, digit| number.checked_mul(10)?.checked_add(u32::from(digit - b'0')))
        .ok_or_else(|| format!("has a number above {}", u32::MAX))?;
    let spaces = key.bytes().filter(|&byte| byte == b' ').count();
    let spaces = u32::try_from(spaces).unwrap_or(u32::MAX);
    if spaces == 0 {
        return Err("has no space".to_owned());
    }
    if !number.is_multiple_of(spaces) {
        return Err(format!("has the number {number}, which its {spaces} spaces do not divide"));
    }
    Ok(number / spaces)
}

/// The 16 bytes that prove that a server read both keys and the 8 bytes behind the head.
pub fn challenge_answer(key1: &str, key2: &str, body: [u8; 8]) -> Result<[u8; 16], String> {
    let first = key_number(key1).map_err(|what| format!("the {KEY1} {what}"))?;
    let second = key_number(key2).map_err(|what| format!("the {KEY2} {what}"))?;
    let hash = Md5::new().chain_update(first.to_be_bytes()).chain_update(second.to_be_bytes()).chain_update(body);
    Ok(hash.finalize().into())
}

/// The whole answer to a hixie-76 request, the 16 bytes behind the head included; or what is wrong with the request.
/// `secure` chooses wss.
pub fn answer_76(head: &Head, secure: bool, subprotocol: Option<&str>, body: [u8; 8]) -> Result<Vec<u8>, String> {
    let proof = challenge_answer(only(head, KEY1)?, only(head, KEY2)?, body)?;
    let mut bytes = answer_head("WebSocket Protocol Handshake", "Sec-", head, secure, subprotocol)?;
    bytes.extend_from_slice(&proof);
    Ok(bytes)
}

/// The answer to a hixie-75 request, or what is wrong with the request. `secure` chooses wss.
pub fn answer_75(head: &Head, secure: bool, subprotocol: Option<&str>) -> Result<Vec<u8>, String> {
    answer_head("Web Socket Protocol Handshake", "", head, secure, subprotocol)
}

/// Clients of the drafts compare the first three lines byte by byte, so their order and spelling are fixed.
fn answer_head(
    reason: &str,
    prefix: &str,
    head: &Head,
    secure: bool,
    subprotocol: Option<&str>,
) -> Result<Vec<u8>, String> {
    let location = location(head, secure)?;
    let mut text = format!("HTTP/1.1 101 {reason}\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n");
    let fields = [("Origin", head.first("Origin")), ("Location", Some(location.as_str())), ("Protocol", subprotocol)];
    for (name, value) in fields {
        if let Some(value) = value {
            text.push_str(&format!("{prefix}WebSocket-{name}: {}\r\n", one_line(value)));
        }
    }
    text.push_str("\r\n");
    Ok(text.into_bytes())
}

/// The URL that the client used, as far as its request tells.
fn location(head: &Head, secure: bool) -> Result<String, String> {
    let scheme = if secure { "wss" } else { "ws" };
    let host = only(head, "Host")?;
    let path = Some(head.target()).filter(|target| target.starts_with('/')).unwrap_or("/");
    Ok(format!("{scheme}://{host}{path}"))
}

fn only<'a>(head: &'a Head, name: &'static str) -> Result<&'a str, String> {
    let mut values = head.all(name);
    let Some(value) = values.next() else {
        return Err(format!("the request has no {name}"));
    };
    if values.next().is_some() {
        return Err(format!("the request has more than one {name}"));
    }
    Ok(value)
}

/// A text message as the drafts frame it.
pub fn encode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() + 2);
    bytes.push(TEXT_TYPE);
    bytes.extend_from_slice(text.as_bytes());
    bytes.push(TEXT_END);
    bytes
}

/// One thing that a client said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OldFrame {
    /// A whole message. Bytes that are not UTF-8 are replaced by U+FFFD, as the drafts demand.
    Text(String),
    /// The closing frame. Nothing is read behind it.
    Close,
}

/// Why the bytes cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum OldFault {
    #[error("a frame begins with 0x{first:02x}, and only 0x00 and 0x80 to 0xff begin one")]
    Illegal { first: u8 },
    #[error("a frame is larger than {limit} bytes")]
    TooLarge { limit: u64 },
    #[error("the closing frame 0xff has a length other than 0")]
    ClosingLength,
}

/// Reads the framing of both hixie drafts, in pieces of any size. Of a message no more than the limit is held.
#[derive(Debug)]
pub struct OldFrames {
    limit: u64,
    state: State,
    /// What has come of the text message under way.
    message: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Before a type byte.
    Type,
    Text,
    /// In the length of a frame that has one: seven bits a byte, the highest bit set in all but the last.
    Length {
        kind: u8,
        length: u64,
    },
    /// In a payload that means nothing to us.
    Skip {
        left: u64,
    },
    Closed,
    Broken(OldFault),
}

impl OldFrames {
    /// `limit` bounds the bytes of a message, and of a frame that is skipped.
    pub fn new(limit: u64) -> OldFrames {
        OldFrames { limit, state: State::Type, message: Vec::new() }
    }

    /// Takes bytes from the front of `input` until a frame is whole or `input` is empty; call it again until it gives
    /// none. Frames of the types 0x80 to 0xfe are legal and without a meaning: they are skipped. A fault stays.
    pub fn take(&mut self, input: &mut &[u8]) -> Result<Option<OldFrame>, OldFault> {
        loop {
            if let State::Broken(fault) = self.state {
                return Err(fault);
            }
            let bytes = *input;
            let Some((&first, behind)) = bytes.split_first() else { return Ok(None) };
            match self.state {
                State::Type => {
                    *input = behind;
                    self.state = begun(first);
                }
                State::Text => {
                    if let Some(text) = self.text(input) {
                        return Ok(Some(OldFrame::Text(text)));
                    }
                }
                State::Length { kind, length } => {
                    *input = behind;
                    self.state = self.lengthened(kind, length, first);
                    if matches!(self.state, State::Closed) {
                        return Ok(Some(OldFrame::Close));
                    }
                }
                State::Skip { left } => {
                    let count = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    *input = &bytes[count..];
                    self.state = skipping(left - count as u64);
                }
                State::Closed => {
                    *input = &[];
                    return Ok(None);
                }
                State::Broken(fault) => return Err(fault),
            }
        }
    }

    /// The message, if its end is in `input`.
    fn text(&mut self, input: &mut &[u8]) -> Option<String> {
        let bytes = *input;
        let end = bytes.iter().position(|&byte| byte == TEXT_END);
        let piece = &bytes[..end.unwrap_or(bytes.len())];
        if (self.message.len() + piece.len()) as u64 > self.limit {
            self.message = Vec::new();
            self.state = State::Broken(OldFault::TooLarge { limit: self.limit });
            return None;
        }
        self.message.extend_from_slice(piece);
        let Some(end) = end else {
            *input = &[];
            return None;
        };
        *input = &bytes[end + 1..];
        self.state = State::Type;
        Some(decoded(std::mem::take(&mut self.message)))
    }

    /// The state behind one more byte of a length.
    fn lengthened(&self, kind: u8, length: u64, byte: u8) -> State {
        let length = length.saturating_mul(128).saturating_add(u64::from(byte & 0x7F));
        if kind == CLOSING_TYPE && length != 0 {
            return State::Broken(OldFault::ClosingLength);
        }
        if length > self.limit {
            return State::Broken(OldFault::TooLarge { limit: self.limit });
        }
        if byte & 0x80 != 0 {
            return State::Length { kind, length };
        }
        if kind == CLOSING_TYPE { State::Closed } else { skipping(length) }
    }
}

fn begun(first: u8) -> State {
    match first {
        TEXT_TYPE => State::Text,
        0x80.. => State::Length { kind: first, length: 0 },
        _ => State::Broken(OldFault::Illegal { first }),
    }
}

fn skipping(left: u64) -> State {
    if left == 0 { State::Type } else { State::Skip { left } }
}

fn decoded(bytes: Vec<u8>) -> String {
    match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::head::{HEAD_LIMIT, HeadReader};

    /// Keys, the 8 bytes, the numbers of the keys, the answer.
    type Vector = (&'static str, &'static str, &'static [u8; 8], u32, u32, &'static [u8; 16]);

    const VECTORS: [Vector; 3] = [
        ("4 @1  46546xW%0l 1 5", "12998 5 Y3 1  .P00", b"^n:ds[4U", 829309203, 259970620, b"8jKS'y:G*Co,Wxa-"),
        (
            "18x 6]8vM;54 *(5:  {   U1]8  z [  8",
            "1_ tx7X d  <  nw  334J702) 7]o}` 0",
            b"Tm[K T2u",
            155712099,
            173347027,
            b"fQJ,fN/4F4!~K~MH",
        ),
        ("3e6b263  4 17 80", "17  9 G`ZD9   2 2b 7X 3 /r90", b"WjN}|M(6", 906585445, 179922739, b"n`9eBk9z$R8pOtVb"),
    ];

    fn request(fields: &str) -> Vec<u8> {
        let text = "GET /demo?a=b HTTP/1.1\r\nHost: example.com:81\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n";
        format!("{text}{fields}\r\n").into_bytes()
    }

    fn head(fields: &str) -> Head {
        Head::verbatim(request(fields))
    }

    fn draft(fields: &str) -> Option<Draft> {
        Draft::of(&head(fields))
    }

    #[test]
    fn the_vectors_are_answered_from_the_bytes_that_a_client_sends() {
        for (key1, key2, body, number1, number2, answer) in VECTORS {
            assert_eq!((key_number(key1), key_number(key2)), (Ok(number1), Ok(number2)));
            let mut sent = request(&format!("{KEY1}: {key1}\r\n{KEY2}: {key2}\r\nOrigin: http://a\r\n"));
            sent.extend_from_slice(body);
            let (head, rest) = HeadReader::request(HEAD_LIMIT).push(&sent).unwrap().unwrap();
            assert_eq!(Draft::of(&head), Some(Draft::Hixie76));
            let expected = "HTTP/1.1 101 WebSocket Protocol Handshake\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\
                            Sec-WebSocket-Origin: http://a\r\n\
                            Sec-WebSocket-Location: ws://example.com:81/demo?a=b\r\n\r\n";
            let answered = answer_76(&head, false, None, rest.try_into().unwrap()).unwrap();
            assert_eq!(answered, [expected.as_bytes(), answer].concat());
        }
    }

    #[test]
    fn every_space_of_a_key_counts() {
        assert_eq!(key_number("a1 2 0b"), Ok(60));
        assert_eq!(key_number("a1 2  0b"), Ok(40));
        assert_eq!(key_number("a0 b"), Ok(0));
        assert_eq!(key_number("4294967295 x"), Ok(u32::MAX));
        assert_eq!(key_number("1 2\t0"), Ok(120));
    }

    #[test]
    fn a_wrong_key_is_told_in_words() {
        for (key, words) in [
            ("123", "has no space"),
            ("a b", "has no digit"),
            ("1 2 3", "has the number 123, which its 2 spaces do not divide"),
            ("4294967296 x", "has a number above 4294967295"),
            ("99999999999999999999999999 x", "has a number above 4294967295"),
        ] {
            assert_eq!(key_number(key), Err(words.to_owned()), "{key}");
        }
        let (good, _, body, ..) = VECTORS[0];
        let told = |fields: &str| answer_76(&head(fields), false, None, *body).unwrap_err();
        assert_eq!(told(&format!("{KEY1}: {good}\r\n{KEY2}: 12\r\n")), "the Sec-WebSocket-Key2 has no space");
        assert_eq!(told(&format!("{KEY1}: {good}\r\n")), "the request has no Sec-WebSocket-Key2");
        let twice = format!("{KEY1}: {good}\r\n{KEY1}: {good}\r\n{KEY2}: {good}\r\n");
        assert_eq!(told(&twice), "the request has more than one Sec-WebSocket-Key1");
    }

    #[test]
    fn an_answer_without_keys_has_the_names_of_its_draft() {
        let request = head("Origin: http://a\r\nWebSocket-Protocol: chat\r\n");
        assert_eq!(Draft::of(&request), Some(Draft::Hixie75));
        let answer = answer_75(&request, true, Draft::Hixie75.offered_subprotocol(&request)).unwrap();
        let expected = "HTTP/1.1 101 Web Socket Protocol Handshake\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\
                        WebSocket-Origin: http://a\r\nWebSocket-Location: wss://example.com:81/demo?a=b\r\n\
                        WebSocket-Protocol: chat\r\n\r\n";
        assert_eq!(String::from_utf8(answer).unwrap(), expected);
    }

    #[test]
    fn no_value_begins_another_line() {
        let request = head("Origin: http://a\rSet-Cookie: x=1\r\n");
        let answer = String::from_utf8(answer_75(&request, false, Some("b\r\nX: y\nZ: w")).unwrap()).unwrap();
        assert!(answer.contains("WebSocket-Origin: http://a Set-Cookie: x=1\r\n"), "{answer:?}");
        assert!(answer.contains("WebSocket-Protocol: b  X: y Z: w\r\n"), "{answer:?}");
        assert_eq!(answer.matches(['\r', '\n']).count(), 2 * answer.matches("\r\n").count());
        assert_eq!(answer.matches("\r\n").count(), 7);
    }

    #[test]
    fn a_request_is_told_by_its_keys_and_its_version() {
        let key = format!("{KEY}: dGhlIHNhbXBsZSBub25jZQ==\r\n");
        let version = |number: &str| draft(&format!("{key}Sec-WebSocket-Version: {number}\r\n"));
        for number in 4..=8 {
            assert_eq!(version(&number.to_string()), Some(Draft::Hybi(number)));
        }
        for number in ["13", "9", "3", "0", "+8", "08", "256", "", "x"] {
            assert_eq!(version(number), None, "{number}");
        }
        assert_eq!(draft("Sec-WebSocket-Version: 8\r\n"), None);
        assert_eq!(draft(&format!("{KEY1}: a\r\nSec-WebSocket-Version: 13\r\n{key}")), None);
        assert_eq!(draft(&format!("{KEY1}: a\r\n")), Some(Draft::Hixie76));
        assert_eq!(draft(&key), None);
        assert_eq!(draft(""), Some(Draft::Hixie75));
        for other in ["GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", "POST / HTTP/1.1\r\nUpgrade: WebSocket\r\n\r\n"] {
            assert_eq!(Draft::of(&Head::verbatim(other.as_bytes().to_vec())), None, "{other}");
        }
    }

    #[test]
    fn every_draft_has_its_name_and_its_speakers() {
        for (draft, name, speaker) in [
            (Draft::Hixie75, "hixie-75", "Chrome 4 "),
            (Draft::Hixie76, "hixie-76", "iOS 4"),
            (Draft::Hybi(4), "hybi-04 (version 4)", "2011"),
            (Draft::Hybi(7), "hybi-07 (version 7)", "Firefox 6"),
            (Draft::Hybi(8), "hybi-08 to hybi-12 (version 8)", "Chrome 14"),
        ] {
            assert_eq!(draft.name(), name);
            assert!(draft.spoken_by().contains(speaker), "{name}: {}", draft.spoken_by());
        }
    }

    #[test]
    fn messages_skipped_frames_and_the_close_are_told_apart() {
        let stream = b"\x00a\xff\x80\x00\x81\x03\x00\xff\xff\x82\x81\x00";
        let stream = [&stream[..], &[7; 128], b"\x00\xff\x00\xc3\x28\xff\xff\x80\x00\x00late\xff"].concat();
        let text = |text: &str| OldFrame::Text(text.to_owned());
        let expected = vec![text("a"), text(""), text("\u{FFFD}("), OldFrame::Close];
        assert_eq!(read(&stream, &[usize::MAX], 1_000), (expected, None));
        assert_eq!(read(&CLOSING, &[1], 0), (vec![OldFrame::Close], None));
    }

    #[test]
    fn what_is_illegal_or_too_large_is_a_fault_that_stays() {
        for (stream, fault) in [
            (&b"\x00abcd\xff\x01"[..], OldFault::Illegal { first: 1 }),
            (b"\x00abcd\xffGET", OldFault::Illegal { first: b'G' }),
            (b"\x00abcd\xff\x00abcde\xff", OldFault::TooLarge { limit: 4 }),
            (b"\x00abcd\xff\x80\x05", OldFault::TooLarge { limit: 4 }),
            (b"\x00abcd\xff\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", OldFault::TooLarge { limit: 4 }),
            (b"\x00abcd\xff\xff\x04abcd", OldFault::ClosingLength),
        ] {
            let first = vec![OldFrame::Text("abcd".to_owned())];
            assert_eq!(read(stream, &[1], 4), (first, Some(fault)), "{stream:?}");
        }
        let mut frames = OldFrames::new(4);
        assert!(frames.take(&mut &b"\x00abcde"[..]).is_err());
        assert_eq!(frames.take(&mut &b""[..]), Err(OldFault::TooLarge { limit: 4 }));
        assert_eq!(frames.take(&mut &b"\xff\x00"[..]), Err(OldFault::TooLarge { limit: 4 }));
        let words = OldFault::Illegal { first: b'G' }.to_string();
        assert_eq!(words, "a frame begins with 0x47, and only 0x00 and 0x80 to 0xff begin one");
    }

    #[test]
    fn a_message_without_an_end_is_held_up_to_the_limit() {
        let mut frames = OldFrames::new(10_000);
        assert_eq!(frames.take(&mut &[0][..]), Ok(None));
        for _ in 0..10 {
            assert_eq!(frames.take(&mut &[b'a'; 1_000][..]), Ok(None));
        }
        assert_eq!(frames.message.len(), 10_000);
        for _ in 0..100 {
            assert!(frames.take(&mut &[b'a'; 1_000][..]).is_err());
        }
        assert_eq!(frames.message.capacity(), 0);
    }

    proptest! {
        #[test]
        fn however_the_bytes_are_cut_the_same_is_read(
            stream in bytes(), cuts in prop::collection::vec(1usize..9, 1..9), limit in 0u64..200,
        ) {
            prop_assert_eq!(read(&stream, &cuts, limit), read(&stream, &[usize::MAX], limit));
        }

        #[test]
        fn what_is_encoded_is_read_again(
            texts in prop::collection::vec(prop::collection::vec(any::<char>(), 0..20), 0..8),
            cuts in prop::collection::vec(1usize..9, 1..9),
        ) {
            let texts: Vec<String> = texts.into_iter().map(String::from_iter).collect();
            let stream: Vec<u8> = texts.iter().flat_map(|text| encode(text)).collect();
            let expected: Vec<OldFrame> = texts.into_iter().map(OldFrame::Text).collect();
            prop_assert_eq!(read(&stream, &cuts, 100), (expected, None));
        }

        #[test]
        fn no_head_and_no_key_makes_it_panic(raw in prop::collection::vec(any::<u8>(), 0..200), body: [u8; 8]) {
            let key: String = raw.iter().map(|byte| char::from(byte & 0x7F)).collect();
            let _ = challenge_answer(&key, &key, body);
            let head = Head::verbatim([b"GET / HTTP/1.1\r\nUpgrade: WebSocket\r\n".as_slice(), &raw].concat());
            let _ = (Draft::of(&head), answer_75(&head, true, Some(&key)), answer_76(&head, false, None, body));
        }
    }

    /// Any bytes, with those that mean something often among them.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![Just(0x00u8), Just(0xFFu8), 0x80u8..0x84, 1u8..4, any::<u8>()];
        prop::collection::vec(byte, 0..300)
    }

    /// Everything that is read from `stream` in pieces of these sizes, again and again.
    fn read(stream: &[u8], sizes: &[usize], limit: u64) -> (Vec<OldFrame>, Option<OldFault>) {
        let mut frames = OldFrames::new(limit);
        let mut found = Vec::new();
        let mut rest = stream;
        for size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (mut piece, behind) = rest.split_at((*size).min(rest.len()));
            rest = behind;
            loop {
                let outcome = frames.take(&mut piece);
                assert!(frames.message.len() as u64 <= limit);
                match outcome {
                    Ok(Some(frame)) => found.push(frame),
                    Ok(None) => break,
                    Err(fault) => return (found, Some(fault)),
                }
            }
            assert!(piece.is_empty());
        }
        (found, None)
    }
}
