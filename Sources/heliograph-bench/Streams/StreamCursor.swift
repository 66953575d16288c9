// SPDX-License-Identifier: MIT

/// The position in a stream that its last event told, kept without an allocation of its own: a
/// client process has thousands and gets a new one with every event.
struct StreamCursor {
    /// The longest cursor kept; a longer one is none.
    static let bytesMax = 63

    private var bytes = InlineArray<63, UInt8>(repeating: 0)
    private var count: UInt8 = 0

    /// Makes a cursor that stands for the beginning.
    init() {}

    /// Makes a cursor of what a server told.
    init(_ text: UnsafeBufferPointer<UInt8>) {
        guard text.count <= Self.bytesMax else { return }
        for (place, byte) in text.enumerated() { bytes[place] = byte }
        count = UInt8(text.count)
    }

    /// The cursor as a request spells it, or nil for the beginning.
    var text: String? {
        guard count > 0 else { return nil }
        return String(decoding: (0..<Int(count)).map { bytes[$0] }, as: UTF8.self)
    }
}
