//! Which product speaks on the other side: by the subprotocol that it chose, by its first message, or (weakly) by the
//! URL. Owns the marks of each product, as data; what follows from a product (its close codes, its heartbeat, the hello
//! that it waits for) is for those who ask. Names of subprotocols are those of RFC 6455 section 11.5's registry, and
//! products' own.

use Product::*;

/// How much of a first message is looked at, in bytes.
const LOOKED_AT: usize = 512;

/// A protocol above WebSocket, or a service that has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    GraphqlTransportWs,
    GraphqlLegacy,
    AppSync,
    Discord,
    Pusher,
    Centrifugo,
    TwitchEventSub,
    TwitchIrc,
    Obs,
    Stomp,
    SockJs,
    SlackSocket,
    ActionCable,
    Phoenix,
    /// Phoenix with messages that are objects: `vsn` 1.
    PhoenixV1,
    Supabase,
    Binance,
    Kucoin,
    /// Engine.IO 4, as of Socket.IO 3 and 4.
    EngineIo,
    /// Engine.IO 3, as of Socket.IO 1 and 2.
    EngineIo3,
    SignalR,
    Mqtt,
    Ocpp,
    HomeAssistant,
    Ddp,
    Vite,
    Kubernetes,
    Wamp,
    Janus,
    Xmpp,
}

/// A product, and what it was recognised by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognised {
    pub product: Product,
    /// `subprotocol "mqtt"`, `its first message begins with 0{"sid"`, `the path /cable`
    pub why: String,
}

/// What is fixed of a product.
struct Row {
    product: Product,
    key: &'static str,
    name: &'static str,
    preset: Option<&'static str>,
}

const fn row(product: Product, key: &'static str, name: &'static str, preset: Option<&'static str>) -> Row {
    Row { product, key, name, preset }
}

const ROWS: &[Row] = &[
    row(GraphqlTransportWs, "graphql", "graphql-transport-ws", Some("graphql")),
    row(GraphqlLegacy, "graphql-legacy", "subscriptions-transport-ws", Some("graphql-legacy")),
    row(AppSync, "appsync", "AWS AppSync", Some("appsync")),
    row(Discord, "discord", "Discord gateway", Some("discord")),
    row(Pusher, "pusher", "Pusher", Some("pusher")),
    row(Centrifugo, "centrifugo", "Centrifugo", Some("centrifugo")),
    row(TwitchEventSub, "twitch-eventsub", "Twitch EventSub", Some("twitch-eventsub")),
    row(TwitchIrc, "twitch-irc", "Twitch IRC", Some("twitch-irc")),
    row(Obs, "obs", "OBS websocket 5", None),
    row(Stomp, "stomp", "STOMP", Some("stomp")),
    row(SockJs, "sockjs", "SockJS", Some("sockjs")),
    row(SlackSocket, "slack-socket", "Slack Socket Mode", Some("slack-socket")),
    row(ActionCable, "actioncable", "ActionCable", Some("actioncable")),
    row(Phoenix, "phoenix", "Phoenix channels", Some("phoenix")),
    row(PhoenixV1, "phoenix-v1", "Phoenix channels (vsn 1)", Some("phoenix-v1")),
    row(Supabase, "supabase", "Supabase Realtime", Some("supabase")),
    row(Binance, "binance", "Binance", Some("binance")),
    row(Kucoin, "kucoin", "KuCoin", Some("kucoin")),
    row(EngineIo, "engineio", "Engine.IO 4 (Socket.IO)", Some("engineio")),
    row(EngineIo3, "engineio3", "Engine.IO 3 (Socket.IO 2)", Some("engineio3")),
    row(SignalR, "signalr", "SignalR", Some("signalr")),
    row(Mqtt, "mqtt", "MQTT", Some("mqtt")),
    row(Ocpp, "ocpp", "OCPP", Some("ocpp")),
    row(HomeAssistant, "home-assistant", "Home Assistant", Some("home-assistant")),
    row(Ddp, "ddp", "Meteor DDP", Some("ddp")),
    row(Vite, "vite", "Vite HMR", Some("vite")),
    row(Kubernetes, "kubernetes", "Kubernetes API", None),
    row(Wamp, "wamp", "WAMP", None),
    row(Janus, "janus", "Janus gateway", None),
    row(Xmpp, "xmpp", "XMPP", None),
];

