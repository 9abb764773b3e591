//! Which hops an answer passed, and which of them made it: `Server`, `Via` and the fields that products add, and the
//! pages that they have for their own errors (RFC 9110 sections 7.6.3 and 10.2.4). Owns those two tables; what an
//! answer means is `refusal`'s, what to configure is `remedies`'.

use crate::diagnose::facts::contains;
use crate::event::show;
use crate::wire::head::Head;

/// Where a hop usually stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A provider's network in front.
    Edge,
    /// A reverse proxy or a load balancer.
    Proxy,
    /// What the request was for.
    Application,
}

/// One hop that left a trace in the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// `nginx`
    pub name: &'static str,
    pub kind: Kind,
    /// The trace: `Server: "nginx/1.22.1"`
    pub seen: String,
    /// The product names itself there; otherwise the field is only usual for it.
    pub certain: bool,
}

/// A trace: a field, a part of its value (empty: any), whose it is. A name that ends with `*` is the beginning of one.
struct Mark {
    field: &'static str,
    part: &'static str,
    name: &'static str,
    kind: Kind,
    certain: bool,
}

const fn mark(field: &'static str, part: &'static str, name: &'static str, kind: Kind, certain: bool) -> Mark {
    Mark { field, part, name, kind, certain }
}

/// Outermost first.
const MARKS: &[Mark] = &[
    mark("Server", "cloudflare", "Cloudflare", Kind::Edge, true),
    mark("CF-Ray", "", "Cloudflare", Kind::Edge, true),
    mark("Server", "CloudFront", "CloudFront", Kind::Edge, true),
    mark("Via", "CloudFront", "CloudFront", Kind::Edge, true),
    mark("X-Amz-Cf-Id", "", "CloudFront", Kind::Edge, false),
    mark("X-Azure-Ref", "", "Azure Front Door", Kind::Edge, false),
    mark("X-Fastly-Request-ID", "", "Fastly", Kind::Edge, false),
    mark("Via", "fastly", "Fastly", Kind::Edge, true),
    mark("X-Served-By", "cache-", "Fastly", Kind::Edge, false),
    mark("Server", "AkamaiGHost", "Akamai", Kind::Edge, true),
    mark("X-Akamai-*", "", "Akamai", Kind::Edge, false),
    mark("X-Iinfo", "", "Imperva", Kind::Edge, false),
    mark("X-Sucuri-ID", "", "Sucuri", Kind::Edge, false),
    mark("Via", "1.1 google", "Google load balancer", Kind::Edge, true),
    mark("Server", "awselb", "AWS ALB", Kind::Edge, true),
    mark("apigw-requestid", "", "AWS API Gateway", Kind::Edge, false),
    mark("x-amz-apigw-id", "", "AWS API Gateway", Kind::Edge, false),
    mark("x-amzn-errortype", "", "AWS API Gateway", Kind::Edge, false),
    mark("x-amzn-requestid", "", "AWS API Gateway", Kind::Edge, false),
    mark("Server", "Microsoft-Azure-Application-Gateway", "Azure Application Gateway", Kind::Edge, true),
    mark("Via", "vegur", "Heroku", Kind::Edge, true),
    mark("Server", "Heroku", "Heroku", Kind::Edge, true),
    mark("Fly-Request-Id", "", "Fly", Kind::Edge, false),
    mark("Server", "Fly/", "Fly", Kind::Edge, true),
    mark("X-Vercel-Id", "", "Vercel", Kind::Edge, false),
    mark("Server", "Vercel", "Vercel", Kind::Edge, true),
    mark("X-NF-Request-ID", "", "Netlify", Kind::Edge, false),
    mark("Server", "Netlify", "Netlify", Kind::Edge, true),
    mark("Server", "GitHub.com", "GitHub Pages", Kind::Edge, true),
    mark("Server", "railway", "Railway", Kind::Edge, true),
    mark("X-Render-Origin-Server", "", "Render", Kind::Edge, false),
    mark("ngrok-error-code", "", "ngrok", Kind::Edge, true),
    mark("Server", "istio-envoy", "Envoy", Kind::Proxy, true),
    mark("Server", "envoy", "Envoy", Kind::Proxy, true),
    mark("X-Envoy-*", "", "Envoy", Kind::Proxy, true),
    mark("Server", "kong", "Kong", Kind::Proxy, true),
    mark("Via", "kong", "Kong", Kind::Proxy, true),
    mark("X-Kong-*", "", "Kong", Kind::Proxy, true),
    mark("Server", "Varnish", "Varnish", Kind::Proxy, true),
    mark("Via", "varnish", "Varnish", Kind::Proxy, true),
    mark("X-Varnish", "", "Varnish", Kind::Proxy, true),
    mark("Server", "squid", "Squid", Kind::Proxy, true),
    mark("Via", "squid", "Squid", Kind::Proxy, true),
    mark("Server", "BigIP", "F5 BIG-IP", Kind::Proxy, true),
    mark("Server", "haproxy", "HAProxy", Kind::Proxy, true),
    mark("Server", "openresty", "openresty", Kind::Proxy, true),
    mark("Server", "tengine", "nginx", Kind::Proxy, true),
    mark("Server", "nginx", "nginx", Kind::Proxy, true),
    mark("Server", "Apache-Coyote", "Tomcat", Kind::Application, true),
    mark("Server", "Apache", "Apache", Kind::Proxy, true),
    mark("Via", "caddy", "Caddy", Kind::Proxy, true),
    mark("Server", "caddy", "Caddy", Kind::Proxy, true),
    mark("Server", "traefik", "Traefik", Kind::Proxy, true),
    mark("Server", "lighttpd", "lighttpd", Kind::Proxy, true),
    mark("Server", "LiteSpeed", "LiteSpeed", Kind::Proxy, true),
    mark("Server", "Microsoft-HTTPAPI", "http.sys", Kind::Proxy, true),
    mark("Server", "Microsoft-IIS", "IIS", Kind::Proxy, true),
    mark("Server", "uvicorn", "uvicorn", Kind::Application, true),
    mark("Server", "daphne", "Daphne", Kind::Application, true),
    mark("Server", "hypercorn", "Hypercorn", Kind::Application, true),
    mark("Server", "gunicorn", "gunicorn", Kind::Application, true),
    mark("Server", "TornadoServer", "Tornado", Kind::Application, true),
    mark("Server", "aiohttp", "aiohttp", Kind::Application, true),
    mark("Server", "websockets/", "python websockets", Kind::Application, true),
    mark("Server", "Werkzeug", "Werkzeug", Kind::Application, true),
    mark("Server", "SimpleHTTP", "python http.server", Kind::Application, true),
    mark("Server", "Cowboy", "Cowboy", Kind::Application, true),
    mark("Server", "Kestrel", "Kestrel", Kind::Application, true),
    mark("Server", "Jetty", "Jetty", Kind::Application, true),
    mark("Server", "WEBrick", "WEBrick", Kind::Application, true),
    mark("Server", "Puma", "Puma", Kind::Application, true),
    mark("Server", "Phusion Passenger", "Passenger", Kind::Application, true),
    mark("X-Powered-By", "Express", "Express", Kind::Application, true),
    mark("X-Powered-By", "Next.js", "Next.js", Kind::Application, true),
    mark("X-Powered-By", "PHP", "PHP", Kind::Application, true),
    mark("X-Powered-By", "ASP.NET", "ASP.NET", Kind::Application, true),
];

