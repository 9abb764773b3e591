"""A Tornado server with its own check of the Origin: one WebSocket at /ws that sends back every message.

usage: ws_tornado.py
"""

import asyncio

import announce
import tornado.httpserver
import tornado.netutil
import tornado.web
import tornado.websocket


class Echo(tornado.websocket.WebSocketHandler):
    async def on_message(self, message):
        await self.write_message(message, binary=isinstance(message, bytes))


async def main():
    server = tornado.httpserver.HTTPServer(tornado.web.Application([("/ws", Echo)]))
    sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
    server.add_sockets(sockets)
    print(f"PORT {sockets[0].getsockname()[1]}", flush=True)
    await announce.end_with_stdin()


asyncio.run(main())
