//! Each check both ways: what is as it should be, and what is not.

#![allow(clippy::unwrap_used)]

use super::frames::{
    Broken, Closed, End, Pinged, Ramp, closing, fragments, own_heartbeat, pings, reserved_bits, strict,
};
use super::reaching::{Tried, addresses, alpn, certificate, names, proxy, sni};
use super::requests::{
    Offers, Origins, Reply, compression, keep_alive, keys, origins, other_path, plain_get, reconnects, scheme,
    server_clock, slash, sticky_cookie, subprotocols, versions,
};
use super::*;
use crate::watch::liveness::Cut;
use crate::wire::close::CloseBody;
use crate::wire::head::Head;
use crate::wire::sequence::Breach;
use crate::wire::upgrade::accept_key;

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const OTHER_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAA==";

fn reply_to(key: &str, status: &str, fields: &str) -> Reply {
    let head = format!("HTTP/1.1 {status}\n{fields}\n").replace('\n', "\r\n");
    Reply { answer: Ok(Head::verbatim(head.into_bytes())), key: key.to_owned() }
}

fn reply(status: &str, fields: &str) -> Reply {
    reply_to(KEY, status, fields)
}

fn open() -> Reply {
    reply("101 Switching Protocols", "")
}

fn refused() -> Reply {
    reply("403 Forbidden", "")
}

fn silent() -> Reply {
    Reply { answer: Err("no answer within 3.0 s".into()), key: KEY.into() }
}

/// Result and code.
fn came(verdict: &Verdict) -> (ExamResult, Option<&'static str>) {
    (verdict.result, verdict.wrong.as_ref().map(|wrong| wrong.code))
}

fn close(code: u16) -> End {
    End::Close(CloseBody { code: Some(code), reason: String::new() })
}

#[test]
fn ids_are_unique_and_the_cost_is_known() {
    let mut ids: Vec<&str> = checks(true).map(|check| check.id).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), checks(false).count()), (all, all - 1));
    assert_eq!((cost(false), cost(true)), (49, 54));
    assert!(at_most(false) < at_most(true));
}

#[test]
fn a_name_and_its_addresses() {
    let two = ["10.0.0.1".to_owned(), "::1".to_owned()];
    let looked_up = names("a.example", &two, false, Span::from_millis(2));
    assert_eq!(looked_up.evidence, "a.example has 2 addresses in 2.0 ms: 10.0.0.1, ::1");
    assert_eq!(names("10.0.0.1", &two[..1], true, Span::ZERO).result, ExamResult::Pass);
    assert_eq!(names("x", &[], false, Span::ZERO).result, ExamResult::Skipped);
}

#[test]
fn a_dead_address_is_told_unless_the_way_is_missing_here() {
    let tried = |address: &str, took: Result<Span, String>, is_ours| Tried { address: address.into(), took, is_ours };
    let good = tried("10.0.0.1", Ok(Span::from_millis(1)), false);
    let dead = tried("10.0.0.2", Err("refused".into()), false);
    let no_way = tried("2001:db8::1", Err("no way".into()), true);
    assert_eq!(came(&addresses(&[good.clone(), dead.clone()], false)), (ExamResult::Warn, Some("address-dead")));
    assert_eq!(came(&addresses(&[good.clone(), dead], true)), (ExamResult::Note, None));
    assert_eq!(came(&addresses(&[good.clone(), no_way], false)), (ExamResult::Note, None));
    assert_eq!(came(&addresses(&[good], false)), (ExamResult::Pass, None));
}

#[test]
fn tls_without_a_name_and_with_another_offer() {
    assert_eq!(sni(Some("a"), &Ok(Some("a".into()))).result, ExamResult::Pass);
    assert_eq!(sni(Some("a"), &Ok(Some("b".into()))).result, ExamResult::Note);
    assert_eq!(sni(Some("a"), &Err("alert 112".into())).result, ExamResult::Note);
    assert_eq!(alpn(&Ok(Some("h2".into()))).result, ExamResult::Note);
    assert_eq!(alpn(&Ok(Some("http/1.1".into()))).result, ExamResult::Pass);
    assert_eq!(alpn(&Ok(None)).result, ExamResult::Pass);
}

