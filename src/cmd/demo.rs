//! `--demo`: our own server inside this process, in place of a URL. Owns its start; what it does is `serving`'s.

use crate::cmd::screen::Readers;
use crate::cmd::serving::{self, Serving};
use crate::fault::spec::Planned;
use crate::net::target::{self, Target};
use crate::report::sink;

/// The server on a free port, with these faults, and where it is. None when nothing can be listened on, which is told.
pub async fn start(faults: &[Planned]) -> Option<(Target, Serving)> {
    let started = serving::start_demo(faults.to_vec(), Readers::none().fan).await.ok();
    let aimed = started.and_then(|serving| Some((target::parse(serving.url()).ok()?, serving)));
    if aimed.is_none() {
        sink::plain_error("error: --demo: no server can be started on a free port of this machine\n");
    }
    aimed
}
