//! Each mark of each product, and what only looks like one.

use super::*;

fn first(bytes: &[u8]) -> Option<Product> {
    by_first_message(bytes).map(|found| found.product)
}

fn url(path_and_query: &str) -> Option<Product> {
    by_url(path_and_query).map(|found| found.product)
}

#[test]
fn each_product_has_one_row_and_its_key_leads_back() {
    assert_eq!(ROWS.len(), Product::ALL.len());
    for product in Product::ALL {
        assert!(!product.name().is_empty() && product.name().is_ascii(), "{product:?}");
        assert_eq!(Product::from_key(product.key()), Some(*product));
        assert_eq!(ROWS.iter().filter(|row| row.key == product.key()).count(), 1, "{product:?}");
    }
    for (alias, product) in ALIASES {
        assert_eq!(Product::from_key(alias), Some(*product));
    }
    assert_eq!(Product::from_key(" Discord "), Some(Discord));
    assert_eq!(Product::from_key("acme"), None);
}

#[test]
fn each_preset_of_a_product_is_in_the_table() {
    for product in Product::ALL {
        let Some(preset) = product.preset() else { continue };
        assert!(crate::watch::presets::names().contains(&preset), "{preset}");
    }
}

#[test]
fn a_subprotocol_names_its_product() {
    for (name, product) in SUBPROTOCOLS {
        let found = by_subprotocol(name);
        assert_eq!(found, Some(Recognised { product: *product, why: format!("subprotocol \"{name}\"") }));
    }
    for (name, product) in [
        ("ocpp1.6", Ocpp),
        ("ocpp2.0.1", Ocpp),
        ("wamp.2.json", Wamp),
        ("wamp.2.msgpack", Wamp),
        ("v4.channel.k8s.io", Kubernetes),
        ("v5.base64.channel.k8s.io", Kubernetes),
        (" MQTT ", Mqtt),
    ] {
        assert_eq!(by_subprotocol(name).map(|found| found.product), Some(product), "{name}");
    }
    for name in ["", "chat", "graphql", "mqtt5000", "my.stomp"] {
        assert_eq!(by_subprotocol(name), None, "{name}");
    }
}

