//! Configuration that mends what was found, ready to paste, for one product at a time. Owns the lines; which of them a
//! finding shows is the rules' matter, and which product stands there is `hops`'.

mod spoiled;

use crate::diagnose::hops::Hop;
use crate::diagnose::place::{PATH_PLACEHOLDER, host_in_line, path_in_line};
use crate::event::Finding;
use crate::event::show;

pub use spoiled::{keep_method, let_pass, once, path_rule};

/// One thing to do, and the lines to paste for it (none: there is nothing to paste).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy {
    pub help: String,
    pub lines: Vec<String>,
}

impl Remedy {
    fn new(help: impl Into<String>, lines: &[&str]) -> Remedy {
        Remedy { help: help.into(), lines: owned(lines) }
    }

    /// The finding with this as its help.
    pub fn on(self, finding: Finding) -> Finding {
        finding.advise(self.help).paste_lines(self.lines)
    }

    /// With a word on the placeholder, where a line has one in place of this path.
    fn at(mut self, path: &str) -> Remedy {
        if path_in_line(path) != path && self.lines.iter().any(|line| line.contains(PATH_PLACEHOLDER)) {
            self.lines.insert(0, format!("# {PATH_PLACEHOLDER} is a placeholder for the path of the WebSocket"));
        }
        self
    }
}

fn owned(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

/// What nginx must be told about an upgrade.
const NGINX_UPGRADE: &[&str] =
    &["proxy_http_version 1.1;", "proxy_set_header Upgrade $http_upgrade;", "proxy_set_header Connection \"upgrade\";"];

/// For an application that is known to have got the request as HTTP/1.1: nginx takes no directive twice.
const NGINX_HEADERS: &[&str] = &[
    "# proxy_http_version 1.1; is set already: the request arrived as HTTP/1.1",
    "proxy_set_header Upgrade $http_upgrade;",
    "proxy_set_header Connection \"upgrade\";",
];

/// What nginx does with lines beside those that are there: it sends each, and takes none from the levels above.
const NGINX_BESIDE: &[&str] = &[
    "# each once: replace the ones that are there",
    "# proxy_set_header of server {} and http {} counts no more then: repeat Host",
];

/// What the address in the lines stands for.
const PLACE: &str = "with the application's address for 127.0.0.1:8080";

/// Both headers only reach the backend in a pipe.
const VARNISH_UPGRADE: &[&str] = &[
    "sub vcl_recv {",
    "    if (req.http.Upgrade ~ \"(?i)websocket\") { return (pipe); }",
    "}",
    "sub vcl_pipe {",
    "    if (req.http.Upgrade) {",
    "        set bereq.http.Upgrade = req.http.Upgrade;",
    "        set bereq.http.Connection = req.http.Connection;",
    "    }",
    "}",
];

const LIGHTTPD_UPGRADE: &[&str] = &["proxy.header = ( \"upgrade\" => \"enable\" )"];

const ENVOY_UPGRADE: &[&str] = &["upgrade_configs:", "- upgrade_type: websocket"];

/// The same of one line alone.
pub const NGINX_ONE_BESIDE: &str = "# once; proxy_set_header of server {} and http {} counts no more then: repeat it";

/// How the request reached the application, as far as its answer tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrived {
    /// As HTTP/1.1 for certain.
    Http11,
    /// By a version that is not known.
    Unknown,
}

/// Lets Upgrade and Connection pass the hop, where the request is known to arrive as HTTP/1.1 or not.
pub fn upgrade_headers_after(hop: Option<&Hop>, path: &str, arrived: Arrived) -> Remedy {
    let mut remedy = upgrade_headers(hop, path);
    if arrived == Arrived::Http11 && hop.is_some_and(|hop| is_nginx(hop.name)) {
        remedy.lines = owned(&[NGINX_HEADERS, NGINX_BESIDE].concat());
    }
    remedy
}

/// Lets Upgrade and Connection pass the hop.
pub fn upgrade_headers(hop: Option<&Hop>, path: &str) -> Remedy {
    let shown = show::safe(path);
    let remedy = match hop {
        Some(hop) => upgrade_headers_of(hop, &shown, path_in_line(path)),
        None => upgrade_headers_of_nobody(&shown, path_in_line(path)),
    };
    remedy.at(path)
}

