//! What was found wrong once: two ends that wait for each other, signals that a blocked output held up, output that was
//! lost in silence, runs without an end.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::keeper::Keeper;
use crate::support::raw::{self, TEXT};
use crate::support::{Server, wscope};
use crate::talk::{LIMIT, Talk, piped, without_input};

#[test]
fn a_peer_that_writes_before_it_reads_is_no_deadlock() {
    // More than both ends' buffers hold, in each direction.
    const COUNT: usize = 12_000;
    let keeper = Keeper::start(|_, mut ear| {
        let frame = raw::frame(TEXT, &[b'p'; 1000]);
        for _ in 0..COUNT {
            ear.write(&frame);
        }
        ear.listen();
    });
    let line = "m".repeat(999) + "\n";
    let ran = piped(line.repeat(COUNT).as_bytes(), &[&keeper.url()]);
    ran.assert(0, &["12000 sent, 12000 received"]);
    assert_eq!(ran.stdout.len(), COUNT * 1001);
}

#[test]
fn a_signal_is_obeyed_while_nobody_reads_stdout() {
    let (sender, is_full) = mpsc::channel();
    let keeper = Keeper::start(move |_, mut ear| {
        let frame = raw::frame(TEXT, &[b'p'; 65_536]);
        ear.stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
        while ear.stream.write_all(&frame).is_ok() {}
        let _ = sender.send(());
    });
    let args = ["--close-timeout", "1s", &keeper.url()];
    let mut talk = Talk::with(Stdio::null(), &args);
    is_full.recv_timeout(LIMIT).expect("it stands still");
    talk.signal("TERM");
    talk.tells("terminated");
    assert_eq!(talk.finish().code, 143);
}

#[test]
fn what_cannot_be_written_fails_the_run_on_every_road() {
    let keeper = Keeper::echo();
    let url = keeper.url();
    for args in [vec!["-1", "--record", "/dev/full"], vec!["-1", "--json"], vec!["-1"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = wscope();
        command.arg("connect").args(&args).args(["-x", "a", &url]).stdin(Stdio::null()).stderr(Stdio::piped());
        let stdout = if args.len() == 3 { Stdio::piped() } else { Stdio::from(full) };
        let ran = command.stdout(stdout).output().unwrap();
        assert_eq!(ran.status.code(), Some(1), "{args:?}: {}", String::from_utf8_lossy(&ran.stderr));
    }
}

#[test]
fn a_record_does_not_wait_for_a_reader_of_its_fifo() {
    let folder = std::env::temp_dir().join(format!("wscope-found-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let fifo = folder.join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let ran = without_input(&["--record", &fifo.display().to_string(), "ws://127.0.0.1:1/"]);
    std::fs::remove_dir_all(&folder).unwrap();
    ran.assert(2, &["error: --record: cannot write"]);
}

#[test]
fn one_message_that_does_not_come_is_a_failure() {
    let keeper = Keeper::listener();
    let ran = piped(b"hi\n", &["-1", "-w", "200ms", &keeper.url()]);
    ran.assert(1, &["no message came"]);
}

#[test]
fn a_pipe_that_has_said_all_is_left_though_the_server_drops_before_the_wait_is_over() {
    let server = Server::start(&["127.0.0.1:0", "--fault", "fin@200ms"]);
    let args = ["--reconnect", "--reconnect-delay", "50ms", "--min-uptime", "0", "-w", "700ms", &server.url];
    let ran = piped(b"a\nb\n", &args);
    ran.assert(0, &["connected again", "closed 1000 by us"]);
    assert_eq!(ran.text(), "a\nb\n");
}

#[test]
fn the_end_of_a_message_that_never_came_is_no_good_end() {
    let keeper = Keeper::after_a_message(|mut ear| {
        ear.write(&raw::frame(TEXT & 0x7f, b"half of the answer"));
        ear.close(1000, "");
    });
    piped(b"hi\n", &[&keeper.url()]).assert(20, &["dropped"]);
}

#[test]
fn each_command_is_in_exactly_one_class() {
    let keeper = Keeper::echo();
    let commands =
        "{\"ping\":\"\"}\n{\"send\":\"a\"}\n{\"ping\":\"p\"}\n{\"close\":{\"code\":4000}}\n{\"send\":\"never\"}\n";
    let ran = piped(commands.as_bytes(), &["--commands", "--json", &keeper.url()]);
    assert_eq!(ran.code, 0);
    let events = ran.events();
    let lines = events.one("lines");
    let told = (lines["sent"].as_u64(), lines["acknowledged"].as_u64(), lines["first_unsent"].as_u64());
    assert_eq!(told, (Some(4), Some(4), Some(5)), "{lines}");
}
