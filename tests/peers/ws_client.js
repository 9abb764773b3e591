// A client of the `ws` library that does steps in their order and prints what it sees, each line JSON.
//
// usage: node ws_client.js URL STEP...; NODE_PATH names the folder that holds `ws`
//
// text:TEXT      sends a text message               binary:TEXT   sends its bytes as a binary message
// big:N          sends N times "m"                  pieces:A,B,C  sends one text message in fragments
// recv:N         receives N messages: {"got": "text", "length": 5, "head": "hello"}
// ping           pings and waits: {"pong": true}
// quiet:SECONDS  {"quiet": true} if no message came in that time
// close          closes: {"closed": 1000, "reason": ""}
// until-close    receives until the server closes, and tells that in the same way
// pause:SECONDS  does nothing (a client's own wait before it comes again)
// again:URL      opens a new connection
//
// Each connection that opens prints {"open": true}. It ends by itself, at the latest after 40 seconds.

'use strict';

const { once } = require('node:events');
const { setTimeout: after } = require('node:timers/promises');
const WebSocket = require('ws');

const LIMIT_MS = 40000;

const say = (what) => console.log(JSON.stringify(what));

// One connection; what came and was not asked for yet waits in `messages`.
class Connection {
  constructor(url) {
    this.messages = [];
    this.wake = () => {};
    this.end = null;
    this.socket = new WebSocket(url, { perMessageDeflate: false, headers: { 'User-Agent': 'node' } });
    this.socket.on('message', (data, isBinary) => this.came({ data, isBinary }));
    this.socket.on('close', (code, reason) => {
      this.end = { closed: code, reason: reason.toString() };
      this.wake();
    });
  }

  came(message) {
    this.messages.push(message);
    this.wake();
  }

  async change() {
    await new Promise((resolve) => { this.wake = resolve; });
  }

  // True if there was one before the end.
  async sayNext() {
    while (this.messages.length === 0) {
      if (this.end !== null) return false;
      await this.change();
    }
    const { data, isBinary } = this.messages.shift();
    const text = data.toString(isBinary ? 'latin1' : 'utf8');
    say({ got: isBinary ? 'binary' : 'text', length: data.length, head: text.slice(0, 64) });
    return true;
  }

  async sayEnd() {
    while (this.end === null) await this.change();
    say(this.end);
  }
}

async function opened(url) {
  const connection = new Connection(url);
  await once(connection.socket, 'open');
  connection.socket.on('error', () => {});
  say({ open: true });
  return connection;
}

function sendPieces(socket, pieces) {
  pieces.forEach((piece, index) => socket.send(piece, { fin: index === pieces.length - 1 }));
}

const steps = {
  text: (connection, value) => connection.socket.send(value),
  binary: (connection, value) => connection.socket.send(Buffer.from(value)),
  big: (connection, value) => connection.socket.send('m'.repeat(Number(value))),
  pieces: (connection, value) => sendPieces(connection.socket, value.split(',')),
  recv: async (connection, value) => {
    for (let left = Number(value); left > 0; left -= 1) {
      if (!(await connection.sayNext())) throw new Error('the connection ended');
    }
  },
  ping: async (connection) => {
    connection.socket.ping('are you there');
    await once(connection.socket, 'pong');
    say({ pong: true });
  },
  quiet: async (connection, value) => {
    await after(Number(value) * 1000);
    if (connection.messages.length === 0) say({ quiet: true });
    else await connection.sayNext();
  },
  close: async (connection) => {
    connection.socket.close(1000);
    await connection.sayEnd();
  },
  'until-close': async (connection) => {
    while (await connection.sayNext());
    await connection.sayEnd();
  },
  pause: (_, value) => after(Number(value) * 1000),
};

async function run(url, words) {
  let connection = await opened(url);
  for (const word of words) {
    const at = word.indexOf(':');
    const [name, value] = at < 0 ? [word, ''] : [word.slice(0, at), word.slice(at + 1)];
    if (name === 'again') connection = await opened(value);
    else await steps[name](connection, value);
  }
}

setTimeout(() => {
  console.error(`not done within ${LIMIT_MS} ms`);
  process.exit(1);
}, LIMIT_MS).unref();

run(process.argv[2], process.argv.slice(3)).then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
