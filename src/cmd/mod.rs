//! Floor 4: the wiring of the commands. Owns what connects the machines, the shell and the reporters in one run; what is
//! decided is decided below.

pub mod audience;
pub mod compare;
pub mod connect;
pub mod deep;
pub mod demo;
mod frame;
pub mod hub;
pub mod idle;
pub mod outcome;
pub mod probe;
pub mod run;
pub mod screen;
pub mod serve;
pub mod serving;
pub mod signals;
pub mod timing;
mod wrongs;