#[test]
fn two_keys_have_two_accepts() {
    let good =
        |key: &str| reply_to(key, "101 Switching Protocols", &format!("Sec-WebSocket-Accept: {}\n", accept_key(key)));
    let fixed = |key: &str| reply_to(key, "101 Switching Protocols", "Sec-WebSocket-Accept: x\n");
    assert_eq!(came(&keys(&good(KEY), &good(OTHER_KEY))), (ExamResult::Pass, None));
    assert_eq!(came(&keys(&fixed(KEY), &fixed(OTHER_KEY))), (ExamResult::Fail, Some("one-accept-for-two-keys")));
    // The user's own key, sent twice.
    assert_eq!(came(&keys(&good(KEY), &good(KEY))), (ExamResult::Pass, None));
    assert_eq!(came(&keys(&good(KEY), &reply("503 Busy", ""))), (ExamResult::Warn, Some("answers-differ")));
    assert_eq!(came(&keys(&refused(), &refused())), (ExamResult::Note, None));
}

#[test]
fn a_plain_get_and_other_paths() {
    let page = reply("200 OK", "Content-Type: text/html; charset=utf-8\n");
    assert_eq!(plain_get(Some(&open()), &page).result, ExamResult::Note);
    assert_eq!(plain_get(Some(&open()), &reply("426 Upgrade Required", "")).result, ExamResult::Pass);
    assert_eq!(plain_get(Some(&open()), &open()).result, ExamResult::Warn);
    assert_eq!(plain_get(None, &silent()).result, ExamResult::Note);
    assert_eq!(other_path(&open(), &reply("404 Not Found", "")).result, ExamResult::Pass);
    assert_eq!(other_path(&refused(), &open()).evidence, "101 there, 403 here: it is this path that is refused");
    assert_eq!(other_path(&refused(), &refused()).evidence, "403 too: the path makes no difference");
    assert_eq!(slash(&open(), &open(), "/ws/").result, ExamResult::Pass);
    assert_eq!(slash(&open(), &reply("301 Moved", ""), "/ws/").result, ExamResult::Note);
    assert_eq!(slash(&refused(), &refused(), "/ws/").evidence, "/ws/: 403 as well: the slash makes no difference");
    assert_eq!(scheme("wss://a.example/", &open(), true).result, ExamResult::Note);
    assert_eq!(scheme("ws://a.example/", &reply("301 Moved", ""), false).result, ExamResult::Pass);
}

/// Nothing passes where the upgrade itself is refused: what was seen is told.
#[test]
fn a_refused_run_has_notes_that_say_what_was_seen() {
    let offers = Offers { own: None, none: &refused(), bogus: &refused(), bogus_name: "x" };
    let origins = origins(&Origins { none: silent(), given: None, own: silent(), foreign: silent(), null: silent() });
    for (verdict, words) in [
        (plain_get(Some(&refused()), &refused()), "403 too: the upgrade is answered as a request for a page is"),
        (plain_get(Some(&refused()), &reply("200 OK", "")), "200 OK, another answer than the upgrade's"),
        (origins, "no answer to each Origin, and without one: the Origin makes no difference"),
        (subprotocols(&offers), "403 to each offer, and without one: the offer makes no difference"),
        (compression(&refused(), &refused()), "403 as well: the offer makes no difference"),
        (versions(&silent(), &silent()), "no answer to either"),
    ] {
        assert_eq!((verdict.result, verdict.evidence.as_str()), (ExamResult::Note, words));
    }
}

#[test]
fn a_list_in_connection_must_make_no_difference() {
    assert_eq!(came(&keep_alive(&open(), &open())), (ExamResult::Pass, None));
    assert_eq!(
        came(&keep_alive(&open(), &reply("400 Bad Request", ""))),
        (ExamResult::Fail, Some("keep-alive-refused"))
    );
    // A server that is busy for a moment says nothing about the field.
    assert_eq!(came(&keep_alive(&open(), &reply("503 Busy", ""))), (ExamResult::Note, None));
    assert_eq!(came(&keep_alive(&refused(), &refused())), (ExamResult::Note, None));
}

#[test]
fn an_unknown_version_is_refused_with_a_list() {
    let listed = reply("426 Upgrade Required", "Sec-WebSocket-Version: 13, 8\n");
    assert_eq!(came(&versions(&listed, &listed)), (ExamResult::Pass, None));
    assert_eq!(came(&versions(&open(), &refused())), (ExamResult::Note, None));
    assert_eq!(came(&versions(&refused(), &refused())), (ExamResult::Note, None));
    assert_eq!(came(&versions(&open(), &open())), (ExamResult::Warn, Some("version-ignored")));
}

