#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Follows the stream of changes with Python's standard library alone.

Prints one line per change and keeps the last event's id in a file, so that the next run goes on
where this one ended. Reconnects for ever, waiting as long as the server asks (``retry:``) and
longer, with chance, while it does not answer.
"""

import argparse
import http.client
import json
import os
import random
import signal
import sys
import time
import urllib.parse

STREAM = "/buckets/monitor/collections/changes/stream"
#: The wait before the first reconnection, until the server says otherwise.
RETRY_SECONDS = 3.0
#: No wait is longer than this.
RETRY_SECONDS_MAX = 60.0
#: A server sends a heartbeat twice a minute: silence for longer means a dead connection.
SILENCE_SECONDS_MAX = 90.0
#: A line longer than this is no event.
LINE_BYTES_MAX = 1 << 20


class Refused(Exception):
    """The server's answer is one that asking again will not change."""


class Finished(Exception):
    """The limit given on the command line is reached."""


class ReaderGone(Exception):
    """Whoever read the output has gone; there is nobody left to tell."""


class Event:
    """One event of the stream: its kind, its data and the cursor behind it."""

    def __init__(self, kind, data, cursor):
        self.kind = kind
        self.data = data
        self.cursor = cursor


class EventParser:
    """Turns lines into events, by section 9.2.6 of the HTML standard."""

    def __init__(self, cursor):
        self.cursor = cursor
        self.retry_seconds = None
        self._kind = ""
        self._data = []

    def feed(self, line):
        """Takes a line without its end; returns the event that it completes, or None."""
        if not line:
            event = None
            if self._data:
                event = Event(self._kind or "message", "\n".join(self._data), self.cursor)
            self._kind, self._data = "", []
            return event
        field, _, value = line.partition(":")
        value = value[1:] if value.startswith(" ") else value
        if field == "data":
            self._data.append(value)
        elif field == "event":
            self._kind = value
        elif field == "id" and "\0" not in value:
            self.cursor = value
        elif field == "retry" and value.isascii() and value.isdigit():
            self.retry_seconds = int(value) / 1000
        return None  # a field without meaning, or a comment such as a heartbeat


class CursorFile:
    """Keeps the cursor in a file, replaced as a whole, so that a crash cannot tear it."""

    def __init__(self, path):
        self.path = path

    def read(self):
        if not self.path or not os.path.exists(self.path):
            return ""
        with open(self.path, encoding="utf-8") as file:
            return file.read().strip()

    def write(self, cursor):
        if not self.path:
            return
        beside = f"{self.path}.new"
        with open(beside, "w", encoding="utf-8") as file:
            file.write(cursor + "\n")
        os.replace(beside, self.path)


