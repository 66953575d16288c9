#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints the stream of changes as it arrives: the whole list first, then every change.
#
#   stream.sh [--bucket ID] [--collection ID] [--max-time SECONDS] [BASE_URL]
set -eu

usage() {
    echo "usage: $0 [--bucket ID] [--collection ID] [--max-time SECONDS] [BASE_URL]" >&2
    exit 64
}

url=${HELIOGRAPH_URL:-http://127.0.0.1:8888/v1}
query=
max_time=0 # for ever

while [ $# -gt 0 ]; do
    case $1 in
    --bucket) query="$query&bucket=${2:?--bucket needs a value}"; shift 2 ;;
    --collection) query="$query&collection=${2:?--collection needs a value}"; shift 2 ;;
    --max-time) max_time=${2:?--max-time needs a value}; shift 2 ;;
    -*) usage ;;
    *) url=$1; shift ;;
    esac
done

stream=${url%/}/buckets/monitor/collections/changes/stream
[ -z "$query" ] || stream="$stream?${query#&}"

# A stream has no end, so running out of time (curl's exit code 28) is not a failure.
status=0
curl --silent --fail --no-buffer --max-time "$max_time" \
    --header 'Accept: text/event-stream' "$stream" || status=$?
case $status in
0 | 28) exit 0 ;;
*)
    echo "stream.sh: no stream from $url (curl exit code $status)" >&2
    exit 1
    ;;
esac
