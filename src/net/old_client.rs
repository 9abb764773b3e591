//! One client of the drafts hixie-75 or hixie-76, on the server's side: the 8 bytes behind its head, and the echo of
//! its messages. Owns the IO alone; the handshake, the framing and their rules are `wire::hixie76`'s.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::moment::Span;
use crate::wire::hixie76::{CLOSING, Draft, OldFrame, OldFrames, encode};

/// The 8 bytes must have come within this time.
const BODY_WAIT: Span = Span::from_secs(10);

/// Bytes behind the head of a hixie-76 request.
const BODY_LENGTH: usize = 8;

/// Why the 8 bytes can be missing although the client sent them: no Content-Length counts them.
const WHY_HELD: &str = "proxies often hold them";

/// So much is read at once.
const READ_SIZE: usize = 4096;

/// What a client said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    Message { text: String },
    Close,
}

/// How it ended.
#[derive(Debug)]
pub enum OldEnd {
    /// The client's closing frame came; it was answered where the draft knows that, and our direction is ended.
    Closed,
    /// The stream ended without a closing frame, which is how hixie-75 always ends.
    Fin,
    /// Reading or writing failed.
    Reset(io::Error),
    /// The bytes break the framing, or a message is over the limit. In words, without any byte of the client's.
    Illegal(String),
}

/// The 8 bytes that follow the head of a hixie-76 request. `rest` is what came with the head; what is left in it
/// afterwards are frames.
pub async fn read_body8<S: AsyncRead + Unpin>(io: &mut S, rest: &mut Vec<u8>) -> io::Result<[u8; 8]> {
    match tokio::time::timeout(BODY_WAIT.duration(), fill(io, rest)).await {
        Ok(filled) => filled?,
        Err(_) => {
            let seconds = BODY_WAIT.seconds();
            let words = format!("the 8 bytes behind the head did not come within {seconds} s; {WHY_HELD}");
            return Err(io::Error::new(io::ErrorKind::TimedOut, words));
        }
    }
    let mut body = [0; BODY_LENGTH];
    body.copy_from_slice(&rest[..BODY_LENGTH]);
    rest.drain(..BODY_LENGTH);
    Ok(body)
}

/// Reads until `rest` holds 8 bytes, and not one byte more than that.
async fn fill<S: AsyncRead + Unpin>(io: &mut S, rest: &mut Vec<u8>) -> io::Result<()> {
    let mut chunk = [0; BODY_LENGTH];
    while rest.len() < BODY_LENGTH {
        let missing = BODY_LENGTH - rest.len();
        let count = io.read(&mut chunk[..missing]).await?;
        if count == 0 {
            let words = format!("the stream ended before the 8 bytes behind the head; {WHY_HELD}");
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, words));
        }
        rest.extend_from_slice(&chunk[..count]);
    }
    Ok(())
}

/// Sends each message back, until the client closes or the stream ends. `rest` is what came behind the handshake,
/// `limit` bounds the bytes of a message, and `told` hears of each message before it is sent back.
///
/// After [`OldEnd::Closed`] the client still has to end its direction; who drops the stream at once may reset it.
pub async fn echo<S>(io: &mut S, rest: Vec<u8>, draft: Draft, limit: u64, mut told: impl FnMut(Heard)) -> OldEnd
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match talk(io, rest, draft, limit, &mut told).await {
        Ok(end) => end,
        Err(error) => OldEnd::Reset(error),
    }
}

async fn talk<S>(
    io: &mut S,
    rest: Vec<u8>,
    draft: Draft,
    limit: u64,
    told: &mut impl FnMut(Heard),
) -> io::Result<OldEnd>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut frames = OldFrames::new(limit);
    if let Some(end) = hear(io, &mut frames, &rest, draft, told).await? {
        return Ok(end);
    }
    drop(rest);
    let mut chunk = vec![0; READ_SIZE];
    loop {
        let count = io.read(&mut chunk).await?;
        if count == 0 {
            return Ok(OldEnd::Fin);
        }
        if let Some(end) = hear(io, &mut frames, &chunk[..count], draft, told).await? {
            return Ok(end);
        }
    }
}

/// Answers everything that is whole with these bytes; the end, if they bring it.
async fn hear<S: AsyncWrite + Unpin>(
    io: &mut S,
    frames: &mut OldFrames,
    bytes: &[u8],
    draft: Draft,
    told: &mut impl FnMut(Heard),
) -> io::Result<Option<OldEnd>> {
    let mut input = bytes;
    let end = loop {
        match frames.take(&mut input) {
            Ok(Some(OldFrame::Text(text))) => {
                let answer = encode(&text);
                told(Heard::Message { text });
                io.write_all(&answer).await?;
            }
            Ok(Some(OldFrame::Close)) => {
                told(Heard::Close);
                // It is closed, whether or not the client stayed for the answer.
                let _ = part(io, draft).await;
                return Ok(Some(OldEnd::Closed));
            }
            Ok(None) => break None,
            Err(fault) => break Some(OldEnd::Illegal(fault.to_string())),
        }
    };
    io.flush().await?;
    Ok(end)
}

