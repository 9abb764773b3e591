//! What the server shows over plain HTTP: the page, the feed of its events, the shared stream. Owns the answers to what
//! `net::http` asks; HTTP itself is `net::http`'s.

use std::net::SocketAddr;
use std::rc::Rc;

use crate::cmd::serving::Shared;
use crate::cmd::serving::mode::Mode;
use crate::net::clock;
use crate::net::http::{self, Feed, Messages, Readers, Site};
use crate::net::prefixed::Prefixed;
use crate::net::stream::Stream;
use crate::report::page;

/// Answers HTTP requests until the client leaves.
/// `local`: the address of ours that the client has reached.
pub async fn serve(io: Prefixed<Stream>, local: Option<SocketAddr>, shared: &Rc<Shared>) {
    http::serve(io, Rc::new(Shown { shared: Rc::clone(shared), local })).await;
}

struct Shown {
    shared: Rc<Shared>,
    local: Option<SocketAddr>,
}

impl Site for Shown {
    fn bound(&self) -> Vec<String> {
        let host = self.shared.url.split("://").nth(1).unwrap_or_default();
        // Listening on every address, it is reached under one of them.
        let bound = std::iter::once(host.trim_end_matches('/').to_string());
        bound.chain(self.local.map(|local| local.to_string())).collect()
    }

    fn file(&self, path: &str) -> Option<(&'static str, &'static [u8])> {
        page::file(path)
    }

    fn is_socket_path(&self, path: &str) -> bool {
        path.starts_with("/fault/") || Mode::of_path(path).is_some()
    }

    fn feed(&self) -> Feed {
        let shared = &self.shared;
        let (first, events) = shared.feed.subscribe(
            shared.clock.now().nanos(),
            clock::wall_millis(),
            &shared.url,
            shared.plan.mode.name(),
        );
        // A client that is open gets what is wanted now at its next turn.
        shared.signal.notify_waiters();
        Feed { first, events }
    }

    fn stream(&self) -> Rc<dyn Messages> {
        Rc::new(self.shared.stage.hub.clone())
    }

    fn readers(&self) -> Readers {
        self.shared.readers.clone()
    }
}