#[test]
fn who_may_connect_is_told_and_no_fault() {
    let of = |[none, own, foreign, null]: [Reply; 4]| origins(&Origins { none, given: None, own, foreign, null });
    let kept_out = of([open(), open(), refused(), refused()]);
    assert_eq!(kept_out.evidence, "none 101, own 101, foreign 403, null 403: pages of other sites are kept out");
    assert_eq!(kept_out.result, ExamResult::Pass);
    for seen in [
        [open(), open(), open(), open()],
        [open(), open(), refused(), open()],
        [open(), refused(), refused(), refused()],
        [refused(), open(), refused(), refused()],
        [refused(), refused(), refused(), refused()],
    ] {
        assert_eq!(came(&of(seen)), (ExamResult::Note, None));
    }
    let (none, own, foreign, null) = (refused(), refused(), refused(), refused());
    let page = origins(&Origins { none, given: Some(open()), own, foreign, null });
    assert_eq!(came(&page), (ExamResult::Pass, None));
    assert!(page.evidence.starts_with("none 403, given 101, own 403"), "{}", page.evidence);
}

#[test]
fn a_proxy_of_the_environment_is_told() {
    assert_eq!(proxy(&[]).result, ExamResult::Pass);
    let set = proxy(&["HTTPS_PROXY".into()]);
    assert_eq!(set.result, ExamResult::Note);
    assert!(set.evidence.starts_with("HTTPS_PROXY is set here and not used"), "{}", set.evidence);
}

#[test]
fn a_certificate_is_told_with_its_days() {
    let of = |days: i64, why: Option<&str>| certificate("TLS 1.3, X", Some(("a by CA".into(), 2, days)), why);
    assert_eq!(of(90, None).evidence, "TLS 1.3, X; a by CA, 2 certificates sent, 90 days left");
    assert_eq!(of(90, None).result, ExamResult::Pass);
    assert_eq!(of(14, None).result, ExamResult::Warn);
    assert!(of(-1, Some("expired")).evidence.ends_with("ended; not trusted: expired"));
    assert_eq!(certificate("TLS 1.3, X", None, None).result, ExamResult::Note);
}

#[test]
fn reconnects_are_told_with_the_cookie_that_they_need() {
    let good = [Ok(Span::from_millis(1)), Ok(Span::from_millis(2))];
    assert_eq!(reconnects(&good, None).evidence, "open again in 1.0 ms, 2.0 ms");
    assert_eq!(reconnects(&good, Some("AWSALB")).result, ExamResult::Note);
    let failed = reconnects(&[Ok(Span::from_millis(1)), Err("503 Service Unavailable".into())], None);
    assert_eq!((failed.result, failed.evidence.contains("then 503")), (ExamResult::Warn, true));
    let answer = reply("101 Switching Protocols", "Set-Cookie: a=b\nSet-Cookie: AWSALBCORS=x; Path=/\n");
    assert_eq!(sticky_cookie(answer.answer.as_ref().unwrap()), Some("AWSALB"));
    assert_eq!(sticky_cookie(open().answer.as_ref().unwrap()), None);
}

#[test]
fn a_subprotocol_comes_from_the_offer() {
    let with = |name: &str| reply("101 Switching Protocols", &format!("Sec-WebSocket-Protocol: {name}\n"));
    let judged = |own: Option<&Reply>, none: &Reply, bogus: &Reply| {
        came(&subprotocols(&Offers { own, none, bogus, bogus_name: "x" }))
    };
    let (chat, bogus) = (with("chat"), with("x"));
    assert_eq!(judged(None, &open(), &open()), (ExamResult::Pass, None));
    assert_eq!(judged(None, &open(), &bogus), (ExamResult::Note, None));
    assert_eq!(judged(None, &open(), &chat), (ExamResult::Fail, Some("subprotocol-invented")));
    assert_eq!(judged(None, &chat, &open()), (ExamResult::Fail, Some("subprotocol-invented")));
    assert_eq!(judged(Some(&chat), &open(), &refused()), (ExamResult::Pass, None));
    assert_eq!(judged(Some(&open()), &open(), &open()), (ExamResult::Warn, None));
    assert_eq!(judged(None, &refused(), &refused()), (ExamResult::Note, None));
}

