#!/usr/bin/env python3
"""`wscope connect` in a pipe against websocat 1.14: lines in, messages out, a file both ways, start, one slow line.

Run it after `cargo build --release`. Environment: WSCOPE (target/release/wscope), WEBSOCAT (else the one of BENCH_PEERS
or of the PATH; nothing is installed). Both sides are measured in turn in the same run, the order turns round each time,
and medians are compared; exit 1 if a goal is not met or could not be shown.

What each side is set to, and why, stands at COMMANDS. The other end is benches/peers/pump.py; what it does with a bare
client is printed as the ceiling: a goal above it cannot be shown. A time goes from the start of the process until it
has ended and, on the way up, the other end has read the Close behind the last message. Each run is checked: exit code,
messages and bytes at the other end, or bytes in the file that stdout was; what stdout got is compared byte for byte
once, in a run that is not counted. Nothing is pinned to a CPU. Whatever else runs on the machine spoils the numbers.
"""

import argparse
import contextlib
import dataclasses
import functools
import json
import os
import pathlib
import re
import select
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import servers
from peers import pump

HERE = pathlib.Path(__file__).resolve().parent
LIMIT_S = 180
LINE = 100
CHUNK = 64 << 10
MIB = 1 << 20

# websocat 1.14.1. Lines: as it is started by its users, which the goal is about, and beside that with `-B 16384`, found by
# trying to be its best (1.4 times its default of 64 KiB; less is no faster, more is far slower). It leaves the newline in the message; --linemode-strip-newlines would send it as a
# message of its own. -n with an empty stdin stays until the server closes. Files: 64 KiB a message is its best.
# wscope: -w 0 because there is no answer to wait for; nothing else is set, heartbeat and notes of frames are on.
COMMANDS = {
    "wscope": {
        "lines": ["connect", "-w", "0", "URL"],
        "lines tuned": ["connect", "-w", "0", "URL"],
        "messages": ["connect", "-w", "forever", "URL"],
        "file up": ["connect", "-b", "-w", "0", "URL"],
        "file down": ["connect", "-b", "-w", "forever", "URL"],
        "start": ["connect", "-1", "URL"],
        "slow line": ["connect", "-w", "0", "URL"],
    },
    "websocat": {
        "lines": ["-t", "-", "URL"],
        "lines tuned": ["-t", "-B", "16384", "-", "URL"],
        "messages": ["-t", "-n", "-", "URL"],
        "file up": ["-b", "-B", "65536", "-", "URL"],
        "file down": ["-b", "-n", "-B", "65536", "-", "URL"],
        "start": ["-1", "URL"],
        "slow line": ["-t", "-", "URL"],
    },
}
# A message's bytes at the other end.
LINE_BYTES = {"wscope": LINE, "websocat": LINE + 1}

LINES_GOAL, LINES_AIM = 5.0, 10.0
MEMORY_GOAL_MIB = 20.0
MESSAGES_GOAL = 3.0
FILE_GOAL = 1.5
GROWTH_GOAL_MIB = 4.0
START_GOAL = 0.25
# A batch that waits for more waits for a timer, and a timer has milliseconds.
SLOW_LINE_GOAL_MS = 1.0


class Failed(Exception):
    """Why a run gave no number."""


@dataclasses.dataclass
class Side:
    name: str
    program: str
    version: str

    def command(self, scenario, url):
        return [self.program, *(url if word == "URL" else word for word in COMMANDS[self.name][scenario])]


@dataclasses.dataclass
class Run:
    start_ns: int
    end_ns: int
    peak_kib: int


@dataclasses.dataclass
class Seen:
    """One side's values in one scenario, a run each."""

    values: list = dataclasses.field(default_factory=list)
    peaks_kib: list = dataclasses.field(default_factory=list)
    failed: str | None = None

    def median(self):
        return statistics.median(self.values) if self.values and self.failed is None else None

    def peak_mib(self):
        return max(self.peaks_kib) / 1024 if self.peaks_kib and self.failed is None else None


