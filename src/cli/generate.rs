//! The completions of every shell and the man page, made from the command line as it is.
//!
//! Owns their layout. `completions/` holds what is made here; `tests/house.rs` proves it fresh. Writes no file.

use std::io::{self, Write};

use clap::{Command, CommandFactory, ValueEnum};
use clap_complete::{Generator, Shell};
use clap_mangen::Man;

use super::Words;
use crate::event::Exit;

/// The completion script of a shell.
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Words::command(), NAME, &mut script);
    script
}

/// The man page, section 1, all commands in the one page.
pub fn man() -> Vec<u8> {
    let mut page = Vec::new();
    write_page(&mut page).expect("memory takes what is written");
    page
}

/// Every file of `completions/`: name and content.
pub fn files() -> Vec<(String, Vec<u8>)> {
    let scripts = Shell::value_variants().iter().map(|shell| (shell.file_name(NAME), completions(*shell)));
    scripts.chain([(format!("{NAME}.1"), man())]).collect()
}

fn write_page(page: &mut Vec<u8>) -> io::Result<()> {
    let mut command = Words::command();
    command.build();
    let top = Man::new(command.clone());
    top.render_title(page)?;
    top.render_name_section(page)?;
    top.render_synopsis_section(page)?;
    top.render_description_section(page)?;
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        write_command(page, sub)?;
    }
    write_exit_codes(page)
}

/// One command as a section; its own sections become subsections, its examples stand as they are.
fn write_command(page: &mut Vec<u8>, command: &Command) -> io::Result<()> {
    let mut sections = Vec::new();
    let man = Man::new(command.clone());
    man.render_synopsis_section(&mut sections)?;
    man.render_description_section(&mut sections)?;
    man.render_options_section(&mut sections)?;
    let title = command.get_bin_name().unwrap_or(NAME).to_uppercase();
    writeln!(page, ".SH \"{title}\"")?;
    for line in String::from_utf8_lossy(&sections).lines() {
        match line.strip_prefix(".SH ") {
            Some(heading) => writeln!(page, ".SS {heading}")?,
            None => writeln!(page, "{line}")?,
        }
    }
    let Some(examples) = command.get_after_help() else {
        return Ok(());
    };
    writeln!(page, ".SS EXAMPLES\n.nf")?;
    for line in examples.to_string().lines().skip(1) {
        writeln!(page, "{}", escaped(line.trim()))?;
    }
    writeln!(page, ".fi")
}

fn write_exit_codes(page: &mut Vec<u8>) -> io::Result<()> {
    writeln!(page, ".SH \"EXIT STATUS\"\nThe first thing that went wrong decides.")?;
    for exit in Exit::ALL {
        writeln!(page, ".TP\n\\fB{}\\fR\n{}", exit.code(), escaped(exit.meaning()))?;
    }
    Ok(())
}

/// `text` as a line of roff: nothing in it is read as a request.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq");
    if text.starts_with('.') { format!("\\&{text}") } else { text }
}

const NAME: &str = "wscope";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_shell_has_a_script_and_there_is_a_man_page() {
        let names: Vec<String> = files().into_iter().map(|(name, _)| name).collect();
        for name in ["wscope.bash", "_wscope", "wscope.fish", "_wscope.ps1", "wscope.elv", "wscope.1"] {
            assert!(names.iter().any(|other| other == name), "{name} is missing in {names:?}");
        }
    }

    #[test]
    fn a_script_knows_the_commands_and_their_flags() {
        let script = String::from_utf8(completions(Shell::Bash)).unwrap();
        assert!(script.contains("--heartbeat-preset"));
        assert!(script.contains("explain"));
    }

    #[test]
    fn the_man_page_has_every_command_and_every_exit_code() {
        let page = String::from_utf8(man()).unwrap();
        for heading in [".SH \"WSCOPE PROBE\"", ".SH \"WSCOPE SERVE\"", ".SH \"WSCOPE EXPLAIN\"", ".SH \"EXIT STATUS\""]
        {
            assert!(page.contains(heading), "{heading} is missing");
        }
        for exit in Exit::ALL {
            assert!(page.contains(&format!("\\fB{}\\fR", exit.code())), "exit {} is missing", exit.code());
        }
        assert!(!page.contains("WSCOPE MAN"));
    }

    #[test]
    fn a_line_of_text_is_no_request_of_roff() {
        assert_eq!(escaped(".nf -x 'a'"), "\\&.nf \\-x \\(aqa\\(aq");
    }
}
