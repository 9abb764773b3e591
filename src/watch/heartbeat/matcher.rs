//! What a message must look like to be an answer, or the server's heartbeat, and how such a heartbeat is answered. Owns the
//! comparison; when it counts is the machine's.

use std::io::Read;

use flate2::read::GzDecoder;

use super::Payload;
use super::plan::{Answer, Respond};
use super::template::{Came, Filling, Template, plain};

/// A heartbeat that unfolds to more is none.
const UNFOLDED_MAX: u64 = 64 * 1024;

impl Answer {
    /// Is this message it? The filling is that of the heartbeat which it would answer.
    pub(super) fn is_met(&self, came: &Came<'_>, filling: &Filling<'_>) -> bool {
        match self {
            Answer::Text(wanted) => came.text == Some(wanted.as_str()),
            Answer::Regex(wanted) => came.text.is_some_and(|text| wanted.is_match(text)),
            Answer::Json(tests) => is_json(tests, came, filling),
            Answer::Bytes(wanted) => came.text.is_none() && came.bytes == wanted.as_slice(),
            Answer::Any | Answer::Match | Answer::PeerPing | Answer::None => false,
        }
    }
}

fn is_json(tests: &[(String, Template)], came: &Came<'_>, filling: &Filling<'_>) -> bool {
    let Some(text) = came.text else { return false };
    // Almost every message is none: a look at the wanted words must do before it is read as JSON.
    let may_be = |value: &Template| value.literal().is_none_or(|word| word == "*" || text.contains(word));
    if !tests.iter().all(|(_, value)| may_be(value)) {
        return false;
    }
    tests.iter().all(|(pointer, wanted)| match came.value(pointer) {
        Some(_) if wanted.literal() == Some("*") => true,
        Some(value) => plain(&value) == wanted.fill(filling),
        None => false,
    })
}

impl Respond {
    /// Our answer to this message, if it is such a heartbeat.
    pub(super) fn answer(&self, came: &Came<'_>, filling: &Filling<'_>) -> Option<Payload> {
        if !self.gzip {
            return self.plain_answer(came, filling);
        }
        if came.text.is_some() {
            return None;
        }
        let text = unfold(came.bytes)?;
        self.plain_answer(&Came::new(Some(&text), text.as_bytes()), filling)
    }

    fn plain_answer(&self, came: &Came<'_>, filling: &Filling<'_>) -> Option<Payload> {
        if !self.on.is_met(came, filling) {
            return None;
        }
        let groups = self.groups(came);
        let text = self.reply.fill(&Filling { came: Some(came), groups: &groups, ..*filling });
        Some(if self.binary { Payload::Binary(text.into_bytes()) } else { Payload::Text(text) })
    }

    fn groups(&self, came: &Came<'_>) -> Vec<String> {
        let (Answer::Regex(regex), Some(text)) = (&self.on, came.text) else { return Vec::new() };
        let Some(captures) = regex.captures(text) else { return Vec::new() };
        captures.iter().map(|group| group.map_or_else(String::new, |group| group.as_str().into())).collect()
    }
}

/// The text in a gzip member (RFC 1952); none for anything else.
fn unfold(bytes: &[u8]) -> Option<String> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return None;
    }
    let mut text = String::new();
    GzDecoder::new(bytes).take(UNFOLDED_MAX).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use regex::Regex;

    use super::*;

    fn json(tests: &[(&str, &str)]) -> Answer {
        Answer::Json(tests.iter().map(|(pointer, value)| ((*pointer).into(), Template::new(value))).collect())
    }

    fn respond(on: Answer, reply: &str) -> Respond {
        Respond { on, reply: Template::new(reply), binary: false, gzip: false }
    }

    #[test]
    fn json_is_compared_value_by_value_with_the_heartbeats_own_number() {
        let own = json(&[("/1", "{n}"), ("/3", "phx_reply")]);
        let filling = Filling { number: 3, ..Filling::default() };
        let reply = |number: u32| format!(r#"[null,"{number}","phoenix","phx_reply",{{"status":"ok"}}]"#);
        for (text, met) in [
            (reply(3), true),
            (reply(4), false),
            (r#"{"1":"3"}"#.into(), false),
            ("phx_reply".into(), false),
            (r#"{"1":3,"3":"phx_reply"}"#.into(), true),
        ] {
            assert_eq!(own.is_met(&Came::new(Some(&text), text.as_bytes()), &filling), met, "{text}");
        }
        let any = json(&[("/id", "*")]);
        assert!(any.is_met(&Came::new(Some(r#"{"id":"x"}"#), b""), &filling));
        assert!(!any.is_met(&Came::new(Some(r#"{"ID":"x"}"#), b""), &filling));
    }

    #[test]
    fn a_heartbeat_is_answered_with_its_own_values() {
        let texts = [
            (respond(Answer::Text("2".into()), "3"), "2", Some("3")),
            (respond(Answer::Text("2".into()), "3"), "2probe", None),
            (respond(json(&[("/ping", "*")]), r#"{"pong":{/ping}}"#), r#"{"ping":15}"#, Some(r#"{"pong":15}"#)),
            (
                respond(Answer::Regex(Regex::new("^PING (.+?)\r?\n?$").unwrap()), "PONG {1}"),
                "PING :tmi.twitch.tv\r\n",
                Some("PONG :tmi.twitch.tv"),
            ),
        ];
        for (respond, text, reply) in texts {
            let answer = respond.answer(&Came::new(Some(text), text.as_bytes()), &Filling::default());
            assert_eq!(answer, reply.map(|reply| Payload::Text(reply.into())), "{text}");
        }
    }

    #[test]
    fn a_compressed_heartbeat_is_unfolded_first() {
        // gzip -n of {"ping":18212558000}
        let packed = [
            0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xab, 0x56, 0x2a, 0xc8, 0xcc, 0x4b, 0x57, 0xb2,
            0x32, 0xb4, 0x30, 0x32, 0x34, 0x32, 0x35, 0xb5, 0x30, 0x30, 0x30, 0xa8, 0x05, 0x00, 0x53, 0xa1, 0x30, 0x3f,
            0x14, 0x00, 0x00, 0x00,
        ];
        let huobi = Respond { gzip: true, ..respond(json(&[("/ping", "*")]), r#"{"pong":{/ping}}"#) };
        let answer = |bytes: &[u8]| huobi.answer(&Came::new(None, bytes), &Filling::default());
        assert_eq!(answer(&packed), Some(Payload::Text(r#"{"pong":18212558000}"#.into())));
        assert_eq!((answer(b"\x1f\x8bxx"), answer(b"")), (None, None));
        assert_eq!(huobi.answer(&Came::new(Some(r#"{"ping":1}"#), b""), &Filling::default()), None);
    }
}
