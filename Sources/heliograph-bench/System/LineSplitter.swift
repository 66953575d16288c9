// SPDX-License-Identifier: MIT

/// Cuts what arrives into lines.
struct LineSplitter {
    private var rest: [UInt8] = []
    private var lines: [String] = []
    private var place = 0

    /// Makes a splitter that has seen nothing.
    init() {}

    /// Takes bytes that have arrived.
    ///
    /// - Complexity: O(*n*).
    mutating func append(_ bytes: [UInt8]) {
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                lines.append(String(decoding: rest, as: UTF8.self))
                rest.removeAll(keepingCapacity: true)
            } else {
                rest.append(byte)
            }
        }
    }

    /// The next whole line without its end, or nil if there is none yet.
    mutating func next() -> String? {
        guard place < lines.count else {
            lines.removeAll(keepingCapacity: true)
            place = 0
            return nil
        }
        place += 1
        return lines[place - 1]
    }
}
