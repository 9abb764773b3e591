//! The account for a person, as the end of a pipe prints it. Owns its sentences and their width; who asks and where
//! they stand is the caller's.

use crate::event::show::count;
use crate::watch::ledger::Account;

/// The widest line less the two columns that the caller sets it in.
const WIDTH: usize = 94;

/// What became of the lines that were given, then what is left and what came.
pub(super) fn words(account: &Account, thing: &str, total: Option<u64>, received: u64) -> Vec<String> {
    let rest = format!("{}; {} received", left(account, thing, total), count(received, "message"));
    let mut told = Vec::new();
    if account.given() > 0 {
        fold(&sent(account, thing), &mut told);
    }
    fold(&rest, &mut told);
    told
}

/// `18 lines sent, 16 of them acknowledged by the next hop: 17 and 18 may be lost`
fn sent(account: &Account, thing: &str) -> String {
    let (given, acknowledged) = (account.given(), account.acknowledged);
    let sent = format!("{} sent", count(given, thing));
    let by = "acknowledged by the next hop";
    if account.unsure.is_empty() {
        let all = if given == 1 { "" } else { "all " };
        return format!("{sent}, {all}{by}");
    }
    // Where the kernel does not tell, "none acknowledged" would say too much.
    let safe = match (acknowledged, given) {
        (0, 1) => format!("not known to be {by}"),
        (0, _) => format!("none known to be {by}"),
        _ => format!("{acknowledged} of them {by}"),
    };
    let unsure = account.unsure.words();
    match account.unsure.lines() {
        1 => format!("{sent}, {safe}: {thing} {unsure} may be lost"),
        _ => format!("{sent}, {safe}: {unsure} may be lost"),
    }
}

/// `line 19 and all after it not sent`
fn left(account: &Account, thing: &str, total: Option<u64>) -> String {
    let first = account.first_unsent;
    match total {
        None => format!("{thing} {first} and all after it not sent"),
        Some(0) => format!("no {thing} to send"),
        Some(total) if total < first => format!("no {thing} left unsent"),
        Some(total) if total == first => format!("{thing} {first} not sent"),
        Some(total) if total == first + 1 => format!("{thing}s {first} and {total} not sent"),
        Some(total) => format!("{thing}s {first} to {total} not sent"),
    }
}

/// A long fact goes on in an indented second line.
fn fold(fact: &str, lines: &mut Vec<String>) {
    let mut line = String::new();
    for word in fact.split(' ') {
        if line.is_empty() {
            line.push_str(word);
            continue;
        }
        if line.len() + 1 + word.len() > WIDTH {
            lines.push(std::mem::replace(&mut line, format!("  {word}")));
            continue;
        }
        line.push(' ');
        line.push_str(word);
    }
    lines.push(line);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::ledger::ranges::{Range, Ranges};

    fn account(acknowledged: u64, unsure: &[(u64, u64)], first_unsent: u64) -> Account {
        let mut ranges = Ranges::default();
        for &(first, last) in unsure {
            ranges.push(Range { first, last, lines: last - first + 1 });
        }
        Account { acknowledged, unsure: ranges, first_unsent, is_blind: false }
    }

    #[test]
    fn a_drop_in_the_middle_is_told_as_on_the_screen() {
        let told = words(&account(16, &[(17, 18)], 19), "line", None, 16);
        assert_eq!(
            told,
            [
                "18 lines sent, 16 of them acknowledged by the next hop: 17 and 18 may be lost",
                "line 19 and all after it not sent; 16 messages received",
            ]
        );
    }

    #[test]
    fn what_was_sent_is_one_fact() {
        let none: &[(u64, u64)] = &[];
        for (acknowledged, unsure, fact) in [
            (18, none, "18 lines sent, all acknowledged by the next hop"),
            (1, none, "1 line sent, acknowledged by the next hop"),
            (17, &[(18, 18)][..], "18 lines sent, 17 of them acknowledged by the next hop: line 18 may be lost"),
            (0, &[(1, 18)][..], "18 lines sent, none known to be acknowledged by the next hop: 1 to 18 may be lost"),
            (0, &[(1, 1)][..], "1 line sent, not known to be acknowledged by the next hop: line 1 may be lost"),
        ] {
            assert_eq!(words(&account(acknowledged, unsure, 19), "line", None, 0)[0], fact);
        }
    }

    #[test]
    fn what_is_left_depends_on_where_the_input_ends() {
        for (total, fact) in [
            (None, "chunk 19 and all after it not sent; 1 message received"),
            (Some(18), "no chunk left unsent; 1 message received"),
            (Some(19), "chunk 19 not sent; 1 message received"),
            (Some(20), "chunks 19 and 20 not sent; 1 message received"),
            (Some(25), "chunks 19 to 25 not sent; 1 message received"),
        ] {
            assert_eq!(words(&account(18, &[], 19), "chunk", total, 1)[1], fact);
        }
    }

    #[test]
    fn nothing_sent_is_one_line() {
        let nothing = account(0, &[], 1);
        assert_eq!(words(&nothing, "line", None, 0), ["line 1 and all after it not sent; 0 messages received"]);
        assert_eq!(words(&nothing, "line", Some(0), 2), ["no line to send; 2 messages received"]);
    }

    #[test]
    fn a_long_fact_goes_on_in_a_second_line() {
        let many: Vec<(u64, u64)> = (1..10).map(|index| (index * 1_000_000, index * 1_000_000 + 4000)).collect();
        let told = words(&account(9_000_000, &many, 9_999_999), "line", None, 0);
        assert_eq!(told.len(), 4, "{told:?}");
        assert!(told.iter().all(|line| line.len() <= WIDTH), "{told:?}");
        assert!(told[1].starts_with("  to 2004000, "), "{told:?}");
        assert_eq!(told[2], "  lost");
    }
}
