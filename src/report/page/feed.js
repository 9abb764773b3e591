// Owns the server's side of the page: its connections in a table, and the live events of the one that is chosen.
// It reads /feed, whose lines are the events of docs/events.md, and keeps a bounded story of each connection.

import { counted, duration, endWords, eventLine, safe } from './words.js';
import { element, keepNewest, Lines, oncePerPicture } from './list.js';

const MOST_CONNECTIONS = 300;
const RUN_SHIFT_MS = 2000;
const TRY_AGAIN_MS = 3000;

// The connections as the events tell them; no document here

export class Stories {
  #byNumber = new Map();
  #clock = { atNs: 0, seenAt: 0, runBeganMs: null };
  forgotten = 0;

  get all() {
    return this.#byNumber.values();
  }

  get(number) {
    return this.#byNumber.get(number);
  }

  // What stands when we begin to look. After a gap, those we knew and that are gone have ended unseen.
  takeSnapshot(snapshot, seenAt) {
    const runBeganMs = snapshot.wall_ms - snapshot.now_ns / 1e6;
    const isOtherRun = this.#clock.runBeganMs !== null && Math.abs(runBeganMs - this.#clock.runBeganMs) > RUN_SHIFT_MS;
    if (isOtherRun) this.#forgetAll();
    this.#clock = { atNs: snapshot.now_ns, seenAt, runBeganMs };
    const standing = new Set(snapshot.connections.map((connection) => connection.conn));
    for (const story of this.all) {
      if (standing.has(story.number) || story.hasEnded) continue;
      finish(story, 'ended', snapshot.now_ns, 'ended while this page did not look');
    }
    const shown = snapshot.connections.slice(-MOST_CONNECTIONS);
    for (const connection of shown) this.#standing(connection);
    this.forgotten = (snapshot.not_listed ?? 0) + snapshot.connections.length - shown.length;
  }

