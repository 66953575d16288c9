"""All that the PyPI client kinto-http can do with a server. Argument: the base URL.

The server has the history plugin, and whoever says who they are may make buckets.
"""

import logging
import sys

from kinto_http import BearerTokenAuth, Client, KintoException
from kinto_http.patch_type import BasicPatch, MergePatch

logging.disable(logging.CRITICAL)
url = sys.argv[1]
client = Client(server_url=url, auth=("ann", "secret"))
other = Client(server_url=url, auth=("ben", "secret"))
user = client.server_info()["user"]["id"]
stranger = other.server_info()["user"]["id"]


def refused(status, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except KintoException as error:
        assert error.response.status_code == status, (status, error)
        return error
    raise SystemExit(f"not refused with {status}: {call} {arguments} {named}")


def buckets():
    made = client.create_bucket(id="fb", data={"title": "one"}, permissions={"read": [stranger]})
    assert made["permissions"] == {"read": [stranger], "write": [user]}, made
    refused(412, client.create_bucket, id="fb")
    again = client.create_bucket(id="fb", if_not_exists=True)
    assert again["data"] == made["data"], again
    assert other.get_bucket(id="fb")["data"] == made["data"]
    replaced = client.update_bucket(id="fb", data={"title": "two"})
    assert replaced["data"]["title"] == "two"
    refused(
        412, client.update_bucket, id="fb", data={}, if_match=made["data"]["last_modified"])
    refused(403, other.update_bucket, id="fb", data={})
    assert [each["id"] for each in client.get_buckets()] == ["fb"]
    unnamed = client.create_bucket()
    client.delete_bucket(id=unnamed["data"]["id"])
    refused(403, client.get_bucket, id="nope")


def groups():
    group = client.create_group(id="fg", bucket="fb", data={"members": [stranger]})
    assert group["data"]["members"] == [stranger]
    assert client.get_group(id="fg", bucket="fb")["data"] == group["data"]
    client.update_group(id="fg", bucket="fb", data={"members": [stranger, "x:y"]})
    client.patch_group(id="fg", bucket="fb", changes=MergePatch({"title": "t"}))
    patched = client.get_group(id="fg", bucket="fb")["data"]
    assert patched["members"] == [stranger, "x:y"] and patched["title"] == "t", patched
    assert [each["id"] for each in client.get_groups(bucket="fb")] == ["fg"]
    client.create_group(id="gone", bucket="fb", data={"members": []})
    assert client.delete_group(id="gone", bucket="fb")["deleted"]


def collections():
    client.create_collection(
        id="fc", bucket="fb", permissions={"record:create": ["/buckets/fb/groups/fg"]})
    for patch in (
        BasicPatch(data={"n": 1, "m": {"a": 1, "b": 2}}, permissions={"read": ["x:y"]}),
        MergePatch(data={"m": {"b": None, "c": 3}}),
        BasicPatch(data={"n": 2}, permissions={"read": ["x:z"]}),
    ):
        patched = client.patch_collection(id="fc", bucket="fb", changes=patch)
    assert patched["data"]["n"] == 2 and patched["data"]["m"] == {"a": 1, "c": 3}, patched
    assert sorted(patched["permissions"]["read"]) == ["x:z"], patched
    assert client.get_collection(id="fc", bucket="fb")["permissions"] == patched["permissions"]
    client.update_collection(id="fc", bucket="fb", data={"n": 3})
    assert [each["id"] for each in client.get_collections(bucket="fb")] == ["fc"]
    client.create_collection(id="gone", bucket="fb")
    assert client.delete_collection(id="gone", bucket="fb")["deleted"]


def records():
    mine = other.create_record(data={"id": "theirs", "by": "ben"}, bucket="fb", collection="fc")
    assert mine["permissions"]["write"] == [stranger]
    here = Client(server_url=url, auth=("ann", "secret"), bucket="fb", collection="fc")
    made = here.create_record(data={"n": 0, "deep": {"a": [1]}})
    uuid = made["data"]["id"]
    assert len(uuid) == 36 and here.get_record(id=uuid)["data"] == made["data"]
    here.patch_record(id=uuid, data={"n": 1})
    here.patch_record(id=uuid, changes=MergePatch({"deep": {"b": 2}}))
    patched = here.patch_record(
        id=uuid, changes=MergePatch({"deep": {"a": [9, 1]}}))
    assert patched["data"]["deep"] == {"a": [9, 1], "b": 2} and patched["data"]["n"] == 1, patched
    refused(412, here.patch_record, id=uuid, data={"n": 5}, if_match=1)
    here.delete_record(id=uuid, if_match=patched["data"]["last_modified"])
    refused(404, here.get_record, id=uuid)


def lists():
    here = Client(server_url=url, auth=("ann", "secret"), bucket="fb", collection="fc")
    with here.batch() as batch:
        for number in range(40):
            batch.create_record(data={"id": f"p{number:02}", "n": number})
    assert len(here.get_records(_limit=7)) == 7
    assert len(here.get_records(_limit=7, pages=float("inf"))) == 41
    pages = list(here.get_paginated_records(_limit=15, _sort="n"))
    assert [len(page["data"]) for page in pages] == [15, 15, 11], pages
    assert [each["id"] for each in here.get_records(min_n=38, _sort="-n")][-2:] == ["p39", "p38"]
    timestamp = here.get_records_timestamp()
    assert here.get_records(_since=timestamp.strip('"')) == []
    before = here.get_changeset()
    assert before["timestamp"] == int(timestamp.strip('"')) and len(before["changes"]) == 41
    refused(412, here.delete_records, if_match=1)
    assert here.get_records_timestamp() == timestamp
    assert len(here.delete_records(if_match=int(timestamp.strip('"')))) == 41
    after = here.get_changeset(_since=before["timestamp"])
    assert len(after["changes"]) == 41 and all(each["deleted"] for each in after["changes"])


def history():
    entries = client.get_history(bucket="fb")
    assert entries[-1]["action"] == "create" and entries[-1]["uri"] == "/buckets/fb"
    record = client.get_history(bucket="fb", record_id="p00")
    assert [each["action"] for each in record] == ["delete", "create"], record
    assert record[1]["target"]["data"]["n"] == 0 and record[1]["user_id"] == user
    assert [each["group_id"] for each in client.get_history(bucket="fb", group_id="gone")] == [
        "gone", "gone"]
    assert len(client.get_history(bucket="fb", _limit=10, pages=99)) == len(entries)
    purged = client.purge_history(bucket="fb", resource_name="record")
    assert purged and all(each["deleted"] for each in purged)
    assert client.get_history(bucket="fb", resource_name="record") == []
    refused(403, other.purge_history, bucket="fb")


def batches():
    with client.batch(bucket="fb", collection="fc") as batch:
        batch.create_record(data={"id": "b1"})
        batch.patch_record(id="b1", data={"n": 1})
        batch.patch_record(id="b1", changes=MergePatch({"n": None}))
        batch.delete_record(id="b1")
    results = batch.results()
    # The parts of a batch have its media type: null is a value there.
    assert results[2]["data"]["n"] is None and results[3]["data"]["deleted"], results
    try:
        with client.batch(bucket="fb", collection="fc") as batch:
            batch.delete_record(id="nope")
        raise SystemExit("no error in a batch")
    except KintoException as error:
        assert "404" in str(error), error


def ends():
    assert client.clone(collection="fc").collection_name == "fc"
    anonymous = Client(server_url=url)
    assert "user" not in anonymous.server_info()
    refused(401, anonymous.get_bucket, id="fb")
    refused(401, Client(server_url=url, auth=BearerTokenAuth("x")).get_bucket, id="fb")
    client.delete_collections(bucket="fb")
    client.delete_groups(bucket="fb")
    assert client.get_collections(bucket="fb") == [] == client.get_groups(bucket="fb")
    client.delete_buckets()
    assert client.get_buckets() == []


for part in (buckets, groups, collections, records, lists, history, batches, ends):
    part()
    print("done", part.__name__)
print("ok", client.server_info()["http_api_version"])
