//! `wscope serve`: listen, tell the address, take clients until a signal, a time or the only client's end. Owns that; what a
//! client gets is `serving`'s.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;

use crate::cmd::screen;
use crate::cmd::serving::{self, Serving};
use crate::cmd::signals::Signals;
use crate::event::{ConnId, EventKind, Exit, Listening, OpenFiles, RunEnded, RunStarted};
use crate::moment::{Moment, Span};
use crate::net::clock::{self, Clock};
use crate::net::listen::{Address, Listener};
use crate::net::{identity, kernel, trust};
use crate::report::page::PageFeed;
use crate::report::{Fan, sink};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Plan {
    pub address: Address,
    pub tls: Option<Tls>,
    pub server: serving::Plan,
    /// Then it stops by itself.
    pub duration: Option<Span>,
    pub screen: screen::Plan,
    pub command: String,
}

/// How TLS is spoken.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The chain and its key; none: made on the spot.
    pub files: Option<(PathBuf, PathBuf)>,
    pub ca_out: Option<PathBuf>,
    pub client_ca: Option<PathBuf>,
}

/// Readers are told so often that time passes.
const TICK: Span = Span::from_millis(1000);

/// Serves until it is told to stop.
pub async fn run(plan: Plan) -> Exit {
    let clock = Clock::start();
    let open_files = kernel::raise_open_files().map(|(before, now)| OpenFiles { before, now });
    let listener = match listen(&plan, clock).await {
        Ok(listener) => listener,
        Err((exit, why)) => {
            sink::plain_error(&format!("error: {why}\n"));
            return exit;
        }
    };
    let Ok(mut signals) = Signals::listen() else { return Exit::OwnFault };
    let (url, loopback) = (listener.url(), listener.is_loopback());
    let feed = PageFeed::default();
    let readers = plan.screen.for_serve(notes(&plan, &url), feed.clone());
    let emit = |kind| readers.fan.borrow_mut().emit(clock.now(), ConnId::default(), kind);
    let (version, command) = (env!("CARGO_PKG_VERSION").to_string(), plan.command.clone());
    emit(EventKind::RunStarted(RunStarted { version, command, wall: clock::wall_rfc3339() }));
    emit(EventKind::Listening(Listening { url, loopback, open_files }));
    let fan = std::rc::Rc::clone(&readers.fan);
    let serving = serving::start(listener, plan.server.clone(), fan, feed, clock);
    wait_for_end(&plan, &serving, &mut signals, &readers.fan, clock).await;
    let exit = if serving.stop().await { Exit::Healthy } else { Exit::Failed };
    let took = clock.now().since(Moment::START);
    emit(EventKind::RunEnded(RunEnded { verdict: exit.word().to_ascii_lowercase(), exit, took }));
    tokio::select! {
        written = readers.finish() => if exit == Exit::Healthy && !written { Exit::Failed } else { exit },
        second = signals.next() => second,
    }
}

/// Stopping is what a server is asked for: that it was a signal is no failure.
async fn wait_for_end(plan: &Plan, serving: &Serving, signals: &mut Signals, fan: &RefCell<Fan>, clock: Clock) {
    let time = async {
        match plan.duration {
            Some(duration) => tokio::time::sleep(duration.duration()).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = signals.next() => {}
        () = time => {}
        () = serving.run() => {}
        () = tick(fan, clock) => {}
    }
}

/// Tells the readers that time passes.
async fn tick(fan: &RefCell<Fan>, clock: Clock) {
    let mut every = tokio::time::interval(TICK.duration());
    loop {
        every.tick().await;
        fan.borrow_mut().tick(clock.now());
    }
}

/// The lines under the address.
fn notes(plan: &Plan, url: &str) -> Vec<String> {
    if matches!(plan.address, Address::Unix(_)) {
        return vec![mode_words(plan).to_string()];
    }
    let page = url.replacen("ws", "http", 1);
    vec![
        format!("{}; a page for browsers at {page}", mode_words(plan)),
        format!("a fault for one client by its path: {url}fault/close=4001:expired@5s"),
    ]
}

fn mode_words(plan: &Plan) -> &'static str {
    plan.server.mode.name()
}

async fn listen(plan: &Plan, clock: Clock) -> Result<Listener, (Exit, String)> {
    let tls = match &plan.tls {
        Some(tls) => Some(tls_config(tls, clock)?),
        None => None,
    };
    let bound = Listener::bind(&plan.address, tls).await;
    bound.map_err(|why| (Exit::CannotListen, format!("cannot listen on {}: {why}", plan.address)))
}

fn tls_config(tls: &Tls, clock: Clock) -> Result<Arc<rustls::ServerConfig>, (Exit, String)> {
    let usage = |why: String| (Exit::Usage, why);
    let identity = match &tls.files {
        Some((chain, key)) => identity::identity_from_files(chain, key).map_err(usage)?,
        None => identity::server_identity(&[], clock.wall_unix())
            .map_err(|why| (Exit::OwnFault, format!("no certificate: {why}")))?,
    };
    if let Some(path) = &tls.ca_out {
        std::fs::write(path, &identity.ca_pem)
            .map_err(|why| usage(format!("--ca-out: cannot write {}: {why}", path.display())))?;
    }
    let roots = match &tls.client_ca {
        Some(path) => Some(trust::read_ca(path).map_err(|why| usage(format!("--client-ca: {why}")))?),
        None => None,
    };
    identity::server_config(&identity, roots).map_err(usage)
}
