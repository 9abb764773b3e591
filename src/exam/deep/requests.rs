//! What other requests than the run's own show: other paths, Origins, versions, offers, addresses. Owns the judgement
//! of each, from the answers' heads alone (RFC 6455 sections 4.1 and 4.2, RFC 7692 section 7.1).

use crate::event::show::{quoted, safe, span, whole};
use crate::exam::deep::Verdict;
use crate::moment::Span;
use crate::wire::head::Head;
use crate::wire::upgrade::accept_key;

/// A difference of the clocks that is told, in seconds.
const SKEW_TOLD: u64 = 60;

/// What came of one request.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The answer's head, or in words why there is none.
    pub answer: Result<Head, String>,
    /// The key that was sent.
    pub key: String,
}

impl Reply {
    /// The answer's status, if there is an answer.
    pub fn status(&self) -> Option<u16> {
        self.answer.as_ref().ok().and_then(Head::status)
    }

    /// Was the upgrade granted?
    pub fn is_open(&self) -> bool {
        self.status() == Some(101)
    }

    /// Was the upgrade refused as a bad or forbidden request? Other failures may pass.
    pub fn is_turned_down(&self) -> bool {
        self.status().is_some_and(|status| (400..500).contains(&status) && status != 429)
    }

    /// One field of the answer.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.answer.as_ref().ok().and_then(|head| head.first(name))
    }

    /// `403 Forbidden`, or why there is no answer.
    pub fn words(&self) -> String {
        match &self.answer {
            Ok(head) => {
                let status = head.status().unwrap_or_default();
                safe(format!("{status} {}", head.reason()).trim_end())
            }
            Err(why) => why.clone(),
        }
    }

    /// `403`, or `no answer`.
    pub fn brief(&self) -> String {
        self.status().map_or_else(|| "no answer".to_owned(), |status| status.to_string())
    }
}

/// The same request twice, with two keys.
pub fn keys(first: &Reply, second: &Reply) -> Verdict {
    let both = || format!("first {}, then {}", first.words(), second.words());
    match (first.is_open(), second.is_open()) {
        (true, true) => accepts(first, second),
        (false, false) if first.status() == second.status() => Verdict::note(format!("both times {}", first.words())),
        (false, false) => Verdict::note(both()),
        _ => {
            let fact = format!("two equal requests, two answers: {} and {}", first.brief(), second.brief());
            Verdict::warn(both()).told_as("answers-differ", fact)
        }
    }
}

fn accepts(first: &Reply, second: &Reply) -> Verdict {
    let [one, two] = [first, second].map(|reply| reply.field("Sec-WebSocket-Accept"));
    if let Some(accept) = one.filter(|_| one == two && first.key != second.key) {
        return Verdict::fail(format!("both have {}", quoted(accept)))
            .told_as("one-accept-for-two-keys", "two keys got the same Sec-WebSocket-Accept");
    }
    if one == Some(accept_key(&first.key).as_str()) && two == Some(accept_key(&second.key).as_str()) {
        return Verdict::pass("each has the accept value of its own key");
    }
    Verdict::fail("the accept value does not fit the key")
}

/// The URL without an upgrade, beside the same with one.
pub fn plain_get(base: Option<&Reply>, reply: &Reply) -> Verdict {
    if reply.is_open() {
        return Verdict::warn("101 although nothing was asked for: the server does not look at the request");
    }
    let is_page = reply.field("Content-Type").is_some_and(|kind| kind.to_ascii_lowercase().contains("text/html"));
    let refused = base.filter(|base| !base.is_open());
    match reply.status() {
        Some(status) if refused.is_some_and(|base| base.status() == Some(status)) => {
            Verdict::note(format!("{status} too: the upgrade is answered as a request for a page is"))
        }
        Some(_) if refused.is_some() => Verdict::note(format!("{}, another answer than the upgrade's", reply.words())),
        Some(200) if is_page => Verdict::note("200 with a page: a web page and the socket share this URL"),
        Some(_) => Verdict::pass(reply.words()),
        None => Verdict::note(reply.words()),
    }
}

