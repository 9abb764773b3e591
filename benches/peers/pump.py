#!/usr/bin/env python3
"""The other end for pipe.py, faster than what it measures: a server that sends what is built before, or only reads.

The path says what is done: `/sink` reads until the client's Close; `/source?kind=text&size=100&count=1000` sends so
many messages, then Close 1000, and reads until the client's. One client at a time. The first line on stdout is the
address; then one JSON line a client of what came from it: {"messages", "bytes", "close", "closed", "ended_ns"} (bytes
of payload; the time on the monotonic clock) or {"failed", "ended_ns"}. Payloads that come in are not looked at.
"""

import base64
import hashlib
import json
import socket
import sys
import time
import urllib.parse

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
BUFFER = 512 << 10
# So many messages differ from each other; then they come again. Few large ones, so that they stay in the CPU's cache.
CYCLES = {"text": 1000, "binary": 8}
CLOSE = b"\x88\x02\x03\xe8"
QUIET_LIMIT_S = 60


def payload(kind, number, size):
    """The message of that number; pipe.py compares what its clients print with this."""
    turn = number % CYCLES[kind]
    if kind == "text":
        return (b"%06d " % turn + b"abcdefghij" * (size // 10 + 1))[:size]
    # Every value of a byte, turned by the message's number, so that the order of messages shows.
    block = bytes(range(turn, 256)) + bytes(range(turn))
    return (block * (size // 256 + 1))[:size]


def head(opcode, length):
    if length < 126:
        return bytes([0x80 | opcode, length])
    if length < 1 << 16:
        return bytes([0x80 | opcode, 126]) + length.to_bytes(2, "big")
    return bytes([0x80 | opcode, 127]) + length.to_bytes(8, "big")


class Frames:
    """Counts a client's frames in what is read, wherever a read ends."""

    def __init__(self):
        self.messages = 0
        self.bytes = 0
        self.close = None
        self.closed = False
        # What is still to come of a payload, and the part of a head that has come.
        self.skip = 0
        self.part = b""

    def feed(self, view):
        at = 0
        while at < len(view) and not self.closed:
            if self.skip:
                step = min(self.skip, len(view) - at)
                self.skip -= step
                at += step
                continue
            if not self.part:
                at += self.alike(view[at:])
            at = self.one(view, at)

    def alike(self, view):
        """A row of whole small frames with the same first two bytes is counted at one blow."""
        if len(view) < 2 or view[0] not in (0x81, 0x82) or view[1] & 0x7F >= 126:
            return 0
        size = 6 + (view[1] & 0x7F)
        many = len(view) // size
        row = view[: many * size]
        if bytes(row[::size]) != bytes([view[0]]) * many or bytes(row[1::size]) != bytes([view[1]]) * many:
            return 0
        self.messages += many
        self.bytes += many * (size - 6)
        return many * size

    def one(self, view, at):
        """One head; its payload is skipped later."""
        taken = bytes(view[at : at + 14 - len(self.part)])
        text = self.part + taken
        need, length = lengths(text)
        if len(text) < need or (text[0] & 0x0F == 8 and len(text) < need + min(length, 2)):
            self.part = text
            return at + len(taken)
        at += need - len(self.part)
        self.part = b""
        self.skip = length
        opcode = text[0] & 0x0F
        if opcode == 8:
            code = bytes(byte ^ text[need - 4 + place] for place, byte in enumerate(text[need : need + 2]))
            self.close = int.from_bytes(code, "big") if len(code) == 2 else None
            self.closed = True
        if opcode < 8:
            self.messages += text[0] >> 7
            self.bytes += length
        return at


def lengths(text):
    """The length of a masked head and of its payload, as far as it has come; a head of 14 bytes is the longest."""
    if len(text) < 2:
        return 14, 0
    if not text[1] & 0x80:
        raise ValueError("a frame without a mask")
    short = text[1] & 0x7F
    if short < 126:
        return 6, short
    if short == 126:
        return 8, int.from_bytes(text[2:4], "big")
    return 14, int.from_bytes(text[2:10], "big")


def welcome(client):
    """Answers the upgrade; gives its path. A client sends nothing behind its head before it has the answer."""
    text = b""
    while b"\r\n\r\n" not in text:
        more = client.recv(4096)
        if not more:
            raise ConnectionError("the client left before its head was whole")
        text += more
    lines = text.decode("latin-1").split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    digest = hashlib.sha1(fields["sec-websocket-key"].encode() + GUID).digest()
    answer = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
    answer += [f"Sec-WebSocket-Accept: {base64.b64encode(digest).decode()}", "", ""]
    client.sendall("\r\n".join(answer).encode())
    return lines[0].split(" ")[1]


def send(client, kind, size, count):
    opcode = 1 if kind == "text" else 2
    start = head(opcode, size)
    cycle = CYCLES[kind]
    step = max(1, min(cycle, BUFFER // size))
    parts = []
    for first in range(0, cycle, step):
        frames = [start + payload(kind, number, size) for number in range(first, min(first + step, cycle))]
        parts.append((len(frames), len(frames[0]), b"".join(frames)))
    sent = 0
    while sent < count:
        for many, length, frames in parts:
            many = min(many, count - sent)
            client.sendall(memoryview(frames)[: many * length])
            sent += many
    client.sendall(CLOSE)


def read(client):
    frames = Frames()
    buffer = bytearray(BUFFER)
    view = memoryview(buffer)
    while not frames.closed:
        got = client.recv_into(view)
        if got == 0:
            break
        frames.feed(view[:got])
    return frames


def serve(client):
    client.settimeout(QUIET_LIMIT_S)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    path = urllib.parse.urlsplit(welcome(client))
    asked = dict(urllib.parse.parse_qsl(path.query))
    is_source = path.path == "/source"
    if is_source:
        send(client, asked["kind"], int(asked["size"]), int(asked["count"]))
    frames = read(client)
    if frames.closed and not is_source:
        client.sendall(CLOSE)
    return {"messages": frames.messages, "bytes": frames.bytes, "close": frames.close, "closed": frames.closed}


def main():
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"listening on 127.0.0.1:{listener.getsockname()[1]}", flush=True)
    while True:
        client, _ = listener.accept()
        with client:
            try:
                seen = serve(client)
            except (OSError, ValueError, KeyError) as why:
                seen = {"failed": str(why) or type(why).__name__}
        print(json.dumps({**seen, "ended_ns": time.monotonic_ns()}), flush=True)


if __name__ == "__main__":
    sys.exit(main())
