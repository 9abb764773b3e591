//! Reads Rust source as far as the judge needs it: which lines are tests, what is code and what is comment or text, and
//! which paths a file uses. It knows nothing of the rules.

use regex::Regex;

/// One source file, split into lines of code (comments and the inside of literals blanked).
pub struct Source {
    /// Relative to `src`, with `/`.
    pub name: String,
    pub raw: String,
    pub lines: Vec<Line>,
    /// Every path that the file uses, `use` trees written out: `std::io::Read`.
    pub paths: Vec<UsedPath>,
}

pub struct Line {
    pub code: String,
    /// True inside an item under `#[cfg(test)]`.
    pub test: bool,
}

pub struct UsedPath {
    /// From 1.
    pub line: usize,
    pub path: String,
    pub test: bool,
}

impl Source {
    pub fn new(name: &str, raw: &str) -> Source {
        let code = blanked(raw);
        let whole_file = name.ends_with("/tests.rs") || name.contains("/tests/");
        let flags = test_lines(&code);
        let lines: Vec<Line> = code
            .lines()
            .zip(flags)
            .map(|(code, test)| Line { code: code.to_owned(), test: test || whole_file })
            .collect();
        let paths = used_paths(&code, &lines);
        Source { name: name.to_owned(), raw: raw.to_owned(), lines, paths }
    }

    /// The top module that the file belongs to: `watch` for `watch/life.rs`, `moment` for `moment.rs`.
    pub fn module(&self) -> &str {
        let first = self.name.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// How many modules deep the file is: 1 for `watch/mod.rs`, 2 for `watch/life.rs`.
    pub fn depth(&self) -> usize {
        let parts = self.name.split('/').count();
        if self.name.ends_with("/mod.rs") { parts - 1 } else { parts }
    }

    /// The text of the tests alone, comments and literals included.
    pub fn test_text(&self) -> String {
        let tests = self.raw.lines().zip(&self.lines).filter(|(_, line)| line.test);
        tests.map(|(raw, _)| raw).collect::<Vec<_>>().join("\n")
    }

    /// Lines before the first test.
    pub fn length(&self) -> usize {
        self.lines.iter().position(|line| line.test).unwrap_or(self.lines.len())
    }
}

/// For each line of `code`: does it belong to an item under `#[cfg(test)]`?
fn test_lines(code: &str) -> Vec<bool> {
    let mut flags = Vec::new();
    let mut until: Option<String> = None;
    let mut pending: Option<String> = None;
    for line in code.lines() {
        let trimmed = line.trim();
        if let Some(end) = &until {
            flags.push(true);
            if line.starts_with(end.as_str()) {
                until = None;
            }
            continue;
        }
        if trimmed == "#[cfg(test)]" {
            pending = Some(line[..line.len() - line.trim_start().len()].to_owned());
            flags.push(true);
            continue;
        }
        let Some(indent) = pending.clone() else {
            flags.push(false);
            continue;
        };
        flags.push(true);
        if trimmed.is_empty() || trimmed.starts_with("#[") {
            continue;
        }
        pending = None;
        let one_line = trimmed.ends_with(';') || (trimmed.ends_with('}') && trimmed.contains('{'));
        if !one_line {
            until = Some(format!("{indent}}}"));
        }
    }
    flags
}

/// `raw` with the inside of comments, strings and characters replaced by spaces; lines stay where they are.
fn blanked(raw: &str) -> String {
    let chars: Vec<char> = raw.chars().collect();
    let mut out = String::with_capacity(raw.len());
    let mut at = 0;
    while at < chars.len() {
        let end = literal_end(&chars, at);
        if end == at {
            out.push(chars[at]);
            at += 1;
            continue;
        }
        out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
        at = end;
    }
    out
}

/// Where the comment or literal that begins at `at` ends; `at` itself if none begins there.
fn literal_end(chars: &[char], at: usize) -> usize {
    let next = |offset: usize| chars.get(at + offset).copied().unwrap_or(' ');
    let in_word = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
    match chars[at] {
        '/' if next(1) == '/' => find(chars, at, |rest| rest[0] == '\n'),
        '/' if next(1) == '*' => block_comment_end(chars, at),
        '"' => string_end(chars, at),
        'r' | 'b' | 'c' if !in_word => raw_string_end(chars, at).unwrap_or(at),
        '\'' if next(1) == '\\' => (find(chars, at + 3, |rest| rest[0] == '\'') + 1).min(chars.len()),
        '\'' if next(2) == '\'' => at + 3,
        _ => at,
    }
}

fn find(chars: &[char], from: usize, here: impl Fn(&[char]) -> bool) -> usize {
    (from..chars.len()).find(|at| here(&chars[*at..])).unwrap_or(chars.len())
}

fn string_end(chars: &[char], start: usize) -> usize {
    let mut at = start + 1;
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

/// Ends of `r"..."`, `r#"..."#`, `br"..."`; `None` if this is a name (or a byte string, whose quote comes next).
fn raw_string_end(chars: &[char], start: usize) -> Option<usize> {
    let prefix = chars[start..].iter().take(2).position(|c| *c == 'r')? + 1;
    let hashes = chars[start + prefix..].iter().take_while(|c| **c == '#').count();
    let open = start + prefix + hashes;
    if chars.get(open) != Some(&'"') {
        return None;
    }
    let closed = |rest: &[char]| rest[0] == '"' && rest.len() > hashes && rest[1..=hashes].iter().all(|c| *c == '#');
    Some((find(chars, open + 1, closed) + 1 + hashes).min(chars.len()))
}

fn block_comment_end(chars: &[char], start: usize) -> usize {
    let mut depth = 0;
    let mut at = start;
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

fn used_paths(code: &str, lines: &[Line]) -> Vec<UsedPath> {
    let inline = Regex::new(r"[A-Za-z_]\w*(?:\s*::\s*[A-Za-z_]\w*)+").expect("the pattern is good");
    let imports = Regex::new(r"\buse\s+([^;]+);").expect("the pattern is good");
    let renames = Regex::new(r"\s+as\s+\w+").expect("the pattern is good");
    let mut found: Vec<(usize, String)> =
        inline.find_iter(code).map(|path| (path.start(), without_spaces(path.as_str()))).collect();
    for import in imports.captures_iter(code) {
        let tree = without_spaces(&renames.replace_all(&import[1], ""));
        let mut leaves = Vec::new();
        expand("", tree.trim_start_matches("::"), &mut leaves);
        let start = import.get(0).map_or(0, |whole| whole.start());
        found.extend(leaves.into_iter().map(|leaf| (start, leaf)));
    }
    let line_of = |offset: usize| code[..offset].matches('\n').count();
    let mut places: Vec<(usize, String)> = found.into_iter().map(|(offset, path)| (line_of(offset), path)).collect();
    places.sort();
    places.dedup();
    let is_test = |line: usize| lines.get(line).is_some_and(|line| line.test);
    places.into_iter().map(|(line, path)| UsedPath { line: line + 1, path, test: is_test(line) }).collect()
}

/// Writes out a use tree: `std::{fmt,io::{self,Read}}` as `std::fmt`, `std::io::self`, `std::io::Read`.
fn expand(prefix: &str, tree: &str, leaves: &mut Vec<String>) {
    let Some((head, rest)) = tree.split_once('{') else {
        leaves.push(format!("{prefix}{tree}"));
        return;
    };
    let inner = rest.strip_suffix('}').unwrap_or(rest);
    let prefix = format!("{prefix}{head}");
    let mut depth = 0;
    let mut start = 0;
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                expand(&prefix, &inner[start..at], leaves);
                start = at + 1;
            }
            _ => {}
        }
    }
    if start < inner.len() {
        expand(&prefix, &inner[start..], leaves);
    }
}

