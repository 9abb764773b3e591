//! The private close codes of known products, a row a code or a range. Owns the data only; how a product is recognised
//! is `product_codes`' and `watch::products`'.

use super::{Codes, Row};
use crate::diagnose::close_codes::Again::{self, AtOnce, Later, No, Once, Yes};

const fn row(code: u16, means: &'static str, again: Again, fix: &'static str) -> Row {
    Row { from: code, to: code, says: "", means, again, fix }
}

/// A code whose reason is known too.
const fn says(code: u16, says: &'static str, means: &'static str, again: Again, fix: &'static str) -> Row {
    Row { from: code, to: code, says, means, again, fix }
}

/// All codes of a range that have no row of their own before it.
const fn range(from: u16, to: u16, means: &'static str, again: Again, fix: &'static str) -> Row {
    Row { from, to, says: "", means, again, fix }
}

pub const ALL: &[Codes] = &[
    Codes {
        key: "graphql",
        name: "graphql-transport-ws",
        note: "the library's client never comes back after 1002 to 1999 either, except 1005, 1006, 1012, 1013 and 1014",
        rows: GRAPHQL,
    },
    Codes {
        key: "graphql-legacy",
        name: "graphql-ws (the old subscriptions-transport-ws)",
        note: "the old library closes with 1002 when the subprotocol graphql-ws was not offered",
        rows: GRAPHQL_LEGACY,
    },
    Codes {
        key: "discord",
        name: "Discord gateway",
        note: "resume the session where that is allowed, with op 6 instead of op 2",
        rows: DISCORD,
    },
    Codes {
        key: "discord-voice",
        name: "Discord voice gateway",
        note: "its codes differ from the main gateway's: 4011 and 4014 mean other things there",
        rows: DISCORD_VOICE,
    },
    Codes {
        key: "pusher",
        name: "Pusher",
        note: "the hundred of the code says what to do: 40xx never unchanged, 41xx after 1 s or more, 42xx at once",
        rows: PUSHER,
    },
    Codes {
        key: "centrifugo",
        name: "Centrifugo",
        note: "3000 to 3499 and 4000 to 4499 are worth a reconnect, 3500 to 3999 and 4500 to 4999 are not",
        rows: CENTRIFUGO,
    },
    Codes {
        key: "twitch-eventsub",
        name: "Twitch EventSub",
        note: "the client only listens: it may never send a message, pongs excepted",
        rows: TWITCH,
    },
    Codes {
        key: "obs",
        name: "OBS websocket v5",
        note: "the server's first message (op 0) names its RPC version and the challenge for the password",
        rows: OBS,
    },
    Codes {
        key: "spring",
        name: "Spring",
        note: "Spring has one private code; every other one is the application's",
        rows: SPRING,
    },
    Codes {
        key: "sockjs",
        name: "SockJS",
        note: "these codes come inside a text frame, c[3000,\"Go away!\"], and a Close frame follows",
        rows: SOCKJS,
    },
    Codes {
        key: "slack-socket",
        name: "Slack Socket Mode",
        note: "no private codes: a message {\"type\":\"disconnect\",\"reason\":...} comes first; then ask \
               apps.connections.open for a new URL and connect there",
        rows: &[],
    },
    Codes {
        key: "actioncable",
        name: "ActionCable",
        note: "no private codes: a message {\"type\":\"disconnect\",\"reason\":...,\"reconnect\":true or false} comes \
               first; do as its reconnect says",
        rows: &[],
    },
    Codes {
        key: "phoenix",
        name: "Phoenix",
        note: "the JavaScript client (Supabase too) does not reconnect after 1000, even when the server side ended it",
        rows: PHOENIX,
    },
    Codes {
        key: "binance",
        name: "Binance",
        note: "no private codes: an event serverShutdown comes first, and a connection lives 24 h at most; connect \
               anew before that",
        rows: &[],
    },
];

