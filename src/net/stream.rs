//! The stream under everything: a TCP or Unix socket, with TLS or without, behind one type.
//!
//! Owns the forwarding of reads and writes, nothing else: opening is `dial`'s and `accept`'s, TLS is `tls`'s. A write
//! is forwarded as it comes (vectored ones too), so that one call above is one system call below.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

/// How many of the peer's first bytes are kept for telling what it speaks.
pub const FIRST_BYTES: usize = 64;

/// The TLS stream of a client.
pub type ClientTls = tokio_rustls::client::TlsStream<Recorded>;

/// The TLS stream of a server.
pub type ServerTls = tokio_rustls::server::TlsStream<Plain>;

/// A socket.
#[derive(Debug)]
pub enum Plain {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

/// A socket whose first 64 bytes of input are kept: they tell what a peer speaks that does not speak TLS.
#[derive(Debug)]
pub struct Recorded {
    plain: Plain,
    first: Vec<u8>,
}

/// A connection's byte stream.
#[derive(Debug)]
pub enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
    Tls(Box<ClientTls>),
    ServerTls(Box<ServerTls>),
}

impl Recorded {
    /// Records from now on.
    pub fn new(plain: Plain) -> Recorded {
        Recorded { plain, first: Vec::new() }
    }

    /// The first bytes that came, 64 at most.
    pub fn first(&self) -> &[u8] {
        &self.first
    }
}

impl Plain {
    /// The TCP socket's descriptor, for the kernel's account of it; none for a Unix socket.
    #[cfg(unix)]
    pub fn raw_fd(&self) -> Option<std::os::fd::RawFd> {
        match self {
            Plain::Tcp(socket) => Some(std::os::fd::AsRawFd::as_raw_fd(socket)),
            Plain::Unix(_) => None,
        }
    }
}

impl Stream {
    /// The descriptor of the TCP socket under it, valid while the stream lives; none for a Unix socket.
    #[cfg(unix)]
    pub fn raw_fd(&self) -> Option<std::os::fd::RawFd> {
        match self {
            Stream::Tcp(socket) => Some(std::os::fd::AsRawFd::as_raw_fd(socket)),
            Stream::Unix(_) => None,
            Stream::Tls(tls) => tls.get_ref().0.plain.raw_fd(),
            Stream::ServerTls(tls) => tls.get_ref().0.raw_fd(),
        }
    }

    /// True when TLS is spoken on it.
    pub fn is_tls(&self) -> bool {
        matches!(self, Stream::Tls(_) | Stream::ServerTls(_))
    }
}

impl From<Plain> for Stream {
    fn from(plain: Plain) -> Stream {
        match plain {
            Plain::Tcp(socket) => Stream::Tcp(socket),
            #[cfg(unix)]
            Plain::Unix(socket) => Stream::Unix(socket),
        }
    }
}

impl From<ClientTls> for Stream {
    fn from(tls: ClientTls) -> Stream {
        Stream::Tls(Box::new(tls))
    }
}

impl From<ServerTls> for Stream {
    fn from(tls: ServerTls) -> Stream {
        Stream::ServerTls(Box::new(tls))
    }
}

/// Calls the same on whichever socket it is.
macro_rules! on_plain {
    ($plain:expr, $io:ident => $call:expr) => {
        match $plain {
            Plain::Tcp($io) => $call,
            #[cfg(unix)]
            Plain::Unix($io) => $call,
        }
    };
}

/// Calls the same on whichever stream it is.
macro_rules! on_stream {
    ($stream:expr, $io:ident => $call:expr) => {
        match $stream {
            Stream::Tcp($io) => $call,
            #[cfg(unix)]
            Stream::Unix($io) => $call,
            Stream::Tls($io) => $call,
            Stream::ServerTls($io) => $call,
        }
    };
}

impl AsyncRead for Plain {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        on_plain!(self.get_mut(), io => Pin::new(io).poll_read(cx, buf))
    }
}

impl AsyncWrite for Plain {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        on_plain!(self.get_mut(), io => Pin::new(io).poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        on_plain!(self.get_mut(), io => Pin::new(io).poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        on_plain!(self, io => io.is_write_vectored())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_plain!(self.get_mut(), io => Pin::new(io).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_plain!(self.get_mut(), io => Pin::new(io).poll_shutdown(cx))
    }
}

impl AsyncRead for Recorded {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.plain).poll_read(cx, buf))?;
        let room = FIRST_BYTES.saturating_sub(this.first.len());
        if room > 0 {
            this.first.extend(buf.filled().iter().skip(before).take(room));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Recorded {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().plain).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().plain).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.plain.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().plain).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().plain).poll_shutdown(cx)
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        on_stream!(self.get_mut(), io => Pin::new(io).poll_read(cx, buf))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        on_stream!(self.get_mut(), io => Pin::new(io).poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        on_stream!(self.get_mut(), io => Pin::new(io).poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        on_stream!(self, io => io.is_write_vectored())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_stream!(self.get_mut(), io => Pin::new(io).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_stream!(self.get_mut(), io => Pin::new(io).poll_shutdown(cx))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn the_first_bytes_are_kept_and_no_more() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let mut recorded = Recorded::new(Plain::Unix(ours));
        theirs.write_all(b"HTTP/1.1 400").await.unwrap();
        let mut read = [0; 12];
        recorded.read_exact(&mut read).await.unwrap();
        assert_eq!(recorded.first(), b"HTTP/1.1 400");
        theirs.write_all(&[7; 200]).await.unwrap();
        let mut read = [0; 200];
        recorded.read_exact(&mut read).await.unwrap();
        assert_eq!(recorded.first().len(), FIRST_BYTES);
        assert_eq!(read, [7; 200]);
    }
}