/// A text of a product's own page, and whose it is. `server`: the `Server` field must name it too (empty: no matter).
struct Page {
    text: &'static str,
    server: &'static str,
    name: &'static str,
    kind: Kind,
    certain: bool,
}

const fn page(text: &'static str, server: &'static str, name: &'static str, kind: Kind, certain: bool) -> Page {
    Page { text, server, name, kind, certain }
}

/// The pages that products have for answers of their own; an application behind them has others.
const PAGES: &[Page] = &[
    page("<center>nginx", "", "nginx", Kind::Proxy, true),
    page("<center>openresty", "", "openresty", Kind::Proxy, true),
    page("<center>tengine", "", "nginx", Kind::Proxy, true),
    page("<title>Welcome to nginx!</title>", "", "nginx", Kind::Proxy, true),
    page("default backend - 404", "", "ingress-nginx", Kind::Proxy, true),
    page("<center>cloudflare", "", "Cloudflare", Kind::Edge, true),
    page("cf-error-details", "", "Cloudflare", Kind::Edge, true),
    page("| Cloudflare</title>", "", "Cloudflare", Kind::Edge, true),
    page("error code: 1", "cloudflare", "Cloudflare", Kind::Edge, true),
    page("error code: 5", "cloudflare", "Cloudflare", Kind::Edge, true),
    page("Generated by cloudfront", "", "CloudFront", Kind::Edge, true),
    page("Our services aren't available right now", "", "Azure Front Door", Kind::Edge, true),
    page("Microsoft-Azure-Application-Gateway", "", "Azure Application Gateway", Kind::Edge, true),
    page("Fastly error: unknown domain", "", "Fastly", Kind::Edge, true),
    page("errors.edgesuite.net", "", "Akamai", Kind::Edge, true),
    page("_Incapsula_Resource", "", "Imperva", Kind::Edge, true),
    page("Sucuri WebSite Firewall", "", "Sucuri", Kind::Edge, true),
    page("herokucdn.com/error-pages", "", "Heroku", Kind::Edge, true),
    page("ERR_NGROK_", "", "ngrok", Kind::Edge, true),
    page("encountered a temporary error and could not complete", "", "Google load balancer", Kind::Edge, true),
    page("response 404 (backend NotFound)", "", "Google load balancer", Kind::Edge, true),
    page("upstream connect error or disconnect/reset before headers", "", "Envoy", Kind::Proxy, true),
    page("no healthy upstream", "", "Envoy", Kind::Proxy, true),
    page("upstream request timeout", "", "Envoy", Kind::Proxy, true),
    page("RBAC: access denied", "", "Envoy", Kind::Proxy, true),
    page("no Route matched with those values", "", "Kong", Kind::Proxy, true),
    page("An invalid response was received from the upstream server", "", "Kong", Kind::Proxy, true),
    page("failure to get a peer from the ring-balancer", "", "Kong", Kind::Proxy, true),
    page("<p>Varnish cache server</p>", "", "Varnish", Kind::Proxy, true),
    page("Guru Meditation", "", "Varnish", Kind::Proxy, true),
    page("<!-- ERR_", "", "Squid", Kind::Proxy, false),
    page("Generated by Mod_Security", "", "ModSecurity in Apache", Kind::Proxy, true),
    page("The proxy server received an invalid", "", "Apache", Kind::Proxy, true),
    page("<address>Apache", "", "Apache", Kind::Proxy, true),
    page("//IETF//DTD HTML 2.0//EN", "Apache", "Apache", Kind::Proxy, true),
    page("//W3C//DTD HTML 4.01//EN", "Apache", "Apache", Kind::Proxy, true),
    page("<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>", "lighttpd", "lighttpd", Kind::Proxy, true),
    page("Apache2 Debian Default Page", "", "Apache", Kind::Proxy, true),
    page("Apache2 Ubuntu Default Page", "", "Apache", Kind::Proxy, true),
    page("no available server", "", "Traefik", Kind::Proxy, false),
    page("<hr><p>HTTP Error 5", "", "http.sys", Kind::Proxy, true),
    page("<hr><p>HTTP Error 4", "", "http.sys", Kind::Proxy, true),
    page("acting as a gateway or proxy server", "IIS", "IIS", Kind::Proxy, true),
    page("IIS Windows", "", "IIS", Kind::Proxy, true),
];