/// `shown` is for sentences, `line` for what is pasted.
fn upgrade_headers_of(hop: &Hop, shown: &str, line: &str) -> Remedy {
    match hop.name {
        name if is_nginx(name) => Remedy::new(
            format!("in the {} location that serves {shown}, then reload nginx:", nginx(hop)),
            &[NGINX_UPGRADE, NGINX_BESIDE].concat(),
        ),
        "Apache" => Remedy::new(
            format!("in the Apache host that serves {shown} (2.4.47 or later), {PLACE}, before a shorter ProxyPass:"),
            &[&apache_pass(line)],
        ),
        "Varnish" => varnish(),
        "Envoy" => Remedy::new(
            format!("in Envoy's route for {shown} (Contour has enableWebsockets: true for this):"),
            ENVOY_UPGRADE,
        ),
        "HAProxy" => Remedy::new(
            "take http-request del-header Upgrade out of HAProxy; if it speaks HTTP/2 to the server, add ws h1 there:",
            &["server app 127.0.0.1:8080 ws h1"],
        ),
        "Caddy" => Remedy::new(
            format!(
                "Caddy passes both on by itself: take header_up lines for Upgrade and Connection out of its \
                 reverse_proxy for {shown}; this finds them:"
            ),
            &["grep -nE 'header_up +[-+>]?(Upgrade|Connection)' /etc/caddy/Caddyfile"],
        ),
        "lighttpd" => {
            Remedy::new("let lighttpd pass upgrades on (1.4.46 or later), then restart it:", LIGHTTPD_UPGRADE)
        }
        "Squid" => Remedy::new(
            "Squid passes upgrades on only where it is told to (5.0 or later); in squid.conf, then reload it:",
            &["http_upgrade_request_protocols websocket allow all"],
        ),
        "Traefik" => Remedy::new("take the middleware that changes Connection or Upgrade off the Traefik router", &[]),
        "IIS" => Remedy::new(
            "install WebSocket for IIS in PowerShell (for Node behind iisnode: webSocket enabled=\"false\"):",
            &["Install-WindowsFeature Web-WebSockets"],
        ),
        "Cloudflare" => Remedy::new("switch WebSockets on in Cloudflare: Network, WebSockets", &[]),
        "CloudFront" => Remedy::new(
            "give the CloudFront behavior of this path the origin request policy AllViewer and no caching",
            &[],
        ),
        "Azure Front Door" => {
            Remedy::new("switch caching off on the Front Door route: with caching it does not pass Upgrade on", &[])
        }
        name => Remedy::new(format!("let {name} pass Upgrade and Connection on for {shown}"), &[]),
    }
}

/// No hop names itself: the lines of those that most often stand there.
fn upgrade_headers_of_nobody(shown: &str, line: &str) -> Remedy {
    let mut lines = vec!["# nginx, in the location, each once".to_owned()];
    lines.extend(owned(NGINX_UPGRADE));
    lines.extend(["# Apache, 2.4.47 or later".to_owned(), apache_pass(line)]);
    lines.push("# HAProxy passes both on, unless http-request del-header takes them out".to_owned());
    let help = format!("let the proxy in front of the application pass both headers on for {shown}, as:");
    Remedy { help, lines }
}

/// One `ProxyPass` with the upgrade.
fn apache_pass(path: &str) -> String {
    format!("ProxyPass \"{path}\" \"http://127.0.0.1:8080{path}\" upgrade=websocket")
}

/// A subroutine that is there twice runs in the order of the file, and the first return ends it.
fn varnish() -> Remedy {
    let help = "in Varnish's VCL, above the vcl_recv that is there, so that no return comes first; then load it:";
    Remedy::new(help, VARNISH_UPGRADE)
}

/// A `respond` of the site comes before a `reverse_proxy` of its own, and behind one in a `handle`.
const CADDY_START_PAGE: &[&str] =
    &["@websocket header Upgrade websocket", "handle @websocket {", "    reverse_proxy 127.0.0.1:8080", "}"];

