//! What the tests that run the binary share: wscope as a process, its events, peers in other languages, and peers made
//! of a bare socket. Owns no expectation of its own but that a run ends in time.

#![allow(dead_code, unused_imports, clippy::unwrap_used, clippy::print_stdout)]

pub mod events;
pub mod peer;
pub mod proxy;
pub mod raw;
pub mod run;
pub mod signal;

pub use events::Events;
pub use peer::Peer;
pub use proxy::Proxy;
pub use raw::RawPeer;
pub use run::{Ran, Running, Server, probe, wscope};

/// Is the long form of a test asked for (`WSCOPE_SLOW=1`)?
pub fn is_slow() -> bool {
    std::env::var_os("WSCOPE_SLOW").is_some_and(|value| value == "1")
}

/// Something that a test needs is not there: the test is skipped, and says so.
///
/// # Panics
/// With `WSCOPE_PEERS=required`, so that a check that must be complete is not.
pub fn skipped(what: &str) {
    assert!(
        std::env::var_os("WSCOPE_PEERS").is_none_or(|value| value != "required"),
        "{what} is absent, and WSCOPE_PEERS=required"
    );
    println!("SKIPPED: {what} is absent");
}
