//! Proxies, load balancers, providers and servers as subjects: what each does to an upgrade by itself, its known
//! limits of time, the lines that it needs. Owns their names and what they do; the lines are `remedies`', the figures
//! `limits`'.

use super::{PATH, likeness, line, paste};
use crate::diagnose::hops::{Hop, Kind};
use crate::diagnose::limits::{self, Counts, Known, Look};
use crate::diagnose::remedies::{self, Remedy};
use crate::event::show;

/// One of them.
struct Subject {
    /// The usual word first, then the others.
    words: &'static [&'static str],
    /// As `remedies` has it.
    name: &'static str,
    is_a: &'static str,
    /// As `limits` has it.
    limits: &'static [&'static str],
    does: &'static str,
}

const fn subject(
    words: &'static [&'static str],
    name: &'static str,
    is_a: &'static str,
    limits: &'static [&'static str],
    does: &'static str,
) -> Subject {
    Subject { words, name, is_a, limits, does }
}

/// A name that no product has: what is said of it is said of everybody.
const NOBODY: &str = "Something";

#[rustfmt::skip]
const SUBJECTS: &[Subject] = &[
    subject(&["nginx"], "nginx", "proxy", &["nginx"],
        "takes Upgrade and Connection out of a request unless the location passes them on, and before 1.29.7 speaks \
         HTTP/1.0 to the application unless told otherwise"),
    subject(&["openresty"], "openresty", "proxy", &["nginx"],
        "as nginx: it takes Upgrade and Connection out unless told"),
    subject(&["ingress-nginx", "nginx-ingress"], "ingress-nginx", "proxy", &["ingress-nginx"],
        "passes upgrades on by itself; a new configuration ends the old workers after 240 s, unless \
         worker-shutdown-timeout is set, and their connections with them"),
    subject(&["apache", "apache2", "httpd"], "Apache", "proxy", &["Apache"],
        "takes Upgrade out of a request, unless its ProxyPass has upgrade=websocket or leads to ws://"),
    subject(&["haproxy"], "HAProxy", "proxy", &["HAProxy"],
        "passes upgrades on by itself; from the 101 on timeout tunnel counts, and where that is unset the shorter of \
         timeout client and timeout server"),
    subject(&["caddy"], "Caddy", "proxy", &[],
        "passes upgrades on by itself; a reload ends the open ones, unless stream_close_delay is set"),
    subject(&["traefik"], "Traefik", "proxy", &[], "passes upgrades on by itself"),
    subject(&["envoy"], "Envoy", "proxy", &["Envoy"],
        "refuses an upgrade, unless upgrade_configs of the route or of the connection manager names websocket"),
    subject(&["istio"], "Envoy", "proxy of Istio", &["Istio"],
        "passes upgrades on by itself, where the Service's port is http"),
    subject(&["contour"], "Contour", "proxy", &["Contour"],
        "passes an upgrade on where the route has enableWebsockets: true"),
    subject(&["envoy-gateway"], "Envoy Gateway", "proxy", &["Envoy Gateway"], "passes upgrades on by itself"),
    subject(&["varnish"], "Varnish", "proxy", &["Varnish"],
        "takes Upgrade out of a request, unless vcl_recv pipes it and vcl_pipe copies both headers"),
    subject(&["lighttpd"], "lighttpd", "proxy", &[], "takes Upgrade out of a request, unless told in proxy.header"),
    subject(&["squid"], "Squid", "proxy", &[],
        "passes wss:// through unread (CONNECT); takes Upgrade out of a request for ws://, unless told otherwise"),
    subject(&["iis", "arr"], "IIS", "proxy and server", &[],
        "needs its feature WebSocket Protocol, also where it is a proxy (ARR); without it the upgrade is lost"),
    subject(&["kong"], "Kong", "proxy", &["Kong"], "passes upgrades on by itself"),
    subject(&["traffic-server", "ats"], "Apache Traffic Server", "proxy", &["Apache Traffic Server"],
        "passes an upgrade on by a remap rule for ws:// or wss://"),
    subject(&["cloudflare"], "Cloudflare", "provider", &["Cloudflare"],
        "passes upgrades on where WebSockets is on; a new release of its own ends connections"),
    subject(&["cloudfront"], "CloudFront", "provider", &["CloudFront"],
        "passes an upgrade on where the behavior forwards the Sec-WebSocket headers and does not cache"),
    subject(&["alb", "aws-alb", "elb"], "AWS ALB", "load balancer", &["AWS ALB"],
        "passes upgrades on by itself, to a target group with protocol version HTTP1"),
    subject(&["clb", "aws-clb"], "AWS CLB", "load balancer", &["AWS CLB"],
        "passes upgrades on with a TCP or SSL listener only"),
    subject(&["nlb", "aws-nlb"], "AWS NLB", "load balancer", &["AWS NLB"],
        "forwards TCP, and forgets a silent connection without a word: both ends believe that it stands"),
    subject(&["api-gateway", "apigateway"], "AWS API Gateway", "provider", &["AWS API Gateway"],
        "is the WebSocket server itself, and calls what stands behind it for each message"),
    subject(&["azure-load-balancer", "azure-lb"], "Azure Load Balancer", "load balancer", &["Azure Load Balancer"],
        "forwards TCP, and forgets a silent connection without a word, unless TCP reset is on"),
    subject(&["front-door", "azure-front-door"], "Azure Front Door", "provider", &["Azure Front Door"],
        "passes upgrades on by itself on routes without caching"),
    subject(&["app-gateway", "azure-app-gateway"], "Azure Application Gateway", "load balancer", &["Azure App Gateway"],
        "passes upgrades on by itself"),
    subject(&["app-service", "azure-app-service"], "Azure App Service", "provider", &["Azure App Service"],
        "passes upgrades on where Web sockets is on in its configuration"),
    subject(&["gcp", "google-load-balancer", "gclb"], "Google load balancer", "load balancer",
        &["the GCP load balancer"],
        "passes upgrades on by itself; the timeout of the backend service is the whole life of a connection"),
    subject(&["cloud-run"], "Cloud Run", "provider", &["Cloud Run"],
        "passes upgrades on by itself; the request timeout is the whole life of a connection"),
    subject(&["heroku"], "Heroku", "provider", &["Heroku"], "passes upgrades on by itself"),
    subject(&["fly", "fly.io"], "Fly", "provider", &["Fly.io"], "passes upgrades on by itself"),
    subject(&["cowboy"], "Cowboy", "server", &["Cowboy (Phoenix, RabbitMQ, EMQX)"],
        "ends a connection on which the client is silent, whatever it sends itself"),
    subject(&["jetty"], "Jetty", "server", &["Jetty 12", "Jetty 9 and 10", "Jetty 9"],
        "ends a connection that is silent"),
    subject(&["uwebsockets"], "uWebSockets", "server", &["uWebSockets"],
        "sends pings, and ends a connection that is silent"),
    subject(&["python-websockets"], "python websockets", "server", &["python websockets"],
        "sends pings, and ends a connection whose pongs do not come in time"),
    subject(&["uvicorn"], "uvicorn", "server", &["uvicorn"],
        "sends pings, and ends a connection whose pongs do not come in time; upgrades only where the package \
         websockets or wsproto is installed"),
    subject(&["daphne"], "Daphne", "server", &["Daphne"],
        "sends pings, and ends a connection whose pongs do not come in time"),
    subject(&["engine.io"], "Engine.IO", "server", &["Engine.IO (Socket.IO)"],
        "sends heartbeats of its own in messages, and ends a connection that does not answer them"),
    subject(&["asp.net", "kestrel"], "ASP.NET", "server", &["ASP.NET Core"],
        "sends a heartbeat on a silent connection"),
];

