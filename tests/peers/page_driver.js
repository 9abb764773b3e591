// Drives the page of `wscope serve` in headless Chromium, as a person would, and says what held.
//
// usage: node page_driver.js http://127.0.0.1:PORT/ [--foreign]
//
// NODE_PATH names the folder that holds `playwright-core`, WSCOPE_PEER_CHROMIUM the browser (or else /usr/bin/chromium).
//
// Prints `ok NAME` for each check and `done` at the end, exit 0; `failed NAME: why` and exit 1 else. At most 60 s.
// With --foreign a page of another origin, served from here, tries to read the server's events and must get nothing.

'use strict';

const http = require('node:http');
const { chromium } = require('playwright-core');

const WHOLE_MS = 60000;
const EACH_MS = 12000;
const LEAST_CONTRAST = 4.5;
const ARGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

const words = process.argv.slice(2);
const base = new URL(words.find((word) => word.startsWith('http')));
let current = 'start';

function fail(why) {
  console.log(`failed ${current}: ${String(why).split('\n')[0]}`);
  process.exit(1);
}

function must(holds, why) {
  if (!holds) throw new Error(why);
}

async function check(name, body) {
  current = name;
  await body();
  console.log(`ok ${name}`);
}

// Reading the page

const kinds = (page) => page.$$eval('#client-events li', (items) => items.map((item) => item.dataset.kind));
const textOf = (page, id) => page.$eval(`#${id}`, (found) => found.textContent);
const pathsOf = (page) => page.$$eval('#connection-rows .path', (cells) => cells.map((cell) => cell.textContent));
const rowsOf = async (page, path) => (await pathsOf(page)).filter((shown) => shown === path).length;
const countOf = async (page, kind) => Number(await textOf(page, `count-${kind}`));

function until(page, test, argument) {
  return page.waitForFunction(test, argument, { timeout: EACH_MS, polling: 20 });
}

function untilState(page, state) {
  return until(page, (wanted) => document.getElementById('client-state').dataset.state === wanted, state);
}

function untilLines(page, kind, count) {
  const test = ([wanted, least]) => {
    return document.querySelectorAll(`#client-events li[data-kind="${wanted}"]`).length >= least;
  };
  return until(page, test, [kind, count]);
}

// Using the page

async function tabTo(page, selector) {
  for (let presses = 0; presses < 120; presses += 1) {
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab never came to ${selector}`);
}

async function set(page, values) {
  for (const [id, value] of Object.entries(values)) {
    await page.fill(`#${id}`, value);
    await page.dispatchEvent(`#${id}`, 'change');
  }
}

async function connect(page, target) {
  await page.fill('#target', target);
  await page.click('#connect');
  await untilState(page, 'open');
}

async function disconnect(page) {
  await page.click('#disconnect');
  await untilState(page, 'none');
}

// A new page: its counts and its list begin at nothing.
async function fresh(context, trouble) {
  const page = await context.newPage();
  page.on('console', (message) => message.type() === 'error' && trouble.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => trouble.push(`error: ${error.message}`));
  const isForeign = (address) => new URL(address).host !== base.host;
  page.on('request', (request) => isForeign(request.url()) && trouble.push(`request to ${request.url()}`));
  page.on('websocket', (socket) => isForeign(socket.url()) && trouble.push(`socket to ${socket.url()}`));
  await page.goto(base.href);
  await until(page, () => document.getElementById('feed-state').dataset.state === 'live');
  return page;
}

// The checks

async function keyboardAlone(page) {
  await tabTo(page, '#target');
  await page.keyboard.press('Control+A');
  await page.keyboard.type('/echo');
  await page.keyboard.press('Enter');
  await untilState(page, 'open');
  await tabTo(page, '#message');
  await page.keyboard.type('hello by keyboard');
  await page.keyboard.press('Enter');
  await untilLines(page, 'in', 1);
  const got = await textOf(page, 'client-events');
  must(got.split('"hello by keyboard"').length === 3, `the message should be there out and in: ${got}`);
}

