//! What only the kernel knows, and only Linux tells: TCP_INFO, what is acknowledged, the time asleep. The one place of
//! `unsafe`; elsewhere an honest `None`.

use std::os::fd::RawFd;

use crate::event::stats::Kernel;
#[cfg(target_os = "linux")]
use crate::moment::Span;

/// The kernel's account of one TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpInfo {
    /// Retransmission attempts of the oldest segment that is not acknowledged.
    pub retransmits: u8,
    /// The peer has ended its direction, or the connection is gone.
    pub closing: bool,
    pub account: Kernel,
}

impl TcpInfo {
    /// Has the next hop acknowledged all that we wrote?
    pub fn delivered(&self) -> bool {
        self.account.unacked == 0 && self.retransmits == 0
    }
}

/// How far the outgoing stream has come, in bytes from its start. A client's SYN counts as one, in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// So far the next hop's kernel has acknowledged.
    pub acked: u64,
    /// So far we wrote, sent or not; never less than it is.
    pub written: u64,
}

/// TCP_INFO of a socket; none when it is no TCP socket.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
pub fn tcp_info(descriptor: RawFd) -> Option<TcpInfo> {
    // Bytes, not libc's structure, which ends before the fields that newer kernels fill.
    let mut raw = [0u8; 256];
    let mut size = raw.len() as libc::socklen_t;
    let place: *mut u8 = raw.as_mut_ptr();
    // SAFETY: `place` is valid for `size` bytes for the whole call, and the kernel writes no more than that.
    let failed = unsafe { libc::getsockopt(descriptor, libc::IPPROTO_TCP, libc::TCP_INFO, place.cast(), &mut size) };
    if failed != 0 {
        return None;
    }
    parse_info(raw.get(..size as usize)?)
}

/// TCP_INFO is not asked for here.
#[cfg(not(target_os = "linux"))]
pub fn tcp_info(_descriptor: RawFd) -> Option<TcpInfo> {
    None
}

/// What was written and what is acknowledged; none when it is no TCP socket.
#[cfg(target_os = "linux")]
pub fn stream_position(descriptor: RawFd) -> Option<Position> {
    let mut before = tcp_info(descriptor)?.account.bytes_acked?;
    for _ in 0..POSITION_TRIES {
        let waiting = waiting(descriptor)?;
        let acked = tcp_info(descriptor)?.account.bytes_acked?;
        let position = Position { acked, written: acked.saturating_add(waiting) };
        // What is acknowledged between two of the calls would count as written twice.
        if acked == before {
            return Some(position);
        }
        before = acked;
    }
    // Too high is safe: a line is rather unsure than acknowledged too early.
    let waiting = waiting(descriptor)?;
    let acked = tcp_info(descriptor)?.account.bytes_acked?;
    Some(Position { acked, written: acked.saturating_add(waiting) })
}

/// So often the two figures are asked for until they belong together.
#[cfg(target_os = "linux")]
const POSITION_TRIES: usize = 8;

/// Bytes that are written and not acknowledged.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
fn waiting(descriptor: RawFd) -> Option<u64> {
    let mut waiting: libc::c_int = 0;
    // SAFETY: TIOCOUTQ, which is SIOCOUTQ, writes one int, and `waiting` is one for the whole call.
    let failed = unsafe { libc::ioctl(descriptor, libc::TIOCOUTQ, &mut waiting) };
    if failed != 0 { None } else { u64::try_from(waiting).ok() }
}

/// The stream's place is not asked for here.
#[cfg(not(target_os = "linux"))]
pub fn stream_position(_descriptor: RawFd) -> Option<Position> {
    None
}

/// The fields by their places in `struct tcp_info` of linux/tcp.h, which only ever grows at its end; what an older
/// kernel does not fill is not in `raw`.
#[cfg(target_os = "linux")]
fn parse_info(raw: &[u8]) -> Option<TcpInfo> {
    let micros = |micros: u32| Span::from_nanos(u64::from(micros) * 1000);
    let account = Kernel {
        rtt: micros(read_u32(raw, 68)?),
        rtt_var: micros(read_u32(raw, 72)?),
        // All ones until the first sample.
        min_rtt: read_u32(raw, 148).filter(|least| *least != u32::MAX).map(micros),
        retransmitted: u64::from(read_u32(raw, 100)?),
        unacked: read_u32(raw, 24)?,
        not_sent_bytes: read_u32(raw, 144).map(u64::from),
        congestion_window: read_u32(raw, 80)?,
        segment_size: read_u32(raw, 16)?,
        bytes_acked: read_u64(raw, 120),
        bytes_received: read_u64(raw, 128),
    };
    // TCP_ESTABLISHED is 1 in the kernel's tcp_states.h.
    Some(TcpInfo { retransmits: *raw.get(2)?, closing: *raw.first()? != 1, account })
}

