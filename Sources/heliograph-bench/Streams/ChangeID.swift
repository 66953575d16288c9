// SPDX-License-Identifier: MIT

/// One change of one of the collections that this program writes: `bench-0`, `bench-1` and so on in
/// the bucket `bench`.
struct ChangeID: Hashable {
    /// The number in the collection's name.
    let collection: Int
    /// The collection's timestamp by this change.
    let timestamp: Int64

    /// The bucket's path below the base URL.
    static let bucket = "/buckets/bench"

    /// The name of a collection.
    static func name(ofCollection number: Int) -> String { "bench-\(number)" }

    /// The path of a collection below the base URL.
    static func path(ofCollection number: Int) -> String {
        "\(bucket)/collections/\(name(ofCollection: number))"
    }

    /// The path of the stream of all monitored collections below the base URL.
    static let streamPath = "/buckets/monitor/collections/changes/stream"
}
