"""A server that speaks as Phoenix channels do (serializer 2), as far as heartbeats go. Each `heartbeat` on the topic
`phoenix` gets its `phx_reply`, with the ref that it had; anything else ends the connection with 1008.

usage: ws_phoenix.py [timeout SECONDS] [stale]

timeout SECONDS  without a heartbeat for so long the connection is ended with 1000, as Cowboy's idle timeout does
stale            every reply has the ref of the heartbeat before
"""

import asyncio
import json
import sys

import announce
from websockets.exceptions import ConnectionClosed


def ref_of(message):
    """The ref of a heartbeat; None for another message."""
    try:
        join, ref, topic, event, payload = json.loads(message)
    except (TypeError, ValueError):
        return None
    known = (join, topic, event, payload) == (None, "phoenix", "heartbeat", {})
    return ref if known and isinstance(ref, str) else None


def handler(words):
    limit = float(words[words.index("timeout") + 1]) if "timeout" in words else None
    stale = "stale" in words

    async def talk(connection):
        last = "0"
        try:
            while True:
                try:
                    message = await asyncio.wait_for(connection.recv(), limit)
                except asyncio.TimeoutError:
                    return
                ref = ref_of(message)
                if ref is None:
                    await connection.close(1008, "not a heartbeat")
                    return
                reply = [None, last if stale else ref, "phoenix", "phx_reply", {"status": "ok", "response": {}}]
                await connection.send(json.dumps(reply))
                last = ref
        except ConnectionClosed:
            pass

    return talk


def main(words):
    asyncio.run(announce.serve(handler(words), words, ping_interval=None))


main(sys.argv[1:])