/// Other words for a product.
const ALIASES: &[(&str, Product)] = &[
    ("graphql-transport-ws", GraphqlTransportWs),
    ("graphql-ws", GraphqlLegacy),
    ("subscriptions-transport-ws", GraphqlLegacy),
    ("socketio", EngineIo),
    ("socket.io", EngineIo),
    ("engine.io", EngineIo),
    ("action-cable", ActionCable),
    ("homeassistant", HomeAssistant),
    ("meteor", Ddp),
    ("k8s", Kubernetes),
    ("slack", SlackSocket),
    ("eventsub", TwitchEventSub),
];

impl Product {
    /// All of them, the commonest questions first.
    pub const ALL: &[Product] = &[
        GraphqlTransportWs,
        GraphqlLegacy,
        AppSync,
        Discord,
        Pusher,
        Centrifugo,
        TwitchEventSub,
        TwitchIrc,
        Obs,
        Stomp,
        SockJs,
        SlackSocket,
        ActionCable,
        Phoenix,
        PhoenixV1,
        Supabase,
        Binance,
        Kucoin,
        EngineIo,
        EngineIo3,
        SignalR,
        Mqtt,
        Ocpp,
        HomeAssistant,
        Ddp,
        Vite,
        Kubernetes,
        Wamp,
        Janus,
        Xmpp,
    ];

    /// For people: `Discord gateway`.
    pub fn name(self) -> &'static str {
        self.row().map_or("", |row| row.name)
    }

    /// For the command line: `discord`.
    pub fn key(self) -> &'static str {
        self.row().map_or("", |row| row.key)
    }

    /// Its heartbeat preset; none when plain pings are right for it.
    pub fn preset(self) -> Option<&'static str> {
        self.row().and_then(|row| row.preset)
    }

    /// By its word of the command line, in any case of letters.
    pub fn from_key(key: &str) -> Option<Product> {
        let key = key.trim().to_ascii_lowercase();
        let known = ROWS.iter().find(|row| row.key == key).map(|row| row.product);
        known.or_else(|| ALIASES.iter().find(|(alias, _)| *alias == key).map(|(_, product)| *product))
    }

    fn row(self) -> Option<&'static Row> {
        // A test looks that each product has its row.
        ROWS.iter().find(|row| row.product == self)
    }
}

/// The names of subprotocols, whole.
const SUBPROTOCOLS: &[(&str, Product)] = &[
    ("graphql-transport-ws", GraphqlTransportWs),
    ("graphql-ws", GraphqlLegacy),
    ("aws-appsync-event-ws", AppSync),
    ("centrifuge-json", Centrifugo),
    ("centrifuge-protobuf", Centrifugo),
    ("obswebsocket.json", Obs),
    ("obswebsocket.msgpack", Obs),
    ("v10.stomp", Stomp),
    ("v11.stomp", Stomp),
    ("v12.stomp", Stomp),
    ("stomp", Stomp),
    ("actioncable-v1-json", ActionCable),
    ("actioncable-v1-ext-json", ActionCable),
    ("phoenix", Phoenix),
    ("mqtt", Mqtt),
    ("mqttv3.1", Mqtt),
    ("vite-hmr", Vite),
    ("channel.k8s.io", Kubernetes),
    ("janus-protocol", Janus),
    ("xmpp", Xmpp),
];

/// What a subprotocol's name begins with, where versions follow.
const SUBPROTOCOL_STARTS: &[(&str, Product)] = &[("ocpp1.", Ocpp), ("ocpp2.", Ocpp), ("wamp.2.", Wamp)];

/// The product of a subprotocol that the server chose.
pub fn by_subprotocol(name: &str) -> Option<Recognised> {
    let name = name.trim();
    let lower = name.to_ascii_lowercase();
    let whole = SUBPROTOCOLS.iter().find(|(known, _)| *known == lower);
    let found = whole.or_else(|| SUBPROTOCOL_STARTS.iter().find(|(start, _)| lower.starts_with(start)));
    let product = match found {
        Some((_, product)) => *product,
        None if lower.ends_with(".channel.k8s.io") => Kubernetes,
        None => return None,
    };
    // It is one of the names above, or begins or ends as one: a peer's text, and short all the same.
    let shown: String = name.chars().filter(char::is_ascii_graphic).take(60).collect();
    Some(Recognised { product, why: format!("subprotocol \"{shown}\"") })
}

