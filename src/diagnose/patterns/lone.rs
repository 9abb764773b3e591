//! What a single drop says beside its class: python's keepalive, an application that is silent while pings are
//! answered, a connection that was forgotten on the way. Owns those three rules.

use crate::diagnose::ends::{self, Dropped};
use crate::diagnose::limits::{self, Kind, Look};
use crate::event::finding::Confidence::{Likely, Possible};
use crate::event::{Direction, Ended, Finding, FrameBrief, How, Side, show};
use crate::moment::Span;

const PING: u8 = 9;
const PONG: u8 = 10;
/// 20 s to the first ping and 20 s for its pong.
const KEEPALIVE: u64 = 40;
/// The ring of last frames keeps so many in each direction.
const FRAMES_KEPT: usize = 8;
/// A reset answers bytes of ours so soon.
const ANSWERED: Span = Span::from_secs(2);
/// Nothing on the way forgets a shorter silence.
const FORGETFUL: Span = Span::from_secs(60);
/// A heartbeat of ours and the wait for its answer are the same moment if they are so close, in seconds.
const SAME: f64 = 0.5;

/// 1011 "keepalive ping timeout": a ping of the server's had no pong in time.
pub(super) fn keepalive(dropped: &Dropped) -> Option<Finding> {
    let ended = &dropped.ended;
    let How::Close { code: Some(1011), reason } = &ended.how else { return None };
    if ended.by != Side::Peer || !reason.contains("keepalive ping timeout") {
        return None;
    }
    let found = limits::suspects(Kind::Deadline, ended.age.seconds(), dropped, &[limits::Counts::Pong]);
    let finding = ends::judge(dropped)?;
    let age = show::span(ended.age);
    let finding = match found.fitting.iter().any(|known| known.seconds == KEEPALIVE) {
        true => finding.saw(format!("an age of {age} is 20 s to the first ping, and 20 s for its pong")),
        false => finding,
    };
    let pinged = last(ended, Direction::In, PING);
    let ponged = last(ended, Direction::Out, PONG).is_some_and(|pong| pinged.is_none_or(|ping| pong <= ping));
    let incoming = ended.last_frames.iter().filter(|frame| frame.direction == Direction::In).count();
    let blocked = "look for what blocks the server's event loop: time.sleep or long work in an async handler";
    Some(match (ponged, pinged.is_some()) {
        (true, _) => finding
            .saw("our pong had left by then")
            .because(
                Likely,
                "python websockets did not read our pong in time: something blocks the server's event loop",
            )
            .advise(blocked),
        (false, true) => finding
            .saw("its ping had come, and no pong of ours had left")
            .because(Possible, "python websockets missed our pong: this side was blocked, or the server's event loop")
            .advise("look at what kept this side from answering pings, then at what blocks the server's event loop"),
        (false, false) if incoming < FRAMES_KEPT => finding
            .saw("no ping of the server's came here")
            .because(
                Possible,
                "python websockets missed our pong: a hop on the way keeps its pings, or the server's event loop was \
                 blocked",
            )
            .advise("connect to the server past its proxies: if pings come then, a proxy keeps them"),
        (false, false) => finding
            .because(Likely, "python websockets missed our pong for 20 s: this side or the server's loop was blocked")
            .advise(blocked),
    })
}

/// How long before the end the last frame of this kind was.
fn last(ended: &Ended, direction: Direction, opcode: u8) -> Option<Span> {
    let like = ended.last_frames.iter().filter(|frame| frame.direction == direction && frame.opcode == opcode);
    like.map(|frame| frame.ago).min()
}

/// A text heartbeat is unanswered on a connection on which pings were answered.
pub(super) fn application_silent(dropped: &Dropped) -> Option<Finding> {
    let ended = &dropped.ended;
    let How::Silent { delivered } = ended.how else { return None };
    let missed = dropped.missed.as_ref().filter(|missed| !missed.measured)?;
    if dropped.pings_answered == 0 || delivered == Some(false) {
        return None;
    }
    let heartbeat = ended.last_frames.iter().rev().find(|frame| is_heartbeat(frame, missed.waited))?;
    let data = |frame: &FrameBrief| frame.direction == Direction::In && frame.opcode <= 2 && frame.ago <= heartbeat.ago;
    if ended.last_frames.iter().any(data) {
        return None;
    }
    let pongs = show::count(dropped.pings_answered, "ping");
    let waited = show::span(missed.waited);
    let fact = format!("the application's heartbeat was unanswered for {waited}; pings were answered");
    let finding = Finding::of("application-silent", "server side", fact)
        .saw(format!("{pongs} of this connection had a pong of its own"))
        .saw_all(ends::figures(ended));
    Some(match delivered {
        Some(true) => finding.because(
            Likely,
            "the application does not know this message, or hangs; a library or a proxy answers pings without it",
        ),
        _ => finding.because(
            Possible,
            "the application does not know this message, or hangs; or the path was cut since the last pong",
        ),
    })
}