#[test]
fn an_answer_to_the_compression_offer_has_known_parameters() {
    let with = |value: &str| reply("101 Switching Protocols", &format!("Sec-WebSocket-Extensions: {value}\n"));
    let wrong = (ExamResult::Fail, Some("extension-answer-wrong"));
    assert_eq!(came(&compression(&open(), &open())), (ExamResult::Pass, None));
    let good = with("permessage-deflate; server_no_context_takeover; client_max_window_bits=15");
    assert_eq!(came(&compression(&open(), &good)), (ExamResult::Pass, None));
    for value in [
        "permessage-foo",
        "permessage-deflate; x=1",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; client_max_window_bits=16",
        "permessage-deflate, permessage-deflate",
    ] {
        assert_eq!(came(&compression(&open(), &with(value))), wrong, "{value}");
    }
    let refused_offer = came(&compression(&open(), &reply("400 Bad Request", "")));
    assert_eq!(refused_offer, (ExamResult::Fail, Some("compression-offer-refused")));
    assert_eq!(came(&compression(&refused(), &refused())), (ExamResult::Note, None));
}

#[test]
fn clocks_apart_are_a_note() {
    assert_eq!(server_clock(Some(1000), 1001).evidence, "within 1 s of ours");
    assert!(server_clock(Some(1000), 1600).evidence.starts_with("10 m behind ours"));
    assert_eq!(server_clock(Some(1000), 940).result, ExamResult::Note);
    assert_eq!(server_clock(None, 0).result, ExamResult::Skipped);
}

#[test]
fn pings_of_all_sizes_come_back_as_they_were() {
    let ping = |len, rtt: Option<u64>, is_same| Pinged { len, rtt: rtt.map(Span::from_millis), is_same, closed: None };
    let good = [ping(0, Some(3), true), ping(125, Some(1), true), ping(8, Some(2), true)];
    assert!(pings(&good).evidence.starts_with("3 of 3 pings answered, median 2.0 ms"));
    assert_eq!(came(&pings(&good)), (ExamResult::Pass, None));
    let lost = [ping(0, None, false), ping(125, Some(1), false), ping(8, Some(2), true)];
    assert_eq!(came(&pings(&lost)), (ExamResult::Warn, Some("ping-size-matters")));
    // A limit of size that counts for pings too is told by the sizes of messages.
    let big = [ping(0, Some(1), true), Pinged { closed: Some(1009), ..ping(125, None, false) }];
    assert_eq!(came(&pings(&big)), (ExamResult::Note, None));
    let other = [ping(0, Some(1), true), Pinged { closed: Some(1002), ..ping(125, None, false) }];
    assert_eq!(came(&pings(&other)), (ExamResult::Warn, Some("ping-size-matters")));
    // The probe before it tells of pings that are never answered.
    assert_eq!(came(&pings(&[ping(0, None, false)])), (ExamResult::Warn, None));
    assert_eq!(own_heartbeat(Ok(Span::from_millis(3)), None).evidence, "answered in 3.0 ms");
    assert_eq!(own_heartbeat(Err(Some(close(4400))), None).evidence, "the message is answered by Close 4400");
    assert_eq!(own_heartbeat(Err(None), None).result, ExamResult::Note);
}

/// A server that takes messages of up to `limit` bytes.
fn ramp_against(limit: u64, end: &End) -> Ramp {
    let mut ramp = Ramp::default();
    let mut asked = 0;
    while let Some(len) = ramp.next_len() {
        asked += 1;
        if len <= limit { ramp.passed(len, true) } else { ramp.ended(len, end.clone()) }
    }
    assert!(asked <= 5 + BISECTIONS_MAX, "{asked} messages");
    ramp
}

#[test]
fn a_limit_is_found_to_one_percent_or_1_kib() {
    for limit in [200, 8192, 65_536, 500_000, 1_000_000] {
        let ramp = ramp_against(limit, &close(1009));
        let good = ramp.largest().unwrap();
        assert!(good <= limit && limit - good <= 1024.max(limit / 50), "{limit}: {good}");
        assert_eq!(came(&ramp.judge()), (ExamResult::Note, Some("message-size-limit")));
    }
}

#[test]
fn what_is_no_limit_of_size_is_not_called_one() {
    let open_end = ramp_against(u64::MAX, &close(1009));
    assert_eq!((open_end.judge().evidence.as_str(), open_end.largest()), ("1 B to 1 MiB pass", None));
    let picky = ramp_against(0, &close(4400));
    assert!(picky.is_hopeless());
    assert_eq!(came(&picky.judge()), (ExamResult::Note, None));
    assert_eq!(came(&ramp_against(125, &close(1003)).judge()), (ExamResult::Note, None));
    let cut = ramp_against(65_536, &End::Cut(Cut::Reset));
    assert_eq!(came(&cut.judge()), (ExamResult::Warn, Some("large-message-cut")));
}