async function connectionListed(page) {
  const openRow = '#connection-rows tr[data-state="open"]';
  await until(page, (row) => document.querySelector(`${row} .path`)?.textContent === '/echo', openRow);
  await tabTo(page, `${openRow} button`);
  await page.keyboard.press('Enter');
  await until(page, () => document.activeElement.getAttribute('aria-pressed') === 'true');
  const tags = () => [...document.querySelectorAll('#connection-events li')].map((item) => item.dataset.kind);
  await until(page, () => {
    const seen = [...document.querySelectorAll('#connection-events li')].map((item) => item.dataset.kind);
    return ['upgrade_sent', 'open', 'frame', 'message'].every((tag) => seen.includes(tag));
  }).catch(async () => must(false, `events seen: ${await page.evaluate(tags)}`));
  const story = await textOf(page, 'connection-events');
  must(story.includes('GET /echo HTTP/1.1'), 'the request line is missing');
  must(/sec-websocket-version: 13/i.test(story), 'the head of the handshake is missing');
  must(story.includes('"hello by keyboard"'), 'the payload is missing');
}

async function textStaysText(page) {
  const hostile = '<img id="injected" src="/x">\u202ereversed';
  await page.fill('#message', hostile);
  await page.click('#send');
  await until(page, () => document.getElementById('connection-events').textContent.includes('<img id="injected"'));
  await untilLines(page, 'in', 2);
  must((await textOf(page, 'client-events')).split('<img id="injected"').length === 3, 'it is not there out and in');
  must((await page.$('#injected')) === null, 'a message became markup');
  const shown = await page.evaluate(() => document.body.textContent);
  must(!shown.includes('\u202e'), 'a character that reverses text is shown as it is');
  await disconnect(page);
}

async function dropAndOneReconnect(page) {
  await set(page, { 'reconnect-seconds': '0.2' });
  await connect(page, '/fault/close=4001:expired@1s');
  await untilLines(page, 'drop', 2);
  await disconnect(page);
  const drop = await page.$eval('#client-events li[data-kind="drop"]', (item) => item.textContent);
  must(drop.includes('4001') && drop.includes('"expired"'), `the drop says: ${drop}`);
  const seen = (await kinds(page)).slice(0, 8).join(' ');
  must(seen === 'connecting open drop retry connecting open drop retry', `seen: ${seen}`);
  must((await countOf(page, 'open')) === 2, 'two drops must have had two opens');
  const rows = await rowsOf(page, '/fault/close=4001:expired@1s');
  must(rows === 2, `the server saw ${rows} connections for two opens`);
}

async function heartbeatAnswered(page) {
  // Shorter than the idle time: an answer timer that goes on running would fire before the next heartbeat.
  await set(page, { 'idle-seconds': '1.3', 'answer-seconds': '1' });
  await connect(page, '/fault/no-pong');
  await untilLines(page, 'answer', 2);
  await disconnect(page);
  const seen = (await kinds(page)).slice(0, 8).join(' ');
  must(seen === 'connecting open heartbeat in answer heartbeat in answer', `seen: ${seen}`);
  const beat = await page.$eval('#client-events li[data-kind="heartbeat"]', (item) => item.textContent);
  must(beat.includes('"HeartBeat"'), `the heartbeat says: ${beat}`);
  const back = await page.$eval('#client-events li[data-kind="in"]', (item) => item.textContent);
  must(back.includes('"HeartBeat"'), `the echo says: ${back}`);
  must((await countOf(page, 'drop')) === 0, 'an answered heartbeat led to a drop');
}

async function messageRestartsIdle(page) {
  await set(page, { 'idle-seconds': '2' });
  await connect(page, '/echo');
  for (let sent = 1; sent <= 6; sent += 1) {
    const begun = Date.now();
    await page.fill('#message', `m${sent}`);
    await page.click('#send');
    await untilLines(page, 'in', sent);
    await until(page, (ms) => Date.now() >= ms, begun + 500);
  }
  const quiet = await countOf(page, 'heartbeat');
  must(quiet === 0, `${quiet} heartbeats while messages came each 500 ms for longer than the idle timer`);
  await untilLines(page, 'heartbeat', 1);
  await disconnect(page);
}

