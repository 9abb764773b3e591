"""An echo server of the `websockets` library that pings its clients, and drops those that do not answer.

usage: ws_pinger.py [interval SECONDS] [timeout SECONDS] [tls CERT KEY]; both 1 second unless told
"""

import asyncio
import sys

import announce
from websockets.exceptions import ConnectionClosed


def seconds(words, name):
    return float(words[words.index(name) + 1]) if name in words else 1.0


async def echo(connection):
    try:
        async for message in connection:
            await connection.send(message)
    except ConnectionClosed:
        pass


def main(words):
    interval, timeout = seconds(words, "interval"), seconds(words, "timeout")
    asyncio.run(announce.serve(echo, words, ping_interval=interval, ping_timeout=timeout))


main(sys.argv[1:])
