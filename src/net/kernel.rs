//! What only the kernel knows, and only Linux tells: TCP_INFO, the time asleep. The one place of `unsafe`; elsewhere an
//! honest `None`.

use std::os::fd::RawFd;

/// The kernel's account of one TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpInfo {
    /// Segments sent and not acknowledged.
    pub unacked: u32,
    /// Retransmission attempts of the oldest of them.
    pub retransmits: u8,
    /// The peer has ended its direction, or the connection is gone.
    pub closing: bool,
}

impl TcpInfo {
    /// Has the next hop acknowledged all that we wrote?
    pub fn delivered(&self) -> bool {
        self.unacked == 0 && self.retransmits == 0
    }
}

/// TCP_INFO of a socket; none when it is no TCP socket.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
pub fn tcp_info(descriptor: RawFd) -> Option<TcpInfo> {
    // SAFETY: tcp_info is plain integers, for which all-zero bytes are a value.
    let mut info: libc::tcp_info = unsafe { std::mem::zeroed() };
    let mut size = std::mem::size_of::<libc::tcp_info>() as libc::socklen_t;
    let place: *mut libc::tcp_info = &mut info;
    // SAFETY: `place` is valid for `size` bytes for the whole call, and the kernel writes no more than that.
    let failed = unsafe { libc::getsockopt(descriptor, libc::IPPROTO_TCP, libc::TCP_INFO, place.cast(), &mut size) };
    if failed != 0 {
        return None;
    }
    // TCP_ESTABLISHED is 1 in the kernel's tcp_states.h.
    Some(TcpInfo { unacked: info.tcpi_unacked, retransmits: info.tcpi_retransmits, closing: info.tcpi_state != 1 })
}

/// TCP_INFO is not asked for here.
#[cfg(not(target_os = "linux"))]
pub fn tcp_info(_descriptor: RawFd) -> Option<TcpInfo> {
    None
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