async function silenceClosesOnce(page) {
  await set(page, { 'idle-seconds': '0.4', 'answer-seconds': '0.5', 'reconnect-seconds': '0.2' });
  await connect(page, '/silent');
  await untilLines(page, 'miss', 2);
  await disconnect(page);
  const seen = (await kinds(page)).slice(0, 10).join(' ');
  const wanted = 'connecting open heartbeat miss closing drop retry connecting open heartbeat';
  must(seen === wanted, `seen: ${seen}`);
  must((await countOf(page, 'open')) === 2, 'one drop must lead to one reconnect');
  const rows = await rowsOf(page, '/silent');
  must(rows === 2, `the server saw ${rows} connections`);
}

async function threeWays(page) {
  await set(page, { 'ways-interval': '0.5' });
  await page.click('#ways-start');
  const ways = ['socket', 'long-poll', 'poll'];
  const cell = (way, measure) => textOf(page, `ways-${way}-${measure}`);
  await until(page, (all) => all.every((way) => {
    const shown = (measure) => document.getElementById(`ways-${way}-${measure}`).textContent;
    return Number(shown('messages')) >= 3 && / (ms|s)$/.test(shown('p99'));
  }), ways);
  for (const way of ways) {
    must(parseInt(await cell(way, 'requests'), 10) >= 1, `${way}: requests`);
    must(/^[1-9][\d.]* k?B$/.test(await cell(way, 'bytes')), `${way}: bytes are ${await cell(way, 'bytes')}`);
    must(/ (ms|s)$/.test(await cell(way, 'median')), `${way}: median is ${await cell(way, 'median')}`);
    must(/^[01]$/.test(await cell(way, 'open')), `${way}: open connections are ${await cell(way, 'open')}`);
  }
  must((await cell('socket', 'requests')) === '1', 'one request opens the socket');
  must((await cell('socket', 'open')) === '1', 'the socket is open');
  must(Number(await cell('poll', 'requests')) >= 2, 'polling asks again and again');
  await page.click('#ways-stop');
  const open = await Promise.all(ways.map((way) => cell(way, 'open')));
  must(open.join('') === '000', `after Stop ${open} are open`);
}

async function readable(page) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    const worst = await page.evaluate(worstContrast);
    must(worst.ratio >= LEAST_CONTRAST, `${colorScheme}: ${worst.ratio.toFixed(2)} at ${worst.place}`);
  }
  const grounds = [];
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    grounds.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
  }
  must(grounds[0] !== grounds[1], 'light and dark look the same');
}

