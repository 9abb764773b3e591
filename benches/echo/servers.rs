//! What the echo is compared with: tokio-tungstenite with nothing around it, and a mirror that only counts bytes,
//! which shows the generator's own ceiling. Owns both servers; `load` drives them.

use std::io::{ErrorKind, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::{Sink, Stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::{Fallible, KEY, answer, frame, head_end, lengths};

/// So many bytes of replies are built before they are needed, and so many are read at once.
const BATCH: usize = 128 << 10;

/// A tokio-tungstenite echo on one thread. Replies are fed while there is input and flushed when there is none; with
/// `flush_each` after each reply, as `send` does it.
pub fn bare(port: u16, flush_each: bool, read_buffer: usize) -> Fallible {
    let mut config = WebSocketConfig::default();
    if read_buffer > 0 {
        config = config.read_buffer_size(read_buffer);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(take_clients(port, flush_each, config))
}

async fn take_clients(port: u16, flush_each: bool, config: WebSocketConfig) -> Fallible {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let (mut io, _) = listener.accept().await?;
        io.set_nodelay(true)?;
        tokio::spawn(async move {
            if !welcome(&mut io).await {
                return;
            }
            let engine = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
            let mut echo = Echo { engine, flush_each, unflushed: false };
            std::future::poll_fn(|cx| echo.poll(cx)).await;
        });
    }
}

async fn welcome(io: &mut tokio::net::TcpStream) -> bool {
    let mut head = Vec::new();
    while head_end(&head).is_none() {
        match io.read_buf(&mut head).await {
            Ok(0) | Err(_) => return false,
            Ok(_) => {}
        }
    }
    is_ours(&head) && io.write_all(answer().as_bytes()).await.is_ok()
}

/// The answer is a constant, so only its question is taken.
fn is_ours(head: &[u8]) -> bool {
    String::from_utf8_lossy(head).contains(KEY)
}

struct Echo {
    engine: WebSocketStream<tokio::net::TcpStream>,
    flush_each: bool,
    unflushed: bool,
}

impl Echo {
    /// Ready when the client is gone.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if self.flush_each && self.unflushed && ready!(self.flush(cx)).is_err() {
                return Poll::Ready(());
            }
            // Pending while the client takes no replies: then nothing more is read either.
            if ready!(Pin::new(&mut self.engine).poll_ready(cx)).is_err() {
                return Poll::Ready(());
            }
            match Pin::new(&mut self.engine).poll_next(cx) {
                Poll::Ready(Some(Ok(message))) if message.is_text() || message.is_binary() => {
                    if Pin::new(&mut self.engine).start_send(message).is_err() {
                        return Poll::Ready(());
                    }
                    self.unflushed = true;
                }
                Poll::Ready(Some(Ok(_))) => {}
                Poll::Ready(Some(Err(_)) | None) => return Poll::Ready(()),
                Poll::Pending => {
                    if self.unflushed && matches!(self.flush(cx), Poll::Ready(Err(()))) {
                        return Poll::Ready(());
                    }
                    return Poll::Pending;
                }
            }
        }
    }

    fn flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ()>> {
        let flushed = ready!(Pin::new(&mut self.engine).poll_flush(cx));
        self.unflushed = false;
        Poll::Ready(flushed.map_err(|_| ()))
    }
}

/// Answers each whole frame by its bytes: the first is looked at, the others are taken to be like it. It never sleeps,
/// so that its own waking up is no limit.
pub fn mirror(port: u16) -> Fallible {
    let listener = std::net::TcpListener::bind(("127.0.0.1", port))?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let (io, _) = listener.accept()?;
        std::thread::spawn(move || mirror_one(io));
    }
}

fn mirror_one(mut io: std::net::TcpStream) -> std::io::Result<()> {
    io.set_nodelay(true)?;
    let mut buffer = vec![0_u8; BATCH];
    // The generator says nothing between its request and our answer.
    let mut head = Vec::new();
    while head_end(&head).is_none() {
        match io.read(&mut buffer)? {
            0 => return Ok(()),
            count => head.extend_from_slice(&buffer[..count]),
        }
    }
    if !is_ours(&head) {
        return Ok(());
    }
    io.write_all(answer().as_bytes())?;
    let mut first = Vec::new();
    let (frame_len, reply) = loop {
        match io.read(&mut buffer)? {
            0 => return Ok(()),
            count => first.extend_from_slice(&buffer[..count]),
        }
        if let Some(both) = first_reply(&first) {
            break both;
        }
    };
    io.set_nonblocking(true)?;
    let replies = reply.repeat((BATCH / reply.len()).max(1));
    let (mut received, mut written) = (first.len() as u64, 0);
    loop {
        let owed = received / frame_len * reply.len() as u64;
        let wrote = write_some(&mut io, &replies, written, owed)?;
        written += wrote;
        match io.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => received += count as u64,
            Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
            Err(_) if wrote == 0 => std::thread::yield_now(),
            Err(_) => {}
        }
    }
}

/// Writes once of what is owed, round and round the replies; how much went.
fn write_some(io: &mut std::net::TcpStream, replies: &[u8], written: u64, owed: u64) -> std::io::Result<u64> {
    if written == owed {
        return Ok(0);
    }
    let from = (written % replies.len() as u64) as usize;
    let len = (owed - written).min((replies.len() - from) as u64) as usize;
    match io.write(&replies[from..from + len]) {
        Ok(count) => Ok(count as u64),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
        Err(error) => Err(error),
    }
}

/// Length of the first frame and what answers it, once all of it is there.
fn first_reply(bytes: &[u8]) -> Option<(u64, Vec<u8>)> {
    let (head, len) = lengths(bytes)?;
    let payload = bytes.get(head..head + len)?;
    let mask = &bytes[head - 4..head];
    let plain: Vec<u8> = payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
    Some(((head + len) as u64, frame(bytes[0] & 0x0f, &plain, None)))
}
