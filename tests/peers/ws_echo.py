"""An echo server of the `websockets` library.

usage: ws_echo.py [tls CERT KEY] [protocol NAME]
"""

import asyncio
import sys

import announce
from websockets.exceptions import ConnectionClosed


async def echo(connection):
    try:
        async for message in connection:
            await connection.send(message)
    except ConnectionClosed:
        pass


def main(words):
    names = [words[words.index("protocol") + 1]] if "protocol" in words else None
    asyncio.run(announce.serve(echo, words, subprotocols=names, ping_interval=None))


main(sys.argv[1:])
