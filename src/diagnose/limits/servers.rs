//! The limits of servers' libraries and of services: silence, first messages, and pings without a pong. Owns the rows;
//! the lengths are what the products have unless set.

use crate::diagnose::limits::Counts::{Data, Either, FromClient, Nothing, Pong};
use crate::diagnose::limits::Kind::{Deadline, Hello, Idle, Lifetime};
use crate::diagnose::limits::Look::{Any, Close, Cut, Fin};
use crate::diagnose::limits::Mark::{self, Field, Host};
use crate::diagnose::limits::{Known, READ, SAID, row};

const KEEPALIVE: (super::Kind, super::Counts, super::Look) = (Deadline, Pong, Close(1011, "keepalive ping timeout"));
const DAPHNE: &[Mark] = &[Field("Server", "daphne")];
const JETTY: &[Mark] = &[Field("Server", "Jetty")];
const UWEBSOCKETS: &[Mark] = &[Field("uWebSockets", ""), Field("Server", "uWebSockets")];

/// A row a product and limit.
pub(super) const ROWS: &[Known] = &[
    row("Cowboy (Phoenix, RabbitMQ, EMQX)", 60, (Idle, FromClient, Close(1000, "")), READ)
        .by(&[Field("Server", "Cowboy")])
        .set("idle_timeout, 60 s unless set", "idle_timeout => 3600000"),
    row("Jetty 12", 30, (Idle, Either, Close(1001, "Connection Idle Timeout")), READ)
        .by(JETTY)
        .set("idleTimeout, 30 s unless set", "container.setIdleTimeout(Duration.ofHours(1));"),
    row("Jetty 9 and 10", 300, (Idle, Either, Close(1001, "idle")), SAID)
        .by(JETTY)
        .set("idleTimeout, 5 minutes unless set", "policy.setIdleTimeout(Duration.ofHours(1));"),
    row("Jetty 9", 300, (Idle, Either, Close(1000, "Idle for")), SAID)
        .by(JETTY)
        .set("idleTimeout, 5 minutes unless set", "policy.setIdleTimeout(3600000);"),
    row("uWebSockets", 120, (Idle, FromClient, Cut), READ)
        .by(UWEBSOCKETS)
        .set("idleTimeout, 120 s unless set", "idleTimeout: 960,"),
    row("python websockets", 40, KEEPALIVE, READ)
        .by(&[Field("Server", "websockets/")])
        .set("ping_interval and ping_timeout, 20 s each", "ping_timeout=60,"),
    row("uvicorn", 40, KEEPALIVE, READ)
        .by(&[Field("Server", "uvicorn")])
        .set("--ws-ping-interval and --ws-ping-timeout, 20 s each", "--ws-ping-timeout 60"),
    row("Daphne", 50, (Deadline, Pong, Any), READ)
        .by(DAPHNE)
        .set("--ping-interval 20 and --ping-timeout 30", "--ping-timeout 60"),
    row("Daphne", 5, (Hello, Nothing, Any), READ).by(DAPHNE),
    row("Daphne", 86400, (Lifetime, Nothing, Any), READ)
        .by(DAPHNE)
        .set("--websocket_timeout, 24 hours unless set", "--websocket_timeout -1"),
    row("WebSocket-Node", 30, (Deadline, Data, Cut), READ)
        .set("keepaliveInterval 20000 and keepaliveGracePeriod 10000", "keepaliveGracePeriod: 60000,"),
    row("Engine.IO (Socket.IO)", 1, (Hello, Nothing, Any), READ)
        .set("destroyUpgradeTimeout, 1 s unless set", "destroyUpgradeTimeout: 10000,"),
    row("Engine.IO (Socket.IO)", 10, (Hello, Nothing, Any), READ)
        .set("upgradeTimeout, 10 s unless set", "upgradeTimeout: 30000,"),
    row("Engine.IO (Socket.IO)", 45, (Deadline, Pong, Any), READ)
        .set("pingInterval 25000 and pingTimeout 20000", "pingTimeout: 60000,"),
    row("graphql-ws", 3, (Hello, Nothing, Close(4408, "")), READ)
        .set("connectionInitWaitTimeout, 3 s unless set", "connectionInitWaitTimeout: 10000,"),
    row("graphql-ws", 12, (Deadline, Pong, Cut), READ).set("keepAlive, 12 s unless set", "keepAlive: 30000,"),
    row("graphql-ws", 24, (Deadline, Pong, Cut), READ).set("keepAlive, 12 s unless set", "keepAlive: 30000,"),
    row("SignalR", 15, (Hello, Nothing, Any), READ)
        .set("HandshakeTimeout, 15 s unless set", "options.HandshakeTimeout = TimeSpan.FromSeconds(60);"),
    row("SignalR", 30, (Deadline, Data, Any), READ)
        .set("ClientTimeoutInterval, 30 s unless set", "options.ClientTimeoutInterval = TimeSpan.FromSeconds(60);"),
    row("ActionCable's client", 6, (Deadline, Data, Any), READ).set("two pings of 3 s each", ""),
    row("Twitch EventSub", 10, (Hello, Nothing, Any), READ).by(&[Host("eventsub.wss.twitch.tv")]),
    row("python websockets", 10, (Hello, Nothing, Any), READ)
        .by(&[Field("Server", "websockets/")])
        .set("open_timeout, 10 s unless set", "open_timeout=60,"),
    row("ASP.NET Core", 120, (Deadline, Pong, Any), READ)
        .set("KeepAliveInterval, 2 minutes unless set", "KeepAliveInterval = TimeSpan.FromSeconds(30),"),
    row("Binance", 86400, (Lifetime, Nothing, Any), READ)
        .by(&[Host(".binance.com"), Host(".binance.vision")])
        .set("24 hours, fixed", ""),
    row("Pusher", 86400, (Idle, Data, Close(4202, "")), READ).by(&[Host(".pusher.com")]).set("24 hours, fixed", ""),
    row("Centrifugo", 33, (Deadline, Pong, Close(3012, "no pong")), READ)
        .set("ping interval 25 s and pong timeout 8 s", ""),
    row("the STOMP broker of Spring", 30, (Deadline, FromClient, Fin), READ)
        .set("three times its heart-beat of 10 s", ""),
];
