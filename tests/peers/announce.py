"""What every Python peer shares: it listens on a free loopback port, says so, and ends when its stdin closes."""

import asyncio
import os
import ssl
import sys


def say_port(server):
    """Prints `PORT <n>` for an asyncio or websockets server."""
    port = list(server.sockets)[0].getsockname()[1]
    print(f"PORT {port}", flush=True)


async def end_with_stdin():
    """Ends this process, open connections and all, when whoever started it closes its stdin or ends."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.read(4096):
        pass
    # A client that does not read could hold up an orderly end for ever.
    os._exit(0)


def tls_context(words):
    """The server context for `tls CERT KEY` among the arguments (PEM files); None without it."""
    if "tls" not in words:
        return None
    at = words.index("tls")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(words[at + 1], words[at + 2])
    return context


async def serve(handler, words, **options):
    """Runs a websockets server with `handler` until stdin closes; `words` may hold `tls CERT KEY`."""
    from websockets.asyncio.server import serve as listen

    async with listen(handler, "127.0.0.1", 0, ssl=tls_context(words), **options) as server:
        say_port(server)
        await end_with_stdin()
