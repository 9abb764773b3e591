//! Many clients: at the limit of open files, and all ended in the same instant.

use std::io::{ErrorKind, Read};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::client::{self, Client};
use crate::server::Served;
use crate::support::raw::CLOSE;
use crate::support::{is_slow, signal};

/// The number of `ulimit WHICH -n`; none for no limit.
fn limit(which: &str) -> Option<usize> {
    let output = Command::new("sh").args(["-c", &format!("ulimit {which} -n")]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().ok()
}

/// Can this process, and a server, hold so many connections?
fn has_room_for(clients: usize) -> bool {
    let room = ["-S", "-H"].into_iter().all(|which| limit(which).is_none_or(|limit| limit > clients + 200));
    if !room {
        println!("SKIPPED: this machine's limit of open files is too low for {clients} clients");
    }
    room
}

fn open_many(server: &Served, count: usize) -> Vec<Client> {
    let address = server.address();
    (0..count).map(|_| Client::open(&address, "/")).collect()
}

#[test]
fn the_soft_limit_of_open_files_is_raised_and_told() {
    if !has_room_for(400) {
        return;
    }
    let mut server = Served::below_shell("ulimit -S -n 256", &[]);
    server.tells("open files: 256 raised to ");
    let mut clients = open_many(&server, 400);
    for client in &mut clients {
        client.echo("here");
    }
}

#[test]
fn at_the_hard_limit_those_who_are_there_are_served_and_others_once_some_left() {
    let server = Served::below_shell("ulimit -n 64", &[]);
    let mut clients = open_many(&server, 30);
    // More than there can be. Whether they are turned away or wait is the server's choice.
    let waiting: Vec<_> = (0..100).map(|_| client::connect(&server.address())).collect();
    for _ in 0..3 {
        for client in &mut clients {
            client.echo("still here");
        }
    }
    drop(waiting);
    for client in clients.drain(..20) {
        client.close(1000);
    }
    let mut newcomers = open_many(&server, 20);
    for client in newcomers.iter_mut().chain(&mut clients) {
        client.echo("there is room again");
    }
}

/// As many as are held on a small machine in the long form, fewer otherwise.
#[test]
fn kick_all_ends_every_client_in_the_same_instant() {
    let count = if is_slow() { 1000 } else { 200 };
    if !has_room_for(count) {
        return;
    }
    let server = Served::start(&["-q"]);
    let mut clients = open_many(&server, count);
    clients.push(Client::open(&server.address(), "/fault/kick-all@1s"));
    let told = when_told(clients);
    let (first, last) = (told.iter().min().unwrap(), told.iter().max().unwrap());
    let spread = last.duration_since(*first);
    println!("{} clients told within {spread:?}", told.len());
    assert_eq!(told.len(), count + 1);
    if is_slow() {
        assert!(spread < Duration::from_millis(100), "{spread:?}");
    }
}

/// When the first byte of a Close came to each.
fn when_told(mut clients: Vec<Client>) -> Vec<Instant> {
    let begun = Instant::now();
    for client in &clients {
        client.stream.set_nonblocking(true).unwrap();
    }
    let mut told = Vec::new();
    while !clients.is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{} clients were never told", clients.len());
        clients.retain_mut(|client| {
            let waits = is_waiting(client);
            if !waits {
                told.push(Instant::now());
            }
            waits
        });
        // Waking up every millisecond measures no worse, and leaves the processor to the server.
        thread::sleep(Duration::from_millis(1));
    }
    told
}

fn is_waiting(client: &mut Client) -> bool {
    let mut byte = [0];
    match client.stream.read(&mut byte) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => true,
        Ok(1) => {
            assert_eq!(byte[0], CLOSE, "a Close frame");
            false
        }
        other => panic!("neither a byte nor a wait: {other:?}"),
    }
}

#[test]
fn kick_all_with_a_code_of_its_own_is_told_in_the_log() {
    let mut server = Served::start(&[]);
    let mut others = open_many(&server, 3);
    let mut kicker = Client::open(&server.address(), "/fault/kick-all=1012");
    for client in others.iter_mut().chain([&mut kicker]) {
        assert_eq!(client.closed().code, Some(1012));
    }
    Client::open(&server.address(), "/").echo("who comes later stays");
    server.tells("#1 fault");
    server.tells("#4 fault");
}

/// A stopped server takes nobody; when it goes on, all who came meanwhile are served.
#[test]
fn clients_who_came_while_it_was_stopped_are_served() {
    let server = Served::start(&[]);
    signal::stop(server.id());
    let address = server.address();
    let waiting: Vec<_> = (0..50)
        .map(|_| {
            let address = address.clone();
            thread::spawn(move || Client::open(&address, "/").echo("late"))
        })
        .collect();
    signal::go_on(server.id());
    for client in waiting {
        client.join().expect("it is served");
    }
}