@dataclasses.dataclass
class Peer:
    """The other end, which tells a JSON line after each client."""

    address: str
    stream: object

    def url(self, path="/"):
        return f"ws://{self.address}{path}"

    def forget(self):
        """After a run that failed: what is still told of it would be taken for the next one's."""
        while select.select([self.stream], [], [], 1)[0] and self.stream.readline():
            pass

    def told(self):
        """What the client that left last has sent: messages, bytes, and when that was known."""
        until = time.monotonic() + LIMIT_S
        while time.monotonic() < until:
            if not select.select([self.stream], [], [], 1)[0]:
                continue
            line = self.stream.readline()
            if not line:
                raise Failed("the other end is gone")
            told = json.loads(line)
            if "failed" in told:
                raise Failed(f"the other end: {told['failed']}")
            if "ended_ns" in told:
                return told["messages"], told["bytes"], told["ended_ns"]
            if told.get("type") == "received" and told["last"]:
                return told["all_messages"], told["all_bytes"], time.monotonic_ns()
        raise Failed(f"the other end tells nothing for {LIMIT_S} s")


@contextlib.contextmanager
def peer(command):
    # Unbuffered, so that select sees each line that is there.
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, bufsize=0)
    try:
        line = b""
        while (found := re.search(rb"127\.0\.0\.1:[1-9]\d*", line)) is None:
            line = process.stdout.readline()
            if not line:
                raise SystemExit(f"{' '.join(map(str, command))} does not listen")
        yield Peer(found.group().decode(), process.stdout)
    finally:
        servers.end(process)


def run(command, stdin, stdout):
    """One run of a program, measured by peers/once.py; it must end with 0."""
    reader, writer = os.pipe()
    words = [sys.executable, "-I", "-S", str(HERE / "peers" / "once.py"), str(writer), *command]
    with tempfile.TemporaryFile() as errors, os.fdopen(reader, "rb") as report:
        process = subprocess.Popen(
            words, stdin=stdin, stdout=stdout, stderr=errors, pass_fds=[writer], start_new_session=True
        )
        os.close(writer)
        if not select.select([report], [], [], LIMIT_S)[0]:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise Failed(f"no end after {LIMIT_S} s")
        numbers = report.read().split()
        process.wait()
        if len(numbers) != 4:
            raise Failed("it could not be started")
        start, end, code, peak = map(int, numbers)
        if code != 0:
            raise Failed(f"exit {code}: {servers.last_words(process, errors)}")
    return Run(start, end, peak)


def run_against(other, command, stdin, stdout):
    try:
        return run(command, stdin, stdout)
    except Failed:
        other.forget()
        raise


def interleave(sides, rounds, once):
    """From a side's name to what was seen of it; the order turns round each time. A side that failed is out."""
    seen = {side.name: Seen() for side in sides}
    for turn in range(rounds):
        for side in sides if turn % 2 == 0 else reversed(sides):
            mine = seen[side.name]
            if mine.failed is not None:
                continue
            try:
                value, peak = once(side)
            except Failed as why:
                mine.failed = str(why)
                continue
            mine.values.append(value)
            if peak is not None:
                mine.peaks_kib.append(peak)
    return seen


def up(side, other, scenario, path, expected, unit, url_path="/sink"):
    """A file into the other end; `expected` is (messages or None, bytes)."""
    with open(path, "rb") as stdin:
        measured = run_against(other, side.command(scenario, other.url(url_path)), stdin, subprocess.DEVNULL)
    came, size, ended_ns = other.told()
    if size != expected[1] or expected[0] not in (None, came):
        raise Failed(f"{came} messages with {size} bytes came, expected {expected[0] or 'any'} with {expected[1]}")
    return unit / seconds(measured.start_ns, max(measured.end_ns, ended_ns)), measured.peak_kib


