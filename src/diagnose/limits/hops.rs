//! The limits of proxies, load balancers, hosting products and networks. Owns the rows; the lengths are what the
//! products have unless set.

use crate::diagnose::limits::Counts::{Data, Either, FromServer, Nothing};
use crate::diagnose::limits::Kind::{Idle, Lifetime};
use crate::diagnose::limits::Look::{Any, Cut, Fin, SilentThenRst};
use crate::diagnose::limits::Mark::{self, Field, Host};
use crate::diagnose::limits::{Known, READ, SAID, row};

const ISTIO: &[Mark] = &[Field("Server", "istio-envoy")];
const ENVOY: &[Mark] = &[Field("Server", "envoy"), Field("X-Envoy-Upstream-Service-Time", "")];
const TRAFFIC_SERVER: &[Mark] = &[Field("Server", "ATS/"), Field("Via", "ApacheTrafficServer")];
const ALB: &[Mark] = &[Field("Set-Cookie", "AWSALB"), Field("Server", "awselb")];
const API_GATEWAY: &[Mark] = &[Host(".execute-api."), Field("X-Amz-Apigw-Id", "")];
const CLOUDFRONT: &[Mark] = &[Field("X-Amz-Cf-Id", ""), Field("Via", "cloudfront"), Host(".cloudfront.net")];
const CLOUDFLARE: &[Mark] = &[Field("Server", "cloudflare"), Field("CF-RAY", "")];
const FRONT_DOOR: &[Mark] = &[Field("X-Azure-Ref", ""), Host(".azurefd.net")];
const APP_SERVICE: &[Mark] = &[Host(".azurewebsites.net"), Field("Set-Cookie", "ARRAffinity")];
const CLOUD_RUN: &[Mark] = &[Host(".run.app")];
const GOOGLE: &[Mark] = &[Field("Via", "1.1 google")];
const HEROKU: &[Mark] = &[Field("Via", "vegur"), Field("Via", "heroku"), Host(".herokuapp.com")];
const NGINX: &[Mark] = &[Field("Server", "nginx"), Field("Server", "openresty")];

