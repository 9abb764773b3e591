// Owns the classic client: an idle heartbeat, a second timer for its answer, and a reconnect through onclose alone.
// It knows no document: sockets, timers and the clock come in, what happens goes out through `tell`.
//
//   open, message in ─▶ idle timer ─fires─▶ heartbeat sent ─▶ answer timer ─fires─▶ close() ─▶ onclose ─▶ wait ─▶ open
//                           ▲                                      │
//                           └──────────── any message in ──────────┘

const OPEN = 1;

class Countdown {
  #world;
  #id = null;
  dueAt = null;

  constructor(world) {
    this.#world = world;
  }

  start(seconds, then) {
    this.stop();
    this.dueAt = this.#world.now() + seconds * 1000;
    this.#id = this.#world.setTimer(() => {
      this.#forget();
      then();
    }, seconds * 1000);
  }

  stop() {
    if (this.#id !== null) this.#world.clearTimer(this.#id);
    this.#forget();
  }

  get isRunning() {
    return this.#id !== null;
  }

  #forget() {
    this.#id = null;
    this.dueAt = null;
  }
}

export class ClassicClient {
  #world;
  #settings;
  #tell;
  #url = '';
  #isWanted = false;
  #socket = null;
  // Counts the sockets. What an older one still reports is late, and belongs to no connection any more.
  #generation = 0;
  #heartbeatAt = 0;

  // `settings` is read each time it is used, so that a change holds at once.
  constructor({ world, settings, tell }) {
    this.#world = world;
    this.#settings = settings;
    this.#tell = tell;
    this.idle = new Countdown(world);
    this.answer = new Countdown(world);
    this.retry = new Countdown(world);
    this.state = 'none';
  }

  // What the person asks for

  connect(url) {
    this.#abandon();
    this.#url = url;
    this.#isWanted = true;
    this.#open();
  }

  disconnect() {
    this.#isWanted = false;
    if (this.#socket !== null) {
      this.#close('as asked');
    } else if (this.retry.isRunning) {
      this.retry.stop();
      this.#become('none', 'end', { text: 'no further attempt, as asked' });
    }
  }

  send(text) {
    if (this.#socket?.readyState !== OPEN) return false;
    this.#socket.send(text);
    this.#report('out', { data: text });
    return true;
  }

  // New lengths hold for a timer that already runs, too.
  settingsChanged() {
    if (this.idle.isRunning) this.#restartIdle();
  }

  // What the socket reports

  #open() {
    const mine = ++this.#generation;
    const isCurrent = () => mine === this.#generation;
    this.#become('connecting', 'connecting', { url: this.#url });
    try {
      this.#socket = this.#world.makeSocket(this.#url);
    } catch (error) {
      this.#isWanted = false;
      this.#become('none', 'failed', { text: error.message });
      return;
    }
    this.#socket.binaryType = 'arraybuffer';
    this.#socket.onopen = () => isCurrent() && this.#opened();
    this.#socket.onmessage = (message) => isCurrent() && this.#received(message.data);
    this.#socket.onclose = (end) => isCurrent() && this.#closed(end);
  }

  #opened() {
    this.#become('open', 'open', { url: this.#url });
    this.#restartIdle();
  }

  #received(data) {
    this.#report('in', { data });
    // close() was called: messages still come in, but there is nothing left to keep alive.
    if (this.#socket.readyState !== OPEN) return;
    if (this.answer.isRunning) {
      this.answer.stop();
      this.#report('answer', { tookMs: this.#world.now() - this.#heartbeatAt });
    }
    this.#restartIdle();
  }

  #closed(end) {
    this.#socket = null;
    this.idle.stop();
    this.answer.stop();
    const told = { code: end.code, reason: end.reason, wasClean: end.wasClean };
    if (!this.#isWanted) return this.#become('none', 'end', told);
    this.#report('drop', told);
    this.#reconnect();
  }

  // The one place that reconnects; only #closed leads here.
  #reconnect() {
    if (!this.#settings.reconnect) {
      this.#isWanted = false;
      return this.#become('none', 'end', { text: 'no reconnect: it is switched off' });
    }
    const seconds = this.#settings.reconnectSeconds;
    this.#become('waiting', 'retry', { seconds });
    this.retry.start(seconds, () => this.#open());
  }

  // What the timers do

  #restartIdle() {
    this.idle.start(this.#settings.idleSeconds, () => this.#beat());
  }

  #beat() {
    if (this.#socket?.readyState !== OPEN) return;
    this.#heartbeatAt = this.#world.now();
    this.#socket.send(this.#settings.heartbeat);
    this.#report('heartbeat', { data: this.#settings.heartbeat });
    this.answer.start(this.#settings.answerSeconds, () => this.#missed());
  }

  #missed() {
    this.#report('miss', { waitedMs: this.#world.now() - this.#heartbeatAt });
    this.#close('no answer');
  }

  // Ends

  #close(why) {
    this.idle.stop();
    this.answer.stop();
    if (this.state !== 'closing') this.#become('closing', 'closing', { text: why });
    this.#socket.close();
  }

  // Another connection is wanted: the old socket is closed, and whatever it still says is too late.
  #abandon() {
    for (const countdown of [this.idle, this.answer, this.retry]) countdown.stop();
    if (this.#socket === null) return;
    this.#generation += 1;
    this.#socket.close();
    this.#socket = null;
    this.#report('end', { text: 'given up for another connection' });
  }

  #become(state, kind, told) {
    this.state = state;
    this.#report(kind, told);
  }

  #report(kind, told) {
    this.#tell({ kind, at: this.#world.now(), ...told });
  }
}
