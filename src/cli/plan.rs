//! Words become plans: defaults, presets, files that are named, and the checks that need several words at once. Owns that
//! mapping; each plan's meaning is its own module's. What is wrong is one line: which argument, what was expected, what
//! came.

mod compare;
mod longer;

use std::io::IsTerminal;

use super::fields::{HeaderLine, Secret};
use super::output_args::{ColorArg, TimestampsArg};
use super::values::{ExpectArg, Limit, shown};
use super::{OutputArgs, ProbeArgs, TargetArgs, TimeArgs, heartbeat_plan};
use crate::cmd::{outcome, probe, screen};
use crate::event::Wanted;
use crate::event::finding::Severity;
use crate::event::show::span as span_words;
use crate::exam::expect::Expect;
use crate::exam::steps;
use crate::fault::spec::{self, Doer, Planned};
use crate::moment::Span;
use crate::net::dial::{self, Family, Override};
use crate::net::reach::{self, RequestPlan};
use crate::net::target::{self, Target};
use crate::net::tls::{self, Sni};
use crate::report::human::Timestamps;
use crate::watch::farewell::FarewellRule;
use crate::watch::heartbeat;
use crate::watch::life::{self, Role};
use crate::watch::{reconnect, session};
use crate::wire::upgrade::{Extra, Request};

/// Everything, without what was asked for, within this time.
const TIMEOUT: Span = Span::from_secs(30);
const CONNECT_TIMEOUT: Span = Span::from_secs(10);
const CLOSE_TIMEOUT: Span = Span::from_secs(5);
const EXPECT_WAIT: Span = Span::from_secs(5);
const PINGS: u32 = 5;
const PING_INTERVAL: Span = Span::from_millis(200);
/// As good as none.
const FOR_EVER: Span = Span::from_secs(100 * 365 * 24 * 3600);

/// The plan of `wscope probe`.
///
/// # Errors
/// One line, without `error:`.
pub fn probe(args: &ProbeArgs, command: String) -> Result<probe::Plan, String> {
    let peers = peers(args)?;
    let hold = hold(args)?;
    let urls = match &peers {
        probe::Peers::Urls(urls) => urls.len() as u32,
        probe::Peers::Demo(_) => 1,
    };
    let compare = compare::compare(&args.compare)?;
    let (idle, deep) = (longer::idle(args), longer::deep(args));
    longer::fits(args.timeout, idle.as_ref())?;
    let asked = match (&compare, &idle) {
        (Some(comparison), _) => (comparison.listen, "--compare-for"),
        (None, Some(idle)) => (idle.max, "--idle-max"),
        (None, None) => (hold.filter(|hold| *hold < FOR_EVER).unwrap_or_default(), "--hold"),
    };
    let timeout = timeout(args.timeout, asked, longer::beside(deep.as_ref()), urls)?;
    let mut reach = reach_plan(&args.target, &args.time)?;
    let session = session::Plan { reconnect: reconnect_plan(&args.time)?, ready: args.ready };
    // Last, since it makes a file: nothing is refused behind it.
    let beats = heartbeat::Plan {
        every: reach.life.heartbeat.every.filter(|_| idle.is_none()),
        ..reach.life.heartbeat.clone()
    };
    let screen = screen(&args.output, &beats, hold)?;
    want(&mut reach, screen.wanted());
    Ok(probe::Plan {
        peers,
        compare,
        idle,
        deep,
        reach,
        session,
        steps: steps_plan(args, hold),
        outcome: outcome::Plan {
            max_drops: args.max_drops.unwrap_or(0),
            fail_on: args.fail_on.unwrap_or(Severity::Error),
            hold,
        },
        timeout,
        screen,
        command,
        unused_proxies: unused_proxies(),
        rules: super::rules_file::read(args.target.rules.as_deref())?,
    })
}

/// How a peer is reached, whatever for; who looks on is told by [`want`].
pub(super) fn reach_plan(target: &TargetArgs, time: &TimeArgs) -> Result<reach::Plan, String> {
    let heartbeat = heartbeat_plan::heartbeat(&time.beats)?;
    Ok(reach::Plan {
        dial: dial_plan(target, time)?,
        request: request(target)?,
        timeout: time.connect_timeout.map_or(Some(CONNECT_TIMEOUT), Limit::span),
        second_look: true,
        until: None,
        redirects: target.location.then_some(target.max_redirects),
        life: life::Plan {
            role: Role::Client,
            heartbeat,
            close_timeout: or_for_ever(time.close_timeout, CLOSE_TIMEOUT),
            farewell: time.farewell.clone().map_or(FarewellRule::Known, FarewellRule::Regex),
            frames: false,
        },
        max_message: target.max_message,
        wanted: Wanted::default(),
        faults: own_faults(target)?,
        seed: time.seed.unwrap_or_else(rand::random),
    })
}

