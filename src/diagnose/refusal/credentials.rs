//! 401 and 407: which credentials are wanted, and what is wrong with those that were sent (RFC 9110 section 11). Owns
//! the schemes and a token's own time; 403 and who denies it are `rights`'.

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;

use crate::diagnose::facts::contains;
use crate::diagnose::refusal::known::Answer;
use crate::diagnose::refusal::rights::own_words;
use crate::diagnose::skew;
use crate::event::finding::Confidence::{self, Certain, Likely, Possible};
use crate::event::{Finding, show};

/// 401 and 407.
pub(super) fn unauthorized(answer: &Answer<'_>) -> Finding {
    let (who, field) = match answer.status {
        407 => ("path", "Proxy-Authenticate"),
        _ => ("server side", "WWW-Authenticate"),
    };
    let sent = ["Authorization", "Cookie", "Proxy-Authorization"].iter().any(|name| answer.sent(name).is_some());
    let in_query = token_in_query(answer);
    let told = match sent || in_query {
        true => "the credentials sent are not accepted",
        false => "credentials are wanted, none were sent",
    };
    let challenges: Vec<&str> = answer.facts.answer.iter().flat_map(|head| head.all(field)).collect();
    let finding = Finding::of("upgrade-unauthorized", who, format!("{}: {told}", answer.said))
        .saw_all(challenges.iter().take(4).map(|wanted| format!("{field}: {}", show::quoted(wanted))))
        .saw_all(own_words(answer));
    if let Some((ago, sure)) = expired(answer) {
        let finding = finding.saw(ago).because(sure, "the token has expired");
        return finding.advise("get a new token, and send it by --bearer TOKEN");
    }
    match (challenges.is_empty(), answer.status) {
        (false, 401) => challenged(answer, finding, &schemes_of(&challenges)),
        (true, 401) => unchallenged(answer, finding, sent, in_query),
        _ => finding,
    }
}

/// The server names the schemes that it takes: any of them will do (RFC 9110 section 11.6.1).
fn challenged(answer: &Answer<'_>, finding: Finding, schemes: &[&str]) -> Finding {
    let usable = schemes.iter().find(|scheme| flag_of(scheme).is_some()).or(schemes.first());
    let Some(&usable) = usable else { return finding };
    let by = match flag_of(usable) {
        Some(flag) => format!("send it by {flag}"),
        None => "send what its other clients send, by -H 'Authorization: ...': there is no flag for it".into(),
    };
    if let Some(ours) = answer.sent("Authorization").map(scheme_of) {
        if schemes.iter().any(|scheme| scheme.eq_ignore_ascii_case(ours)) {
            // A user and a password do not expire as a token does.
            if ours.eq_ignore_ascii_case("Basic") {
                return finding
                    .because(Likely, "the user or the password is wrong")
                    .advise("check both, and send them by --auth USER:PASS");
            }
            let again = flag_of(ours).map_or(String::from("in the same way"), |flag| format!("by {flag}"));
            return finding
                .because(Likely, "the token or password is wrong or expired")
                .advise(format!("get a new one, and send it {again}"));
        }
        let asked: Vec<String> = schemes.iter().take(4).map(|scheme| show::safe(scheme)).collect();
        return finding
            .because(Certain, format!("{} was sent, {} is asked for", show::safe(ours), asked.join(" or ")))
            .advise(by);
    }
    match usable.to_ascii_lowercase().as_str() {
        "bearer" => finding
            .because(Likely, "no token was sent; a page cannot set this header, and sends it in a cookie or the query")
            .advise(by),
        "basic" => finding
            .because(Likely, "no user and password were sent; a page cannot set this header for a WebSocket")
            .advise("send them by --auth USER:PASS"),
        "negotiate" | "ntlm" => finding
            .because(Likely, "a login of Windows (Kerberos, NTLM) is wanted, which some browsers do by themselves")
            .advise("log in by a browser, and send the cookie that it gets by --cookie"),
        _ => finding,
    }
}

