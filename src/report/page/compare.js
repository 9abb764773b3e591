// Owns the comparison: the same messages of the server by socket, by long polling and by polling at the same time, and
// what each way costs. It measures from inside the browser, so some bytes are estimates; the page says which.

import { bytes, counted, milliseconds, size } from './words.js';
import { element } from './list.js';

const MOST_COMPARED = 2000;
const MOST_PENDING = 5000;
const WAIT_S = 25;
const PAUSE_AFTER_FAILURE_MS = 1000;

// A page sees neither its own request heads nor the opening handshake. These stand for the fields that a browser adds:
// Accept, Accept-Encoding, Accept-Language, the sec-ch-ua and Sec-Fetch groups; for a handshake Origin, its key,
// version and extensions. Chromium 156 adds 291 and 330.
const OTHER_FIELDS_OF_A_REQUEST = 290;
const OTHER_FIELDS_OF_A_HANDSHAKE = 330;
const ANSWER_TO_A_HANDSHAKE = 130;

// What is counted for one way

class Way {
  constructor(name) {
    this.name = name;
    this.requests = 0;
    this.failed = 0;
    this.bytes = 0;
    this.messages = 0;
    this.inUse = 0;
    this.opened = 0;
  }
}

// The delays of the messages that every way has brought

export class SharedDelays {
  #ways;
  #pending = new Map();
  #compared = [];

  constructor(ways) {
    this.#ways = ways;
  }

