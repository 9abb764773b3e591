#!/usr/bin/env python3
"""Echo on one core: wscope against websocat, node ws, socketify (uWebSockets) and bare tokio-tungstenite, in one run.

Run it after `cargo build --release`; it builds benches/echo.rs, and what is missing of the peers is installed below
target/bench-peers. Every server is alone on one CPU, the generator on another. Each round measures every server in
every case, the order turns round each time, and the medians of the rounds are compared. Goals: with small messages 1.5
times the best of all others; with messages of 1 MB 0.9 times bare tokio-tungstenite and as much as the other peers.
"bare tungstenite" is the echo as it is usually written, a `send` for each reply. Fed in a loop and flushed only when the
input is drained it is what tungstenite can do at all, with nothing watched, counted or judged: shown, without a goal.
What the generator itself can do is measured with the `mirror`, which looks at no frame; "generator idle" is its time
without anything to read or to write. Anything else that runs on these CPUs spoils the numbers.
"""

import argparse
import dataclasses
import functools
import json
import os
import statistics
import subprocess
import sys

import servers


@dataclasses.dataclass
class Case:
    name: str
    size: int
    in_flight: int
    kind: str
    unit: str

    def value(self, seen):
        return seen["mb_per_second"] if self.unit == "MB/s" else seen["per_second"]


CASES = [
    Case("20 bytes, 64 in flight", 20, 64, "text", "messages/s"),
    Case("20 bytes, 1000 in flight", 20, 1000, "text", "messages/s"),
    Case("1000 bytes, 64 in flight", 1000, 64, "text", "messages/s"),
    Case("1 MB, 4 in flight", 1_000_000, 4, "binary", "MB/s"),
]
MIRROR = "generator's ceiling"
BARE = "bare tungstenite"
BARE_DRAINED = "bare, drained flush"
PEERS = ["websocat", "node ws", "socketify"]
SMALL_GOAL = 1.5
LARGE_GOAL_OF_BARE = 0.9
LARGE_GOAL_OF_PEERS = 1.0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of one measurement, after 0.3 s not counted")
    parser.add_argument("--server-cpu", type=int, default=0)
    parser.add_argument("--load-cpu", type=int, default=1)
    parser.add_argument("--only", action="append", help="measure this server only, beside the ceiling (repeat)")
    parser.add_argument("--no-install", action="store_true", help="do without the peers that are not there")
    parser.add_argument("--json", action="store_true", help="every measurement as a line of JSON, too")
    return parser.parse_args()


def load(asked, address, case):
    """What the generator saw, or why it saw nothing."""
    command = ["taskset", "-c", str(asked.load_cpu), servers.echo_binary(), "load", address, "/"]
    command += ["--size", str(case.size), "--in-flight", str(case.in_flight), "--seconds", str(asked.seconds)]
    if case.kind == "binary":
        command.append("--binary")
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=asked.seconds + 30)
    except subprocess.TimeoutExpired:
        return "no end after 30 s more than asked"
    if done.returncode != 0:
        return (done.stderr.strip().splitlines() or ["no word"])[-1]
    return json.loads(done.stdout)


def measure(asked, chosen):
    """From (server, case) to what each round saw; from the same to the last failure."""
    seen, failed = {}, {}
    for turn in range(asked.rounds):
        for server in chosen if turn % 2 == 0 else reversed(chosen):
            for kind in ("text", "binary"):
                one_server(asked, server, kind, seen, failed)
        print(f"round {turn + 1} of {asked.rounds} done", file=sys.stderr, flush=True)
    return seen, failed


def one_server(asked, server, kind, seen, failed):
    cases = [case for case in CASES if case.kind == kind]
    try:
        with servers.running(server, asked.server_cpu, kind) as (_, address):
            for case in cases:
                result = load(asked, address, case)
                if isinstance(result, str):
                    failed[server.name, case.name] = result
                    continue
                seen.setdefault((server.name, case.name), []).append(result)
                if asked.json:
                    print(json.dumps({"server": server.name, "case": case.name, **result}), flush=True)
    except servers.Absent as why:
        for case in cases:
            failed[server.name, case.name] = str(why)


