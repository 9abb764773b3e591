// Owns a list of lines that grows at its end: at most 200 are kept, and it follows the newest while it is scrolled
// down. All text goes in as text, never as markup.

const MOST_LINES = 200;

export function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// Things may happen by the thousand: `show` is called at most once for each picture on the screen. A hidden tab draws
// no pictures; the timer keeps it up to date all the same.
export function oncePerPicture(show) {
  let isDue = false;
  const showIfDue = () => {
    if (!isDue) return;
    isDue = false;
    show();
  };
  return () => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(showIfDue);
    setTimeout(showIfDue, 250);
  };
}

export class Lines {
  #fresh = [];
  #follows = true;
  #size = '';
  #showSoon = oncePerPicture(() => this.#show());

  constructor(list) {
    this.list = list;
    list.addEventListener('scroll', () => this.#scrolled());
    new ResizeObserver(() => this.#resized()).observe(list);
  }

  // A line: `time`, `kind`, `text`, `more` (lines below it) and `tag`, a name for styles and tests.
  append(line) {
    this.#fresh.push(line);
    keepNewest(this.#fresh);
    this.#showSoon();
  }

  replace(lines) {
    this.#fresh = lines.slice();
    this.#follows = true;
    this.list.replaceChildren();
    this.#show();
  }

  #show() {
    this.list.append(...this.#fresh.splice(0).map(lineElement));
    while (this.list.childElementCount > MOST_LINES) this.list.firstElementChild.remove();
    this.#follow();
  }

  #follow() {
    if (this.#follows) this.list.scrollTop = this.list.scrollHeight;
  }

  // A list that got another size scrolls by itself; only a person's scrolling says whether to follow.
  #scrolled() {
    if (this.#size !== this.#sizeNow()) return;
    this.#follows = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 8;
  }

  #resized() {
    this.#size = this.#sizeNow();
    this.#follow();
  }

  #sizeNow() {
    return `${this.list.clientWidth} ${this.list.clientHeight}`;
  }
}

export function keepNewest(lines) {
  if (lines.length > MOST_LINES) lines.splice(0, lines.length - MOST_LINES);
}

function lineElement({ time, kind, text, more = [], tag }) {
  const item = element('li');
  item.dataset.kind = tag;
  item.append(element('span', 'time', time), ' ', element('span', 'kind', kind), ' ', element('span', 'text', text));
  if (more.length > 0) item.append(element('pre', 'more', more.join('\n')));
  return item;
}
