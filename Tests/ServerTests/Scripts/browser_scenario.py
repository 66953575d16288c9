#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a real browser does with the server: browser_scenario.py CHROMIUM HELIOGRAPH [PICTURES]

Pages come from another origin than the server. Prints "ok" and a sentence for everything it saw,
and ends with 1 at the first thing that is otherwise. PICTURES is a directory for screenshots.
"""

import contextlib
import functools
import http.server
import os
import sqlite3
import sys
import tempfile
import threading
import time

from browser import Browser
from program import Server, headers

EXAMPLE = os.path.join(os.path.dirname(__file__), "../../../examples/browser")

def serve_pages():
    """Another origin: the examples on a port of their own."""
    handler = functools.partial(QuietHandler, directory=EXAMPLE)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format, *args):
        pass


def ok(sentence):
    """Says what was seen."""
    print(f"ok {sentence}", flush=True)


LISTEN = """(() => {
  const url = "SERVER/buckets/monitor/collections/changes/stream";
  window.events = []; window.messages = []; window.ready = 0;
  window.source = new EventSource(url);
  source.onmessage = e => events.push(JSON.parse(e.data).collection);
  source.addEventListener("ready", () => window.ready += 1);
  window.socket = new WebSocket(url.replace("http", "ws"));
  socket.onmessage = e => { const m = JSON.parse(e.data); if (m.entry) messages.push(m.entry.collection); };
})()"""


def native(browser, server, pages):
    """EventSource and WebSocket as the browser has them."""
    page = browser.open(f"{pages}/heliograph.js")
    page.evaluate(LISTEN.replace("SERVER", server.base))
    page.wait("ready == 1 && events.length == 3 && messages.length == 3")
    ok("EventSource and WebSocket of another origin get the list")
    server.write("two")
    page.wait("events.at(-1) == 'two' && messages.at(-1) == 'two' && events.length == 4")
    ok("and a change")
    server.kill()
    page.wait("socket.readyState == 3 && source.readyState == 0")
    server.start()
    server.write("three")
    page.wait("ready == 2", 30)
    seen = page.evaluate("events.slice(4).join()")
    assert seen == "three", f"after the restart came {seen!r}, not only what was missed"
    ok("after kill -9 and a restart, EventSource returns with Last-Event-ID and gets what it missed")


COMPRESSED = """(async () => {
  const url = location.origin + "/v1/buckets/monitor/collections/changes/stream?_encoding=gzip";
  window.events = []; window.messages = []; window.ready = 0;
  window.source = new EventSource(url);
  source.onmessage = e => events.push(JSON.parse(e.data).collection);
  source.addEventListener("ready", () => window.ready += 1);
  window.socket = new WebSocket(url.replace("http", "ws"));
  socket.onmessage = e => { const m = JSON.parse(e.data); if (m.entry) messages.push(m.entry.collection); };
  const answer = await fetch(url);
  window.coding = answer.headers.get("Content-Encoding");
  await answer.body.cancel();
})()"""


def compressed(browser, server):
    """Both compressed; a page of the server's own may see the fields of its answers."""
    page = browser.open(f"{server.base}/dashboard/")
    page.evaluate(COMPRESSED)
    page.wait("ready == 1 && events.length == 3 && messages.length == 3")
    extensions = page.evaluate("socket.extensions")
    assert extensions.startswith("permessage-deflate"), extensions
    assert page.evaluate("coding") == "gzip"
    ok(f"WebSocket agrees on {extensions}; EventSource inflates gzip")
    for count, collection in enumerate(("one", "three", "two"), start=4):
        start = time.monotonic()
        server.write(collection)
        page.wait(f"events.at(-1) == '{collection}' && events.length == {count}"
                  f" && messages.at(-1) == '{collection}' && messages.length == {count}")
        seconds = time.monotonic() - start
        assert seconds < 5, seconds
    ok(f"both get each compressed change at once (the last within {seconds * 1000:.0f} ms)")
    page.command("Page.navigate", url="about:blank")


