"""A client of the `websockets` library that does steps in their order and prints what it sees, each line JSON.

usage: ws_client.py URL STEP...

text:TEXT      sends a text message               binary:TEXT   sends its bytes as a binary message
big:N          sends N times "m"                  pieces:A,B,C  sends one text message in fragments
recv:N         receives N messages: {"got": "text", "length": 5, "head": "hello"}
ping           pings and waits: {"pong": true}
quiet:SECONDS  {"quiet": true} if no message came in that time
close          closes: {"closed": 1000, "reason": ""}
until-close    receives until the server closes, and tells that in the same way
again:URL      opens a new connection

Each connection that opens prints {"open": true}. It ends by itself, at the latest after 40 seconds.
"""

import asyncio
import json
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

LIMIT_SECONDS = 40


def say(**what):
    print(json.dumps(what), flush=True)


def say_message(message):
    is_text = isinstance(message, str)
    head = message[:64] if is_text else message[:64].decode("latin-1")
    say(got="text" if is_text else "binary", length=len(message), head=head)


async def tell_end(connection):
    await connection.wait_closed()
    say(closed=connection.close_code, reason=connection.close_reason or "")


async def quiet(connection, seconds):
    try:
        async with asyncio.timeout(seconds):
            say_message(await connection.recv())
    except TimeoutError:
        say(quiet=True)


async def until_close(connection):
    try:
        while True:
            say_message(await connection.recv())
    except ConnectionClosed:
        await tell_end(connection)


async def opened(url):
    # No pings but those of a step, no compression: what is on the wire is what the steps say.
    options = {"ping_interval": None, "compression": None, "proxy": None, "max_size": None}
    connection = await connect(url, user_agent_header="python", **options)
    say(open=True)
    return connection


async def step(connection, name, value):
    if name == "text":
        await connection.send(value)
    elif name == "binary":
        await connection.send(value.encode())
    elif name == "big":
        await connection.send("m" * int(value))
    elif name == "pieces":
        await connection.send(value.split(","))
    elif name == "recv":
        for _ in range(int(value)):
            say_message(await connection.recv())
    elif name == "ping":
        await (await connection.ping())
        say(pong=True)
    elif name == "quiet":
        await quiet(connection, float(value))
    elif name == "close":
        await connection.close()
        await tell_end(connection)
    elif name == "until-close":
        await until_close(connection)
    elif name == "again":
        return await opened(value)
    else:
        sys.exit(__doc__)
    return connection


async def run(url, steps):
    async with asyncio.timeout(LIMIT_SECONDS):
        connection = await opened(url)
        for one in steps:
            name, _, value = one.partition(":")
            connection = await step(connection, name, value)


asyncio.run(run(sys.argv[1], sys.argv[2:]))