/// A `try_files` outside of every `handle` changes the path before they are looked at. The path / is the site's too.
fn caddy_route(path: &str) -> Vec<String> {
    if path == "/" {
        return owned(CADDY_START_PAGE);
    }
    vec![
        format!("handle {path}* {{"),
        "    reverse_proxy 127.0.0.1:8080".to_owned(),
        "}".to_owned(),
        "handle {".to_owned(),
        "    # what is there now moves in here: try_files, file_server, other routes".to_owned(),
        "}".to_owned(),
    ]
}

/// Lets Apache try a server again at once after it could not connect to it.
pub fn apache_retry(path: &str) -> Remedy {
    let line = format!("{} retry=0", apache_pass(path_in_line(path)));
    let help = "start the application; Apache goes on with 503 for up to 60 s, unless its ProxyPass has retry=0, as:";
    Remedy::new(help, &[&line]).at(path)
}

/// Lets the hop speak HTTP/1.1 to the application. Without a hop: nginx, the one that speaks 1.0 unless told otherwise.
pub fn http11(hop: Option<&Hop>, path: &str) -> Remedy {
    let nginx_lines = [NGINX_UPGRADE, NGINX_BESIDE].concat();
    let remedy = match hop.map(|hop| hop.name) {
        None => Remedy::new("let the proxy use HTTP/1.1 to the application; in nginx:", &nginx_lines),
        Some(name) if is_nginx(name) => Remedy::new(
            format!("in the nginx location that serves {}, then reload nginx:", show::safe(path)),
            &nginx_lines,
        ),
        Some("Apache") => Remedy::new(
            format!("in Apache take force-proxy-request-1.0 out, and pass the upgrade on (2.4.47 or later), {PLACE}:"),
            &[&apache_pass(path_in_line(path))],
        ),
        Some("Varnish") => varnish(),
        Some("Envoy") => Remedy::new("find the hop before Envoy that speaks HTTP/1.0, and let it use HTTP/1.1", &[]),
        Some(name) => Remedy::new(format!("let {name} use HTTP/1.1 to the application"), &[]),
    };
    remedy.at(path)
}

/// Sends this path to the application, where the hop answers it itself.
pub fn route(hop: &Hop, path: &str) -> Remedy {
    route_of(hop, &show::safe(path), path_in_line(path)).at(path)
}

/// `shown` is for sentences, `line` for what is pasted.
fn route_of(hop: &Hop, shown: &str, line: &str) -> Remedy {
    match hop.name {
        "nginx" | "openresty" => {
            let mut lines = vec![format!("location {line} {{"), "    proxy_pass http://127.0.0.1:8080;".to_owned()];
            lines.extend(NGINX_UPGRADE.iter().map(|line| format!("    {line}")));
            lines.extend(owned(&["    proxy_set_header Host $http_host;", "}"]));
            let help = format!("give the path its own location, {PLACE}; if it has one, try --host NAME:");
            Remedy { help, lines }
        }
        "ingress-nginx" => Remedy::new(
            "give the Ingress a rule for this host and path:",
            &[
                &format!("- path: {line}"),
                "  pathType: Prefix",
                "  backend: {service: {name: app, port: {number: 8080}}}",
            ],
        ),
        "Apache" => Remedy::new(
            format!("let the Apache host pass the path on (2.4.47 or later), {PLACE}; if it does, try --host NAME:"),
            &[&apache_pass(line)],
        ),
        "Caddy" => Remedy {
            help: format!("in the Caddyfile's site block, {PLACE}, then reload Caddy:"),
            lines: caddy_route(line),
        },
        "lighttpd" => Remedy::new(
            format!("in lighttpd's configuration, {PLACE}; then restart it:"),
            &[
                &format!("$HTTP[\"url\"] =~ \"^{line}\" {{"),
                "    proxy.server = ( \"\" => (( \"host\" => \"127.0.0.1\", \"port\" => 8080 )) )",
                "    proxy.header = ( \"upgrade\" => \"enable\" )",
                "}",
            ],
        ),
        "Envoy" => Remedy::new(
            "give Envoy's virtual host a route for the path (istio: a match in the VirtualService):",
            &[
                &format!("- match: {{prefix: \"{line}\"}}"),
                "  route: {cluster: app, timeout: 0s, upgrade_configs: [{upgrade_type: websocket}]}",
            ],
        ),
        "Traefik" => Remedy::new(
            "give Traefik a router for this host and path:",
            &[&format!("rule: \"Host(`example.com`) && PathPrefix(`{line}`)\"")],
        ),
        "Kong" => Remedy::new(
            "give a route of Kong this path:",
            &["routes:", "- name: ws", &format!("  paths: [\"{line}\"]"), "  strip_path: false"],
        ),
        "HAProxy" => Remedy::new(
            "let HAProxy choose the application's backend for the path:",
            &[&format!("use_backend app if {{ path_beg {line} }}")],
        ),
        name => Remedy::new(format!("give {name} a rule that sends {shown} to the application"), &[]),
    }
}