  // Returns the story that the event belongs to, if it has one here.
  take(event) {
    const begins = event.type === 'upgrade_sent' || event.type === 'open';
    const story = this.get(event.conn) ?? (begins && event.conn > 0 ? this.#begin(event.conn, event.at_ns) : undefined);
    if (story === undefined) return undefined;
    change(story, event);
    const line = eventLine(event);
    story.last = line.kind;
    story.lines.push({ time: this.#timeOf(event.at_ns), tag: event.type, ...line });
    keepNewest(story.lines);
    return story;
  }

  ageMs(story, seenNow) {
    if (story.ageMs !== null) return story.ageMs;
    const nowNs = this.#clock.atNs + (seenNow - this.#clock.seenAt) * 1e6;
    return (nowNs - story.begunAtNs) / 1e6;
  }

  #standing(connection) {
    const known = this.get(connection.conn);
    const story = known ?? this.#begin(connection.conn, connection.opened_at_ns);
    story.peer = connection.peer;
    story.path = pathOf(connection.target);
    story.agent = connection.user_agent ?? '';
    story.state = 'open';
    story.stateWords = 'open';
  }

  #begin(number, atNs) {
    const story = {
      number, begunAtNs: atNs, peer: '', path: '', agent: '', state: 'handshake', stateWords: 'handshake',
      in: 0, out: 0, last: '', lines: [], ageMs: null, hasEnded: false,
    };
    this.#byNumber.set(number, story);
    if (this.#byNumber.size > MOST_CONNECTIONS) this.#forgetOne();
    return story;
  }

  #forgetOne() {
    const numbers = [...this.#byNumber.keys()];
    this.#byNumber.delete(numbers.find((number) => this.get(number).hasEnded) ?? numbers[0]);
    this.forgotten += 1;
  }

  #forgetAll() {
    this.#byNumber.clear();
    this.forgotten = 0;
  }

  #timeOf(atNs) {
    const wall = new Date(this.#clock.runBeganMs + atNs / 1e6);
    const two = (number) => String(number).padStart(2, '0');
    const parts = [wall.getHours(), wall.getMinutes(), wall.getSeconds()].map(two).join(':');
    return `${parts}.${String(wall.getMilliseconds()).padStart(3, '0')}`;
  }
}

function change(story, event) {
  switch (event.type) {
    case 'upgrade_sent':
      story.path = String(event.head?.start ?? '').split(' ')[1] ?? '';
      story.agent = fieldOf(event.head, 'user-agent');
      break;
    case 'upgrade_answered':
      if (statusOf(event.head) !== '101') finish(story, 'refused', event.at_ns, `refused ${statusOf(event.head)}`);
      break;
    case 'open':
      story.peer = event.peer;
      story.begunAtNs = event.at_ns;
      story.state = 'open';
      story.stateWords = 'open';
      break;
    case 'message':
      if (event.direction === 'in') story.in += 1;
      break;
    case 'frame':
      // What goes out has no event of its own: a message is counted by its last frame.
      if (event.direction === 'out' && event.fin && event.opcode <= 2) story.out += 1;
      break;
    case 'ended':
      finish(story, event.drop ? 'dropped' : 'ended', event.at_ns, endWords(event));
      story.ageMs = event.age_ns / 1e6;
      story.in = event.messages_in;
      story.out = event.messages_out;
      break;
  }
}

// The path alone: which server it is, the page says once.
function pathOf(target) {
  return String(target ?? '').replace(/^wss?:\/\/[^/]*/, '') || '/';
}

function finish(story, state, atNs, words) {
  story.state = state;
  story.stateWords = words;
  story.hasEnded = true;
  story.ageMs = (atNs - story.begunAtNs) / 1e6;
}

function fieldOf(head, wanted) {
  const found = (head?.fields ?? []).find(([name]) => name.toLowerCase() === wanted);
  return found ? found[1] : '';
}

function statusOf(head) {
  return safe(String(head?.start ?? '').split(' ')[1] ?? '');
}

// The table, and the events of the chosen connection

const COLUMNS = ['state', 'path', 'wide peer', 'number age', 'number in', 'number out', 'last', 'wide agent'];

export class ConnectionView {
  #stories = new Stories();
  #rows = new Map();
  #changed = new Set();
  #chosen = null;
  #lost = 0;
  #showSoon = oncePerPicture(() => this.#show());

