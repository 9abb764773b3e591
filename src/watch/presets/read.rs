//! A table of presets in TOML becomes presets. Owns the grammar of its fields, and what is said of a wrong one: the line,
//! what was expected, what came.

use regex::Regex;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::Preset;
use crate::event::{show, toml_words};
use crate::moment::Span;
use crate::watch::heartbeat::{Answer, Clock, Hello, Plan, Respond, Role, Send, Template};

type Field<'i> = Spanned<DeValue<'i>>;

/// A shorter interval is a flood.
const TIME_LEAST: Span = Span::from_millis(1);
const ANSWERS: &str = "any, match, none, ping, text:..., regex:..., hex:... or a table of pointers";
const FIELDS: &str = "name, what, role, send, answer, respond, every, timeout, clock, jitter, misses, after, hello, first, \
                      subprotocol, query or verified";

/// The presets of a table.
///
/// # Errors
/// One line: `line 12: expected every as a duration such as "25s", got 25`.
pub fn parse(text: &str) -> Result<Vec<Preset>, String> {
    let source = Source { text };
    let table = DeTable::parse(text).map_err(|error| toml_words::wrong(text, &error))?;
    let mut presets: Vec<Preset> = Vec::new();
    for (key, value) in table.get_ref() {
        let rows = match (word(key), value.get_ref().as_array()) {
            ("preset", Some(rows)) => rows,
            ("preset", None) if value.get_ref().is_table() => {
                return Err(source.expected_at(key.span().start, "[[preset]] in double brackets", "[preset]"));
            }
            _ => return Err(source.expected_at(key.span().start, "[[preset]] and its fields", key.get_ref())),
        };
        for row in rows {
            let preset = source.preset(row)?;
            if super::find(&presets, &preset.name).is_some() {
                return Err(source.expected_at(row.span().start, "each name once", &preset.name));
            }
            presets.push(preset);
        }
    }
    if presets.is_empty() {
        return Err("expected at least one [[preset]], got none".into());
    }
    Ok(presets)
}

fn word<'a>(key: &'a Spanned<DeString<'_>>) -> &'a str {
    key.get_ref()
}

struct Source<'a> {
    text: &'a str,
}

