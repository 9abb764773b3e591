#!/usr/bin/env python3
"""User plus system time of one short probe against a local echo server, on ws and on wss: median of 21, both sides printed.

Run it from the top of the repository after `cargo build --release`. Goals: 12 ms on ws, 40 ms on wss. The last line shows
that the system's trust store is opened for wss only (by strace, where that is installed).
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile

RUNS = 21
WSCOPE = os.environ.get("WSCOPE", "target/release/wscope")
GOALS_MS = {"ws": 12.0, "wss": 40.0}


def server(*options):
    process = subprocess.Popen(
        [WSCOPE, "serve", "-q", "127.0.0.1:0", *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    url = process.stdout.readline().removeprefix("listening on ").strip()
    return process, url


def one(command):
    """CPU milliseconds of one run; every run must be healthy."""
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return (usage.ru_utime + usage.ru_stime) * 1000


def measure(name, command):
    one(command)
    times = sorted(one(command) for _ in range(RUNS))
    median, goal = statistics.median(times), GOALS_MS[name]
    verdict = "within" if median <= goal else "OVER"
    print(f"{name:4} {median:6.1f} ms median of {RUNS} ({times[0]:.1f} to {times[-1]:.1f}); goal {goal:.0f} ms: {verdict}")
    return median <= goal


def opens_trust_store(command):
    """Does a run open a file of the system's trust store?"""
    with tempfile.NamedTemporaryFile() as trace:
        subprocess.run(["strace", "-f", "-e", "trace=openat", "-o", trace.name, *command], stdout=subprocess.DEVNULL)
        text = open(trace.name, encoding="utf-8", errors="replace").read()
    return "/etc/ssl/" in text or "ca-certificates" in text


def main():
    plain, plain_url = server()
    with tempfile.TemporaryDirectory() as folder:
        ca = os.path.join(folder, "ca.pem")
        secure, secure_url = server("--tls", "--ca-out", ca)
        try:
            # -k reads the system's store, as a run against a public server does, and goes on with our own certificate.
            commands = {
                "ws": [WSCOPE, "probe", "-n", "1", "--interval", "0", plain_url],
                "wss": [WSCOPE, "probe", "-n", "1", "--interval", "0", "-k", secure_url],
            }
            good = [measure(name, command) for name, command in commands.items()]
            if shutil.which("strace"):
                seen = {name: opens_trust_store(command) for name, command in commands.items()}
                print(f"trust store opened: ws {seen['ws']}, wss {seen['wss']}")
        finally:
            for process in (plain, secure):
                process.terminate()
                process.wait()
    sys.exit(0 if all(good) else 1)


main()