/// No hop names itself: the lines of those that change Host unless told otherwise.
const HOST_OF_NOBODY: &[&str] = &[
    "# nginx, in the location",
    "proxy_set_header Host $http_host;",
    "# Apache, in the host",
    "ProxyPreserveHost On",
    "# HAProxy and Caddy pass it on, unless set-header or header_up changes it",
];

/// Keeps the name that the client asked for, so that an Origin can be compared with it.
pub fn pass_host(hop: Option<&Hop>, path: &str) -> Remedy {
    match hop.map(|hop| hop.name) {
        Some("nginx" | "openresty") => Remedy::new(
            format!("in the nginx location that serves {}, then reload nginx:", show::safe(path)),
            &["proxy_set_header Host $http_host;", NGINX_ONE_BESIDE],
        ),
        Some("Apache") => Remedy::new("in the Apache host, then reload Apache:", &["ProxyPreserveHost On"]),
        Some("IIS") => Remedy::new(
            "let IIS pass the client's Host on (ARR):",
            &["appcmd set config -section:system.webServer/proxy /preserveHostHeader:true /commit:apphost"],
        ),
        Some("Caddy") => {
            Remedy::new("take header_up Host out of Caddy's reverse_proxy: it passes Host on by itself", &[])
        }
        Some("HAProxy") => {
            Remedy::new("take http-request set-header Host out of HAProxy: it passes Host on by itself", &[])
        }
        Some("Traefik") => Remedy::new("at the service's load balancer in Traefik:", &["passHostHeader: true"]),
        Some("Envoy") => {
            Remedy::new("take host_rewrite_literal and auto_host_rewrite out of Envoy's route for the path", &[])
        }
        Some(name) => Remedy::new(format!("let {name} pass the client's Host header on unchanged"), &[]),
        None => Remedy::new("let the proxy in front pass the client's Host on unchanged, as:", HOST_OF_NOBODY),
    }
}

/// Lets a page of this origin connect. Without an origin the example has one to be replaced.
pub fn allow_origin(product: &str, origin: Option<&str>) -> Option<Remedy> {
    let origin = show::safe(origin.unwrap_or("https://example.com"));
    let host = origin.split_once("://").map_or(origin.as_str(), |(_, host)| host);
    let name = host_in_line(host);
    let (help, line) = match product {
        "Tornado" => {
            ("in the Tornado handler:", format!("def check_origin(self, origin): return origin == \"{origin}\""))
        }
        "gorilla" => (
            "in gorilla's Upgrader:",
            format!(
                "CheckOrigin: func(r *http.Request) bool {{ // without an Origin it is no page\n    \
                 o := r.Header.Get(\"Origin\")\n    \
                 return o == \"\" || o == \"https://\"+r.Host || o == \"{origin}\"\n}},"
            ),
        ),
        "coder/websocket" => {
            ("in the AcceptOptions of coder/websocket:", format!("OriginPatterns: []string{{\"{host}\"}},"))
        }
        "python websockets" => ("in the call of serve():", format!("origins=[\"{origin}\"],")),
        "ActionCable" => (
            "in the Rails environment's settings:",
            format!("config.action_cable.allowed_request_origins = [\"{origin}\"]"),
        ),
        "Phoenix" => ("in the Phoenix endpoint's settings:", format!("check_origin: [\"{origin}\"],")),
        "Spring" => ("at the handler in the Spring configuration:", format!(".setAllowedOrigins(\"{origin}\")")),
        "Engine.IO" => ("in the options of the Socket.IO server:", format!("cors: {{ origin: \"{origin}\" }},")),
        "Django Channels" => ("in Django's settings:", format!("ALLOWED_HOSTS = [\"{name}\"]")),
        "Jupyter" => ("in the Jupyter settings:", format!("c.ServerApp.allow_origin = \"{origin}\"")),
        "SignalR" | "ASP.NET" | "Kestrel" => {
            ("in the options of UseWebSockets:", format!("AllowedOrigins = {{ \"{origin}\" }}"))
        }
        "Vite" => ("in vite.config:", format!("server: {{ allowedHosts: [\"{name}\"] }},")),
        _ => return None,
    };
    Some(Remedy::new(help, &line.split('\n').collect::<Vec<_>>()))
}

