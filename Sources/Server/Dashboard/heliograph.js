// SPDX-License-Identifier: MIT
//
// A client for browsers: WebSocket, else Server-Sent Events, else polling, and back again when a
// better one works. It resumes by cursor, waits as long as the server says or else a random time
// that grows with each failure (full jitter), and shares one connection between tabs.
//
//   import { Heliograph } from "./heliograph.js";
//   const heliograph = new Heliograph("https://push.example/v1", { resources: ["/buckets/main"] });
//   heliograph.addEventListener("change", ({ detail }) => console.log(detail.entry));
//   heliograph.start();
//
// Events, each with a `detail`:
//   change  {entry, cursor, transport, receivedAt}  a collection has a new timestamp
//   ready   {cursor, timestamp, transport}          caught up: what follows is live
//   reset   {reason}                                forget what was told, the whole list follows
//   state   {name, transport, returnAt, status}     idle, connecting, live, waiting, refused, closed

const STREAM = "/buckets/monitor/collections/changes/stream";
const CHANGESET = "/buckets/monitor/collections/changes/changeset";

/** All times are in milliseconds. */
const DEFAULTS = {
  transports: ["websocket", "sse", "poll"],
  resources: null,
  since: null,
  share: false,
  ticket: null,
  headers: {},
  backoffBase: 1000,
  backoffMax: 60_000,
  failuresBeforeFallBack: 2,
  returnAfter: 30_000,
  returnAfterMax: 900_000,
  pollInterval: 60_000,
  silenceMax: 45_000,
  openTimeout: 20_000,
};

/** Waiting times: random below a bound that doubles with each failure. */
class Backoff {
  constructor(base, max) {
    this.base = base;
    this.max = max;
    this.failures = 0;
  }

  /** The time to wait now; at least `floor`, which the server chose. */
  next(floor = 0) {
    const bound = Math.min(this.max, this.base * 2 ** Math.min(this.failures, 20));
    this.failures += 1;
    return floor + Math.random() * bound;
  }

  reset() { this.failures = 0; }
}

/** The query of a stream or a poll. */
function address(base, path, parameters) {
  const query = new URLSearchParams(parameters.filter(([, value]) => value !== null));
  const text = query.toString();
  return base + path + (text ? `?${text}` : "");
}

/** The timestamp in a cursor: what polling understands of it. */
export function timestampOf(cursor) {
  const match = /^"?(\d+)"?(?:\.|$)/.exec(cursor ?? "");
  return match ? Number(match[1]) : null;
}

/**
 * A connection over one transport. It calls, until it is closed: `handlers.change(entry, cursor)`,
 * `.ready(cursor, timestamp)`, `.reset(reason)` and, as the last, `.ended({returnAfter, status})`.
 */
class WebSocketConnection {
  constructor(options, cursor, ticket, handlers) {
    const url = new URL(address(options.base, STREAM, [
      ...(options.resources ?? []).map((uri) => ["resource", uri]),
      ["_since", cursor], ["ticket", ticket],
    ]));
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    this.handlers = handlers;
    this.heardAt = Date.now();
    this.pings = 0;
    this.socket = new WebSocket(url, "heliograph.v1");
    this.socket.onmessage = ({ data }) => this.receive(JSON.parse(data));
    this.socket.onclose = ({ code, reason }) => {
      const told = /return in (\d+) ms/.exec(reason);
      this.finish({ returnAfter: told ? Number(told[1]) : 0, status: code === 1008 ? 403 : 0 });
    };
    // A socket that looks open may be dead, after sleep for instance: only an answer proves it.
    this.openTimer = setTimeout(() => this.fail(), options.openTimeout);
    this.watch = setInterval(() => this.check(options.silenceMax), options.silenceMax / 3);
    this.wake = () => this.check(0);
    globalThis.addEventListener?.("online", this.wake);
  }

