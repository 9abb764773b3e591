//! 404, 405, 406, 410, 415: who finds nothing at the path, and which path it was that arrived (RFC 9110 section 15.5).
//! Owns the table by product and text, and the comparison of the paths; 404s of servers that speak WebSocket by their
//! own words are `fingerprints`'.

use crate::diagnose::facts::contains;
use crate::diagnose::refusal::known::{Answer, By, Fix, Known, Says, judge, known};
use crate::diagnose::refusal::rights::own_words;
use crate::diagnose::remedies;
use crate::event::finding::Confidence::{Likely, Possible};
use crate::event::{Finding, show};

const NOWHERE: &str = "upgrade-not-offered-here";
const NO_UPGRADES: &str = "upgrade-not-enabled";

/// What stands in front of and behind the path in the texts that tell which path arrived.
const TOLD_PATHS: &[(&str, char, &str)] = &[
    ("Cannot GET ", '<', "Express"),
    ("\"path\":\"", '"', "Spring"),
    ("No route matches [GET] &quot;", '&', "Rails"),
    ("No route matches [GET] \"", '"', "Rails"),
    ("Route GET:", ' ', "Fastify"),
    ("The requested URL ", ' ', "Apache"),
    ("Page not found at ", '<', "Django"),
];

#[rustfmt::skip]
const ROWS: &[Known] = &[
    known(NOWHERE, &[404], By::Itself(&["ingress-nginx"]), Says::Any, Likely,
        "no Ingress has a rule for this host and path: the default backend of ingress-nginx answered",
        Fix::Route),
    known(NOWHERE, &[404], By::Itself(&["nginx", "openresty"]), Says::Any, Likely,
        "nginx itself answered: no location passes this path on; or another server block took the request, since none \
         has this Host as its server_name",
        Fix::Route),
    known(NOWHERE, &[404], By::Itself(&["HAProxy"]), Says::Any, Likely,
        "a rule of HAProxy itself answers 404: no backend is chosen for the path",
        Fix::Route),
    known(NOWHERE, &[404], By::Itself(&["Kong"]), Says::Any, Likely,
        "Kong has no route for this host and path",
        Fix::Route),
    known(NOWHERE, &[404], By::Passed(&["Envoy"]), Says::Empty, Possible,
        "Envoy has no route for this host and path (an application behind it would usually say more)",
        Fix::Do("look at Envoy's access log: NR means that no route matched; then add one (istio: VirtualService)")),
    known(NOWHERE, &[404], By::Itself(&["Google load balancer"]), Says::Any, Likely,
        "the Google load balancer's URL map has no rule for this host and path",
        Fix::Do("add the path to the URL map (GKE: to the Ingress)")),
    known(NOWHERE, &[404], By::Itself(&["AWS ALB"]), Says::Any, Likely,
        "the load balancer itself answered: a listener rule with a fixed 404 took the path",
        Fix::Do("give the listener a rule that forwards the path to the application's target group")),
    known(NOWHERE, &[404], By::Passed(&["Railway"]), Says::Part("Application not found"), Likely,
        "Railway has no application at this host name",
        Fix::Do("check the domain in the service's settings")),
    known(NOWHERE, &[404], By::Itself(&["Heroku"]), Says::Any, Likely,
        "Heroku has no application at this host name",
        Fix::Do("check the application's name and domains: heroku domains")),
    known(NOWHERE, &[404], By::Itself(&["ngrok"]), Says::Any, Likely,
        "the tunnel is offline: no ngrok is connected for this name",
        Fix::Do("start ngrok, and use the URL that it prints")),
    known(NO_UPGRADES, &[404, 405], By::Passed(&["GitHub Pages", "Netlify"]), Says::Any, Likely,
        "this is a host of static pages: nothing on it can hold a WebSocket",
        Fix::Do("run the application elsewhere, and use its URL")),
    known(NO_UPGRADES, &[404, 405], By::Passed(&["Vercel"]), Says::Any, Possible,
        "the path is unknown on Vercel, or its functions do not take an upgrade there",
        Fix::Do("check the path; if it is right, run the WebSocket on a host with lasting processes")),
    known(NO_UPGRADES, &[404, 405, 501], By::Passed(&["python http.server"]), Says::Any, Likely,
        "a plain server of files answered (python -m http.server), which knows no WebSocket",
        Fix::Do("use the port of the application")),
    known(NOWHERE, &[404], By::Any, Says::Whole("404 Error: Page not found"), Likely,
        "SockJS has nothing at this path: its WebSocket is at /websocket below its prefix",
        Fix::Do("dial the prefix with /websocket behind it (raw), or with /<3 digits>/<session>/websocket")),
    known(NOWHERE, &[404], By::Any, Says::Whole("404 page not found"), Possible,
        "a router written in Go has nothing there: Traefik without a rule for this host and path, or the application",
        Fix::Do("compare host and path with Traefik's routers if there is one, then with the application's routes")),
    known(NOWHERE, &[404], By::Any, Says::Part("If you entered the URL manually please check your spelling"), Likely,
        "Flask has no route at this path, or only one by a method or protocol that differs",
        Fix::Do("compare the path with the routes of the application, with and without a slash at its end")),
    known(NOWHERE, &[404], By::Passed(&["Tornado"]), Says::Any, Likely,
        "Tornado has no handler for this path: the request did reach the application",
        Fix::Do("compare the path with the list of handlers in tornado.web.Application")),
    known(NOWHERE, &[404], By::Passed(&["Kestrel"]), Says::Empty, Likely,
        "ASP.NET has no endpoint at this path, or UseWebSockets is missing before it",
        Fix::Paste("check the path; and before the endpoint:", &["app.UseWebSockets();"])),
    known(NOWHERE, &[404], By::Passed(&["IIS", "http.sys"]), Says::Any, Possible,
        "IIS found nothing at the path: no site or application for it, or no rule of ARR that passes it on",
        Fix::Do("check the site's bindings and the rewrite rule of ARR for this path")),
    known(NOWHERE, &[404], By::Itself(&["Apache"]), Says::Any, Likely,
        "Apache itself answered: no ProxyPass takes this path; or another VirtualHost took the request, since none has \
         this Host as its ServerName",
        Fix::Route),
    known(NOWHERE, &[404], By::Itself(&["Caddy"]), Says::Any, Possible,
        "Caddy itself seems to answer: no reverse_proxy takes this path, or no site has this Host",
        Fix::Route),
    known(NOWHERE, &[404], By::Itself(&["lighttpd"]), Says::Any, Likely,
        "lighttpd itself answered: no proxy.server takes this path, so it looked for a file",
        Fix::Route),
    known(NOWHERE, &[404], By::Itself(&["Varnish"]), Says::Any, Likely,
        "a rule of Varnish itself answers 404: synth(404) in its VCL, and no backend saw the request",
        Fix::Do("look for synth(404 in the VCL, and which of its conditions is met")),
];

