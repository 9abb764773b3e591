//! Floor 2: what decides during a run. Pure machines with one shape: [`life::Life`] takes exactly one input with the time,
//! is then drained, and names its next deadline; [`session::Session`] owns at most one life and decides on reconnecting.
//! No socket, no clock, no chance of its own.

pub mod closing;
pub mod counters;
pub mod farewell;
pub mod flood;
pub mod heartbeat;
pub mod ledger;
pub mod life;
pub mod liveness;
pub mod presets;
pub mod products;
pub mod profiles;
pub mod reconnect;
pub mod session;
