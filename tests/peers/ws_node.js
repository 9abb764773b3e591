// Servers of the `ws` library. Listens on a free loopback port, prints `PORT <n>`, ends when its stdin closes.
//
// usage: node ws_node.js [echo | ping] [tls CERT KEY] [protocol NAME]; NODE_PATH names the folder that holds `ws`
//
// echo   sends back every message
// ping   the same, and pings each second

'use strict';

const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const { WebSocketServer } = require('ws');

const words = process.argv.slice(2);

function after(name, count) {
  const at = words.indexOf(name);
  return at < 0 ? [] : words.slice(at + 1, at + 1 + count);
}

function listener() {
  const [cert, key] = after('tls', 2);
  if (cert === undefined) return http.createServer();
  return https.createServer({ cert: fs.readFileSync(cert), key: fs.readFileSync(key) });
}

const [protocol] = after('protocol', 1);
const server = listener();
const sockets = new WebSocketServer({
  server,
  handleProtocols: (offered) => (offered.has(protocol) ? protocol : false),
});

sockets.on('connection', (socket) => {
  socket.on('error', () => {});
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  if (words[0] !== 'ping') return;
  const timer = setInterval(() => socket.ping(), 1000);
  socket.on('close', () => clearInterval(timer));
});

server.listen(0, '127.0.0.1', () => console.log(`PORT ${server.address().port}`));
process.stdin.resume();
process.stdin.on('close', () => process.exit(0));
process.stdin.on('end', () => process.exit(0));