/// The mark of a first message: how it starts and what is inside, blanks left out. The first row that fits counts.
struct Mark {
    product: Product,
    starts: &'static str,
    parts: &'static [&'static str],
}

const fn mark(product: Product, starts: &'static str, parts: &'static [&'static str]) -> Mark {
    Mark { product, starts, parts }
}

const FIRST_MESSAGES: &[Mark] = &[
    mark(EngineIo, "0{\"sid\"", &["\"maxPayload\":"]),
    // Only the older version waits as briefly by default, and does not name a largest payload.
    mark(EngineIo3, "0{\"sid\"", &["\"pingTimeout\":5000}"]),
    mark(EngineIo, "0{\"sid\"", &[]),
    mark(Discord, "{", &["\"op\":10", "\"heartbeat_interval\":"]),
    mark(Discord, "{\"op\":10,", &[]),
    mark(Obs, "{", &["\"obsWebSocketVersion\":"]),
    mark(ActionCable, "{\"type\":\"welcome\"", &[]),
    mark(Pusher, "{", &["\"event\":\"pusher:"]),
    mark(HomeAssistant, "{", &["\"type\":\"auth_required\""]),
    mark(Ddp, "{\"server_id\":", &[]),
    mark(Ddp, "{\"msg\":\"connected\"", &[]),
    mark(TwitchEventSub, "{", &["\"message_type\":\"session_welcome\""]),
    mark(SlackSocket, "{", &["\"type\":\"hello\"", "\"num_connections\":"]),
    mark(Kucoin, "{\"id\":", &["\"type\":\"welcome\""]),
    mark(Centrifugo, "{", &["\"connect\":{\"client\":"]),
    mark(AppSync, "{", &["\"type\":\"connection_ack\"", "\"connectionTimeoutMs\":"]),
    mark(GraphqlLegacy, "{\"type\":\"ka\"}", &[]),
    mark(PhoenixV1, "{", &["\"event\":\"phx_reply\""]),
    mark(Phoenix, "[", &["\"phx_reply\""]),
    mark(SignalR, "{}\u{1e}", &[]),
    mark(SignalR, "{\"type\":6}\u{1e}", &[]),
    mark(Stomp, "CONNECTED\n", &[]),
    mark(Stomp, "CONNECTED\r\n", &[]),
    mark(TwitchIrc, ":tmi.twitch.tv", &[]),
];

/// The product of the first message that the peer sent; its head is enough.
pub fn by_first_message(bytes: &[u8]) -> Option<Recognised> {
    if bytes == b"o" {
        return Some(Recognised { product: SockJs, why: "its first message is the letter o alone".into() });
    }
    // CONNACK of MQTT 3: two more bytes, a flag and a code.
    if let [0x20, 0x02, 0x00 | 0x01, 0..=5] = bytes {
        return Some(Recognised { product: Mqtt, why: "its first message is a CONNACK, 20 02".into() });
    }
    let head = compact(&bytes[..bytes.len().min(LOOKED_AT)]);
    let fits = |mark: &&Mark| head.starts_with(mark.starts) && mark.parts.iter().all(|part| has(&head, part));
    let found = FIRST_MESSAGES.iter().find(fits)?;
    Some(Recognised { product: found.product, why: mark_words(found) })
}

fn mark_words(mark: &Mark) -> String {
    // A start of one character says nothing by itself.
    if mark.starts.len() > 1 {
        let shown: String = mark.starts.chars().filter(|character| !character.is_ascii_control()).collect();
        return format!("its first message begins with {shown}");
    }
    format!("its first message has {}", mark.parts.join(" and "))
}

/// A number that a part ends with must end there too.
fn has(head: &str, part: &str) -> bool {
    let ends_in_digit = part.ends_with(|last: char| last.is_ascii_digit());
    head.match_indices(part).any(|(at, _)| {
        let follows = head[at + part.len()..].chars().next();
        !ends_in_digit || follows.is_none_or(|next| !next.is_ascii_digit())
    })
}

/// Text without the blanks that JSON may have between its parts.
fn compact(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let is_json = text.trim_start().starts_with(['{', '[', '0']);
    let (mut short, mut inside, mut escaped) = (String::new(), false, false);
    for character in text.trim_start().chars() {
        if is_json && !inside && character.is_ascii_whitespace() {
            continue;
        }
        short.push(character);
        if character == '"' && !escaped {
            inside = !inside;
        }
        escaped = inside && character == '\\' && !escaped;
    }
    short
}

/// A part of the path or the query, in lower case, and what it speaks for. The first row that fits counts.
const QUERIES: &[(&str, Product)] = &[
    ("eio=3", EngineIo3),
    ("eio=4", EngineIo),
    ("keepalive_timeout_seconds=", TwitchEventSub),
    ("encoding=json", Discord),
    ("encoding=etf", Discord),
    ("?streams=", Binance),
];

const PATHS: &[(&str, Product)] = &[
    ("/socket.io/", EngineIo),
    ("/engine.io/", EngineIo),
    ("/realtime/v1/websocket", Supabase),
    ("/socket/websocket", Phoenix),
    ("/live/websocket", Phoenix),
    ("/connection/websocket", Centrifugo),
    ("/api/websocket", HomeAssistant),
    ("/event/realtime", AppSync),
    ("/sockjs/", SockJs),
    ("/cable", ActionCable),
    ("/graphql", GraphqlTransportWs),
    ("/subscriptions", GraphqlTransportWs),
    ("/signalr", SignalR),
    ("/_blazor", SignalR),
    ("/hubs/", SignalR),
    ("/mqtt", Mqtt),
    ("/stomp", Stomp),
    ("/ocpp", Ocpp),
    ("/link/", SlackSocket),
    ("/api/v1/namespaces/", Kubernetes),
    ("/xmpp-websocket", Xmpp),
    ("/vite-hmr", Vite),
];

/// The product for which path and query speak. They may be anybody's: this is a possibility and no more.
pub fn by_url(path_and_query: &str) -> Option<Recognised> {
    let lower = path_and_query.to_ascii_lowercase();
    let (path, query) = lower.split_once('?').unwrap_or((lower.as_str(), ""));
    let query = format!("?{query}");
    if let Some((part, product)) = QUERIES.iter().find(|(part, _)| is_in_query(&query, part)) {
        return Some(Recognised { product: *product, why: format!("the query {}", part.trim_start_matches('?')) });
    }
    // Only Pusher numbers its protocol so behind the key of an application.
    if path.starts_with("/app/") && is_in_query(&query, "protocol=") {
        return Some(Recognised { product: Pusher, why: "the path /app/ with protocol= in the query".into() });
    }
    if path.starts_with("/ws/") && path.contains('@') {
        return Some(Recognised { product: Binance, why: "the path /ws/ with a stream's name".into() });
    }
    if let Some((part, product)) = PATHS.iter().find(|(part, _)| is_in_path(path, part)) {
        let is_second = is_in_query(&query, "vsn=2");
        let product = if *product == Phoenix && !is_second { PhoenixV1 } else { *product };
        return Some(Recognised { product, why: format!("the path {part}") });
    }
    let is_hub = path.split('/').any(|word| word.len() > 3 && word != "github" && word.ends_with("hub"));
    is_hub.then(|| Recognised { product: SignalR, why: "a path that ends in hub".into() })
}

/// At the begin of a parameter.
fn is_in_query(query: &str, part: &str) -> bool {
    query.match_indices(part).any(|(at, _)| part.starts_with('?') || query[..at].ends_with(['?', '&']))
}

/// Whole words between slashes.
fn is_in_path(path: &str, part: &str) -> bool {
    path.match_indices(part).any(|(at, _)| {
        let follows = &path[at + part.len()..];
        part.ends_with('/') || follows.is_empty() || follows.starts_with('/')
    })
}

#[cfg(test)]
mod tests;
