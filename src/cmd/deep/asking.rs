//! The requests of `probe --deep`: each on a connection of its own, one after another, with a pause between. Owns what
//! each asks; the connection is `net::exchange`'s, the judgement `exam::deep::requests`'.

use std::net::SocketAddr;

use rand::Rng;
use rand::rngs::StdRng;

use crate::cmd::deep::talking::Heard;
use crate::event::show::{safe, span};
use crate::event::{DialFault, Resolved};
use crate::exam::deep::requests::{self, Offers, Origins, Reply};
use crate::exam::deep::{PAUSE, RECONNECTS, Verdict, WAIT};
use crate::moment::{Moment, Span};
use crate::net::clock::Clock;
use crate::net::exchange;
use crate::net::raw_session::RawSession;
use crate::net::reach::{self, RequestPlan};
use crate::net::stream::Stream;
use crate::net::{dial, resolve, second_look};
use crate::report::human::words;
use crate::watch::heartbeat::Send;
use crate::wire::close::CloseBody;
use crate::wire::head::Head;
use crate::wire::upgrade::{Extra, Request, key_from};

/// What a plain request has not.
const HANDSHAKE: [&str; 6] = [
    "Upgrade",
    "Connection",
    "Sec-WebSocket-Key",
    "Sec-WebSocket-Version",
    "Sec-WebSocket-Protocol",
    "Sec-WebSocket-Extensions",
];
/// The offer that Chrome and Firefox make.
const DEFLATE: &str = "permessage-deflate; client_max_window_bits";
/// A subprotocol that nobody has.
const BOGUS: &str = "wscope.unknown";
/// The page of another site; the name can have no address (RFC 6761 section 6.4).
const FOREIGN: &str = "https://other-site.invalid";
/// Our Close frame's answer is waited for so long where nothing depends on it.
const LEAVE: Span = Span::from_millis(200);

/// Who asks.
pub(super) struct Asking<'a> {
    pub(super) reach: &'a reach::Plan,
    pub(super) clock: Clock,
    until: Moment,
    pub(super) resolved: Result<Resolved, String>,
    pub(super) addresses: Vec<SocketAddr>,
    nonces: StdRng,
    /// The server asked for less: nothing more is sent.
    limited: Option<String>,
    /// The server's clock and ours, at the first answer that tells.
    date: Option<(i64, i64)>,
    /// An upgrade was granted: a 503 behind it is a limit, and no server that is down.
    granted: bool,
    /// The certificate's subject, with the name that is usual.
    pub(super) subject: Option<String>,
    /// What the run's own request came to.
    first: Option<Reply>,
    /// A load balancer's cookie, by its name.
    cookie: Option<&'static str>,
}

impl<'a> Asking<'a> {
    /// Looks the name up, and is done at `until`.
    pub(super) async fn new(reach: &'a reach::Plan, clock: Clock, until: Moment) -> Asking<'a> {
        let looking = tokio::time::timeout(WAIT.duration(), resolve::resolve(&reach.dial, &clock));
        let (resolved, addresses) = match looking.await {
            Ok(Ok((resolved, addresses))) => (Ok(resolved), addresses),
            Ok(Err(fault)) => (Err(words::dial_fault(&fault)), Vec::new()),
            Err(_) => (Err("no answer from the name look-up".into()), Vec::new()),
        };
        Asking {
            reach,
            clock,
            until,
            resolved,
            addresses,
            nonces: rand::make_rng(),
            limited: None,
            date: None,
            granted: false,
            subject: None,
            first: None,
            cookie: None,
        }
    }

    /// Why nothing more is asked.
    pub(super) fn limited(&self) -> Option<&str> {
        self.limited.as_deref()
    }

    pub(super) fn is_tls(&self) -> bool {
        self.reach.dial.target.tls
    }

    pub(super) fn now(&self) -> Moment {
        self.clock.now()
    }

    /// What one step may take: nothing when the whole time is used up.
    pub(super) fn wait(&self) -> Span {
        WAIT.min(self.until.since(self.clock.now()))
    }

    /// Does every request of this run offer extensions?
    pub(super) fn offers_extensions(&self) -> bool {
        self.reach.request.request.offers_extensions()
    }

    /// The text that the run's heartbeat sends, if it sends one.
    pub(super) fn heartbeat_text(&self) -> Option<&'a str> {
        match &self.reach.life.heartbeat.send {
            Send::Text(text) => Some(text.as_str()),
            _ => None,
        }
    }

    /// A connection with the run's own request.
    pub(super) async fn session(&mut self) -> Result<RawSession<Stream>, String> {
        let request = self.request();
        match self.dial(&request).await {
            (_, Some((stream, rest))) => Ok(RawSession::new(stream, &rest, self.clock)),
            (reply, None) => Err(reply.words()),
        }
    }

