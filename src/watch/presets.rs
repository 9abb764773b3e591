//! Named heartbeats: what known servers and clients do, as data. Owns the built-in table and the look-up by name; its rows are
//! read by `read`, shown by `page`. A flag given by hand beats a preset (`cli::heartbeat_plan`).

mod page;
mod read;

use std::sync::LazyLock;

pub use page::{describe, heartbeats_markdown};
pub use read::parse;

use crate::event::near;
use crate::watch::heartbeat::Plan;

const TABLE: &str = include_str!("presets/table.toml");

/// One named heartbeat.
#[derive(Clone, Debug)]
pub struct Preset {
    pub name: String,
    /// Whose it is, in a line.
    pub what: String,
    pub plan: Plan,
    /// What a client sends first, or the server closes.
    pub first: Vec<String>,
    pub subprotocol: Option<String>,
    /// What stands in the URL.
    pub query: Option<String>,
    /// Payload and answer were read in the product's source or documentation.
    pub verified: bool,
}

/// The built-in presets.
pub fn builtin() -> &'static [Preset] {
    // A test reads the table: it is whole.
    static PRESETS: LazyLock<Vec<Preset>> = LazyLock::new(|| parse(TABLE).unwrap_or_default());
    &PRESETS
}

/// The built-in presets and those of a user's file; of the same name the file's stands.
pub fn with(own: Vec<Preset>) -> Vec<Preset> {
    let mut all: Vec<Preset> = builtin().to_vec();
    all.retain(|preset| find(&own, &preset.name).is_none());
    all.extend(own);
    all
}

/// The preset of this name.
pub fn find<'a>(presets: &'a [Preset], name: &str) -> Option<&'a Preset> {
    presets.iter().find(|preset| preset.name == name)
}

/// The plan of a built-in preset.
pub fn preset(name: &str) -> Option<Plan> {
    find(builtin(), name).map(|preset| preset.plan.clone())
}

/// The names of the built-in presets.
pub fn names() -> Vec<&'static str> {
    builtin().iter().map(|preset| preset.name.as_str()).collect()
}

/// The built-in names that look like `name`, the nearest first.
pub fn nearest<'a>(table: &'a [Preset], name: &str) -> Vec<&'a str> {
    near::nearest(name, table.iter().map(|preset| preset.name.as_str()))
}

#[cfg(test)]
mod tests;
