//! Reasons of a Close in the application's own words, where neither the code nor the product tells the cause. Owns the
//! common words and what they mean; the words of known servers are `close_codes`', those of products `product_codes`'.

use crate::diagnose::facts::says;

/// What such words mean. The text is free, so it is likely at the most.
pub(super) struct Reason {
    words: &'static [&'static str],
    pub(super) cause: &'static str,
    pub(super) help: &'static str,
}

const fn reason(words: &'static [&'static str], cause: &'static str, help: &'static str) -> Reason {
    Reason { words, cause, help }
}

/// Tried in this order: `authentication timeout` is no want of a right, `session expired` no wrong session.
const REASONS: &[Reason] = &[
    reason(
        &["auth timeout", "authentication time", "authorization time", "login timeout", "handshake timeout"],
        "the first message, with the credentials, did not come in time",
        "send the message that its clients log in by right after the open: -x MESSAGE",
    ),
    reason(
        &["expired", "session timeout", "session timed out"],
        "a token or a session that is no longer valid",
        "get a new one and connect with that, and renew it before it ends; the old one is refused again",
    ),
    reason(
        &["origin not", "origin mismatch", "invalid origin", "bad origin", "unknown origin", "wrong origin"],
        "the server does not accept our Origin, and judges it after the upgrade",
        "try the Origin of the page by --origin URL, and add it to the server's list",
    ),
    reason(
        &["rate limit", "ratelimit", "rate-limit", "too many requests", "too many messages", "throttl", "flood"],
        "a limit on the number of messages or requests",
        "send less often, then reconnect after a long pause",
    ),
    reason(
        &["too many conn", "too many clients", "too many sessions", "connection limit", "max connections"],
        "a limit on the number of connections, of this user or of the server",
        "close connections that are no longer used, then reconnect after a pause; or raise the limit where it is set",
    ),
    reason(
        &[
            "duplicate",
            "another connection",
            "another session",
            "another client",
            "another device",
            "another location",
            "another tab",
            "elsewhere",
            "replaced",
            "superseded",
            "already connected",
            "newer connection",
            "new connection from",
        ],
        "another connection of the same user or client took its place",
        "let each user or client id hold one connection: two that reconnect push each other out for ever",
    ),
    reason(
        &["forbidden", "permission", "access denied", "insufficient scope"],
        "credentials without this right",
        "use credentials that have the right, or ask for it; the same ones are refused again",
    ),
    reason(
        &["not allowed", "not permitted"],
        "something that the application does not allow: what was sent, or these credentials",
        "look at what was sent before the end (-vv), then at the rights of the credentials",
    ),
    reason(
        &[
            "unauthor",
            "unauthenticated",
            "not authenticated",
            "authentication",
            "authorization",
            "auth failed",
            "auth required",
            "invalid token",
            "token invalid",
            "token is",
            "token not",
            "token re",
            "no token",
            "bad token",
            "wrong token",
            "missing token",
            "token missing",
            "jwt",
            "credential",
            "api key",
            "apikey",
            "login required",
            "not logged in",
            "invalid session",
            "unknown session",
        ],
        "credentials that are missing or not accepted",
        "send those that the server asks for (-H 'Authorization: Bearer ...', the query, or a first message by -x)",
    ),
    reason(
        &["heartbeat", "ping timeout", "pong timeout", "no pong", "missed ping", "missed pong", "keepalive"],
        "a heartbeat that the application waits for did not come from this side in time",
        "send what its clients send: --heartbeat-send text:TEXT, with --heartbeat well below its limit",
    ),
    reason(
        &["idle", "inactiv"],
        "an idle limit of the application's own, which may count messages only",
        "send heartbeats well before the limit, by a message where pings do not help (--heartbeat-send text:TEXT)",
    ),
    reason(
        &["restart", "shutting down", "shutdown", "going away", "maintenance", "deploy", "upgrading"],
        "a restart, a deployment or the end of the server",
        "reconnect with a growing, random pause",
    ),
    reason(
        &["kicked", "banned", "user blocked", "blocked by", "suspended", "account disabled"],
        "somebody, or a rule of the application, shut this user or client out",
        "ask who runs the application; reconnecting does not help",
    ),
    reason(
        &["not found", "no such", "does not exist", "unknown room", "unknown channel"],
        "what the URL or a message names is not there",
        "correct the name in the path, the query or the message",
    ),
    reason(
        &["malformed", "invalid json", "invalid message", "invalid payload", "bad message", "parse error", "not parse"],
        "a message or a parameter of ours that the application cannot read",
        "correct it; -vv shows what was sent",
    ),
];

/// What this reason says; none when it is empty, or in words that are not known.
pub(super) fn told(reason: &str) -> Option<&'static Reason> {
    REASONS.iter().find(|known| known.words.iter().any(|words| says(reason, words)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn common_words_have_a_meaning() {
        for (words, cause) in [
            ("Token expired", "no longer valid"),
            ("session expired", "no longer valid"),
            ("Invalid token", "missing or not accepted"),
            ("token revoked", "missing or not accepted"),
            ("Unauthorized", "missing or not accepted"),
            ("missing API key", "missing or not accepted"),
            ("Authentication timeout", "did not come in time"),
            ("Forbidden", "without this right"),
            ("Rate limit exceeded", "number of messages"),
            ("too many connections", "number of connections"),
            ("duplicate connection", "took its place"),
            ("Logged in elsewhere", "took its place"),
            ("heartbeat missed", "heartbeat"),
            ("idle timeout", "idle limit"),
            ("IDLE_TIMEOUT", "idle limit"),
            ("sessionIdle", "idle limit"),
            ("binary frames are not allowed", "what was sent"),
            ("server restart", "restart"),
            ("Server shutting down", "restart"),
            ("room not found", "is not there"),
            ("malformed frame", "cannot read"),
            ("you were kicked", "shut"),
            ("Origin not allowed", "Origin"),
        ] {
            let cause_told = told(words).unwrap().cause;
            assert!(cause_told.contains(cause), "{words}: {cause_told}");
        }
        for words in [
            "",
            "bye",
            "done",
            "4001",
            "oops",
            "see you",
            "original left",
            "token limit exceeded",
            "rejected by middleware",
            "in the MIDDLE",
        ] {
            assert!(told(words).is_none(), "{words}");
        }
    }

    #[test]
    fn every_row_is_ascii_and_has_words_in_small_letters() {
        for row in REASONS {
            assert!(row.cause.is_ascii() && row.help.is_ascii() && !row.words.is_empty(), "{}", row.cause);
            assert!(row.words.iter().all(|words| *words == words.to_ascii_lowercase()), "{:?}", row.words);
        }
    }
}