/// 404 and 410.
pub(super) fn nowhere(answer: &Answer<'_>) -> Finding {
    if answer.status == 410 {
        return answer
            .finding(NOWHERE)
            .because(Likely, "the server side says that what was at this path has been removed for good")
            .advise("look for the service's new URL in its documentation");
    }
    rewritten(answer)
        .or_else(|| sock_js(answer))
        .or_else(|| judge(ROWS, answer))
        .or_else(|| express(answer))
        .or_else(|| django(answer))
        .unwrap_or_else(|| answer.finding(NOWHERE).saw_all(own_words(answer)))
}

/// SockJS' own 404 at the very path of its WebSocket, where its usual advice would lead in a circle.
fn sock_js(answer: &Answer<'_>) -> Option<Finding> {
    if answer.body.trim() != "404 Error: Page not found" || !answer.facts.path().ends_with("/websocket") {
        return None;
    }
    Some(
        answer
            .finding("upgrade-not-enabled")
            .saw("the 404 of SockJS, at the path of its WebSocket")
            .because(Likely, "the option websocket of the SockJS server is false, or the session has a dot")
            .advise("set websocket: true in the server's options; /info below its prefix says what is switched on"),
    )
}

/// The application tells which path it saw, and it is not the one that was asked for.
fn rewritten(answer: &Answer<'_>) -> Option<Finding> {
    let (told, product) = told_path(answer.body)?;
    let ours = answer.facts.path();
    if told == ours {
        return None;
    }
    Some(
        answer
            .finding(NOWHERE)
            .saw(format!("asked for {}; the text of {product} speaks of {}", show::quoted(ours), show::quoted(told)))
            .because(Likely, "a hop between changes the path: it takes a part of it away or adds one")
            .advise("compare the hop's rule with the application's routes; in nginx a URI behind proxy_pass does this"),
    )
}

