//! What the reason of a Close 1009 tells of the limit: how many bytes it is, and whose words it uses (RFC 6455 section
//! 7.4.1). Owns the words of known libraries and the reading of the number; what is made of it is `sizes`'.

use crate::diagnose::facts::contains;

/// A library's words, and where its limit is set.
struct Words {
    /// Each of them stands in the reason.
    says: &'static [&'static str],
    /// The limit stands behind it; empty where the reason names none.
    before: &'static str,
    /// It takes so many bytes less than it names.
    over: u64,
    library: &'static str,
    option: &'static str,
    knob: &'static str,
}

const PYTHON: (&str, &str, &str) = ("python websockets", "max_size in serve()", "max_size=16 * 2**20,");
const JETTY: (&str, &str, &str) = ("Jetty", "maxTextMessageSize", "container.setMaxTextMessageSize(1024 * 1024);");

const fn words(
    says: &'static [&'static str],
    before: &'static str,
    over: u64,
    (library, option, knob): (&'static str, &'static str, &'static str),
) -> Words {
    Words { says, before, over, library, option, knob }
}

const WORDS: &[Words] = &[
    words(&["frame ", "exceeds limit of "], "exceeds limit of ", 0, PYTHON),
    words(&["over size limit ("], " > ", 0, PYTHON),
    words(&["read limited at "], "read limited at ", 1, ("coder/websocket", "SetReadLimit", "c.SetReadLimit(1 << 20)")),
    words(
        &["max frame length of "],
        "max frame length of ",
        0,
        ("Netty", "maxFramePayloadLength", ".maxFramePayloadLength(1024 * 1024)"),
    ),
    words(&["message too large: (actual)"], "message size) ", 0, JETTY),
    words(&["message size [", "exceeds maximum size ["], "exceeds maximum size ", 0, JETTY),
    words(
        &["too big for the output buffer"],
        "",
        0,
        ("Tomcat", "the buffer for a message", "session.setMaxTextMessageBufferSize(1048576);"),
    ),
    words(&["max payload size exceeded"], "", 0, ("node ws", "maxPayload", "maxPayload: 512 * 1024 * 1024,")),
];

/// Where a number stands in words that are nobody's in particular.
const BEFORE: &[&str] = &["limit of ", "exceeds limit ", "limit is ", "limit: ", "maximum size ", "max "];

/// What the reason gives away.
pub(super) struct Told {
    pub(super) limit: Option<u64>,
    /// Library, option, and the line that raises it.
    pub(super) library: Option<(&'static str, &'static str, &'static str)>,
}

/// None where it gives nothing away.
pub(super) fn told(reason: &str) -> Option<Told> {
    let known = WORDS.iter().find(|words| words.says.iter().all(|part| contains(reason, part)));
    if let Some(words) = known {
        let named = (!words.before.is_empty()).then(|| bytes_behind(reason, words.before)).flatten();
        let limit = named.and_then(|bytes| bytes.checked_sub(words.over));
        return Some(Told { limit, library: Some((words.library, words.option, words.knob)) });
    }
    let limit = BEFORE.iter().find_map(|before| bytes_behind(reason, before))?;
    Some(Told { limit: Some(limit), library: None })
}

/// `1000 bytes`, `65,536`, `[65536]`, `10 MB` behind these words; none where it is no whole number of bytes.
fn bytes_behind(reason: &str, before: &str) -> Option<u64> {
    let small = reason.to_ascii_lowercase();
    let (ahead, rest) = small.split_once(before)?;
    // The end of another word (`climax 3`).
    if before.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && ahead.ends_with(|letter: char| letter.is_ascii_alphabetic())
    {
        return None;
    }
    let rest = rest.trim_start_matches(['[', '(', ' ', '=', ':']);
    let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != ',').unwrap_or(rest.len());
    let digits = rest[..end].trim_end_matches(',');
    // A comma stands before three digits, or is a decimal one.
    if digits.split(',').skip(1).any(|group| group.len() != 3) {
        return None;
    }
    let number: u64 = digits.replace(',', "").parse().ok().filter(|number| *number > 0)?;
    number.checked_mul(bytes_each(&rest[digits.len()..])?)
}

