// Owns the wiring of the page: the form, the settings and the classic client's story on the time line and in the list.
// The parts have their own files: client.js, timeline.js, feed.js, compare.js; words.js and list.js serve them all.

import { ClassicClient } from './client.js';
import { Comparison } from './compare.js';
import { ConnectionView } from './feed.js';
import { Lines, oncePerPicture } from './list.js';
import { Timeline } from './timeline.js';
import { bytes, duration, milliseconds, quoted, safe, size } from './words.js';

const LONGEST_SECONDS = 86400;
const MODES = ['echo', 'broadcast', 'silent', 'source', 'sink', 'stream'];
const byId = (id) => document.getElementById(id);

// Settings

const settings = { idleSeconds: 60, answerSeconds: 60, heartbeat: 'HeartBeat', reconnect: true, reconnectSeconds: 1 };

// The number in a field, or null where there is none that a timer can use; the field says so.
function readSeconds(id, least = 0.001) {
  const field = byId(id);
  const text = field.value.trim().replace(',', '.');
  const seconds = text === '' ? NaN : Number(text);
  const isUsable = seconds >= least && seconds <= LONGEST_SECONDS;
  field.setAttribute('aria-invalid', String(!isUsable));
  return isUsable ? seconds : null;
}

function readSettings() {
  const read = {
    idleSeconds: readSeconds('idle-seconds'),
    answerSeconds: readSeconds('answer-seconds'),
    reconnectSeconds: readSeconds('reconnect-seconds', 0),
  };
  for (const [name, seconds] of Object.entries(read)) settings[name] = seconds ?? settings[name];
  settings.heartbeat = byId('heartbeat-text').value;
  settings.reconnect = byId('reconnect').checked;
  const isBad = Object.values(read).includes(null);
  const complaint = `Seconds are needed, ${LONGEST_SECONDS} at most; the last good value holds.`;
  byId('settings-state').textContent = isBad ? complaint : '';
}

// Where to connect to

function targetUrl(typed) {
  const target = typed.trim();
  if (/^wss?:\/\//i.test(target)) return target;
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  return `${scheme}://${location.host}${targetPath(target)}`;
}

// A bare word is a mode or else a fault, whose text may hold what would begin a query or a fragment.
function targetPath(target) {
  if (target.startsWith('/')) return target;
  if (MODES.includes(target)) return `/${target}`;
  return `/fault/${target.replaceAll('?', '%3F').replaceAll('#', '%23')}`;
}

// The client and its story

const timeline = new Timeline(byId('timeline'));
const lines = new Lines(byId('client-events'));
const counts = {};
let lastAt = 0;
let closingAt = 0;

const client = new ClassicClient({
  world: {
    now: () => performance.now(),
    makeSocket: (url) => new WebSocket(url),
    setTimer: (then, ms) => setTimeout(then, ms),
    clearTimer: (id) => clearTimeout(id),
  },
  settings,
  tell: (event) => story(event),
});

function story(event) {
  lastAt = event.at;
  if (event.kind === 'closing') closingAt = event.at;
  timeline.note(event);
  counts[event.kind] = (counts[event.kind] ?? 0) + 1;
  const counter = byId(`count-${event.kind}`);
  if (counter) counter.textContent = counts[event.kind];
  const [kind, text] = storyWords(event);
  lines.append({ time: clockTime(event.at), kind, text, tag: event.kind });
  showState();
  drawSoon();
}

function storyWords(event) {
  switch (event.kind) {
    case 'connecting': return ['connecting', safe(event.url)];
    case 'open': return ['open', `number ${counts.open}`];
    case 'in': return ['in', dataWords(event.data)];
    case 'out': return ['out', dataWords(event.data)];
    case 'heartbeat': return ['heartbeat', `${quoted(event.data)} sent, answer due in ${settings.answerSeconds} s`];
    case 'answer': return ['answer', `a message came ${milliseconds(event.tookMs)} after the heartbeat`];
    case 'miss': return ['no answer', `nothing came in ${milliseconds(event.waitedMs)}`];
    case 'closing': return ['closing', `${event.text}; onclose is awaited`];
    case 'drop': return ['drop', closeWords(event)];
    case 'retry': return ['reconnect', `in ${event.seconds} s, from onclose`];
    case 'failed': return ['failed', safe(event.text)];
    default: return ['end', event.text ?? closeWords(event)];
  }
}

function dataWords(data) {
  if (typeof data === 'string') return `text ${bytes(size(data))} ${quoted(data)}`;
  return `binary ${bytes(data.byteLength)}`;
}

function closeWords({ code, reason, wasClean }) {
  const how = wasClean ? 'clean' : 'no whole closing handshake';
  return `code ${code}${reason ? ` ${quoted(reason)}` : ''}, ${how}`;
}

function clockTime(at) {
  const wall = new Date(performance.timeOrigin + at);
  const two = (number) => String(number).padStart(2, '0');
  const parts = [wall.getHours(), wall.getMinutes(), wall.getSeconds()].map(two).join(':');
  return `${parts}.${String(wall.getMilliseconds()).padStart(3, '0')}`;
}

// What is shown

const STATES = {
  none: 'not connected',
  connecting: 'connecting',
  open: 'open',
  closing: 'closing, waiting for onclose',
  waiting: 'dropped, waiting to reconnect',
};

function showState() {
  const shown = byId('client-state');
  if (shown.dataset.state !== client.state) {
    shown.dataset.state = client.state;
    shown.textContent = STATES[client.state];
  }
  byId('disconnect').setAttribute('aria-disabled', String(client.state === 'none'));
  byId('send').setAttribute('aria-disabled', String(client.state !== 'open'));
}

function timerWords() {
  const left = (countdown) => duration(countdown.dueAt - performance.now());
  if (client.answer.isRunning) return `close in ${left(client.answer)} unless a message comes`;
  if (client.idle.isRunning) return `heartbeat in ${left(client.idle)}`;
  if (client.retry.isRunning) return `next attempt in ${left(client.retry)}`;
  if (client.state === 'closing') return `for ${duration(performance.now() - closingAt)}`;
  return '';
}

function draw() {
  byId('client-timer').textContent = timerWords();
  const until = client.state === 'none' ? lastAt : performance.now();
  timeline.draw(until, Number(byId('timeline-span').value));
}

const drawSoon = oncePerPicture(draw);

// What the person does

byId('connect-form').addEventListener('submit', (event) => {
  event.preventDefault();
  readSettings();
  client.connect(targetUrl(byId('target').value));
});

byId('send-form').addEventListener('submit', (event) => {
  event.preventDefault();
  if (client.send(byId('message').value)) byId('message').value = '';
});

byId('disconnect').addEventListener('click', () => client.disconnect());

byId('target').addEventListener('input', showTarget);

function showTarget() {
  byId('target-url').textContent = targetUrl(byId('target').value);
}

for (const id of ['idle-seconds', 'answer-seconds', 'heartbeat-text', 'reconnect', 'reconnect-seconds']) {
  byId(id).addEventListener('change', () => {
    readSettings();
    client.settingsChanged();
  });
}

byId('timeline-span').addEventListener('change', drawSoon);
new ResizeObserver(drawSoon).observe(byId('timeline'));
setInterval(() => client.state !== 'none' && drawSoon(), 250);

showTarget();
drawSoon();
new Comparison(byId, readSeconds);
new ConnectionView(byId).watch();