/// A path that nobody has.
pub fn other_path(base: &Reply, other: &Reply) -> Verdict {
    match (base.is_open(), other.is_open()) {
        (true, true) => Verdict::note("101 too: any path is upgraded"),
        (true, false) => Verdict::pass(other.words()),
        (false, true) => Verdict::note(format!("101 there, {} here: it is this path that is refused", base.brief())),
        (false, false) if base.status() == other.status() => {
            Verdict::note(format!("{} too: the path makes no difference", other.brief()))
        }
        (false, false) => Verdict::note(format!("{} there, {} here: this path is known", other.brief(), base.brief())),
    }
}

/// `Connection: keep-alive, Upgrade`.
pub fn keep_alive(base: &Reply, listed: &Reply) -> Verdict {
    match (base.is_open(), listed.is_open()) {
        (true, true) => Verdict::pass("101"),
        (true, false) if listed.is_turned_down() => {
            let fact = format!("Connection: keep-alive, Upgrade is answered by {}", listed.words());
            Verdict::fail(listed.words()).told_as("keep-alive-refused", fact)
        }
        (true, false) => Verdict::note(listed.words()),
        (false, true) => Verdict::note(format!("101, and with Upgrade alone {}", base.brief())),
        (false, false) => Verdict::note(format!("{} as well", listed.brief())),
    }
}

/// Versions 8, which some servers still take, and 99, which does not exist.
pub fn versions(eight: &Reply, none_such: &Reply) -> Verdict {
    if eight.status().is_none() && none_such.status().is_none() {
        return Verdict::note("no answer to either");
    }
    let evidence = format!("8: {}, 99: {}", eight.brief(), none_such.brief());
    if none_such.is_open() {
        return Verdict::warn(evidence).told_as("version-ignored", "Sec-WebSocket-Version: 99 is accepted");
    }
    if eight.is_open() {
        return Verdict::note(format!("{evidence}; the draft version 8 is still spoken"));
    }
    let is_told = none_such.answer.as_ref().is_ok_and(|head| head.has_token("Sec-WebSocket-Version", "13"));
    if is_told {
        return Verdict::pass(format!("{evidence}, with Sec-WebSocket-Version: 13"));
    }
    Verdict::note(format!("{evidence}, without Sec-WebSocket-Version, which would tell what is spoken"))
}

/// The path with a slash at its end, or without it.
pub fn slash(base: &Reply, other: &Reply, path: &str) -> Verdict {
    let path = safe(path);
    if base.status() == other.status() {
        let evidence = format!("{path}: {} as well", other.brief());
        return match base.is_open() {
            true => Verdict::pass(evidence),
            false => Verdict::note(format!("{evidence}: the slash makes no difference")),
        };
    }
    Verdict::note(format!("{path}: {}, without the change: {}", other.words(), base.brief()))
}

/// The other of ws and wss, on its own default port.
pub fn scheme(url: &str, reply: &Reply, to_tls: bool) -> Verdict {
    let url = safe(url);
    match (reply.is_open(), to_tls) {
        (true, true) => Verdict::note(format!("{url} is open too: pages over https need that one")),
        (true, false) => Verdict::note(format!("{url} is open too: without TLS anybody on the way reads along")),
        _ => Verdict::pass(format!("{url}: {}", reply.words())),
    }
}

/// The same request from nobody, the site's own page, another site's, and a sandboxed page.
#[derive(Clone, Debug)]
pub struct Origins {
    pub none: Reply,
    /// With the Origin that the run was given, where that is none of the others.
    pub given: Option<Reply>,
    pub own: Reply,
    pub foreign: Reply,
    pub null: Reply,
}

