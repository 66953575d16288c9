# SPDX-License-Identifier: MIT
"""The built program, for scenarios that end and start it."""

import base64
import json
import os
import re
import signal
import subprocess
import threading
import time
import urllib.request


def headers(user="me"):
    """The header fields of a user's request."""
    return {
        "Authorization": "Basic " + base64.b64encode(f"{user}:secret".encode()).decode(),
        "Content-Type": "application/json",
    }


class Server:
    """The built program over a file that outlives it."""

    def __init__(self, executable, directory, environment=None):
        self.executable = executable
        self.directory = directory
        self.environment = {**os.environ, **(environment or {})}
        self.port = 0
        self.start()

    def start(self):
        """Starts it, on the port that it had before."""
        self.process = subprocess.Popen(
            [self.executable, "serve", "--port", str(self.port), "--storage",
             f"sqlite:///{self.directory}/data.db"],
            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
            env=self.environment)
        for line in self.process.stderr:
            found = re.search(r"address=http://127\.0\.0\.1:(\d+)/v1", line)
            if found:
                self.port = int(found[1])
                break
        else:
            raise RuntimeError("the server did not start")
        threading.Thread(target=self.process.stderr.read, daemon=True).start()
        self.base = f"http://127.0.0.1:{self.port}/v1"

    def kill(self):
        """Ends it without a word."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def request(self, method, path, body=None, user="me"):
        """The answer's JSON, or its text."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.base + path, method=method, headers=headers(user), data=data)
        with urllib.request.urlopen(request) as answer:
            text = answer.read().decode()
            return json.loads(text) if "json" in answer.headers["Content-Type"] else text

    def write(self, collection):
        """A change of a collection."""
        path = f"/buckets/main/collections/{collection}/records/r"
        return self.request("PUT", path, {"data": {"time": time.time()}})["data"]["last_modified"]

    def subscribers(self, transport):
        """How many streams are open."""
        pattern = rf'heliograph_subscribers\{{transport="{transport}"\}} (\d+)'
        return int(re.search(pattern, self.request("GET", "/__metrics__"))[1])
