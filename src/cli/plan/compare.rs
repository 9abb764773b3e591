//! The words of `--compare` become a plan: three URLs, a pause, a time. Owns the URLs that follow from the one, and the
//! checks of times that need two words at once.

use super::masked;
use crate::cli::probe::CompareArgs;
use crate::cmd::compare::Plan;
use crate::event::show::span as span_words;
use crate::moment::Span;
use crate::net::get::http_url;
use crate::net::target::{self, Target};

const INTERVAL: Span = Span::from_secs(2);
const LISTEN: Span = Span::from_secs(10);
/// A shorter pause is a flood.
const INTERVAL_LEAST: Span = Span::from_millis(1);

/// The plan; none when nothing is to be compared.
///
/// # Errors
/// One line, without `error:`.
pub fn compare(args: &CompareArgs) -> Result<Option<Plan>, String> {
    let Some(url) = &args.compare else { return Ok(None) };
    let base = read("--compare", url)?;
    let at = |flag: &str, given: &Option<String>, path: &str| match given {
        Some(url) => read(flag, url),
        None => Ok(Target { path: path.to_owned(), ..base.clone() }),
    };
    let socket = at("--compare-socket", &args.compare_socket, "/stream")?;
    let long_poll = at("--compare-long-poll", &args.compare_long_poll, "/long-poll")?;
    let short_poll = at("--compare-poll", &args.compare_poll, "/poll")?;
    let interval = args.compare_interval.unwrap_or(INTERVAL);
    let listen = args.compare_for.unwrap_or(LISTEN);
    if interval < INTERVAL_LEAST {
        return Err(format!("--compare-interval: expected 1ms or more, got {} ns", interval.nanos()));
    }
    if listen < interval {
        let (listen, interval) = (span_words(listen), span_words(interval));
        return Err(format!(
            "--compare-for {listen}: expected at least the {interval} of --compare-interval, got less"
        ));
    }
    let url = http_url(&Target { path: "/".to_owned(), ..base.clone() });
    Ok(Some(Plan { url, socket, long_poll, short_poll, interval, listen }))
}

fn read(flag: &str, url: &str) -> Result<Target, String> {
    target::parse(url).map_err(|fault| format!("{flag} {}: {fault}", masked(url)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn args(compare: Option<&str>) -> CompareArgs {
        CompareArgs {
            compare: compare.map(str::to_owned),
            compare_socket: None,
            compare_long_poll: None,
            compare_poll: None,
            compare_interval: None,
            compare_for: None,
        }
    }

    #[test]
    fn three_urls_follow_from_one() {
        assert!(compare(&args(None)).unwrap().is_none());
        for url in ["http://127.0.0.1:9001/", "ws://127.0.0.1:9001/some/page?x=1", "127.0.0.1:9001"] {
            let plan = compare(&args(Some(url))).unwrap().unwrap();
            assert_eq!(plan.url, "http://127.0.0.1:9001/", "{url}");
            assert_eq!(plan.socket.url(), "ws://127.0.0.1:9001/stream", "{url}");
            assert_eq!(http_url(&plan.long_poll), "http://127.0.0.1:9001/long-poll", "{url}");
            assert_eq!(http_url(&plan.short_poll), "http://127.0.0.1:9001/poll", "{url}");
            assert_eq!((plan.interval, plan.listen), (Span::from_secs(2), Span::from_secs(10)));
        }
    }

    #[test]
    fn each_url_can_be_another() {
        let given = CompareArgs {
            compare_socket: Some("wss://ws.example.com/live".into()),
            compare_poll: Some("https://api.example.com/messages?room=7".into()),
            ..args(Some("https://example.com"))
        };
        let plan = compare(&given).unwrap().unwrap();
        assert_eq!(plan.socket.url(), "wss://ws.example.com/live");
        assert_eq!(http_url(&plan.long_poll), "https://example.com/long-poll");
        assert_eq!(http_url(&plan.short_poll), "https://api.example.com/messages?room=7");
    }

    #[test]
    fn what_cannot_be_is_told_in_one_line() {
        let refused = |args: &CompareArgs| compare(args).unwrap_err();
        assert!(refused(&args(Some("ftp://h/"))).starts_with("--compare \"ftp://h/\": the scheme"));
        let other = CompareArgs { compare_poll: Some("http://".into()), ..args(Some(":9001")) };
        assert!(refused(&other).starts_with("--compare-poll "), "{}", refused(&other));
        let short = CompareArgs { compare_for: Some(Span::from_secs(1)), ..args(Some(":9001")) };
        assert_eq!(refused(&short), "--compare-for 1.0 s: expected at least the 2.0 s of --compare-interval, got less");
        let flood = CompareArgs { compare_interval: Some(Span::from_nanos(9)), ..args(Some(":9001")) };
        assert_eq!(refused(&flood), "--compare-interval: expected 1ms or more, got 9 ns");
    }
}
