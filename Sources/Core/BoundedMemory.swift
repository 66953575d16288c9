// SPDX-License-Identifier: MIT
//
// What was used last stays: values are kept in two generations. When the younger has half of the
// room, it becomes the older, and what was in that and was not asked for meanwhile is forgotten.

/// Values by their keys, of so many bytes together at most.
package struct BoundedMemory<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Kept: Sendable {
        let value: Value
        let bytes: Int
    }

    private let bytesMax: Int
    private var young: [Key: Kept] = [:]
    private var old: [Key: Kept] = [:]
    private var youngBytes = 0
    private var oldBytes = 0

    /// Makes an empty memory.
    package init(bytesMax: Int) {
        self.bytesMax = bytesMax
    }

    /// How many bytes are kept.
    package var byteCount: Int { youngBytes + oldBytes }

    /// The value of a key, if it is remembered.
    package mutating func value(of key: Key) -> Value? {
        if let kept = young[key] { return kept.value }
        guard let kept = old[key] else { return nil }
        keep(kept.value, bytes: kept.bytes, for: key)
        return kept.value
    }

    /// Remembers a value, unless it alone has more than half of the room.
    package mutating func keep(_ value: Value, bytes: Int, for key: Key) {
        forget(key)
        guard bytes <= bytesMax / 2 else { return }
        if youngBytes + bytes > bytesMax / 2 {
            (old, oldBytes) = (young, youngBytes)
            (young, youngBytes) = ([:], 0)
        }
        young[key] = Kept(value: value, bytes: bytes)
        youngBytes += bytes
    }

    /// Forgets the value of a key.
    package mutating func forget(_ key: Key) {
        if let kept = young.removeValue(forKey: key) { youngBytes -= kept.bytes }
        if let kept = old.removeValue(forKey: key) { oldBytes -= kept.bytes }
    }

    /// Forgets everything.
    ///
    /// - Complexity: O(number of values).
    package mutating func forgetAll() {
        (young, old) = ([:], [:])
        (youngBytes, oldBytes) = (0, 0)
    }
}
