// HTTP servers of Node with WebSockets on a path. Listens on a free loopback port, prints `PORT <n>`, ends when its stdin
// closes.
//
// usage: node ws_shared.js one | two | together | socketio | alone; NODE_PATH names the folder that holds the packages
//
// one       the `ws` library at /ws, and nothing else
// two       two `ws` servers on one HTTP server, at /one and /two, neither knowing of the other
// together  the same, put together as the library's own documentation has it: one `upgrade` handler asks both
// socketio  a Socket.IO server
// alone     the `ws` library without an HTTP server of the user's

'use strict';

const http = require('node:http');

const [kind] = process.argv.slice(2);

function echo(sockets) {
  sockets.on('connection', (socket) => {
    socket.on('error', () => {});
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  return sockets;
}

function say(server) {
  console.log(`PORT ${server.address().port}`);
}

function listen(server) {
  server.listen(0, '127.0.0.1', () => say(server));
}

if (kind === 'socketio') {
  const { Server } = require('socket.io');
  const server = http.createServer();
  new Server(server).on('connection', () => {});
  listen(server);
} else {
  const { WebSocketServer } = require('ws');
  if (kind === 'alone') {
    const sockets = echo(new WebSocketServer({ port: 0, host: '127.0.0.1' }, () => say(sockets)));
  } else if (kind === 'together') {
    const server = http.createServer();
    const paths = ['/one', '/two'].map((path) => [path, echo(new WebSocketServer({ noServer: true }))]);
    server.on('upgrade', (request, socket, head) => {
      const found = paths.find(([path]) => path === request.url);
      if (found === undefined) return socket.destroy();
      found[1].handleUpgrade(request, socket, head, (open) => found[1].emit('connection', open, request));
    });
    listen(server);
  } else {
    const server = http.createServer();
    const paths = kind === 'two' ? ['/one', '/two'] : ['/ws'];
    paths.forEach((path) => echo(new WebSocketServer({ server, path })));
    listen(server);
  }
}

process.stdin.resume();
process.stdin.on('close', () => process.exit(0));
process.stdin.on('end', () => process.exit(0));
