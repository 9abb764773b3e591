//! 403 and its like: who does not permit the upgrade (RFC 9110 section 15.5; RFC 6455 section 10.2). Owns the checks for
//! bots, the rules about hosts, and the denials; an Origin that a server names in its own words is `fingerprints`',
//! what is wrong with credentials is `credentials`'.

use crate::diagnose::facts::contains;
use crate::diagnose::hops::{Hop, Kind};
use crate::diagnose::place::{HOST_PLACEHOLDER, host_in_line};
use crate::diagnose::refusal::known::{Answer, By, Fix, Known, Says, judge, known};
use crate::diagnose::refusal::pages::said_itself;
use crate::diagnose::remedies;
use crate::event::finding::Confidence::{Certain, Likely, Possible};
use crate::event::{Finding, show};

/// Checks that only a browser passes; any status. The field of the answer, a part of its value, whose it is.
const BOT_FIELDS: &[(&str, &str, &str)] = &[
    ("cf-mitigated", "challenge", "Cloudflare"),
    ("x-amzn-waf-action", "challenge", "AWS WAF"),
    ("x-amzn-waf-action", "captcha", "AWS WAF"),
];

/// The same, by the text of the page.
const BOT_PAGES: &[(&str, &str)] = &[
    ("<title>Just a moment...</title>", "Cloudflare"),
    ("captcha-delivery.com", "DataDome"),
    ("Incapsula incident ID", "Imperva"),
    ("px-captcha", "HUMAN (PerimeterX)"),
];

/// Status and text about a Host that the application does not know, whose it is, and the line that adds `HOST`.
#[rustfmt::skip]
const HOST_TEXTS: &[(u16, &str, &str, &str)] = &[
    (403, "Blocked hosts: ", "Rails", "config.hosts << \"HOST\""),
    (403, "Blocked host: ", "Rails", "config.hosts << \"HOST\""),
    (403, "Blocked request. This host", "Vite", "server: { allowedHosts: [\"HOST\"] },"),
    (403, "Invalid Host header", "webpack-dev-server", "devServer: { allowedHosts: [\"HOST\"] },"),
    (400, "Invalid host header", "Starlette", "TrustedHostMiddleware, allowed_hosts=[\"HOST\"]"),
    (400, "Invalid HTTP_HOST header", "Django", "ALLOWED_HOSTS = [\"HOST\"]"),
    (400, "Bad Request - Invalid Hostname", "IIS", "New-WebBinding -Name \"Default Web Site\" -HostHeader \"HOST\""),
];

const FORBIDDEN: &str = "upgrade-forbidden";

