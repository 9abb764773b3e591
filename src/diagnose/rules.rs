//! A user's own rules for refusals, closes and time limits: what an organisation knows of its own gateways. Owns the
//! TOML format (`docs/rules.md`), its errors, and what a rule changes in a finding: cause, help and a line of evidence,
//! never the code or the severity. Reading the file is `cli`'s.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::{Spanned, Value};

use crate::diagnose::ends::Dropped;
use crate::diagnose::facts::{Facts, contains};
use crate::event::finding::Confidence::Likely;
use crate::event::{Ended, Finding, How, show, toml_words};
use crate::moment::Span;
use crate::wire::head::Head;

/// More is no file that a person wrote.
const RULES_MAX: usize = 1000;
/// The longest text in a rule, in characters.
const TEXT_MAX: usize = 300;
/// The most lines of configuration.
const LINES_MAX: usize = 30;
/// So many characters of a wrong value are shown.
const SHOWN_MAX: usize = 40;
/// The longest limit: 30 days.
const SECONDS_MAX: u64 = 30 * 24 * 3600;

/// All rules of a file, in its order: the first that fits counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    refused: Vec<Refused>,
    closed: Vec<Closed>,
    limits: Vec<Limit>,
}

/// What a rule puts in place of the finding's own cause and help.
#[derive(Clone, Debug, PartialEq)]
struct Advice {
    name: String,
    cause: String,
    help: String,
    lines: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
struct Refused {
    status: Vec<u16>,
    /// A name, or a name and a part of its value.
    header: Option<(String, String)>,
    server: Option<String>,
    body: Option<String>,
    reason: Option<String>,
    advice: Advice,
}

#[derive(Clone, Debug, PartialEq)]
struct Closed {
    code: Vec<u16>,
    reason: Option<String>,
    server: Option<String>,
    advice: Advice,
}

#[derive(Clone, Debug, PartialEq)]
struct Limit {
    length: Span,
    is_lifetime: bool,
    server: Option<String>,
    advice: Advice,
}

impl Rules {
    /// The finding of a refusal, as the first rule that fits has it.
    pub fn refused(&self, finding: Finding, facts: &Facts, status: u16, reason: &str) -> Finding {
        let body = facts.body_text();
        let fits = |rule: &&Refused| {
            (rule.status.is_empty() || rule.status.contains(&status))
                && rule.header.as_ref().is_none_or(|header| has_header(facts.answer.as_ref(), header))
                && is_part(rule.server.as_deref(), facts.server())
                && is_part(rule.body.as_deref(), Some(&body))
                && is_part(rule.reason.as_deref(), Some(reason))
        };
        apply(finding, self.refused.iter().find(fits).map(|rule| &rule.advice))
    }

    /// The finding of one drop, as the first rule that fits has it; only ends by a Close frame have rules.
    pub fn closed(&self, finding: Finding, dropped: &Dropped) -> Finding {
        let (How::Close { code, reason } | How::CloseThenCut { code, reason }) = &dropped.ended.how else {
            return finding;
        };
        // 1005 stands for a Close frame without a code.
        let code = code.unwrap_or(1005);
        let fits = |rule: &&Closed| {
            (rule.code.is_empty() || rule.code.contains(&code))
                && is_part(rule.reason.as_deref(), Some(reason))
                && is_part(rule.server.as_deref(), dropped.server())
        };
        apply(finding, self.closed.iter().find(fits).map(|rule| &rule.advice))
    }

    /// The finding `idle-limit` or `lifetime-limit` of these drops, as the first rule that fits has it.
    pub fn limit(&self, finding: Finding, drops: &[&Dropped]) -> Finding {
        let advice = self.limit_of(finding.code, drops);
        apply(finding, advice)
    }

    /// Who sets the limit that a finding of this code on these drops has, by the rule that fits.
    pub fn limit_setter(&self, code: &str, drops: &[&Dropped]) -> Option<&str> {
        self.limit_of(code, drops).map(|advice| advice.name.as_str())
    }

    fn limit_of(&self, code: &str, drops: &[&Dropped]) -> Option<&Advice> {
        let is_lifetime = match code {
            "idle-limit" => false,
            "lifetime-limit" => true,
            _ => return None,
        };
        let fits = |rule: &&Limit| {
            rule.is_lifetime == is_lifetime
                && !drops.is_empty()
                && drops
                    .iter()
                    .all(|dropped| is_part(rule.server.as_deref(), dropped.server()) && is_after(&dropped.ended, rule))
        };
        self.limits.iter().find(fits).map(|rule| &rule.advice)
    }
}

fn apply(finding: Finding, advice: Option<&Advice>) -> Finding {
    let Some(advice) = advice else { return finding };
    finding
        .saw(format!("your rule {}", advice.name))
        .because(Likely, advice.cause.as_str())
        .advise(advice.help.as_str())
        .paste_lines(advice.lines.clone())
}

fn is_part(wanted: Option<&str>, text: Option<&str>) -> bool {
    wanted.is_none_or(|wanted| text.is_some_and(|text| contains(text, wanted)))
}

fn has_header(head: Option<&Head>, (name, part): &(String, String)) -> bool {
    head.is_some_and(|head| head.all(name).any(|value| contains(value, part)))
}

/// Within 1 s or 3 % of the limit.
fn is_after(ended: &Ended, rule: &Limit) -> bool {
    let limit = rule.length.nanos();
    let leeway = (limit / 100 * 3).max(Span::from_secs(1).nanos());
    let near = |span: Span| span.nanos().abs_diff(limit) <= leeway;
    match rule.is_lifetime {
        true => near(ended.age),
        false => near(ended.quiet_in) || near(ended.quiet_out),
    }
}

type Fields = BTreeMap<String, Spanned<Value>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    refused: Vec<Spanned<Fields>>,
    #[serde(default)]
    closed: Vec<Spanned<Fields>>,
    #[serde(default)]
    limit: Vec<Spanned<Fields>>,
}