#[cfg(target_os = "linux")]
fn read_u32(raw: &[u8], place: usize) -> Option<u32> {
    let bytes = raw.get(place..)?.first_chunk::<4>()?;
    Some(u32::from_ne_bytes(*bytes))
}

#[cfg(target_os = "linux")]
fn read_u64(raw: &[u8], place: usize) -> Option<u64> {
    let bytes = raw.get(place..)?.first_chunk::<8>()?;
    Some(u64::from_ne_bytes(*bytes))
}

/// Nanoseconds that this machine has slept: the boot clock less the monotonic one.
#[cfg(target_os = "linux")]
pub fn suspended_nanos() -> Option<u64> {
    let boot = read_clock(libc::CLOCK_BOOTTIME)?;
    let awake = read_clock(libc::CLOCK_MONOTONIC)?;
    Some(boot.saturating_sub(awake))
}

/// The two clocks are not told apart here.
#[cfg(not(target_os = "linux"))]
pub fn suspended_nanos() -> Option<u64> {
    None
}

/// Nanoseconds since this machine was booted, its sleep counted in.
#[cfg(target_os = "linux")]
pub fn boot_nanos() -> Option<u64> {
    read_clock(libc::CLOCK_BOOTTIME)
}

/// There is no such clock here.
#[cfg(not(target_os = "linux"))]
pub fn boot_nanos() -> Option<u64> {
    None
}

#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
fn read_clock(clock: libc::clockid_t) -> Option<u64> {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid timespec for the whole call.
    let failed = unsafe { libc::clock_gettime(clock, &mut time) };
    (failed == 0).then(|| time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64)
}

/// Makes the next close of this socket a reset (SO_LINGER of zero). The caller owns the open socket `descriptor`.
#[allow(unsafe_code)]
pub fn linger_zero(descriptor: RawFd) {
    use std::os::fd::BorrowedFd;
    // SAFETY: the caller holds the socket open for the whole call; the borrow ends with it.
    let socket = unsafe { BorrowedFd::borrow_raw(descriptor) };
    // A socket that cannot linger is closed as usual.
    let _ = socket2::SockRef::from(&socket).set_linger(Some(std::time::Duration::ZERO));
}

/// Ends the writing direction of this socket, whatever speaks on it. The caller owns the open socket `descriptor`.
#[allow(unsafe_code)]
pub fn end_writing(descriptor: RawFd) {
    use std::os::fd::BorrowedFd;
    // SAFETY: the caller holds the socket open for the whole call; the borrow ends with it.
    let socket = unsafe { BorrowedFd::borrow_raw(descriptor) };
    // A peer that is gone already needs no end.
    let _ = socket2::SockRef::from(&socket).shutdown(std::net::Shutdown::Write);
}

/// The limit of open files: what it was and what it is now, raised to what the system allows.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
pub fn raise_open_files() -> Option<(u64, u64)> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a valid rlimit for the whole call.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) } != 0 {
        return None;
    }
    let before = limit.rlim_cur;
    let raised = libc::rlimit { rlim_cur: limit.rlim_max, ..limit };
    // SAFETY: `raised` is a valid rlimit for the whole call, and no more than the hard limit is asked for.
    let failed = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raised) };
    Some((before, if failed == 0 { limit.rlim_max } else { before }))
}

/// The limit is not touched here.
#[cfg(not(target_os = "linux"))]
pub fn raise_open_files() -> Option<(u64, u64)> {
    None
}

