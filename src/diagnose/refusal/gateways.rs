//! 5xx of hops in front: which hop says it of what stands behind it, and what that leaves as causes (RFC 9110 section
//! 15.6). Owns the table by product and text; the application's own failures are `failures`'.

use crate::diagnose::refusal::known::{Answer, By, Fix, Known, Says, judge, known};
use crate::diagnose::remedies;
use crate::event::finding::Confidence::{Likely, Possible};
use crate::event::{Finding, show};
use crate::moment::Span;

const NGINX: By = By::Itself(&["nginx", "openresty"]);
const HAPROXY: By = By::Itself(&["HAProxy"]);
const ENVOY: By = By::Itself(&["Envoy"]);
const APACHE: By = By::Itself(&["Apache"]);
const ALB: By = By::Itself(&["AWS ALB"]);
const KONG: By = By::Itself(&["Kong"]);

const NGINX_LOG: &[&str] = &["tail -n 20 /var/log/nginx/error.log"];
const DOWN: &str = "server-unavailable";

/// The more telling rows first.
#[rustfmt::skip]
const ROWS: &[Known] = &[
    known(DOWN, &[502], NGINX, Says::Any, Possible,
        "nginx does not tell which: the application refuses connections or is down, crashed or reset in the upgrade, \
         answered no HTTP, or one of the two speaks TLS and the other does not",
        Fix::Paste("nginx's error log says which of these it was; at the time of this answer:", NGINX_LOG)),
    known(DOWN, &[504], NGINX, Says::Any, Likely,
        "nginx waited in vain: the application hangs in the upgrade (proxy_read_timeout) or cannot be reached \
         (proxy_connect_timeout)",
        Fix::Paste("look why the application does not answer; nginx's error log says if it was connected:", NGINX_LOG)),
    known(DOWN, &[503], NGINX, Says::Any, Possible,
        "nginx itself limits requests or connections (limit_req, limit_conn), or is told to say 503: maintenance, or \
         in ingress-nginx a Service without ready pods",
        Fix::Paste("nginx's error log says whether it is a limit; at the time of this answer:", NGINX_LOG)),
    known("server-error", &[500], NGINX, Says::Any, Possible,
        "nginx itself failed: an auth_request whose service gave no good answer, a loop of rewrites, no connections \
         or files left, or an error in a script of its own",
        Fix::Paste("nginx's error log says what failed; at the time of this answer:", NGINX_LOG)),
    known("server-error", &[500], HAPROXY, Says::Any, Likely,
        "HAProxy itself says 500: http-request tarpit held the request and then refused it; or HAProxy failed",
        Fix::Do("look for http-request tarpit in HAProxy's configuration; its log has PT for such a request")),
    known(DOWN, &[502], HAPROXY, Says::Any, Likely,
        "HAProxy got an invalid or incomplete answer from the server behind it, which ended or crashed in the upgrade, \
         or speaks something else (TLS)",
        Fix::Do("look at HAProxy's log for this moment: SH means that the server ended it, PH that it was no HTTP")),
    known(DOWN, &[503], HAPROXY, Says::Any, Likely,
        "HAProxy has no server for it: all are down by its checks, refuse the connection, or no backend matches",
        Fix::Do("HAProxy's log says which, each with SC: BACKEND/SERVER refused the connection, BACKEND/<NOSRV> has no \
            server up, FRONTEND/<NOSRV> chose no backend")),
    known(DOWN, &[504], HAPROXY, Says::Any, Likely,
        "HAProxy waited for the server's answer until its timeout server: the application hangs in the upgrade",
        Fix::Do("look why the application does not answer; HAProxy's log has sH for it at this moment")),
    known("wrong-target-protocol", &[502, 503], ENVOY, Says::Part("protocol error"), Likely,
        "Envoy and the application speak different protocols, as HTTP/2 to an application with HTTP/1.1",
        Fix::Do("set Envoy's cluster to HTTP/1.1 for this application (istio: name the Service's port http-...)")),
    known(DOWN, &[503], ENVOY, Says::Part("Connection refused"), Likely,
        "the application refuses Envoy's connection: nothing listens on the port that the cluster names",
        Fix::Do("start the application, or correct the port in Envoy's cluster")),
    known(DOWN, &[503], ENVOY, Says::Part("delayed connect error: 111"), Likely,
        "the application refuses Envoy's connection: nothing listens on the port that the cluster names",
        Fix::Do("start the application, or correct the port in Envoy's cluster")),
    known(DOWN, &[503], ENVOY, Says::Part("TLS"), Likely,
        "TLS between Envoy and the application failed: only one of the two speaks it, or a certificate is refused",
        Fix::Do("let Envoy's cluster and the application agree on TLS (istio: mode in the DestinationRule)")),
    known(DOWN, &[503], ENVOY, Says::Part("connection termination"), Likely,
        "the application ended Envoy's connection in the upgrade: it crashed, or does not want it",
        Fix::Do("look at the application's log for this moment")),
    known(DOWN, &[503], ENVOY, Says::Part("overflow"), Likely,
        "a circuit breaker of Envoy is open: too many connections or requests to this cluster",
        Fix::Paste("raise the limits of the cluster in Envoy:",
            &["circuit_breakers: {thresholds: [{max_connections: 10000, max_requests: 10000}]}"])),
    known(DOWN, &[503], ENVOY, Says::Part("timeout"), Likely,
        "Envoy could not connect to the application in time: a wrong address, or a firewall between them",
        Fix::Do("check the addresses of Envoy's cluster, and that its host reaches them")),
    known(DOWN, &[503], ENVOY, Says::Part("no healthy upstream"), Likely,
        "Envoy's cluster has no healthy member: all failed their checks, or there is none",
        Fix::Do("check the application's health, and the members of Envoy's cluster (istio: the Service's endpoints)")),
    known(DOWN, &[503], ENVOY, Says::Any, Possible,
        "Envoy could not connect to the application, or the application ended the connection in the upgrade",
        Fix::Do("look at Envoy's access log for the response flags of this request: UF, UC, UH or UO say which")),
    known(DOWN, &[504], ENVOY, Says::Any, Likely,
        "the application did not answer within the timeout of Envoy's route, 15 s unless set",
        Fix::Paste("look why the application does not answer; the limit, in Envoy's route:", &["timeout: 0s"])),
    known(DOWN, &[502], By::Late(&["Apache"]), Says::Part("Error reading from remote server"), Likely,
        "the application took Apache's connection and did not answer within ProxyTimeout (Timeout, 60 s, unless set): \
         it hangs in the upgrade",
        Fix::Do("look why the application does not answer; Timeout alone counts only once the upgrade is done")),
    known(DOWN, &[502], APACHE, Says::Part("Error reading from remote server"), Likely,
        "the application ended Apache's connection in the upgrade without an answer: it crashed, or speaks TLS",
        Fix::Do("look at the application's log for this moment")),
    known(DOWN, &[502], APACHE, Says::Part("DNS lookup failure"), Likely,
        "Apache cannot find the name of the application in its ProxyPass",
        Fix::Do("correct the host in ProxyPass")),
    known(DOWN, &[502], APACHE, Says::Any, Possible,
        "Apache got no good answer: the application crashed, answered no HTTP, or one of the two speaks TLS",
        Fix::Paste("Apache's error log says which; at the time of this answer:",
            &["tail -n 20 /var/log/apache2/error.log"])),
    known(DOWN, &[503], APACHE, Says::Any, Likely,
        "Apache could not connect to the application, and does not try again for 60 s; or Apache is overloaded",
        Fix::At(remedies::apache_retry)),
    known(DOWN, &[504], APACHE, Says::Any, Likely,
        "the application did not answer within Apache's ProxyTimeout: it hangs in the upgrade",
        Fix::Do("look why the application does not answer")),
    known("server-error", &[500], APACHE, Says::Any, Possible,
        "Apache itself failed: a proxy module that is not loaded (No protocol handler), or a faulty rule",
        Fix::Paste("load the modules of the proxy, then restart Apache; its error log says what failed:",
            &["a2enmod proxy proxy_http proxy_wstunnel"])),
    known(DOWN, &[502], ALB, Says::Any, Likely,
        "the target reset or ended the load balancer's connection, answered no good HTTP, or failed in TLS",
        Fix::Do("look at target_status_code and error_reason in the load balancer's access log, then at the target")),
    known(DOWN, &[503], ALB, Says::Any, Likely,
        "the target group has no healthy target, or none at all",
        Fix::Paste("ask for the targets' health:", &["aws elbv2 describe-target-health --target-group-arn ARN"])),
    known(DOWN, &[504], ALB, Says::Any, Likely,
        "the load balancer could not connect to a target in 10 s, or the target did not answer in the idle timeout",
        Fix::Do("check the targets' security group and port, then why the target does not answer")),
    known("wrong-target-protocol", &[464], By::Passed(&["AWS ALB"]), Says::Any, Likely,
        "the target group is for HTTP/2 or gRPC, and an upgrade is HTTP/1.1",
        Fix::Paste("use a target group with protocol version HTTP1:",
            &["aws elbv2 create-target-group --name ws --protocol HTTP --protocol-version HTTP1 --port 80"])),
    known("wrong-target-protocol", &[464], By::Any, Says::Any, Possible,
        "464 is a status of AWS load balancers whose target group is for HTTP/2 or gRPC; nothing else names one here",
        Fix::Usual),
    known("upgrade-refused", &[463], By::Any, Says::Any, Possible,
        "463 is a status of AWS load balancers for X-Forwarded-For with more than 30 addresses: a loop of proxies",
        Fix::Do("look which hops add to X-Forwarded-For, and whether two of them send to each other")),
    known("upgrade-refused", &[460], By::Any, Says::Any, Possible,
        "460 is a status of AWS load balancers for a client that ended first, as by a timeout shorter than theirs",
        Fix::Do("give the client more time than the load balancer has")),
    known("upgrade-unauthorized", &[561], By::Any, Says::Any, Possible,
        "561 is a status of AWS load balancers whose identity provider answered with an error",
        Fix::Do("look at the log of the identity provider")),
    known(DOWN, &[], By::Itself(&["Azure Application Gateway"]), Says::Part("502"), Possible,
        "no member of the gateway's pool is healthy, or none answered within the request timeout (20 s unless set)",
        Fix::Do("look at Backend health of the gateway")),
    known(DOWN, &[], By::Itself(&["Azure Front Door"]), Says::Any, Likely,
        "Front Door cannot reach its origin, or got no good answer from it",
        Fix::Do("check the origin's health and host name in Front Door")),
    known(DOWN, &[500, 502, 503], By::Itself(&["Google load balancer"]), Says::Any, Likely,
        "no backend of the Google load balancer is healthy, or it ended the connection in the upgrade",
        Fix::Paste("ask for the backends' health:", &["gcloud compute backend-services get-health NAME --global"])),
    known(DOWN, &[502, 503, 504], By::Itself(&["CloudFront"]), Says::Any, Likely,
        "CloudFront cannot connect to the origin, fails in TLS with it, or got no answer in time",
        Fix::Do("look at the text of the page above, then check the origin's name, port and certificate")),
    known(DOWN, &[502, 504], By::Passed(&["AWS API Gateway"]), Says::Part("timed out"), Possible,
        "the integration behind the API Gateway did not answer within 29 s",
        Fix::Do("look at the integration's log for this moment")),
    known(DOWN, &[500, 502], By::Passed(&["AWS API Gateway"]), Says::Part("Internal server error"), Likely,
        "the integration or the authorizer of $connect failed, or the gateway has no right to call it",
        Fix::Do("look at the log of the function behind $connect for this moment")),
    known(DOWN, &[502], KONG, Says::Any, Likely,
        "Kong got no good answer from the service: it ended the connection in the upgrade, or speaks something else",
        Fix::Do("look at the service's log for this moment, and at protocol and port of the service in Kong")),
    known(DOWN, &[503], KONG, Says::Any, Likely,
        "Kong finds no healthy target of the service, or not its name",
        Fix::Do("check host and targets of the service in Kong")),
    known(DOWN, &[503], By::Late(&["Varnish"]), Says::Part("Backend fetch failed"), Possible,
        "the application did not answer Varnish within first_byte_timeout (60 s unless set): it hangs in the upgrade; \
         or it cannot be connected to (connect_timeout, 3.5 s)",
        Fix::Paste("look why the application does not answer; what failed, in Varnish's log:",
            &["varnishlog -d -g request -q FetchError"])),
    known(DOWN, &[503], By::Itself(&["Varnish"]), Says::Any, Possible,
        "Varnish got no good answer: the application is down, or it agreed to an upgrade that Varnish did not pipe",
        Fix::Paste("a WebSocket needs return (pipe) in vcl_recv before any other return; what failed, in Varnish's log:",
            &["varnishlog -d -g request -q FetchError"])),
    known(DOWN, &[503], By::Itself(&["lighttpd"]), Says::Any, Likely,
        "lighttpd could not connect to the application, and does not try again for a while; or it is overloaded",
        Fix::Do("start the application, or correct its address in proxy.server; lighttpd's error log says which")),
    known("server-error", &[500], By::Itself(&["lighttpd"]), Says::Any, Possible,
        "the application ended lighttpd's connection without an answer (lighttpd says 500 for that): it crashed or \
         refused in the upgrade; or lighttpd itself failed",
        Fix::Paste("look at the application's log for this moment; lighttpd's error log says which of the two:",
            &["tail -n 20 /var/log/lighttpd/error.log"])),
    known(DOWN, &[502, 504], By::Itself(&["lighttpd"]), Says::Any, Likely,
        "lighttpd got no good answer: the application ended the connection in the upgrade, or hangs in it",
        Fix::Do("look at the application's log for this moment, then at lighttpd's error log")),
    known(DOWN, &[503], By::Itself(&["Traefik"]), Says::Any, Likely,
        "no server of Traefik's service is up by its checks",
        Fix::Do("check the service's servers in Traefik's dashboard")),
    known(DOWN, &[502], By::Any, Says::Whole("Bad Gateway"), Possible,
        "the application refuses connections, is down, or ended the connection in the upgrade; the text is that of \
         Traefik and of other proxies written in Go",
        Fix::Do("look at the proxy's log for this moment: it says why it got no answer")),
    known(DOWN, &[502], By::Passed(&["Caddy"]), Says::Empty, Likely,
        "Caddy got no good answer: the application refuses connections, is down, ended it in the upgrade, or speaks \
         another protocol (TLS, HTTP/2)",
        Fix::Do("look at Caddy's log for this moment: it says why it got no answer")),
    known(DOWN, &[503], By::Itself(&["Caddy"]), Says::Empty, Possible,
        "Caddy has no upstream that is up: all fail its health checks (health_uri, fail_duration); or the application \
         says so itself",
        Fix::Do("start the application, and ask the path of health_uri by hand; Caddy's log names the failed checks")),
    known(DOWN, &[504], By::Itself(&["Caddy"]), Says::Any, Likely,
        "Caddy waited in vain: the application hangs in the upgrade (response_header_timeout), or could not be \
         connected to in time (dial_timeout)",
        Fix::Do("look why the application does not answer; Caddy's log says at which of the two")),
    known(DOWN, &[502], By::Itself(&["IIS"]), Says::Any, Likely,
        "IIS got no good answer as a proxy (502.3): the application is down, or took longer than ARR's timeout",
        Fix::Do("check the application behind ARR; the sub-status in the log of IIS says more")),
    known(DOWN, &[503], By::Itself(&["http.sys"]), Says::Any, Likely,
        "the application pool of IIS is stopped, or its queue is full",
        Fix::Paste("start the pool:", &["Start-WebAppPool -Name DefaultAppPool"])),
    known(DOWN, &[503], By::Itself(&["Heroku"]), Says::Any, Likely,
        "Heroku's router got no answer: the dyno crashed, is not running, or took longer than 30 s",
        Fix::Paste("Heroku's log has the H code that says which:", &["heroku logs --tail"])),
    known(DOWN, &[502, 503], By::Itself(&["ngrok"]), Says::Any, Likely,
        "the tunnel stands, and nothing listens on the local port that it leads to",
        Fix::Do("start the application, or correct the port in the ngrok command")),
    known(DOWN, &[502, 503, 504], By::Itself(&["Squid"]), Says::Any, Possible,
        "the proxy Squid cannot reach the server, or does not pass upgrades on",
        Fix::Do("try without the proxy, or by wss://, which Squid passes through unread")),
    known(DOWN, &[503], By::Passed(&["uvicorn"]), Says::Whole("Service Unavailable"), Likely,
        "uvicorn has as many connections as --limit-concurrency permits",
        Fix::Do("raise --limit-concurrency, or look which connections are not ended")),
    known(DOWN, &[503], By::Any, Says::Whole("Service Unavailable"), Possible,
        "the server is closing or being deployed (node ws says this then), or nothing behind the hop is ready",
        Fix::Usual),
];