/// Room for a larger head of the request.
pub fn larger_head(product: &str) -> Option<Remedy> {
    let (help, line) = match product {
        "nginx" | "openresty" => {
            ("in nginx's http block or default server, then reload nginx:", "large_client_header_buffers 4 32k;")
        }
        "ingress-nginx" => ("in the ConfigMap of ingress-nginx:", "large-client-header-buffers: \"4 32k\""),
        "Apache" => ("in the Apache host, then reload Apache:", "LimitRequestFieldSize 32768"),
        "HAProxy" => ("in HAProxy's global section, then reload it:", "tune.bufsize 32768"),
        "Envoy" => ("in Envoy's HTTP connection manager:", "max_request_headers_kb: 96"),
        "Tomcat" => ("in Tomcat's Connector (Spring Boot):", "server.max-http-request-header-size=32KB"),
        "Kestrel" => ("in Kestrel's options:", "options.Limits.MaxRequestHeadersTotalSize = 65536;"),
        "Express" => ("start node with:", "node --max-http-header-size=32768 server.js"),
        "uvicorn" => ("start uvicorn with:", "--h11-max-incomplete-event-size 65536"),
        "gunicorn" => ("start gunicorn with:", "--limit-request-field_size 32768"),
        _ => return None,
    };
    Some(Remedy::new(help, &[line]))
}

/// Is this nginx, under whatever name it goes?
pub fn is_nginx(name: &str) -> bool {
    matches!(name, "nginx" | "openresty" | "ingress-nginx")
}

