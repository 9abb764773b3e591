//! The socket's errors as classes of `watch::liveness`. Owns that mapping, with TLS unwrapped; judges nothing.

use std::io;

use crate::net::tap::ReadEnd;
use crate::watch::liveness::Cut;

/// The class of an error of the socket or of TLS above it.
pub fn classify_error(error: &io::Error) -> Cut {
    if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>())
        && let rustls::Error::AlertReceived(alert) = tls
    {
        return Cut::TlsAlert(u8::from(*alert));
    }
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => Cut::Reset,
        io::ErrorKind::BrokenPipe => Cut::BrokenPipe,
        io::ErrorKind::UnexpectedEof => Cut::TlsTruncated,
        io::ErrorKind::TimedOut | io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            Cut::KernelTimeout
        }
        _ => Cut::Other,
    }
}

/// The class of an end of reading.
pub fn classify_end(end: &ReadEnd) -> Cut {
    match end {
        ReadEnd::Eof => Cut::Eof,
        ReadEnd::Error(error) => classify_error(error),
    }
}
