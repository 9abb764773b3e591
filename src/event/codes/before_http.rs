//! Findings on what is wrong before HTTP, beyond those of `reach`. Owns their general texts.

use crate::event::codes::Entry;

pub(super) const ENTRIES: &[Entry] = &[];