#[test]
fn a_first_message_names_its_product() {
    for (message, product) in [
        (r#"0{"sid":"a","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#, EngineIo),
        (r#"0{"sid":"a","upgrades":[],"pingInterval":25000,"pingTimeout":5000,"maxPayload":1000000}"#, EngineIo),
        (r#"0{"sid":"a","upgrades":[],"pingInterval":25000,"pingTimeout":5000}"#, EngineIo3),
        (r#"0{"sid":"a","upgrades":[],"pingTimeout":20000,"pingInterval":25000}"#, EngineIo),
        (r#"{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":41250,"_trace":["[]"]}}"#, Discord),
        (r#"{"op": 10, "d": {"heartbeat_interval": 45000}}"#, Discord),
        (r#"{"op":10,"d":{}}"#, Discord),
        (r#"{"ha_version":"2024.1.0","type":"auth_required"}"#, HomeAssistant),
        (r#"{"d":{"obsWebSocketVersion":"5.1.0","rpcVersion":1},"op":0}"#, Obs),
        (r#"{"type":"welcome"}"#, ActionCable),
        (r#"{"event":"pusher:connection_established","data":"{\"socket_id\":\"1.2\"}"}"#, Pusher),
        (r#"{"type": "auth_required", "ha_version": "2024.1.0"}"#, HomeAssistant),
        (r#"{"server_id":"0"}"#, Ddp),
        (r#"{"msg":"connected","session":"a"}"#, Ddp),
        (r#"{"metadata":{"message_id":"a","message_type":"session_welcome"},"payload":{}}"#, TwitchEventSub),
        (r#"{"type":"hello","num_connections":1,"debug_info":{}}"#, SlackSocket),
        (r#"{"id":"a1","type":"welcome"}"#, Kucoin),
        (r#"{"id":1,"connect":{"client":"a","version":"5.0.0","ping":25,"pong":true}}"#, Centrifugo),
        (r#"{"type":"connection_ack","payload":{"connectionTimeoutMs":300000}}"#, AppSync),
        (r#"{"type":"ka"}"#, GraphqlLegacy),
        (r#"{"event":"phx_reply","payload":{"response":{},"status":"ok"},"ref":"1","topic":"a"}"#, PhoenixV1),
        (r#"["1","1","room:a","phx_reply",{"response":{},"status":"ok"}]"#, Phoenix),
        ("{}\u{1e}", SignalR),
        ("{\"type\":6}\u{1e}", SignalR),
        ("CONNECTED\nversion:1.2\n\n\0", Stomp),
        (":tmi.twitch.tv 001 justinfan1 :Welcome, GLHF!\r\n", TwitchIrc),
        ("o", SockJs),
    ] {
        assert_eq!(first(message.as_bytes()), Some(product), "{message}");
    }
    assert_eq!(first(&[0x20, 0x02, 0x00, 0x00]), Some(Mqtt));
}

#[test]
fn what_only_looks_like_a_mark_is_none() {
    for message in [
        "",
        "hello",
        "ok",
        "{}",
        r#"{"op":100,"d":{"heartbeat_interval":1}}"#,
        r#"{"op":1,"d":{}}"#,
        r#"{"text":"say \"event\":\"pusher:x\" to me"}"#,
        r#"{"type":"welcome_back"}"#,
        "0{",
        "CONNECTED",
        "[1,2,3]",
    ] {
        assert_eq!(first(message.as_bytes()), None, "{message}");
    }
    for bytes in [&[0x20, 0x02][..], &[0x20, 0x02, 0x09, 0x00], &[0xff, 0xfe], &[0x30, 0x00]] {
        assert_eq!(first(bytes), None, "{bytes:?}");
    }
}

#[test]
fn why_shows_the_mark_and_nothing_of_the_peers() {
    let why = |message: &str| by_first_message(message.as_bytes()).map(|found| found.why).unwrap_or_default();
    assert_eq!(why("0{\"sid\":\"secret\"}"), "its first message begins with 0{\"sid\"");
    let hello = "{\"op\":10,\"d\":{\"heartbeat_interval\":1}}";
    assert_eq!(why(hello), "its first message has \"op\":10 and \"heartbeat_interval\":");
    assert_eq!(why("{}\u{1e}"), "its first message begins with {}");
    for mark in FIRST_MESSAGES {
        assert!(mark_words(mark).bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{}", mark_words(mark));
    }
}

#[test]
fn a_cut_or_a_broken_message_is_read_without_harm() {
    let whole = r#"{"t":null,"op":10,"d":{"heartbeat_interval":41250,"x":"\""#.as_bytes();
    for end in 0..whole.len() {
        let _ = by_first_message(&whole[..end]);
    }
    assert_eq!(first(whole), Some(Discord));
    assert_eq!(first("{\"server_id\":\"\u{fc}\u{fc}\"".as_bytes()), Some(Ddp));
}

#[test]
fn a_url_may_speak_for_a_product() {
    for (target, product) in [
        ("/socket.io/?EIO=4&transport=websocket", EngineIo),
        ("/socket.io/?transport=websocket&EIO=3", EngineIo3),
        ("/socket.io/", EngineIo),
        ("/?v=10&encoding=json", Discord),
        ("/ws?keepalive_timeout_seconds=30", TwitchEventSub),
        ("/stream?streams=btcusdt@trade", Binance),
        ("/ws/btcusdt@depth", Binance),
        ("/app/0123abcd?protocol=7&client=js", Pusher),
        ("/socket/websocket?vsn=2.0.0", Phoenix),
        ("/socket/websocket", PhoenixV1),
        ("/realtime/v1/websocket?apikey=a&vsn=1.0.0", Supabase),
        ("/connection/websocket", Centrifugo),
        ("/api/websocket", HomeAssistant),
        ("/sockjs/123/abcdefgh/websocket", SockJs),
        ("/cable", ActionCable),
        ("/v1/graphql", GraphqlTransportWs),
        ("/chatHub?id=abc", SignalR),
        ("/mqtt", Mqtt),
        ("/ocpp/CP001", Ocpp),
        ("/api/v1/namespaces/a/pods/b/exec?stdin=true", Kubernetes),
    ] {
        assert_eq!(url(target), Some(product), "{target}");
    }
    for target in ["", "/", "/ws", "/x", "/cables", "/graphqlx", "/ws/room", "/app/1", "/hub", "/?noeio=4"] {
        assert_eq!(url(target), None, "{target}");
    }
    assert_eq!(by_url("/cable").map(|found| found.why).as_deref(), Some("the path /cable"));
}