/// Reads a rule file.
///
/// # Errors
/// One line: where, what was expected, what there was.
pub fn parse(text: &str) -> Result<Rules, String> {
    let file: File = toml::from_str(text).map_err(|error| toml_words::wrong(text, &error))?;
    match file.refused.len() + file.closed.len() + file.limit.len() {
        0 => return Err("expected at least one [[refused]], [[closed]] or [[limit]], got none".into()),
        1..=RULES_MAX => {}
        count => return Err(too_many(text, &file, count)),
    }
    names_once(text, file.refused.iter().chain(&file.closed))?;
    Ok(Rules {
        refused: file.refused.iter().map(|table| refused(&Table::of(text, table))).collect::<Result<_, _>>()?,
        closed: file.closed.iter().map(|table| closed(&Table::of(text, table))).collect::<Result<_, _>>()?,
        limits: file.limit.iter().map(|table| limit(&Table::of(text, table))).collect::<Result<_, _>>()?,
    })
}

/// The line is that of the first rule too many.
fn too_many(text: &str, file: &File, count: usize) -> String {
    let tables = file.refused.iter().chain(&file.closed).chain(&file.limit);
    let mut starts: Vec<usize> = tables.map(|table| table.span().start).collect();
    starts.sort_unstable();
    let line = starts.get(RULES_MAX).map_or(1, |start| toml_words::line_at(text, *start));
    format!("line {line}: expected at most {RULES_MAX} rules, got {count}")
}

/// A finding names the rule that fits: two of one name could not be told apart.
fn names_once<'a>(text: &str, tables: impl Iterator<Item = &'a Spanned<Fields>>) -> Result<(), String> {
    let mut seen: Vec<&str> = Vec::new();
    for table in tables {
        let Some(name) = table.get_ref().get("name").and_then(|name| name.get_ref().as_str()) else { continue };
        if seen.contains(&name) {
            let line = toml_words::line_at(text, table.span().start);
            return Err(format!("line {line}: expected each name once, got {} again", show::quoted(name)));
        }
        seen.push(name);
    }
    Ok(())
}

fn refused(table: &Table<'_>) -> Result<Refused, String> {
    const CONDITIONS: &[&str] = &["status", "header", "server", "body", "reason"];
    table.has_only(CONDITIONS, &["name", "cause", "help", "lines"])?;
    Ok(Refused {
        status: table.numbers("status", 100, 599)?,
        header: table.header()?,
        server: table.text("server")?,
        body: table.text("body")?,
        reason: table.text("reason")?,
        advice: table.advice()?,
    })
}

fn closed(table: &Table<'_>) -> Result<Closed, String> {
    const CONDITIONS: &[&str] = &["code", "reason", "server"];
    table.has_only(CONDITIONS, &["name", "cause", "help", "lines"])?;
    Ok(Closed {
        code: table.numbers("code", 1000, 4999)?,
        reason: table.text("reason")?,
        server: table.text("server")?,
        advice: table.advice()?,
    })
}

fn limit(table: &Table<'_>) -> Result<Limit, String> {
    table.has_only(&["seconds"], &["kind", "product", "server", "knob", "lines"])?;
    let seconds = table.seconds()?;
    let kind = table.required("kind")?;
    let is_lifetime = match kind.as_str() {
        "idle" => false,
        "lifetime" => true,
        _ => return Err(table.wrong("kind", "\"idle\" or \"lifetime\"")),
    };
    let product = table.required("product")?;
    let words = if is_lifetime { "a maximum age" } else { "an idle limit" };
    let cause = format!("{product} sets {words} of {}", show::whole(seconds));
    let advice = Advice { name: product, cause, help: table.required("knob")?, lines: table.lines()? };
    Ok(Limit { length: Span::from_secs(seconds), is_lifetime, server: table.text("server")?, advice })
}

/// One rule as it stands in the file.
struct Table<'a> {
    text: &'a str,
    line: usize,
    fields: &'a Fields,
}