fn told_path(body: &str) -> Option<(&str, &'static str)> {
    TOLD_PATHS.iter().find_map(|(before, after, product)| {
        let rest = body.split_once(*before)?.1;
        let path = rest.split([*after, '"', '\n', '?']).next()?.trim();
        path.starts_with('/').then_some((path, *product))
    })
}

fn express(answer: &Answer<'_>) -> Option<Finding> {
    if !contains(answer.body, "Cannot GET ") {
        return None;
    }
    let finding = answer
        .finding(NOWHERE)
        .because(Likely, "Express answered an ordinary request: a wrong path, or the Upgrade header was lost");
    Some(path_or_upgrade(finding, answer))
}

/// Django's own 404, with and without its debugging. An upgrade that a channels router does not know ends otherwise.
fn django(answer: &Answer<'_>) -> Option<Finding> {
    let debugging = contains(answer.body, "Using the URLconf defined in");
    if !debugging && !contains(answer.body, "The requested resource was not found on this server") {
        return None;
    }
    let finding = answer.finding(NOWHERE);
    let proxied = answer.own_proxy().is_some();
    // Daphne is an ASGI server, which hands an upgrade to channels: what came to Django was none.
    if answer.passed("Daphne") || proxied {
        return Some(path_or_upgrade(
            finding.because(
                Possible,
                "Django answered an ordinary request: the Upgrade header was lost on the way, the path is wrong, or \
                 Django runs by WSGI",
            ),
            answer,
        ));
    }
    Some(
        finding
            .because(
                Possible,
                "Django answered an ordinary request: it runs by WSGI, without channels; Upgrade was lost; or the path is wrong",
            )
            .advise("run Django by an ASGI server (daphne, uvicorn) with a ProtocolTypeRouter; then check the path"),
    )
}

/// An ordinary request arrived: by a wrong path, or since a hop took Upgrade away.
fn path_or_upgrade(finding: Finding, answer: &Answer<'_>) -> Finding {
    let remedy = remedies::upgrade_headers(answer.proxy(), answer.facts.path());
    finding.advise(format!("check the path; if it is right, {}", remedy.help)).paste_lines(remedy.lines)
}

/// 405: the path is for other methods, or GET did not arrive as such.
pub(super) fn method(answer: &Answer<'_>) -> Finding {
    if let Some(finding) = judge(ROWS, answer) {
        return finding;
    }
    let finding = answer.finding("upgrade-refused");
    let Some(allowed) = answer.facts.answered("Allow") else {
        return finding
            .because(Possible, "the path is for other methods than GET, or a hop changed the method on the way")
            .advise("check the path");
    };
    let finding = finding.saw(format!("Allow: {}", show::quoted(allowed)));
    if allowed.split(',').any(|method| method.trim().eq_ignore_ascii_case("GET")) {
        return finding
            .because(Likely, "GET is allowed there and was sent, so a hop changed the method on the way")
            .advise("compare with a request straight to the application");
    }
    finding
        .because(Likely, "the path is for other methods only, not for an upgrade, which is a GET")
        .advise("check the path: the WebSocket is at another one")
}

/// 406 and 415: something looked at the types of an ordinary request.
pub(super) fn types(answer: &Answer<'_>) -> Finding {
    answer
        .finding("upgrade-refused")
        .because(
            Possible,
            "a layer that handles ordinary requests took the path (Spring MVC, Jersey, a filter) and looked at Accept",
        )
        .advise("take the WebSocket's path out of that layer's mapping, or check the path")
}