/// The sentences of HAProxy's own pages, which have a heading with the status above them.
const HAPROXY_SENTENCES: &[&str] = &[
    "Your browser sent an invalid request.",
    "Request forbidden by administrative rules.",
    "The resource could not be found.",
    "Your browser didn't send a complete request in time.",
    "An internal server error occurred.",
    "The server returned an invalid or incomplete response.",
    "No server is available to handle this request.",
    "The server didn't respond in time.",
    "You have sent too many requests in a given amount of time.",
];

/// Products that stand in front by their nature and name themselves only in answers of their own, when their body is
/// such as they make it: a load balancer's plain page.
const OWN_BY_SERVER: &[(&str, &str, Kind)] = &[
    ("awselb", "AWS ALB", Kind::Edge),
    ("AkamaiGHost", "Akamai", Kind::Edge),
    ("Microsoft-Azure-Application-Gateway", "Azure Application Gateway", Kind::Edge),
    ("Microsoft-HTTPAPI", "http.sys", Kind::Proxy),
    ("BigIP", "F5 BIG-IP", Kind::Proxy),
];

/// Every hop that left a trace, outermost first, each once.
pub fn hops(head: &Head) -> Vec<Hop> {
    let mut found: Vec<Hop> = Vec::new();
    for mark in MARKS {
        let Some(seen) = trace(head, mark) else { continue };
        let is_known = found.iter().any(|hop| hop.name == mark.name);
        if !is_known && !is_shadowed(&found, mark) {
            found.push(Hop { name: mark.name, kind: mark.kind, seen, certain: mark.certain });
        }
    }
    found
}

