//! The order of the addresses, and the race over them with exact times.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::net::clock::Clock;

fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// What an address of the test does: its port is the time in milliseconds, an even last octet opens.
fn scripted(address: SocketAddr) -> Trying<SocketAddr> {
    Box::pin(async move {
        tokio::time::sleep(Duration::from_millis(u64::from(address.port()))).await;
        let SocketAddr::V4(v4) = address else { return Err(AttemptOutcome::Refused) };
        if v4.ip().octets()[3].is_multiple_of(2) { Ok(address) } else { Err(AttemptOutcome::Refused) }
    })
}

async fn race(texts: &[&str]) -> (Option<String>, Vec<(String, AttemptOutcome, u64)>) {
    let addresses = addresses(texts);
    let clock = Clock::start();
    let now = || clock.now();
    let mut attempts = Vec::new();
    let open = Race::new(&addresses, &mut attempts, now, scripted).run().await;
    (open.map(|address| address.to_string()), told(attempts))
}

/// With the time to the nearest 10 ms, since tokio's timers round up to their next tick.
fn told(attempts: Vec<Attempt>) -> Vec<(String, AttemptOutcome, u64)> {
    let rounded = |took: Span| (took.nanos() + 5_000_000) / 10_000_000 * 10;
    attempts.into_iter().map(|one| (one.address, one.outcome, rounded(one.took))).collect()
}

#[test]
fn the_families_alternate_and_the_first_stays_first() {
    let order = interleave(addresses(&["[::1]:1", "[::2]:1", "[::3]:1", "10.0.0.1:1"]));
    assert_eq!(order, addresses(&["[::1]:1", "10.0.0.1:1", "[::2]:1", "[::3]:1"]));
    let order = interleave(addresses(&["10.0.0.1:1", "10.0.0.2:1", "[::1]:1", "[::2]:1"]));
    assert_eq!(order, addresses(&["10.0.0.1:1", "[::1]:1", "10.0.0.2:1", "[::2]:1"]));
    assert_eq!(interleave(Vec::new()), Vec::new());
    assert_eq!(interleave(order.clone()), order);
}

#[tokio::test(start_paused = true)]
async fn a_fast_first_address_is_the_only_one_tried() {
    let (open, attempts) = race(&["10.0.0.2:100", "10.0.0.4:100"]).await;
    assert_eq!(open.as_deref(), Some("10.0.0.2:100"));
    assert_eq!(attempts, [("10.0.0.2:100".to_owned(), AttemptOutcome::Open, 100)]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_first_address_is_overtaken_after_the_stagger() {
    let (open, attempts) = race(&["10.0.0.2:5000", "10.0.0.4:100"]).await;
    assert_eq!(open.as_deref(), Some("10.0.0.4:100"));
    let expected = [
        ("10.0.0.2:5000".to_owned(), AttemptOutcome::Abandoned, 350),
        ("10.0.0.4:100".to_owned(), AttemptOutcome::Open, 100),
    ];
    assert_eq!(attempts, expected);
}

#[tokio::test(start_paused = true)]
async fn a_failure_starts_the_next_address_at_once() {
    let (open, attempts) = race(&["[::1]:10", "10.0.0.2:20"]).await;
    assert_eq!(open.as_deref(), Some("10.0.0.2:20"));
    let expected =
        [("[::1]:10".to_owned(), AttemptOutcome::Refused, 10), ("10.0.0.2:20".to_owned(), AttemptOutcome::Open, 20)];
    assert_eq!(attempts, expected);
}

#[tokio::test(start_paused = true)]
async fn when_all_fail_every_address_is_told() {
    let (open, attempts) = race(&["[::1]:10", "10.0.0.1:20", "10.0.0.3:30"]).await;
    assert_eq!(open, None);
    assert_eq!(attempts.iter().map(|attempt| attempt.2).collect::<Vec<_>>(), [10, 20, 30]);
    assert!(attempts.iter().all(|attempt| attempt.1 == AttemptOutcome::Refused));
}

#[tokio::test(start_paused = true)]
async fn a_race_that_is_dropped_leaves_its_log() {
    let addresses = addresses(&["10.0.0.2:60000", "10.0.0.4:60000"]);
    let clock = Clock::start();
    let now = || clock.now();
    let mut attempts = Vec::new();
    let race = Race::new(&addresses, &mut attempts, now, scripted).run();
    assert!(tokio::time::timeout(Duration::from_millis(400), race).await.is_err());
    let expected = [
        ("10.0.0.2:60000".to_owned(), AttemptOutcome::Abandoned, 400),
        ("10.0.0.4:60000".to_owned(), AttemptOutcome::Abandoned, 150),
    ];
    assert_eq!(told(attempts), expected);
}