const GRAPHQL: &[Row] = &[
    row(4004, "bad response: the client could not read a message of the server's", No, "correct the message"),
    row(4005, "internal error of the client", No, "look at the client's own log"),
    row(4400, "bad request: a message that is not of the protocol", No, "correct the message; the reason names it"),
    row(4401, "unauthorized: subscribed before connection_ack", No, "wait for connection_ack before subscribe"),
    row(4403, "forbidden: connection_init was refused", Once, "send credentials in connection_init's payload"),
    says(
        4406,
        "Subprotocol not acceptable",
        "the subprotocol is not acceptable",
        No,
        "offer it: --subprotocol graphql-transport-ws",
    ),
    says(
        4408,
        "Connection initialisation timeout",
        "connection_init did not come in time (3 s unless set)",
        Yes,
        "send it first: -x '{\"type\":\"connection_init\"}'",
    ),
    says(4409, "already exists", "a subscription with this id exists already", No, "give each subscription its own id"),
    says(
        4429,
        "Too many initialisation requests",
        "connection_init was sent more than once",
        No,
        "send connection_init once a connection",
    ),
    row(4499, "terminated: this client ended it by itself", Yes, ""),
    row(4500, "internal error of the server", No, "look at the server's log for this moment"),
    row(4504, "connection_ack did not come in time", Yes, "look at what keeps the server's onConnect"),
    row(1002, "a frame or message that breaks the protocol", No, "look at the frames sent (-vv)"),
];

const GRAPHQL_LEGACY: &[Row] = &[row(
    1002,
    "the subprotocol was not offered, or a message breaks the protocol",
    No,
    "offer it: --subprotocol graphql-ws",
)];

const DISCORD: &[Row] = &[
    row(4000, "unknown error", Yes, "try to resume"),
    row(4001, "unknown opcode, or a payload that is not valid", Yes, "correct the message"),
    row(4002, "a payload that cannot be decoded", Yes, "correct the message: JSON, 4096 bytes at most"),
    row(4003, "not authenticated: something was sent before Identify", Yes, "send op 2 Identify first"),
    row(4004, "authentication failed: the token is wrong", No, "use the bot's present token in Identify"),
    row(4005, "already authenticated: Identify was sent twice", Yes, "send op 2 Identify once a connection"),
    row(4007, "invalid sequence number in Resume", Yes, "begin a new session by op 2 Identify"),
    row(4008, "rate limited: too many messages", Yes, "send less often"),
    row(4009, "the session timed out", Yes, "begin a new session by op 2 Identify"),
    row(4010, "invalid shard", No, "correct shard in Identify"),
    row(4011, "sharding required: too many guilds for one connection", No, "use shards"),
    row(4012, "invalid API version", No, "correct v= in the URL"),
    row(4013, "invalid intents", No, "correct the number in intents of Identify"),
    row(4014, "disallowed intents", No, "enable these intents for the application, or leave them out"),
];

const DISCORD_VOICE: &[Row] = &[
    row(4006, "the session is no longer valid", No, "begin a new session through the main gateway"),
    row(4011, "the voice server was not found", No, "ask the main gateway for the voice server anew"),
    row(4014, "disconnected: removed from the channel, or the channel is gone", No, "do not come back by itself"),
    row(4015, "the voice server crashed", Yes, "resume with op 7"),
    row(4016, "unknown encryption mode", No, "choose one of the modes in Ready"),
    row(4017, "end-to-end encryption (DAVE) is required", No, "use a client that speaks it"),
    row(4020, "bad request", No, "correct the message"),
    row(4021, "rate limited", No, "send less often"),
    row(4022, "the call ended", No, "join again only when the user wants it"),
];

const PUSHER: &[Row] = &[
    row(4000, "the application takes TLS connections only", No, "connect by wss://"),
    row(4001, "the application does not exist", No, "check the key and the cluster in the URL"),
    row(4003, "the application is disabled", No, "enable it in the dashboard"),
    row(4004, "the application is over its quota of connections", No, "raise the quota, or close connections"),
    row(4005, "the path was not found", No, "the path is /app/KEY"),
    row(4006, "invalid version string format", No, "put protocol=7 into the query"),
    row(4007, "unsupported protocol version", No, "put protocol=7 into the query"),
    row(4008, "no protocol version was given", No, "put protocol=7 into the query"),
    row(4009, "the connection is not authorized", No, "sign in in time, with a valid signature"),
    range(4000, 4099, "a refusal that stays", No, "correct what the reason names"),
    row(4100, "over capacity", Later, "wait 1 s at least"),
    range(4100, 4199, "a refusal for now", Later, "wait 1 s at least"),
    row(4200, "reconnect, says the server, at once", AtOnce, ""),
    row(4201, "no pong came for the server's ping", AtOnce, "answer pusher:ping by pusher:pong"),
    row(4202, "closed after 24 h of inactivity", AtOnce, ""),
    range(4200, 4299, "the server asks for a new connection", AtOnce, ""),
    row(4301, "a client event was rejected: rate limit", Later, "send fewer client events"),
    row(4302, "a client event was rejected: too large or not allowed", No, "correct the client event"),
    range(4300, 4399, "an error of a client event", No, "correct the client event"),
];

