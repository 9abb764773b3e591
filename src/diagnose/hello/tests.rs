//! Each first message that a server waits for, and the drops that only look like a missing one.

use super::*;
use crate::diagnose::sample::ended;
use crate::event::Ended;
use crate::wire::head::Head;

fn close(code: u16) -> How {
    How::Close { code: Some(code), reason: String::new() }
}

fn drop_of(how: How, age: f64, first: &str, url: &str) -> Dropped {
    let first_message = (!first.is_empty()).then(|| PayloadBytes(first.as_bytes().to_vec()));
    let mut dropped = Dropped::sample(Ended { first_message, ..ended(how, age, age, age) });
    dropped.url = format!("ws://a{url}");
    dropped
}

fn with_subprotocol(dropped: Dropped, name: &str) -> Dropped {
    let head = format!("HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Protocol: {name}\r\n\r\n");
    Dropped { head: Some(Head::verbatim(head.into_bytes())), ..dropped }
}

#[test]
fn each_product_that_waits_for_a_first_message_is_told_with_it() {
    let discord = r#"{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":41250}}"#;
    let obs = r#"{"d":{"obsWebSocketVersion":"5.1.0","rpcVersion":1},"op":0}"#;
    let eventsub = r#"{"metadata":{"message_id":"a","message_type":"session_welcome"},"payload":{}}"#;
    for (how, age, first, url, send) in [
        (close(4408), 3.0, "", "/x", "-x '{\"type\":\"connection_init\"}'"),
        (close(3502), 25.0, "", "/x", "-x '{\"id\":1,\"connect\":{}}'"),
        (close(1000), 15.0, "", "/chatHub", "{\"protocol\":\"json\",\"version\":1}\\036"),
        (How::Fin, 45.2, "0{\"sid\":\"a\",\"pingInterval\":25000}", "/socket.io/?EIO=4", "-x 40"),
        (close(4007), 8.0, obs, "/", "\"op\":1"),
        (close(4003), 6.0, discord, "/", "\"op\":2"),
        (close(1000), 10.0, "{\"type\":\"auth_required\"}", "/api/websocket", "access_token"),
        (How::Fin, 4.0, "{\"server_id\":\"0\"}", "/websocket", "\"msg\":\"connect\""),
        (close(4003), 10.0, eventsub, "/", "subscription by HTTP"),
    ] {
        let finding = missing(&drop_of(how, age, first, url)).unwrap_or_else(|| panic!("{first} {url}"));
        assert_eq!((finding.code, finding.who), ("hello-missing", "client"));
        assert!(finding.help.join("\n").contains(send), "{:?}", finding.help);
    }
    for (name, code, send) in [
        ("graphql-transport-ws", 4408, "connection_init"),
        ("graphql-transport-ws", 4401, "connection_init"),
        ("graphql-ws", 1000, "\"payload\":{}"),
        ("v12.stomp", 1002, "CONNECT\\naccept-version:1.2"),
        ("mqtt", 1002, "100c00044d515454"),
    ] {
        let finding = missing(&with_subprotocol(drop_of(close(code), 3.0, "", "/"), name)).unwrap();
        assert_eq!((finding.code, finding.confidence), ("hello-missing", Likely), "{name}");
        assert!(finding.help.join("\n").contains(send), "{:?}", finding.help);
    }
}

#[test]
fn a_url_alone_is_only_possible_and_names_the_rival() {
    let finding = missing(&drop_of(How::Fin, 2.0, "", "/mqtt")).unwrap();
    assert_eq!(finding.confidence, Possible);
    assert!(finding.cause.contains("or the application was done"), "{}", finding.cause);
    let timed = missing(&drop_of(How::Fin, 15.0, "", "/chatHub")).unwrap();
    assert_eq!(timed.confidence, Possible);
    assert!(timed.cause.contains("within 15 s") && timed.cause.contains("an idle limit"), "{}", timed.cause);
}