/// What sets rows apart that a product has twice.
#[rustfmt::skip]
const DIFFERS: &[(&str, u64, &str)] = &[
    ("HAProxy", 30, "many examples have 30 s"),
    ("HAProxy", 50, "the haproxy.cfg of Debian has 50 s"),
    ("HAProxy with timeout tunnel 1h", 3600, "many examples have 1 h"),
    ("Cloudflare", 100, "its wait for the server, as for a 524"),
    ("Cloudflare", 400, "its wait for the client, 400 s"),
    ("Cloudflare", 900, "its idle TCP to the server"),
];

/// The usual words, and the others.
pub fn words() -> impl Iterator<Item = &'static str> {
    SUBJECTS.iter().flat_map(|subject| subject.words.iter().copied())
}

/// The usual words alone.
pub fn usual_words() -> impl Iterator<Item = &'static str> {
    SUBJECTS.iter().filter_map(|subject| subject.words.first().copied())
}

/// The text on a product of that name.
pub fn proxy(word: &str) -> Option<String> {
    let subject = find(word)?;
    let mut text = format!("{} ({})\n\n", subject.name, subject.is_a);
    line(&mut text, "does", subject.does);
    limits_of(&mut text, subject.limits, |_| true);
    for (label, remedy) in remedies_of(subject.name) {
        line(&mut text, label, &remedy.help);
        remedy.lines.iter().for_each(|line| paste(&mut text, line));
    }
    Some(text)
}