def client(browser, server, pages):
    """The client of the examples: fall-back, return, sharing."""
    page = browser.open(f"{pages}/heliograph.js")
    page.evaluate(f"""(async () => {{
      const {{ Heliograph }} = await import("./heliograph.js");
      window.RealSocket = WebSocket;
      window.WebSocket = class {{
        static OPEN = 1;
        constructor() {{ setTimeout(() => this.onclose?.({{ code: 1006, reason: "" }})); }}
        close() {{}}
      }};
      window.seen = []; window.states = [];
      window.client = new Heliograph("{server.base}",
        {{ backoffBase: 50, returnAfter: 500, pollInterval: 300 }});
      client.addEventListener("change", e => seen.push(e.detail.entry.collection));
      client.addEventListener("state", e => states.push(e.detail.name + " " + e.detail.transport));
      client.start();
    }})()""")
    page.wait("client.state.name == 'live' && client.state.transport == 'sse'")
    ok("the client falls back to Server-Sent Events where WebSocket does not get through")
    server.write("one")
    page.wait("seen.length == 4 && seen.at(-1) == 'one'")
    page.evaluate("window.WebSocket = RealSocket; 0")
    page.wait("client.state.transport == 'websocket' && client.state.name == 'live'", 30)
    server.write("two")
    page.wait("seen.length == 5 && seen.at(-1) == 'two'")
    ok("returns to WebSocket when it does, and nothing comes twice")
    server.kill()
    page.wait("client.state.name == 'waiting'")
    server.start()
    server.write("three")
    page.wait("seen.length == 6 && seen.at(-1) == 'three'", 90)
    ok("resumes by its cursor after a restart")
    page.evaluate("client.close()")
    page.evaluate(f"""(async () => {{
      const {{ Heliograph }} = await import("./heliograph.js");
      window.client = new Heliograph("{server.base}",
        {{ transports: ["poll"], pollInterval: 300, since: client.cursor }});
      client.addEventListener("change", e => seen.push(e.detail.entry.collection));
      client.start();
    }})()""")
    page.wait("client.state.name == 'live'")
    server.write("one")
    page.wait("seen.length == 7 && seen.at(-1) == 'one'")
    ok("goes on by polling with the cursor of a stream")
    page.evaluate("client.close()")


def sharing(browser, server, pages):
    """Two tabs, one connection."""
    target = f"{pages}/index.html?share&server={server.base}"
    before = server.subscribers("websocket")
    first = browser.open(target)
    first.wait("globalThis.heliograph?.state.name == 'live'")
    second = browser.open(target)
    second.wait("globalThis.heliograph?.state.name == 'live' && heliograph.entries.size == 3")
    server.write("two")
    for page in (first, second):
        page.wait("document.querySelector('li').textContent.startsWith('/main/two')")
    count = server.subscribers("websocket") - before
    assert count == 1, f"{count} connections for two tabs"
    ok("two tabs share one connection")
    first.evaluate("heliograph.close()")
    second.wait("heliograph.sharing.isLeader && heliograph.state.name == 'live'")
    server.write("three")
    second.wait("document.querySelector('li').textContent.startsWith('/main/three')")
    ok("and the other tab goes on when the first one ends")
    second.evaluate("heliograph.close()")


def dashboard(browser, server, pictures):
    """The server's own page."""
    page = browser.open(f"{server.base}/dashboard/")
    page.show(1440, 900)
    page.wait("document.getElementById('state')?.dataset.state == 'live'")
    server.write("two")
    page.wait("document.querySelector('#rows tr.fresh td:nth-child(2)')?.textContent == 'two'")
    page.wait("document.getElementById('delay').textContent.includes('ms')")
    page.wait("document.querySelectorAll('.way pre')[1].textContent.includes('\"two\"')")
    ok("the dashboard shows a change, how long it took, and its words on the wire")
    page.evaluate("""(() => {
      const input = document.getElementById("filter");
      input.value = "thr"; input.dispatchEvent(new Event("input"));
    })()""")
    page.wait("document.querySelectorAll('#rows tr').length == 1")
    page.evaluate("""(() => {
      const input = document.getElementById("filter");
      input.value = ""; input.dispatchEvent(new Event("input"));
      const { cursor, resource } = document.forms.why;
      cursor.value = "1.000000000000.1"; resource.value = "/buckets/main/collections/two";
      document.forms.why.requestSubmit();
    })()""")
    page.wait("document.getElementById('answer').textContent.includes('another history')")
    ok("filters, and explains why a subscriber was not notified")
    page.wait("document.getElementById('websocket').textContent != '–'")
    for name, size, scheme in [("wide", (1440, 900), "light"), ("dark", (1440, 900), "dark"),
                               ("narrow", (390, 844), "light")]:
        page.show(*size, scheme)
        time.sleep(0.3)
        wide = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert wide, f"{name}: the page is wider than its window"
        if pictures:
            page.screenshot(os.path.join(pictures, f"dashboard-{name}.png"))
    assert not page.errors, page.errors
    ok("fits wide and narrow windows, without an error in the console")


