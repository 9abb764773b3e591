//! Listening: TCP or a Unix socket, with or without TLS. Owns the accept loop; what a client gets is the caller's.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;
use tokio_rustls::TlsAcceptor;

use crate::moment::Span;
use crate::net::stream::{Plain, Stream};

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(address) => address.fmt(f),
            Address::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// A socket that takes clients.
#[derive(Debug)]
pub struct Listener {
    inner: Inner,
    tls: Option<Arc<rustls::ServerConfig>>,
}

#[derive(Debug)]
enum Inner {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener, UnlinkOnDrop),
}

/// The socket file goes with the listener that made it.
#[derive(Debug)]
struct UnlinkOnDrop(PathBuf);

impl Drop for UnlinkOnDrop {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A client that was taken, not yet greeted.
#[derive(Debug)]
pub struct Arrived {
    plain: Plain,
    pub peer: String,
    /// The address of ours that the client has reached.
    pub local: Option<SocketAddr>,
    tls: Option<Arc<rustls::ServerConfig>>,
}

/// TLS must stand within this time.
const TLS_WAIT: Span = Span::from_secs(10);

impl Listener {
    /// Listens. Errors are the system's: in use, not permitted, no such address.
    pub async fn bind(address: &Address, tls: Option<Arc<rustls::ServerConfig>>) -> io::Result<Listener> {
        let inner = match address {
            Address::Tcp(address) => Inner::Tcp(TcpListener::bind(address).await?),
            #[cfg(unix)]
            Address::Unix(path) => Inner::Unix(UnixListener::bind(path)?, UnlinkOnDrop(path.clone())),
            #[cfg(not(unix))]
            Address::Unix(_) => return Err(io::ErrorKind::Unsupported.into()),
        };
        Ok(Listener { inner, tls })
    }

    /// The URL under which it is reached.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "wss" } else { "ws" };
        match &self.inner {
            Inner::Tcp(listener) => match listener.local_addr() {
                Ok(address) => format!("{scheme}://{address}/"),
                Err(_) => format!("{scheme}://unknown/"),
            },
            #[cfg(unix)]
            Inner::Unix(_, path) => format!("{scheme}+unix:{}", path.0.display()),
        }
    }

    /// Can only this machine reach it?
    pub fn is_loopback(&self) -> bool {
        match &self.inner {
            Inner::Tcp(listener) => listener.local_addr().is_ok_and(|address| address.ip().is_loopback()),
            #[cfg(unix)]
            Inner::Unix(..) => true,
        }
    }

    /// The next client. Errors that concern one client, or pass, are waited out.
    pub async fn arrive(&self) -> Arrived {
        loop {
            match self.take().await {
                Ok((plain, peer)) => {
                    let local = match &plain {
                        Plain::Tcp(tcp) => tcp.local_addr().ok(),
                        #[cfg(unix)]
                        Plain::Unix(_) => None,
                    };
                    return Arrived { plain, peer, local, tls: self.tls.clone() };
                }
                // Out of descriptors: the clients that are here must end before the next can come.
                Err(_) => tokio::time::sleep(Span::from_millis(50).duration()).await,
            }
        }
    }

    async fn take(&self) -> io::Result<(Plain, String)> {
        match &self.inner {
            Inner::Tcp(listener) => {
                let (tcp, peer) = listener.accept().await?;
                tcp.set_nodelay(true)?;
                Ok((Plain::Tcp(tcp), peer.to_string()))
            }
            #[cfg(unix)]
            Inner::Unix(listener, path) => {
                let (unix, _) = listener.accept().await?;
                Ok((Plain::Unix(unix), format!("unix:{}", path.0.display())))
            }
        }
    }
}

impl Arrived {
    /// The stream, with TLS if the listener has it.
    pub async fn stream(self) -> io::Result<Stream> {
        let Some(config) = self.tls else {
            return Ok(Stream::from(self.plain));
        };
        let shaking = TlsAcceptor::from(config).accept(self.plain);
        let shaken = tokio::time::timeout(TLS_WAIT.duration(), shaking).await;
        let stream = shaken.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no TLS handshake within 10 s"))??;
        Ok(Stream::from(stream))
    }
}