/// The name of the product with this word.
pub fn name(word: &str) -> Option<&'static str> {
    find(word).map(|subject| subject.name)
}

/// Its limits that are about one of these settings.
pub fn limits_by(text: &mut String, word: &str, settings: &[&str]) {
    let Some(subject) = find(word) else { return };
    limits_of(text, subject.limits, |known| settings.iter().any(|setting| is_about(known, setting)));
}

/// What sets this row apart from others of the same product.
pub fn differs(known: &Known) -> Option<&'static str> {
    let row = DIFFERS.iter().find(|(product, seconds, _)| *product == known.product && *seconds == known.seconds);
    row.map(|(.., words)| *words)
}

fn find(word: &str) -> Option<&'static Subject> {
    let word = likeness::normal(word);
    SUBJECTS.iter().find(|subject| subject.words.contains(&word.as_str()))
}

fn is_about(known: &Known, setting: &str) -> bool {
    let setting = setting.to_ascii_lowercase();
    [known.setting, known.knob].iter().any(|text| text.to_ascii_lowercase().contains(&setting))
}

/// Each limit, and the line that raises it below the last that has the same.
fn limits_of(text: &mut String, products: &[&str], which: impl Fn(&Known) -> bool) {
    let rows: Vec<&Known> = limits::all().filter(|known| products.contains(&known.product) && which(known)).collect();
    for (index, known) in rows.iter().enumerate() {
        line(text, "limit", &limit(known));
        let is_last = rows.get(index + 1).is_none_or(|next| next.knob != known.knob);
        if is_last && !known.knob.is_empty() {
            paste(text, known.knob);
        }
    }
}

/// `60 s without a byte either way, then FIN: proxy_read_timeout, 60s unless set`
fn limit(known: &Known) -> String {
    let what = match (known.kind, known.counts) {
        (limits::Kind::Idle, Counts::FromClient) => "without a byte of the client",
        (limits::Kind::Idle, Counts::FromServer) => "without a byte of the server",
        (limits::Kind::Idle, Counts::Data) => "without a message; pings do not count",
        (limits::Kind::Idle, Counts::Pong) => "without a pong",
        (limits::Kind::Idle, Counts::Either | Counts::Nothing) => "without a byte either way",
        (limits::Kind::Lifetime, _) => "after the open, whatever is sent",
        (limits::Kind::Hello, _) => "after the open without the step that is due",
        (limits::Kind::Deadline, Counts::Data) => "without a message",
        (limits::Kind::Deadline, _) => "without an answer to its heartbeat",
    };
    let end = match known.look {
        Look::Fin => ", then FIN".to_owned(),
        Look::Cut => ", then FIN or a reset".to_owned(),
        Look::SilentThenRst => ", then nothing, and a reset at the next bytes".to_owned(),
        Look::Close(code, "") => format!(", then Close {code}"),
        Look::Close(code, reason) => format!(", then Close {code} {}", show::quoted(reason)),
        Look::Any => String::new(),
    };
    let said = if known.verified { "" } else { ", not verified" };
    let differs = differs(known);
    let setting = match known.setting {
        "" => String::new(),
        _ if differs.is_some() && known.knob.is_empty() => String::new(),
        setting => format!(": {setting}"),
    };
    let differs = differs.map(|words| format!(" ({words})")).unwrap_or_default();
    format!("{} {what}{end}{said}{setting}{differs}", show::whole(known.seconds))
}