/// 403, the more telling rows first.
#[rustfmt::skip]
const ROWS: &[Known] = &[
    known(FORBIDDEN, &[403], By::Any, Says::Part("RBAC: access denied"), Likely,
        "a rule of Envoy (istio: an AuthorizationPolicy) denies it",
        Fix::Do("allow the path and this client in the AuthorizationPolicy")),
    known(FORBIDDEN, &[403], By::Itself(&["HAProxy"]), Says::Any, Likely,
        "a rule of HAProxy itself (http-request deny) forbids it",
        Fix::Do("look for http-request deny in HAProxy's configuration, and which of its conditions is met")),
    known(FORBIDDEN, &[403, 406], By::Itself(&["ModSecurity in Apache"]), Says::Any, Likely,
        "a rule of ModSecurity forbids it",
        Fix::Do("ModSecurity's audit log names the rule; make an exception for the WebSocket's path")),
    known(FORBIDDEN, &[403], By::Any, Says::Part("error code: 1020"), Likely,
        "a rule of Cloudflare's firewall blocks this client (1020)",
        Fix::Do("look for the CF-Ray of this answer in Cloudflare under Security, Events: it names the rule")),
    known(FORBIDDEN, &[403], By::Itself(&["Cloudflare"]), Says::Any, Likely,
        "Cloudflare itself blocks this client: by a rule of the firewall, its country or its address",
        Fix::Do("look for the CF-Ray of this answer in Cloudflare under Security, Events: it names the rule")),
    known(FORBIDDEN, &[403], By::Itself(&["AWS ALB"]), Says::Any, Likely,
        "the load balancer itself forbids it: a rule of AWS WAF, or a listener rule with a fixed answer",
        Fix::Do("look at the sampled requests of the web ACL, then at the listener's rules")),
    known(FORBIDDEN, &[403], By::Itself(&["CloudFront"]), Says::Any, Likely,
        "CloudFront itself blocks it: AWS WAF, a country, a method, or a signed URL that is missing",
        Fix::Do("look at x-edge-detailed-result-type in CloudFront's log for this moment")),
    known(FORBIDDEN, &[403], By::Itself(&["Akamai", "Imperva", "Sucuri"]), Says::Any, Likely,
        "the firewall in front blocks this client: a rule, its country or its address",
        Fix::Do("look for the reference number of the page above in the log of the firewall")),
    known("upgrade-not-offered-here", &[403], By::Any, Says::Part("Missing Authentication Token"), Likely,
        "the API Gateway has no such stage or path (its text for that speaks of a token)",
        Fix::Do("check the stage at the path's beginning: wss://ID.execute-api.REGION.amazonaws.com/STAGE")),
    known(FORBIDDEN, &[403], By::Any, Says::Whole("{\"message\":\"Forbidden\"}"), Possible,
        "an API Gateway: the stage or path is wrong, an authorizer or the API key refused; all have this text",
        Fix::Do("check the stage at the path's beginning first, then the authorizer of $connect")),
    known(FORBIDDEN, &[403], By::Any, Says::Whole("{\"message\": \"Forbidden\"}"), Possible,
        "an API Gateway: the stage or path is wrong, an authorizer or the API key refused; all have this text",
        Fix::Do("check the stage at the path's beginning first, then the authorizer of $connect")),
    known("server-unavailable", &[403], By::Any, Says::Part("This web app is stopped"), Likely,
        "the application is stopped in Azure App Service",
        Fix::Paste("start it:", &["az webapp start --name NAME --resource-group GROUP"])),
    known(FORBIDDEN, &[403], By::Passed(&["Cowboy"]), Says::Empty, Possible,
        "if it is Phoenix: check_origin does not know the Origin, a subprotocol is not allowed, or connect/3 gave \
         :error; all three are an empty 403",
        Fix::Do("look at Phoenix's log for this moment; --origin with the page's URL rules the first one out")),
    known(FORBIDDEN, &[403], By::Any, Says::Part("CSRF"), Likely,
        "a protection against forged requests caught it: the path is not one of a WebSocket, or the Origin is foreign",
        Fix::Do("try the Origin of the page by --origin URL, then exempt the path in the application")),
];

/// A check for bots, whatever the status.
pub(super) fn bots(answer: &Answer<'_>) -> Option<Finding> {
    let by_field = BOT_FIELDS
        .iter()
        .find(|(field, part, _)| answer.facts.answered(field).is_some_and(|value| contains(value, part)));
    if let Some((field, part, product)) = by_field {
        return Some(bot_check(answer, product).saw(format!("{field}: {part}")).because(Certain, told(product)));
    }
    let (_, product) = BOT_PAGES.iter().find(|(text, _)| contains(answer.body, text))?;
    Some(bot_check(answer, product).because(Likely, told(product)))
}

fn bot_check(answer: &Answer<'_>, product: &str) -> Finding {
    answer.finding("bot-check").advise(format!("make an exception for the WebSocket's path in the rules of {product}"))
}

fn told(product: &str) -> String {
    format!("{product} takes this client for a bot: only a browser that runs its script gets past")
}

