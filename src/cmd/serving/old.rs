//! A client of a draft before RFC 6455: named, and with `--allow-hixie` answered and echoed to in its own framing. Owns what
//! is told of it; the rules are `wire::hixie76`'s, the talking `net::old_client`'s.

use std::rc::Rc;

use tokio::io::AsyncWriteExt;

use crate::cmd::serving::{Shared, arrival};
use crate::diagnose::old_clients;
use crate::event::{
    ConnId, Direction, Ended, EventKind, How, MessageSeen, Opened, PayloadBytes, Served, Side, UpgradeSent,
};
use crate::moment::{Moment, Span};
use crate::net::accept::{self, Asked};
use crate::net::old_client::{self, Heard, OldEnd};
use crate::net::policy::Refusal;
use crate::net::stream::Stream;
use crate::wire::hixie76::{self, Draft};

/// Serves one client of `draft` to its end.
pub async fn serve(mut stream: Stream, asked: Asked, draft: Draft, conn: ConnId, peer: &str, shared: &Rc<Shared>) {
    let now = shared.clock.now();
    let answered = shared.plan.allow_hixie && !matches!(draft, Draft::Hybi(_));
    shared.emit(now, conn, EventKind::Finding(old_clients::finding(draft, answered)));
    // A draft is no way around what is asked of every client.
    let judged = shared.plan.policy.judge(&asked.head);
    let place = shared.place();
    let refusal = match (draft, judged) {
        (_, Err(refusal)) => refusal,
        _ if place.is_err() => full(),
        (Draft::Hybi(_), _) => version_refused(draft),
        _ if !shared.plan.allow_hixie => not_allowed(draft),
        _ => match open(&mut stream, asked, draft, conn, peer, shared).await {
            Ok(rest) => return talk(stream, rest, draft, conn, shared).await,
            Err(error) => return shared.fault(shared.clock.now(), conn, "no-upgrade", error.to_string()),
        },
    };
    if let Err(turned) = accept::refuse(&mut stream, asked.head, refusal).await {
        arrival::turned_away(shared, conn, turned);
    }
}

fn full() -> Refusal {
    let fields = vec![("Retry-After".into(), "1".into())];
    let why = "no more connections are taken".into();
    Refusal { status: 503, reason: "Service Unavailable", fields, why }
}

fn version_refused(draft: Draft) -> Refusal {
    let fields = vec![("Sec-WebSocket-Version".into(), "13".into()), ("Upgrade".into(), "websocket".into())];
    let why =
        format!("the client speaks {}, as {} did; only version 13 is spoken here", draft.name(), draft.spoken_by());
    Refusal { status: 426, reason: "Upgrade Required", fields, why }
}

fn not_allowed(draft: Draft) -> Refusal {
    let why = format!("the client speaks {}, as {} did; --allow-hixie answers it", draft.name(), draft.spoken_by());
    Refusal { status: 400, reason: "Bad Request", fields: Vec::new(), why }
}

/// Answers the handshake; what came behind it.
async fn open(
    stream: &mut Stream,
    asked: Asked,
    draft: Draft,
    conn: ConnId,
    peer: &str,
    shared: &Shared,
) -> std::io::Result<Vec<u8>> {
    let Asked { head, mut rest } = asked;
    let began = shared.clock.now();
    let secure = stream.is_tls();
    let subprotocol = draft.offered_subprotocol(&head);
    let answer = if draft == Draft::Hixie76 {
        let body = old_client::read_body8(stream, &mut rest).await?;
        hixie76::answer_76(&head, secure, subprotocol, body)
    } else {
        hixie76::answer_75(&head, secure, subprotocol)
    };
    let answer = answer.map_err(std::io::Error::other)?;
    stream.write_all(&answer).await?;
    stream.flush().await?;
    let now = shared.clock.now();
    let url = head.target().to_string();
    shared.emit(now, conn, EventKind::UpgradeSent(UpgradeSent { head }));
    let took = now.since(began);
    let served = Served { mode: "echo".into(), returns: None };
    let opened =
        Opened { url, peer: peer.into(), subprotocol: None, server: None, took, down: None, served: Some(served) };
    shared.emit(now, conn, EventKind::Open(opened));
    Ok(rest)
}

async fn talk(mut stream: Stream, rest: Vec<u8>, draft: Draft, conn: ConnId, shared: &Rc<Shared>) {
    let opened = shared.clock.now();
    let mut counted = (0, 0);
    let told = |heard| {
        if let Heard::Message { text } = heard {
            counted = (counted.0 + 1, counted.1 + text.len() as u64);
            let len = text.len() as u64;
            let payload = Some(PayloadBytes(text.into_bytes()));
            let seen = MessageSeen { direction: Direction::In, text: true, len, payload };
            shared.emit(shared.clock.now(), conn, EventKind::Message(seen));
        }
    };
    let end = tokio::select! {
        end = old_client::echo(&mut stream, rest, draft, shared.plan.max_message, told) => Some(end),
        () = shared.stopped() => None,
    };
    // Bytes that nobody reads would turn the end into a reset.
    accept::end(&mut stream).await;
    let (how, by) = how_of(end);
    let now = shared.clock.now();
    shared.emit(now, conn, EventKind::Ended(ended(how, by, opened, now, counted)));
}

fn how_of(end: Option<OldEnd>) -> (How, Side) {
    match end {
        Some(OldEnd::Closed) => (How::Close { code: None, reason: String::new() }, Side::Peer),
        Some(OldEnd::Fin) => (How::Fin, Side::Peer),
        Some(OldEnd::Reset(_)) => (How::Reset, Side::Peer),
        Some(OldEnd::Illegal(words)) => (How::Garbage { breach: "old-framing".into(), words }, Side::Peer),
        None => (How::Local { why: "the server stops".into() }, Side::Us),
    }
}

fn ended(how: How, by: Side, opened: Moment, now: Moment, (messages, bytes): (u64, u64)) -> Ended {
    Ended {
        announced: matches!(how, How::Close { .. }),
        how,
        by,
        drop: by == Side::Peer,
        mid_frame: None,
        mid_message: false,
        tcp_left_open: false,
        age: now.since(opened),
        quiet_in: Span::ZERO,
        quiet_out: Span::ZERO,
        held: Span::ZERO,
        heartbeat_due: None,
        answered_ago: None,
        bytes_in: bytes,
        bytes_out: bytes,
        messages_in: messages,
        messages_out: messages,
        first_message: None,
        sent_last: None,
        sent_largest: 0,
        bad_bytes: None,
        io: None,
        last_frames: Vec::new(),
    }
}
