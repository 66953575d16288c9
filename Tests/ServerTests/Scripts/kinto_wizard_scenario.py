"""Loads and dumps YAML with kinto-wizard from PyPI, unmodified. Argument: the base URL.

The server is empty, and whoever says who they are may make buckets.
"""

import copy
import itertools
import os
import subprocess
import sys
import tempfile

from kinto_http import Client
from ruamel.yaml import YAML

url = sys.argv[1]
client = Client(server_url=url, auth=("wiz", "secret"))
user = client.server_info()["user"]["id"]
wizard = os.path.join(os.path.dirname(sys.executable), "kinto-wizard")
directory = tempfile.TemporaryDirectory()
path = os.path.join(directory.name, "file.yaml")
yaml = YAML(typ="safe")

config = yaml.load("""
buckets:
  blocklists:
    data: {description: What is blocked}
    permissions:
      collection:create: [/buckets/blocklists/groups/editors]
      read: [system.Everyone]
    collections:
      certificates:
        data:
          displayFields: [issuerName]
          sort: -last_modified
          schema: {type: object, properties: {issuerName: {type: string}}}
        permissions: {read: [system.Everyone], "record:create": [system.Authenticated]}
        records:
          one:
            data: {issuerName: MQ==, details: {list: [1, 2.5, null, "é"], text: "1"}}
            permissions: {read: [system.Everyone]}
          two:
            data:
              enabled: false
              attachment:
                filename: a.bin
                hash: 5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9
                location: blocklists/certificates/x.bin
                mimetype: application/octet-stream
                size: 18446744073709551615
            permissions: {}
      empty: {data: {}, permissions: {}, records: {}}
    groups:
      editors:
        data: {members: ["basicauth:a", "basicauth:b"]}
        permissions: {read: [system.Authenticated]}
  plain: {data: {}, permissions: {}, collections: {}, groups: {}}
""")
parts = ["--buckets", "--collections", "--groups", "--records", "--data", "--permissions"]


def run(*arguments):
    command = [wizard, *arguments]
    if arguments[0] != "validate":
        command += ["--server", url, "--auth", "wiz:secret"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


def load(file, *options):
    with open(path, "w") as output:
        yaml.dump(file, output)
    return run("load", *options, path)


def dump(*options):
    return yaml.load(run("dump", *options))


def expected(file):
    """The file with what a server adds: the writer in the permissions, except of records, whose
    permissions a dump does not have."""
    file = copy.deepcopy(file)
    for bucket in file["buckets"].values():
        objects = [*bucket["collections"].values(), *bucket["groups"].values()]
        for each in [bucket, *objects]:
            each["permissions"]["write"] = [user]
        for collection in bucket["collections"].values():
            for record in collection["records"].values():
                record["permissions"] = {}
    return file


def plain(tree):
    """A dump without ids and timestamps."""
    if isinstance(tree, list):
        return [plain(each) for each in tree]
    if not isinstance(tree, dict):
        return tree
    return {key: plain(tree[key]) for key in tree if key not in ("id", "last_modified")}


load(config, "--dry-run")
assert dump(*parts) == {"buckets": {}}
load(config)
first = dump(*parts)
assert plain(first) == expected(config), plain(first)
run("validate", path)

# What is the same is left alone; its records alone are not, whose permissions are not compared.
load(config)
second = dump(*parts)
assert plain(second) == plain(first)
assert second["buckets"]["blocklists"]["data"] == first["buckets"]["blocklists"]["data"]

# What has changed is patched, with and without looking at the server first.
for options in ([], ["--force"]):
    config["buckets"]["blocklists"]["data"]["description"] += " now"
    config["buckets"]["blocklists"]["groups"]["editors"]["data"]["members"].append("basicauth:c")
    records = config["buckets"]["blocklists"]["collections"]["certificates"]["records"]
    records["one"]["data"]["issuerName"] += "="
    load(config, *options)
    assert plain(dump(*parts)) == expected(config), options

# Only attributes; only one collection.
config["buckets"]["plain"]["data"]["more"] = 1
load(config, "--buckets", "--data")
assert dump("--buckets", "--data")["buckets"]["plain"]["data"]["more"] == 1
one = dump(*parts, "--bucket", "blocklists", "--collection", "certificates")["buckets"]
assert list(one) == ["blocklists"] and list(one["blocklists"]["collections"]) == ["certificates"]

# Records that the file does not have.
del records["two"]
load(config, "--force", "--delete-records")
assert plain(dump(*parts)) == expected(config)

# A dump is a file: it comes back as it was, with ids and timestamps.
before = dump(*parts)
client.delete_buckets()
assert dump(*parts) == {"buckets": {}}
load(before)
assert dump(*parts) == before
if hasattr(itertools, "batched"):
    assert yaml.load(run("dump", "--full", "--attachments", directory.name)) == before
print("ok")
