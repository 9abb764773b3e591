//! When a pipe is left, and at which pace it goes until then: a number of messages, a reader that went away, a time
//! limit, pauses, answers waited for.

use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

use crate::keeper::{self, Keeper, close_body, texts};
use crate::support::raw::CLOSE;
use crate::talk::{Talk, piped, without_input};

/// Says three messages at once, whatever comes.
fn chatty() -> Keeper {
    Keeper::start(|_, mut ear| {
        for text in ["one", "two", "three"] {
            ear.say(true, text.as_bytes());
        }
        ear.listen();
    })
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let keeper = Keeper::start(|_, mut ear| {
        // Talks until it is told to stop.
        while ear.is_quiet_for(Duration::from_millis(20)) {
            ear.say(true, b"and on");
        }
        ear.listen();
    });
    let mut talk = Talk::start(&[&keeper.url()]);
    assert_eq!(talk.line_and_gone(), "and on");
    let ran = talk.finish();
    ran.assert(0, &["closed 1000 by us, answered"]);
    for word in ["error", "failed", "roken"] {
        assert!(!ran.stderr.contains(word), "{}", ran.stderr);
    }
    assert_eq!(keeper.messages(), (Vec::new(), close_body(1000, "")));
}

#[test]
fn it_leaves_after_so_many_messages() {
    let table: [(&[&str], &str); 2] = [(&["-1"], "one\n"), (&["--max-messages", "2"], "one\ntwo\n")];
    for (args, expected) in table {
        let keeper = chatty();
        let url = keeper.url();
        let ran = Talk::start(&[args, &[url.as_str()]].concat()).finish();
        ran.assert(0, &["closed 1000 by us, answered"]);
        assert_eq!(ran.text(), expected);
        assert_eq!(keeper.messages(), (Vec::new(), close_body(1000, "")));
    }
}

#[test]
fn lines_go_out_with_a_pause_between_them() {
    let (sender, arrivals) = mpsc::channel();
    let keeper = Keeper::start(move |_, mut ear| {
        while ear.message().is_some() {
            let _ = sender.send(Instant::now());
        }
        ear.end();
    });
    piped(b"1\n2\n3\n", &["-w", "0", "--delay", "300ms", &keeper.url()]).assert(0, &["3 sent"]);
    assert_eq!(keeper.messages().0, texts(&["1", "2", "3"]));
    let times: Vec<Instant> = arrivals.try_iter().collect();
    let took = times[2] - times[0];
    // Two pauses, less what the first line was late.
    assert!(took > Duration::from_millis(400), "{took:?}");
}

#[test]
fn in_lockstep_a_line_waits_for_an_answer() {
    let keeper = Keeper::start(|_, mut ear| {
        while ear.message().is_some() {
            let early = !ear.is_quiet_for(Duration::from_millis(150));
            ear.say(true, if early { b"early" } else { b"alone" });
        }
        ear.end();
    });
    let ran = piped(b"1\n2\n3\n", &["--lockstep", "--max-messages", "3", &keeper.url()]);
    ran.assert(0, &["3 sent, 3 received"]);
    assert_eq!(ran.text(), "alone\nalone\nalone\n");
    assert_eq!(keeper.messages().0, texts(&["1", "2", "3"]));
}

#[test]
fn each_message_goes_back_with_echo() {
    let keeper = Keeper::start(|_, mut ear| {
        ear.say(true, b"a");
        ear.say(false, &[1, 10, 2]);
        for _ in 0..2 {
            ear.message();
        }
        ear.close(1000, "");
    });
    let ran = without_input(&["--echo", &keeper.url()]);
    ran.assert(0, &["closed by the server with 1000 Normal Closure; 2 sent, 2 received"]);
    assert_eq!(ran.stdout, b"a\n\x01\x0a\x02");
    assert_eq!(keeper.messages().0, [(true, b"a".to_vec()), (false, vec![1, 10, 2])]);
}

#[test]
fn our_close_says_what_is_asked_for() {
    let keeper = Keeper::listener();
    let url = keeper.url();
    let args = ["-w", "0", "--close-code", "4000", "--close-reason", "done here", &url];
    piped(b"x\n", &args).assert(0, &["closed 4000 by us, answered"]);
    assert_eq!(keeper.messages(), (texts(&["x"]), close_body(4000, "done here")));
}

#[test]
fn the_time_limit_bounds_everything() {
    let keeper = chatty();
    let ran = Talk::start(&["--timeout", "1s", &keeper.url()]).finish();
    ran.assert(124, &["stopped: ", "(exit 124)"]);
    assert_eq!(ran.text(), "one\ntwo\nthree\n", "what came is not lost");
    assert!(ran.took >= Duration::from_secs(1), "{:?}", ran.took);
}

#[test]
fn an_empty_input_listens_and_says_so() {
    let (go, going) = mpsc::channel::<()>();
    let going = Mutex::new(going);
    let keeper = Keeper::start(move |_, mut ear| {
        let _ = going.lock().unwrap().recv();
        ear.say(true, b"news");
        ear.close(1000, "");
    });
    let mut talk = Talk::start(&[&keeper.url()]);
    talk.end_input();
    talk.tells("stdin is empty: listening until the server closes");
    // Longer than it waits for an answer to something.
    talk.is_quiet_for(Duration::from_millis(1500));
    go.send(()).unwrap();
    let ran = talk.finish();
    ran.assert(0, &["closed by the server with 1000 Normal Closure; 0 sent, 1 received"]);
    assert_eq!(ran.text(), "news\n");
}

#[test]
fn an_empty_input_is_no_listener_when_a_time_is_given() {
    let keeper = Keeper::listener();
    let ran = without_input(&["-w", "0", &keeper.url()]);
    ran.assert(0, &["closed 1000 by us, answered; 0 sent, 0 received"]);
    assert!(!ran.stderr.contains("listening"), "{}", ran.stderr);
    assert_eq!(keeper.messages(), (Vec::new(), close_body(1000, "")));
}

#[test]
fn quiet_says_only_why_it_failed() {
    let keeper = Keeper::echo();
    let well = piped(b"x\n", &["-q", "-1", &keeper.url()]);
    assert_eq!((well.code, well.text().as_str(), well.stderr.as_str()), (0, "x\n", ""));
    let failing = Keeper::after_a_message(|ear| ear.close(1011, "worker crashed"));
    let ran = Talk::start(&["-q", "-x", "hi", &failing.url()]).finish();
    ran.assert(21, &["dropped: the server closed with 1011 Internal Error, \"worker crashed\""]);
    assert!(!ran.stderr.contains("connected"), "{}", ran.stderr);
}

#[test]
fn a_single_line_leaves_at_once() {
    let keeper = Keeper::echo();
    let mut talk = Talk::start(&[&keeper.url()]);
    for line in ["one", "two", "three"] {
        talk.say(format!("{line}\n").as_bytes());
        assert_eq!(talk.line(), line, "stdin is open, and nothing waits for its end");
    }
    talk.end_input();
    talk.finish().assert(0, &["3 sent, 3 received"]);
    let frames = keeper.frames();
    assert_eq!(keeper::messages(&frames), texts(&["one", "two", "three"]));
    assert_eq!(frames.last().map(|(first, _)| *first), Some(CLOSE));
}
