//! 4xx that are about the request itself: 400 of every kind, 408, 409, 411, 421, 429 (RFC 9110 section 15.5, RFC 6585
//! section 4). Owns what each leaves as causes when no text names its maker; sizes, rights and paths have files of
//! their own.

use crate::diagnose::facts::contains;
use crate::diagnose::hello;
use crate::diagnose::refusal::known::{Answer, By, Fix, Known, Says, judge, known};
use crate::diagnose::refusal::pages::said_itself;
use crate::diagnose::remedies;
use crate::event::finding::Confidence::{Certain, Likely, Possible};
use crate::event::{Finding, show};
use crate::watch::products;

const REFUSED: &str = "upgrade-refused";
const LIMITED: &str = "rate-limited";

#[rustfmt::skip]
const ROWS: &[Known] = &[
    known("client-certificate-wanted", &[400], By::Any, Says::Part("No required SSL certificate was sent"), Certain,
        "nginx asks for a client certificate (ssl_verify_client) and got none",
        Fix::Usual),
    known("client-certificate-wanted", &[400], By::Any, Says::Part("The SSL certificate error"), Likely,
        "nginx does not trust the client certificate that it got, or it has expired",
        Fix::Do("send one of the authority in ssl_client_certificate of nginx")),
    known(REFUSED, &[400], By::Itself(&["nginx", "openresty"]), Says::Any, Likely,
        "nginx itself takes the request for invalid: a header or the Host that it does not accept, or bytes before it \
         (the PROXY protocol of a hop in front)",
        Fix::Paste("nginx's error log says what, at level info:", &["error_log /var/log/nginx/error.log info;"])),
    known(REFUSED, &[400], By::Itself(&["HAProxy"]), Says::Any, Likely,
        "HAProxy itself takes the request for invalid: a header, the Host, or an upgrade without a good key (-H)",
        Fix::Paste("HAProxy shows the request that it refused:",
            &["echo \"show errors\" | socat - /run/haproxy/admin.sock"])),
    known("upgrade-not-enabled", &[400], By::Itself(&["AWS ALB"]), Says::Any, Possible,
        "the load balancer itself refuses: its target is a Lambda function, which takes no upgrade, or a header is \
         malformed or larger than 16 KiB",
        Fix::Do("forward the path to a target group of instances or addresses, not of a function")),
    known(REFUSED, &[400], By::Itself(&["Apache"]), Says::Any, Possible,
        "Apache itself takes the request for invalid: a header, or a Host that does not fit the name used in TLS",
        Fix::Do("Apache's error log says what, at the time of this answer")),
    known(REFUSED, &[400], By::Itself(&["CloudFront"]), Says::Any, Possible,
        "CloudFront itself refuses: a malformed request, or an origin that it cannot use",
        Fix::Do("look at x-edge-detailed-result-type in CloudFront's log for this moment")),
    known(REFUSED, &[408], By::Itself(&["HAProxy"]), Says::Any, Likely,
        "HAProxy had no whole request within its timeout http-request",
        Fix::Do("look whether the request is held up on the way; HAProxy's log has cR for it")),
    known(REFUSED, &[408], By::Itself(&["AWS ALB"]), Says::Any, Likely,
        "the load balancer had no whole request within its idle timeout, 60 s unless set; TCP keepalives do not count",
        Fix::Do("send the request right after the connection is open; look whether it is held up on the way")),
    known(LIMITED, &[429], By::Any, Says::Part("error code: 1015"), Likely,
        "a limit of Cloudflare (1015), set by the owner of the site",
        Fix::Do("look at the rate limiting rules in Cloudflare, and exempt the WebSocket's path")),
    known(LIMITED, &[429], By::Itself(&["Cloudflare"]), Says::Any, Likely,
        "a limit of Cloudflare, set by the owner of the site",
        Fix::Do("look at the rate limiting rules in Cloudflare, and exempt the WebSocket's path")),
    known(LIMITED, &[429], By::Itself(&["nginx", "openresty"]), Says::Any, Likely,
        "nginx itself limits requests (limit_req) or connections (limit_conn)",
        Fix::Do("exempt the WebSocket's location from limit_req, or raise its burst")),
    known(LIMITED, &[429], By::Itself(&["HAProxy"]), Says::Any, Likely,
        "a rule of HAProxy itself (deny_status 429) limits requests",
        Fix::Do("look for deny_status 429 in HAProxy's configuration")),
    known(LIMITED, &[429], By::Itself(&["Envoy"]), Says::Any, Likely,
        "a limit of Envoy (local_rate_limited)", Fix::Do("exempt the route from Envoy's rate limit, or raise it")),
    known(LIMITED, &[429], By::Any, Says::Part("local_rate_limited"), Likely,
        "a limit of Envoy (local_rate_limited)", Fix::Do("exempt the route from Envoy's rate limit, or raise it")),
];