class Subscriber:
    """Connects, reads, reconnects."""

    def __init__(self, options):
        self.options = options
        self.cursor_file = CursorFile(options.cursor_file)
        self.cursor = options.since or self.cursor_file.read()
        self.retry_seconds = RETRY_SECONDS
        self.failures = 0
        self.changes = 0
        self.deadline = time.monotonic() + options.timeout if options.timeout else None

    def run(self):
        """Follows the stream until a limit is reached."""
        while True:
            try:
                self.follow()
                self.note("the server ended the stream")
            except (OSError, ValueError, http.client.HTTPException) as error:
                self.note(f"{type(error).__name__}: {error}")
            self.check_deadline()
            self.wait()

    def follow(self):
        """Reads one connection to its end."""
        connection, sock, response = self.connect()
        try:
            parser = EventParser(self.cursor)
            while True:
                sock.settimeout(self.remaining(SILENCE_SECONDS_MAX))
                line = response.readline(LINE_BYTES_MAX)
                if not line:
                    return
                if not line.endswith(b"\n"):
                    if len(line) == LINE_BYTES_MAX:
                        raise http.client.HTTPException("too long a line")
                    return  # cut off within a line
                event = parser.feed(line.rstrip(b"\r\n").decode("utf-8", "replace"))
                if parser.retry_seconds is not None:
                    self.retry_seconds = parser.retry_seconds
                if event:
                    self.failures = 0
                    self.handle(event)
        finally:
            response.close()
            connection.close()

    def connect(self):
        """Asks for the stream; returns the connection, its socket and the answer."""
        url = urllib.parse.urlsplit(self.options.server)
        kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
        if url.scheme not in kinds or not url.hostname:
            raise Refused(f"no http:// or https:// address: {self.options.server}")
        connection = kinds[url.scheme](
            url.hostname, url.port, timeout=self.remaining(SILENCE_SECONDS_MAX)
        )
        query = urllib.parse.urlencode([("resource", path) for path in self.options.resource])
        target = url.path.rstrip("/") + STREAM + (f"?{query}" if query else "")
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
        if self.cursor:
            headers["Last-Event-ID"] = self.cursor
        try:
            connection.request("GET", target, headers=headers)
            sock = connection.sock  # an answer without length takes it from the connection
            response = connection.getresponse()
        except BaseException:
            connection.close()
            raise
        if response.status == 200:
            return connection, sock, response
        text = f"{response.status} {response.reason}"
        pause = response.getheader("Retry-After", "")
        connection.close()
        if response.status in (429, 502, 503, 504):
            if pause.isascii() and pause.isdigit():
                self.retry_seconds = max(self.retry_seconds, float(pause))
            raise http.client.HTTPException(text)
        raise Refused(f"{self.options.server} answered {text}")

    def handle(self, event):
        """Acts on an event; remembers its cursor when that is done."""
        if event.kind == "message":
            self.show(json.loads(event.data))
        elif event.kind == "reset":
            # The cursor is of no use any more: the whole list follows.
            self.note(f"starting over: {json.loads(event.data).get('reason')}")
        if event.cursor != self.cursor:
            self.cursor = event.cursor
            self.cursor_file.write(event.cursor)
        if event.kind == "message":
            self.changes += 1
            if self.options.count and self.changes >= self.options.count:
                raise Finished
        elif event.kind == "ready":
            self.note("up to date")
            if self.options.once:
                raise Finished

    def show(self, entry):
        """Prints a change."""
        if self.options.json:
            line = json.dumps(entry, separators=(",", ":"))
        else:
            mark = " deleted" if entry.get("deleted") else ""
            line = f"{entry['last_modified']} {entry['bucket']}/{entry['collection']}{mark}"
        try:
            print(line, flush=True)
        except BrokenPipeError:
            raise ReaderGone from None

    def wait(self):
        """Waits before the next connection: doubling, bounded, and different for everybody."""
        longest = min(RETRY_SECONDS_MAX, self.retry_seconds * 2 ** min(self.failures, 10))
        self.failures += 1
        seconds = random.uniform(longest / 2, longest)
        self.note(f"connecting again in {seconds:.1f} s")
        time.sleep(self.remaining(seconds))
        self.check_deadline()

    def remaining(self, seconds):
        """At most `seconds`, and no more than there is until the deadline."""
        if self.deadline is None:
            return seconds
        return max(0.001, min(seconds, self.deadline - time.monotonic()))

    def check_deadline(self):
        if self.deadline is not None and time.monotonic() >= self.deadline:
            raise TimeoutError("the time is over")

    def note(self, text):
        if not self.options.quiet:
            print(f"subscriber: {text}", file=sys.stderr, flush=True)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "server",
        nargs="?",
        default=os.environ.get("HELIOGRAPH_URL", "http://127.0.0.1:8888/v1"),
        help="base URL (HELIOGRAPH_URL or http://127.0.0.1:8888/v1)",
    )
    parser.add_argument(
        "--resource",
        action="append",
        default=[],
        metavar="PATH",
        help="only changes of /buckets/B or /buckets/B/collections/C; may be repeated",
    )
    parser.add_argument("--since", metavar="CURSOR", help="begin behind this cursor")
    parser.add_argument("--cursor-file", metavar="FILE", help="keep the cursor in this file")
    parser.add_argument("--json", action="store_true", help="print entries as JSON lines")
    parser.add_argument("--once", action="store_true", help="end when up to date")
    parser.add_argument("--count", type=int, metavar="N", help="end after N changes")
    parser.add_argument(
        "--timeout", type=float, metavar="SECONDS", help="end with exit code 1 after this time"
    )
    parser.add_argument("--quiet", action="store_true", help="print changes only")
    return parser.parse_args()


def main():
    subscriber = Subscriber(parse_arguments())
    try:
        subscriber.run()
    except Finished:
        return 0
    except (Refused, TimeoutError) as error:
        print(f"subscriber: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except ReaderGone:
        # Python flushes the output once more when it ends: into nothing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE


if __name__ == "__main__":
    sys.exit(main())
