#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A stock Firefox, from its first session on, is told of changes and polls for them.

    firefox_scenario.py FIREFOX HELIOGRAPH
"""

import os
import sys
import tempfile
import time

from firefox import Firefox, Recorder
from program import Server

ID = "remote-settings/monitor_changes"
# A fresh profile listens once its user was idle for 20 seconds.
IDLE_SECONDS = 90
SECONDS = 30


class Scenario:
    """What is seen between a Firefox and a server."""

    def __init__(self, server, recorder):
        self.server = server
        self.recorder = recorder

    def message(self, sender, kind, since, seconds=SECONDS):
        """The first message of that kind, and when it came."""
        moment, (_, message) = self.recorder.wait(
            "messages", lambda m: m[0] == sender and m[1].get("messageType") == kind, since,
            seconds)
        return moment, message

    def poll(self, version, since):
        """The poll for a version, and when it came."""
        address = ("GET /v1/buckets/monitor/collections/changes/changeset?_expected="
                   + version.strip('"'))
        return self.recorder.wait(
            "requests", lambda text: text.split(" HTTP/")[0].split("&")[0] == address, since,
            SECONDS)

    def write(self):
        """Changes a collection; the version and the time."""
        since = time.monotonic()
        # Beyond the interval between two broadcasts.
        time.sleep(1.2)
        return f'"{self.server.write("news")}"', since

    def change(self, name):
        """A change is broadcast, and polled for at once."""
        version, since = self.write()
        told, message = self.message("server", "broadcast", since)
        assert message["broadcasts"] == {ID: version}, message
        asked, request = self.poll(version, told)
        assert "Authorization" not in request
        print(f"ok {name}: polled {version} {1000 * (asked - told):.0f} ms after the broadcast")
        return version

    def greeting(self, since, expected, seconds=SECONDS):
        """Firefox says hello with that, and is answered."""
        _, hello = self.message("firefox", "hello", since, seconds)
        assert hello["broadcasts"] == expected, hello
        assert hello["use_webpush"] is True
        moment, answer = self.message("server", "hello", since)
        assert set(answer) == {"messageType", "status", "uaid", "use_webpush", "broadcasts"}
        return moment, answer


def run(firefox, scenario):
    """From a fresh profile to its second session."""
    start = time.monotonic()
    scenario.greeting(start, {}, seconds=60)
    handshake = scenario.recorder.wait(
        "requests", lambda text: text.startswith("GET /v1/push "), start, 1)[1]
    assert f"Origin: ws://127.0.0.1:{scenario.recorder.port}/v1/push" in handshake, handshake
    assert "Sec-WebSocket-Protocol: push-notification" in handshake, handshake
    print("ok a fresh Firefox says hello without a broadcast, and stays")

    moment, message = scenario.message("firefox", "broadcast_subscribe", start, IDLE_SECONDS)
    assert message["broadcasts"] == {ID: '"0"'}, message
    moment, answer = scenario.message("server", "broadcast", moment)
    scenario.poll(answer["broadcasts"][ID], moment)
    print(f"ok it listens after {moment - start:.0f} s, is told the version, and polls for it")
    scenario.change("a change")

    since = time.monotonic()
    scenario.server.kill()
    scenario.server.start()
    scenario.recorder.target_port = scenario.server.port
    moment, answer = scenario.greeting(since, {})
    scenario.poll(answer["broadcasts"][ID], moment)
    print(f"ok the server was killed: back after {moment - since:.1f} s, naming nothing, and "
          "told what it lacks")
    version = scenario.change("a change after the restart")

    # It writes down what it was told.
    time.sleep(3)
    firefox.end()
    assert firefox.remembered() == {ID: version}, firefox.remembered()
    since = time.monotonic()
    firefox.start()
    _, answer = scenario.greeting(since, {ID: version}, seconds=60)
    assert ID not in answer["broadcasts"], answer
    print("ok its next session names the version it has, and is told nothing that it knows")
    scenario.change("a change in the next session")
    assert "uaid" not in str([m for _, m in scenario.recorder.messages if m[0] == "firefox"])


def main():
    """Runs all of it."""
    executable, program = sys.argv[1:]
    os.environ["KINTO_PUSH_BROADCAST_MIN_DEBOUNCE_INTERVAL_SECONDS"] = "1"
    with tempfile.TemporaryDirectory() as directory:
        server = Server(program, directory)
        recorder = Recorder(server.port)
        for path in ["/buckets/main", "/buckets/main/collections/news"]:
            server.request("PUT", path)
        server.write("news")
        firefox = Firefox(executable, recorder.port)
        try:
            run(firefox, Scenario(server, recorder))
        finally:
            firefox.close()
            server.kill()
    print("ok a stock Firefox was told of every change")


if __name__ == "__main__":
    main()
