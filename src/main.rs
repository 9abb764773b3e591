//! The program: from the command line to the exit code. Owns the runtime (one thread: start-up, memory, steady stamps) and
//! the last line of defence against a fault of our own; everything else is in the library.

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use wscope::cli::{self, Parsed, Usage, connect_plan, generate, plan, serve_plan};
use wscope::cmd::{connect, probe, serve};
use wscope::diagnose::explain;
use wscope::event::Exit;
use wscope::report::{redact, sink};

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|info| {
        let file = |path: &str| path.rsplit('/').next().unwrap_or_default().to_string();
        let place = info.location().map(|place| format!(" at {}:{}", file(place.file()), place.line()));
        let place = place.unwrap_or_default();
        sink::plain_error(&format!("error: a fault of wscope's own{place}; please report it\n"));
    }));
    let exit = catch_unwind(AssertUnwindSafe(|| run(std::env::args_os().collect()))).unwrap_or(Exit::OwnFault);
    ExitCode::from(exit.code())
}

fn run(args: Vec<OsString>) -> Exit {
    let words: Vec<String> = args.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let command = redact::command_line(&words);
    match cli::parse(args) {
        Ok(Parsed::Connect(args)) => match connect_plan::plan(&args, command) {
            Ok(plan) => block_on(connect::run(plan)),
            Err(fact) => refuse(&Usage::new("connect", &fact)),
        },
        Ok(Parsed::Probe(args)) => match plan::probe(&args, command) {
            Ok(plan) => block_on(probe::run(plan)),
            Err(fact) => refuse(&Usage::new("probe", &fact)),
        },
        Ok(Parsed::Serve(args)) => match serve_plan::serve(&args, command) {
            Ok(plan) => block_on(serve::run(plan)),
            Err(fact) => refuse(&Usage::new("serve", &fact)),
        },
        Ok(Parsed::Explain { word, product }) => explain(&word, product.as_deref()),
        Ok(Parsed::Completions { shell }) => print(&generate::completions(shell)),
        Ok(Parsed::Man) => print(&generate::man()),
        Ok(Parsed::Text(text)) => print(text.as_bytes()),
        Err(usage) => refuse(&usage),
    }
}

fn explain(word: &str, product: Option<&str>) -> Exit {
    if word.trim().is_empty() && product.is_none() {
        return print(explain::contents().as_bytes());
    }
    if let Some(product) = product {
        return match explain::explain_for(word, product) {
            Ok(text) => print(text.as_bytes()),
            Err(fact) => refuse(&Usage::new("explain", &fact)),
        };
    }
    if let Some(text) = explain::explain(word) {
        return print(text.as_bytes());
    }
    let near = explain::nearest(word);
    let near = if near.is_empty() { String::new() } else { format!("; near to it: {}", near.join(", ")) };
    let expected = "expected a finding's code, a close code, a status, a product, a setting or another known word";
    let fact = format!("{expected}, got {}{near}", cli::values::shown(word));
    refuse(&Usage { text: format!("error: {fact}\nwscope explain lists every word") })
}

fn print(bytes: &[u8]) -> Exit {
    if sink::plain_output(bytes) { Exit::Healthy } else { Exit::Failed }
}

fn refuse(usage: &Usage) -> Exit {
    sink::plain_error(&format!("{}\n", usage.text));
    Exit::Usage
}

fn block_on(work: impl Future<Output = Exit>) -> Exit {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else {
        sink::plain_error("error: the runtime cannot start: no descriptors or no threads are left\n");
        return Exit::OwnFault;
    };
    let tasks = tokio::task::LocalSet::new();
    let exit = tasks.block_on(&runtime, work);
    drop(tasks);
    // A name look-up cannot be cancelled: its thread must not keep the process.
    runtime.shutdown_background();
    exit
}
