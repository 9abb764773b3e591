"""Servers with a handshake of their own, for what no library does on request.

usage: ws_silent_chatty.py chatty [every SECONDS] | greet | silent

chatty   a text message every 1.5 seconds, and never a pong
greet    the 101 and the first text frame in one segment; then an echo server that answers pings
silent   never a frame of its own, and never a pong

All of them answer a Close with the same Close and end the stream.
"""

import asyncio
import base64
import hashlib
import sys

import announce

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def frame(opcode, payload):
    """One unmasked frame of at most 65535 bytes (RFC 6455 section 5.2)."""
    if len(payload) < 126:
        return bytes([0x80 | opcode, len(payload)]) + payload
    return bytes([0x80 | opcode, 126]) + len(payload).to_bytes(2, "big") + payload


async def read_frame(reader):
    """The next frame's opcode and unmasked payload."""
    first, second = await reader.readexactly(2)
    length = second & 0x7F
    if length == 126:
        length = int.from_bytes(await reader.readexactly(2), "big")
    elif length == 127:
        length = int.from_bytes(await reader.readexactly(8), "big")
    mask = await reader.readexactly(4) if second & 0x80 else bytes(4)
    payload = await reader.readexactly(length)
    return first & 0x0F, bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))


async def answer(reader):
    """Reads the request; the bytes of the 101 for it (RFC 6455 section 4.2.2)."""
    head = await reader.readuntil(b"\r\n\r\n")
    key = b""
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"sec-websocket-key":
            key = value.strip()
    accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )


async def chatter(writer, every):
    number = 0
    while True:
        await asyncio.sleep(every)
        writer.write(frame(TEXT, b"tick %d" % number))
        await writer.drain()
        number += 1


async def read_on(reader, writer, answers):
    """Reads frames until a Close; with `answers`, pings get pongs and messages come back."""
    while True:
        opcode, payload = await read_frame(reader)
        if opcode == CLOSE:
            writer.write(frame(CLOSE, payload))
            await writer.drain()
            return
        if answers and opcode == PING:
            writer.write(frame(PONG, payload))
        elif answers and opcode in (TEXT, BINARY):
            writer.write(frame(opcode, payload))
        await writer.drain()


def handler(kind, every):
    async def handle(reader, writer):
        talk = None
        try:
            head = await answer(reader)
            writer.write(head + frame(TEXT, b"hello") if kind == "greet" else head)
            await writer.drain()
            if kind == "chatty":
                talk = asyncio.create_task(chatter(writer, every))
            await read_on(reader, writer, kind == "greet")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            if talk is not None:
                talk.cancel()
            writer.close()

    return handle


async def run(kind, every):
    server = await asyncio.start_server(handler(kind, every), "127.0.0.1", 0)
    announce.say_port(server)
    await announce.end_with_stdin()


def main(words):
    kind = words[0] if words else "chatty"
    if kind not in ("chatty", "greet", "silent"):
        sys.exit(__doc__)
    every = float(words[words.index("every") + 1]) if "every" in words else 1.5
    asyncio.run(run(kind, every))


main(sys.argv[1:])