  receive(message) {
    this.heardAt = Date.now();
    this.pings = 0;
    switch (message.type) {
      case "change": this.handlers.change(message.entry, message.cursor); break;
      case "ready":
        clearTimeout(this.openTimer);
        this.handlers.ready(message.cursor, message.timestamp);
        break;
      case "reset": this.handlers.reset(message.reason); break;
      default: break;
    }
  }

  check(silence) {
    if (this.socket.readyState !== WebSocket.OPEN) return;
    if (this.pings >= 3) return this.fail();
    if (Date.now() - this.heardAt < silence / 3) return;
    this.pings += 1;
    this.socket.send(JSON.stringify({ type: "ping", id: this.pings }));
  }

  fail() { this.finish({ returnAfter: 0, status: 0 }); }

  finish(reason) {
    if (!this.handlers) return;
    const { handlers } = this;
    this.close();
    handlers.ended(reason);
  }

  close() {
    this.handlers = null;
    clearTimeout(this.openTimer);
    clearInterval(this.watch);
    globalThis.removeEventListener?.("online", this.wake);
    this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
  }
}

/** Server-Sent Events. The browser itself reconnects, with the cursor, when the server says. */
class EventSourceConnection {
  constructor(options, cursor, ticket, handlers) {
    this.source = new EventSource(address(options.base, STREAM, [
      ...(options.resources ?? []).map((uri) => ["resource", uri]),
      ["_since", cursor], ["ticket", ticket],
    ]));
    this.handlers = handlers;
    const { source } = this;
    source.onmessage = (event) => {
      handlers.change(JSON.parse(event.data), event.lastEventId);
    };
    source.addEventListener("ready", (event) => {
      clearTimeout(this.openTimer);
      handlers.ready(event.lastEventId, JSON.parse(event.data).timestamp);
    });
    source.addEventListener("reset", (event) => handlers.reset(JSON.parse(event.data).reason));
    source.onerror = () => {
      // A ticket serves once, so with tickets the browser must not come back by itself.
      if (source.readyState === EventSource.CLOSED || ticket !== null) this.finish();
      else handlers.interrupted();
    };
    this.openTimer = setTimeout(() => this.finish(), options.openTimeout);
  }

  finish() {
    if (!this.handlers) return;
    const { handlers } = this;
    this.close();
    handlers.ended({ returnAfter: 0, status: 0 });
  }

  close() {
    this.handlers = null;
    clearTimeout(this.openTimer);
    this.source.onmessage = this.source.onerror = null;
    this.source.close();
  }
}

/** Polling: the same list, asked for at intervals that the server may stretch. */
class PollingConnection {
  constructor(options, cursor, ticket, handlers) {
    this.options = options;
    this.timestamp = timestampOf(cursor);
    this.handlers = handlers;
    this.controller = new AbortController();
    this.poll();
  }

  async poll() {
    const { options, handlers } = this;
    let wait = options.pollInterval * (0.8 + 0.4 * Math.random());
    try {
      const url = address(options.base, CHANGESET, [
        ["_expected", this.timestamp ?? "0"],
        ["_since", this.timestamp === null ? null : `"${this.timestamp}"`],
      ]);
      const response = await fetch(url, {
        headers: options.headers, signal: this.controller.signal,
      });
      const told = Number(response.headers.get("Retry-After") ?? 0) * 1000;
      if (!response.ok) return this.finish({ returnAfter: told, status: response.status });
      if (response.status !== 204) this.deliver(await response.json());
      wait = Math.max(wait, told, Number(response.headers.get("Backoff") ?? 0) * 1000);
    } catch {
      return this.finish({ returnAfter: 0, status: 0 });
    }
    if (this.handlers === handlers) this.timer = setTimeout(() => this.poll(), wait);
  }

  deliver({ changes, timestamp }) {
    if (!this.handlers) return;
    const cursor = String(timestamp);
    for (const entry of [...changes].reverse()) {
      const uri = `/buckets/${entry.bucket}`;
      const whole = `${uri}/collections/${entry.collection}`;
      const wanted = this.options.resources;
      if (!wanted || wanted.includes(uri) || wanted.includes(whole)) {
        this.handlers.change(entry, cursor);
      }
    }
    this.timestamp = timestamp;
    this.handlers.ready(cursor, timestamp);
  }

