//! Presets in words: one of them for `wscope explain`, all of them as `docs/heartbeats.md`. Owns these texts.

use super::{Preset, builtin, find};
use crate::event::show;
use crate::moment::Span;
use crate::watch::heartbeat::{Answer, Plan, Role, Send};

/// One preset, in lines.
pub fn describe(name: &str) -> Option<String> {
    let preset = find(builtin(), name)?;
    let plan = &preset.plan;
    let mut lines = vec![format!("{}: {}", preset.name, preset.what)];
    lines.push(format!("  heartbeat:   {}", plan.words().unwrap_or_else(|| "off".into())));
    if let Some(answer) = awaited(plan) {
        lines.push(format!("  {answer}"));
    }
    for respond in &plan.respond {
        lines.push(format!("  answered:    {} with {}", respond.on.words(), show::quoted(&respond.reply.source())));
    }
    if let Some(after) = &plan.after {
        lines.push(format!("  begins with: {}", after.words()));
    }
    for first in &preset.first {
        lines.push(format!("  send first:  {}", show::quoted(first)));
    }
    if let Some(subprotocol) = &preset.subprotocol {
        lines.push(format!("  subprotocol: {subprotocol}"));
    }
    if let Some(query) = &preset.query {
        lines.push(format!("  in the URL:  {query}"));
    }
    if !preset.verified {
        lines.push("  not verified: from practice, not from the product's source".into());
    }
    lines.push(format!("  use it with  --heartbeat-send {}", preset.name));
    Some(lines.join("\n"))
}

fn awaited(plan: &Plan) -> Option<String> {
    let answer = match &plan.answer {
        Answer::Any | Answer::Match | Answer::None => return None,
        other => other.words(),
    };
    let heading = if plan.role == Role::Send { "answer:     " } else { "it sends:   " };
    Some(format!("{heading} {answer}"))
}

/// The whole of `docs/heartbeats.md`.
pub fn heartbeats_markdown() -> String {
    let mut page = String::from(HEAD);
    for preset in builtin() {
        page.push_str(&row(preset));
    }
    page.push_str(TAIL);
    page
}

fn row(preset: &Preset) -> String {
    let plan = &preset.plan;
    let role = match plan.role {
        Role::Send => "send",
        Role::Respond => "respond",
        Role::Observe => "observe",
    };
    let seconds = |time: Span| format!("{} s", time.seconds());
    let cells = [
        format!("`{}`", preset.name),
        preset.what.clone(),
        role.into(),
        sent(plan),
        cell(&plan.answer.words()),
        plan.every.map_or_else(|| "off".into(), seconds),
        seconds(plan.timeout),
        plan.after.as_ref().map_or_else(String::new, |after| cell(&after.words())),
        preset.first.iter().map(|first| code(first)).collect::<Vec<String>>().join(" "),
        String::from(if preset.verified { "yes" } else { "no" }),
    ];
    format!("| {} |\n", cells.join(" | "))
}

/// What we send: our own, and our answers.
fn sent(plan: &Plan) -> String {
    let mut parts = Vec::new();
    if plan.role == Role::Send {
        parts.push(match &plan.send {
            Send::Ping => "a ping".into(),
            Send::Text(text) => code(text),
            Send::Binary(bytes) => format!("binary {}", cell(&show::bytes(bytes))),
            Send::Template { text, .. } => code(&text.source()),
        });
    }
    for respond in &plan.respond {
        let gzip = if respond.gzip { " in gzip" } else { "" };
        parts.push(format!("to {}{gzip}: {}", cell(&respond.on.words()), code(&respond.reply.source())));
    }
    if parts.is_empty() { "nothing".into() } else { parts.join("; ") }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn code(text: &str) -> String {
    let shown = show::safe(text);
    if shown.contains('`') { cell(&shown) } else { format!("`{}`", cell(&shown)) }
}

const HEAD: &str = "# Heartbeats\n\
    \n\
    The named heartbeats of `--heartbeat-send NAME` and `--heartbeat-preset NAME`. This page is written from\n\
    `src/watch/presets/table.toml`, and a test keeps it fresh. `wscope explain NAME` shows one of them.\n\
    \n\
    *send*: wscope begins, and the answer settles it. *respond*: the server begins, and wscope answers. *observe*: the\n\
    server begins, and no answer is due. In the last two roles a heartbeat is missed when the server has been silent for\n\
    interval and deadline together; where an answer is named, only such a message of the server's counts.\n\
    \n\
    Where a beginning is named, plain pings go out until the server has sent that message. In texts, `{n}` is the\n\
    heartbeat's number, `{seq}` the server's last count or null, `{ts}` milliseconds of the wall clock, `{uuid}` a unique\n\
    identifier, and `{/path}` a value of the message that is answered.\n\
    \n\
    `--heartbeat-send auto` begins with pings and takes the preset of the product that the chosen subprotocol or the\n\
    first message of the server tells; it says which and why. Times that the server's hello names beat the table's, and a\n\
    flag given by hand beats both, except that the server's own interval is the server's.\n\
    \n\
    | name | whose | role | sent by us | answer, or heartbeat of the server | interval | deadline | begins with \
    | client sends first | verified |\n\
    |---|---|---|---|---|---|---|---|---|---|\n";

const TAIL: &str = "\n\
    *verified*: payload and answer were read in the product's source or documentation; otherwise they are from practice.\n\
    \n\
    ## A file of your own\n\
    \n\
    `--heartbeat-file FILE.toml` adds presets; one of the same name replaces the built-in one. `--heartbeat-preset NAME`\n\
    or `--heartbeat-send auto` beside it takes them.\n\
    \n\
    ```toml\n\
    [[preset]]\n\
    name = \"ours\"\n\
    what = \"our own server\"\n\
    role = \"send\"                       # or respond, observe\n\
    send = 'text:{\"op\":\"ping\",\"id\":{n}}' # or ping, hex:...\n\
    answer = { \"/op\" = \"pong\", \"/id\" = \"{n}\" } # or any, match, none, ping, text:..., regex:..., hex:...\n\
    respond = [{ on = \"text:ping\", reply = \"text:pong\" }]\n\
    every = \"25s\"\n\
    timeout = \"10s\"\n\
    clock = \"idle\"                      # or fixed\n\
    jitter = true                       # optional: the first one after a random part, with clock = \"fixed\"\n\
    misses = 1\n\
    after = { \"/op\" = \"welcome\" }       # optional: plain pings until then\n\
    hello = { starts = \"{\", every = \"/interval\", unit = \"s\" } # optional\n\
    ```\n\
    \n\
    An error names its line: `line 8: expected every as a duration such as \"25s\", got 25`.\n";
