//! The words of `serve` become its plan. Owns that mapping, the reading of the files that it names, and the default of no
//! heartbeats; each part's meaning is its own module's.

use std::path::Path;
use std::sync::Arc;

use super::fields::HeaderLine;
use super::values::{ListenArg, ModeArg, shown};
use super::{HeartbeatArgs, ServeArgs, heartbeat_plan, plan};
use crate::cmd::serve::{self, Tls};
use crate::cmd::serving::mode::Mode;
use crate::cmd::serving::source::SourcePlan;
use crate::cmd::{probe, serving};
use crate::event::Wanted;
use crate::exam::script::{self, Script};
use crate::fault::spec::{self, Doer, Phase};
use crate::moment::Span;
use crate::net::listen::Address;
use crate::net::named_file;
use crate::net::policy::Policy;
use crate::watch::heartbeat;

/// A script is no larger, in bytes.
const SCRIPT_MAX: u64 = 1024 * 1024;
/// A message that is made is no larger, in bytes.
const SIZE_MAX: u64 = 64 * 1024 * 1024;

/// The plan of `wscope serve`.
///
/// # Errors
/// One line, without `error:`.
pub fn serve(args: &ServeArgs, command: String) -> Result<serve::Plan, String> {
    check(args)?;
    let mut faults = Vec::new();
    for text in &args.fault {
        faults.extend(plan::fault("--fault", Doer::Server, text)?);
    }
    let tls = tls(args)?;
    let mut server = serving::Plan {
        mode: mode(&args.mode)?,
        source: source(args)?,
        faults,
        fault_chance: args.fault_chance.unwrap_or(1.0),
        seed: args.seed,
        policy: policy(args)?,
        allow_hixie: args.allow_hixie,
        heartbeat: heartbeats(&args.beats)?,
        max_message: args.max_message.unwrap_or(serving::Plan::default().max_message),
        max_connections: args.max_connections,
        oneshot: args.oneshot,
        wanted: Wanted::default(),
    };
    let address = match &args.address {
        ListenArg::Tcp(address) => Address::Tcp(*address),
        ListenArg::Unix(path) => Address::Unix(path.clone()),
    };
    // Last, since it makes a file: nothing is refused behind it.
    let screen = plan::screen(&args.output, &heartbeat::Plan::default(), None)?;
    server.wanted = screen.wanted_by_serve();
    Ok(serve::Plan { address, tls, server, duration: args.duration, screen, command })
}

/// Flags that mean nothing without another one. The line names the flag that was given, which clap's own does not.
fn check(args: &ServeArgs) -> Result<(), String> {
    let needs = [
        ("--fault-chance", args.fault_chance.is_some(), "--fault", !args.fault.is_empty()),
        ("--ca-out", args.ca_out.is_some(), "--tls", args.tls),
        ("--cert", args.cert.is_some(), "--key", args.key.is_some()),
        ("--key", args.key.is_some(), "--cert", args.cert.is_some()),
    ];
    match needs.into_iter().find(|(_, is_given, _, has_other)| *is_given && !has_other) {
        Some((flag, _, other, _)) => Err(format!("{flag}: expected {other} beside it, got none")),
        None => Ok(()),
    }
}

fn tls(args: &ServeArgs) -> Result<Option<Tls>, String> {
    let files = match (&args.cert, &args.key) {
        (Some(cert), Some(key)) => Some((cert.clone(), key.clone())),
        _ => None,
    };
    if files.is_none() && !args.tls {
        return match args.client_ca {
            Some(_) => Err("--client-ca: expected --tls or --cert with it, got neither".into()),
            None => Ok(None),
        };
    }
    Ok(Some(Tls { files, ca_out: args.ca_out.clone(), client_ca: args.client_ca.clone() }))
}

fn heartbeats(beats: &HeartbeatArgs) -> Result<heartbeat::Plan, String> {
    let plan = heartbeat_plan::heartbeat(beats)?;
    let asked_for = beats.heartbeat.is_some() || beats.heartbeat_preset.is_some();
    let others = beats.heartbeat_timeout.is_some()
        || beats.heartbeat_clock.is_some()
        || beats.heartbeat_send.is_some()
        || beats.heartbeat_answer.is_some()
        || beats.heartbeat_file.is_some()
        || beats.heartbeat_misses.is_some();
    if !asked_for && !others {
        return Ok(heartbeat::Plan { every: None, ..plan });
    }
    Ok(plan)
}

fn mode(mode: &ModeArg) -> Result<Mode, String> {
    Ok(match mode {
        ModeArg::Echo => Mode::Echo,
        ModeArg::Broadcast => Mode::Broadcast,
        ModeArg::Silent => Mode::Silent,
        ModeArg::Source => Mode::Source,
        ModeArg::Sink => Mode::Sink,
        ModeArg::Script(path) => Mode::Script(Arc::new(read_script(path)?)),
    })
}

fn read_script(path: &Path) -> Result<Script, String> {
    let named = || format!("--mode: the script {}", shown(&path.display().to_string()));
    let unreadable = |why: std::io::Error| format!("{} cannot be read: {why}", named());
    let text = named_file::text(path, SCRIPT_MAX).map_err(unreadable)?;
    let script = script::parse(&text).map_err(|why| format!("{}: {why}", named()))?;
    for (step, fault) in script.faults() {
        let read = spec::parse_for(Doer::Server, fault).map_err(|why| format!("{}: step {step}: {why}", named()))?;
        let why = match read.iter().map(|planned| planned.fault.phase()).find(|phase| *phase != Phase::Once) {
            None => continue,
            Some(Phase::Handshake) => "a fault of the opening handshake cannot be done after it",
            Some(_) => "a fault that lasts begins with the connection: give it by --fault or by the path",
        };
        return Err(format!("{}: step {step}: {fault}: {why}", named()));
    }
    Ok(script)
}

fn source(args: &ServeArgs) -> Result<SourcePlan, String> {
    let default = SourcePlan::default();
    if let Some(size) = args.size.filter(|size| *size > SIZE_MAX) {
        return Err(format!("--size: expected 64MiB at most, got {size} bytes"));
    }
    Ok(SourcePlan {
        every: args.rate.map_or(default.every, |rate| Span::from_seconds(1.0 / rate)),
        size: args.size.and_then(|size| usize::try_from(size).ok()).unwrap_or(default.size),
        count: args.count.map(u64::from),
    })
}

fn policy(args: &ServeArgs) -> Result<Policy, String> {
    let mut fields = Vec::new();
    for header in &args.header {
        for line in header.read().map_err(|why| format!("--header: {why}"))? {
            match line {
                HeaderLine::Set { name, value } => fields.push((name, value)),
                HeaderLine::Remove { name } => {
                    return Err(format!("--header: expected a value behind {name}:, got none"));
                }
            }
        }
    }
    let authorization = match &args.auth {
        None => None,
        Some(auth) => {
            let text = auth.read().map_err(|why| format!("--auth: {why}"))?;
            let (user, password) = text.split_once(':').ok_or("--auth: expected USER:PASS, got no colon")?;
            Some(probe::basic(user, password))
        }
    };
    Ok(Policy { subprotocols: args.subprotocol.clone(), origins: args.allow_origin.clone(), authorization, fields })
}