/// The hop that made this answer itself: its own page, or a name that it has only in answers of its own.
pub fn answered_by(head: &Head, body: &str) -> Option<Hop> {
    let server = head.first("Server").unwrap_or_default();
    let own_page = PAGES.iter().find(|page| contains(body, page.text) && contains(server, page.server));
    if let Some(page) = own_page {
        return Some(Hop { name: page.name, kind: page.kind, seen: "its own page".into(), certain: page.certain });
    }
    if contains(body, "<html><body><h1>") && HAPROXY_SENTENCES.iter().any(|sentence| body.contains(sentence)) {
        return Some(Hop { name: "HAProxy", kind: Kind::Proxy, seen: "its own page".into(), certain: true });
    }
    if is_caddys_own(head, body) {
        return Some(Hop { name: "Caddy", kind: Kind::Proxy, seen: "an empty answer".into(), certain: false });
    }
    let (_, name, kind) = OWN_BY_SERVER.iter().find(|(part, _, _)| contains(server, part))?;
    let seen = format!("Server: {}", show::quoted(server));
    Some(Hop { name, kind: *kind, seen, certain: true })
}

/// Caddy has no pages: its own answers are empty and have no type, and what it passes on has at least one of both.
fn is_caddys_own(head: &Head, body: &str) -> bool {
    let only_caddy = head.all("Server").all(|server| server == "Caddy") && head.first("Server").is_some();
    only_caddy && body.is_empty() && head.first("Content-Type").is_none() && head.first("Via").is_none()
}

/// `nginx` stands in `openresty/1.21 (nginx)` too: one value of `Server` names one product.
fn is_shadowed(found: &[Hop], mark: &Mark) -> bool {
    mark.field == "Server" && found.iter().any(|hop| hop.seen.starts_with("Server: "))
}

fn trace(head: &Head, mark: &Mark) -> Option<String> {
    let field = head.fields().iter().find(|field| {
        let is_named = match mark.field.strip_suffix('*') {
            Some(beginning) => begins(&field.name, beginning),
            None => field.name.eq_ignore_ascii_case(mark.field),
        };
        is_named && contains(&field.value, mark.part)
    })?;
    Some(format!("{}: {}", show::safe(&field.name), show::quoted(&field.value)))
}

