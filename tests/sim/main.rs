//! The loop over pipes in memory and paused time: a scripted peer, and the event log with exact times. Owns what can only be
//! shown with a clock that obeys: the hour of heartbeats, the one reconnect, the order of an ending.
#![allow(clippy::unwrap_used)]

mod stage;

use stage::{Peer, Play, pong_all};
use wscope::moment::{Moment, Span};
use wscope::watch::heartbeat::{Answer, Clock, Plan, Send};
use wscope::watch::presets::preset;
use wscope::wire::header::Opcode;

fn secs(secs: u64) -> Moment {
    Moment::from_millis(secs * 1000)
}

fn pings(every: u64, timeout: u64) -> Plan {
    Plan { every: Some(Span::from_secs(every)), timeout: Span::from_secs(timeout), ..Plan::default() }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_goes_silent_is_dropped_once_and_dialled_once() {
    let play = Play { heartbeat: preset("heartcheck").unwrap(), reconnect: true, until: secs(124), ..Play::default() };
    let log = play.run(|_, mut peer: Peer| async move { peer.read_to_end().await }).await;
    assert_eq!(log.opens(), 2, "{log}");
    insta::assert_snapshot!(log);
}

#[tokio::test(start_paused = true)]
async fn a_message_restarts_the_idle_timer_and_settles_the_heartbeat() {
    let play = Play { heartbeat: preset("heartcheck").unwrap(), until: secs(151), ..Play::default() };
    let log = play
        .run(|_, mut peer: Peer| async move {
            peer.wait_until(secs(90)).await;
            peer.send(Opcode::Text, b"news").await;
            peer.read_to_end().await;
        })
        .await;
    insta::assert_snapshot!(log);
}

#[tokio::test(start_paused = true)]
async fn a_close_and_an_error_in_the_same_moment_cause_one_open() {
    let play = Play { heartbeat: preset("heartcheck").unwrap(), reconnect: true, until: secs(124), ..Play::default() };
    let log = play
        .run(|connection, mut peer: Peer| async move {
            if connection == 1 {
                peer.wait_until(secs(120)).await;
                peer.send(Opcode::Close, b"\x03\xe9restart").await;
                // Dropping the pipe ends reading and breaks writing in the very moment of the Close.
                return;
            }
            peer.read_to_end().await;
        })
        .await;
    assert_eq!(log.opens(), 2, "{log}");
    assert_eq!(log.count("retry"), 1, "{log}");
    insta::assert_snapshot!(log);
}

#[tokio::test(start_paused = true)]
async fn a_close_just_before_the_miss_is_the_end_and_causes_one_open() {
    let play = Play { heartbeat: preset("heartcheck").unwrap(), reconnect: true, until: secs(124), ..Play::default() };
    let log = play
        .run(|connection, mut peer: Peer| async move {
            if connection == 1 {
                peer.wait_until(Moment::from_millis(119_999)).await;
                peer.send(Opcode::Close, b"\x03\xe9restart").await;
                return;
            }
            peer.read_to_end().await;
        })
        .await;
    assert_eq!((log.opens(), log.count("retry"), log.count("missed")), (2, 1, 0), "{log}");
    insta::assert_snapshot!(log);
}

#[tokio::test(start_paused = true)]
async fn an_hour_of_heartbeats_then_a_drop_and_five_steps_of_backoff() {
    let play = Play { heartbeat: pings(20, 20), reconnect: true, refused: 5, until: secs(3700), ..Play::default() };
    let log = play
        .run(|connection, mut peer: Peer| async move {
            if connection == 1 {
                pong_all(&mut peer, secs(3600)).await;
                return;
            }
            pong_all(&mut peer, secs(9999)).await;
        })
        .await;
    assert_eq!(log.count_before("heartbeat", secs(3600)), 179, "one each 20 s, none at the open");
    assert_eq!(log.count("missed"), 0, "{log}");
    assert_eq!(log.opens(), 2, "{log}");
    insta::assert_snapshot!(log.from(secs(3590)));
}

#[tokio::test(start_paused = true)]
async fn misses_in_a_row_are_counted_and_the_next_heartbeat_follows_at_once() {
    let heartbeat = Plan { misses: 3, ..pings(5, 2) };
    let play = Play { heartbeat, until: secs(60), ..Play::default() };
    let log = play.run(|_, mut peer: Peer| async move { peer.read_to_end().await }).await;
    insta::assert_snapshot!(log);
}

#[tokio::test(start_paused = true)]
async fn the_fixed_clock_beats_whatever_arrives() {
    let heartbeat = Plan { clock: Clock::Fixed, ..pings(5, 20) };
    let play = Play { heartbeat, until: secs(21), ..Play::default() };
    let log = play
        .run(|_, mut peer: Peer| async move {
            for second in 1..30 {
                peer.wait_until(secs(second)).await;
                peer.send(Opcode::Text, b"tick").await;
            }
        })
        .await;
    assert_eq!(log.count("heartbeat"), 4, "{log}");
    assert_eq!(log.count("missed"), 0, "{log}");
}

#[tokio::test(start_paused = true)]
async fn pings_that_are_never_answered_while_data_comes_are_one_warning_and_no_drop() {
    let play = Play { heartbeat: pings(1, 1), until: secs(60), ..Play::default() };
    let log = play
        .run(|_, mut peer: Peer| async move {
            for step in 1..100 {
                peer.wait_until(Moment::from_millis(step * 1500)).await;
                peer.send(Opcode::Text, b"data").await;
            }
        })
        .await;
    assert_eq!(log.count("pings ignored"), 1, "{log}");
    assert_eq!(log.count("missed"), 0, "{log}");
    assert_eq!(log.count("ended local"), 1, "{log}");
}

#[tokio::test(start_paused = true)]
async fn only_the_own_answer_settles_with_match() {
    let heartbeat = Plan { answer: Answer::Match, send: Send::Text("beat".into()), ..pings(10, 5) };
    let play = Play { heartbeat, until: secs(40), ..Play::default() };
    let log = play
        .run(|_, mut peer: Peer| async move {
            peer.wait_until(secs(12)).await;
            peer.send(Opcode::Text, b"beat").await;
            peer.wait_until(secs(24)).await;
            peer.send(Opcode::Text, b"something else").await;
            peer.read_to_end().await;
        })
        .await;
    insta::assert_snapshot!(log);
}

#[tokio::test(start_paused = true)]
async fn our_close_is_waited_for_and_told_when_nobody_answers_it() {
    let play = Play { heartbeat: pings(20, 20), close_at: Some(secs(3)), until: secs(60), ..Play::default() };
    let log = play.run(|_, mut peer: Peer| async move { peer.read_to_end().await }).await;
    insta::assert_snapshot!(log);
}

#[tokio::test(start_paused = true)]
async fn clocks_stand_still_while_nobody_reads() {
    let hold = Some((secs(9), secs(49)));
    let play = Play { heartbeat: pings(10, 5), hold, until: secs(70), ..Play::default() };
    let log = play.run(|_, mut peer: Peer| async move { pong_all(&mut peer, secs(9999)).await }).await;
    assert_eq!(log.count("missed"), 0, "{log}");
    insta::assert_snapshot!(log);
}
