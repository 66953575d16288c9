// SPDX-License-Identifier: MIT

/// A buffer leased to one connection for as long as it has input the handler did not consume.
///
/// A plain value with memory of its own: whoever takes it out of the side table must `free` it.
struct KeptInput {
    private static let bytesMin = 256
    private static let growthBytesMax = 1 << 20

    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    /// How many bytes are kept.
    private(set) var count: Int

    /// Leases a buffer for a copy of `bytes`.
    init(_ bytes: UnsafeRawBufferPointer) {
        capacity = max(Self.bytesMin, bytes.count)
        base = .allocate(byteCount: capacity, alignment: 16)
        count = 0
        append(bytes)
    }

    /// The bytes, until the next change.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// Adds a copy of `new`.
    ///
    /// - Complexity: amortized O(length of `new`).
    mutating func append(_ new: UnsafeRawBufferPointer) {
        guard let source = new.baseAddress else { return }
        if count + new.count > capacity {
            capacity = max(count + new.count, capacity + min(capacity, Self.growthBytesMax))
            let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
            larger.copyMemory(from: base, byteCount: count)
            base.deallocate()
            base = larger
        }
        (base + count).copyMemory(from: source, byteCount: new.count)
        count += new.count
    }

    /// Drops the first `consumed` bytes.
    ///
    /// - Complexity: O(number of bytes left).
    mutating func removeFirst(_ consumed: Int) {
        precondition(consumed <= count)
        guard consumed > 0 else { return }
        count -= consumed
        base.copyMemory(from: base + consumed, byteCount: count)
    }

    /// Gives the memory back.
    consuming func free() { base.deallocate() }
}