def down(side, other, scenario, source, target, expected, unit):
    """Messages of the other end to stdout, which is the file `target` or, without one, /dev/null."""
    path = f"/source?kind={source.kind}&size={source.size}&count={source.count}"
    with open(target or os.devnull, "wb") as stdout:
        measured = run_against(other, side.command(scenario, other.url(path)), subprocess.DEVNULL, stdout)
    other.told()
    if target and os.path.getsize(target) != expected:
        raise Failed(f"{os.path.getsize(target)} bytes came out, expected {expected}")
    return unit / seconds(measured.start_ns, measured.end_ns), measured.peak_kib


def seconds(start_ns, end_ns):
    return (end_ns - start_ns) / 1e9


@dataclasses.dataclass
class Source:
    kind: str
    size: int
    count: int

    def ends(self):
        return b"\n" if self.kind == "text" else b""

    def total(self):
        return self.count * (self.size + len(self.ends()))

    def is_in(self, path):
        """Is the file exactly what was sent?"""
        with open(path, "rb") as file:
            for number in range(self.count):
                expected = pump.payload(self.kind, number, self.size) + self.ends()
                if file.read(len(expected)) != expected:
                    return False
            return file.read(1) == b""


def checked(side, other, scenario, source, target):
    """Raises unless stdout gets exactly what was sent."""
    down(side, other, scenario, source, target, source.total(), 1)
    if not source.is_in(target):
        raise Failed("what came out is not what was sent")


def warm(sides, once):
    """An uncounted run of each side; the sides that it did not fail, and the others' Seen."""
    good, failed = [], {}
    for side in sides:
        try:
            once(side)
            good.append(side)
        except Failed as why:
            failed[side.name] = Seen(failed=str(why))
    return good, failed


def bare_client(other, path):
    client = socket.create_connection(tuple(other.address.split(":")), timeout=LIMIT_S)
    head = [f"GET {path} HTTP/1.1", f"Host: {other.address}", "Connection: Upgrade", "Upgrade: websocket"]
    head += ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "", ""]
    client.sendall("\r\n".join(head).encode())
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        # A byte at a time: what follows the head is not ours to take.
        answer += client.recv(1)
    return client


BARE_CLOSE = b"\x88\x82\x00\x00\x00\x00\x03\xe8"


