//! What the server says about its heartbeats: which product it is, when its hello has come, and the times that the hello
//! names. Owns the change of plan that follows; who is recognised by what is `watch::products`', the plans are
//! `watch::presets`'.

use super::plan::{Hello, Plan};
use super::template::{Came, Filling};
use super::{Heartbeat, Role};
use crate::event::{EventKind, HeartbeatChosen};
use crate::moment::{Moment, Span};
use crate::watch::presets;
use crate::watch::products::{self, Recognised};

/// A hello names no longer time.
const TIME_MAX: f64 = 24.0 * 3600.0;
/// And no shorter one: it would be a flood.
const TIME_MIN: f64 = 0.1;

impl Heartbeat {
    /// The subprotocol that the server chose, if any.
    pub fn learn_subprotocol(&mut self, now: Moment, name: Option<&str>) {
        if !self.auto {
            return;
        }
        if let Some(recognised) = name.and_then(products::by_subprotocol) {
            self.choose(now, &recognised, None);
        }
    }

    /// The URL: Engine.IO 3 and 4 differ in who begins a heartbeat, and its query asks for one of the two.
    pub fn learn_url(&mut self, url: &str) {
        let query = url.split_once('?').map_or("", |(_, query)| query);
        let asked = query.split('&').find_map(|pair| pair.strip_prefix("EIO="));
        self.asked_version = asked.and_then(|version| version.parse().ok());
    }

    /// The preset of what was recognised, in the version that the URL asks for.
    fn in_asked_version(&self, name: &'static str) -> &'static str {
        match (name, self.asked_version) {
            ("engineio" | "engineio3", Some(3)) => "engineio3",
            ("engineio" | "engineio3", Some(4)) => "engineio",
            _ => name,
        }
    }

    /// The wall clock at the start of the run, for messages that carry the time.
    pub fn learn_wall_clock(&mut self, start_unix_ms: i64) {
        self.wall_start_ms = start_unix_ms;
    }

    /// Everything that a message may tell, and our answer to it.
    pub(super) fn hear(&mut self, at: Moment, came: &Came<'_>) {
        if self.plan.counts() || self.pending.as_ref().is_some_and(|plan| plan.counts()) {
            self.count(came);
        }
        if std::mem::take(&mut self.auto) {
            self.plan.auto = false;
            if let Some(recognised) = products::by_first_message(came.bytes) {
                self.choose(at, &recognised, Some(came));
            }
        }
        self.learn_times(at, came);
        let filling = self.filling(at);
        let begins = |plan: &Plan| plan.after.as_ref().is_some_and(|after| after.is_met(came, &filling));
        if self.pending.as_deref().is_some_and(begins) {
            self.begin_pending(at);
        }
        self.message_of_theirs(at, came);
    }

    /// Does a message tell anything? With millions of them that must be known before they are looked at.
    pub(super) fn listens(&self) -> bool {
        self.auto || self.pending.is_some() || self.plan.needs_messages()
    }

    /// What messages of ours are filled with now.
    pub(super) fn filling(&self, now: Moment) -> Filling<'static> {
        let unix_ms = self.wall_start_ms.saturating_add_unsigned(now.nanos() / 1_000_000);
        Filling { nonce: self.nonce, unix_ms, sequence: self.sequence, ..Filling::default() }
    }

    fn count(&mut self, came: &Came<'_>) {
        if came.text.is_some_and(|text| text.contains("\"s\":"))
            && let Some(sequence) = came.value("/s").and_then(|value| value.as_i64())
        {
            self.sequence = Some(sequence);
        }
    }

    fn choose(&mut self, now: Moment, recognised: &Recognised, came: Option<&Came<'_>>) {
        let Some(name) = recognised.product.preset().map(|name| self.in_asked_version(name)) else { return };
        let table = match &self.plan.presets {
            Some(table) => table.as_slice(),
            None => presets::builtin(),
        };
        let Some(preset) = presets::find(table, name) else { return };
        let mut plan = preset.plan.clone().with(&self.plan);
        if let Some(came) = came {
            times_of(&mut plan, came);
        }
        self.auto = false;
        self.tell(name, recognised.why.clone(), &plan);
        self.adopt(now, plan);
    }

