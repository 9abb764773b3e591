"""A client of the drafts before RFC 6455, over a plain socket.

usage: hixie_client.py HOST PORT 76|75|8|7 [MESSAGE...]

76   hixie-76 with two keys and 8 bytes behind the head, whose answer is known
75   hixie-75, without any key
8    version 8 (hybi-08 to hybi-12), and 7: version 7 (hybi-07)

Sends each message, waits for its echo, closes as the draft does, and prints a line for each thing that it saw:

status 101 ...   the answer's status line
body ...         the first line of an answer other than 101
answer ok        the server's proof is right (not for 75, which has none)
echo TEXT        a message came back
closed           the server closed as the draft demands, and ended the stream
wrong ...        anything else, the last line

Exit code 0 when all went well, else 1. Nothing is waited for longer than 10 seconds.
"""

import base64
import hashlib
import os
import socket
import sys

LIMIT = 10
HEAD_LIMIT = 65536
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
KEY1, KEY2, BODY, ANSWER = "4 @1  46546xW%0l 1 5", "12998 5 Y3 1  .P00", b"^n:ds[4U", b"8jKS'y:G*Co,Wxa-"
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
TEXT, CLOSE = 1, 8


class Wrong(Exception):
    """The server did something else than the draft demands."""


def say(line):
    print(line, flush=True)


class Stream:
    """A socket with a buffer of what was read too far."""

    def __init__(self, host, port):
        self.socket = socket.create_connection((host, port), timeout=LIMIT)
        self.buffer = b""

    def send(self, data):
        self.socket.sendall(data)

    def more(self):
        data = self.socket.recv(4096)
        self.buffer += data
        return bool(data)

    def exactly(self, count):
        while len(self.buffer) < count:
            if not self.more():
                raise Wrong(f"the stream ended {count - len(self.buffer)} bytes too early")
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def until(self, end):
        """The bytes before `end`, which is taken too."""
        while end not in self.buffer:
            if len(self.buffer) > HEAD_LIMIT or not self.more():
                raise Wrong(f"no {end!r} came, but {self.buffer[:64]!r}")
        data, _, self.buffer = self.buffer.partition(end)
        return data

    def ended(self):
        """Waits for the end of the stream; nothing may come before it."""
        if self.buffer or self.more():
            raise Wrong(f"more came instead of the end: {self.buffer[:64]!r}")


class Hixie:
    """The framing of hixie-75 and hixie-76."""

    def __init__(self, stream, closes):
        self.stream = stream
        self.closes = closes

    def send(self, text):
        self.stream.send(b"\x00" + text.encode() + b"\xff")

    def receive(self):
        kind = self.stream.exactly(1)
        if kind != b"\x00":
            raise Wrong(f"a frame begins with {kind!r}")
        return self.stream.until(b"\xff").decode()

    def close(self):
        if not self.closes:
            self.stream.socket.shutdown(socket.SHUT_WR)
            return
        self.stream.send(b"\xff\x00")
        if (answer := self.stream.exactly(2)) != b"\xff\x00":
            raise Wrong(f"the closing frame was answered by {answer!r}")


class Hybi:
    """The framing of the versions 7 and 8, which RFC 6455 kept: short masked frames."""

    def __init__(self, stream):
        self.stream = stream

    def frame(self, opcode, payload):
        if len(payload) < 126:
            length = bytes([0x80 | len(payload)])
        else:
            length = bytes([0x80 | 126]) + len(payload).to_bytes(2, "big")
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        self.stream.send(bytes([0x80 | opcode]) + length + mask + masked)

    def answered(self, opcode):
        first, length = self.stream.exactly(2)
        if length == 126:
            length = int.from_bytes(self.stream.exactly(2), "big")
        if first != 0x80 | opcode or length > 65535:
            raise Wrong(f"a frame begins with 0x{first:02x} and the length {length}")
        return self.stream.exactly(length)

    def send(self, text):
        self.frame(TEXT, text.encode())

    def receive(self):
        return self.answered(TEXT).decode()

    def close(self):
        self.frame(CLOSE, (1000).to_bytes(2, "big"))
        self.answered(CLOSE)


def request(host, draft):
    """The bytes of the handshake of a draft."""
    lines = ["GET / HTTP/1.1", f"Host: {host}", "Connection: Upgrade"]
    if draft in ("75", "76"):
        lines += ["Upgrade: WebSocket", f"Origin: http://{host}"]
    else:
        lines += ["Upgrade: websocket", f"Sec-WebSocket-Origin: http://{host}"]
        lines += [f"Sec-WebSocket-Key: {KEY}", f"Sec-WebSocket-Version: {draft}"]
    if draft == "76":
        lines += [f"Sec-WebSocket-Key1: {KEY1}", f"Sec-WebSocket-Key2: {KEY2}"]
    head = "\r\n".join(lines) + "\r\n\r\n"
    return head.encode() + (BODY if draft == "76" else b"")


def answer_head(stream):
    """Prints the status; the fields of a 101 by their names in lower case."""
    start, *lines = stream.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
    status = start.partition(" ")[2]
    say(f"status {status}")
    fields = {}
    for line in lines:
        name, _, value = line.partition(":")
        fields[name.lower()] = value.strip()
    if status.partition(" ")[0] != "101":
        body = stream.exactly(min(int(fields.get("content-length", "0")), 4096))
        say("body " + body.decode("utf-8", "replace").partition("\n")[0])
        raise Wrong("the upgrade was refused")
    return fields


def expect(fields, name, value):
    if fields.get(name.lower()) != value:
        raise Wrong(f"{name} is {fields.get(name.lower())!r}, not {value!r}")


def check(stream, fields, host, draft):
    """Judges the fields of the 101, and the proof."""
    if draft in ("8", "7"):
        expect(fields, "Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(KEY.encode() + GUID).digest()).decode())
        say("answer ok")
        return
    prefix = "Sec-" if draft == "76" else ""
    expect(fields, "Upgrade", "WebSocket")
    expect(fields, "Connection", "Upgrade")
    expect(fields, prefix + "WebSocket-Origin", f"http://{host}")
    expect(fields, prefix + "WebSocket-Location", f"ws://{host}/")
    if draft == "76":
        if (answer := stream.exactly(16)) != ANSWER:
            raise Wrong(f"the answer to the keys is {answer!r}, not {ANSWER!r}")
        say("answer ok")


def talk(address, port, draft, messages):
    stream = Stream(address, port)
    host = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    stream.send(request(host, draft))
    check(stream, answer_head(stream), host, draft)
    framing = Hybi(stream) if draft in ("8", "7") else Hixie(stream, draft == "76")
    for message in messages:
        framing.send(message)
        echo = framing.receive()
        say(f"echo {echo}")
        if echo != message:
            raise Wrong(f"that is not {message!r}")
    framing.close()
    stream.ended()
    say("closed")


def main(words):
    if len(words) < 3 or words[2] not in ("76", "75", "8", "7"):
        sys.exit(__doc__)
    try:
        talk(words[0], int(words[1]), words[2], words[3:])
    except (Wrong, OSError, UnicodeDecodeError) as error:
        say(f"wrong {error or type(error).__name__}")
        sys.exit(1)


main(sys.argv[1:])