/// 4xx that no other topic takes.
pub(super) fn judged(answer: &Answer<'_>) -> Finding {
    if let Some(finding) = judge(ROWS, answer) {
        return finding.saw_all(limits(answer));
    }
    match answer.status {
        408 => answer
            .finding(REFUSED)
            .because(Possible, "the request did not arrive in time: a slow or broken path, or a hop that holds it up")
            .advise("try again; if it stays, compare with a request straight to the application"),
        409 => answer
            .finding(REFUSED)
            .because(
                Possible,
                "there is a connection with this id or user already, or the state of the session does not permit one",
            )
            .advise("end the other connection, or ask for a new session"),
        411 => answer
            .finding(REFUSED)
            .because(Possible, "a hop believes that the request has a body: a header was changed on the way, or by -H")
            .advise("compare with a request straight to the application"),
        421 => misdirected(answer),
        429 => limited(answer),
        _ => bad(answer),
    }
}

/// 421: the name in TLS and the Host are to be the same (RFC 9110 section 15.5.20).
fn misdirected(answer: &Answer<'_>) -> Finding {
    let finding = answer.finding(REFUSED);
    let host = answer.sent("Host").map(|host| host.split(':').next().unwrap_or_default()).unwrap_or_default();
    match answer.facts.name.as_deref() {
        Some(name) if answer.facts.is_tls() && !name.eq_ignore_ascii_case(host) => finding
            .saw(format!("TLS was for {}, Host is {}", show::quoted(name), show::quoted(host)))
            .because(Likely, "the server wants the same name in TLS and in Host")
            .advise("leave the -H for Host out, and use --resolve to reach another address by the right name"),
        _ => finding
            .because(Possible, "the server that answers is not the one for this name: a wrong address, or a shared one")
            .advise("compare the name with the sites of the server at this address"),
    }
}

fn limited(answer: &Answer<'_>) -> Finding {
    let finding = answer.finding(LIMITED).saw_all(limits(answer));
    let in_azure = answer
        .facts
        .answer
        .as_ref()
        .is_some_and(|head| head.all("Set-Cookie").any(|cookie| contains(cookie, "ARRAffinity")));
    if in_azure {
        return finding
            .because(
                Possible,
                "a plan of Azure App Service has only so many sockets (Free on Linux: 5), or the application limits",
            )
            .advise("close sockets that are not needed, or take a larger plan");
    }
    finding.because(
        Possible,
        "a limit by address, account or plan, of a hop in front or of the application: too many attempts or sockets",
    )
}

/// What the answer says of the limit.
fn limits(answer: &Answer<'_>) -> Vec<String> {
    ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "RateLimit"]
        .iter()
        .filter_map(|name| answer.facts.answered(name).map(|value| format!("{name}: {}", show::quoted(value))))
        .collect()
}

/// 400 and what is left.
fn bad(answer: &Answer<'_>) -> Finding {
    let finding = answer.finding(REFUSED);
    if contains(answer.body, "subprotocol") || contains(answer.body, "Sec-WebSocket-Protocol") {
        return finding
            .saw(format!("its body says {}", show::quoted(answer.body.trim())))
            .because(Likely, "the subprotocol offered, or that none was, does not suit the server")
            .advise("offer the one that the server's clients use, by -s NAME; what it says may name it");
    }
    if let Some(words) = said_itself(answer.body).filter(|words| !is_stock(answer.status, words)) {
        return finding
            .saw(format!("its body says {}", show::quoted(words)))
            .because(Likely, "what the body says; a wrong path, subprotocol, header or right")
            .advise("check the path first, then -s, -o and the credentials against what the server wants");
    }
    if answer.status != 400 {
        return finding;
    }
    if let Some(finding) = old_http(answer) {
        return finding;
    }
    let finding = finding.because(
        Possible,
        "a wrong path, a subprotocol that is missing or unknown, a proxy that loses Upgrade or Connection, or a Host \
         that the server does not serve",
    );
    match unoffered(answer) {
        Some((product, name)) => finding.advise(format!("offer the subprotocol of {product}: -s {name}")),
        None => finding.advise("check the path first; then offer the subprotocol that the server's clients use, by -s"),
    }
}

/// Hypercorn answers an upgrade by HTTP/1.0 with a bare 400, and names itself in no header behind nginx.
fn old_http(answer: &Answer<'_>) -> Option<Finding> {
    let bare = answer.said == "HTTP 400" && answer.body.is_empty();
    let proxy = answer.proxy().filter(|hop| matches!(hop.name, "nginx" | "openresty") && bare)?;
    let finding = answer.finding(REFUSED).saw("neither a reason phrase nor a body").because(
        Possible,
        format!(
            "{} passes the request on with HTTP/1.0, which Hypercorn refuses so; or the application behind it wants \
             another path, subprotocol or Host",
            proxy.name
        ),
    );
    Some(remedies::http11(Some(proxy), answer.facts.path()).on(finding))
}

/// No subprotocol was offered, and the path is usual for a product that wants one: its name and the subprotocol.
pub(super) fn unoffered(answer: &Answer<'_>) -> Option<(&'static str, &'static str)> {
    if answer.sent("Sec-WebSocket-Protocol").is_some() {
        return None;
    }
    let target = answer.facts.sent.as_ref().map_or("/", |head| head.target());
    let product = products::by_url(target)?.product;
    // A longer list is that of all products: this one wants none of its own.
    let names = hello::suggest(Some(product));
    let name = names.first().filter(|_| names.len() <= 2)?;
    Some((product.name(), *name))
}

/// The status' own words say nothing.
fn is_stock(status: u16, words: &str) -> bool {
    status == 400 && (words.eq_ignore_ascii_case("Bad Request") || words.eq_ignore_ascii_case("400 Bad Request"))
}
