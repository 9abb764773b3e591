//! `wscope serve`: listen, tell the address, take clients until a signal. Owns that; what a client gets is `serving`'s.

use std::path::PathBuf;

use crate::cmd::screen;
use crate::cmd::serving;
use crate::cmd::signals::Signals;
use crate::event::{ConnId, EventKind, Exit, Listening, RunEnded, RunStarted};
use crate::fault::spec::Planned;
use crate::moment::Moment;
use crate::net::clock::{self, Clock};
use crate::net::identity;
use crate::net::listen::{Address, Listener};
use crate::report::sink;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Plan {
    pub address: Address,
    pub tls: bool,
    pub ca_out: Option<PathBuf>,
    pub faults: Vec<Planned>,
    pub screen: screen::Plan,
    pub command: String,
}

/// Serves until it is told to stop.
pub async fn run(plan: Plan) -> Exit {
    let clock = Clock::start();
    let listener = match listen(&plan, clock).await {
        Ok(listener) => listener,
        Err((exit, why)) => {
            sink::plain_error(&format!("error: {why}\n"));
            return exit;
        }
    };
    let Ok(mut signals) = Signals::listen() else { return Exit::OwnFault };
    let (url, loopback) = (listener.url(), listener.is_loopback());
    let readers = plan.screen.for_serve(vec![
        "echo: every message comes back".into(),
        format!("a fault for one client by its path: {url}fault/close=4001:expired@5s"),
    ]);
    let emit = |kind| readers.fan.borrow_mut().emit(clock.now(), ConnId::default(), kind);
    let (version, command) = (env!("CARGO_PKG_VERSION").to_string(), plan.command.clone());
    emit(EventKind::RunStarted(RunStarted { version, command, wall: clock::wall_rfc3339() }));
    emit(EventKind::Listening(Listening { url, loopback }));
    let fan = std::rc::Rc::clone(&readers.fan);
    let serving = serving::start(listener, plan.faults.clone(), fan, plan.screen.wanted_by_serve(), clock);
    // Stopping is what a server is asked for: that it was a signal is no failure.
    signals.next().await;
    serving.stop().await;
    let took = clock.now().since(Moment::START);
    emit(EventKind::RunEnded(RunEnded { verdict: "healthy".into(), exit: Exit::Healthy, took }));
    tokio::select! {
        () = readers.finish() => Exit::Healthy,
        second = signals.next() => second,
    }
}

async fn listen(plan: &Plan, clock: Clock) -> Result<Listener, (Exit, String)> {
    let tls = if plan.tls {
        let identity = identity::server_identity(&[], clock.wall_unix())
            .map_err(|why| (Exit::OwnFault, format!("no certificate: {why}")))?;
        if let Some(path) = &plan.ca_out {
            std::fs::write(path, &identity.ca_pem)
                .map_err(|why| (Exit::Usage, format!("--ca-out: cannot write {}: {why}", path.display())))?;
        }
        Some(identity::server_config(&identity).map_err(|why| (Exit::OwnFault, why))?)
    } else {
        None
    };
    let bound = Listener::bind(&plan.address, tls).await;
    bound.map_err(|why| (Exit::CannotListen, format!("cannot listen on {}: {why}", plan.address)))
}
