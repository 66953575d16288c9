#!/bin/sh
# SPDX-License-Identifier: MIT
# Streams what has changed since a cursor, as a client does that was away for a while.
#
#   resume.sh [--max-time SECONDS] CURSOR [BASE_URL]
#
# CURSOR is the last `id:` that a stream has sent, such as 1603126502200.a41f0c3b9d21.1042, or a
# timestamp, such as 1603126502200: the ETag of a poll without its quotes.
set -eu

usage() {
    echo "usage: $0 [--max-time SECONDS] CURSOR [BASE_URL]" >&2
    exit 64
}

max_time=0 # for ever
if [ "${1:-}" = --max-time ]; then
    max_time=${2:?--max-time needs a value}
    shift 2
fi
[ $# -ge 1 ] && [ $# -le 2 ] || usage
cursor=$1
url=${2:-${HELIOGRAPH_URL:-http://127.0.0.1:8888/v1}}

# A stream has no end, so running out of time (curl's exit code 28) is not a failure.
status=0
curl --silent --fail --no-buffer --max-time "$max_time" \
    --header 'Accept: text/event-stream' --header "Last-Event-ID: $cursor" \
    "${url%/}/buckets/monitor/collections/changes/stream" || status=$?
case $status in
0 | 28) exit 0 ;;
*)
    echo "resume.sh: no stream from $url (curl exit code $status)" >&2
    exit 1
    ;;
esac