    fn tell(&mut self, preset: &str, why: String, plan: &Plan) {
        let words = plan.words().unwrap_or_else(|| "no heartbeats of its own".into());
        self.emit(EventKind::HeartbeatChosen(HeartbeatChosen { preset: preset.into(), why, words }));
    }

    /// This plan from now on, or from the message on that it waits for.
    fn adopt(&mut self, now: Moment, plan: Plan) {
        if plan.after.is_some() {
            self.pending = Some(Box::new(plan));
        } else {
            self.take_up(now, plan);
        }
    }

    pub(super) fn begin_pending(&mut self, now: Moment) {
        if let Some(plan) = self.pending.take() {
            self.take_up(now, *plan);
        }
    }

    fn take_up(&mut self, now: Moment, plan: Plan) {
        let jitter = plan.jitter;
        self.plan = plan;
        // Pings that are on their way keep the rule under which they were sent.
        self.earlier = self.last_number;
        self.misses = 0;
        self.theirs.begin(now);
        self.restart(now);
        if jitter {
            self.spread_first(now);
        }
    }

    /// The first heartbeat comes after a random part of the interval, so that clients that were dropped together do not
    /// beat together.
    fn spread_first(&mut self, now: Moment) {
        let share = f64::from(self.nonce) / f64::from(u32::MAX);
        self.next_fixed = self.next_fixed.and(self.plan.every).map(|every| now.after(every.times(share)));
    }

    /// The server's hello may name the times.
    fn learn_times(&mut self, at: Moment, came: &Came<'_>) {
        if let Some(pending) = &mut self.pending {
            times_of(pending, came);
            return;
        }
        let before = (self.plan.every, self.plan.timeout);
        if !times_of(&mut self.plan, came) || before == (self.plan.every, self.plan.timeout) {
            return;
        }
        self.restart(at);
        let plan = self.plan.clone();
        let name = plan.preset.clone().unwrap_or_default();
        self.tell(&name, "its hello names the times".into(), &plan);
    }
}

/// Takes the times from the hello, once; true when this message is the hello.
fn times_of(plan: &mut Plan, came: &Came<'_>) -> bool {
    let Some(hello) = plan.hello.as_deref() else { return false };
    if !came.text.is_some_and(|text| text.trim_start().starts_with(hello.starts.as_str())) {
        return false;
    }
    let least = plan.every;
    let time = |place: &Option<String>| match place.as_deref() {
        Some(pointer) if pointer.starts_with('/') => time_at(came, pointer, hello),
        Some(field) => negotiated(came, field, hello, least),
        None => None,
    };
    let (every, timeout) = (time(&hello.every), time(&hello.timeout));
    if every.is_none() && timeout.is_none() {
        return false;
    }
    // A server's heartbeat has no other time than the server's own.
    let hand = plan.given;
    if every.is_some() && plan.every.is_some() && (!hand.every || plan.role != Role::Send) {
        plan.every = every;
    }
    if let Some(timeout) = timeout.filter(|_| !hand.timeout) {
        plan.timeout = timeout;
    }
    plan.hello = None;
    true
}

/// A number of a header field in a hello with lines (`heart-beat:0,10000` of STOMP 1.2): the server wants no heartbeat
/// more often than that, and we none more often than `least`. `field` is its name and the number's place, from 1.
fn negotiated(came: &Came<'_>, field: &str, hello: &Hello, least: Option<Span>) -> Option<Span> {
    let (name, place) = field.split_once('#')?;
    let place = place.parse::<usize>().ok()?.checked_sub(1)?;
    let value = came.text?.lines().take_while(|line| !line.is_empty()).find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then_some(value)
    })?;
    let wanted = value.split(',').nth(place)?.trim().parse::<f64>().ok()? * hello.unit.seconds();
    let wanted = (TIME_MIN..=TIME_MAX).contains(&wanted).then(|| Span::from_seconds(wanted))?;
    Some(least.map_or(wanted, |least| least.max(wanted)))
}

fn time_at(came: &Came<'_>, pointer: &str, hello: &Hello) -> Option<Span> {
    let value = came.value(pointer)?;
    let number = value.as_f64().or_else(|| value.as_str()?.parse::<f64>().ok())?;
    let seconds = number * hello.unit.seconds();
    (TIME_MIN..=TIME_MAX).contains(&seconds).then(|| Span::from_seconds(seconds))
}

#[cfg(test)]
mod tests;