/// Who may connect.
pub fn origins(seen: &Origins) -> Verdict {
    let Origins { none, given, own, foreign, null } = seen;
    let [for_none, for_own, for_foreign, for_null] = [none, own, foreign, null].map(Reply::brief);
    let for_given = given.as_ref().map(|reply| format!("given {}, ", reply.brief())).unwrap_or_default();
    let evidence = format!("none {for_none}, {for_given}own {for_own}, foreign {for_foreign}, null {for_null}");
    let is_given_open = given.as_ref().is_some_and(Reply::is_open);
    let is_same = |reply: &Reply| !reply.is_open() && reply.status() == none.status();
    if [none, own, foreign, null].into_iter().chain(given.as_ref()).all(is_same) {
        return Verdict::note(format!("{for_none} to each Origin, and without one: the Origin makes no difference"));
    }
    let meaning = match (none.is_open(), own.is_open(), foreign.is_open()) {
        (_, false, false) if is_given_open && !null.is_open() => {
            return Verdict::pass(format!("{evidence}: pages of the origin that was given get in, others do not"));
        }
        (true, true, false) if !null.is_open() => {
            return Verdict::pass(format!("{evidence}: pages of other sites are kept out"));
        }
        (true, true, true) => "pages of any site may connect, with the cookies of their visitors",
        (_, true, false) if null.is_open() => "sandboxed pages get in",
        (_, true, false) => "clients that are no browser must name the origin",
        (_, false, true) => "the site's own origin is refused, a foreign one is not",
        (true, false, false) => "no origin of these gets in; the page may live on another host",
        (false, false, false) => "no origin of these gets in",
        (false, true, true) => "an Origin is needed, and any will do",
    };
    Verdict::note(format!("{evidence}: {meaning}"))
}

/// What was offered, and the answers.
#[derive(Clone, Copy, Debug)]
pub struct Offers<'a> {
    /// With the run's own offers, if there are any.
    pub own: Option<&'a Reply>,
    pub none: &'a Reply,
    /// With this name, which no server knows.
    pub bogus: &'a Reply,
    pub bogus_name: &'a str,
}

/// What the server makes of offers.
pub fn subprotocols(offers: &Offers) -> Verdict {
    let mut parts = Vec::new();
    parts.extend(offers.own.map(|reply| format!("offered: {}", with_subprotocol(reply))));
    parts.push(format!("none: {}", with_subprotocol(offers.none)));
    parts.push(format!("unknown: {}", with_subprotocol(offers.bogus)));
    let evidence = parts.join(", ");
    let bogus = chosen(offers.bogus);
    let invented = chosen(offers.none).or_else(|| bogus.filter(|name| *name != offers.bogus_name));
    if let Some(name) = invented {
        let fact = format!("the answer has the subprotocol {}, which was not offered", quoted(name));
        return Verdict::fail(evidence).told_as("subprotocol-invented", fact);
    }
    let all = [offers.own.unwrap_or(offers.none), offers.none, offers.bogus];
    if all.iter().all(|reply| !reply.is_open() && reply.status() == offers.none.status()) {
        let answer = offers.none.brief();
        return Verdict::note(format!("{answer} to each offer, and without one: the offer makes no difference"));
    }
    if bogus.is_some() {
        return Verdict::note(format!("{evidence}: whatever is offered is taken"));
    }
    if offers.own.is_some_and(|reply| reply.is_open() && chosen(reply).is_none()) {
        return Verdict::warn(format!("{evidence}: browsers end a connection whose offer is not answered"));
    }
    Verdict::pass(evidence)
}

/// The subprotocol of a granted upgrade.
fn chosen(reply: &Reply) -> Option<&str> {
    reply.field("Sec-WebSocket-Protocol").filter(|_| reply.is_open())
}

fn with_subprotocol(reply: &Reply) -> String {
    match chosen(reply) {
        Some(name) => format!("{} with {}", reply.brief(), quoted(name)),
        None => reply.brief(),
    }
}