def another_history(browser, server):
    """A database of another identity: cursors are not taken, and the page begins anew."""
    page = browser.open(f"{server.base}/dashboard/")
    page.show(1440, 900)
    rows = "document.querySelectorAll('#rows tr').length"
    page.wait(f"document.getElementById('state')?.dataset.state == 'live' && {rows} == 3")
    server.kill()
    epoch = "0123456789ab"
    with contextlib.closing(sqlite3.connect(f"{server.directory}/data.db")) as database:
        database.execute("UPDATE meta SET value = ? WHERE key = 'epoch'", [epoch])
        database.commit()
    server.start()
    page.wait(f"document.getElementById('cursor').textContent.includes('{epoch}')", 90)
    page.wait(f"{rows} == 3")
    ok("after a backup was restored, the dashboard begins anew and shows the whole list")


def private(browser, executable, pages):
    """The client where it may not see everything, by tickets."""
    with tempfile.TemporaryDirectory() as directory:
        server = Server(executable, directory, {"HELIOGRAPH_CHANGES_PRIVATE": "true"})
        try:
            server.request("PUT", "/buckets/main")
            for collection in ("one", "two", "three"):
                server.request("PUT", f"/buckets/main/collections/{collection}")
                server.write(collection)
            you = server.request("GET", "/", user="you")["user"]["id"]
            for transport in ("websocket", "sse"):
                follow(browser, server, pages, transport, you)
        finally:
            server.kill()


def follow(browser, server, pages, transport, user):
    """A client whose user may read something, and then may not."""
    page = browser.open(f"{pages}/heliograph.js")
    page.evaluate(f"""(async () => {{
      const {{ Heliograph }} = await import("./heliograph.js");
      const ticket = async () => {{
        const answer = await fetch("{server.base}/buckets/monitor/collections/changes/ticket",
          {{ method: "POST", headers: {{ Authorization: "{headers('you')['Authorization']}" }} }});
        return (await answer.json()).data.ticket;
      }};
      window.seen = [];
      window.client = new Heliograph("{server.base}", {{ transports: ["{transport}"], ticket }});
      client.addEventListener("reset", e => seen.push(e.detail.reason));
      client.addEventListener("ready", () => seen.push(client.entries.size));
      client.start();
    }})()""")
    page.wait("seen.join() == '0'")
    server.request("PATCH", "/buckets/main", {"permissions": {"read": [user]}})
    page.wait("seen.join() == '0,access,3'")
    server.request("PATCH", "/buckets/main", {"permissions": {"read": []}})
    page.wait("seen.join() == '0,access,3,access,0' && client.state.name == 'live'")
    page.evaluate("client.close()")
    ok(f"over {transport}, by a ticket, shows what its user may read by now")


def main():
    """Runs everything."""
    chromium, executable = sys.argv[1:3]
    pictures = sys.argv[3] if len(sys.argv) > 3 else None
    pages = serve_pages()
    with tempfile.TemporaryDirectory() as directory:
        server = Server(executable, directory)
        server.request("PUT", "/buckets/main")
        for collection in ("one", "two", "three"):
            server.request("PUT", f"/buckets/main/collections/{collection}")
            server.write(collection)
        browser = Browser(chromium)
        try:
            compressed(browser, server)
            native(browser, server, pages)
            client(browser, server, pages)
            sharing(browser, server, pages)
            dashboard(browser, server, pictures)
            another_history(browser, server)
            private(browser, executable, pages)
        finally:
            browser.close()
            server.kill()


if __name__ == "__main__":
    main()