/// A message of ours that was written when the wait for an answer began.
fn is_heartbeat(frame: &FrameBrief, waited: Span) -> bool {
    let is_message = frame.direction == Direction::Out && matches!(frame.opcode, 1 | 2);
    is_message && (frame.ago.seconds() - waited.seconds()).abs() <= SAME
}

/// An end this soon after something of ours is an answer to it.
const UPON: Span = Span::from_millis(50);

/// FIN or reset right behind a message or a ping of ours: the server fails upon it, or does not take it.
pub(super) fn upon_ours(dropped: &Dropped) -> Option<Finding> {
    let ended = &dropped.ended;
    let is_end = matches!(ended.how, How::Fin | How::Reset) && ended.by == Side::Peer && ended.mid_frame.is_none();
    if !is_end || dropped.farewell || !dropped.wrongs.is_empty() {
        return None;
    }
    if let Some(sent) = ended.sent_last.filter(|sent| sent.ago <= UPON) {
        let help = if dropped.is_server("uwebsockets") {
            "send a smaller message, or raise maxPayloadLength; then look at what the handler makes of it"
        } else {
            "send what the server's clients send; then look at the server's log for this moment"
        };
        let finding = ends::judge(dropped)?.saw(format!(
            "it came {} after a message of ours of {}",
            show::span(sent.ago),
            show::size(sent.len)
        ));
        return Some(finding.because(
            Possible,
            "the server ends upon this message: it is not of its protocol, its handler failed on it, or it is larger than \
             a limit whose Close 1009 is not sent (so uWebSockets); or the server was about to end anyway",
        ).advise(help));
    }
    let pinged = last(ended, Direction::Out, PING).filter(|ago| *ago <= UPON)?;
    let is_answered = last(ended, Direction::In, PONG).is_some() || dropped.pings_answered > 0;
    // The first ping goes out with the open: an end right then is no answer to it, but one to the open.
    if is_answered || ended.age <= UPON {
        return None;
    }
    let finding = ends::judge(dropped)?
        .saw(format!("it came {} after a ping of ours; none was ever answered", show::span(pinged)));
    Some(
        finding
            .because(Possible, "the server fails upon a ping, or a limit of time ended it in the same moment")
            .advise("try without pings: --heartbeat off, or --heartbeat-send text:TEXT with what the server answers"),
    )
}

/// A reset answers our first bytes after a long silence.
pub(super) fn forgotten(dropped: &Dropped) -> Option<Finding> {
    let ended = &dropped.ended;
    if ended.how != How::Reset || dropped.farewell || ended.mid_frame.is_some() {
        return None;
    }
    let silence = silence_before_last_write(ended).filter(|silence| *silence >= FORGETFUL)?;
    let forgets = |known: &&'static limits::Known| {
        known.look == Look::SilentThenRst && known.seconds as f64 <= silence.seconds() + 1.0
    };
    let forgetful: Vec<&'static limits::Known> = limits::all().filter(forgets).collect();
    let who = match limits::names(&forgetful).as_str() {
        "" => String::from("a NAT or firewall on the way forgot the silent connection"),
        names => format!("a hop on the way forgot the silent connection, as {names} do"),
    };
    let fact = format!("our first bytes after {} of silence were answered by a reset", show::span(silence));
    let finding = Finding::of("forgotten-on-the-way", "path", fact)
        .saw_all(ends::figures(ended))
        .saw_all(
            forgetful.iter().map(|known| format!("{} forgets after {}", known.product, show::whole(known.seconds))),
        )
        .because(Possible, format!("{who}; or the server went away in that silence and nothing told of it"));
    Some(finding)
}

/// How long nothing had passed when the last frame of ours went out, if that was right before the end.
fn silence_before_last_write(ended: &Ended) -> Option<Span> {
    let last =
        ended.last_frames.iter().filter(|frame| frame.direction == Direction::Out).map(|frame| frame.ago).min()?;
    if last > ANSWERED || ended.quiet_in < last {
        return None;
    }
    let before = ended.last_frames.iter().map(|frame| frame.ago).filter(|ago| *ago > last).min().unwrap_or(ended.age);
    Some(Span::from_nanos(before.nanos().saturating_sub(last.nanos())))
}