/// What the readers want built.
pub(super) fn want(reach: &mut reach::Plan, wanted: Wanted) {
    reach.wanted = wanted;
    reach.life.frames = wanted.frames;
}

fn peers(args: &ProbeArgs) -> Result<probe::Peers, String> {
    if let Some(spec) = &args.demo {
        return Ok(probe::Peers::Demo(demo_faults(spec.as_deref())?));
    }
    let targets: Result<Vec<Target>, String> = args.urls.iter().map(|url| read_target(url)).collect();
    Ok(probe::Peers::Urls(targets?))
}

pub(super) fn read_target(url: &str) -> Result<Target, String> {
    target::parse(url).map_err(|fault| format!("URL {}: {fault}", masked(url)))
}

pub(super) fn demo_faults(spec: Option<&str>) -> Result<Vec<Planned>, String> {
    spec.map_or(Ok(Vec::new()), |spec| fault("--demo", Doer::Server, spec))
}

fn own_faults(target: &TargetArgs) -> Result<Vec<Planned>, String> {
    let mut faults = Vec::new();
    for text in &target.fault {
        faults.extend(fault("--fault", Doer::Client, text)?);
    }
    Ok(faults)
}

/// What stands before an @ may be a password, however the rest is written.
fn masked(url: &str) -> String {
    match url.rsplit_once('@') {
        Some((_, rest)) => shown(&format!("***@{rest}")),
        None => shown(url),
    }
}

/// The faults of one flag, for whoever is to do them.
pub fn fault(argument: &str, doer: Doer, text: &str) -> Result<Vec<Planned>, String> {
    spec::parse_for(doer, text).map_err(|fault| format!("{argument} {}: {fault}", shown(text)))
}

fn hold(args: &ProbeArgs) -> Result<Option<Span>, String> {
    match args.hold {
        Some(Limit::Off) if args.timeout.is_none() => {
            Err("--hold off: expected --timeout beside it, so that the run has an end, got none".into())
        }
        Some(Limit::Off) => Ok(Some(FOR_EVER)),
        Some(Limit::After(hold)) => Ok(Some(hold)),
        None => Ok(None),
    }
}

/// `asked` is the time that the run needs, and the flag that says so.
/// `beside` is what it needs beside that, where no limit is given.
fn timeout(limit: Option<Limit>, asked: (Span, &str), beside: Span, urls: u32) -> Result<Option<Span>, String> {
    let (asked, flag) = asked;
    match limit {
        Some(Limit::Off) => Ok(None),
        Some(Limit::After(limit)) if limit < asked => Err(format!(
            "--timeout {}: expected at least the {} of {flag}, got less",
            span_words(limit),
            span_words(asked)
        )),
        Some(Limit::After(limit)) => Ok(Some(limit)),
        None => Ok(Some(TIMEOUT.plus(beside).plus(asked).times(f64::from(urls.max(1))))),
    }
}

fn steps_plan(args: &ProbeArgs, hold: Option<Span>) -> steps::Plan {
    let interval = args.interval.unwrap_or(PING_INTERVAL);
    // With a hold, its heartbeats are the measurement, unless a series is asked for.
    let count = if hold.is_some() { args.count } else { Some(args.count.unwrap_or(PINGS)) };
    steps::Plan {
        series: count.map(|count| (count, interval)),
        messages: args.execute.clone(),
        expect: args.expect.as_ref().map(|expect| match expect {
            ExpectArg::Regex(regex) => Expect::Regex(regex.clone()),
            ExpectArg::Json { pointer, value } => Expect::Json { pointer: pointer.clone(), value: value.to_string() },
        }),
        wait: or_for_ever(args.wait, EXPECT_WAIT),
        hold,
    }
}

fn or_for_ever(limit: Option<Limit>, default: Span) -> Span {
    match limit {
        None => default,
        Some(Limit::Off) => FOR_EVER,
        Some(Limit::After(span)) => span,
    }
}

pub(super) fn reconnect_plan(time: &TimeArgs) -> Result<Option<reconnect::Plan>, String> {
    let name = time.reconnect_profile.as_deref().unwrap_or("full-jitter");
    let mut curve = super::profile_file::curve(name)?;
    let Some(attempts) = time.reconnect else { return Ok(None) };
    if let Some(first) = time.reconnect_delay {
        curve.first = first;
        curve.steps.clear();
    }
    if let Some(cap) = time.reconnect_max_delay {
        curve.cap = cap.span().unwrap_or(FOR_EVER);
    }
    if let Some(uptime) = time.min_uptime {
        curve.min_uptime = uptime;
    }
    Ok(Some(reconnect::Plan { curve, attempts }))
}

