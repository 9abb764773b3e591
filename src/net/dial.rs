//! Opening the socket: what is asked for, and TCP or a Unix socket up to the point where bytes can flow.
//!
//! Owns the plan of a dial and the socket's options. Names are looked up in `resolve`, the order of the attempts is
//! `eyeballs`', TLS is `tls`'s, the whole time for connecting is the caller's: it drops the future.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpSocket, TcpStream};

use crate::event::{Attempt, AttemptOutcome, DialFault, TcpOpen};
use crate::moment::Span;
use crate::net::clock::Clock;
use crate::net::eyeballs::{Race, Trying};
pub use crate::net::resolve::resolve;
use crate::net::stream::Plain;
use crate::net::target::Target;
use crate::net::tls;

/// Linux takes keepalive times of 1 to 32767 whole seconds.
const KEEPALIVE_RANGE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(32_767));

/// What is to be reached, and how.
#[derive(Clone, Debug)]
pub struct Plan {
    pub target: Target,
    pub family: Family,
    /// `--resolve`: addresses in place of a look-up.
    pub overrides: Vec<Override>,
    /// The local address to connect from.
    pub bind: Option<IpAddr>,
    /// A Unix socket in place of TCP; the target still gives the `Host` field and TLS.
    pub unix_socket: Option<PathBuf>,
    /// TCP keepalive: idle time and interval. None leaves the socket as the system made it.
    pub keepalive: Option<Span>,
    pub tls: tls::Plan,
}

/// Which addresses are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Family {
    #[default]
    Any,
    V4,
    V6,
}

/// One `--resolve HOST:PORT:ADDR`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    pub host: String,
    pub port: u16,
    pub address: IpAddr,
}

impl Plan {
    /// The target with nothing special asked for.
    pub fn new(target: Target) -> Plan {
        Plan {
            target,
            family: Family::Any,
            overrides: Vec::new(),
            bind: None,
            unix_socket: None,
            keepalive: None,
            tls: tls::Plan::default(),
        }
    }
}

/// Opens a socket to the first of `addresses` (in this order, see `resolve`) that answers, or to the Unix socket.
///
/// `attempts` is emptied, then kept up to date at every moment, so that it can be told when the caller drops the future
/// because the time for connecting is used up.
///
/// # Errors
/// `Unreachable`, with every address that was tried.
pub async fn connect(
    plan: &Plan,
    addresses: &[SocketAddr],
    clock: &Clock,
    attempts: &mut Vec<Attempt>,
) -> Result<(Plain, TcpOpen), DialFault> {
    attempts.clear();
    if let Some(path) = &plan.unix_socket {
        return connect_unix(path, clock, attempts).await;
    }
    let began = clock.now();
    let (bind, keepalive) = (plan.bind, plan.keepalive);
    let begin = |address: SocketAddr| -> Trying<TcpStream> { Box::pin(open_tcp(address, bind, keepalive)) };
    let winner = Race::new(addresses, attempts, || clock.now(), begin).run().await;
    let Some(socket) = winner else {
        return Err(DialFault::Unreachable { attempts: attempts.clone() });
    };
    let open = TcpOpen {
        peer: shown(socket.peer_addr()),
        local: shown(socket.local_addr()),
        attempts: attempts.clone(),
        took: clock.now().since(began),
    };
    Ok((Plain::Tcp(socket), open))
}

fn shown(address: io::Result<SocketAddr>) -> String {
    address.map_or_else(|_| "unknown".to_owned(), |address| address.to_string())
}

async fn open_tcp(
    address: SocketAddr,
    bind: Option<IpAddr>,
    keepalive: Option<Span>,
) -> Result<TcpStream, AttemptOutcome> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    let socket = socket.map_err(|error| outcome(&error))?;
    socket.set_nodelay(true).map_err(|error| outcome(&error))?;
    if let Some(idle) = keepalive {
        set_keepalive(&socket, idle).map_err(|error| outcome(&error))?;
    }
    if let Some(local) = bind {
        socket.bind(SocketAddr::new(local, 0)).map_err(|_| AttemptOutcome::BindFailed)?;
    }
    socket.connect(address).await.map_err(|error| match error.kind() {
        // The kernel says so only now when the address cannot reach out from where we are bound.
        io::ErrorKind::AddrNotAvailable | io::ErrorKind::InvalidInput if bind.is_some() => AttemptOutcome::BindFailed,
        _ => outcome(&error),
    })
}

