//! The last block of a probe: verdict, findings, phases, hint, an empty line between (SCREENS rules 1, 2 and 7). Owns
//! their order and what is left out; the parts are made in `finding` and `phases`.

use crate::event::{Exit, Judged};
use crate::report::human::ProbeScreen;
use crate::report::human::finding::indented;
use crate::report::human::lines::{Lines, Tone, WIDTH};
use crate::report::safe;

impl ProbeScreen {
    /// The verdict is known: says all that is to be said of this URL.
    pub(super) fn judge(&mut self, judged: &Judged) {
        let width = if self.plan.quiet { usize::MAX } else { WIDTH };
        let verdict = verdict_lines(&self.lines, judged, width);
        if self.plan.quiet {
            if judged.exit != Exit::Healthy {
                self.lines.plain(&verdict);
            }
            return;
        }
        // A long run told its phases as they came; one that never was open has told nothing yet.
        let whole = !self.plan.live || self.facts.opened_at.is_none();
        let mut sections = vec![verdict];
        sections.extend(self.findings.sections(self.plan.verbosity > 0, |text, tone| self.lines.paint(text, tone)));
        if whole {
            sections.push(self.facts.rows());
        }
        sections.extend(self.facts.tables());
        if whole {
            sections.push(self.hint(judged).map(|hint| vec![self.lines.dim(&hint)]).unwrap_or_default());
        }
        sections.retain(|section| !section.is_empty());
        self.lines.block(&sections);
    }

    /// The one line that says how to learn more: only for a person.
    fn hint(&self, judged: &Judged) -> Option<String> {
        if !self.plan.terminal {
            return None;
        }
        if let Some(finding) = self.findings.first() {
            return Some(format!("more on this: wscope explain {}", finding.code));
        }
        let deeper = match self.plan.verbosity {
            0 => "headers with -v, frames with -vv, a longer look with --hold 2m",
            1 => "frames with -vv, a longer look with --hold 2m",
            _ => "a longer look with --hold 2m",
        };
        (judged.exit == Exit::Healthy).then(|| format!("no findings; {deeper}"))
    }
}

/// `REFUSED  wss://chat.example.com/ws   HTTP 426 Upgrade Required   (exit 15)`; a long fact goes on a second line.
fn verdict_lines(lines: &Lines, judged: &Judged, width: usize) -> Vec<String> {
    let word = judged.exit.word();
    let opening = format!("{word}  {}", safe::text(&judged.url));
    let mut fact = safe::text(&judged.fact);
    if judged.exit != Exit::Healthy {
        fact.push_str(&format!("   (exit {})", judged.exit.code()));
    }
    let whole = format!("{opening}   {fact}");
    let mut verdict = if whole.chars().count() <= width {
        vec![whole]
    } else {
        let mut broken = vec![opening];
        broken.extend(indented(&fact, "  ", "  "));
        broken
    };
    if let Some(first) = verdict.first_mut() {
        first.replace_range(..word.len(), &lines.paint(word, tone(judged.exit)));
    }
    verdict
}

fn tone(exit: Exit) -> Tone {
    match exit {
        Exit::Healthy => Tone::Good,
        Exit::TimeUsedUp | Exit::Interrupted | Exit::Terminated => Tone::Warn,
        _ => Tone::Bad,
    }
}