fn unchallenged(answer: &Answer<'_>, finding: Finding, sent: bool, in_query: bool) -> Finding {
    let in_its_words = contains(answer.body, "{\"message\":\"Unauthorized\"}");
    let passed = answer.passed("AWS API Gateway");
    if in_its_words || passed {
        let cause = "the API Gateway's authorizer found no token where it looks for one, or refused it";
        let help = "look at the authorizer's identity source: it names the header or the query that is wanted";
        // Many applications have these words, and others of AWS these fields.
        return match in_its_words && passed {
            true => finding.because(Likely, cause).advise(help),
            false => finding
                .because(Possible, format!("if it is an API Gateway of AWS: {cause}; else the application's own check"))
                .advise(format!("{help}; else look at the application's log")),
        };
    }
    let cause = match (sent, in_query) {
        (true, _) => "the token, cookie or password is wrong, expired, or meant for another service",
        (_, true) => "the token in the query is wrong or expired, or is wanted in a header or cookie",
        _ => {
            "a token or cookie is missing; a page cannot set headers for a WebSocket, so that servers take a cookie, \
             the query or a subprotocol"
        }
    };
    finding.because(Possible, cause)
}

/// The flag that sends credentials of this scheme; none where there is no such flag.
fn flag_of(scheme: &str) -> Option<&'static str> {
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Some("--bearer TOKEN"),
        "basic" => Some("--auth USER:PASS"),
        _ => None,
    }
}

/// The schemes of all challenges, which stand in several fields, or in one between commas (RFC 9110 section 11.6.1).
fn schemes_of<'a>(challenges: &[&'a str]) -> Vec<&'a str> {
    let mut schemes = Vec::new();
    for &challenge in challenges {
        let mut is_quoted = false;
        let parts = challenge.split(|letter: char| {
            is_quoted ^= letter == '"';
            letter == ',' && !is_quoted
        });
        // What has a `=` in its first word is a parameter of the challenge before it.
        schemes.extend(parts.map(scheme_of_part).filter(|word| !word.is_empty() && !word.contains('=')));
    }
    schemes
}

fn scheme_of_part(part: &str) -> &str {
    part.trim().split(' ').next().unwrap_or_default()
}

/// The scheme of credentials (RFC 9110 section 11.1).
fn scheme_of(value: &str) -> &str {
    value.split([' ', ',']).next().unwrap_or_default()
}

fn token_in_query(answer: &Answer<'_>) -> bool {
    let target = answer.facts.sent.as_ref().map_or("/", |head| head.target());
    let Some((_, query)) = target.split_once('?') else { return false };
    query.split('&').any(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        ["token", "access_token", "jwt", "auth", "api_key", "apikey", "key", "ticket"]
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known))
    })
}

/// A bearer token whose own `exp` is over (RFC 7519 section 4.1.4), by the wall clock here; sure by the server's too.
fn expired(answer: &Answer<'_>) -> Option<(String, Confidence)> {
    let credentials = answer.sent("Authorization")?;
    let token = credentials.split_once(' ').map(|(_, token)| token.trim())?;
    let claims = token.split('.').nth(1)?;
    let bytes = BASE64URL_NOPAD.decode(claims.trim_end_matches('=').as_bytes()).ok()?;
    let claims: Value = serde_json::from_slice(&bytes).ok()?;
    let end = claims.get("exp")?.as_i64()?;
    let at_ms = i64::try_from(answer.facts.answered_at.nanos() / 1_000_000).ok()?;
    let now = answer.facts.wall_start_unix_ms?.checked_add(at_ms)? / 1000;
    let over = u64::try_from(now.checked_sub(end)?).ok().filter(|&over| over > 0)?;
    let ago = if over >= 2 * 86_400 { format!("{} days", over / 86_400) } else { show::whole(over) };
    let sure = match answer.facts.answered("Date").and_then(skew::date_unix) {
        // By the server's clock it is good still: this machine's is ahead.
        Some(theirs) if theirs <= end => return None,
        Some(_) => Certain,
        None => Likely,
    };
    Some((format!("the exp of the token that was sent was {ago} before this answer"), sure))
}
