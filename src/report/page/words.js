// Owns how things are said: lengths of time, bytes, text of a peer made harmless, one event of the server as one line.
// It touches no document and keeps no state.

const LONGEST_TEXT = 400;

// Characters that are invisible or act on the direction of a line: a peer could hide or reorder text with them.
const ACTING = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu;

export function safe(text, longest = LONGEST_TEXT) {
  const whole = String(text ?? '');
  const cut = whole.length > longest;
  const shown = (cut ? whole.slice(0, longest) : whole).replace(ACTING, escaped);
  return cut ? `${shown} ... (${whole.length - longest} more)` : shown;
}

function escaped(character) {
  if (character === '\n') return '\\n';
  if (character === '\r') return '\\r';
  if (character === '\t') return '\\t';
  return `\\u{${character.codePointAt(0).toString(16)}}`;
}

export function quoted(text) {
  return `"${safe(text)}"`;
}

export function counted(count, one, many = `${one}s`) {
  return `${count} ${count === 1 ? one : many}`;
}

export function milliseconds(ms) {
  if (!Number.isFinite(ms)) return '-';
  if (Math.abs(ms) < 10) return `${ms.toFixed(1)} ms`;
  if (Math.abs(ms) < 10000) return `${Math.round(ms)} ms`;
  return duration(ms);
}

export function duration(ms) {
  const seconds = ms / 1000;
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(1)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function bytes(count) {
  if (count < 1000) return `${Math.round(count)} B`;
  if (count < 1e6) return `${(count / 1e3).toFixed(1)} kB`;
  return `${(count / 1e6).toFixed(1)} MB`;
}

export function size(text) {
  return new TextEncoder().encode(text).length;
}

// One event of the server

const OPCODES = { 0: 'continuation', 1: 'text', 2: 'binary', 8: 'Close', 9: 'ping', 10: 'pong' };

const LINES = {
  upgrade_sent: (event) => ['request', safe(event.head?.start), fields(event.head)],
  upgrade_answered: (event) => ['answer', answerWords(event), fields(event.head)],
  open: (event) => ['open', openWords(event)],
  frame: (event) => [`frame ${event.direction}`, frameWords(event)],
  message: (event) => [event.direction, `${event.text ? 'text' : 'binary'} ${bytes(event.len_bytes)}${payload(event)}`],
  heartbeat: (event) => ['heartbeat', `number ${event.number}, ${safe(event.what)}`],
  answered: (event) => ['answered', answeredWords(event)],
  missed: (event) => ['missed', missedWords(event)],
  stray_pong: (event) => ['pong', `answers nothing (${safe(event.kind)})`],
  pings_ignored: (event) => ['ignored', `${counted(event.in_row, 'heartbeat')} without an answer of their own`],
  farewell: (event) => ['farewell', payload(event).trim()],
  fault_done: (event) => ['fault', `${safe(event.fault)}: ${safe(event.what)}`],
  close_seen: (event) => [`Close ${event.direction}`, closeWords(event)],
  ended: (event) => ['ended', `${endWords(event)}, ${trafficWords(event)}`],
  finding: (event) => [safe(event.severity), `${safe(event.code)}: ${safe(event.fact)}`],
};

// The parts of the line: `kind`, `text`, and `more`, lines that belong below it.
export function eventLine(event) {
  const known = Object.hasOwn(LINES, event.type) ? LINES[event.type] : otherLine;
  const [kind, text, more = []] = known(event);
  return { kind, text, more };
}

function otherLine({ v, seq, at_ns, conn, type, ...rest }) {
  return [safe(type).replaceAll('_', ' '), safe(JSON.stringify(rest))];
}

export function nanoseconds(ns) {
  return milliseconds((ns ?? NaN) / 1e6);
}

function fields(head) {
  return (head?.fields ?? []).map(([name, value]) => `${safe(name)}: ${safe(value)}`);
}

function answerWords(event) {
  return `${safe(event.head?.start)} after ${nanoseconds(event.took_ns)}`;
}

function answeredWords(event) {
  const how = event.own ? '' : ', by another sign of life';
  return `heartbeat ${event.number} after ${nanoseconds(event.rtt_ns)}${how}`;
}

function missedWords(event) {
  return `heartbeat ${event.number}: no answer in ${nanoseconds(event.waited_ns)} (${event.misses} of ${event.of})`;
}

function trafficWords(event) {
  const messages = `${counted(event.messages_in, 'message')} in, ${event.messages_out} out`;
  return `${messages}, age ${nanoseconds(event.age_ns)}`;
}

function openWords(event) {
  const chosen = event.subprotocol ? `, subprotocol ${safe(event.subprotocol)}` : '';
  return `${safe(event.url)} in ${nanoseconds(event.took_ns)}${chosen}`;
}

function frameWords(event) {
  const name = OPCODES[event.opcode] ?? `opcode ${event.opcode}`;
  const marks = [event.fin ? '' : 'not the last', event.masked ? 'masked' : '', event.rsv ? `rsv ${event.rsv}` : ''];
  const said = marks.filter((mark) => mark !== '').join(', ');
  return `${name} ${bytes(event.len_bytes)}${said ? `, ${said}` : ''}${payload(event)}`;
}

function payload(event) {
  if (typeof event.payload?.text === 'string') return ` ${quoted(event.payload.text)}`;
  if (typeof event.payload?.base64 === 'string') return ` base64 ${safe(event.payload.base64)}`;
  return '';
}

function closeWords(event) {
  const code = event.code === null || event.code === undefined ? 'without a code' : `${event.code} ${safe(event.name)}`;
  return event.reason ? `${code} ${quoted(event.reason)}` : code;
}

const ENDS = {
  close_unanswered: 'Close unanswered',
  close_then_cut: 'Close, then cut',
  fin: 'end of stream, no Close',
  reset: 'reset',
  tls_truncated: 'TLS cut',
  tls_alert: 'TLS alert',
  silent: 'silent',
  kernel_timeout: 'kernel gave up',
  write_stuck: 'writes stuck',
  garbage: 'illegal bytes',
  local: 'ended here',
};

// The server writes these events, so `us` is the server.
const ENDED_BY = { us: 'the server', peer: 'the client' };

export function endWords(event) {
  const by = ENDED_BY[event.by] ?? safe(event.by);
  const reason = event.reason ? ` ${quoted(event.reason)}` : '';
  if (event.how === 'close') return `Close ${event.code ?? 'without a code'}${reason} by ${by}`;
  const why = event.how === 'garbage' ? event.words : event.why;
  return `${ENDS[event.how] ?? safe(event.how)}${why ? ` (${safe(why)})` : ''} by ${by}`;
}
