//! The page, used as a person uses it: `tests/peers/page_driver.js` drives it in headless Chromium
//! (`WSCOPE_PEER_CHROMIUM`, or `/usr/bin/chromium`) and says what held.

use std::path::Path;

use crate::server::Served;
use crate::support::{Ran, skipped};
use crate::tool;

/// What the driver said of the page of this server; none where there is no browser.
fn drive(server: &Served, more: &[&str]) -> Option<Ran> {
    let chromium = std::env::var("WSCOPE_PEER_CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned());
    if !Path::new(&chromium).exists() {
        skipped("Chromium");
        return None;
    }
    let page = format!("http://{}/", server.address());
    let ran = tool::node("page_driver.js", &[&[page.as_str()][..], more].concat())?.finish();
    if ran.stderr.contains("Cannot find module") {
        skipped("playwright-core for Node, to drive Chromium,");
        return None;
    }
    Some(ran)
}

fn assert_done(ran: &Ran) {
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(ran.stdout.lines().last(), Some("done"), "{}", ran.stdout);
    assert!(ran.stdout.lines().any(|line| line.starts_with("ok ")), "nothing was looked at: {}", ran.stdout);
}

#[test]
fn a_person_uses_the_page() {
    let server = Served::start(&[]);
    let Some(ran) = drive(&server, &[]) else { return };
    assert_done(&ran);
    assert_eq!(server.stop().code, 0);
}

#[test]
fn a_page_of_another_origin_gets_nothing() {
    let server = Served::start(&[]);
    let Some(ran) = drive(&server, &["--foreign"]) else { return };
    assert_done(&ran);
}