impl<'a> Table<'a> {
    fn of(text: &'a str, table: &'a Spanned<Fields>) -> Table<'a> {
        Table { text, line: toml_words::line_at(text, table.span().start), fields: table.get_ref() }
    }

    /// Every key is known, and at least one condition is there: a rule without one would fit everything.
    fn has_only(&self, conditions: &[&str], others: &[&str]) -> Result<(), String> {
        for (key, value) in self.fields {
            if !conditions.contains(&key.as_str()) && !others.contains(&key.as_str()) {
                let line = toml_words::line_at(self.text, value.span().start);
                let keys = [conditions, others].concat().join(", ");
                return Err(format!("line {line}: expected one of {keys}, got {}", show::quoted(key)));
            }
        }
        if self.fields.keys().any(|key| conditions.contains(&key.as_str())) {
            return Ok(());
        }
        let expected = conditions.join(", ");
        let expected = if conditions.len() == 1 { expected } else { format!("at least one of {expected}") };
        Err(format!("line {}: expected {expected} in the rule, got none", self.line))
    }

    fn wrong(&self, key: &str, expected: &str) -> String {
        match self.fields.get(key) {
            None => format!("line {}: expected {key} {expected}, got none", self.line),
            Some(value) => {
                let line = toml_words::line_at(self.text, value.span().start);
                format!("line {line}: expected {key} {expected}, got {}", shown(value.get_ref()))
            }
        }
    }

    fn text(&self, key: &str) -> Result<Option<String>, String> {
        let Some(value) = self.fields.get(key) else { return Ok(None) };
        match value.get_ref().as_str().and_then(plain) {
            Some(text) => Ok(Some(text)),
            None => Err(self.wrong(key, &format!("a text of 1 to {TEXT_MAX} characters on one line"))),
        }
    }

    /// `NAME`, or `NAME: PART`.
    fn header(&self) -> Result<Option<(String, String)>, String> {
        let Some(header) = self.text("header")? else { return Ok(None) };
        let (name, part) = header.split_once(':').unwrap_or((header.as_str(), ""));
        match name.trim() {
            "" => Err(self.wrong("header", "NAME or NAME: PART")),
            name => Ok(Some((name.to_owned(), part.trim().to_owned()))),
        }
    }

    fn required(&self, key: &str) -> Result<String, String> {
        self.text(key)?.ok_or_else(|| self.wrong(key, "a text in the rule"))
    }

    fn advice(&self) -> Result<Advice, String> {
        Ok(Advice {
            name: self.required("name")?,
            cause: self.required("cause")?,
            help: self.required("help")?,
            lines: self.lines()?,
        })
    }

    fn lines(&self) -> Result<Vec<String>, String> {
        let Some(value) = self.fields.get("lines") else { return Ok(Vec::new()) };
        let expected = format!("a list of at most {LINES_MAX} texts of one line");
        let Some(list) = value.get_ref().as_array() else { return Err(self.wrong("lines", &expected)) };
        let wrong = |got: String| {
            let line = toml_words::line_at(self.text, value.span().start);
            format!("line {line}: expected lines {expected}, got {got}")
        };
        if list.len() > LINES_MAX {
            return Err(wrong(format!("{} of them", list.len())));
        }
        let text = |line: &Value| line.as_str().and_then(plain).ok_or_else(|| wrong(format!("{} in it", shown(line))));
        list.iter().map(text).collect()
    }

    /// One number or a list of them; empty when the key is not there.
    fn numbers(&self, key: &str, from: u16, to: u16) -> Result<Vec<u16>, String> {
        let Some(value) = self.fields.get(key) else { return Ok(Vec::new()) };
        let wrong = || self.wrong(key, &format!("{from} to {to}"));
        let one = |value: &Value| {
            let number = value.as_integer().and_then(|number| u16::try_from(number).ok());
            number.filter(|number| (from..=to).contains(number))
        };
        match value.get_ref() {
            Value::Array(list) if !list.is_empty() => list.iter().map(|number| one(number).ok_or_else(wrong)).collect(),
            single => Ok(vec![one(single).ok_or_else(wrong)?]),
        }
    }

    fn seconds(&self) -> Result<u64, String> {
        let number = self.fields.get("seconds").and_then(|value| value.get_ref().as_integer());
        let number = number.and_then(|number| u64::try_from(number).ok());
        let wrong = || self.wrong("seconds", &format!("a whole number from 1 to {SECONDS_MAX}"));
        number.filter(|number| (1..=SECONDS_MAX).contains(number)).ok_or_else(wrong)
    }
}

/// A wrong value, as it is shown.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => show::quoted(&text.chars().take(SHOWN_MAX).collect::<String>()),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => format!("{number:?}"),
        Value::Boolean(word) => word.to_string(),
        Value::Datetime(_) => "a date".into(),
        Value::Array(_) => "a list with another value in it".into(),
        Value::Table(_) => "a table".into(),
    }
}

/// The text, if it is one line that can be shown.
fn plain(text: &str) -> Option<String> {
    let is_fit = (1..=TEXT_MAX).contains(&text.chars().count()) && !text.trim().is_empty();
    (is_fit && show::safe(text) == text).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