/// The answer to a closing frame, which hixie-75 does not have, and the end of our direction.
async fn part<S: AsyncWrite + Unpin>(io: &mut S, draft: Draft) -> io::Result<()> {
    if draft != Draft::Hixie75 {
        io.write_all(&CLOSING).await?;
    }
    io.flush().await?;
    io.shutdown().await
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    /// What came back, what was heard, and the end, when a client sends these bytes and ends its direction.
    async fn talked(rest: &[u8], sent: &[u8], draft: Draft, limit: u64) -> (Vec<u8>, Vec<Heard>, OldEnd) {
        let (mut ours, mut theirs) = duplex(64 * 1024);
        theirs.write_all(sent).await.unwrap();
        theirs.shutdown().await.unwrap();
        let mut heard = Vec::new();
        let end = echo(&mut ours, rest.to_vec(), draft, limit, |what| heard.push(what)).await;
        drop(ours);
        let mut back = Vec::new();
        theirs.read_to_end(&mut back).await.unwrap();
        (back, heard, end)
    }

    fn message(text: &str) -> Heard {
        Heard::Message { text: text.to_owned() }
    }

    #[tokio::test]
    async fn messages_come_back_and_the_closing_frame_is_answered() {
        let (back, heard, end) = talked(b"\x00one\xff\x00t", b"wo\xff\xff\x00", Draft::Hixie76, 100).await;
        assert!(matches!(end, OldEnd::Closed), "{end:?}");
        assert_eq!(back, b"\x00one\xff\x00two\xff\xff\x00");
        assert_eq!(heard, [message("one"), message("two"), Heard::Close]);
    }

    #[tokio::test]
    async fn the_draft_without_a_closing_frame_gets_none() {
        let (back, heard, end) = talked(b"", b"\x00one\xff\xff\x00", Draft::Hixie75, 100).await;
        assert!(matches!(end, OldEnd::Closed), "{end:?}");
        assert_eq!((back, heard), (b"\x00one\xff".to_vec(), vec![message("one"), Heard::Close]));
        let (back, heard, end) = talked(b"", b"\x00one\xff", Draft::Hixie75, 100).await;
        assert!(matches!(end, OldEnd::Fin), "{end:?}");
        assert_eq!((back, heard), (b"\x00one\xff".to_vec(), vec![message("one")]));
    }

    #[tokio::test]
    async fn a_message_larger_than_one_read_comes_back_whole() {
        let text = "a".repeat(3 * READ_SIZE);
        let (back, heard, _) = talked(b"", &encode(&text), Draft::Hixie76, text.len() as u64).await;
        assert_eq!((back, heard), (encode(&text), vec![message(&text)]));
    }

    #[tokio::test]
    async fn what_breaks_the_framing_ends_it_behind_the_answers_before() {
        for (sent, words) in [
            (&b"\x00one\xff\x01two\xff"[..], "a frame begins with 0x01, and only 0x00 and 0x80 to 0xff begin one"),
            (b"\x00one\xff\x00long", "a frame is larger than 3 bytes"),
        ] {
            let (back, heard, end) = talked(b"", sent, Draft::Hixie76, 3).await;
            assert!(matches!(&end, OldEnd::Illegal(told) if told == words), "{end:?}");
            assert_eq!((back, heard), (b"\x00one\xff".to_vec(), vec![message("one")]));
        }
    }

    #[tokio::test]
    async fn a_client_that_is_gone_is_no_panic() {
        let (mut ours, theirs) = duplex(64);
        drop(theirs);
        let end = echo(&mut ours, b"\x00one\xff".to_vec(), Draft::Hixie76, 100, |_| {}).await;
        assert!(matches!(end, OldEnd::Reset(_)), "{end:?}");
    }

    #[tokio::test]
    async fn the_8_bytes_are_taken_from_what_came_and_from_what_comes() {
        for early in 0..12 {
            let (mut ours, mut theirs) = duplex(64);
            let (mut rest, late) = (b"12345678\x00hi\xff"[..early].to_vec(), &b"12345678\x00hi\xff"[early..]);
            theirs.write_all(late).await.unwrap();
            drop(theirs);
            assert_eq!(&read_body8(&mut ours, &mut rest).await.unwrap(), b"12345678", "{early}");
            ours.read_to_end(&mut rest).await.unwrap();
            assert_eq!(rest, b"\x00hi\xff", "{early}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_that_a_proxy_holds_are_waited_for_and_then_told() {
        let (mut ours, theirs) = duplex(64);
        let error = read_body8(&mut ours, &mut b"1234567".to_vec()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        let words = "the 8 bytes behind the head did not come within 10 s; proxies often hold them";
        assert_eq!(error.to_string(), words);
        drop(theirs);
        let error = read_body8(&mut ours, &mut Vec::new()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        assert!(error.to_string().contains("proxies often hold them"), "{error}");
    }
}
