// SPDX-License-Identifier: MIT
//
// The dashboard: the public API's first client. Everything it shows comes from the streams, the
// polling list and the metrics that any client can ask for.

import { Heliograph, timestampOf } from "./heliograph.js";

const BASE = new URL("..", location.href).href.replace(/\/$/, "");
const STREAM = "/buckets/monitor/collections/changes/stream";
const CHANGESET = "/buckets/monitor/collections/changes/changeset";
const ROWS_MAX = 250;
const DELAYS_MAX = 200;
const POLL_SECONDS = 10;
const METRICS_SECONDS = 5;
const CHART_POINTS = 60;

const $ = (id) => document.getElementById(id);
const number = new Intl.NumberFormat();

/** A span of time in words that stay short. */
function span(milliseconds) {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 1) return `${Math.round(milliseconds)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** How far this machine's clock is behind the server's, in milliseconds; the best of some pings. */
const clock = {
  offset: 0,
  bestRoundTrip: Infinity,
  learn(sentAt, receivedAt, serverTime) {
    const roundTrip = receivedAt - sentAt;
    if (roundTrip > this.bestRoundTrip * 1.5) return;
    this.bestRoundTrip = Math.min(roundTrip, this.bestRoundTrip);
    this.offset = serverTime - (sentAt + receivedAt) / 2;
  },
  now() { return Date.now() + this.offset; },
};

// The table of collections.

const table = {
  entries: new Map(),
  rows: new Map(),
  shown: ROWS_MAX,
  words: "",

  take(entry, isFresh) {
    const uri = `/buckets/${entry.bucket}/collections/${entry.collection}`;
    this.entries.delete(uri);
    this.entries.set(uri, entry);
    if (!this.matches(uri)) return this.count();
    const row = this.rows.get(uri) ?? this.makeRow(uri, entry);
    row.cells[2].textContent = entry.last_modified;
    row.cells[3].dataset.time = entry.last_modified;
    row.classList.toggle("deleted", Boolean(entry.deleted));
    this.age(row.cells[3]);
    $("rows").prepend(row);
    row.classList.remove("fresh");
    if (isFresh) {
      void row.offsetWidth;
      row.classList.add("fresh");
    }
    while (this.rows.size > this.shown) {
      const last = $("rows").lastElementChild;
      this.rows.delete(last.dataset.uri);
      last.remove();
    }
    this.count();
  },

  makeRow(uri, entry) {
    const row = element("tr", {}, element("td", { textContent: entry.bucket }),
      element("td", { textContent: entry.collection }), element("td"), element("td"));
    row.dataset.uri = uri;
    this.rows.set(uri, row);
    return row;
  },

  age(cell) {
    const time = Number(cell.dataset.time);
    const age = clock.now() - time;
    cell.textContent = age < 1000 ? "now" : span(age);
    cell.title = new Date(time).toLocaleString();
  },

  matches(uri) { return uri.toLowerCase().includes(this.words); },

  matching() { return [...this.entries].filter(([uri]) => this.matches(uri)); },

  count() {
    const all = this.entries.size;
    const found = this.words ? this.matching().length : all;
    $("total").textContent = this.words ? `${number.format(found)} of ${number.format(all)}`
      : number.format(all);
    $("empty").hidden = found > 0;
    $("empty").textContent = this.words ? "No collection has that in its name."
      : "Nothing has changed yet. Write a record, and it shows up here.";
    $("more").hidden = found <= this.shown;
    $("more").textContent = `Show all ${number.format(found)}`;
  },

  /** Sorts the first list by age, and draws it; what changes later goes on top. */
  sort() {
    this.entries = new Map([...this.entries].sort(
      ([, left], [, right]) => left.last_modified - right.last_modified));
    this.draw();
  },

  /** Draws everything anew: after another filter, and after the first list. */
  draw() {
    this.rows.clear();
    const rows = this.matching().slice(-this.shown).reverse().map(([uri, entry]) => {
      const row = this.makeRow(uri, entry);
      row.cells[2].textContent = entry.last_modified;
      row.cells[3].dataset.time = entry.last_modified;
      row.classList.toggle("deleted", Boolean(entry.deleted));
      this.age(row.cells[3]);
      return row;
    });
    $("rows").replaceChildren(...rows);
    this.count();
  },
};

$("filter").addEventListener("input", ({ target }) => {
  table.words = target.value.trim().toLowerCase();
  table.shown = ROWS_MAX;
  table.draw();
});
$("more").addEventListener("click", () => {
  table.shown = Infinity;
  table.draw();
});
document.addEventListener("keydown", (event) => {
  const typing = /^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName);
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    $("filter").focus();
  }
});

// The connection.

const client = new Heliograph(BASE);
const delays = [];
const seen = { count: 0, isReady: false };
const NAMES = { websocket: "WebSocket", sse: "Server-Sent Events", poll: "polling" };

function showState() {
  const { name, transport, returnAt, status } = client.state;
  const over = NAMES[transport] ?? "";
  const words = {
    idle: "Idle", connecting: `Connecting over ${over}`, live: `Live over ${over}`,
    waiting: returnAt ? `Lost, back in ${span(returnAt - Date.now())}` : "Lost, coming back",
    refused: `Refused (${status})`, closed: "Closed",
  };
  if ($("state").textContent !== words[name]) $("state").textContent = words[name];
  $("state").dataset.state = name;
}

function showDelay() {
  if (!delays.length) return;
  const sorted = [...delays].sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  $("delay").textContent = `${span(at(0.5))} · p95 ${span(at(0.95))}`;
}

client.addEventListener("state", showState);
client.addEventListener("ready", ({ detail }) => {
  if (!seen.isReady) table.sort();
  seen.isReady = true;
  $("cursor").textContent = detail.cursor;
});
client.addEventListener("reset", () => {
  seen.isReady = false;
  table.entries.clear();
});
client.addEventListener("change", ({ detail: { entry, cursor } }) => {
  $("cursor").textContent = cursor;
  if (!seen.isReady) {
    table.entries.set(`/buckets/${entry.bucket}/collections/${entry.collection}`, entry);
    return;
  }
  seen.count += 1;
  $("count").textContent = number.format(seen.count);
  table.take(entry, true);
  const delay = clock.now() - entry.last_modified;
  // A timestamp that a writer chose says nothing about when it was written.
  if (Math.abs(delay) < 60_000) {
    delays.push(Math.max(0, delay));
    if (delays.length > DELAYS_MAX) delays.shift();
    showDelay();
  }
});
$("cursor").addEventListener("click", async ({ target }) => {
  await navigator.clipboard?.writeText(target.textContent).catch(() => {});
  document.forms.why.cursor.value = target.textContent;
});

// One change over three transports.

class Way {
  constructor(title, waiting) {
    this.note = element("span", { textContent: waiting });
    this.raw = element("pre", { textContent: " ", tabIndex: 0 });
    this.raw.setAttribute("aria-label", `The last change over ${title}, as received`);
    $("ways").append(element("div", { className: "way" },
      element("h3", {}, title, this.note), this.raw));
  }

  show(text, lastModified) {
    const delay = clock.now() - lastModified;
    this.raw.textContent = text.trim();
    this.note.textContent = Math.abs(delay) < 3_600_000 ? `seen after ${span(Math.max(0, delay))}`
      : `at ${new Date().toLocaleTimeString()}`;
  }
}

/** Listens beside the client, from the present on, to show what comes as it comes. */
const ways = {
  websocket: new Way("WebSocket", "listening"),
  sse: new Way("Server-Sent Events", "listening"),
  polling: new Way("Polling", `every ${POLL_SECONDS} s`),
  timestamp: null,

  start(cursor) {
    this.listenSocket(cursor);
    this.listenEvents(cursor);
    this.timestamp = timestampOf(cursor);
    setInterval(() => this.poll(), POLL_SECONDS * 1000);
  },

  listenSocket(cursor) {
    const url = new URL(`${BASE}${STREAM}?_since=${cursor}`);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url);
    const pings = new Map();
    let last = cursor;
    let count = 0;
    const ping = () => {
      if (socket.readyState !== WebSocket.OPEN) return;
      pings.clear();
      pings.set(count += 1, Date.now());
      socket.send(JSON.stringify({ type: "ping", id: count }));
    };
    socket.onopen = ping;
    const timer = setInterval(ping, 5000);
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (message.type === "pong" && pings.has(message.id) && message.time) {
        clock.learn(pings.get(message.id), Date.now(), message.time);
      }
      if (message.type !== "change") return;
      last = message.cursor;
      this.websocket.show(data, message.entry.last_modified);
    };
    socket.onclose = () => {
      clearInterval(timer);
      setTimeout(() => this.listenSocket(last), 2000 + Math.random() * 8000);
    };
  },

  listenEvents(cursor) {
    const source = new EventSource(`${BASE}${STREAM}?_since=${cursor}`);
    let last = cursor;
    source.onmessage = ({ data, lastEventId }) => {
      last = lastEventId;
      this.sse.show(`id: ${lastEventId}\ndata: ${data}`, JSON.parse(data).last_modified);
    };
    source.onerror = () => {
      if (source.readyState !== EventSource.CLOSED) return;
      setTimeout(() => this.listenEvents(last), 2000 + Math.random() * 8000);
    };
  },

  async poll() {
    if (document.hidden) return;
    const since = this.timestamp === null ? "" : `&_since="${this.timestamp}"`;
    const url = `${BASE}${CHANGESET}?_expected=${this.timestamp ?? 0}${since}`;
    const response = await fetch(url).catch(() => null);
    if (!response?.ok || response.status === 204) return;
    const text = await response.text();
    const { changes, timestamp } = JSON.parse(text);
    if (changes.length && timestamp !== this.timestamp) {
      this.polling.show(text, Math.max(...changes.map((entry) => entry.last_modified)));
    }
    this.timestamp = timestamp;
  },
};

client.addEventListener("ready", ({ detail }) => ways.start(detail.cursor), { once: true });

// The server's own figures.

const metrics = {
  before: null,
  rates: [],

  async read() {
    if (document.hidden) return;
    const response = await fetch(`${BASE}/__metrics__`).catch(() => null);
    if (!response?.ok) return;
    const values = new Map();
    for (const line of (await response.text()).split("\n")) {
      const match = /^(\w+(?:\{[^}]*\})?) (\S+)$/.exec(line);
      if (match) values.set(match[1], Number(match[2]));
    }
    this.show(values, performance.now());
  },

  show(values, now) {
    for (const transport of ["sse", "websocket", "push"]) {
      const count = values.get(`heliograph_subscribers{transport="${transport}"}`);
      $(transport).textContent = count === undefined ? "–" : number.format(count);
    }
    let deliveries = 0;
    for (const [name, value] of values) {
      if (name.startsWith("heliograph_deliveries_total")) deliveries += value;
    }
    if (this.before) {
      const seconds = (now - this.before.now) / 1000;
      const rate = Math.max(0, (deliveries - this.before.deliveries) / seconds);
      this.rates.push(rate);
      if (this.rates.length > CHART_POINTS) this.rates.shift();
      $("rate").textContent = number.format(Math.round(rate));
      this.draw();
    }
    this.before = { now, deliveries };
  },

  draw() {
    const peak = Math.max(1, ...this.rates);
    const step = 300 / (CHART_POINTS - 1);
    const first = CHART_POINTS - this.rates.length;
    const points = this.rates.map((rate, index) =>
      `${((first + index) * step).toFixed(1)},${(62 - (rate / peak) * 58).toFixed(1)}`);
    $("line").setAttribute("d", `M${points.join("L")}`);
    $("area").setAttribute("d", `M${(first * step).toFixed(1)},64L${points.join("L")}L300,64Z`);
    $("peak").textContent = `peak ${number.format(Math.round(Math.max(...this.rates)))} / s`;
    $("chart-title").textContent = `Deliveries per second, now ${$("rate").textContent}`;
  },
};

// Why was I not notified?

/** Resumes as that subscriber would, and tells what it is given. */
function resume(cursor, resource) {
  return new Promise((resolve) => {
    const query = new URLSearchParams({ _since: cursor });
    if (resource) query.append("resource", resource);
    const source = new EventSource(`${BASE}${STREAM}?${query}`);
    const found = { reset: null, entries: [], isAnswered: false, window: 0 };
    const finish = () => {
      source.close();
      resolve(found);
    };
    source.onmessage = ({ data }) => found.entries.push(JSON.parse(data));
    source.addEventListener("reset", ({ data }) => { found.reset = JSON.parse(data).reason; });
    source.addEventListener("ready", ({ data }) => {
      found.isAnswered = true;
      found.window = JSON.parse(data).window_ms ?? 0;
      finish();
    });
    source.onerror = finish;
    setTimeout(finish, 10_000);
  });
}

const RESETS = {
  malformed: "It is not a cursor: the server sends such a subscriber the whole list.",
  future: "It is ahead of this server: it comes from another server, or from a database that was "
    + "since replaced by an older one. The whole list is sent.",
  epoch: "It belongs to another history: the database is another one, or was restored from a "
    + "backup. The whole list is sent.",
  access: "It is of another user, or of a time when this one might read something else. The list "
    + "of what may be read now is sent.",
};

async function explain(cursor, resource) {
  const said = [];
  const pattern = /^\/buckets\/[^/]+(\/collections\/[^/]+)?$/;
  if (resource && !pattern.test(resource)) {
    return ["That is not the URI of a bucket or a collection: /buckets/B/collections/C."];
  }
  const known = [...table.entries.entries()].filter(([uri]) =>
    uri === resource || uri.startsWith(`${resource}/`));
  if (resource && !known.length) {
    said.push(`Nothing called ${resource} is in the feed: it was never written to, is not among `
      + "the monitored resources, or is not for this reader.");
  }
  const found = await resume(cursor, resource);
  if (!found.isAnswered) return [...said, "The server did not answer such a subscription."];
  if (found.reset) said.push(RESETS[found.reset] ?? `The cursor is not taken: ${found.reset}.`);
  if (!found.entries.length) {
    said.push("The subscriber has everything: nothing that it asks for changed after this cursor.");
    const newest = known.at(-1)?.[1];
    if (newest) {
      said.push(`The last change was at ${newest.last_modified}, `
        + `${span(clock.now() - newest.last_modified)} ago.`);
    }
  } else {
    const count = found.entries.length;
    const pace = found.window ? "it is an event stream that waits for its moment of the "
      + `${span(found.window)} over which a change is told, or ` : "";
    said.push(`It is owed ${number.format(count)} ${count === 1 ? "entry" : "entries"}. If it is `
      + `connected, ${pace}its socket is full and it gets them when it reads; else when it `
      + "returns.");
    for (const entry of found.entries.slice(-5).reverse()) {
      said.push(`• ${entry.bucket}/${entry.collection} at ${entry.last_modified}`
        + (entry.deleted ? ", deleted" : ""));
    }
  }
  return said;
}

$("why").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { cursor, resource } = event.target;
  $("answer").replaceChildren(element("p", { textContent: "Asking…" }));
  const said = await explain(cursor.value.trim(), resource.value.trim());
  $("answer").replaceChildren(...said.map((text) => element("p", { textContent: text })));
});

// Time passes.

setInterval(() => {
  if (document.hidden) return;
  for (const row of $("rows").rows) table.age(row.cells[3]);
  if (client.state.name === "waiting") showState();
}, 1000);
setInterval(() => metrics.read(), METRICS_SECONDS * 1000);
document.addEventListener("visibilitychange", () => metrics.read());
client.addEventListener("ready", () => metrics.read(), { once: true });
client.start();