def print_case(case, chosen, seen, failed):
    """The table of one case; from a server's name to its median."""
    print(f"\n{case.name}, {case.kind}, {case.unit}")
    medians = {}
    for server in chosen:
        results = seen.get((server.name, case.name), [])
        why = failed.get((server.name, case.name))
        if why is not None:
            print(f"  {server.name:20} FAILED: {why}")
        # A server that failed once has no number to be compared with.
        if why is not None or not results:
            continue
        values = sorted(case.value(result) for result in results)
        medians[server.name] = statistics.median(values)
        idle = statistics.median(result["generator_idle"] for result in results)
        spread = f"{values[0]:,.0f} to {values[-1]:,.0f}"
        print(f"  {server.name:20} {medians[server.name]:>12,.0f}   {spread:27} generator idle {idle:4.0%}")
    return medians


def judge(case, medians):
    """Prints the ratios that matter; true if all goals are met."""
    if "wscope" not in medians:
        print("  wscope was not measured")
        return False
    there = {name: medians[name] for name in [*PEERS, BARE] if name in medians}
    peers = {name: value for name, value in there.items() if name in PEERS}
    if case.unit == "messages/s":
        lines = [("all others", there, SMALL_GOAL), ("the peers", peers, None), (BARE, only(there, BARE), None)]
    else:
        bare, mine = only(there, BARE), LARGE_GOAL_OF_BARE
        lines = [(BARE, bare, mine), ("the peers", peers, LARGE_GOAL_OF_PEERS)]
    lines.append((BARE_DRAINED, only(medians, BARE_DRAINED), None))
    return all([ratio(medians["wscope"], *line) for line in lines])


def only(there, name):
    return {name: there[name]} if name in there else {}


def ratio(mine, label, others, goal):
    if not others:
        if goal is not None:
            print(f"  wscope / {label}: nothing to compare with; goal {goal}: NOT SHOWN")
        return goal is None
    best = max(others, key=others.get)
    named = f"the best of {label}, {best}" if len(others) > 1 else best
    value = mine / others[best]
    words = f"  wscope / {named}: {value:.2f}"
    if goal is None:
        print(words)
        return True
    print(f"{words}; goal {goal}: {'within' if value >= goal else 'SHORT'}")
    return value >= goal


def print_head(asked, chosen):
    print(servers.machine())
    print(f"load average at the start {os.getloadavg()[0]:.2f}")
    print(f"server on CPU {asked.server_cpu}, generator on CPU {asked.load_cpu}, one connection over loopback TCP")
    print(f"{asked.rounds} rounds of {asked.seconds:g} s each, medians, least to most")
    for server in chosen:
        print(f"  {server.name:20} {server.version:24} {server.shown()}")


def main():
    asked = arguments()
    install = not asked.no_install
    makers = [
        (MIRROR, functools.partial(servers.own, MIRROR, "mirror")),
        ("wscope", servers.wscope),
        (BARE, functools.partial(servers.own, BARE, "bare", "--flush-each")),
        (BARE_DRAINED, functools.partial(servers.own, BARE_DRAINED, "bare")),
        # A message larger than its buffer would be cut in two.
        ("websocat", functools.partial(servers.websocat, install, ["-B", "2000000"])),
        ("node ws", functools.partial(servers.node_ws, install)),
        ("socketify", functools.partial(servers.socketify, install)),
    ]
    if asked.only:
        makers = [(name, make) for name, make in makers if name == MIRROR or name in asked.only]
    chosen = servers.found(makers)
    print_head(asked, chosen)
    seen, failed = measure(asked, chosen)
    good = []
    for case in CASES:
        medians = print_case(case, chosen, seen, failed)
        good.append(judge(case, medians))
    sys.exit(0 if all(good) else 1)


main()
