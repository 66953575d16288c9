// SPDX-License-Identifier: MIT
//
// What was used last stays: values are kept in two generations. When the younger has half of the
// room, it becomes the older, and what was in that and was not asked for meanwhile is forgotten.
//
// All is public and inlinable, so that each module compiles it for its own types (what is inlinable
// within the package alone is not): a look-up by way of metadata takes more than twice as long.

/// Values by their keys, of so many bytes together at most.
public struct BoundedMemory<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    /// A value with what it takes.
    @usableFromInline
    struct Kept: Sendable {
        /// The value.
        @usableFromInline let value: Value
        /// The bytes that count for it.
        @usableFromInline let bytes: Int

        /// Makes one of its parts.
        @inlinable
        init(value: Value, bytes: Int) {
            self.value = value
            self.bytes = bytes
        }
    }

    /// How many bytes may be kept.
    @usableFromInline let bytesMax: Int
    /// The younger generation.
    @usableFromInline var young: [Key: Kept] = [:]
    /// The older generation.
    @usableFromInline var old: [Key: Kept] = [:]
    /// What the younger one takes.
    @usableFromInline var youngBytes = 0
    /// What the older one takes.
    @usableFromInline var oldBytes = 0

    /// Makes an empty memory.
    @inlinable
    public init(bytesMax: Int) {
        self.bytesMax = bytesMax
    }

    /// How many bytes are kept.
    @inlinable
    public var byteCount: Int { youngBytes + oldBytes }

    /// The value of a key, if it is remembered.
    @inlinable
    public mutating func value(of key: Key) -> Value? {
        if let kept = young[key] { return kept.value }
        guard let kept = old[key] else { return nil }
        keep(kept.value, bytes: kept.bytes, for: key)
        return kept.value
    }

    /// Remembers a value, unless it alone has more than half of the room.
    @inlinable
    public mutating func keep(_ value: Value, bytes: Int, for key: Key) {
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
    @inlinable
    public mutating func forget(_ key: Key) {
        if let kept = young.removeValue(forKey: key) { youngBytes -= kept.bytes }
        if let kept = old.removeValue(forKey: key) { oldBytes -= kept.bytes }
    }

    /// Forgets everything.
    ///
    /// - Complexity: O(number of values).
    @inlinable
    public mutating func forgetAll() {
        (young, old) = ([:], [:])
        (youngBytes, oldBytes) = (0, 0)
    }
}
