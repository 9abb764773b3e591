//! Floor 3: the IO shell. Owns sockets, TLS, clocks and the loop that feeds the machines of `watch`; no judgement here.

pub mod accept;
pub mod certificate;
pub mod clock;
pub mod control;
pub mod cut;
pub mod dial;
pub mod driver;
pub mod eyeballs;
pub mod filter;
pub mod identity;
pub mod kernel;
pub mod link;
pub mod listen;
pub mod open;
pub mod outbox;
pub mod reach;
pub mod resolve;
pub mod rounds;
pub mod stream;
pub mod tap;
pub mod target;
pub mod timer;
pub mod tls;
pub mod trust;
pub mod verifier;
