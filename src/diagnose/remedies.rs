//! Configuration that mends what was found, ready to paste, for one product at a time. Owns the lines; which of them a
//! finding shows is the rules' matter, and which product stands there is `hops`'.

use crate::diagnose::hops::Hop;
use crate::event::Finding;
use crate::event::show;

/// One thing to do, and the lines to paste for it (none: there is nothing to paste).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy {
    pub help: String,
    pub lines: Vec<String>,
}

impl Remedy {
    fn new(help: impl Into<String>, lines: &[&str]) -> Remedy {
        Remedy { help: help.into(), lines: lines.iter().map(|line| (*line).to_owned()).collect() }
    }

    /// The finding with this as its help.
    pub fn on(self, finding: Finding) -> Finding {
        finding.advise(self.help).paste_lines(self.lines)
    }
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

const APACHE_UPGRADE: &[&str] = &["ProxyPass \"/ws/\" \"http://127.0.0.1:8080/ws/\" upgrade=websocket"];

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
    if arrived == Arrived::Http11 && remedy.lines == NGINX_UPGRADE {
        remedy.lines = NGINX_HEADERS.iter().map(|line| (*line).to_owned()).collect();
    }
    remedy
}

/// Lets Upgrade and Connection pass the hop.
pub fn upgrade_headers(hop: Option<&Hop>, path: &str) -> Remedy {
    let path = show::safe(path);
    let Some(hop) = hop else { return upgrade_headers_of_nobody(&path) };
    match hop.name {
        "nginx" | "openresty" | "ingress-nginx" => {
            Remedy::new(format!("in the {} location that serves {path}, then reload nginx:", nginx(hop)), NGINX_UPGRADE)
        }
        "Apache" => Remedy::new(
            format!("in the Apache host that serves {path} (2.4.47 or later), {PLACE}, before a shorter ProxyPass:"),
            &[&apache_pass(&path)],
        ),
        "Varnish" => Remedy::new("in Varnish's VCL, then load it:", VARNISH_UPGRADE),
        "Envoy" => Remedy::new(
            format!("in Envoy's route for {path} (Contour has enableWebsockets: true for this):"),
            ENVOY_UPGRADE,
        ),
        "HAProxy" => Remedy::new(
            "HAProxy passes upgrades on; if it speaks HTTP/2 to the server, add ws h1 to the server's line:",
            &["server app 127.0.0.1:8080 ws h1"],
        ),
        "Caddy" => Remedy::new(
            format!("Caddy passes upgrades on by itself: {path} needs a plain reverse_proxy, {PLACE}:"),
            &[&caddy_pass(&path)],
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
        name => Remedy::new(format!("let {name} pass Upgrade and Connection on for {path}"), &[]),
    }
}

/// No hop names itself: the lines of the two that most often stand there.
fn upgrade_headers_of_nobody(path: &str) -> Remedy {
    let mut lines = vec!["# nginx, in the location".to_owned()];
    lines.extend(NGINX_UPGRADE.iter().map(|line| (*line).to_owned()));
    lines.extend(["# Apache, 2.4.47 or later".to_owned(), apache_pass(path)]);
    let help = format!("let the proxy in front of the application pass both headers on for {path}, as:");
    Remedy { help, lines }
}

/// One `ProxyPass` with the upgrade.
fn apache_pass(path: &str) -> String {
    format!("ProxyPass \"{path}\" \"http://127.0.0.1:8080{path}\" upgrade=websocket")
}

fn caddy_pass(path: &str) -> String {
    match path {
        "/" => "reverse_proxy 127.0.0.1:8080".to_owned(),
        path => format!("reverse_proxy {path}* 127.0.0.1:8080"),
    }
}

/// Lets the hop speak HTTP/1.1 to the application. Without a hop: nginx, the one that speaks 1.0 unless told otherwise.
pub fn http11(hop: Option<&Hop>, path: &str) -> Remedy {
    let path = show::safe(path);
    match hop.map(|hop| hop.name) {
        None => Remedy::new("let the proxy use HTTP/1.1 to the application; in nginx:", NGINX_UPGRADE),
        Some("nginx" | "openresty" | "ingress-nginx") => {
            Remedy::new(format!("in the nginx location that serves {path}, then reload nginx:"), NGINX_UPGRADE)
        }
        Some("Apache") => Remedy::new(
            "in Apache take force-proxy-request-1.0 out, and pass the upgrade on (2.4.47 or later):",
            APACHE_UPGRADE,
        ),
        Some("Varnish") => Remedy::new("in Varnish's VCL, then load it:", VARNISH_UPGRADE),
        Some("Envoy") => Remedy::new("find the hop before Envoy that speaks HTTP/1.0, and let it use HTTP/1.1", &[]),
        Some(name) => Remedy::new(format!("let {name} use HTTP/1.1 to the application"), &[]),
    }
}

/// Sends this path to the application, where the hop answers it itself.
pub fn route(hop: &Hop, path: &str) -> Remedy {
    let path = show::safe(path);
    match hop.name {
        "nginx" | "openresty" => {
            let mut lines = vec![format!("location {path} {{"), "    proxy_pass http://127.0.0.1:8080;".to_owned()];
            lines.extend(NGINX_UPGRADE.iter().map(|line| format!("    {line}")));
            lines.push("}".into());
            let help = format!("give the path its own location, {PLACE}; if it has one, try --host NAME:");
            Remedy { help, lines }
        }
        "ingress-nginx" => Remedy::new(
            "give the Ingress a rule for this host and path:",
            &[
                &format!("- path: {path}"),
                "  pathType: Prefix",
                "  backend: {service: {name: app, port: {number: 8080}}}",
            ],
        ),
        "Apache" => Remedy::new(
            format!("let the Apache host pass the path on (2.4.47 or later), {PLACE}; if it does, try --host NAME:"),
            &[&apache_pass(&path)],
        ),
        "Caddy" => Remedy::new(format!("in the Caddyfile's site block, {PLACE}:"), &[&caddy_pass(&path)]),
        "lighttpd" => Remedy::new(
            format!("in lighttpd's configuration, {PLACE}; then restart it:"),
            &[
                &format!("$HTTP[\"url\"] =~ \"^{path}\" {{"),
                "    proxy.server = ( \"\" => (( \"host\" => \"127.0.0.1\", \"port\" => 8080 )) )",
                "    proxy.header = ( \"upgrade\" => \"enable\" )",
                "}",
            ],
        ),
        "Envoy" => Remedy::new(
            "give Envoy's virtual host a route for the path (istio: a match in the VirtualService):",
            &[
                &format!("- match: {{prefix: \"{path}\"}}"),
                "  route: {cluster: app, timeout: 0s, upgrade_configs: [{upgrade_type: websocket}]}",
            ],
        ),
        "Traefik" => Remedy::new(
            "give Traefik a router for this host and path:",
            &[&format!("rule: \"Host(`example.com`) && PathPrefix(`{path}`)\"")],
        ),
        "Kong" => Remedy::new(
            "give a route of Kong this path:",
            &["routes:", "- name: ws", &format!("  paths: [\"{path}\"]"), "  strip_path: false"],
        ),
        "HAProxy" => Remedy::new(
            "let HAProxy choose the application's backend for the path:",
            &[&format!("use_backend app if {{ path_beg {path} }}")],
        ),
        name => Remedy::new(format!("give {name} a rule that sends {path} to the application"), &[]),
    }
}

/// Keeps the name that the client asked for, so that an Origin can be compared with it.
pub fn pass_host(hop: Option<&Hop>, path: &str) -> Remedy {
    let path = show::safe(path);
    match hop.map(|hop| hop.name) {
        Some("nginx" | "openresty") => Remedy::new(
            format!("in the nginx location that serves {path}, then reload nginx:"),
            &["proxy_set_header Host $host;"],
        ),
        Some("Apache") => Remedy::new("in the Apache host, then reload Apache:", &["ProxyPreserveHost On"]),
        Some("IIS") => Remedy::new(
            "let IIS pass the client's Host on (ARR):",
            &["appcmd set config -section:system.webServer/proxy /preserveHostHeader:true /commit:apphost"],
        ),
        Some(name) => Remedy::new(format!("let {name} pass the client's Host header on unchanged"), &[]),
        None => Remedy::new("let the proxy pass the client's Host header on unchanged", &[]),
    }
}

/// Lets a page of this origin connect. Without an origin the example has one to be replaced.
pub fn allow_origin(product: &str, origin: Option<&str>) -> Option<Remedy> {
    let origin = show::safe(origin.unwrap_or("https://example.com"));
    let host = origin.split_once("://").map_or(origin.as_str(), |(_, host)| host);
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
        "Django Channels" => ("in Django's settings:", format!("ALLOWED_HOSTS = [\"{host}\"]")),
        "Jupyter" => ("in the Jupyter settings:", format!("c.ServerApp.allow_origin = \"{origin}\"")),
        "SignalR" | "ASP.NET" | "Kestrel" => {
            ("in the options of UseWebSockets:", format!("AllowedOrigins = {{ \"{origin}\" }}"))
        }
        "Vite" => ("in vite.config:", format!("server: {{ allowedHosts: [\"{host}\"] }},")),
        _ => return None,
    };
    Some(Remedy::new(help, &line.split('\n').collect::<Vec<_>>()))
}