fn nginx(hop: &Hop) -> &'static str {
    if hop.name == "openresty" { "openresty" } else { "nginx" }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::diagnose::hops::Kind;

    const PRODUCTS: &[&str] = &[
        "nginx",
        "openresty",
        "ingress-nginx",
        "Apache",
        "Varnish",
        "Envoy",
        "HAProxy",
        "Caddy",
        "Traefik",
        "lighttpd",
        "Squid",
        "IIS",
        "Kong",
        "Cloudflare",
        "CloudFront",
        "Azure Front Door",
        "AWS ALB",
        "Google load balancer",
        "Something",
    ];

    fn hop(name: &'static str) -> Hop {
        Hop { name, kind: Kind::Proxy, seen: String::new(), certain: true }
    }

    #[test]
    fn nginx_gets_the_lines_of_its_own_manual_for_the_path_that_was_asked() {
        let remedy = upgrade_headers(Some(&hop("nginx")), "/ws");
        assert_eq!(remedy.help, "in the nginx location that serves /ws, then reload nginx:");
        assert_eq!(remedy.lines, [NGINX_UPGRADE, NGINX_BESIDE].concat());
        let unknown = upgrade_headers_after(Some(&hop("nginx")), "/ws", Arrived::Unknown);
        assert_eq!(unknown, remedy);
        let known = upgrade_headers_after(Some(&hop("nginx")), "/ws", Arrived::Http11);
        assert_eq!(known.lines, [NGINX_HEADERS, NGINX_BESIDE].concat());
        let own = route(&hop("nginx"), "/ws");
        assert_eq!(own.lines.first().map(String::as_str), Some("location /ws {"));
        assert_eq!(own.lines.last().map(String::as_str), Some("}"));
        // A location with lines of its own has none from above.
        assert!(own.lines.contains(&"    proxy_set_header Host $http_host;".to_owned()), "{own:?}");
    }

    #[test]
    fn a_path_that_a_line_cannot_hold_stands_in_none() {
        let long = format!("/{}", "a".repeat(400));
        for path in ["/a;b", "/a$b", "/a{b", "/a\"b", "/a\\b", "/a%22b", "/a b", "/a`b", long.as_str()] {
            let mut remedies = vec![upgrade_headers(None, path), http11(None, path), apache_retry(path)];
            for name in PRODUCTS {
                let hop = hop(name);
                remedies.extend([upgrade_headers(Some(&hop), path), http11(Some(&hop), path), route(&hop, path)]);
                remedies.extend([pass_host(Some(&hop), path), once(Some(&hop), path)]);
            }
            for remedy in remedies {
                assert!(remedy.lines.iter().all(|line| !line.contains(path)), "{path}: {remedy:?}");
                let has_one = remedy.lines.iter().any(|line| line.contains(PATH_PLACEHOLDER));
                let is_told = remedy.lines.first().is_some_and(|line| line.contains("is a placeholder"));
                assert_eq!(has_one, is_told, "{path}: {remedy:?}");
            }
        }
        let usual = route(&hop("nginx"), PATH_PLACEHOLDER);
        assert_eq!(usual.lines[0], "location /the/path {");
    }

    #[test]
    fn what_a_hop_takes_away_has_its_directive_named() {
        for (name, part) in [("nginx", "proxy_set_header"), ("HAProxy", "del-header"), ("Caddy", "header_up")] {
            let remedy = let_pass(&hop(name), "Sec-WebSocket-Key").unwrap();
            assert!(remedy.help.contains(part) && remedy.help.contains("Sec-WebSocket-Key"), "{remedy:?}");
            assert!(remedy.lines[0].contains("grep"), "{remedy:?}");
        }
        assert!(keep_method(&hop("nginx")).unwrap().help.contains("proxy_method"));
        assert_eq!((let_pass(&hop("Something"), "X"), keep_method(&hop("Something"))), (None, None));
    }

    #[test]
    fn every_remedy_is_one_ascii_thing_to_do_and_its_lines_stand_behind_a_colon() {
        let mut remedies: Vec<Remedy> = vec![upgrade_headers(None, "/ws"), http11(None, "/ws"), pass_host(None, "/ws")];
        for name in PRODUCTS {
            let hop = hop(name);
            remedies.push(upgrade_headers(Some(&hop), "/ws"));
            remedies.extend([http11(Some(&hop), "/ws"), route(&hop, "/ws"), pass_host(Some(&hop), "/ws")]);
            remedies.push(once(Some(&hop), "/ws"));
            remedies.extend(let_pass(&hop, "Sec-WebSocket-Key").into_iter().chain(keep_method(&hop)));
            remedies.extend(larger_head(name));
        }
        remedies.extend([apache_retry("/ws"), once(None, "/ws")]);
        for name in ["Tornado", "gorilla", "ActionCable", "Phoenix", "Spring", "Engine.IO", "Vite", "SignalR"] {
            remedies.push(allow_origin(name, Some("https://a.example")).unwrap());
        }
        for remedy in remedies {
            assert!(remedy.help.is_ascii() && !remedy.help.ends_with('.') && remedy.help.len() > 8, "{remedy:?}");
            assert_eq!(remedy.help.ends_with(':'), !remedy.lines.is_empty(), "{remedy:?}");
        }
    }

    #[test]
    fn the_origin_that_was_sent_stands_in_the_line() {
        let remedy = allow_origin("coder/websocket", Some("https://a.example:8443")).unwrap();
        assert_eq!(remedy.lines, ["OriginPatterns: []string{\"a.example:8443\"},"]);
        assert!(allow_origin("Phoenix", None).unwrap().lines[0].contains("https://example.com"));
        assert_eq!(allow_origin("nobody", None), None);
    }

    #[test]
    fn a_product_without_such_a_setting_has_none() {
        assert_eq!(larger_head("Something"), None);
        assert_eq!(larger_head("HAProxy").unwrap().lines, ["tune.bufsize 32768"]);
    }
}