/// A Host that the application does not serve.
pub(super) fn host(answer: &Answer<'_>) -> Option<Finding> {
    let fits = |status: u16, text: &str| status == answer.status && contains(answer.body, text);
    let (status, _, product, line) = HOST_TEXTS.iter().find(|(status, text, ..)| fits(*status, text))?;
    let code = if *status == 403 { FORBIDDEN } else { "upgrade-refused" };
    let sent = answer.sent("Host").unwrap_or_default();
    let name = host_in_line(sent);
    let which = if name == HOST_PLACEHOLDER { " (the.host stands for it)" } else { "" };
    Some(
        answer
            .finding(code)
            .saw(format!("Host: {} was sent", show::quoted(sent)))
            .because(Likely, format!("the application ({product}) does not serve this Host"))
            .advise(format!("add the host name that was asked for{which} to the settings of {product}, as:"))
            .paste_lines(vec![line.replace("HOST", name)]),
    )
}

/// 403.
pub(super) fn forbidden(answer: &Answer<'_>) -> Finding {
    let origin = answer.sent("Origin");
    let line =
        origin.map_or_else(|| String::from("no Origin was sent"), |origin| format!("Origin: {}", show::quoted(origin)));
    if let Some(finding) = judge(ROWS, answer) {
        return finding;
    }
    if let Some(why) = answer.facts.answered("X-WebSocket-Reject-Reason") {
        return answer
            .finding(FORBIDDEN)
            .saw(line)
            .because(Likely, format!("the application rejected it (WebSocket-Node): {}", show::quoted(why)))
            .advise("look up this reason in the application: its request handler gave it");
    }
    if let Some(hop) = answer.maker.as_ref().filter(|hop| hop.kind != Kind::Application) {
        return denied(answer, hop);
    }
    if speaks_of_origin(answer.body) {
        return of_origin(answer, line);
    }
    if let Some(words) = own_words(answer) {
        return answer
            .finding(FORBIDDEN)
            .saw(line)
            .saw(words)
            .because(
                Possible,
                "what the body says: a check of the application's own, or of a filter in front; else the Origin or the \
                 path is not one that it knows",
            )
            .advise("look up in the application when it says so; then try the Origin of the page by --origin URL");
    }
    let cause = match origin {
        None => {
            "the server wants an Origin that it knows, there is no such route, an upgrade is not switched on for it, \
             or a filter in front refuses"
        }
        Some(origin) if is_of_host(answer, origin) && answer.proxy().is_some() => {
            "this Origin is not allowed (a proxy that changes Host does the same), there is no such route, an upgrade \
             is not switched on for it, or a filter in front refuses"
        }
        Some(_) => {
            "this Origin is not allowed, there is no such route, an upgrade is not switched on for it, or a filter in \
             front refuses"
        }
    };
    answer.finding(FORBIDDEN).saw(line).because(Possible, cause)
}

/// A certificate that TLS asked for and went on without, as an optional one, may be what the answer misses.
pub(super) fn with_certificate(finding: Finding, answer: &Answer<'_>) -> Finding {
    let asked = answer.facts.tls.as_ref().is_some_and(|tls| tls.certificate_request.is_some());
    if !asked || finding.confidence == Certain {
        return finding;
    }
    let cause = format!("{}; or the client certificate that TLS asked for is wanted", finding.cause);
    finding.saw("TLS asked for a client certificate, got none and went on").because(Possible, cause)
}

/// What the body says beyond the words of the status.
pub(super) fn own_words(answer: &Answer<'_>) -> Option<String> {
    let words = said_itself(answer.body)?;
    let stock = ["unauthorized", "forbidden", "not found"].iter().any(|stock| words.eq_ignore_ascii_case(stock));
    (!stock).then(|| format!("its body says {}", show::quoted(words)))
}

