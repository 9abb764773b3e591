"""A server of the `websockets` library that sends messages by itself, many a second, in batches.

usage: ws_flood.py [rate N] [size BYTES] [tls CERT KEY]; 10000 messages a second of 32 bytes unless told
"""

import asyncio
import sys

import announce
from websockets.exceptions import ConnectionClosed

BATCHES_A_SECOND = 100


def number(words, name, otherwise):
    return int(words[words.index(name) + 1]) if name in words else otherwise


def flood(rate, size):
    async def handler(connection):
        loop = asyncio.get_running_loop()
        begun = loop.time()
        sent = 0
        try:
            while True:
                due = int((loop.time() - begun) * rate) - sent
                # After a stall no more than a second's worth is made up for.
                for _ in range(min(due, rate)):
                    await connection.send(f"{sent:08d}".ljust(size, "."))
                    sent += 1
                await asyncio.sleep(1 / BATCHES_A_SECOND)
        except ConnectionClosed:
            pass

    return handler


def main(words):
    handler = flood(number(words, "rate", 10_000), number(words, "size", 32))
    asyncio.run(announce.serve(handler, words, ping_interval=None, compression=None))


main(sys.argv[1:])
