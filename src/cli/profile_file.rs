//! `--reconnect-profile`: a name, or a TOML file with a client's figures. Owns the file's fields; what they do is
//! `watch::reconnect`'s.

use std::path::Path;

use serde::Deserialize;

use super::values::shown;
use crate::event::toml_words;
use crate::moment::Span;
use crate::net::named_file;
use crate::watch::profiles::{self, Curve, Jitter};

/// A larger file is no profile.
const FILE_MAX: u64 = 1 << 20;

/// The file: every field may be left out and is then that of full-jitter.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    delay: Option<String>,
    growth: Option<f64>,
    max_delay: Option<String>,
    /// `none`, `full`, `plus` or `around`.
    jitter: Option<String>,
    /// For `plus`: the most that is added.
    jitter_most: Option<String>,
    /// For `around`: the share of the delay, 0 to 1.
    jitter_share: Option<f64>,
    steps: Option<Vec<String>>,
    attempts: Option<u32>,
    min_uptime: Option<String>,
    never: Option<Vec<u16>>,
    stubborn: Option<bool>,
}

/// The curve of a name or a file.
///
/// # Errors
/// One line: an unknown name, a file that cannot be read, a field that is wrong.
pub fn curve(text: &str) -> Result<Curve, String> {
    if let Some(curve) = profiles::profile(text) {
        return Ok(curve);
    }
    if !text.ends_with(".toml") {
        let names = profiles::NAMES.join(", ");
        return Err(format!("--reconnect-profile: expected {names} or FILE.toml, got {}", shown(text)));
    }
    let wrong = |why: String| format!("--reconnect-profile {}: {why}", shown(text));
    let content = named_file::text(Path::new(text), FILE_MAX).map_err(|why| wrong(format!("cannot be read: {why}")))?;
    let file: File = toml::from_str(&content).map_err(|why| wrong(toml_words::wrong(&content, &why)))?;
    let name = Path::new(text).file_stem().map_or_else(|| text.into(), |stem| stem.to_string_lossy().into_owned());
    from_file(file, name).map_err(wrong)
}

fn from_file(file: File, name: String) -> Result<Curve, String> {
    let base = profiles::profile("full-jitter").ok_or("no profile full-jitter")?;
    let span = |field: &str, text: Option<String>, default: Span| match text {
        None => Ok(default),
        Some(text) => super::values::span_or_zero(&text).map_err(|why| format!("{field}: {why}")),
    };
    let growth = file.growth.unwrap_or(base.growth);
    if !(1.0..=100.0).contains(&growth) {
        return Err(format!("growth: expected a number from 1 to 100, got {growth}"));
    }
    let jitter = match file.jitter.as_deref() {
        None => base.jitter,
        Some("none") => Jitter::None,
        Some("full") => Jitter::Full,
        Some("plus") => Jitter::Plus(Span::ZERO, span("jitter-most", file.jitter_most, Span::from_secs(1))?),
        Some("around") => match file.jitter_share.unwrap_or(0.5) {
            share if (0.0..=1.0).contains(&share) => Jitter::Around(share),
            share => return Err(format!("jitter-share: expected a number from 0 to 1, got {share}")),
        },
        Some(other) => return Err(format!("jitter: expected none, full, plus or around, got {}", shown(other))),
    };
    let steps: Result<Vec<Span>, String> =
        file.steps.unwrap_or_default().into_iter().map(|step| span("steps", Some(step), Span::ZERO)).collect();
    Ok(Curve {
        name,
        first: span("delay", file.delay, base.first)?,
        growth,
        cap: span("max-delay", file.max_delay, base.cap)?,
        jitter,
        steps: steps?,
        attempts: file.attempts,
        min_uptime: span("min-uptime", file.min_uptime, base.min_uptime)?,
        never: file.never.map_or(base.never, |codes| codes.into_iter().map(|code| code..=code).collect()),
        stubborn: file.stubborn.unwrap_or(base.stubborn),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(content: &str) -> Result<Curve, String> {
        let file = toml::from_str(content).map_err(|why| toml_words::wrong(content, &why))?;
        from_file(file, "mine".into())
    }

    #[test]
    fn a_file_changes_what_it_names() {
        let curve = read("delay = \"250ms\"\ngrowth = 3.0\njitter = \"none\"\nnever = [4000]\n").unwrap();
        assert_eq!((curve.first, curve.growth, curve.jitter), (Span::from_millis(250), 3.0, Jitter::None));
        assert_eq!(curve.never, vec![4000..=4000]);
        assert_eq!(curve.cap, Span::from_secs(30));
    }

    #[test]
    fn what_is_wrong_in_a_file_is_one_line() {
        for (content, part) in [
            ("delay = \"soon\"", "delay: expected a time"),
            ("growth = 0.5", "growth: expected a number"),
            ("jitter = \"odd\"", "jitter: expected none"),
            ("\nfoo = 1", "line"),
            ("delay =", "line 1"),
        ] {
            let told = read(content).unwrap_err();
            assert!(told.contains(part) && !told.contains('\n'), "{content:?}: {told}");
        }
    }

    #[test]
    fn an_unknown_name_is_refused() {
        assert!(curve("fast").unwrap_err().contains("expected full-jitter"));
    }
}