/// How many bytes each of what was counted is, by what stands behind the number; none where these are no bytes (`5
/// seconds`, `3 attachments`, `10 KB/s`), or where the number goes on (`1.5 MB`, `64 000`, `1e6`).
fn bytes_each(behind: &str) -> Option<u64> {
    let mut letters = behind.chars();
    if let (Some('.' | '_' | '\'' | ' '), Some('0'..='9')) = (letters.next(), letters.next()) {
        return None;
    }
    let behind = behind.trim_start();
    let end = behind.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(behind.len());
    let (unit, after) = behind.split_at(end);
    let after = after.trim_start();
    if after.starts_with(['/', '%']) || after.starts_with("per ") {
        return None;
    }
    match unit {
        "" | "b" | "byte" | "bytes" | "octets" => Some(1),
        // No unit: the sentence goes on.
        "has" | "was" | "is" | "exceeded" | "reached" | "allowed" | "but" | "and" | "for" => Some(1),
        "k" | "kb" | "kib" => Some(1 << 10),
        "m" | "mb" | "mib" => Some(1 << 20),
        "g" | "gb" | "gib" => Some(1 << 30),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_library_tell_it_and_its_limit() {
        for (reason, limit, library) in [
            ("frame with 3000 bytes exceeds limit of 1000 bytes", Some(1000), "python websockets"),
            ("frame exceeds limit of 1048576 bytes", Some(1 << 20), "python websockets"),
            ("frame with 900 bytes after reading 500 exceeds limit of 1000 bytes", Some(1000), "python websockets"),
            ("over size limit (3000 > 1000 bytes)", Some(1000), "python websockets"),
            ("read limited at 32769 bytes", Some(32_768), "coder/websocket"),
            ("Max frame length of 65536 has been exceeded.", Some(65_536), "Netty"),
            (
                "Text message too large: (actual) 70,000 > (configured max text message size) 65,536",
                Some(65_536),
                "Jetty",
            ),
            ("Message size [70000] exceeds maximum size [65536]", Some(65_536), "Jetty"),
            ("The decoded text message was too big for the output buffer and", None, "Tomcat"),
            ("Max payload size exceeded", None, "node ws"),
        ] {
            let found = told(reason).unwrap();
            assert_eq!((found.limit, found.library.map(|(name, ..)| name)), (limit, Some(library)), "{reason}");
        }
    }

    #[test]
    fn a_number_in_other_words_is_a_limit_of_nobody_in_particular() {
        for (reason, limit) in [
            ("Message size 3000 exceeds limit 1000", 1000),
            ("message exceeds limit of 64 KB", 65_536),
            ("limit is 1MiB", 1 << 20),
            ("too large (max 512 bytes)", 512),
            ("limit of 1000, got 2000", 1000),
            ("limit of 1000 exceeded.", 1000),
            ("maximum size 65,536.", 65_536),
        ] {
            let found = told(reason).unwrap();
            assert_eq!((found.limit, found.library.is_none()), (Some(limit), true), "{reason}");
        }
        for reason in [
            "",
            "too big",
            "limit of the plan",
            "max 99999999999999999999",
            "limit of 99999999999999 GB",
            // Numbers of something else, and such as are written in another way.
            "max 5 messages per second",
            "limit of 3 attachments",
            "max 100 characters",
            "limit is 5%",
            "limit: 5 seconds",
            "max 10 KB/s",
            "limit of 10 MB per minute",
            "climax 3",
            "limit of 1.5 MB",
            "limit of 1,5 MB",
            "maximum size 64 000 bytes",
            "max 65.536 bytes",
            "max 1_048_576",
            "limit of 1e6 bytes",
            "max 0x400",
            "limit of 10MBit",
            "limit of 0 bytes",
        ] {
            assert!(told(reason).is_none(), "{reason}");
        }
    }
}
