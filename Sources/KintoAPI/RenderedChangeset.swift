// SPDX-License-Identifier: MIT

import Core
import Storage

/// The body of a changeset of which the end of each record is known: as the newest come first, a
/// changeset of fewer is a beginning of it.
struct RenderedChangeset: Sendable {
    /// The whole body.
    let body: RenderedBody
    /// The timestamp of the collection's metadata.
    let lastModified: Timestamp
    /// Only what changed after this is in it, and deletions, too; nil for all that is there.
    let since: Timestamp?
    /// Where the first record begins.
    private let opening: Int
    /// Where each record ends, and its timestamp.
    private let records: [(end: Int, timestamp: Timestamp)]

    /// Renders a changeset.
    ///
    /// - Parameters:
    ///   - metadata: The collection's members.
    ///   - changes: The records, the newest first.
    /// - Complexity: O(length of the body).
    init(
        metadata: JSONObject, lastModified: Timestamp, timestamp: Timestamp, since: Timestamp?,
        changes: [StoredObject]
    ) {
        var body = Array("{\"metadata\":".utf8)
        JSONWriter.append(metadata, to: &body)
        body.append(contentsOf: ",\"timestamp\":".utf8)
        DecimalNumber.append(timestamp.milliseconds, to: &body)
        body.append(contentsOf: ",\"changes\":[".utf8)
        opening = body.count
        body.reserveCapacity(changes.reduce(body.count + 2) { $0 + $1.json.count + 1 })
        var records: [(end: Int, timestamp: Timestamp)] = []
        records.reserveCapacity(changes.count)
        for change in changes {
            if !records.isEmpty { body.append(UInt8(ascii: ",")) }
            body.append(contentsOf: change.json)
            records.append((body.count, change.timestamp))
        }
        body.append(contentsOf: RenderedChangeset.ending)
        self.body = RenderedBody(body)
        self.records = records
        self.lastModified = lastModified
        self.since = since
    }

    private static let ending = Array("]}".utf8)

    /// The body with only those records that changed after `since`, and so many at most.
    ///
    /// - Complexity: O(length of the body) unless it is the whole; what is there is copied, not
    ///   rendered.
    func body(since: Timestamp?, limit: Int) -> RenderedBody {
        var count = records.count
        if let since {
            // The first place whose record did not change after that.
            var (low, high) = (0, count)
            while low < high {
                let middle = (low + high) / 2
                if records[middle].timestamp > since { low = middle + 1 } else { high = middle }
            }
            count = low
        }
        count = min(count, limit)
        guard count < records.count else { return body }
        let end = count == 0 ? opening : records[count - 1].end
        return RenderedBody(body.plain.bytes[..<end] + RenderedChangeset.ending)
    }

    /// How many bytes it takes, compressed bodies and the ends of records included.
    var byteCount: Int { body.plain.count * 2 + records.count * 16 }
}