fn dial_plan(target: &TargetArgs, time: &TimeArgs) -> Result<dial::Plan, String> {
    let family = match (target.ipv4, target.ipv6) {
        (true, _) => Family::V4,
        (_, true) => Family::V6,
        _ => Family::Any,
    };
    let ca = match &target.ca {
        None => None,
        Some(path) => Some(tls::read_ca(path).map_err(|why| format!("--ca: {why}"))?),
    };
    let sni = match (&target.sni, target.no_sni) {
        (Some(name), _) => Sni::Name(name.clone()),
        (None, true) => Sni::None,
        (None, false) => Sni::Default,
    };
    let overrides =
        target.resolve.iter().map(|arg| Override { host: arg.host.clone(), port: arg.port, address: arg.address });
    let nowhere = Target { tls: false, host: String::new(), port: 0, path: "/".into(), userinfo: None };
    Ok(dial::Plan {
        family,
        overrides: overrides.collect(),
        bind: target.bind,
        unix_socket: target.unix_socket.clone(),
        keepalive: time.tcp_keepalive.and_then(Limit::span),
        tls: tls::Plan { insecure: target.insecure, ca, sni, offer_h2: false },
        ..dial::Plan::new(nowhere)
    })
}

fn request(target: &TargetArgs) -> Result<RequestPlan, String> {
    let mut extra = Vec::new();
    for header in &target.headers {
        for line in header.read().map_err(|why| format!("--header: {why}"))? {
            extra.push(match line {
                HeaderLine::Set { name, value } => Extra::Set(name, value),
                HeaderLine::Remove { name } => Extra::Remove(name),
            });
        }
    }
    let cookies: Result<Vec<String>, String> =
        target.cookies.iter().map(|cookie| cookie.read().map_err(|why| format!("--cookie: {why}"))).collect();
    let agent = target.user_agent.clone().unwrap_or_else(|| format!("wscope/{}", env!("CARGO_PKG_VERSION")));
    Ok(RequestPlan {
        host: target.host.clone(),
        request: Request {
            target: String::new(),
            host: String::new(),
            key: String::new(),
            subprotocols: target.subprotocols.clone(),
            origin: target.origin.clone(),
            user_agent: Some(agent),
            authorization: authorization(target)?,
            cookies: cookies?,
            extra,
        },
    })
}

fn authorization(target: &TargetArgs) -> Result<Option<String>, String> {
    if let Some(token) = &target.bearer {
        let token = token.read().map_err(|why| format!("--bearer: {why}"))?;
        return Ok(Some(format!("Bearer {token}")));
    }
    let Some(auth) = &target.auth else { return Ok(None) };
    let text = auth.read().map_err(|why| format!("--auth: {why}"))?;
    let (user, password) = match text.split_once(':') {
        Some((user, password)) => (user.to_string(), password.to_string()),
        None => (text.clone(), ask_password(auth, &text)?),
    };
    Ok(Some(probe::basic(&user, &password)))
}

fn ask_password(auth: &Secret, user: &str) -> Result<String, String> {
    let missing = "--auth: expected USER:PASS, got no colon";
    if !matches!(auth, Secret::Literal(_)) || !std::io::stdin().is_terminal() {
        return Err(format!("{missing}, and there is no terminal to ask at"));
    }
    rpassword::prompt_password(format!("password for {}: ", shown(user))).map_err(|why| format!("{missing} ({why})"))
}

/// Who looks on, and how. The file of `--record` is made here.
///
/// # Errors
/// One line: that file cannot be written.
pub fn screen(output: &OutputArgs, heartbeat: &heartbeat::Plan, hold: Option<Span>) -> Result<screen::Plan, String> {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let record = output.record.as_deref().map(screen::open_record).transpose();
    Ok(screen::Plan {
        verbosity: output.verbose,
        quiet: output.quiet,
        json: output.json,
        color: match output.color {
            ColorArg::Always => Some(true),
            ColorArg::Never => Some(false),
            ColorArg::Auto => no_color.then_some(false),
        },
        timestamps: match output.timestamps {
            TimestampsArg::None => Timestamps::None,
            TimestampsArg::Relative => Timestamps::Relative,
            TimestampsArg::Wall => Timestamps::Wall,
        },
        redact: !output.no_redact,
        heartbeat: heartbeat.words(),
        hold,
        record: record.map_err(|why| format!("--record: {why}"))?,
    })
}

pub(super) fn unused_proxies() -> Vec<String> {
    const VARIABLES: [&str; 6] = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
    let set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    VARIABLES.into_iter().filter(set).map(str::to_string).collect()
}
