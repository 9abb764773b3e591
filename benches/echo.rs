//! What `benches/echo.py` and `benches/idle.py` run: servers to compare with, the generator of the load, idle clients.
//! Owns the command line, the opening handshake and the frames; `load` is the generator, `servers` what wscope is
//! compared with, `clients` those that hold still. RFC 6455, sections 4.1 and 5.2.
//!
//! ```text
//! echo bare PORT [--flush-each] [--read-buffer BYTES]
//! echo mirror PORT
//! echo load HOST:PORT PATH --size BYTES --in-flight N --seconds S
//!           [--warm-up S] [--connections K] [--refill N] [--binary]
//! echo hold HOST:PORT PATH --clients N [--answer-pings]
//! echo kick HOST:PORT PATH --clients N [--others PATH] [--wait S]
//! ```
#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "echo/clients.rs"]
mod clients;
#[path = "echo/load.rs"]
mod load;
#[path = "echo/servers.rs"]
mod servers;

use std::net::SocketAddr;
use std::str::FromStr;

type Fallible<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// The example of RFC 6455, section 1.3: no cache stands between, so one key is enough and its answer is a constant.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
/// One key for all frames, so that they can be built before the load begins.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

fn main() -> Fallible {
    // Cargo adds --bench by itself.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    match words.first().map(String::as_str) {
        Some("bare") => servers::bare(port(&words)?, flag(&words, "--flush-each"), number(&words, "--read-buffer", 0)?),
        Some("mirror") => servers::mirror(port(&words)?),
        Some("load") => load::run(&load_plan(&words)?),
        Some("hold") => clients::hold(&clients_plan(&words)?, flag(&words, "--answer-pings")),
        Some("kick") => clients::kick(&clients_plan(&words)?, number(&words, "--wait", 10)?),
        Some(other) => Err(format!("{other}: not bare, mirror, load, hold or kick").into()),
        None => {
            println!("echo: nothing to do by itself; benches/echo.py and benches/idle.py run it");
            Ok(())
        }
    }
}

fn load_plan(words: &[String]) -> Fallible<load::Plan> {
    let in_flight = number(words, "--in-flight", 64)?;
    Ok(load::Plan {
        address: loopback(words)?,
        path: path(words),
        size: number(words, "--size", 20)?,
        in_flight,
        refill: number(words, "--refill", (in_flight / 16).max(1))?,
        seconds: number(words, "--seconds", 1.0)?,
        warm_up: number(words, "--warm-up", 0.3)?,
        connections: number(words, "--connections", 1)?,
        opcode: if flag(words, "--binary") { BINARY } else { TEXT },
    })
}

fn clients_plan(words: &[String]) -> Fallible<clients::Plan> {
    let others = option(words, "--others").unwrap_or("/").to_string();
    Ok(clients::Plan {
        address: loopback(words)?,
        path: path(words),
        others,
        clients: number(words, "--clients", 1000)?,
    })
}

fn port(words: &[String]) -> Fallible<u16> {
    Ok(words.get(1).ok_or("which port? 0 is a free one")?.parse()?)
}

/// Only this machine is ever loaded.
fn loopback(words: &[String]) -> Fallible<SocketAddr> {
    let address: SocketAddr = words.get(1).ok_or("which HOST:PORT?")?.parse()?;
    if !address.ip().is_loopback() {
        return Err(format!("{address} is not an address of this machine's loopback").into());
    }
    Ok(address)
}

fn path(words: &[String]) -> String {
    let path = words.get(2).filter(|word| word.starts_with('/'));
    path.cloned().unwrap_or_else(|| "/".into())
}

fn flag(words: &[String], name: &str) -> bool {
    words.iter().any(|word| word == name)
}

fn option<'a>(words: &'a [String], name: &str) -> Option<&'a str> {
    let at = words.iter().position(|word| word == name)?;
    words.get(at + 1).map(String::as_str)
}

fn number<T: FromStr>(words: &[String], name: &str, default: T) -> Fallible<T> {
    match option(words, name) {
        None => Ok(default),
        Some(text) => text.parse().map_err(|_| format!("{name} {text}: not a number for it").into()),
    }
}

fn request(address: SocketAddr, path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
}

fn answer() -> String {
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {ACCEPT}\r\n\r\n"
    )
}

/// Where a head ends, if it does.
fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

fn check_answer(head: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(head);
    if text.starts_with("HTTP/1.1 101") && text.contains(ACCEPT) {
        return Ok(());
    }
    Err(format!("not upgraded: {:?}", text.lines().next().unwrap_or_default()))
}

/// A whole frame; `mask` is what a client sends with.
fn frame(opcode: u8, payload: &[u8], mask: Option<[u8; 4]>) -> Vec<u8> {
    let mut bytes = vec![0x80 | opcode];
    let bit = if mask.is_some() { 0x80 } else { 0 };
    match payload.len() {
        short @ 0..=125 => bytes.push(bit | short as u8),
        middle @ 126..=0xffff => {
            bytes.push(bit | 126);
            bytes.extend((middle as u16).to_be_bytes());
        }
        long => {
            bytes.push(bit | 127);
            bytes.extend((long as u64).to_be_bytes());
        }
    }
    let Some(mask) = mask else {
        bytes.extend_from_slice(payload);
        return bytes;
    };
    bytes.extend(mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
    bytes
}

/// Lengths of a frame's head and of its payload, once all of the head is there.
fn lengths(bytes: &[u8]) -> Option<(usize, usize)> {
    let second = *bytes.get(1)?;
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    let (head, payload) = match second & 0x7f {
        126 => (4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?))),
        127 => (10, u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?) as usize),
        short => (2, usize::from(short)),
    };
    (bytes.len() >= head + mask).then_some((head + mask, payload))
}