// Runs in the page: the lowest contrast (WCAG 2) of all text that is there, controls included.
function worstContrast() {
  const channels = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = (color) => {
    const [red, green, blue] = channels(color).slice(0, 3).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const groundOf = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if ((channels(color)[3] ?? 1) > 0) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const hasText = (element) => element.matches('input, select')
    || [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim() !== '');
  let worst = { ratio: Infinity, place: 'nowhere' };
  for (const element of document.querySelectorAll('body, body *')) {
    if (element !== document.body && (!hasText(element) || element.getClientRects().length === 0)) continue;
    const style = getComputedStyle(element);
    const text = element.namespaceURI.endsWith('svg') ? style.fill : style.color;
    const [one, other] = [luminance(text), luminance(groundOf(element))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    const place = `${element.tagName} ${element.id || element.getAttribute('class')}`;
    if (ratio < worst.ratio) worst = { ratio, place };
  }
  return worst;
}

async function narrow(page) {
  await page.setViewportSize({ width: 360, height: 740 });
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  must(width <= 360, `the page is ${width} px wide on a screen of 360`);
}

async function labelled(page) {
  const bare = await page.$$eval('input, select', (fields) => {
    return fields.filter((field) => field.labels.length === 0).map((field) => field.id);
  });
  must(bare.length === 0, `no label: ${bare}`);
}

async function drivePage(browser) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const trouble = [];
  const quiet = () => must(trouble.length === 0, trouble.join('; '));
  let page;
  const steps = [
    ['the page loads without errors and asks nobody else', async () => {
      page = await fresh(context, trouble);
      quiet();
    }],
    ['every field has its label', () => labelled(page)],
    ['connect and send by keyboard alone', () => keyboardAlone(page)],
    ['the connection is listed with its live events', () => connectionListed(page)],
    ['text of a peer stays text', () => textStaysText(page)],
  ];
  const onFreshPage = [
    ['a drop with its code, one reconnect', dropAndOneReconnect],
    ['the heartbeat is a message and is answered', heartbeatAnswered],
    ['each message restarts the idle timer', messageRestartsIdle],
    ['silence closes, onclose reconnects once', silenceClosesOnce],
    ['three ways side by side', threeWays],
    ['light and dark are readable', readable],
    ['360 px are enough', narrow],
  ];
  for (const [name, body] of steps) await check(name, body);
  for (const [name, body] of onFreshPage) {
    await check(name, async () => {
      const before = page;
      const keeps = body === readable || body === narrow;
      if (!keeps) page = await fresh(context, trouble);
      if (!keeps) await before.close();
      await body(page);
    });
  }
  await check('no error and no foreign request to the end', async () => quiet());
}

// A page of another origin

const ASKED = ['/feed', '/poll', '/poll?since=1', '/long-poll?since=1&wait=1', '/events', '/'];

// Runs in the foreign page: what each try gave.
async function tryAll([origin, paths]) {
  const gained = [];
  for (const path of paths) {
    const read = await fetch(origin + path).then((answer) => answer.text()).catch(() => null);
    if (read !== null) gained.push(`fetch ${path}`);
    const blind = await fetch(origin + path, { mode: 'no-cors' }).then((answer) => answer.text()).catch(() => '');
    if (blind !== '') gained.push(`no-cors fetch ${path}`);
  }
  for (const path of ['/feed', '/events']) {
    const opened = await new Promise((resolve) => {
      const source = new EventSource(origin + path);
      source.onopen = () => resolve(true);
      source.onmessage = () => resolve(true);
      source.onerror = () => resolve(false);
    });
    if (opened) gained.push(`EventSource ${path}`);
  }
  return gained;
}

// Runs in the foreign page: sockets stay open to everybody, as the guard is for what can be read by HTTP alone.
function tryEcho(address) {
  return new Promise((resolve) => {
    const socket = new WebSocket(address);
    socket.onopen = () => socket.send('from elsewhere');
    socket.onmessage = (message) => resolve(message.data);
    socket.onerror = () => resolve('an error');
  });
}

function statusFor(path, headers) {
  return new Promise((resolve, reject) => {
    const request = http.get(new URL(path, base), { headers, agent: false }, (answer) => {
      answer.destroy();
      resolve(answer.statusCode);
    });
    request.on('error', reject);
  });
}

async function driveForeign(browser) {
  const foreign = http.createServer((request, answer) => {
    answer.writeHead(200, { 'Content-Type': 'text/html' });
    answer.end('<!doctype html><title>elsewhere</title><link rel="icon" href="data:,">');
  });
  await new Promise((resolve) => foreign.listen(0, '127.0.0.1', resolve));
  const page = await browser.newPage();
  const statuses = [];
  page.on('response', (answer) => new URL(answer.url()).host === base.host && statuses.push(`${answer.status()}`));
  await page.goto(`http://127.0.0.1:${foreign.address().port}/`);
  await check('a foreign page reads nothing', async () => {
    const gained = await page.evaluate(tryAll, [base.origin, ASKED]);
    must(gained.length === 0, `it got: ${gained.join(', ')}`);
  });
  await check('each of its requests was refused with 403', async () => {
    must(statuses.length > 0, 'no answer was seen');
    must(statuses.every((status) => status === '403'), `statuses: ${statuses}`);
  });
  await check('echo stays open to it', async () => {
    const back = await page.evaluate(tryEcho, `ws://${base.host}/echo`);
    must(back === 'from elsewhere', `it got: ${back}`);
  });
  await check('a foreign Host is refused', async () => {
    for (const path of ASKED) {
      const status = await statusFor(path, { Host: 'elsewhere.example' });
      must(status === 403, `${path}: ${status}`);
    }
  });
  foreign.close();
}

async function main() {
  const browser = await chromium.launch({
    executablePath: process.env.WSCOPE_PEER_CHROMIUM || '/usr/bin/chromium',
    args: ARGS,
    timeout: 20000,
  });
  // From here on this process takes the browser with it, however it ends.
  setTimeout(() => fail(`not done within ${WHOLE_MS / 1000} s`), WHOLE_MS - 1000).unref();
  await (words.includes('--foreign') ? driveForeign(browser) : drivePage(browser));
  await browser.close();
}

main().then(
  () => {
    console.log('done');
    process.exit(0);
  },
  (error) => fail(error.message),
);
