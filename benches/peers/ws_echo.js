// An echo server of the `ws` library, without compression. NODE_PATH names the folder that holds it.
//
// usage: node ws_echo.js PORT

'use strict';

const { WebSocketServer } = require('ws');

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: Number(process.argv[2]),
  perMessageDeflate: false,
  maxPayload: 64 * 1024 * 1024,
  backlog: 4096,
});

server.on('connection', (socket) => {
  socket.on('error', () => {});
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});
