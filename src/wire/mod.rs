//! Floor 0: bytes ↔ facts of RFC 6455. Owns the rules of frames, Close bodies, HTTP heads and the opening handshake; knows
//! no socket, no clock and no text for people beyond the names that the RFCs give.

pub mod close;
pub mod foreign;
pub mod head;
pub mod header;
pub mod hixie76;
pub mod rewrite;
pub mod run;
pub mod scan;
pub mod sequence;
pub mod upgrade;
pub mod upgrade_check;
