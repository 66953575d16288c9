# SPDX-License-Identifier: MIT
"""A stock Firefox whose push and settings server is a local one, and a proxy that hears both."""

import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time

PREFERENCES = {
    "dom.push.testing.allowInsecureServerURL": True,
    "dom.push.connection.enabled": True,
    "dom.push.retryBaseInterval": 500,
    "services.settings.poll_interval": 86400,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    "app.update.enabled": False,
    "extensions.update.enabled": False,
    "browser.safebrowsing.update.enabled": False,
    "browser.aboutwelcome.enabled": False,
}


class Recorder:
    """A proxy before a server: requests and WebSocket messages, each with its time."""

    def __init__(self, target_port):
        self.target_port = target_port
        self.requests = []
        self.messages = []
        self.changed = threading.Condition()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            client, _ = self.listener.accept()
            try:
                server = socket.create_connection(("127.0.0.1", self.target_port))
            except OSError:
                client.close()
                continue
            for source, drain, sender in ((client, server, "firefox"), (server, client, "server")):
                relay = Relay(self, sender)
                threading.Thread(
                    target=relay.run, args=(source, drain), daemon=True).start()

    def note(self, kind, entry):
        """Remembers a request or a message."""
        with self.changed:
            getattr(self, kind).append((time.monotonic(), entry))
            self.changed.notify_all()

    def wait(self, kind, matches, since, seconds):
        """The first entry after `since` that matches, with its time."""
        def find():
            return next((e for e in getattr(self, kind) if e[0] >= since and matches(e[1])), None)
        with self.changed:
            if not self.changed.wait_for(lambda: find() is not None, timeout=seconds):
                heard = [entry for _, entry in getattr(self, kind)][-12:]
                raise AssertionError(f"not within {seconds} s; {kind} so far: {heard}")
            return find()


class Relay:
    """One direction of a connection."""

    def __init__(self, recorder, sender):
        self.recorder = recorder
        self.sender = sender
        self.unread = b""
        self.is_socket = False

    def run(self, source, drain):
        """Passes on what comes, until the end."""
        try:
            while data := source.recv(65536):
                self._hear(data)
                drain.sendall(data)
        except OSError:
            pass
        for end in (source, drain):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _hear(self, data):
        self.unread += data
        if not self.is_socket:
            head, separator, rest = self.unread.partition(b"\r\n\r\n")
            text = head.decode("latin-1")
            if self.sender == "firefox" and separator:
                self.recorder.note("requests", text)
            if separator and re.search(r"(?im)^upgrade: *websocket", text):
                self.is_socket = True
                self.unread = rest
            elif separator or self.sender == "server":
                self.unread = b""
        while self.is_socket and (frame := self._frame()) is not None:
            opcode, payload = frame
            if opcode == 1:
                self.recorder.note("messages", (self.sender, json.loads(payload)))
            elif opcode == 8:
                self.recorder.note("messages", (self.sender, {"close": payload[:2].hex()}))

    def _frame(self):
        data = self.unread
        if len(data) < 2:
            return None
        length, start = data[1] & 127, 2
        if length == 126:
            length, start = int.from_bytes(data[2:4], "big"), 4
        elif length == 127:
            length, start = int.from_bytes(data[2:10], "big"), 10
        mask = bytes(4)
        if data[1] & 128:
            mask, start = data[start:start + 4], start + 4
        if len(data) < start + length:
            return None
        payload = bytes(b ^ mask[i % 4] for i, b in enumerate(data[start:start + length]))
        self.unread = data[start + length:]
        return data[0] & 15, payload


class Firefox:
    """A headless Firefox of its own profile."""

    def __init__(self, executable, port):
        self.executable = executable
        self.directory = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.profile = os.path.join(self.directory.name, "profile")
        os.mkdir(self.profile)
        preferences = dict(PREFERENCES)
        preferences["dom.push.serverURL"] = f"ws://127.0.0.1:{port}/v1/push"
        preferences["services.settings.server"] = f"http://127.0.0.1:{port}/v1"
        with open(os.path.join(self.profile, "user.js"), "w", encoding="utf-8") as file:
            for name, value in preferences.items():
                file.write(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n")
        self.start()

    def start(self):
        """Starts it, with what it remembers."""
        # Without the variable a release asks the production server, whatever its preference says.
        environment = dict(
            os.environ, MOZ_REMOTE_SETTINGS_DEVTOOLS="1", HOME=self.directory.name)
        self.process = subprocess.Popen(
            [self.executable, "--headless", "--no-remote", "--profile", self.profile,
             "about:blank"],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)

    def end(self):
        """Ends it in order, so that it writes down what it is to remember."""
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def remembered(self):
        """The versions that it keeps for its next session."""
        path = os.path.join(self.profile, "broadcast-listeners.json")
        with open(path, encoding="utf-8") as file:
            listeners = json.load(file)["listeners"]
        return {name: listener["version"] for name, listener in listeners.items()}

    def close(self):
        """Ends it and removes what it wrote."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.directory.cleanup()