const CENTRIFUGO: &[Row] = &[
    says(3000, "connection closed", "the connection was closed", Yes, ""),
    says(3001, "shutdown", "the server stops", Yes, ""),
    says(3005, "expired", "the connection's token expired", Yes, "get a new token, and refresh it in time"),
    says(3008, "slow", "this client reads too slowly", Yes, "read faster, or subscribe to less"),
    says(3010, "insufficient state", "the server lost the place in the stream", Yes, ""),
    says(3011, "force reconnect", "the server asks for a new connection", Yes, ""),
    says(3012, "no pong", "no pong came for the server's ping", Yes, "answer each {} by {} (pong: true)"),
    says(3013, "too many requests", "too many requests", Yes, "send less often"),
    range(3000, 3499, "an end that is worth a reconnect", Yes, ""),
    says(3500, "invalid token", "the token is not valid", No, "get a new token before connecting"),
    says(3501, "bad request", "a request that is not valid", No, "correct the request"),
    says(3502, "stale", "not authenticated in time", No, "send it first: -x '{\"id\":1,\"connect\":{}}'"),
    says(3503, "force", "the server ended it for good", No, "look at who calls disconnect in the backend"),
    says(3504, "connection limit", "over the limit of connections", No, "close connections, or raise the limit"),
    says(3507, "permission denied", "permission denied", No, "use a token with this permission"),
    range(3500, 3999, "an end for good", No, "correct what the reason names"),
    range(4000, 4499, "an application's code that is worth a reconnect", Yes, ""),
    range(4500, 4999, "an application's code for good", No, "look the code up in the application"),
];

const TWITCH: &[Row] = &[
    row(4000, "internal error of the server", Yes, ""),
    row(4001, "the client sent something, and may not", No, "send nothing: no text, no heartbeat (--heartbeat off)"),
    row(4002, "the client failed the ping-pong", Yes, "answer pings by pongs at once"),
    row(4003, "no subscription within 10 s", No, "subscribe by HTTP with the session_id of session_welcome"),
    row(4004, "the 30 s to move to the reconnect URL ran out", Yes, "connect to the reconnect_url within 30 s"),
    row(4005, "a network timeout", Yes, ""),
    row(4006, "a network error", Yes, ""),
    row(4007, "the reconnect URL is not valid", No, "use reconnect_url as it came, or begin anew"),
];

const OBS: &[Row] = &[
    row(4000, "unknown reason", Once, ""),
    row(4002, "a message that cannot be decoded", No, "match the encoding: obswebsocket.json or .msgpack"),
    row(4003, "a field is missing", No, "correct the message: the reason names the field"),
    row(4004, "a field has the wrong type", No, "correct the message: the reason names the field"),
    row(4005, "a field has a value that is not allowed", No, "correct the message: the reason names the field"),
    row(4006, "an opcode that the server does not know", No, "correct op"),
    row(4007, "not identified: something came before Identify", No, "send op 1 Identify first"),
    row(4008, "already identified", No, "send op 1 Identify once a connection"),
    row(4009, "authentication failed: the password is wrong", No, "compute authentication from the Hello's challenge"),
    row(4010, "the RPC version is not supported", No, "use the rpcVersion of the server's Hello"),
    row(4011, "the session was invalidated, for instance by the user", No, "connect anew when the user wants it"),
    row(4012, "a feature that is not supported", No, "leave the feature out"),
];

const SPRING: &[Row] = &[says(
    4500,
    "Failed to send message within the configured send limit",
    "the session is not reliable: this client reads too slowly, and the server's buffer or time for sending ran out",
    Yes,
    "read faster, or raise setSendTimeLimit and setSendBufferSizeLimit",
)];

const SOCKJS: &[Row] = &[
    says(1002, "Connection interrupted", "the connection was interrupted", Yes, ""),
    says(2010, "Another connection still open", "another connection uses this session", No, "use a new session id"),
    row(3000, "the end: Go away!, no answer to a heartbeat, or broken framing", Yes, "read the reason beside it"),
];

const PHOENIX: &[Row] = &[row(
    1000,
    "done; or Cowboy's idle limit, 60 s without a byte from the client, with an empty reason",
    Again::IfNotMeant,
    "send the channel's heartbeat every 30 s (--heartbeat-preset phoenix); the client must reconnect by itself",
)];
