//! The head of an HTTP answer, read from a stream (RFC 9112): for the upgrade and for a plain GET alike. Owns what the end or an
//! error before it is called, and the interim answers that are passed over; bodies are their readers'.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::event::{DialFault, PayloadBytes};
use crate::net::cut::classify_error;
use crate::watch::liveness::Cut;
use crate::wire::head::Head;
use crate::wire::head::reader::{HEAD_LIMIT, HeadFault, HeadReader};

/// Interim answers (1xx other than 101) beyond this are no answer.
const INTERIM_MAX: u32 = 8;

/// Reads the head of the final answer, and what came behind it. `told` hears of the bytes of each read.
///
/// # Errors
/// The end, the error of the stream, or what is no HTTP.
pub async fn read_head<S: AsyncRead + Unpin>(
    io: &mut S,
    mut told: impl FnMut(usize),
) -> Result<(Head, Vec<u8>), DialFault> {
    let mut chunk = vec![0; 16 * 1024];
    let mut interim = 0;
    let mut reader = HeadReader::response(HEAD_LIMIT);
    let mut pending: Vec<u8> = Vec::new();
    loop {
        let answer = reader.push(&pending).map_err(head_fault)?;
        pending.clear();
        if let Some((head, rest)) = answer {
            let status = head.status().unwrap_or_default();
            if !(100..200).contains(&status) || status == 101 || interim == INTERIM_MAX {
                return Ok((head, rest));
            }
            // RFC 9110 15.2: a client must be able to parse interim answers before the final one.
            interim += 1;
            reader = HeadReader::response(HEAD_LIMIT);
            pending = rest;
            if !pending.is_empty() {
                continue;
            }
        }
        match io.read(&mut chunk).await {
            Ok(0) => return Err(cut(false, reader.received().len())),
            Ok(count) => {
                told(count);
                pending.extend_from_slice(&chunk[..count]);
            }
            Err(error) => return Err(read_fault(&error, reader.received().len())),
        }
    }
}

fn read_fault(error: &io::Error, received: usize) -> DialFault {
    match classify_error(error) {
        Cut::TlsAlert(alert) => DialFault::AlertBeforeAnswer { alert },
        Cut::Reset | Cut::BrokenPipe => cut(true, received),
        Cut::TlsTruncated | Cut::Eof => cut(false, received),
        _ => DialFault::Io { words: error.to_string() },
    }
}

/// The stream ended before the whole head.
pub fn cut(reset: bool, received: usize) -> DialFault {
    DialFault::CutBeforeAnswer { reset, received: received as u64 }
}

fn head_fault(fault: HeadFault) -> DialFault {
    match fault {
        HeadFault::TooLarge { limit } => DialFault::HeadTooLarge { limit: limit as u64 },
        HeadFault::NotHttp { first } => DialFault::NotHttp { first: PayloadBytes(first), malformed: None },
        HeadFault::Malformed { words, first } => {
            DialFault::NotHttp { first: PayloadBytes(first), malformed: Some(words) }
        }
    }
}
