//! What a fault of `serve` does, by its name: the rows of `docs/faults.md`, whose text is in the binary, so that who has only
//! that can look them up. Owns the reading of the page's two tables.

use super::line;

const PAGE: &str = include_str!("../../../docs/faults.md");

/// The text on the fault of that name.
pub fn fault(name: &str) -> Option<String> {
    let row = rows("| name | value |").find(|cells| cells[0].split(", ").any(|cell| plain(cell) == name))?;
    let [_, value, default, when] = row[..] else { return None };
    let mut text = format!("{name} (fault of serve)\n\n");
    let or_none = |cell: &str, none: &str| if cell.is_empty() { none.to_owned() } else { plain(cell) };
    line(&mut text, "value", &or_none(value, "none"));
    line(&mut text, "unset", &or_none(default, "-"));
    line(&mut text, "@WHEN", &or_none(when, "none"));
    for row in rows("| spec | what it does |") {
        let [spec, what, finding, exit] = row[..] else { continue };
        let spec = plain(spec);
        if spec.split(['=', ';', '@', '+']).next() == Some(name) {
            text.push('\n');
            line(&mut text, "spec", &spec);
            line(&mut text, "does", &plain(what));
            let finding = plain(finding);
            let finding = if finding == "(none)" { "nothing above a note" } else { &finding };
            line(&mut text, "probe", &format!("{finding}, exit {exit}"));
        }
    }
    Some(text)
}

/// The names of all faults.
pub fn names() -> Vec<&'static str> {
    let cells = rows("| name | value |").filter_map(|cells| cells.first().copied());
    cells.flat_map(|cell| cell.split(", ")).map(|name| name.trim_matches('`')).collect()
}

/// The cells of each row below the head that begins like this.
fn rows(head: &str) -> impl Iterator<Item = Vec<&'static str>> + use<> {
    let table = PAGE.find(head).map_or("", |at| &PAGE[at..]);
    let lines = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    lines.map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
}

fn plain(cell: &str) -> String {
    cell.replace('`', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_has_its_values_and_what_probe_says_of_it() {
        let text = fault("latency").unwrap_or_default();
        for part in ["latency (fault of serve)", "100ms, no jitter", "spec     latency=5s", "silent-next-hop, exit 24"]
        {
            assert!(text.contains(part), "no {part:?} in {text}");
        }
        assert!(fault("rsv2").is_some_and(|text| text.contains("RSV2")));
        assert_eq!(fault("explode"), None);
        assert!(names().len() > 20 && names().into_iter().all(|name| fault(name).is_some()), "{:?}", names());
    }
}
