//! Which request gets which answer (RFC 9110 sections 9.3, 15 and 7.8). Owns the paths, the order of the refusals, and
//! the fields that every answer has; what is shown comes from the `Site`.

use std::rc::Rc;

use hyper::body::Bytes;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};
use serde::Serialize;
use tokio::sync::mpsc;

use crate::moment::Span;
use crate::net::http::body::Body;
use crate::net::http::query::{self, Query};
use crate::net::http::{Feed, Messages, READERS_MAX, Site};
use crate::net::http_guard;

/// On every answer: nothing from elsewhere, nothing kept, nothing guessed, no frame around it.
const FIELDS: [(&str, &str); 4] = [
    (
        "content-security-policy",
        "default-src 'self'; connect-src 'self' ws: wss:; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("cache-control", "no-store"),
    ("referrer-policy", "no-referrer"),
];

/// What is not a file: the feed of the server's events, and three ways to the shared stream.
const FEEDS: [&str; 4] = ["/feed", "/poll", "/long-poll", "/events"];

/// Records that wait for an events reader's connection; the others wait in the ring.
const RECORDS_AHEAD: usize = 16;

/// Messages with their numbers, oldest first.
type Batch = Vec<(u64, Rc<str>)>;

/// Answers one request.
pub async fn answer(head: &Parts, site: &dyn Site) -> Response<Body> {
    let mut response = match refusal(head) {
        Some(refusal) => refusal,
        None => route(head, site).await,
    };
    for (name, value) in FIELDS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// What no path takes: other methods, bodies, and an upgrade on a connection that is hyper's by now.
fn refusal(head: &Parts) -> Option<Response<Body>> {
    let mut response = if head.method != Method::GET && head.method != Method::HEAD {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are answered here");
        set(&mut response, header::ALLOW, "GET, HEAD");
        response
    } else if head.headers.contains_key(header::TRANSFER_ENCODING) {
        text(StatusCode::BAD_REQUEST, "a request with a body is not taken")
    } else if head.headers.get_all(header::CONTENT_LENGTH).iter().any(|length| length.as_bytes() != b"0") {
        text(StatusCode::PAYLOAD_TOO_LARGE, "a request with a body is not taken")
    } else if asks_for_upgrade(head) {
        let mut response =
            text(StatusCode::SERVICE_UNAVAILABLE, "an upgrade needs a connection without requests before it");
        set(&mut response, header::RETRY_AFTER, "0");
        response
    } else {
        return None;
    };
    set(&mut response, header::CONNECTION, "close");
    Some(response)
}

fn asks_for_upgrade(head: &Parts) -> bool {
    let values = head.headers.get_all(header::UPGRADE).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|token| token.trim().eq_ignore_ascii_case("websocket"))
}

async fn route(head: &Parts, site: &dyn Site) -> Response<Body> {
    let path = head.uri.path();
    if site.is_socket_path(path) {
        return upgrade_required();
    }
    let file = site.file(path);
    if file.is_none() && !FEEDS.contains(&path) {
        return text(StatusCode::NOT_FOUND, "there is nothing at this path");
    }
    if let Err(reason) = guard(head, site) {
        return text(StatusCode::FORBIDDEN, &reason);
    }
    if let Some((kind, bytes)) = file {
        return typed(kind, Body::whole(bytes));
    }
    match path {
        "/feed" => feed(head, site),
        "/events" => events(head, site),
        "/poll" => poll(head, site),
        _ => long_poll(head, site).await,
    }
}

fn guard(head: &Parts, site: &dyn Site) -> Result<(), String> {
    // RFC 9112 section 3.2.2: a target in absolute form stands before the Host.
    let host = match head.uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => single(head, "Host")?,
    };
    http_guard::judge(host, single(head, "Origin")?, single(head, "Sec-Fetch-Site")?, &site.bound())
}

fn single<'a>(head: &'a Parts, name: &'static str) -> Result<Option<&'a str>, String> {
    http_guard::single(name, head.headers.get_all(name).iter().map(|value| value.to_str().ok()))
}

fn feed(head: &Parts, site: &dyn Site) -> Response<Body> {
    if head.method == Method::HEAD {
        return event_stream(Body::empty());
    }
    let Some(place) = site.readers().take() else { return busy() };
    let Feed { first, events } = site.feed();
    event_stream(Body::events(Some(first), events, place))
}

fn poll(head: &Parts, site: &dyn Site) -> Response<Body> {
    let query = match query_of(head, false) {
        Ok(query) => query,
        Err(reason) => return text(StatusCode::BAD_REQUEST, &reason),
    };
    let messages = site.stream();
    messages.polled();
    let batch = query.since.map_or_else(Vec::new, |since| messages.since(since));
    batch_answer(messages.as_ref(), &batch)
}