#[cfg(test)]
#[cfg(target_os = "linux")]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::{ErrorKind, Read, Write};
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    use super::*;

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        (client, server)
    }

    fn info(stream: &TcpStream) -> TcpInfo {
        tcp_info(stream.as_raw_fd()).unwrap()
    }

    fn position(stream: &TcpStream) -> Position {
        stream_position(stream.as_raw_fd()).unwrap()
    }

    /// 1000 bytes there, and one back, which carries their acknowledgement.
    fn talk(client: &mut TcpStream, server: &mut TcpStream) {
        client.write_all(&[7; 1000]).unwrap();
        server.read_exact(&mut [0; 1000]).unwrap();
        server.write_all(&[7]).unwrap();
        client.read_exact(&mut [0]).unwrap();
    }

    #[test]
    fn what_was_answered_is_acknowledged_to_the_byte() {
        let (mut client, mut server) = pair();
        let before = position(&client);
        talk(&mut client, &mut server);
        let after = position(&client);
        assert_eq!(after.acked, after.written);
        assert_eq!(after.written - before.written, 1000);
        assert!(info(&client).delivered());
    }

    #[test]
    fn what_the_peer_does_not_read_is_written_and_not_acknowledged() {
        let (mut client, _server) = pair();
        client.set_nonblocking(true).unwrap();
        let before = position(&client);
        let mut taken = 0;
        // The buffers of both ends are bounded, so that at some time nothing more is acknowledged.
        for _ in 0..100_000 {
            match client.write(&[7; 65_536]) {
                Ok(len) => taken += len as u64,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let now = position(&client);
                    assert!(now.written >= before.written + taken, "{now:?}, {taken} taken");
                    if now.acked < now.written {
                        return;
                    }
                }
                Err(error) => panic!("{error}"),
            }
        }
        panic!("all of {taken} bytes were acknowledged, and nobody reads");
    }

    #[test]
    fn the_account_has_both_directions() {
        let (mut client, mut server) = pair();
        talk(&mut client, &mut server);
        let (ours, theirs) = (info(&client).account, info(&server).account);
        assert_eq!((ours.bytes_received, theirs.bytes_received), (Some(1), Some(1000)));
        assert_eq!((ours.not_sent_bytes, ours.unacked), (Some(0), 0));
        assert!(ours.bytes_acked >= Some(1000), "{ours:?}");
        assert!(ours.segment_size > 0 && ours.congestion_window > 0, "{ours:?}");
    }

    #[test]
    fn a_peer_that_has_ended_its_direction_is_told() {
        let (mut client, server) = pair();
        assert!(!info(&client).closing);
        drop(server);
        assert_eq!(client.read(&mut [0]).unwrap(), 0);
        assert!(info(&client).closing);
    }

    #[test]
    fn another_socket_has_no_account() {
        let (unix, _other) = UnixStream::pair().unwrap();
        let udp = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
        for descriptor in [unix.as_raw_fd(), udp.as_raw_fd(), -1] {
            assert_eq!(tcp_info(descriptor), None);
            assert_eq!(stream_position(descriptor), None);
        }
    }

    #[test]
    fn each_field_is_read_from_its_place() {
        let mut raw = [0u8; 232];
        raw[0] = 1;
        raw[2] = 3;
        for (place, number) in [(16, 1448u32), (24, 5), (68, 12), (72, 13), (80, 10), (100, 2), (144, 99), (148, 11)] {
            raw[place..place + 4].copy_from_slice(&number.to_ne_bytes());
        }
        for (place, number) in [(120, 1u64 << 40), (128, 1 << 41)] {
            raw[place..place + 8].copy_from_slice(&number.to_ne_bytes());
        }
        let account = Kernel {
            rtt: Span::from_nanos(12_000),
            rtt_var: Span::from_nanos(13_000),
            min_rtt: Some(Span::from_nanos(11_000)),
            retransmitted: 2,
            unacked: 5,
            not_sent_bytes: Some(99),
            congestion_window: 10,
            segment_size: 1448,
            bytes_acked: Some(1 << 40),
            bytes_received: Some(1 << 41),
        };
        assert_eq!(parse_info(&raw), Some(TcpInfo { retransmits: 3, closing: false, account }));
        raw[148..152].copy_from_slice(&u32::MAX.to_ne_bytes());
        assert_eq!(parse_info(&raw).unwrap().account.min_rtt, None);
    }

    #[test]
    fn an_older_kernel_fills_less() {
        let mut raw = [0u8; 104];
        raw[0] = 1;
        let account = parse_info(&raw).unwrap().account;
        assert_eq!(account, Kernel::default());
        assert_eq!(parse_info(&raw[..100]), None);
        assert_eq!(parse_info(&[]), None);
    }
}
