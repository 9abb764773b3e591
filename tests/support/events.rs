//! The events of a run with `--json`, as `docs/events.md` tells. Owns what holds for every run: one event a line,
//! numbers without gaps, times that do not go back, the verdict last.

use serde_json::Value;

/// All events of one run.
#[derive(Debug)]
pub struct Events(pub Vec<Value>);

impl Events {
    /// Reads a whole stdout.
    ///
    /// # Panics
    /// When it is not what every run prints.
    pub fn parse(stdout: &str) -> Events {
        let read = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let events: Vec<Value> = stdout.lines().map(read).collect();
        for (index, event) in events.iter().enumerate() {
            assert_eq!(event["v"], 1, "{event}");
            assert_eq!(event["seq"].as_u64(), Some(index as u64 + 1), "a gap before {event}");
        }
        let times: Vec<u64> = events.iter().map(at).collect();
        assert!(times.is_sorted(), "time goes back: {times:?}");
        assert!(events.last().is_some_and(|event| event["type"] == "run_ended"), "no end: {stdout}");
        Events(events)
    }

    /// All events of a type.
    pub fn all(&self, kind: &str) -> Vec<&Value> {
        self.0.iter().filter(|event| event["type"] == kind).collect()
    }

    /// The one event of a type.
    pub fn one(&self, kind: &str) -> &Value {
        let all = self.all(kind);
        assert_eq!(all.len(), 1, "events of the type {kind}: {all:#?}\n{}", self.findings().join("\n"));
        all[0]
    }

    /// The codes of all findings, in the order in which they were told.
    pub fn codes(&self) -> Vec<&str> {
        self.all("finding").into_iter().filter_map(|finding| finding["code"].as_str()).collect()
    }

    /// `severity code: fact` of all findings.
    pub fn findings(&self) -> Vec<String> {
        let words = |finding: &&Value| {
            let word = |name: &str| finding[name].as_str().unwrap_or_default().to_owned();
            format!("{} {}: {}", word("severity"), word("code"), word("fact"))
        };
        self.all("finding").iter().map(words).collect()
    }

    /// The finding of this code.
    pub fn finding(&self, code: &str) -> &Value {
        let found = self.all("finding").into_iter().find(|finding| finding["code"] == code);
        found.unwrap_or_else(|| panic!("no finding {code}; there are {:?}", self.findings()))
    }

    /// Was all well: exit 0, no drop, and no finding above a note?
    pub fn assert_clean(&self) {
        let told: Vec<String> = self.findings().into_iter().filter(|line| !line.starts_with("note ")).collect();
        assert_eq!(told, Vec::<String>::new());
        let judged = self.one("judged");
        assert_eq!(judged["verdict"], "healthy", "{judged}");
        assert_eq!(judged["exit"], 0, "{judged}");
        assert_eq!(judged["drops"], 0, "{judged}");
    }
}

/// When an event happened, in nanoseconds since the run began.
pub fn at(event: &Value) -> u64 {
    event["at_ns"].as_u64().unwrap_or_else(|| panic!("no time: {event}"))
}