    /// The first answer too, with which others are compared.
    pub(super) async fn keys(&mut self) -> (Reply, Verdict) {
        let first = self.request();
        let first = self.ask(&first).await;
        self.first = Some(first.clone());
        let second = self.request();
        let second = self.ask(&second).await;
        let verdict = requests::keys(&first, &second);
        (first, verdict)
    }

    pub(super) async fn plain_get(&mut self) -> Verdict {
        let mut request = self.request();
        request.extra.extend(HANDSHAKE.map(|name| Extra::Remove(name.to_owned())));
        let reply = self.ask(&request).await;
        requests::plain_get(self.first.as_ref(), &reply)
    }

    pub(super) async fn other_path(&mut self, base: &Reply) -> Verdict {
        let mut random = [0; 8];
        self.nonces.fill_bytes(&mut random);
        let mut request = self.request();
        request.target = format!("/wscope-{}", data_encoding::HEXLOWER.encode(&random));
        requests::other_path(base, &self.ask(&request).await)
    }

    pub(super) async fn keep_alive(&mut self, base: &Reply) -> Verdict {
        let request = with(self.request(), "Connection", "keep-alive, Upgrade");
        requests::keep_alive(base, &self.ask(&request).await)
    }

    pub(super) async fn versions(&mut self) -> Verdict {
        let eight = with(self.request(), "Sec-WebSocket-Version", "8");
        let eight = self.ask(&eight).await;
        let none_such = with(self.request(), "Sec-WebSocket-Version", "99");
        requests::versions(&eight, &self.ask(&none_such).await)
    }

    pub(super) async fn slash(&mut self, base: &Reply) -> Verdict {
        let mut request = self.request();
        let Some(target) = other_slash(&request.target) else { return Verdict::skipped("the path is /") };
        request.target = target;
        requests::slash(base, &self.ask(&request).await, &request.target)
    }

    pub(super) async fn scheme(&mut self) -> Verdict {
        let mut plan = self.reach.dial.clone();
        let (port, other_port) = if plan.target.tls { (443, 80) } else { (80, 443) };
        if plan.target.port != port || plan.unix_socket.is_some() {
            return Verdict::skipped("the port is not the default one");
        }
        plan.target.tls = !plan.target.tls;
        plan.target.port = other_port;
        let addresses: Vec<SocketAddr> =
            self.addresses.iter().map(|address| SocketAddr::new(address.ip(), other_port)).collect();
        // What is secret must not leave unencrypted, nor go to somebody else's port.
        let request = second_look::bare(self.request());
        let (reply, open) = self.dial_to(&plan, &addresses, &request).await;
        self.leave(open).await;
        requests::scheme(&plan.target.url(), &reply, plan.target.tls)
    }

    pub(super) async fn origins(&mut self) -> Verdict {
        let target = &self.reach.dial.target;
        let own = format!("{}://{}", if target.tls { "https" } else { "http" }, target.host_header());
        let given = self.reach.request.request.origin.clone();
        let given = given.filter(|given| *given != own && given != FOREIGN && given != "null");
        let none = without(self.request(), "Origin");
        let none = self.ask(&none).await;
        let given = match given {
            Some(given) => Some(self.ask_from(&given).await),
            None => None,
        };
        let own = self.ask_from(&own).await;
        let foreign = self.ask_from(FOREIGN).await;
        let null = self.ask_from("null").await;
        requests::origins(&Origins { none, given, own, foreign, null })
    }

    async fn ask_from(&mut self, origin: &str) -> Reply {
        let request = with(self.request(), "Origin", origin);
        self.ask(&request).await
    }

    pub(super) async fn subprotocols(&mut self, base: &Reply) -> Verdict {
        let bogus = with(self.request(), "Sec-WebSocket-Protocol", BOGUS);
        let bogus = self.ask(&bogus).await;
        let request = self.request();
        if request.effective_subprotocols().is_empty() {
            let offers = Offers { own: None, none: base, bogus: &bogus, bogus_name: BOGUS };
            return requests::subprotocols(&offers);
        }
        let none = self.ask(&without(request, "Sec-WebSocket-Protocol")).await;
        requests::subprotocols(&Offers { own: Some(base), none: &none, bogus: &bogus, bogus_name: BOGUS })
    }

    pub(super) async fn compression(&mut self, base: &Reply) -> Verdict {
        let request = with(self.request(), "Sec-WebSocket-Extensions", DEFLATE);
        requests::compression(base, &self.ask(&request).await)
    }

    /// The run's own connection, ended and opened again.
    pub(super) async fn reconnects(&mut self, heard: &mut Heard) -> Verdict {
        let mut opened = Vec::new();
        for _ in 0..RECONNECTS {
            let began = self.clock.now();
            match self.session().await {
                Ok(session) => {
                    opened.push(Ok(self.clock.now().since(began.after(PAUSE))));
                    heard.take(&session);
                    leave(session).await;
                }
                Err(why) => {
                    opened.push(Err(why));
                    break;
                }
            }
        }
        requests::reconnects(&opened, self.cookie)
    }

