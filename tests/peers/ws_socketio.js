// A Socket.IO server whose Engine.IO pings often. Listens on a free loopback port, prints `PORT <n>`, ends when its
// stdin closes.
//
// usage: node ws_socketio.js [INTERVAL_MS TIMEOUT_MS]; NODE_PATH names the folder that holds `socket.io`
//
// Each INTERVAL_MS (300) the server sends 2, and ends the connection when no 3 has come within TIMEOUT_MS (400).

'use strict';

const http = require('node:http');
const { Server } = require('socket.io');

const [interval = '300', timeout = '400'] = process.argv.slice(2);
const server = http.createServer();
new Server(server, { pingInterval: Number(interval), pingTimeout: Number(timeout) });

server.listen(0, '127.0.0.1', () => console.log(`PORT ${server.address().port}`));
process.stdin.resume();
process.stdin.on('close', () => process.exit(0));
process.stdin.on('end', () => process.exit(0));