/// What Cloudflare says of the server behind it.
#[rustfmt::skip]
const CLOUDFLARE: &[(u16, &str, &str)] = &[
    (520, "the origin answered something that is no good HTTP, or reset the connection",
        "look at the origin's log for this moment"),
    (521, "the origin refuses Cloudflare's connection: it is down, or its firewall rejects Cloudflare's addresses",
        "start the origin, and let Cloudflare's addresses through its firewall"),
    (522, "the origin could not be connected to in time (19 s): a firewall drops it, or the host is overloaded",
        "let Cloudflare's addresses through the origin's firewall"),
    (523, "the origin's address cannot be reached: its DNS record or its route is wrong",
        "check the DNS record of the origin in Cloudflare"),
    (524, "the origin was connected and did not answer within 100 s: it hangs in the upgrade",
        "look why the application does not answer"),
    (525, "the TLS handshake between Cloudflare and the origin failed",
        "check certificate and port 443 of the origin"),
    (526, "Cloudflare does not trust the origin's certificate (mode Full, strict)",
        "renew the origin's certificate, or use one of Cloudflare's origin CA"),
    (530, "Cloudflare cannot find the origin: its name does not resolve, or its tunnel is not connected",
        "check the origin's DNS record, and that cloudflared runs"),
];

/// The finding for a status by which a hop speaks of what stands behind it; none for other statuses.
pub(super) fn judged(answer: &Answer<'_>) -> Option<Finding> {
    let finding = judge(ROWS, answer).or_else(|| cloudflare(answer)).or_else(|| general(answer))?;
    Some(finding.saw_all(waited(answer)))
}

