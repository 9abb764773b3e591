//! A stream whose first bytes were read already: a request's head, and what came with it. Owns giving them once more,
//! before the stream's own; what they mean is the reader's.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes that were read before, then the stream that they came from.
#[derive(Debug)]
pub struct Prefixed<S> {
    before: Bytes,
    stream: S,
}

impl<S> Prefixed<S> {
    /// `before` is read first.
    pub fn new(before: Vec<u8>, stream: S) -> Prefixed<S> {
        Prefixed { before: Bytes::from(before), stream }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Prefixed<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.before.is_empty() {
            return Pin::new(&mut this.stream).poll_read(cx, buf);
        }
        let count = this.before.len().min(buf.remaining());
        buf.put_slice(&this.before.split_to(count));
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Prefixed<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn what_was_read_comes_first_and_in_pieces_of_any_size() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        theirs.write_all(b" then the stream").await.unwrap();
        theirs.shutdown().await.unwrap();
        let mut prefixed = Prefixed::new(b"first this,".to_vec(), ours);
        let mut piece = [0; 5];
        prefixed.read_exact(&mut piece).await.unwrap();
        assert_eq!(&piece, b"first");
        let mut rest = String::new();
        prefixed.read_to_string(&mut rest).await.unwrap();
        assert_eq!(rest, " this, then the stream");
    }

    #[tokio::test]
    async fn writes_go_to_the_stream() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let mut prefixed = Prefixed::new(b"unread".to_vec(), ours);
        prefixed.write_all(b"answer").await.unwrap();
        prefixed.shutdown().await.unwrap();
        let mut got = String::new();
        theirs.read_to_string(&mut got).await.unwrap();
        assert_eq!(got, "answer");
    }
}