/// Only ever when asked for: keepalive segments are traffic to a load balancer's idle timer.
fn set_keepalive(socket: &TcpSocket, idle: Span) -> io::Result<()> {
    let idle = idle.duration().clamp(KEEPALIVE_RANGE.0, KEEPALIVE_RANGE.1);
    SockRef::from(socket).set_tcp_keepalive(&TcpKeepalive::new().with_time(idle).with_interval(idle))
}

fn outcome(error: &io::Error) -> AttemptOutcome {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => AttemptOutcome::Refused,
        // No local address of this family means no way into the peer's network.
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::AddrNotAvailable => AttemptOutcome::NetworkUnreachable,
        io::ErrorKind::HostUnreachable => AttemptOutcome::HostUnreachable,
        io::ErrorKind::TimedOut => AttemptOutcome::TimedOut,
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => AttemptOutcome::Reset,
        io::ErrorKind::PermissionDenied => AttemptOutcome::Denied,
        io::ErrorKind::NotFound => AttemptOutcome::NotFound,
        _ => AttemptOutcome::Other,
    }
}

#[cfg(unix)]
async fn connect_unix(path: &Path, clock: &Clock, attempts: &mut Vec<Attempt>) -> Result<(Plain, TcpOpen), DialFault> {
    let began = clock.now();
    let address = path.display().to_string();
    attempts.push(Attempt { address: address.clone(), outcome: AttemptOutcome::Abandoned, took: Span::ZERO });
    let result = tokio::net::UnixStream::connect(path).await;
    let took = clock.now().since(began);
    let came = result.as_ref().map_or_else(outcome, |_| AttemptOutcome::Open);
    if let Some(attempt) = attempts.last_mut() {
        attempt.outcome = came;
        attempt.took = took;
    }
    let attempts = attempts.clone();
    match result {
        Ok(socket) => {
            let open = TcpOpen { peer: address, local: "unix socket".to_owned(), attempts, took };
            Ok((Plain::Unix(socket), open))
        }
        Err(_) => Err(DialFault::Unreachable { attempts }),
    }
}

/// Tokio has Unix sockets on Unix only.
#[cfg(not(unix))]
async fn connect_unix(path: &Path, _clock: &Clock, attempts: &mut Vec<Attempt>) -> Result<(Plain, TcpOpen), DialFault> {
    attempts.push(Attempt { address: path.display().to_string(), outcome: AttemptOutcome::Other, took: Span::ZERO });
    Err(DialFault::Unreachable { attempts: attempts.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_errors_have_their_outcomes() {
        let table = [
            (io::ErrorKind::ConnectionRefused, AttemptOutcome::Refused),
            (io::ErrorKind::NetworkUnreachable, AttemptOutcome::NetworkUnreachable),
            (io::ErrorKind::HostUnreachable, AttemptOutcome::HostUnreachable),
            (io::ErrorKind::TimedOut, AttemptOutcome::TimedOut),
            (io::ErrorKind::ConnectionReset, AttemptOutcome::Reset),
            (io::ErrorKind::PermissionDenied, AttemptOutcome::Denied),
            (io::ErrorKind::NotFound, AttemptOutcome::NotFound),
            (io::ErrorKind::OutOfMemory, AttemptOutcome::Other),
        ];
        for (kind, expected) in table {
            assert_eq!(outcome(&io::Error::from(kind)), expected, "{kind:?}");
        }
    }

    #[tokio::test]
    async fn a_local_address_of_the_other_family_cannot_be_used() {
        let peer = SocketAddr::from(([127, 0, 0, 1], 9));
        let local = IpAddr::V6(std::net::Ipv6Addr::LOCALHOST);
        assert_eq!(open_tcp(peer, Some(local), None).await.err(), Some(AttemptOutcome::BindFailed));
    }
}