#[test]
fn another_age_another_reason_or_a_message_that_was_sent_is_another_story() {
    let first = "{\"server_id\":\"0\"}";
    assert!(missing(&drop_of(How::Fin, 4.0, first, "/")).is_some());
    assert!(missing(&drop_of(How::Fin, 300.0, first, "/")).is_none(), "long after the open");
    assert!(missing(&drop_of(close(1012), 4.0, first, "/")).is_none(), "a restart");
    assert!(missing(&drop_of(How::WriteStuck, 4.0, first, "/")).is_none());
    assert!(missing(&drop_of(close(4408), 30.0, "", "/x")).is_none(), "4408 of an unknown product at another age");
    assert!(missing(&drop_of(close(1000), 15.0, "", "/x")).is_none(), "an unknown product");
    let mut spoken = drop_of(How::Fin, 4.0, first, "/");
    spoken.ended.messages_out = 2;
    assert!(missing(&spoken).is_none());
    let mut cut = drop_of(How::Fin, 4.0, first, "/");
    cut.ended.mid_frame = Some((1, 2));
    assert!(missing(&cut).is_none());
    let mut told = drop_of(How::Fin, 4.0, first, "/");
    told.farewell = true;
    assert!(missing(&told).is_none());
    // A path alone is no evidence once something was sent; the product's own code is, with its subprotocol.
    let mut early = drop_of(close(4401), 0.2, "", "/graphql");
    early.ended.messages_out = 1;
    assert!(missing(&early).is_none());
    assert!(missing(&with_subprotocol(early, "graphql-transport-ws")).is_some());
}

#[test]
fn a_reason_that_speaks_of_the_subprotocol_is_believed() {
    let how = || How::Close { code: Some(1008), reason: "client must speak the echo subprotocol".into() };
    let none = missing(&drop_of(how(), 1.0, "", "/x")).unwrap();
    assert_eq!((none.code, none.confidence), ("subprotocol-missing", Likely));
    assert!(none.cause.contains("none was offered"), "{}", none.cause);
    let mut offered = drop_of(how(), 1.0, "", "/x");
    offered.offered = vec!["chat".into()];
    assert!(missing(&offered).unwrap().cause.contains("none of the subprotocols offered"));
    assert!(missing(&drop_of(close(1008), 1.0, "", "/x")).is_none());
}

#[test]
fn a_subprotocol_that_is_wanted_is_suggested() {
    let sure = missing(&drop_of(close(4406), 0.1, "", "/x")).unwrap();
    assert_eq!((sure.code, sure.confidence), ("subprotocol-missing", Likely));
    assert_eq!(sure.help[1..], ["--subprotocol graphql-transport-ws", "--subprotocol graphql-ws"]);
    let mut offered = drop_of(close(4406), 0.1, "", "/x");
    offered.offered = vec!["graphql-ws".into()];
    let other = missing(&offered).unwrap();
    assert_eq!(other.help[1..], ["--subprotocol graphql-transport-ws"]);
    assert!(other.seen.iter().any(|line| line == "offered, and not chosen: \"graphql-ws\""), "{:?}", other.seen);
    offered.offered.push("graphql-transport-ws".into());
    assert_eq!(missing(&offered).unwrap().help.len(), 1);
    let unknown = missing(&drop_of(close(1002), 0.1, "", "/x")).unwrap();
    assert_eq!((unknown.code, unknown.confidence), ("subprotocol-missing", Possible));
    assert!(unknown.cause.contains("a frame of ours"), "{}", unknown.cause);
    assert_eq!(unknown.help.len(), suggest(None).len() + 1);
    let graphql = missing(&drop_of(close(1002), 0.1, "", "/graphql")).unwrap();
    assert_eq!((graphql.confidence, graphql.help.len()), (Likely, 3));
    // The twins: a frame of ours came before, time passed, or one was agreed to.
    let mut sent = drop_of(close(1002), 0.1, "", "/x");
    sent.ended.messages_out = 1;
    assert!(missing(&sent).is_none());
    assert!(missing(&drop_of(close(1002), 20.0, "", "/x")).is_none());
    assert!(missing(&with_subprotocol(drop_of(close(1002), 0.1, "", "/x"), "chat")).is_none());
}

#[test]
fn each_suggestion_leads_back_to_its_product() {
    for product in Product::ALL {
        let names = suggest(Some(*product));
        if names.len() == suggest(None).len() {
            continue;
        }
        assert!(names.iter().all(|name| suggest(None).contains(name)), "{product:?}");
        let found = products::by_subprotocol(names[0]).map(|found| found.product);
        assert!(found == Some(*product) || *product == Product::GraphqlLegacy, "{product:?}");
    }
}
