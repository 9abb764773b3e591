"""An ASGI application in uvicorn: one WebSocket route, /ws, that sends back every message.

usage: ws_asgi.py
"""

import asyncio
import socket

import announce
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocketDisconnect


async def echo(connection):
    await connection.accept()
    try:
        while True:
            message = await connection.receive()
            if message["type"] == "websocket.disconnect":
                return
            if message.get("text") is not None:
                await connection.send_text(message["text"])
            else:
                await connection.send_bytes(message["bytes"])
    except WebSocketDisconnect:
        pass


async def main():
    listener = socket.create_server(("127.0.0.1", 0))
    application = Starlette(routes=[WebSocketRoute("/ws", echo)])
    server = uvicorn.Server(uvicorn.Config(application, log_level="critical", lifespan="off"))
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    print(f"PORT {listener.getsockname()[1]}", flush=True)
    await asyncio.wait([serving, asyncio.ensure_future(announce.end_with_stdin())], return_when=asyncio.FIRST_COMPLETED)


asyncio.run(main())