fn without_spaces(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

#[test]
fn comments_and_literals_are_blank() {
    let raw =
        "let a = \"b::c \\\" d\"; // e::f\nlet g = 'h'; /* i /* j */ k */ let l = r#\"m\"n\"#; fn o<'p>() {}\n'\\''";
    let code = blanked(raw);
    assert_eq!(code.lines().count(), raw.lines().count());
    for gone in ["b::c", "d", "e::f", "'h'", "i", "j", "k", "m", "n\""] {
        let word = Regex::new(&format!(r"\b{}\b", regex::escape(gone))).expect("the pattern is good");
        assert!(!word.is_match(&code), "{gone} is still there: {code}");
    }
    for kept in ["let a =", "let g =", "let l =", "fn o<'p>() {}"] {
        assert!(code.contains(kept), "{kept} is gone: {code}");
    }
}

#[test]
fn only_items_under_cfg_test_are_tests() {
    let raw = "use a;\n#[cfg(test)]\nuse b;\nfn c() {}\n\
               #[cfg(test)]\n#[allow(x)]\nmod tests {\n    fn d() {\n    }\n}\nfn e() {}\n";
    let source = Source::new("a/b.rs", raw);
    let tests: Vec<bool> = source.lines.iter().map(|line| line.test).collect();
    assert_eq!(tests, [false, true, true, false, true, true, true, true, true, true, false]);
    assert_eq!((source.module(), source.depth(), source.length()), ("a", 2, 1));
}

#[test]
fn use_trees_are_written_out() {
    let raw = "use std::{fmt, io::{self, Read as _}};\npub use crate::{wire::{a, b}, moment::Span};\n\
               let x = std::env::args();";
    let source = Source::new("a.rs", raw);
    let paths: Vec<&str> = source.paths.iter().map(|used| used.path.as_str()).collect();
    for wanted in ["std::fmt", "std::io::Read", "crate::wire::b", "crate::moment::Span", "std::env::args"] {
        assert!(paths.contains(&wanted), "{wanted} is missing in {paths:?}");
    }
}