  finish(reason) {
    if (!this.handlers) return;
    const { handlers } = this;
    this.close();
    handlers.ended(reason);
  }

  close() {
    this.handlers = null;
    this.controller.abort();
    clearTimeout(this.timer);
  }
}

const CONNECTIONS = {
  websocket: WebSocketConnection, sse: EventSourceConnection, poll: PollingConnection,
};

/** What a page holds: one subscription, whatever carries it at the moment. */
export class Heliograph extends EventTarget {
  /**
   * @param {string} base The server's address, `https://host/v1`.
   * @param {object} options
   *   `resources` (URIs of buckets and collections; all if null), `since` (a cursor),
   *   `transports` (a part of websocket, sse, poll, the best first), `share` (one connection for
   *   all tabs), `ticket` (an async function that fetches one), `headers` (of polls), and times.
   */
  constructor(base, options = {}) {
    super();
    this.options = { ...DEFAULTS, ...options, base: base.replace(/\/+$/, "") };
    this.cursor = this.options.since;
    /** The newest entry of each collection, by its URI. */
    this.entries = new Map();
    this.state = { name: "idle", transport: null, returnAt: null, status: 0 };
    this.level = 0;
    this.failures = 0;
    this.backoff = new Backoff(this.options.backoffBase, this.options.backoffMax);
    this.returns = new Backoff(this.options.returnAfter, this.options.returnAfterMax);
  }

  /** Connects, or follows the tab that has connected already. */
  start() {
    if (this.isStarted) return;
    this.isStarted = true;
    if (this.options.share && globalThis.navigator?.locks && globalThis.BroadcastChannel) {
      this.sharing = new Sharing(this);
    } else {
      this.connect();
    }
  }

  /** Ends the connection. */
  close() {
    this.isStarted = false;
    clearTimeout(this.timer);
    clearTimeout(this.returnTimer);
    this.connection?.close();
    this.candidate?.close();
    this.connection = this.candidate = this.returnTimer = null;
    // First, so that other tabs do not take this one's end for their own.
    this.sharing?.close();
    this.sharing = null;
    this.tell("state", { name: "closed", transport: null, returnAt: null, status: 0 });
  }

  async connect() {
    const transport = this.options.transports[this.level];
    this.tell("state", { name: "connecting", transport, returnAt: null, status: 0 });
    this.connection = await this.open(transport, this.role(transport));
  }

  /** What the connection in use does besides delivering. */
  role(transport) {
    return {
      ready: () => {
        this.failures = 0;
        this.backoff.reset();
        if (this.level > 0 && !this.returnTimer) this.planReturn();
      },
      interrupted: () => {
        this.tell("state", { name: "waiting", transport, returnAt: null, status: 0 });
      },
      ended: (reason) => this.reconnect(reason),
    };
  }

  /** Opens a connection; `more` is told what this one means for the state. */
  async open(transport, more) {
    let ticket = null;
    try {
      if (this.options.ticket && transport !== "poll") ticket = await this.options.ticket();
    } catch {
      setTimeout(() => more.ended({ returnAfter: 0, status: 0 }));
      return null;
    }
    if (!this.isStarted) return null;
    return new CONNECTIONS[transport](this.options, this.cursor, ticket, {
      change: (entry, cursor) => this.take(entry, cursor, transport),
      ready: (cursor, timestamp) => {
        more.ready();
        this.cursor = cursor || this.cursor;
        this.tell("state", { name: "live", transport, returnAt: null, status: 0 });
        this.tell("ready", { cursor: this.cursor, timestamp, transport });
      },
      reset: (reason) => this.startOver({ reason }),
      interrupted: () => more.interrupted(),
      ended: (reason) => more.ended(reason),
    });
  }

  /** What is known is not so any more; the whole list follows. */
  startOver(detail) {
    this.entries.clear();
    this.tell("reset", detail);
  }

