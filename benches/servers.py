"""The servers that echo.py and idle.py run: found or installed, with their versions, started on one CPU, ended again.

Environment: WSCOPE (target/release/wscope), ECHO_BENCH (else built: `cargo bench --bench echo --no-run`), BENCH_PEERS
(target/bench-peers, where what is not installed yet is installed).
"""

import contextlib
import dataclasses
import json
import os
import pathlib
import re
import resource
import shutil
import socket
import subprocess
import tempfile
import time
import typing

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEERS = pathlib.Path(os.environ.get("BENCH_PEERS", ROOT / "target" / "bench-peers")).absolute()
WSCOPE = os.environ.get("WSCOPE", str(ROOT / "target" / "release" / "wscope"))
WEBSOCAT_VERSION = "^1.14"
WS_VERSION = "8.23.0"
SOCKETIFY_VERSION = "0.0.31"
START_WAIT_S = 10


class Absent(Exception):
    """Why a server cannot be had."""


@dataclasses.dataclass
class Server:
    name: str
    version: str
    # From a port (0 for those that choose one) and the kind of messages, text or binary, to a command.
    command: typing.Callable[[int, str], list]
    # It tells on its first line where it listens.
    tells: bool = False
    environment: dict = dataclasses.field(default_factory=dict)

    def shown(self):
        """The command as a person would type it."""
        words = [pathlib.PurePath(word).name if word.startswith("/") else word for word in self.command(0, "text")]
        return " ".join(words)


def wscope(*options):
    if not os.access(WSCOPE, os.X_OK):
        raise Absent(f"{WSCOPE} is not there: cargo build --release")
    version = output([WSCOPE, "--version"]).split()[-1]
    return Server("wscope", version, lambda port, kind: [WSCOPE, "serve", "127.0.0.1:0", "-q", *options], tells=True)


def own(name, *words):
    """A server of benches/echo.rs."""
    binary = echo_binary()
    version = locked_version("tokio-tungstenite") if words[0] == "bare" else "-"
    return Server(name, version, lambda port, kind: [binary, words[0], "0", *words[1:]], tells=True)


def websocat(install=True, options=()):
    path = PEERS / "bin" / "websocat"
    found = str(path) if path.exists() else shutil.which("websocat")
    if found is None and install:
        command = ["cargo", "install", "websocat", "--version", WEBSOCAT_VERSION, "--locked", "--root", str(PEERS)]
        install_with(command, "websocat")
        found = str(path)
    if found is None:
        raise Absent("not installed")
    version = output([found, "--version"]).split()[-1]

    def command(port, kind):
        return [found, "-t" if kind == "text" else "-b", *options, f"ws-l:127.0.0.1:{port}", "mirror:"]

    return Server("websocat", version, command)


def node_ws(install=True):
    node = shutil.which("node")
    if node is None:
        raise Absent("node is not installed")
    package = PEERS / "node_modules" / "ws" / "package.json"
    if not package.exists() and install:
        command = ["npm", "install", "--prefix", str(PEERS), "--no-save", "--no-audit", "--no-fund", f"ws@{WS_VERSION}"]
        install_with(command, "ws")
    if not package.exists():
        raise Absent("ws is not installed")
    version = json.loads(package.read_text(encoding="utf-8"))["version"]
    script = str(ROOT / "benches" / "peers" / "ws_echo.js")
    return Server(
        "node ws",
        f"{version}, node {output([node, '--version']).removeprefix('v')}",
        lambda port, kind: [node, script, str(port)],
        environment={"NODE_PATH": str(PEERS / "node_modules")},
    )


def socketify(install=True):
    python = PEERS / "venv" / "bin" / "python"
    if not python.exists() and install:
        install_with(["python3", "-m", "venv", str(PEERS / "venv")], "a venv for socketify")
        install_with([str(python), "-m", "pip", "install", "--quiet", f"socketify=={SOCKETIFY_VERSION}"], "socketify")
    if not python.exists():
        raise Absent("socketify is not installed")
    tried = subprocess.run([str(python), "-c", "import socketify"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        why = tried.stderr.strip().splitlines()[-1]
        raise Absent("it needs libuv.so.1 (apt install libuv1)" if "libuv" in why else f"it does not load: {why}")
    told = "import importlib.metadata as m, platform as p; print(m.version('socketify'), 'python', p.python_version())"
    script = str(ROOT / "benches" / "peers" / "socketify_echo.py")
    version = output([str(python), "-c", told])
    return Server("socketify", version, lambda port, kind: [str(python), script, str(port)])


def found(makers):
    """The servers that are there; why another is not is printed."""
    servers = []
    for name, make in makers:
        try:
            servers.append(make())
        except Absent as why:
            print(f"ABSENT {name}: {why}")
    return servers


@contextlib.contextmanager
def running(server, cpu, kind="text"):
    """Starts it on that CPU; gives its process and host:port, and ends it."""
    port = 0 if server.tells else free_port()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            ["taskset", "-c", str(cpu), *server.command(port, kind)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, **server.environment},
        )
        try:
            if server.tells:
                port = told_port(process, errors)
            else:
                wait_for(process, port, errors)
            yield process, f"127.0.0.1:{port}"
        finally:
            end(process)


def end(process):
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()


def told_port(process, errors):
    line = process.stdout.readline()
    match = re.search(r"127\.0\.0\.1:(\d+)", line)
    if match is None:
        raise Absent(f"it tells no address: {line.strip() or last_words(process, errors)}")
    return int(match.group(1))


def wait_for(process, port, errors):
    until = time.monotonic() + START_WAIT_S
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise Absent(f"it does not listen: {last_words(process, errors)}")


def last_words(process, errors):
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=1)
    errors.seek(0)
    text = errors.read().decode("utf-8", "replace").strip()
    return text.splitlines()[0] if text else "no word on stderr"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def raise_open_files():
    """What is started from here has the hard limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def echo_binary():
    if echo_binary.path is None:
        echo_binary.path = os.environ.get("ECHO_BENCH") or build_echo()
    return echo_binary.path


echo_binary.path = None


def build_echo():
    command = ["cargo", "bench", "--bench", "echo", "--no-run", "--message-format=json"]
    built = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    for line in built.stdout.splitlines():
        message = json.loads(line)
        if message.get("executable") and message["target"]["name"] == "echo":
            return message["executable"]
    raise SystemExit("cargo built no bench named echo")


def locked_version(package):
    lock = (ROOT / "Cargo.lock").read_text(encoding="utf-8")
    match = re.search(rf'name = "{package}"\nversion = "([^"]+)"', lock)
    return match.group(1) if match else "?"


def install_with(command, name):
    print(f"installing {name}: {' '.join(command[:4])} ...", flush=True)
    PEERS.mkdir(parents=True, exist_ok=True)
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as why:
        raise Absent(f"{command[0]}: {why.strerror}") from why
    if done.returncode != 0:
        words = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise Absent(f"its installation ended with {done.returncode}: {words[-1] if words else 'no word'}")


def output(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True)
    return done.stdout.strip()


def machine():
    """One line about what it runs on."""
    text = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = re.search(r"model name\s*:\s*(.+)", text)
    kernel = os.uname().release
    return f"{model.group(1) if model else 'unknown CPU'}, {os.cpu_count()} CPUs, Linux {kernel}"
