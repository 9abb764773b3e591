// Owns the drawing of one client's life: when it was open, each message, each heartbeat with its answer, each drop.
// It draws only; the list of events beside it says the same in words.

const SVG = 'http://www.w3.org/2000/svg';
const HEIGHT = 136;
const RIGHT = 16;
const LANES = { connection: 18, out: 50, in: 76, heartbeat: 102 };
const AXIS = 118;
const MOST_MARKS = 4000;
const SHORTEST_SPAN_MS = 10000;
const STEPS_S = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200, 86400];

export class Timeline {
  #svg;
  #spans = [];
  #marks = [];
  #startedAt = null;

  constructor(svg) {
    this.#svg = svg;
  }

  // What happened

  note(event) {
    this.#startedAt ??= event.at;
    const happened = {
      connecting: () => this.#begin('connecting', event.at),
      open: () => this.#begin('open', event.at),
      closing: () => this.#begin('closing', event.at),
      drop: () => this.#end(event.at, 'drop', String(event.code)),
      end: () => this.#end(event.at, 'end', event.code === undefined ? '' : String(event.code)),
      failed: () => this.#end(event.at, 'drop', 'failed'),
      retry: () => this.#begin('gap', event.at),
      out: () => this.#mark('out', 'message', event.at),
      in: () => this.#mark('in', 'message', event.at),
      heartbeat: () => this.#mark('heartbeat', 'beat', event.at),
      answer: () => this.#mark('heartbeat', 'answer', event.at, event.at - event.tookMs),
      miss: () => this.#mark('heartbeat', 'miss', event.at, event.at - event.waitedMs),
    }[event.kind];
    if (happened) happened();
  }

  #begin(kind, at) {
    this.#finishSpan(at);
    this.#spans.push({ kind, from: at, to: null });
    if (this.#spans.length > MOST_MARKS) this.#spans.shift();
  }

  #end(at, shape, label) {
    this.#finishSpan(at);
    this.#mark('connection', shape, at, at, label);
  }

  #finishSpan(at) {
    const last = this.#spans.at(-1);
    if (last && last.to === null) last.to = at;
  }

  #mark(lane, shape, at, since = at, label = '') {
    this.#marks.push({ lane, shape, at, since, label });
    if (this.#marks.length > MOST_MARKS) this.#marks.shift();
  }

  // How it is drawn

  draw(now, spanSeconds) {
    const width = Math.max(200, this.#svg.clientWidth);
    const left = width < 480 ? 80 : 90;
    const startedAt = this.#startedAt ?? now;
    const whole = Math.max(SHORTEST_SPAN_MS, now - startedAt);
    const length = spanSeconds > 0 ? Math.min(spanSeconds * 1000, whole) : whole;
    const from = Math.max(startedAt, now - length);
    const view = { from, to: from + length, startedAt, left, width, now };
    view.x = (at) => left + ((at - from) / length) * (width - left - RIGHT);

    this.#svg.setAttribute('viewBox', `0 0 ${width} ${HEIGHT}`);
    this.#svg.replaceChildren(...lanes(view), ...axis(view), ...this.#drawnSpans(view), ...this.#drawnMarks(view));
  }

  #drawnSpans(view) {
    const visible = this.#spans.filter((span) => (span.to ?? view.now) >= view.from);
    return visible.map((span) => {
      const begin = view.x(Math.max(span.from, view.from));
      const end = Math.max(begin + 1, view.x(span.to ?? view.now));
      if (span.kind === 'gap') return shape('path', 'gap', { d: `M${begin} ${LANES.connection}H${end}` });
      return shape('rect', span.kind, { x: begin, y: LANES.connection - 7, width: end - begin, height: 14 });
    });
  }

  #drawnMarks(view) {
    const drawn = [];
    // Marks in one pixel of one lane look the same as one of them; labels that would overlap are left out.
    const taken = new Set();
    let labelFrom = Infinity;
    for (const mark of this.#marks.toReversed()) {
      if (mark.at < view.from) break;
      const x = Math.round(view.x(mark.at));
      const place = `${mark.lane} ${mark.shape} ${x}`;
      if (taken.has(place)) continue;
      taken.add(place);
      if (mark.since < mark.at) drawn.push(wait(mark, view, x));
      drawn.push(markShape(mark, x));
      const labelWidth = mark.label.length * 7 + 10;
      if (mark.label === '' || x + labelWidth > labelFrom) continue;
      labelFrom = x;
      drawn.push(label(mark, x, view, labelWidth));
    }
    return drawn;
  }
}

function lanes({ left, width }) {
  return Object.entries(LANES).flatMap(([lane, y]) => [
    text(lane, 'lane', left - 8, y + 4, 'end'),
    shape('path', 'rail', { d: `M${left} ${y}H${width - RIGHT}` }),
  ]);
}

function axis({ from, to, startedAt, x, left, width }) {
  const room = Math.max(1, Math.floor((width - left - RIGHT) / 70));
  const seconds = (to - from) / 1000;
  const step = STEPS_S.find((candidate) => seconds / candidate <= room) ?? STEPS_S.at(-1);
  const drawn = [shape('path', 'axis', { d: `M${left} ${AXIS}H${width - RIGHT}` })];
  const first = Math.ceil((from - startedAt) / 1000 / step) * step;
  for (let at = first; at <= (to - startedAt) / 1000; at += step) {
    const place = x(startedAt + at * 1000);
    drawn.push(shape('path', 'axis', { d: `M${place} ${AXIS}v4` }));
    drawn.push(text(tickWords(at), 'tick', place, AXIS + 15, 'middle'));
  }
  return drawn;
}

function tickWords(seconds) {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 6) / 10} min`;
  return `${Math.round(seconds / 360) / 10} h`;
}

function wait(mark, view, x) {
  const begin = view.x(Math.max(mark.since, view.from));
  return shape('path', 'wait', { d: `M${begin} ${LANES[mark.lane]}H${x}` });
}

function markShape(mark, x) {
  const y = LANES[mark.lane];
  const cross = `M${x - 5} ${y - 5}L${x + 5} ${y + 5}M${x + 5} ${y - 5}L${x - 5} ${y + 5}`;
  if (mark.shape === 'message') return shape('path', 'message', { d: `M${x} ${y - 8}V${y + 8}` });
  if (mark.shape === 'beat') return shape('path', 'beat', { d: `M${x} ${y - 6}L${x + 6} ${y + 6}H${x - 6}Z` });
  if (mark.shape === 'answer') return shape('circle', 'answer', { cx: x, cy: y, r: 4 });
  if (mark.shape === 'miss') return shape('path', 'miss', { d: cross });
  if (mark.shape === 'end') return shape('path', 'end', { d: `M${x} ${y - 11}V${y + 11}` });
  return shape('path', 'drop', { d: `M${x} ${y - 11}V${y + 11}${cross}` });
}

// Right of its mark, below the bar, so that the next connection does not hide it; left of it where there is no room.
function label(mark, x, view, labelWidth) {
  const y = LANES[mark.lane] + 17;
  const fits = x + labelWidth < view.width;
  return text(mark.label, `label ${mark.shape}`, fits ? x + 4 : x - 4, y, fits ? 'start' : 'end');
}

function shape(name, className, attributes) {
  const made = document.createElementNS(SVG, name);
  made.setAttribute('class', className);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function text(words, className, x, y, anchor) {
  const made = shape('text', className, { x, y, 'text-anchor': anchor });
  made.textContent = words;
  return made;
}