/// The answer speaks of the Origin, in words of nobody that is known.
fn of_origin(answer: &Answer<'_>, line: String) -> Finding {
    let Some(origin) = answer.sent("Origin") else {
        let fact = format!("{}: no Origin was sent, and the answer speaks of one", answer.said);
        return Finding::of("origin-rejected", "server side", fact)
            .saw_all(own_words(answer))
            .because(Likely, "the server lets in only requests with an Origin that it knows, as browsers send it")
            .advise("send the Origin of the page: --origin URL");
    };
    let finding = answer.finding("origin-rejected").saw(line).saw_all(own_words(answer));
    if !is_of_host(answer, origin) {
        return finding
            .because(Likely, "the Origin is not one that the server allows: its answer speaks of it")
            .advise("try the Origin of the page by --origin URL, or allow this one in the server");
    }
    let proxy = answer.proxy();
    let cause = format!(
        "{} changes Host, and the server compares it with the Origin; or the Origin is not one that it allows",
        proxy.map_or("a proxy", |hop| hop.name)
    );
    let finding = finding
        .saw(format!("Host: {} was sent, the same name", show::quoted(answer.sent("Host").unwrap_or_default())))
        .because(Possible, cause);
    remedies::pass_host(proxy, answer.facts.path()).on(finding)
}

/// Did Origin and Host leave with the same name?
fn is_of_host(answer: &Answer<'_>, origin: &str) -> bool {
    let of_origin = host_in_line(origin.split_once("://").map_or(origin, |(_, host)| host));
    let of_host = host_in_line(answer.sent("Host").unwrap_or_default());
    of_origin != HOST_PLACEHOLDER && of_origin.eq_ignore_ascii_case(of_host)
}

/// The rules by which a hop denies, as its configuration has them, and where it says which.
const DENIALS: &[(&str, &str, &str, &[&str])] = &[
    (
        "nginx",
        "deny, auth_request, or a return 403",
        "look for it in the location of this path; nginx's error log names a deny (access forbidden by rule):",
        &["tail -n 20 /var/log/nginx/error.log"],
    ),
    (
        "Apache",
        "Require, or a rule that ends in [F]",
        "look for it at the path; Apache's error log names a Require (AH01630, denied by server configuration):",
        &["tail -n 20 /var/log/apache2/error.log"],
    ),
    ("lighttpd", "url.access-deny, or mod_access and mod_auth", "look for it in lighttpd's configuration", &[]),
    ("Caddy", "respond or error with 403", "look for a respond 403 that matches the path in the Caddyfile", &[]),
    ("Varnish", "synth(403), an acl", "look for synth(403 in the VCL, and which of its conditions is met", &[]),
];

/// A hop's own 403. A path with a slash at its end may also be a directory of files, which is not shown.
fn denied(answer: &Answer<'_>, hop: &Hop) -> Finding {
    let finding = answer.finding(FORBIDDEN);
    let name = if hop.name == "openresty" { "nginx" } else { hop.name };
    let Some((_, rules, help, lines)) = DENIALS.iter().find(|(product, ..)| *product == name) else {
        return finding
            .because(Likely, format!("a rule of {}'s own says no: deny, an access list, or a filter there", hop.name))
            .advise(format!("look for what denies this path or this client in {}'s configuration", hop.name));
    };
    if matches!(name, "nginx" | "Apache") && answer.facts.path().ends_with('/') {
        let cause = format!("{} itself denies it: {rules}; or the path is a directory of files there", hop.name);
        let finding = finding.because(Possible, cause);
        return finding.advise(*help).paste(lines);
    }
    let sure = if hop.certain { Likely } else { Possible };
    finding.because(sure, format!("a rule of {} itself denies it: {rules}", hop.name)).advise(*help).paste(lines)
}

/// A short text with the word, no page: there it stands for much else, too.
fn speaks_of_origin(body: &str) -> bool {
    let is_short = body.len() <= 1000 && !body.trim_start().starts_with('<');
    is_short
        && body
            .split(|character: char| !character.is_alphanumeric())
            .any(|word| word.eq_ignore_ascii_case("origin") || word.eq_ignore_ascii_case("origins"))
}