/// An offer of `permessage-deflate; client_max_window_bits`, as browsers make it.
pub fn compression(base: &Reply, offered: &Reply) -> Verdict {
    if !offered.is_open() {
        if base.is_open() && offered.is_turned_down() {
            let fact = format!("an offer of permessage-deflate is answered by {}", offered.words());
            return Verdict::fail(offered.words()).told_as("compression-offer-refused", fact);
        }
        if !base.is_open() && base.status() == offered.status() {
            return Verdict::note(format!("{} as well: the offer makes no difference", offered.brief()));
        }
        return Verdict::note(offered.words());
    }
    let agreed = offered.answer.as_ref().map(|head| head.tokens("Sec-WebSocket-Extensions")).unwrap_or_default();
    let shown = quoted(&agreed.join(", "));
    match agreed.as_slice() {
        [] => Verdict::pass("not agreed"),
        [one] if is_good_deflate(one) => Verdict::pass(format!("agreed: {shown}")),
        _ => {
            let fact = format!("the offer of permessage-deflate is answered by {shown}");
            Verdict::fail(format!("agreed: {shown}")).told_as("extension-answer-wrong", fact)
        }
    }
}

/// RFC 7692 section 7.1: the four parameters, each once, the windows with 8 to 15 bits.
fn is_good_deflate(extension: &str) -> bool {
    let mut parts = extension.split(';').map(str::trim);
    if !parts.next().is_some_and(|name| name.eq_ignore_ascii_case("permessage-deflate")) {
        return false;
    }
    let mut seen: Vec<&str> = Vec::new();
    for part in parts {
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim())),
            None => (part, None),
        };
        let is_known = match name {
            "server_no_context_takeover" | "client_no_context_takeover" => value.is_none(),
            "server_max_window_bits" | "client_max_window_bits" => value.is_some_and(is_window),
            _ => false,
        };
        if !is_known || seen.contains(&name) {
            return false;
        }
        seen.push(name);
    }
    true
}

fn is_window(value: &str) -> bool {
    value.trim_matches('"').parse::<u8>().is_ok_and(|bits| (8..=15).contains(&bits))
}

/// Connections one after another: how long each took to open, and a cookie by which a load balancer knows the client.
pub fn reconnects(opened: &[Result<Span, String>], cookie: Option<&str>) -> Verdict {
    let failed = opened.iter().find_map(|one| one.as_ref().err());
    let times: Vec<String> = opened.iter().filter_map(|one| one.as_ref().ok()).map(|took| span(*took)).collect();
    let evidence = match times.is_empty() {
        true => "none could be opened again".to_owned(),
        false => format!("open again in {}", times.join(", ")),
    };
    if let Some(why) = failed {
        return Verdict::warn(format!("{evidence}; then {why}"));
    }
    match cookie {
        Some(name) => {
            Verdict::note(format!("{evidence}; the cookie {} is to be sent again at a reconnect", quoted(name)))
        }
        None => Verdict::pass(evidence),
    }
}

/// The cookies by which load balancers keep a client at one server: the name of the first that is set.
pub fn sticky_cookie(head: &Head) -> Option<&'static str> {
    const NAMES: [&str; 9] = [
        "AWSALB",
        "AWSELB",
        "GCLB",
        "ARRAffinity",
        "ApplicationGatewayAffinity",
        "SERVERID",
        "INGRESSCOOKIE",
        "route",
        "io",
    ];
    let is_set = |name: &&str| {
        head.all("Set-Cookie").any(|cookie| cookie.split('=').next().is_some_and(|set| set.trim().starts_with(*name)))
    };
    NAMES.into_iter().find(is_set)
}

/// The server's `Date:` beside our clock, both in seconds since 1970, UTC.
pub fn server_clock(theirs: Option<i64>, ours: i64) -> Verdict {
    let Some(theirs) = theirs else { return Verdict::skipped("no answer has a Date field") };
    let apart = theirs.abs_diff(ours);
    if apart < SKEW_TOLD {
        return Verdict::pass(format!("within {} of ours", whole(apart.max(1))));
    }
    let side = if theirs > ours { "ahead of" } else { "behind" };
    Verdict::note(format!("{} {side} ours: dates of tokens and certificates look wrong to one side", whole(apart)))
}