/// A row a product and limit. A product that hides behind another's mark stands before it.
pub(super) const ROWS: &[Known] = &[
    row("Kong", 60, (Idle, Either, Fin), READ)
        .by(&[Field("Via", "kong"), Field("Server", "kong"), Field("X-Kong-Upstream-Latency", "")])
        .set("read_timeout and write_timeout of the service, 60000 unless set", "read_timeout: 3600000"),
    row("nginx", 60, (Idle, Either, Fin), READ)
        .by(NGINX)
        .set("proxy_read_timeout, 60s unless set", "proxy_read_timeout 3600s;"),
    row("ingress-nginx", 60, (Idle, Either, Fin), READ)
        .set("proxy-read-timeout, 60 unless set", "nginx.ingress.kubernetes.io/proxy-read-timeout: \"3600\""),
    row("AWS ALB", 60, (Idle, Either, Cut), READ).by(ALB).set(
        "idle_timeout.timeout_seconds, 60 unless set",
        "aws elbv2 modify-load-balancer-attributes --load-balancer-arn ARN \
         --attributes Key=idle_timeout.timeout_seconds,Value=3600",
    ),
    row("AWS CLB", 60, (Idle, Either, Cut), READ).by(&[Field("Set-Cookie", "AWSELB=")]).set(
        "ConnectionSettings IdleTimeout, 60 unless set",
        "aws elb modify-load-balancer-attributes --load-balancer-name NAME \
         --load-balancer-attributes '{\"ConnectionSettings\":{\"IdleTimeout\":3600}}'",
    ),
    row("Varnish", 60, (Idle, Either, Cut), READ)
        .by(&[Field("X-Varnish", ""), Field("Via", "varnish")])
        .set("pipe_timeout, 60 s unless set", "varnishadm param.set pipe_timeout 3600"),
    row("Apache", 60, (Idle, Either, Cut), SAID)
        .by(&[Field("Server", "Apache/"), Field("Server", "Apache ")])
        .set("Timeout, 60 unless set", "Timeout 3600"),
    row("Fly.io", 60, (Idle, Either, Any), SAID).by(&[Field("Via", "fly.io"), Host(".fly.dev")]),
    row("HAProxy", 30, (Idle, Either, Cut), SAID)
        .set("timeout client and server where timeout tunnel is unset", "timeout tunnel 1h"),
    row("HAProxy", 50, (Idle, Either, Cut), SAID)
        .set("timeout client and server where timeout tunnel is unset", "timeout tunnel 1h"),
    row("HAProxy with timeout tunnel 1h", 3600, (Idle, Either, Cut), READ),
    row("Istio", 300, (Idle, Either, Cut), READ)
        .by(ISTIO)
        .set("stream_idle_timeout by an EnvoyFilter, 5 minutes unless set", "stream_idle_timeout: 3600s"),
    row("Envoy", 300, (Idle, Either, Cut), READ)
        .by(ENVOY)
        .set("stream_idle_timeout, 5 minutes unless set", "stream_idle_timeout: 3600s"),
    row("Contour", 300, (Idle, Either, Cut), READ)
        .set("stream-idle-timeout, 5 minutes unless set", "stream-idle-timeout: 1h"),
    row("Envoy Gateway", 300, (Idle, Either, Cut), READ)
        .set("streamIdleTimeout of the ClientTrafficPolicy, 5 minutes unless set", "streamIdleTimeout: 3600s"),
    row("Envoy", 15, (Lifetime, Nothing, Cut), SAID)
        .by(ENVOY)
        .set("timeout of the route, 15 s unless set", "timeout: 0s"),
    row("Apache Traffic Server", 600, (Idle, Either, Any), READ)
        .by(TRAFFIC_SERVER)
        .set("websocket.no_activity_timeout, 600 unless set", "websocket: { no_activity_timeout: 3600 }"),
    row("Apache Traffic Server", 3600, (Lifetime, Nothing, Any), READ)
        .by(TRAFFIC_SERVER)
        .set("websocket.active_timeout, 3600 unless set", "websocket: { active_timeout: 86400 }"),
    row("AWS NLB", 350, (Idle, Either, SilentThenRst), READ),
    row("AWS API Gateway", 600, (Idle, Data, Any), READ).by(API_GATEWAY).set("10 minutes, fixed", ""),
    row("AWS API Gateway", 7200, (Lifetime, Nothing, Any), READ).by(API_GATEWAY).set("2 hours, fixed", ""),
    row("CloudFront", 600, (Idle, FromServer, Cut), READ).by(CLOUDFRONT).set("10 minutes, fixed", ""),
    row("Cloudflare", 100, (Idle, Either, Any), SAID).by(CLOUDFLARE).set("100 s, as is said", ""),
    row("Cloudflare", 400, (Idle, Either, Any), SAID).by(CLOUDFLARE).set("keep-alive of the client, 400 s", ""),
    row("Cloudflare", 900, (Idle, Either, Any), SAID).by(CLOUDFLARE).set("idle TCP, 900 s", ""),
    row("Azure Load Balancer", 240, (Idle, Either, SilentThenRst), READ).set(
        "idle timeout of the rule, 4 minutes unless set",
        "az network lb rule update -g GROUP --lb-name NAME -n RULE --idle-timeout 30 --enable-tcp-reset true",
    ),
    row("Azure Front Door", 300, (Idle, Either, Any), READ).by(FRONT_DOOR).set("5 minutes, fixed", ""),
    row("Azure Front Door", 14400, (Lifetime, Nothing, Any), READ).by(FRONT_DOOR).set("4 hours, fixed", ""),
    row("Azure App Gateway", 20, (Idle, Either, Any), SAID)
        .by(&[Field("Set-Cookie", "ApplicationGatewayAffinity")])
        .set(
            "request timeout of the HTTP settings",
            "az network application-gateway http-settings update -g GROUP --gateway-name NAME -n SETTINGS \
             --timeout 3600",
        ),
    row("Azure App Service", 230, (Idle, Either, Any), SAID).by(APP_SERVICE).set("its front end, fixed", ""),
    row("Azure App Service", 240, (Idle, Either, Any), SAID).by(APP_SERVICE).set("its front end, fixed", ""),
    row("the GCP load balancer", 30, (Lifetime, Nothing, Any), READ)
        .by(GOOGLE)
        .set("timeoutSec of the BackendConfig, 30 unless set", "timeoutSec: 86400"),
    row("the GCP load balancer", 86400, (Lifetime, Nothing, Any), READ).by(GOOGLE).set("24 hours", ""),
    row("Cloud Run", 300, (Lifetime, Nothing, Any), READ)
        .by(CLOUD_RUN)
        .set("request timeout, 5 minutes unless set", "gcloud run services update SERVICE --timeout 3600"),
    row("Cloud Run", 3600, (Lifetime, Nothing, Any), READ).by(CLOUD_RUN).set("request timeout, at most 1 hour", ""),
    row("Heroku", 55, (Idle, Either, Any), READ).by(HEROKU).set("55 s, fixed (H15)", ""),
    row("a mobile carrier's NAT", 270, (Idle, Either, SilentThenRst), SAID),
    row("an access token of 1 hour", 3600, (Lifetime, Nothing, Any), SAID),
];