    pub(super) fn server_clock(&self) -> Verdict {
        let ours = self.date.map_or(0, |(_, ours)| ours);
        requests::server_clock(self.date.map(|(theirs, _)| theirs), ours)
    }

    /// The run's own request, with a fresh key.
    fn request(&mut self) -> Request {
        let reach = self.reach;
        let RequestPlan { host, request } = &reach.request;
        let mut nonce = [0; 16];
        self.nonces.fill_bytes(&mut nonce);
        Request {
            target: reach.dial.target.path.clone(),
            host: host.clone().unwrap_or_else(|| reach.dial.target.host_header()),
            key: key_from(nonce),
            ..request.clone()
        }
    }

    /// Asks, and leaves a connection that is opened by it.
    async fn ask(&mut self, request: &Request) -> Reply {
        let (reply, open) = self.dial(request).await;
        self.leave(open).await;
        reply
    }

    async fn leave(&self, open: Option<(Stream, Vec<u8>)>) {
        let Some((stream, rest)) = open else { return };
        leave(RawSession::new(stream, &rest, self.clock)).await;
    }

    async fn dial(&mut self, request: &Request) -> (Reply, Option<(Stream, Vec<u8>)>) {
        let (reach, addresses) = (self.reach, self.addresses.clone());
        self.dial_to(&reach.dial, &addresses, request).await
    }

    async fn dial_to(
        &mut self,
        plan: &dial::Plan,
        addresses: &[SocketAddr],
        request: &Request,
    ) -> (Reply, Option<(Stream, Vec<u8>)>) {
        let key = request.effective_key();
        if let Some(limited) = &self.limited {
            return (Reply { answer: Err(limited.clone()), key }, None);
        }
        tokio::time::sleep(PAUSE.duration()).await;
        let way = match exchange::connect(plan, addresses, self.wait(), self.clock).await {
            Ok(way) => way,
            Err(fault) => return (Reply { answer: Err(words::dial_fault(&fault)), key }, None),
        };
        let mut stream = way.stream;
        match exchange::ask(&mut stream, &request.bytes(), self.wait()).await {
            Ok((head, rest)) => {
                self.look(&head);
                let open = (head.status() == Some(101)).then_some((stream, rest));
                (Reply { answer: Ok(head), key }, open)
            }
            Err(DialFault::TimedOut { limit, .. }) => {
                (Reply { answer: Err(format!("no answer in {}", span(limit))), key }, None)
            }
            Err(fault) => (Reply { answer: Err(words::dial_fault(&fault)), key }, None),
        }
    }

    fn look(&mut self, head: &Head) {
        self.granted |= head.status() == Some(101);
        self.cookie = self.cookie.or(requests::sticky_cookie(head));
        if let Some(status) = head.status().filter(|status| *status == 429 || *status == 503 && self.granted) {
            let wish = head.first("Retry-After").map(|wish| format!(", Retry-After: {}", safe(wish)));
            let wish = wish.unwrap_or_default();
            self.limited = Some(format!("the server answers {status}{wish}: nothing more is asked"));
        }
        if self.date.is_none() {
            let ours = self.clock.wall_unix();
            self.date = exchange::date_unix(head).map(|theirs| (theirs, ours));
        }
    }
}

/// Closes as a good client does.
pub(super) async fn leave(mut session: RawSession<Stream>) {
    session.close(&CloseBody { code: Some(1000), reason: String::new() }).await;
    session.next(LEAVE).await;
}

fn with(mut request: Request, name: &str, value: &str) -> Request {
    request.extra.push(Extra::Remove(name.to_owned()));
    request.extra.push(Extra::Set(name.to_owned(), value.to_owned()));
    request
}

fn without(mut request: Request, name: &str) -> Request {
    request.extra.push(Extra::Remove(name.to_owned()));
    request
}

/// The path with a slash at its end, or without the one that it has; the query stays.
fn other_slash(target: &str) -> Option<String> {
    let (path, query) = target.split_at(target.find('?').unwrap_or(target.len()));
    match path.strip_suffix('/') {
        Some("") => None,
        Some(shorter) => Some(format!("{shorter}{query}")),
        None => Some(format!("{path}/{query}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_is_added_or_taken_before_the_query() {
        assert_eq!(other_slash("/"), None);
        assert_eq!(other_slash("/ws").as_deref(), Some("/ws/"));
        assert_eq!(other_slash("/ws/?a=1").as_deref(), Some("/ws?a=1"));
        assert_eq!(other_slash("/?a=1"), None);
    }
}