  take(way, number, delay) {
    const delays = this.#pending.get(number) ?? new Map();
    delays.set(way, delay);
    this.#pending.set(number, delays);
    if (delays.size === this.#ways.length) this.#settle(number, delays);
    if (this.#pending.size > MOST_PENDING) this.#pending.delete(this.#pending.keys().next().value);
  }

  get count() {
    return this.#compared.length;
  }

  // Nearest rank: a delay that one of the messages really had.
  percentile(way, percent) {
    const sorted = this.#compared.map((delays) => delays.get(way)).sort((one, other) => one - other);
    return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
  }

  #settle(number, delays) {
    this.#pending.delete(number);
    this.#compared.push(delays);
    if (this.#compared.length > MOST_COMPARED) this.#compared.shift();
  }
}

// One run of all three

class Run {
  constructor(intervalMs) {
    this.intervalMs = intervalMs;
    this.socketWay = new Way('socket');
    this.longPollWay = new Way('long-poll');
    this.pollWay = new Way('poll');
    this.ways = [this.socketWay, this.longPollWay, this.pollWay];
    this.delays = new SharedDelays(this.ways);
    this.stopped = new AbortController();
    this.clockShift = clockShift();
    this.first = null;
  }

  // The socket first: once it is open no message passes it by, and from there on all three are counted.
  async start() {
    this.#watchConnections();
    await this.#openSocket();
    const answer = await fetch('/poll', { signal: this.stopped.signal });
    if (!answer.ok) throw new Error(`/poll answered ${answer.status}`);
    this.first = (await answer.json()).next;
    this.#loop(this.longPollWay, (since) => `/long-poll?since=${since}&wait=${WAIT_S}`, 0);
    this.#loop(this.pollWay, (since) => `/poll?since=${since}`, this.intervalMs);
  }

  stop() {
    this.stopped.abort();
    this.observer?.disconnect();
    this.socket?.close();
    for (const way of this.ways) way.inUse = 0;
  }

  get isStopped() {
    return this.stopped.signal.aborted;
  }

  #openSocket() {
    const way = this.socketWay;
    const path = '/stream';
    way.requests += 1;
    way.opened += 1;
    way.bytes += requestHead(path) + OTHER_FIELDS_OF_A_HANDSHAKE + ANSWER_TO_A_HANDSHAKE;
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${path}`);
      this.socket = socket;
      socket.onopen = () => {
        way.inUse = 1;
        resolve();
      };
      socket.onmessage = (message) => {
        const length = size(message.data);
        way.bytes += length + frameHead(length);
        this.#take(way, message.data);
      };
      socket.onclose = (end) => {
        way.inUse = 0;
        reject(new Error(`/stream closed with ${end.code}`));
        if (!this.isStopped && this.first !== null) this.#reopen(way);
      };
    });
  }

  async #reopen(way) {
    way.failed += 1;
    await this.#pause(PAUSE_AFTER_FAILURE_MS);
    // A failure is counted by onclose, which comes here again.
    if (!this.isStopped) this.#openSocket().catch(() => {});
  }

  async #loop(way, pathSince, intervalMs) {
    let next = this.first;
    while (!this.isStopped) {
      const begun = performance.now();
      try {
        next = await this.#fetchOnce(way, pathSince(next));
      } catch {
        if (this.isStopped) return;
        way.failed += 1;
        await this.#pause(PAUSE_AFTER_FAILURE_MS);
      }
      await this.#pause(intervalMs - (performance.now() - begun));
    }
  }

  async #fetchOnce(way, path) {
    way.requests += 1;
    way.inUse = 1;
    way.bytes += requestHead(path) + OTHER_FIELDS_OF_A_REQUEST;
    try {
      const answer = await fetch(path, { signal: this.stopped.signal });
      const body = await answer.arrayBuffer();
      way.bytes += answerHead(answer) + body.byteLength;
      if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
      const { next, messages } = JSON.parse(new TextDecoder().decode(body));
      for (const text of messages) this.#take(way, text);
      return next;
    } finally {
      way.inUse = 0;
    }
  }

  #take(way, text) {
    const arrived = performance.timeOrigin + performance.now() + this.clockShift;
    const message = JSON.parse(text);
    if (this.first === null || message.n < this.first) return;
    way.messages += 1;
    this.delays.take(way, message.n, arrived - message.sent_ms);
  }

  // A request that had to connect first says so in its timing.
  #watchConnections() {
    this.observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const way = this.ways.find(({ name }) => new URL(entry.name).pathname === `/${name}`);
        if (way && entry.connectEnd > entry.connectStart) way.opened += 1;
      }
    });
    this.observer.observe({ type: 'resource' });
  }

  #pause(ms) {
    if (ms <= 0 || this.isStopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.stopped.signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      }, { once: true });
    });
  }
}

// The page's clock counts on from the load; a machine that slept since has left it behind.
function clockShift() {
  const behind = Date.now() - (performance.timeOrigin + performance.now());
  return Math.abs(behind) > 5 ? behind : 0;
}

function requestHead(path) {
  return size(`GET ${path} HTTP/1.1\r\nHost: ${location.host}\r\nUser-Agent: ${navigator.userAgent}\r\n\r\n`);
}

// Resource timing has a `transferSize`, but it takes every head for 300 bytes; the fields we see are nearer.
function answerHead(answer) {
  let length = `HTTP/1.1 ${answer.status} ${answer.statusText}\r\n\r\n`.length;
  for (const [name, value] of answer.headers) length += name.length + value.length + 4;
  return length;
}

// RFC 6455 section 5.2; a server does not mask.
function frameHead(length) {
  if (length < 126) return 2;
  return length < 65536 ? 4 : 10;
}

// The table

const MEASURES = [
  ['messages', 'Messages', (way) => String(way.messages)],
  ['requests', 'Requests made', (way) => `${way.requests}${way.failed > 0 ? ` (${way.failed} failed)` : ''}`],
  ['bytes', 'Bytes, estimated', (way) => bytes(way.bytes)],
  ['each', 'Bytes a message', (way) => (way.messages > 0 ? bytes(way.bytes / way.messages) : '-')],
  ['median', 'Delay, median', (way, delays) => milliseconds(delays.percentile(way, 50))],
  ['p99', 'Delay, p99', (way, delays) => milliseconds(delays.percentile(way, 99))],
  ['open', 'Connections open now', (way) => String(way.inUse)],
  ['opened', 'New connections', (way) => String(way.opened)],
];

export class Comparison {
  #run = null;
  #timer = null;

  constructor(byId, readSeconds) {
    this.byId = byId;
    this.readSeconds = readSeconds;
    byId('ways-start').addEventListener('click', () => this.start());
    byId('ways-stop').addEventListener('click', () => this.stop('stopped'));
    this.#makeRows();
  }

  async start() {
    if (this.#run !== null) return;
    const seconds = this.readSeconds('ways-interval');
    if (seconds === null) return this.#say('Poll each: a number of seconds above 0 is needed.');
    const run = new Run(seconds * 1000);
    this.#run = run;
    this.#setRunning(true);
    this.#say(`Running; polling each ${seconds} s.`);
    this.#timer = setInterval(() => this.#show(run), 500);
    try {
      await run.start();
    } catch (error) {
      if (this.#run === run) this.stop(`stopped: ${error.message}`);
    }
  }

  stop(why) {
    if (this.#run === null) return;
    clearInterval(this.#timer);
    this.#run.stop();
    this.#show(this.#run);
    this.#run = null;
    this.#setRunning(false);
    this.#say(`${why[0].toUpperCase()}${why.slice(1)}.`);
  }

  #setRunning(isRunning) {
    this.byId('ways-start').setAttribute('aria-disabled', String(isRunning));
    this.byId('ways-stop').setAttribute('aria-disabled', String(!isRunning));
  }

  #say(words) {
    this.byId('ways-state').textContent = words;
  }

  #makeRows() {
    const rows = MEASURES.map(([measure, title]) => {
      const row = element('tr');
      const head = element('th', '', title);
      head.scope = 'row';
      row.append(head, ...['socket', 'long-poll', 'poll'].map((way) => {
        const cell = element('td', 'number', '-');
        cell.id = `ways-${way}-${measure}`;
        return cell;
      }));
      return row;
    });
    this.byId('ways-rows').replaceChildren(...rows);
  }

  #show(run) {
    for (const way of run.ways) {
      for (const [measure, , words] of MEASURES) {
        this.byId(`ways-${way.name}-${measure}`).textContent = words(way, run.delays);
      }
    }
    this.byId('ways-words').textContent = verdict(run);
  }
}

function verdict(run) {
  if (run.delays.count === 0) return 'Waiting for the first message that all three have brought.';
  const median = (way) => milliseconds(run.delays.percentile(way, 50));
  const requests = (way) => counted(way.requests, 'request');
  const { socketWay, longPollWay, pollWay } = run;
  return `Over the same ${counted(run.delays.count, 'message')}: half of them were here within `
    + `${median(socketWay)} by socket (${requests(socketWay)}), ${median(longPollWay)} by long polling (${requests(longPollWay)}), `
    + `${median(pollWay)} by polling (${requests(pollWay)}).`;
}