  constructor(byId) {
    this.byId = byId;
    this.lines = new Lines(byId('connection-events'));
    byId('show-frames').addEventListener('change', (event) => {
      this.lines.list.classList.toggle('without-frames', !event.target.checked);
    });
    byId('follow-newest').addEventListener('change', () => this.#followNewest());
  }

  watch() {
    this.#listen();
    setInterval(() => this.#showAges(), 1000);
  }

  #listen() {
    const source = new EventSource('/feed');
    source.addEventListener('snapshot', (message) => this.#snapshot(JSON.parse(message.data)));
    source.addEventListener('lost', (message) => this.#missed(JSON.parse(message.data).count));
    source.onmessage = (message) => this.#event(JSON.parse(message.data));
    source.onerror = () => {
      this.#feedIs('lost', 'server events: connection lost, trying again');
      // After an answer that is no stream the browser does not try again by itself.
      if (source.readyState === EventSource.CLOSED) setTimeout(() => this.#listen(), TRY_AGAIN_MS);
    };
  }

  #snapshot(snapshot) {
    this.#stories.takeSnapshot(snapshot, performance.now());
    this.byId('server-url').textContent = snapshot.url;
    this.byId('server-mode').textContent = `mode ${snapshot.mode}`;
    this.#feedIs('live', 'server events: live');
    for (const story of this.#stories.all) this.#changed.add(story.number);
    this.#followNewest();
    this.#showSoon();
  }

  #missed(count) {
    this.#lost += count;
    const lost = `${counted(this.#lost, 'event')} left out because this page was too slow`;
    this.#feedIs('live', `server events: live, ${lost}`);
  }

  #feedIs(state, words) {
    const shown = this.byId('feed-state');
    shown.dataset.state = state;
    shown.textContent = words;
  }

  #event(event) {
    const story = this.#stories.take(event);
    if (story === undefined) return;
    const isNew = !this.#rows.has(story.number) && !this.#changed.has(story.number);
    this.#changed.add(story.number);
    if (story.number === this.#chosen) this.lines.append(story.lines.at(-1));
    if (isNew) this.#followNewest();
    this.#showSoon();
  }

  #show() {
    for (const number of this.#changed) this.#showRow(number);
    this.#changed.clear();
    for (const [number, row] of this.#rows) {
      if (this.#stories.get(number) === undefined) this.#removeRow(number, row);
    }
    this.byId('connections-none').hidden = this.#rows.size > 0;
    this.byId('connections-count').textContent = this.#countWords();
  }

  #countWords() {
    const open = [...this.#stories.all].filter((story) => !story.hasEnded).length;
    const forgotten = this.#stories.forgotten > 0 ? `, ${this.#stories.forgotten} more not shown` : '';
    return this.#rows.size === 0 ? '' : `${open} open, ${this.#rows.size - open} ended${forgotten}`;
  }

  #showRow(number) {
    const story = this.#stories.get(number);
    if (story === undefined) return;
    const row = this.#rows.get(number) ?? this.#addRow(number);
    row.dataset.state = story.state;
    const words = [
      story.stateWords, safe(story.path), safe(story.peer), this.#ageWords(story),
      String(story.in), String(story.out), story.last, safe(story.agent),
    ];
    words.forEach((text, index) => setText(row.cells[index + 1], text));
    if (number === this.#chosen) this.#showTitle(story);
  }

  #addRow(number) {
    const row = element('tr');
    const head = element('th');
    head.scope = 'row';
    const button = element('button', 'choose', String(number));
    button.type = 'button';
    button.setAttribute('aria-pressed', String(number === this.#chosen));
    button.setAttribute('aria-label', `Connection ${number}: show its events`);
    head.append(button);
    row.append(head, ...COLUMNS.map((className) => element('td', className)));
    row.dataset.conn = number;
    row.addEventListener('click', () => this.#chooseByHand(number));
    this.#rows.set(number, row);
    this.byId('connection-rows').prepend(row);
    return row;
  }

  #removeRow(number, row) {
    row.remove();
    this.#rows.delete(number);
    if (number === this.#chosen) this.#chosen = null;
  }

  #chooseByHand(number) {
    this.byId('follow-newest').checked = false;
    this.#choose(number);
  }

  #followNewest() {
    if (!this.byId('follow-newest').checked) return;
    const newest = [...this.#stories.all].at(-1);
    if (newest !== undefined && newest.number !== this.#chosen) this.#choose(newest.number);
  }

  #choose(number) {
    this.#chosen = number;
    this.#changed.add(number);
    for (const [other, row] of this.#rows) {
      row.querySelector('button').setAttribute('aria-pressed', String(other === number));
    }
    const story = this.#stories.get(number);
    if (story === undefined) return;
    this.lines.replace(story.lines);
    this.#showTitle(story);
  }

  #showTitle(story) {
    setText(this.byId('connection-title'), `Events of connection ${story.number}`);
    const from = story.peer ? ` from ${safe(story.peer)}` : '';
    setText(this.byId('connection-agent'), `${safe(story.path)}${from}${story.agent ? `, ${safe(story.agent)}` : ''}`);
  }

  #showAges() {
    for (const [number, row] of this.#rows) {
      const story = this.#stories.get(number);
      if (story !== undefined && !story.hasEnded) setText(row.querySelector('.age'), this.#ageWords(story));
    }
  }

  #ageWords(story) {
    return duration(this.#stories.ageMs(story, performance.now()));
  }
}

function setText(place, text) {
  if (place.textContent !== text) place.textContent = text;
}