fn cloudflare(answer: &Answer<'_>) -> Option<Finding> {
    let (_, cause, help) = CLOUDFLARE.iter().find(|(status, ..)| *status == answer.status)?;
    let finding = answer.finding(DOWN);
    if answer.passed("Cloudflare") {
        return Some(finding.because(Likely, *cause).advise(*help));
    }
    let cause = format!("as Cloudflare uses this status: {cause}; but nothing names Cloudflare here");
    Some(finding.because(Possible, cause).advise(*help))
}

fn general(answer: &Answer<'_>) -> Option<Finding> {
    let cause = match answer.status {
        502 => {
            "the hop in front got no good answer: the application refuses connections or is down, crashed in the \
             upgrade, answered no HTTP, or one of the two speaks TLS and the other does not"
        }
        503 => {
            "nothing behind the hop in front is ready: a deploy, failed health checks, overload; or the application \
             itself says so"
        }
        504 => "the hop in front waited in vain: the application hangs in the upgrade, or cannot be connected to",
        _ => return None,
    };
    Some(answer.finding(DOWN).because(Possible, cause))
}

/// How long the answer took: a refused connection is told at once, a timeout after a round time.
fn waited(answer: &Answer<'_>) -> Option<String> {
    let took = answer.facts.answer_took;
    if took < Span::from_millis(900) {
        return None;
    }
    let seconds = took.nanos() / 1_000_000_000;
    let usual = match (answer.status, seconds) {
        (504, 9..=11) => ", the time that many load balancers have for a connection",
        (504, 14..=16) => ", the timeout of an Envoy route unless set",
        (503 | 504, 28..=31) => ", the limit of several gateways (29 and 30 s)",
        (504, 59..=61) => ", proxy_read_timeout of nginx and idle timeout of AWS unless set",
        _ => "",
    };
    Some(format!("it took {} to come{usual}", show::span(took)))
}
