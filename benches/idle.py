#!/usr/bin/env python3
"""Memory of idle clients: 10 000 held by `wscope serve` with heartbeats, then by websocat and node ws without.

Run it after `cargo build --release`; it builds benches/echo.rs, and what is missing of the peers is installed below
target/bench-peers. Goals: 12 KiB of resident memory for each client, none dropped, each heartbeat answered; and 1000
clients that are kicked out all at once hear of it within 100 ms of each other.
"""

import argparse
import contextlib
import functools
import json
import re
import subprocess
import sys
import threading
import time

import servers

KIB_GOAL = 12.0
KICK_CLIENTS = 1000
KICK_GOAL_MS = 100.0
HEARTBEAT_S = 5
# Without heartbeats: so long the clients are held before memory is read.
SETTLE_S = 3
OPEN_WAIT_S = 120


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=10_000)
    parser.add_argument("--server-cpu", type=int, default=0)
    parser.add_argument("--load-cpu", type=int, default=1)
    parser.add_argument("--only", action="append", help="measure this server only (repeat)")
    parser.add_argument("--no-install", action="store_true", help="do without the peers that are not there")
    return parser.parse_args()


class Held:
    """The clients: a process whose lines are read as they come."""

    def __init__(self, asked, address):
        command = ["taskset", "-c", str(asked.load_cpu), servers.echo_binary(), "hold", address, "/"]
        command += ["--clients", str(asked.clients), "--answer-pings"]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.changed = threading.Condition()
        self.held, self.open, self.pings, self.ended, self.last = False, 0, 0, False, "no word"
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            numbers = re.match(r"open (\d+) pings (\d+)", line)
            with self.changed:
                self.last = line.strip()
                self.held = self.held or line.startswith("held ")
                if numbers:
                    self.open, self.pings = int(numbers[1]), int(numbers[2])
                self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def wait(self, until, seconds):
        with self.changed:
            self.changed.wait_for(lambda: self.ended or until(self), timeout=seconds)
            return until(self)

    def close(self):
        self.process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=10)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def resident_kib(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii", errors="replace") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1])


def idle(asked, server, beats):
    """KiB of each client, or None; with `beats`, after two heartbeats that each of them must answer."""
    try:
        with servers.running(server, asked.server_cpu) as (process, address):
            time.sleep(0.5)
            before = resident_kib(process)
            held = Held(asked, address)
            try:
                return hold(asked, server, beats, (process, before), held)
            finally:
                held.close()
    except servers.Absent as why:
        print(f"{server.name}: {why}")
        return None


def hold(asked, server, beats, seen, held):
    process, before = seen
    began = time.monotonic()
    if not held.wait(lambda held: held.held, OPEN_WAIT_S):
        print(f"{server.name}: not all {asked.clients} clients are open: {held.last}")
        return None
    opening = time.monotonic() - began
    answered = None
    if beats:
        # Early clients beat sooner than late ones, so the count alone shows no second beat of the last to open.
        time.sleep(2 * HEARTBEAT_S + 1)
        answered = held.wait(lambda held: held.pings >= 2 * asked.clients, 2 * HEARTBEAT_S)
    else:
        time.sleep(SETTLE_S)
    held.wait(lambda held: False, 1.5)
    after = resident_kib(process)
    each, dropped = (after - before) / asked.clients, asked.clients - held.open
    print(
        f"{server.name:10} {each:6.1f} KiB each ({before / 1024:.1f} to {after / 1024:.1f} MiB), "
        f"{dropped} dropped, {held.pings} pings answered, opened in {opening:.1f} s"
    )
    if answered is False:
        print(f"  fewer than two heartbeats of each client in {4 * HEARTBEAT_S + 1} s")
        return None
    return each if dropped == 0 else None


def kick(asked, server):
    """True if all hear of it in time."""
    clients = str(KICK_CLIENTS)
    try:
        with servers.running(server, asked.server_cpu) as (_, address):
            command = ["taskset", "-c", str(asked.load_cpu), servers.echo_binary(), "kick", address]
            command += ["/fault/kick-all@2s", "--clients", clients]
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except (servers.Absent, subprocess.TimeoutExpired) as why:
        print(f"kick-all   not shown: {why}")
        return False
    if done.returncode != 0:
        print(f"kick-all   not shown: {(done.stderr.strip().splitlines() or ['no word'])[-1]}")
        return False
    seen = json.loads(done.stdout)
    good = seen["told"] == seen["clients"] and seen["first_to_last_ms"] <= KICK_GOAL_MS
    print(
        f"kick-all   {seen['told']} of {seen['clients']} told within {seen['first_to_last_ms']:.1f} ms of each other; "
        f"goal all within {KICK_GOAL_MS:.0f} ms: {verdict(good)}"
    )
    return good


def verdict(good):
    return "within" if good else "SHORT"


def wscope_with_heartbeat():
    """Wscope as it is to be measured, and whether it knows heartbeats of a server."""
    known = "--heartbeat" in servers.output([servers.WSCOPE, "serve", "--help"])
    beats = [f"--heartbeat={HEARTBEAT_S}s", f"--heartbeat-timeout={HEARTBEAT_S}s"] if known else []
    return servers.wscope(*beats), known


def measure_wscope(asked):
    try:
        server, beats = wscope_with_heartbeat()
    except (servers.Absent, OSError) as why:
        print(f"ABSENT wscope: {why}")
        return False
    print(f"  {server.name:10} {server.version:24} {server.shown()}")
    if not beats:
        print("  it knows no --heartbeat: measured without, so the goal of the heartbeats is not shown")
    each = idle(asked, server, beats)
    good = each is not None and each <= KIB_GOAL and beats
    print(f"goal at most {KIB_GOAL:g} KiB each, none dropped, two heartbeats of each answered: {verdict(good)}")
    kicked = kick(asked, servers.wscope())
    return good and kicked


def main():
    asked = arguments()
    limit = servers.raise_open_files()
    print(servers.machine())
    print(f"{asked.clients} clients; server on CPU {asked.server_cpu}, clients on CPU {asked.load_cpu}")
    print(f"open files at most {limit}")
    if limit < asked.clients + 100:
        sys.exit(f"the hard limit of open files is too low for {asked.clients} clients")
    good = True
    if not asked.only or "wscope" in asked.only:
        good = measure_wscope(asked)
    install = not asked.no_install
    makers = [
        ("websocat", functools.partial(servers.websocat, install)),
        ("node ws", functools.partial(servers.node_ws, install)),
    ]
    for server in servers.found([maker for maker in makers if not asked.only or maker[0] in asked.only]):
        print(f"  {server.name:10} {server.version:24} {server.shown()}")
        idle(asked, server, beats=False)
    sys.exit(0 if good else 1)


main()