impl Source<'_> {
    fn line(&self, place: usize) -> usize {
        toml_words::line_at(self.text, place)
    }

    fn expected_at(&self, place: usize, expected: &str, got: &str) -> String {
        format!("line {}: expected {expected}, got {}", self.line(place), show::safe(got))
    }

    fn expected(&self, field: &Field<'_>, expected: &str) -> String {
        let span = field.span();
        let raw = self.text.get(span.clone()).unwrap_or_default();
        self.expected_at(span.start, expected, raw.lines().next().unwrap_or_default())
    }

    fn preset(&self, row: &Field<'_>) -> Result<Preset, String> {
        let Some(table) = row.get_ref().as_table() else { return Err(self.expected(row, "[[preset]]")) };
        let mut preset = Preset {
            name: String::new(),
            what: String::new(),
            plan: Plan::default(),
            first: Vec::new(),
            subprotocol: None,
            query: None,
            verified: false,
        };
        let mut beats = false;
        for (key, value) in table {
            match word(key) {
                "name" => preset.name = self.name(value)?,
                "what" => preset.what = self.string("what", value)?,
                "subprotocol" => preset.subprotocol = Some(self.string("subprotocol", value)?),
                "query" => preset.query = Some(self.string("query", value)?),
                "first" => preset.first = self.strings(value)?,
                "verified" => {
                    let verified = value.get_ref().as_bool();
                    preset.verified = verified.ok_or_else(|| self.expected(value, "verified as true or false"))?;
                }
                other if self.plan_field(&mut preset.plan, other, value)? => beats = true,
                other => return Err(self.expected_at(key.span().start, FIELDS, other)),
            }
        }
        if preset.name.is_empty() {
            return Err(self.expected_at(row.span().start, "a preset with a name", "none"));
        }
        if !beats {
            let expected = format!("send, respond or every in the preset {}", preset.name);
            return Err(self.expected_at(row.span().start, &expected, "none of them"));
        }
        preset.plan.preset = Some(preset.name.clone());
        Ok(preset)
    }

    /// False when it is no field of a plan.
    fn plan_field(&self, plan: &mut Plan, key: &str, value: &Field<'_>) -> Result<bool, String> {
        match key {
            "role" => plan.role = self.role(value)?,
            "send" => plan.send = self.send(value)?,
            "answer" => plan.answer = self.answer("answer", value)?,
            "after" => plan.after = Some(Box::new(self.answer("after", value)?)),
            "respond" => plan.respond = self.responds(value)?,
            "every" if value.get_ref().as_str() == Some("off") => plan.every = None,
            "every" => plan.every = Some(self.time(key, value)?),
            "timeout" => plan.timeout = self.time(key, value)?,
            "clock" => plan.clock = self.clock(value)?,
            "misses" => plan.misses = self.misses(value)?,
            "jitter" => {
                let jitter = value.get_ref().as_bool();
                plan.jitter = jitter.ok_or_else(|| self.expected(value, "jitter as true or false"))?;
            }
            "hello" => plan.hello = Some(Box::new(self.hello(value)?)),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn string(&self, key: &str, value: &Field<'_>) -> Result<String, String> {
        let text = value.get_ref().as_str();
        text.map(str::to_owned).ok_or_else(|| self.expected(value, &format!("{key} as a text in quotes")))
    }

    fn strings(&self, value: &Field<'_>) -> Result<Vec<String>, String> {
        let Some(list) = value.get_ref().as_array() else {
            return Err(self.expected(value, "first as a list of texts"));
        };
        list.iter().map(|one| self.string("first", one)).collect()
    }

    fn name(&self, value: &Field<'_>) -> Result<String, String> {
        let name = self.string("name", value)?;
        let fine = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        if name.is_empty() || !name.chars().all(fine) {
            return Err(self.expected(value, "name in lower-case letters, digits and -"));
        }
        Ok(name)
    }

    fn role(&self, value: &Field<'_>) -> Result<Role, String> {
        match value.get_ref().as_str() {
            Some("send") => Ok(Role::Send),
            Some("respond") => Ok(Role::Respond),
            Some("observe") => Ok(Role::Observe),
            _ => Err(self.expected(value, "role as send, respond or observe")),
        }
    }

    fn clock(&self, value: &Field<'_>) -> Result<Clock, String> {
        match value.get_ref().as_str() {
            Some("idle") => Ok(Clock::Idle),
            Some("fixed") => Ok(Clock::Fixed),
            _ => Err(self.expected(value, "clock as idle or fixed")),
        }
    }

    fn misses(&self, value: &Field<'_>) -> Result<u32, String> {
        let count = value.get_ref().as_integer().and_then(|number| number.as_str().parse::<u32>().ok());
        count.filter(|count| *count > 0).ok_or_else(|| self.expected(value, "misses as a whole number from 1 on"))
    }

    fn time(&self, key: &str, value: &Field<'_>) -> Result<Span, String> {
        let time = value.get_ref().as_str().and_then(|text| humantime::parse_duration(text).ok()).map(Span::from);
        let fine = time.filter(|time| *time >= TIME_LEAST);
        fine.ok_or_else(|| self.expected(value, &format!("{key} as a duration such as \"25s\"")))
    }

    fn send(&self, value: &Field<'_>) -> Result<Send, String> {
        let wrong = || self.expected(value, "send as ping, text:... or hex:...");
        let written = value.get_ref().as_str().ok_or_else(wrong)?;
        if written == "ping" {
            return Ok(Send::Ping);
        }
        if let Some(text) = written.strip_prefix("text:") {
            let template = Template::new(text);
            return Ok(match template.literal() {
                Some(text) => Send::Text(text.into()),
                None => Send::Template { text: template, binary: false },
            });
        }
        written.strip_prefix("hex:").and_then(hex).map(Send::Binary).ok_or_else(wrong)
    }

    fn answer(&self, key: &str, value: &Field<'_>) -> Result<Answer, String> {
        if let Some(table) = value.get_ref().as_table() {
            return self.pointers(table);
        }
        let wrong = || self.expected(value, &format!("{key} as {ANSWERS}"));
        let written = value.get_ref().as_str().ok_or_else(wrong)?;
        if let Some(text) = written.strip_prefix("text:") {
            return Ok(Answer::Text(text.into()));
        }
        if let Some(regex) = written.strip_prefix("regex:") {
            return Regex::new(regex).map(Answer::Regex).map_err(|_| self.expected(value, "a regular expression"));
        }
        if let Some(digits) = written.strip_prefix("hex:") {
            return hex(digits).map(Answer::Bytes).ok_or_else(wrong);
        }
        match written {
            "any" => Ok(Answer::Any),
            "match" => Ok(Answer::Match),
            "none" => Ok(Answer::None),
            "ping" => Ok(Answer::PeerPing),
            _ => Err(wrong()),
        }
    }

    fn pointers(&self, table: &DeTable<'_>) -> Result<Answer, String> {
        let mut tests = Vec::new();
        for (pointer, value) in table {
            if !pointer.get_ref().starts_with('/') {
                let place = pointer.span().start;
                return Err(self.expected_at(place, "a JSON pointer such as \"/type\"", pointer.get_ref()));
            }
            let wanted = self.string("the value", value)?;
            tests.push((pointer.get_ref().to_string(), Template::new(&wanted)));
        }
        Ok(Answer::Json(tests))
    }

    fn responds(&self, value: &Field<'_>) -> Result<Vec<Respond>, String> {
        let expected = "respond as a list of { on = ..., reply = ... }";
        let Some(list) = value.get_ref().as_array() else { return Err(self.expected(value, expected)) };
        list.iter().map(|one| self.respond(one, expected)).collect()
    }

    fn respond(&self, field: &Field<'_>, expected: &str) -> Result<Respond, String> {
        let wrong = || self.expected(field, expected);
        let table = field.get_ref().as_table().ok_or_else(wrong)?;
        let on = self.answer("on", table.get("on").ok_or_else(wrong)?)?;
        let reply = self.string("reply", table.get("reply").ok_or_else(wrong)?)?;
        let text = reply.strip_prefix("text:").ok_or_else(|| self.expected(field, "reply as text:..."))?;
        let gzip = table.get("gzip").and_then(|gzip| gzip.get_ref().as_bool()).unwrap_or_default();
        Ok(Respond { on, reply: Template::new(text), binary: false, gzip })
    }

    fn hello(&self, field: &Field<'_>) -> Result<Hello, String> {
        let wrong = || self.expected(field, "hello as { starts, every, timeout, unit = \"ms\" or \"s\" }");
        let table = field.get_ref().as_table().ok_or_else(wrong)?;
        let text = |key: &str| table.get(key).map(|value| self.string(key, value)).transpose();
        let unit = match text("unit")?.as_deref() {
            Some("ms") => Span::from_millis(1),
            Some("s") => Span::from_secs(1),
            _ => return Err(wrong()),
        };
        Ok(Hello {
            starts: text("starts")?.unwrap_or_default(),
            every: text("every")?,
            timeout: text("timeout")?,
            unit,
        })
    }
}

fn hex(digits: &str) -> Option<Vec<u8>> {
    let compact: String = digits.split_whitespace().collect();
    data_encoding::HEXLOWER_PERMISSIVE.decode(compact.as_bytes()).ok()
}
