//! The table of limits: every row can be met, and the figures of old are in it.

use super::*;
use crate::diagnose::idle::tests::{dropped, with};

/// A connection end as this row's product makes it.
fn how(known: &Known) -> How {
    match known.look {
        Look::Fin | Look::Cut | Look::Any => How::Fin,
        Look::SilentThenRst => How::Reset,
        Look::Close(code, reason) => How::Close { code: Some(code), reason: reason.into() },
    }
}

fn drop_of(known: &Known) -> Dropped {
    let seconds = known.seconds as f64;
    dropped(how(known), seconds, seconds, seconds)
}

fn with_mark(known: &Known, mark: &Mark) -> Dropped {
    match mark {
        Mark::Field(name, part) => with(&format!("{name}: x{part}/1"), drop_of(known)),
        Mark::Host(part) => Dropped { url: format!("wss://x{part}/ws"), ..drop_of(known) },
    }
}

#[test]
fn every_row_fits_its_own_drop_and_not_one_of_half_its_age() {
    for known in all() {
        let found = suspects(known.kind, known.seconds as f64, &drop_of(known), &[known.counts]);
        assert!(found.fitting.contains(&known), "{known:?}");
        assert!(found.recognised.is_none(), "{known:?}: {:?}", found.recognised);
        let found = suspects(known.kind, known.seconds as f64 / 2.5, &drop_of(known), &[known.counts]);
        assert!(!found.fitting.contains(&known), "{known:?}");
    }
}

#[test]
fn every_mark_gives_its_product_away() {
    for known in all() {
        for mark in known.marks {
            let drop = with_mark(known, mark);
            assert!(known.evidence(&drop).is_some(), "{known:?} by {mark:?}");
            let found = suspects(known.kind, known.seconds as f64, &drop, &[known.counts]);
            assert!(found.recognised.is_some(), "{known:?} by {mark:?}");
        }
    }
}

#[test]
fn every_row_is_plain_text() {
    for known in all() {
        for text in [known.product, known.setting, known.knob] {
            assert!(text.is_ascii() && !text.contains('\n'), "{text}");
        }
        assert!(known.seconds > 0 && known.knob.len() <= 160, "{known:?}");
    }
}

#[test]
fn the_signatures_by_age_are_known() {
    for (seconds, product) in [
        (1, "Engine.IO (Socket.IO)"),
        (3, "graphql-ws"),
        (5, "Daphne"),
        (6, "ActionCable's client"),
        (10, "Engine.IO (Socket.IO)"),
        (10, "Twitch EventSub"),
        (10, "python websockets"),
        (12, "graphql-ws"),
        (15, "SignalR"),
        (15, "Envoy"),
        (20, "Azure App Gateway"),
        (24, "graphql-ws"),
        (30, "the GCP load balancer"),
        (30, "Jetty 12"),
        (30, "HAProxy"),
        (30, "SignalR"),
        (30, "WebSocket-Node"),
        (30, "the STOMP broker of Spring"),
        (33, "Centrifugo"),
        (40, "python websockets"),
        (40, "uvicorn"),
        (45, "Engine.IO (Socket.IO)"),
        (50, "Daphne"),
        (55, "Heroku"),
        (60, "nginx"),
        (60, "ingress-nginx"),
        (60, "AWS ALB"),
        (60, "AWS CLB"),
        (60, "Kong"),
        (60, "Varnish"),
        (60, "Apache"),
        (60, "Fly.io"),
        (60, "Cowboy (Phoenix, RabbitMQ, EMQX)"),
        (100, "Cloudflare"),
        (120, "uWebSockets"),
        (120, "ASP.NET Core"),
        (230, "Azure App Service"),
        (240, "Azure Load Balancer"),
        (270, "a mobile carrier's NAT"),
        (300, "Envoy"),
        (300, "Istio"),
        (300, "Contour"),
        (300, "Envoy Gateway"),
        (300, "Azure Front Door"),
        (300, "Cloud Run"),
        (300, "Jetty 9"),
        (350, "AWS NLB"),
        (600, "AWS API Gateway"),
        (600, "CloudFront"),
        (600, "Apache Traffic Server"),
        (3600, "Cloud Run"),
        (3600, "Apache Traffic Server"),
        (3600, "HAProxy with timeout tunnel 1h"),
        (3600, "an access token of 1 hour"),
        (7200, "AWS API Gateway"),
        (14400, "Azure Front Door"),
        (86400, "Binance"),
        (86400, "the GCP load balancer"),
        (86400, "Daphne"),
        (86400, "Pusher"),
    ] {
        assert!(all().any(|known| known.seconds == seconds && known.product == product), "{seconds} s: {product}");
    }
}

/// What is only said of a product is a suspect at the most: `idle::blame` makes it possible.
#[test]
fn figures_that_nobody_read_in_a_source_are_marked_so() {
    let mut said: Vec<(u64, &str)> =
        all().filter(|known| !known.verified).map(|known| (known.seconds, known.product)).collect();
    said.sort_unstable();
    let expected = [
        (15, "Envoy"),
        (20, "Azure App Gateway"),
        (30, "HAProxy"),
        (50, "HAProxy"),
        (60, "Apache"),
        (60, "Fly.io"),
        (100, "Cloudflare"),
        (230, "Azure App Service"),
        (240, "Azure App Service"),
        (270, "a mobile carrier's NAT"),
        (300, "Jetty 9"),
        (300, "Jetty 9 and 10"),
        (400, "Cloudflare"),
        (900, "Cloudflare"),
        (3600, "an access token of 1 hour"),
    ];
    assert_eq!(said, expected);
}

#[test]
fn near_is_a_second_or_three_in_a_hundred() {
    let nginx = all().find(|known| known.product == "nginx").unwrap();
    assert!(nginx.is_near(60.9) && nginx.is_near(59.1) && !nginx.is_near(61.2));
    let load_balancer = all().find(|known| known.product == "AWS NLB").unwrap();
    assert!(load_balancer.is_near(360.0) && !load_balancer.is_near(361.0));
    assert_eq!((well_known(59.4), well_known(47.0), well_known(2.0)), (Some(60), None, None));
}

#[test]
fn names_are_told_once_and_five_at_most() {
    let like = |seconds: u64| all().filter(move |known| known.seconds == seconds).collect::<Vec<_>>();
    assert_eq!(names(&like(55)), "Heroku");
    assert_eq!(names(&[]), "");
    assert_eq!(names(&like(60)).matches(", ").count(), 3);
    assert!(names(&like(24)).matches("graphql-ws").count() == 1);
}

#[test]
fn a_host_counts_only_as_the_host() {
    let run = all().find(|known| known.product == "Cloud Run").unwrap();
    let at = |url: &str| Dropped { url: url.into(), ..drop_of(run) };
    assert!(run.evidence(&at("wss://x-uc.a.run.app:443/ws")).is_some());
    assert!(run.evidence(&at("wss://example.com/x.run.app")).is_none());
}