  take(entry, cursor, transport) {
    this.cursor = cursor || this.cursor;
    const uri = `/buckets/${entry.bucket}/collections/${entry.collection}`;
    const known = this.entries.get(uri);
    // Two transports overlap while one takes over from the other.
    if (known?.last_modified === entry.last_modified && known?.deleted === entry.deleted) return;
    this.entries.set(uri, entry);
    this.tell("change", { entry, cursor: this.cursor, transport, receivedAt: Date.now() });
  }

  reconnect({ returnAfter, status }) {
    this.connection = null;
    if (!this.isStarted) return;
    const transport = this.options.transports[this.level];
    if (status === 401 || status === 403 || status === 404) {
      return this.tell("state", { name: "refused", transport, returnAt: null, status });
    }
    this.failures += 1;
    const isLast = this.level === this.options.transports.length - 1;
    if (this.failures >= this.options.failuresBeforeFallBack && !isLast) {
      this.level += 1;
      this.failures = 0;
    }
    const wait = this.backoff.next(returnAfter);
    this.tell("state", { name: "waiting", transport, returnAt: Date.now() + wait, status });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), wait);
  }

  /** Tries the best transport again beside the one that works, and changes over if it is ready. */
  planReturn() {
    const transport = this.options.transports[0];
    this.returnTimer = setTimeout(async () => {
      const role = {
        ready: () => {
          this.connection?.close();
          clearTimeout(this.timer);
          this.level = 0;
          this.connection = this.candidate;
          this.candidate = this.returnTimer = null;
          this.returns.reset();
          Object.assign(role, this.role(transport));
        },
        interrupted: () => this.candidate?.finish({ returnAfter: 0, status: 0 }),
        ended: () => {
          this.candidate = this.returnTimer = null;
          if (this.isStarted && this.level > 0) this.planReturn();
        },
      };
      this.candidate = await this.open(transport, role);
    }, this.options.returnAfter + this.returns.next());
  }

  tell(type, detail) {
    if (type === "state") this.state = detail;
    this.dispatchEvent(new CustomEvent(type, { detail }));
    this.sharing?.tell(type, detail);
  }
}

/**
 * One connection for all tabs: whoever holds the lock connects and repeats everything on a channel;
 * when that tab goes, the lock passes on, and the next one resumes at the last cursor.
 */
class Sharing {
  constructor(client) {
    const { base, resources } = client.options;
    const name = `heliograph ${base} ${(resources ?? ["*"]).join(" ")}`;
    this.client = client;
    this.isLeader = false;
    this.channel = new BroadcastChannel(name);
    this.channel.onmessage = ({ data }) => this.receive(data);
    this.channel.postMessage({ type: "hello" });
    const held = new Promise((resolve) => { this.release = resolve; });
    this.request = new AbortController();
    navigator.locks.request(name, { signal: this.request.signal }, () => {
      this.isLeader = true;
      client.connect();
      return held;
    }).catch(() => {});
  }

  tell(type, detail) {
    if (this.isLeader) this.channel.postMessage({ type, detail });
  }

  receive({ type, detail }) {
    const { client } = this;
    if (type === "hello") {
      if (!this.isLeader) return;
      const entries = [...client.entries.values()];
      this.channel.postMessage({
        type: "snapshot", detail: { entries, cursor: client.cursor, state: client.state },
      });
      return;
    }
    if (this.isLeader) return;
    switch (type) {
      case "snapshot":
        for (const entry of detail.entries) client.take(entry, detail.cursor, "shared");
        client.tell("state", detail.state);
        break;
      case "change": client.take(detail.entry, detail.cursor, detail.transport); break;
      case "ready":
        client.cursor = detail.cursor;
        client.tell(type, detail);
        break;
      case "reset": client.startOver(detail); break;
      case "state": client.tell(type, detail); break;
      default: break;
    }
  }

  close() {
    this.request.abort();
    this.release();
    this.channel.close();
  }
}
