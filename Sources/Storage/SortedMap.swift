// SPDX-License-Identifier: MIT
//
// The memory storage publishes its whole state after each commit and changes a copy of it for the
// next. With a dictionary, the first change after each commit would copy all of it. Here the
// elements lie in sorted chunks, so a change copies one chunk and the array of the chunks:
// microseconds at 100,000 elements.
//
// Invariants: 1. no chunk is empty; 2. no chunk has more than
// `Limits.sortedMapChunkElementsMax` elements; 3. keys strictly increase within and across chunks.

import Core

/// A map whose elements are sorted by key, with cheap changes after a copy.
struct SortedMap<Key: Comparable & Sendable, Value: Sendable>: Sendable {
    /// A key and its value.
    typealias Element = (key: Key, value: Value)

    private var chunks: [[Element]] = []

    /// Makes an empty map.
    init() {}

    /// The value of `key`; setting nil removes it.
    ///
    /// - Complexity: O(log *n*) to get; a set copies at most one chunk and the list of chunks.
    subscript(key: Key) -> Value? {
        get {
            let place = index(notBelow: key)
            guard place < endIndex, self[place].key == key else { return nil }
            return self[place].value
        }
        set {
            if let newValue {
                update(key, default: newValue) { $0 = newValue }
            } else {
                remove(key)
            }
        }
    }

    /// Changes the value of `key` in its place; if there is none, `initial` is put there first.
    ///
    /// - Complexity: As setting.
    mutating func update<Result>(
        _ key: Key, default initial: @autoclosure () -> Value,
        _ body: (inout Value) throws -> Result
    ) rethrows -> Result {
        var place = index(notBelow: key)
        if place == endIndex || self[place].key != key {
            place = insert((key, initial()), before: place)
        }
        return try body(&chunks[place.chunk][place.offset].value)
    }

    /// Removes the element of `key`, if there is one.
    ///
    /// - Complexity: As setting.
    mutating func remove(_ key: Key) {
        let place = index(notBelow: key)
        guard place < endIndex, self[place].key == key else { return }
        chunks[place.chunk].remove(at: place.offset)
        if chunks[place.chunk].isEmpty { chunks.remove(at: place.chunk) }
    }

    /// The place of the first element whose key is `key` or above it.
    ///
    /// - Complexity: O(log *n*).
    func index(notBelow key: Key) -> Index {
        // The last chunk that begins at or below the key is the only one that can hold it.
        let chunk = partition(chunks.count) { chunks[$0][0].key > key } - 1
        guard chunk >= 0 else { return startIndex }
        let offset = partition(chunks[chunk].count) { chunks[chunk][$0].key >= key }
        return normalized(chunk, offset)
    }

    /// Inserts an element and returns its place.
    private mutating func insert(_ element: Element, before place: Index) -> Index {
        // Between two chunks, the element goes to the end of the first: appending fills chunks.
        var chunk = place.chunk
        var offset = place.offset
        if offset == 0, chunk > 0 {
            chunk -= 1
            offset = chunks[chunk].count
        }
        guard !chunks.isEmpty else {
            chunks = [[element]]
            return startIndex
        }
        chunks[chunk].insert(element, at: offset)
        let count = chunks[chunk].count
        guard count > Limits.sortedMapChunkElementsMax else {
            return Index(chunk: chunk, offset: offset)
        }
        // When the map grows at its end, full chunks are left full; else they are cut in half.
        let isEnd = chunk == chunks.count - 1 && offset == count - 1
        let cut = isEnd ? offset : count / 2
        chunks.insert(Array(chunks[chunk][cut...]), at: chunk + 1)
        chunks[chunk].removeLast(count - cut)
        return offset < cut
            ? Index(chunk: chunk, offset: offset) : Index(chunk: chunk + 1, offset: offset - cut)
    }

    /// The first of `count` places at which `isBeyond` is true; it must not become false again.
    private func partition(_ count: Int, _ isBeyond: (Int) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = low + (high - low) / 2
            if isBeyond(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private func normalized(_ chunk: Int, _ offset: Int) -> Index {
        offset < chunks[chunk].count
            ? Index(chunk: chunk, offset: offset) : Index(chunk: chunk + 1, offset: 0)
    }
}

extension SortedMap: BidirectionalCollection {
    /// The place of an element.
    struct Index: Comparable {
        /// Which chunk.
        fileprivate let chunk: Int
        /// Which element of the chunk.
        fileprivate let offset: Int

        static func < (left: Index, right: Index) -> Bool {
            (left.chunk, left.offset) < (right.chunk, right.offset)
        }
    }

    var startIndex: Index { Index(chunk: 0, offset: 0) }

    var endIndex: Index { Index(chunk: chunks.count, offset: 0) }

    subscript(place: Index) -> Element { chunks[place.chunk][place.offset] }

    func index(after place: Index) -> Index { normalized(place.chunk, place.offset + 1) }

    func index(before place: Index) -> Index {
        if place.offset > 0 { return Index(chunk: place.chunk, offset: place.offset - 1) }
        return Index(chunk: place.chunk - 1, offset: chunks[place.chunk - 1].count - 1)
    }

    /// How many elements there are.
    ///
    /// - Complexity: O(number of chunks).
    var count: Int { chunks.reduce(0) { $0 + $1.count } }
}

extension SortedMap where Key == String {
    /// The elements whose keys begin with `prefix`.
    ///
    /// - Complexity: O(log *n*); going through them is O(*k*).
    func elements(withPrefix prefix: String) -> some Sequence<Element> {
        self[index(notBelow: prefix)...].lazy.prefix { $0.key.utf8.starts(with: prefix.utf8) }
    }
}