/// Room for a larger head of the request.
pub fn larger_head(product: &str) -> Option<Remedy> {
    let (help, line) = match product {
        "nginx" | "openresty" => ("in the nginx server, then reload nginx:", "large_client_header_buffers 4 32k;"),
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
        assert_eq!(remedy.lines, NGINX_UPGRADE);
        let known = upgrade_headers_after(Some(&hop("nginx")), "/ws", Arrived::Http11);
        assert_eq!(known.lines, NGINX_HEADERS);
        let own = route(&hop("nginx"), "/ws");
        assert_eq!(own.lines.first().map(String::as_str), Some("location /ws {"));
        assert_eq!(own.lines.last().map(String::as_str), Some("}"));
    }

    #[test]
    fn every_remedy_is_one_ascii_thing_to_do_and_its_lines_stand_behind_a_colon() {
        let mut remedies: Vec<Remedy> = vec![upgrade_headers(None, "/ws"), http11(None, "/ws"), pass_host(None, "/ws")];
        for name in PRODUCTS {
            let hop = hop(name);
            remedies.push(upgrade_headers(Some(&hop), "/ws"));
            remedies.extend([http11(Some(&hop), "/ws"), route(&hop, "/ws"), pass_host(Some(&hop), "/ws")]);
            remedies.extend(larger_head(name));
        }
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