def ceiling_up(other, size, count):
    """Messages a second that the other end takes from a client that only writes what was built before."""
    head = bytearray(pump.head(2, size))
    head[1] |= 0x80
    frame = bytes(head) + b"\x01\x02\x03\x04" + bytes(size)
    many = max(1, min(count, MIB // size))
    block = frame * many
    with bare_client(other, "/sink") as client:
        start = time.monotonic_ns()
        for _ in range(count // many):
            client.sendall(block)
        client.sendall(BARE_CLOSE)
        messages, _, ended_ns = other.told()
    return messages / seconds(start, ended_ns)


def ceiling_down(other, source):
    """Messages a second that the other end gives to a client that only reads."""
    total = source.count * (len(pump.head(2, source.size)) + source.size) + len(pump.CLOSE)
    buffer = bytearray(MIB)
    path = f"/source?kind={source.kind}&size={source.size}&count={source.count}"
    with bare_client(other, path) as client:
        start = time.monotonic_ns()
        while total > 0:
            got = client.recv_into(buffer)
            if got == 0:
                raise SystemExit("the other end left too early")
            total -= got
        end = time.monotonic_ns()
        client.sendall(BARE_CLOSE)
    other.told()
    return source.count / seconds(start, end)


def print_seen(title, unit, seen, ceiling=None, digits=0):
    print(f"\n{title}, {unit}")
    for name, mine in seen.items():
        if mine.failed is not None or not mine.values:
            print(f"  {name:10} FAILED: {mine.failed or 'not measured'}")
            continue
        values = sorted(mine.values)
        spread = f"{values[0]:,.{digits}f} to {values[-1]:,.{digits}f}"
        peak = f"   peak {mine.peak_mib():.1f} MiB" if mine.peaks_kib else ""
        print(f"  {name:10} {mine.median():>14,.{digits}f}   {spread:24}{peak}".rstrip())
    if ceiling is not None:
        print(f"  {'ceiling':10} {ceiling:>14,.{digits}f}   a bare client in place of both")
    sys.stdout.flush()


class Verdicts:
    """The goals, printed at the end together."""

    def __init__(self):
        self.lines = []
        self.good = True

    def note(self, words):
        self.lines.append(f"  {words}")

    def goal(self, words, value, goal_words, met):
        if value is None:
            self.lines.append(f"  {words}: nothing to compare; goal {goal_words}: NOT SHOWN")
            self.good = False
            return
        self.lines.append(f"  {words}: {value:.2f}; goal {goal_words}: {'met' if met else 'NOT MET'}")
        self.good = self.good and met

    def ratio(self, words, seen, least=None, most=None, aim=None):
        value = ratio(seen)
        words = f"wscope / websocat, {words}"
        if least is None and most is None:
            self.note(f"{words}: {'nothing to compare' if value is None else f'{value:.2f}'}; no goal")
            return
        goal_words = f"at least {least:g}" if least is not None else f"at most {most:g}"
        if aim is not None:
            goal_words += f", aim {aim:g}"
            goal_words += " (reached)" if value is not None and value >= aim else ""
        met = value is not None and (value >= least if least is not None else value <= most)
        self.goal(words, value, goal_words, met)

    def most(self, words, value, most, unit):
        self.goal(words, value, f"at most {most:g} {unit}", value is not None and value <= most)


def ratio(seen):
    mine, theirs = (seen[name].median() if name in seen else None for name in ("wscope", "websocat"))
    return mine / theirs if mine is not None and theirs else None


def value_of(seen, name, what):
    return what(seen[name]) if name in seen else None


def lines(asked, sides, other, folder, verdicts):
    path = folder / "lines"
    with open(path, "wb") as file:
        for number in range(asked.lines):
            file.write(pump.payload("text", number, LINE) + b"\n")
    words = f"{asked.lines:,} lines of {LINE} bytes"

    def once(side, end=other, url_path="/sink", scenario="lines"):
        expected = (asked.lines, asked.lines * LINE_BYTES[side.name])
        return up(side, end, scenario, path, expected, asked.lines, url_path)

    good, seen = warm(sides, once)
    seen.update(interleave(good, asked.rounds, once))
    print_seen(f"a. {words} into the other end", "lines/s", seen, ceiling_up(other, LINE, asked.lines))
    verdicts.ratio("lines in", seen, least=LINES_GOAL, aim=LINES_AIM)
    verdicts.most("wscope, lines in, peak MiB", value_of(seen, "wscope", Seen.peak_mib), MEMORY_GOAL_MIB, "MiB")
    seen = interleave(good, asked.rounds, functools.partial(once, scenario="lines tuned"))
    print_seen(f"a. {words} into the other end, websocat at its best", "lines/s", seen)
    verdicts.ratio("lines in, websocat at its best", seen)
    with peer([servers.WSCOPE, "serve", "127.0.0.1:0", "--json", "--mode", "sink"]) as sink:
        seen = interleave(good, asked.rounds, functools.partial(once, end=sink, url_path="/"))
    # It counts and judges each message, so it may be the slower end.
    print_seen(f"a. {words} into `wscope serve --mode sink`", "lines/s", seen)
    verdicts.ratio("lines in, the other end `wscope serve --mode sink`", seen)


def messages(asked, sides, other, folder, verdicts):
    source = Source("text", LINE, asked.messages)
    target = folder / "messages"
    good, failed = warm(sides, lambda side: checked(side, other, "messages", source, target))
    ceiling = ceiling_down(other, source)
    for place, to in (("a file", target), ("/dev/null", None)):
        once = functools.partial(
            down, other=other, scenario="messages", source=source, target=to, expected=source.total(), unit=source.count
        )
        seen = failed | interleave(good, asked.rounds, once)
        print_seen(f"b. {source.count:,} messages of {LINE} bytes to stdout, {place}", "messages/s", seen, ceiling)
        # /dev/null makes a write of each message free, which a pipe or a file never is.
        verdicts.ratio(f"messages out, to {place}", seen, least=MESSAGES_GOAL if to else None)


def file_up(asked, sides, other, folder, verdicts):
    path, small = folder / "file", folder / "small"
    block = os.urandom(MIB)
    for target, count in ((path, asked.mebibytes), (small, max(1, asked.mebibytes // 8))):
        with open(target, "wb") as file:
            for _ in range(count):
                file.write(block)

    def once(side, of=path):
        size = os.path.getsize(of)
        return up(side, other, "file up", of, (None, size), size / MIB)

    few = interleave(sides, 1, functools.partial(once, of=small))
    seen = interleave(sides, asked.rounds, once)
    ceiling = ceiling_up(other, CHUNK, asked.mebibytes * MIB // CHUNK) * CHUNK / MIB
    print_seen(f"c. a binary file of {asked.mebibytes} MiB up", "MiB/s", seen, ceiling)
    verdicts.ratio("file up", seen, least=FILE_GOAL)
    growth(verdicts, "file up", few, seen)


def file_down(asked, sides, other, folder, verdicts):
    many = asked.mebibytes * MIB // CHUNK
    source, less = Source("binary", CHUNK, many), Source("binary", CHUNK, max(1, many // 8))
    target = folder / "down"
    good, failed = warm(sides, lambda side: checked(side, other, "file down", less, target))

    def once(side, of=source, to=target):
        return down(side, other, "file down", of, to, of.total(), of.count * CHUNK / MIB)

    few = interleave(good, 1, functools.partial(once, of=less))
    ceiling = ceiling_down(other, source) * CHUNK / MIB
    for place, to in (("a file", target), ("/dev/null", None)):
        seen = failed | interleave(good, asked.rounds, functools.partial(once, to=to))
        print_seen(f"c. {asked.mebibytes} MiB in binary messages of 64 KiB down, to {place}", "MiB/s", seen, ceiling)
        # To /dev/null websocat is at the ceiling already.
        verdicts.ratio(f"file down, to {place}", seen, least=FILE_GOAL if to else None)
        if to:
            growth(verdicts, "file down", few, seen)


def growth(verdicts, words, few, seen):
    small, large = value_of(few, "wscope", Seen.peak_mib), value_of(seen, "wscope", Seen.peak_mib)
    grown = large - small if small is not None and large is not None else None
    verdicts.most(f"wscope, {words}, peak MiB more than with an eighth", grown, GROWTH_GOAL_MIB, "MiB")


def start(asked, sides, echo, folder, verdicts):
    def once(side):
        reader, writer = os.pipe()
        os.write(writer, b"x\n")
        os.close(writer)
        target = folder / "start"
        with os.fdopen(reader, "rb") as stdin, open(target, "wb") as stdout:
            measured = run(side.command("start", echo.url()), stdin, stdout)
        if target.read_bytes() != b"x\n":
            raise Failed(f"it printed {target.read_bytes()!r}, expected 'x'")
        return seconds(measured.start_ns, measured.end_ns) * 1000, measured.peak_kib

    good, seen = warm(sides, once)
    seen.update(interleave(good, asked.starts, once))
    print_seen(f"d. echo x | COMMAND -1, whole process, {asked.starts} runs each", "ms", seen, digits=2)
    verdicts.ratio("time of the whole process", seen, most=START_GOAL)


def slow_line(asked, sides, echo, _, verdicts):
    with contextlib.ExitStack() as stack:
        talks = {}

        def once(side):
            if side.name not in talks:
                talks[side.name] = stack.enter_context(talking(side.command("slow line", echo.url())))
                # The first one waits for the connection.
                there_and_back(talks[side.name], b"first\n")
            time.sleep(0.005)
            return there_and_back(talks[side.name], b"a line typed slowly\n"), None

        seen = interleave(sides, asked.echoes, once)
    print_seen(f"e. one line there and back, {asked.echoes} each, 5 ms of quiet between", "ms", seen, digits=3)
    median = value_of(seen, "wscope", Seen.median)
    verdicts.most("wscope, one line there and back, median ms", median, SLOW_LINE_GOAL_MS, "ms")
    verdicts.ratio("one line there and back", seen)


@contextlib.contextmanager
def talking(command):
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
    )
    try:
        yield process
    finally:
        servers.end(process)


def there_and_back(process, line):
    """Milliseconds from the write of a line to its echo."""
    began = time.monotonic_ns()
    try:
        process.stdin.write(line)
    except OSError as why:
        raise Failed(f"it does not read: {why.strerror}") from why
    came = b""
    while len(came) < len(line):
        if not select.select([process.stdout], [], [], 10)[0]:
            raise Failed(f"no echo after 10 s, only {came!r}")
        more = process.stdout.read(4096)
        if not more:
            raise Failed(f"it left with {process.wait()}")
        came += more
    if came != line:
        raise Failed(f"{came!r} came back")
    return (time.monotonic_ns() - began) / 1e6


SCENARIOS = {
    "lines": lines,
    "messages": messages,
    "file-up": file_up,
    "file-down": file_down,
    "start": start,
    "slow-line": slow_line,
}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=positive, default=5)
    parser.add_argument("--lines", type=positive, default=1_000_000)
    parser.add_argument("--messages", type=positive, default=1_000_000)
    parser.add_argument("--mebibytes", type=positive, default=1024, help="of the binary file")
    parser.add_argument("--starts", type=positive, default=40, help="of the whole process, each side")
    parser.add_argument("--echoes", type=positive, default=300, help="of one line, each side")
    parser.add_argument("--only", action="append", choices=SCENARIOS, help="this scenario only (repeat)")
    parser.add_argument("--side", choices=COMMANDS, help="measure this side only; no goal can be met then")
    parser.add_argument("--folder", help="for the files that go in and out (the system's temporary folder)")
    return parser.parse_args()


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("expected a number from 1 up")
    return number


def find_sides(only):
    if not os.access(servers.WSCOPE, os.X_OK):
        raise SystemExit(f"{servers.WSCOPE} is not there: cargo build --release")
    sides = [Side("wscope", servers.WSCOPE, servers.output([servers.WSCOPE, "--version"]).split()[-1])]
    try:
        program = os.environ.get("WEBSOCAT") or servers.websocat(install=False).command(0, "text")[0]
        version = servers.output([program, "--version"]).split()[-1]
    except (OSError, servers.Absent, subprocess.CalledProcessError) as why:
        raise SystemExit(f"websocat cannot be had: {why}; WEBSOCAT names one") from why
    if not version.startswith("1.14."):
        raise SystemExit(f"websocat is {version}; its options are pinned for 1.14")
    sides.append(Side("websocat", program, version))
    return [side for side in sides if only in (None, side.name)]


def print_head(sides, scenarios):
    print(servers.machine())
    print(f"load average at the start {os.getloadavg()[0]:.2f}")
    floor = run(["true"], subprocess.DEVNULL, subprocess.DEVNULL).peak_kib / 1024
    print(f"peaks are those of all runs, by wait4; the least that can be seen is {floor:.1f} MiB")
    for side in sides:
        print(f"{side.name} {side.version}")
        for scenario in COMMANDS[side.name]:
            if scenario.removesuffix(" tuned").replace(" ", "-") in scenarios:
                print(f"  {scenario:12} {' '.join([side.name, *side.command(scenario, 'URL')[1:]])}")
    sys.stdout.flush()


def main():
    asked = arguments()
    sides = find_sides(asked.side)
    scenarios = asked.only or list(SCENARIOS)
    print_head(sides, scenarios)
    verdicts = Verdicts()
    with (
        tempfile.TemporaryDirectory(dir=asked.folder) as folder,
        peer([sys.executable, str(HERE / "peers" / "pump.py")]) as other,
        peer([servers.WSCOPE, "serve", "127.0.0.1:0", "-q"]) as echo,
    ):
        for name in scenarios:
            end = echo if name in ("start", "slow-line") else other
            SCENARIOS[name](asked, sides, end, pathlib.Path(folder), verdicts)
    print("\ngoals")
    print("\n".join(verdicts.lines))
    sys.exit(0 if verdicts.good else 1)


main()