fn begins(name: &str, beginning: &str) -> bool {
    name.get(..beginning.len()).is_some_and(|start| start.eq_ignore_ascii_case(beginning))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn head(fields: &str) -> Head {
        Head::verbatim(format!("HTTP/1.1 502 Bad Gateway\r\n{fields}\r\n").into_bytes())
    }

    #[test]
    fn each_trace_names_its_hop() {
        for (fields, expected) in [
            ("Server: awselb/2.0\r\n", vec!["AWS ALB"]),
            ("Server: cloudflare\r\nCF-RAY: 8a-FRA\r\n", vec!["Cloudflare"]),
            ("Server: nginx\r\ncf-ray: 8a-FRA\r\n", vec!["Cloudflare", "nginx"]),
            ("Via: 1.1 abc.cloudfront.net (CloudFront)\r\nServer: Cowboy\r\n", vec!["CloudFront", "Cowboy"]),
            ("x-amz-cf-id: a==\r\n", vec!["CloudFront"]),
            ("apigw-requestid: a=\r\n", vec!["AWS API Gateway"]),
            ("x-amzn-RequestId: 8a\r\n", vec!["AWS API Gateway"]),
            ("via: 1.1 google\r\n", vec!["Google load balancer"]),
            ("x-azure-ref: 0a\r\n", vec!["Azure Front Door"]),
            ("X-Served-By: cache-fra-1\r\n", vec!["Fastly"]),
            ("X-Fastly-Request-ID: 8a\r\n", vec!["Fastly"]),
            ("server: envoy\r\n", vec!["Envoy"]),
            ("server: istio-envoy\r\nx-envoy-upstream-service-time: 3\r\n", vec!["Envoy"]),
            ("x-envoy-upstream-service-time: 3\r\nServer: uvicorn\r\n", vec!["Envoy", "uvicorn"]),
            ("Via: 1.1 vegur\r\n", vec!["Heroku"]),
            ("fly-request-id: 01\r\n", vec!["Fly"]),
            ("X-Kong-Proxy-Latency: 1\r\n", vec!["Kong"]),
            ("X-Varnish: 3\r\n", vec!["Varnish"]),
            ("Server: openresty/1.21 (nginx)\r\n", vec!["openresty"]),
            ("Server: nginx/1.22.1\r\n", vec!["nginx"]),
            ("Server: Apache-Coyote/1.1\r\n", vec!["Tomcat"]),
            ("Server: Python/3.11 websockets/13.1\r\n", vec!["python websockets"]),
            ("Server: TornadoServer/6.4\r\n", vec!["Tornado"]),
            ("Server: daphne\r\n", vec!["Daphne"]),
            ("Server: Kestrel\r\n", vec!["Kestrel"]),
            ("Server: Microsoft-IIS/10.0\r\n", vec!["IIS"]),
            ("X-Powered-By: Express\r\n", vec!["Express"]),
            ("Server: something of ours\r\n", vec![]),
            ("", vec![]),
        ] {
            let found: Vec<&str> = hops(&head(fields)).iter().map(|hop| hop.name).collect();
            assert_eq!(found, expected, "{fields}");
        }
    }

    #[test]
    fn a_hop_shows_its_trace_and_whether_it_names_itself() {
        let found = hops(&head("Server: nginx/1.22.1\r\nX-Azure-Ref: x\r\n"));
        assert_eq!((found[0].seen.as_str(), found[0].certain), ("X-Azure-Ref: \"x\"", false));
        assert_eq!((found[1].seen.as_str(), found[1].kind), ("Server: \"nginx/1.22.1\"", Kind::Proxy));
    }

    #[test]
    fn a_page_tells_its_maker_and_an_applications_text_tells_none() {
        let nginx = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway\
            </h1></center>\r\n<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n";
        let haproxy = "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n\
            </body></html>\n";
        for (fields, body, expected) in [
            ("Server: nginx\r\n", nginx, Some("nginx")),
            ("", haproxy, Some("HAProxy")),
            ("Server: awselb/2.0\r\n", "", Some("AWS ALB")),
            ("Server: cloudflare\r\n", "error code: 1020", Some("Cloudflare")),
            ("Server: x\r\n", "error code: 1020", None),
            ("Server: nginx\r\n", "Upgrade Required", None),
            ("", "No server is available to handle this request.", None),
            ("Server: envoy\r\n", "no healthy upstream", Some("Envoy")),
            ("Server: Caddy\r\nContent-Length: 0\r\n", "", Some("Caddy")),
            ("Server: Caddy\r\nContent-Type: text/html\r\n", "", None),
            ("Server: Caddy\r\nServer: uvicorn\r\n", "", None),
            ("Server: lighttpd/1.4.69\r\n", "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>", Some("lighttpd")),
            (
                "Server: Apache/2.4.71 (Debian)\r\n",
                "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\" \"x\">",
                Some("Apache"),
            ),
        ] {
            let found = answered_by(&head(fields), body).map(|hop| hop.name);
            assert_eq!(found, expected, "{fields} {body}");
        }
    }
}