async fn long_poll(head: &Parts, site: &dyn Site) -> Response<Body> {
    let query = match query_of(head, true) {
        Ok(query) => query,
        Err(reason) => return text(StatusCode::BAD_REQUEST, &reason),
    };
    let messages = site.stream();
    let since = match query.since {
        Some(since) if head.method == Method::GET => since,
        _ => {
            messages.polled();
            return batch_answer(messages.as_ref(), &[]);
        }
    };
    let Some(_place) = site.readers().take() else { return busy() };
    let batch = wait(messages.as_ref(), since, query.wait).await;
    // From here on, so that the stream goes on until the next poll.
    messages.polled();
    batch_answer(messages.as_ref(), &batch)
}

/// The messages from `since` on, as soon as there is one. A number that is not due yet is one of another run of the
/// server: its owner is not left waiting.
async fn wait(messages: &dyn Messages, since: u64, limit: Span) -> Batch {
    let _listening = messages.listen();
    let arrival = messages.arrival();
    let found = async {
        loop {
            // Made before the look: what arrives from here on is told to it.
            let told = arrival.notified();
            let batch = messages.since(since);
            if !batch.is_empty() || since > messages.next() {
                return batch;
            }
            told.await;
        }
    };
    tokio::time::timeout(limit.duration(), found).await.unwrap_or_default()
}

fn events(head: &Parts, site: &dyn Site) -> Response<Body> {
    let messages = site.stream();
    let from = match events_from(head) {
        Ok(from) => from.unwrap_or(u64::MAX).min(messages.next()),
        Err(reason) => return text(StatusCode::BAD_REQUEST, &reason),
    };
    if head.method == Method::HEAD {
        return event_stream(Body::empty());
    }
    let Some(place) = site.readers().take() else { return busy() };
    let (sender, records) = mpsc::channel(RECORDS_AHEAD);
    tokio::task::spawn_local(send_messages(messages, from, sender));
    event_stream(Body::events(None, records, place))
}

/// A browser that comes back tells the last message that it had, behind the query of the page; none for neither.
fn events_from(head: &Parts) -> Result<Option<u64>, String> {
    let query = query_of(head, false)?;
    match single(head, "Last-Event-ID")? {
        None | Some("") => Ok(query.since),
        Some(last) => query::number("Last-Event-ID", last).map(|last| Some(last.saturating_add(1))),
    }
}

/// Sends what is kept and what comes, until the reader is gone. A reader that is slower than the ring misses messages,
/// and sees so by their numbers.
async fn send_messages(messages: Rc<dyn Messages>, from: u64, sender: mpsc::Sender<Bytes>) {
    let _listening = messages.listen();
    let arrival = messages.arrival();
    let mut next = from;
    loop {
        let told = arrival.notified();
        for (number, text) in messages.since(next) {
            next = number + 1;
            if sender.send(Bytes::from(format!("id: {number}\ndata: {text}\n\n"))).await.is_err() {
                return;
            }
        }
        tokio::select! {
            () = told => {}
            () = sender.closed() => return,
        }
    }
}

fn query_of(head: &Parts, may_wait: bool) -> Result<Query, String> {
    query::parse(head.uri.query().unwrap_or_default(), may_wait)
}

#[derive(Serialize)]
struct Polled<'a> {
    next: u64,
    messages: Vec<&'a str>,
}

fn batch_answer(messages: &dyn Messages, batch: &[(u64, Rc<str>)]) -> Response<Body> {
    let next = batch.last().map_or_else(|| messages.next(), |(number, _)| number + 1);
    let polled = Polled { next, messages: batch.iter().map(|(_, text)| &**text).collect() };
    match serde_json::to_vec(&polled) {
        Ok(json) => typed("application/json", Body::whole(json)),
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

fn upgrade_required() -> Response<Body> {
    let mut response =
        text(StatusCode::UPGRADE_REQUIRED, "this path is a WebSocket; the request has no Upgrade: websocket");
    set(&mut response, header::UPGRADE, "websocket");
    // RFC 9110 section 7.8: who sends Upgrade must name it in Connection too.
    set(&mut response, header::CONNECTION, "Upgrade");
    set(&mut response, header::SEC_WEBSOCKET_VERSION, "13");
    response
}

fn busy() -> Response<Body> {
    let reason = format!("{READERS_MAX} readers are here, and no more are taken");
    let mut response = text(StatusCode::SERVICE_UNAVAILABLE, &reason);
    set(&mut response, header::RETRY_AFTER, "5");
    response
}

fn event_stream(body: Body) -> Response<Body> {
    typed("text/event-stream", body)
}

fn text(status: StatusCode, line: &str) -> Response<Body> {
    let mut response = typed("text/plain; charset=utf-8", Body::whole(format!("{line}\n")));
    *response.status_mut() = status;
    response
}

fn typed(kind: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    set(&mut response, header::CONTENT_TYPE, kind);
    response
}

fn set(response: &mut Response<Body>, name: HeaderName, value: &'static str) {
    response.headers_mut().insert(name, HeaderValue::from_static(value));
}
