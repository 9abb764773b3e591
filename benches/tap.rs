//! Echo throughput with the wire tap against without it: the same message engine, the same peer, the same options; 15
//! alternating pairs, the median of their ratios and the spread. Goal: at most 5 % apart. Run it with `cargo bench --bench tap`.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::pin::Pin;
use std::time::{Duration, Instant};

use futures_util::{Sink, Stream};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use wscope::event::Wanted;
use wscope::net::clock::Clock;
use wscope::net::filter::Filter;
use wscope::net::tap::Tap;
use wscope::watch::life;

const PAIRS: usize = 15;
const MESSAGES: usize = 200_000;
const BATCH: usize = 500;
const SIZE: usize = 100;

fn config() -> WebSocketConfig {
    WebSocketConfig::default().read_buffer_size(16 * 1024).write_buffer_size(64 * 1024)
}

fn main() {
    let (address_sender, address) = std::sync::mpsc::channel();
    std::thread::spawn(move || runtime().block_on(echo_server(address_sender)));
    let address: std::net::SocketAddr = address.recv().unwrap();
    let rounds: Vec<(f64, f64)> = runtime().block_on(async {
        measure(bare(address).await).await;
        let mut rounds = Vec::new();
        for pair in 0..PAIRS {
            // Who goes first alternates too, so that a drift of the machine cancels out.
            let (with, without);
            if pair % 2 == 0 {
                with = measure(tapped(address).await).await;
                without = measure(bare(address).await).await;
            } else {
                without = measure(bare(address).await).await;
                with = measure(tapped(address).await).await;
            }
            rounds.push((rate(with), rate(without)));
        }
        rounds
    });
    report(&rounds);
}

fn report(rounds: &[(f64, f64)]) {
    let sorted = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values
    };
    let with = sorted(rounds.iter().map(|(with, _)| *with).collect());
    let without = sorted(rounds.iter().map(|(_, without)| *without).collect());
    let ratios = sorted(rounds.iter().map(|(with, without)| with / without).collect());
    let middle = rounds.len() / 2;
    println!("with the tap     {:9.0} messages a second, median of {PAIRS}", with[middle]);
    println!("without          {:9.0} messages a second, median of {PAIRS}", without[middle]);
    println!("with / without   {:9.3} (from {:.3} to {:.3})", ratios[middle], ratios[0], ratios[rounds.len() - 1]);
    println!("goal: at most 5 % apart: {}", if ratios[middle] >= 0.95 { "within" } else { "OVER" });
}

fn rate(took: Duration) -> f64 {
    MESSAGES as f64 / took.as_secs_f64()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

async fn bare(address: std::net::SocketAddr) -> WebSocketStream<TcpStream> {
    WebSocketStream::from_raw_socket(connect(address).await, Role::Client, Some(config())).await
}

async fn tapped(address: std::net::SocketAddr) -> WebSocketStream<Filter<Tap<TcpStream>>> {
    let clock = Clock::start();
    let io = connect(address).await;
    let tap = Tap::new(io, Vec::new(), life::Role::Client, 64 << 20, Wanted::default(), 0, clock);
    WebSocketStream::from_raw_socket(Filter::new(tap, None, None, clock), Role::Client, Some(config())).await
}

async fn connect(address: std::net::SocketAddr) -> TcpStream {
    let io = TcpStream::connect(address).await.unwrap();
    io.set_nodelay(true).unwrap();
    io
}

/// Sends batches and reads their echoes.
async fn measure<S: AsyncRead + AsyncWrite + Unpin>(mut engine: WebSocketStream<S>) -> Duration {
    let message = Message::Binary(vec![7u8; SIZE].into());
    let began = Instant::now();
    for _ in 0..MESSAGES / BATCH {
        for _ in 0..BATCH {
            std::future::poll_fn(|cx| Pin::new(&mut engine).poll_ready(cx)).await.unwrap();
            Pin::new(&mut engine).start_send(message.clone()).unwrap();
        }
        std::future::poll_fn(|cx| Pin::new(&mut engine).poll_flush(cx)).await.unwrap();
        for _ in 0..BATCH {
            let echoed = std::future::poll_fn(|cx| Pin::new(&mut engine).poll_next(cx)).await;
            assert_eq!(echoed.unwrap().unwrap().len(), SIZE);
        }
    }
    began.elapsed()
}

async fn echo_server(address: std::sync::mpsc::Sender<std::net::SocketAddr>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    address.send(listener.local_addr().unwrap()).unwrap();
    loop {
        let (io, _) = listener.accept().await.unwrap();
        io.set_nodelay(true).unwrap();
        let mut engine = WebSocketStream::from_raw_socket(io, Role::Server, Some(config())).await;
        // One client at a time; its end is the end of its stream.
        let mut unflushed = false;
        loop {
            let next = std::future::poll_fn(|cx| match Pin::new(&mut engine).poll_next(cx) {
                std::task::Poll::Pending if unflushed => {
                    unflushed = Pin::new(&mut engine).poll_flush(cx).is_pending();
                    std::task::Poll::Pending
                }
                other => other,
            });
            let Some(Ok(message)) = next.await else { break };
            std::future::poll_fn(|cx| Pin::new(&mut engine).poll_ready(cx)).await.unwrap();
            Pin::new(&mut engine).start_send(message).unwrap();
            unflushed = true;
        }
    }
}