/// The lines that are this product's own, by what they are for.
fn remedies_of(name: &'static str) -> Vec<(&'static str, Remedy)> {
    // This one writes nginx's lines itself.
    let is_told = name != "ingress-nginx";
    let found = [
        ("upgrade", own(name, |hop| remedies::upgrade_headers(Some(hop), PATH)).filter(|_| is_told)),
        ("path", own(name, |hop| remedies::route(hop, PATH))),
        ("host", own(name, |hop| remedies::pass_host(Some(hop), PATH))),
        ("origin", remedies::allow_origin(name, None)),
        ("head", remedies::larger_head(name)),
    ];
    found.into_iter().filter_map(|(label, remedy)| Some((label, remedy?))).collect()
}

/// None where nothing else is said than of everybody.
fn own(name: &'static str, known: impl Fn(&Hop) -> Remedy) -> Option<Remedy> {
    let remedy = known(&hop(name));
    let of_nobody = known(&hop(NOBODY)).help.replace(NOBODY, name);
    (remedy.help != of_nobody).then_some(remedy)
}

fn hop(name: &'static str) -> Hop {
    Hop { name, kind: Kind::Proxy, seen: String::new(), certain: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_told_with_its_limits_and_its_lines() {
        let nginx = proxy("nginx").unwrap_or_default();
        assert!(nginx.starts_with("nginx (proxy)\n\n  does     takes Upgrade and Connection out"), "{nginx}");
        for part in [
            "  limit    60 s without a byte either way, then FIN: proxy_read_timeout, 60s unless set\n",
            "\n             proxy_read_timeout 3600s;\n",
            "  upgrade  in the nginx location that serves /ws, then reload nginx:\n             proxy_http_version",
            "\n             proxy_set_header Host $http_host;\n",
            "\n             large_client_header_buffers 4 32k;\n",
        ] {
            assert!(nginx.contains(part), "no {part:?} in {nginx}");
        }
    }

    #[test]
    fn rows_that_a_product_has_twice_say_what_sets_them_apart() {
        let haproxy = proxy("haproxy").unwrap_or_default();
        assert!(haproxy.contains("(many examples have 30 s)") && haproxy.contains("of Debian has 50"), "{haproxy}");
        assert_eq!(haproxy.matches("timeout tunnel 1h\n").count(), 1, "{haproxy}");
        let cloudflare = proxy("cloudflare").unwrap_or_default();
        assert!(cloudflare.contains("either way, not verified (its wait for the client, 400 s)\n"), "{cloudflare}");
        for (product, seconds, _) in DIFFERS {
            let is_there = limits::all().any(|known| known.product == *product && known.seconds == *seconds);
            assert!(is_there, "{product} {seconds}");
        }
    }

    #[test]
    fn what_is_said_of_everybody_is_left_out() {
        let alb = proxy("aws alb").unwrap_or_default();
        assert!(alb.contains("AWS ALB (load balancer)") && !alb.contains("\n  upgrade "), "{alb}");
        assert!(proxy("ingress-nginx").is_some_and(|text| !text.contains("proxy_set_header")));
        assert!(proxy("squid").is_some_and(|text| text.contains("http_upgrade_request_protocols websocket")));
        assert_eq!(proxy("acme"), None);
    }

    #[test]
    fn each_name_of_a_limit_is_one_of_the_table() {
        for subject in SUBJECTS {
            for product in subject.limits {
                assert!(limits::all().any(|known| known.product == *product), "{product}");
            }
        }
        let mut all: Vec<&str> = words().collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