#[test]
fn messages_that_nothing_answers_do_not_pass() {
    let mut ramp = Ramp::default();
    while let Some(len) = ramp.next_len() {
        ramp.passed(len, false);
    }
    let verdict = ramp.judge();
    assert_eq!(came(&verdict), (ExamResult::Note, None));
    assert_eq!(verdict.evidence, "1 B to 1 MiB do not end it; nothing shows that they were read");
}

#[test]
fn a_ramp_without_further_connections_says_so() {
    let mut ramp = Ramp::default();
    ramp.passed(1, true);
    ramp.failed("503 Busy".into());
    assert_eq!(ramp.next_len(), None);
    assert_eq!(came(&ramp.judge()), (ExamResult::Note, None));
}

#[test]
fn fragments_with_a_ping_between_them_are_taken() {
    assert_eq!(came(&fragments(true, None)), (ExamResult::Pass, None));
    assert_eq!(came(&fragments(false, None)), (ExamResult::Note, None));
    assert_eq!(came(&fragments(true, Some(&close(4400)))), (ExamResult::Note, None));
    let refused = (ExamResult::Fail, Some("fragments-refused"));
    assert_eq!(came(&fragments(false, Some(&close(1002)))), refused);
    assert_eq!(came(&fragments(false, Some(&End::Cut(Cut::Eof)))), refused);
}

#[test]
fn reserved_bits_without_an_agreement_are_a_fault() {
    assert_eq!(came(&reserved_bits(None, 12)), (ExamResult::Pass, None));
    assert_eq!(came(&reserved_bits(None, 0)), (ExamResult::Skipped, None));
    let bits = reserved_bits(Some(Breach::ReservedBits(4)), 1);
    assert_eq!(came(&bits), (ExamResult::Fail, Some("reserved-bits-set")));
    assert_eq!(came(&reserved_bits(Some(Breach::MaskUnexpected), 1)), (ExamResult::Fail, None));
}

#[test]
fn every_legal_close_is_answered() {
    let closed = |code: Option<u16>, answer: Option<Option<u16>>, end| Closed {
        sent: CloseBody { code, reason: String::new() },
        answer: answer.map(|code| CloseBody { code, reason: String::new() }),
        end,
    };
    let eof = Some(Cut::Eof);
    let good = [closed(Some(1000), Some(Some(1000)), eof), closed(None, Some(None), eof)];
    assert_eq!(closing(&good).evidence, "1000, no code: echoed, then TCP ends");
    assert_eq!(came(&closing(&[closed(Some(4000), Some(Some(1000)), eof)])), (ExamResult::Note, None));
    assert_eq!(came(&closing(&[closed(Some(4000), Some(Some(4000)), None)])), (ExamResult::Note, None));
    let mute = closing(&[closed(Some(1000), Some(Some(1000)), eof), closed(Some(4000), None, eof)]);
    assert_eq!(came(&mute), (ExamResult::Warn, Some("close-variant-unanswered")));
    assert_eq!(closing(&[]).result, ExamResult::Skipped);
    // No Close at all is answered: that is no matter of the variants, and the probe has told it.
    assert_eq!(came(&closing(&[closed(Some(1000), None, eof), closed(None, None, eof)])), (ExamResult::Warn, None));
}

#[test]
fn a_breach_of_ours_ends_the_connection() {
    let broken = |what, expected, end: Option<End>| Broken { what, expected, end };
    let good = [broken("an unmasked frame", 1002, Some(close(1002))), broken("bad text", 1007, Some(close(1007)))];
    assert_eq!(came(&strict(&good)), (ExamResult::Pass, None));
    // The RFC wants the end of the connection; the Close frame is only a should.
    let rude = strict(&[broken("an unmasked frame", 1002, Some(End::Cut(Cut::Eof)))]);
    assert_eq!(rude.evidence, "an unmasked frame: FIN without a Close frame, expected Close 1002");
    assert_eq!(rude.result, ExamResult::Note);
    let accepted = strict(&[broken("an unmasked frame", 1002, None)]);
    assert_eq!(came(&accepted), (ExamResult::Fail, Some("violation-accepted")));
}
