#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Drives a headless Chromium over its debugging protocol, with the standard library only."""

import base64
import json
import os
import socket
import struct
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request


class Browser:
    """A Chromium of its own profile, and one page in it."""

    def __init__(self, executable):
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.process = subprocess.Popen(
            [executable, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             "--remote-debugging-port=0", f"--user-data-dir={self.profile.name}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        port = self._port()
        self.pages = []
        self.base = f"http://127.0.0.1:{port}"

    def _port(self):
        path = os.path.join(self.profile.name, "DevToolsActivePort")
        for _ in range(300):
            try:
                with open(path, encoding="ascii") as file:
                    return int(file.readline())
            except (OSError, ValueError):
                time.sleep(0.1)
        raise RuntimeError("the browser did not start")

    def open(self, url):
        """A new page that shows `url`."""
        request = urllib.request.Request(
            f"{self.base}/json/new?{urllib.parse.quote(url, safe='')}", method="PUT")
        with urllib.request.urlopen(request) as answer:
            page = Page(json.load(answer)["webSocketDebuggerUrl"])
        self.pages.append(page)
        page.wait("location.href != 'about:blank' && document.readyState == 'complete'")
        return page

    def close(self):
        """Ends the browser."""
        self.process.kill()
        self.process.wait()
        self.profile.cleanup()


class Page:
    """A page, spoken to over a WebSocket."""

    def __init__(self, url):
        host, path = url.removeprefix("ws://").split("/", 1)
        name, port = host.split(":")
        self.socket = socket.create_connection((name, int(port)), timeout=60)
        self.socket.sendall(
            f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode())
        self.file = self.socket.makefile("rb")
        while self.file.readline() not in (b"\r\n", b""):
            pass
        self.number = 0
        self.errors = []
        self.command("Runtime.enable")
        self.command("Log.enable")

    def command(self, method, **parameters):
        """The result of a command."""
        self.number += 1
        text = json.dumps({"id": self.number, "method": method, "params": parameters}).encode()
        head = struct.pack("!BBQ", 0x81, 0xFF, len(text)) + b"\0\0\0\0"
        self.socket.sendall(head + text)
        while True:
            message = json.loads(self._receive())
            if message.get("id") == self.number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]
            if message.get("method") == "Runtime.exceptionThrown":
                details = message["params"]["exceptionDetails"]
                self.errors.append(details.get("exception", {}).get("description", str(details)))
            if message.get("method") == "Log.entryAdded":
                entry = message["params"]["entry"]
                if entry["level"] == "error":
                    self.errors.append(f"{entry['text']} {entry.get('url', '')}")

    def _receive(self):
        data = b""
        while True:
            first, second = self.file.read(2)
            length = second & 0x7F
            if length == 126:
                (length,) = struct.unpack("!H", self.file.read(2))
            elif length == 127:
                (length,) = struct.unpack("!Q", self.file.read(8))
            data += self.file.read(length)
            if first & 0x80:
                return data

    def evaluate(self, expression):
        """The value of a JavaScript expression; a promise is waited for."""
        result = self.command(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait(self, expression, seconds=20):
        """Waits until an expression is true, and returns its value."""
        end = time.monotonic() + seconds
        while True:
            value = self.evaluate(expression)
            if value:
                return value
            if time.monotonic() > end:
                raise TimeoutError(f"not within {seconds} s: {expression}")
            time.sleep(0.05)

    def show(self, width, height, scheme="light"):
        """Gives the page a size and a colour scheme."""
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height,
            deviceScaleFactor=1, mobile=False)
        self.command(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": scheme}])

    def screenshot(self, path):
        """Writes what the page looks like as PNG."""
        picture = self.command("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(picture))
