//! Clients that hold still: thousands that idle and answer pings, and those that are told all at once that it is over.
//! Owns both; what the server needs for it is read by `benches/idle.py`. RFC 6455, sections 5.5.1 to 5.5.3.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::{CLOSE, Fallible, MASK, PING, PONG, check_answer, frame, head_end, lengths, request};

/// What is asked for.
pub struct Plan {
    pub address: SocketAddr,
    /// The path of all that hold still; of the last client, when they are kicked.
    pub path: String,
    /// The path of the others, when they are kicked.
    pub others: String,
    pub clients: usize,
}

/// One source address has some 28 000 ports; after so many the next address is taken.
const CLIENTS_PER_SOURCE: usize = 20_000;
/// An opening handshake may take so long.
const OPEN_WAIT: Duration = Duration::from_secs(10);

static OPEN: AtomicUsize = AtomicUsize::new(0);
static PINGS_ANSWERED: AtomicUsize = AtomicUsize::new(0);

/// A client after its opening handshake.
struct Opened {
    io: TcpStream,
    /// What came right behind the answer.
    rest: Vec<u8>,
}

/// Opens all, tells each second how many are still there, and goes when its input ends.
pub fn hold(plan: &Plan, answer_pings: bool) -> Fallible {
    raise_open_files();
    runtime()?.block_on(hold_all(plan, answer_pings))
}

async fn hold_all(plan: &Plan, answer_pings: bool) -> Fallible {
    let mut input_ended = input_ended();
    for index in 0..plan.clients {
        let opened = open(plan, index, &plan.path).await?;
        OPEN.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(async move {
            until_told(opened, answer_pings).await;
            OPEN.fetch_sub(1, Ordering::Relaxed);
        });
    }
    println!("held {}", plan.clients);
    let mut each_second = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            _ = &mut input_ended => return Ok(()),
            _ = each_second.tick() => {
                let (open, pings) = (OPEN.load(Ordering::Relaxed), PINGS_ANSWERED.load(Ordering::Relaxed));
                println!("open {open} pings {pings}");
            }
        }
    }
}

/// The last client asks for the end of all; tells how far apart the first and the last of them hear of it.
pub fn kick(plan: &Plan, wait_seconds: u64) -> Fallible {
    raise_open_files();
    let moments = runtime()?.block_on(kick_all(plan, Duration::from_secs(wait_seconds)))?;
    let apart = match (moments.iter().min(), moments.iter().max()) {
        (Some(first), Some(last)) => last.duration_since(*first),
        _ => Duration::ZERO,
    };
    let (clients, told, apart_ms) = (plan.clients, moments.len(), apart.as_secs_f64() * 1000.0);
    println!("{{\"clients\":{clients},\"told\":{told},\"first_to_last_ms\":{apart_ms:.2}}}");
    Ok(())
}

/// When each of them was told; those that never were are left out.
async fn kick_all(plan: &Plan, wait: Duration) -> Fallible<Vec<Instant>> {
    let mut clients = Vec::new();
    for index in 0..plan.clients {
        let path = if index + 1 == plan.clients { &plan.path } else { &plan.others };
        let opened = open(plan, index, path).await?;
        clients.push(tokio::spawn(until_told(opened, true)));
    }
    let until = tokio::time::Instant::now() + wait;
    let mut moments = Vec::new();
    for client in clients {
        if let Ok(moment) = tokio::time::timeout_at(until, client).await {
            moments.push(moment?);
        }
    }
    Ok(moments)
}

fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

fn input_ended() -> tokio::sync::oneshot::Receiver<()> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        let _ = sender.send(());
    });
    receiver
}

async fn open(plan: &Plan, index: usize, path: &str) -> Fallible<Opened> {
    let opened = tokio::time::timeout(OPEN_WAIT, handshake(plan.address, index, path)).await;
    let opened = opened.map_err(|_| format!("client {}: not open after {OPEN_WAIT:?}", index + 1))?;
    opened.map_err(|why| format!("client {}: {why}", index + 1).into())
}

async fn handshake(address: SocketAddr, index: usize, path: &str) -> io::Result<Opened> {
    let mut io = connect(address, index).await?;
    io.write_all(request(address, path).as_bytes()).await?;
    let mut bytes = Vec::with_capacity(512);
    loop {
        if io.read_buf(&mut bytes).await? == 0 {
            return Err(io::Error::other("the peer ended in its answer"));
        }
        if let Some(end) = head_end(&bytes) {
            check_answer(&bytes[..end]).map_err(io::Error::other)?;
            return Ok(Opened { io, rest: bytes.split_off(end) });
        }
    }
}

async fn connect(address: SocketAddr, index: usize) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    let source = index / CLIENTS_PER_SOURCE;
    if source > 0 && address.is_ipv4() {
        let last = u8::try_from(source + 1).map_err(io::Error::other)?;
        socket.bind((Ipv4Addr::new(127, 0, 0, last), 0).into())?;
    }
    let io = socket.connect(address).await?;
    io.set_nodelay(true)?;
    Ok(io)
}

/// Idles until a Close frame begins or the connection ends; the moment of that.
async fn until_told(opened: Opened, answer_pings: bool) -> Instant {
    let Opened { mut io, rest: mut bytes } = opened;
    let mut came = Instant::now();
    loop {
        while let Some((head, len)) = lengths(&bytes) {
            if bytes[0] & 0x0f == CLOSE {
                return came;
            }
            if bytes.len() < head + len {
                break;
            }
            let whole: Vec<u8> = bytes.drain(..head + len).collect();
            if whole[0] & 0x0f == PING && answer_pings {
                if io.write_all(&frame(PONG, &whole[head..], Some(MASK))).await.is_err() {
                    return Instant::now();
                }
                PINGS_ANSWERED.fetch_add(1, Ordering::Relaxed);
            }
        }
        // One byte of a Close is enough to know.
        if bytes.first().is_some_and(|first| first & 0x0f == CLOSE) {
            return came;
        }
        let mut buffer = [0; 256];
        let read = io.read(&mut buffer).await;
        came = Instant::now();
        match read {
            Ok(0) | Err(_) => return came,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}

/// Each client is an open file, and the soft limit is low by default.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
fn raise_open_files() {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: both calls get a pointer to a whole `rlimit` that lives until they have returned.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) == 0 {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &limit);
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn raise_open_files() {}
