// SPDX-License-Identifier: MIT

/// Bytes ready for a socket, made once and shared by everyone they go to.
///
/// Never mutated: a connection that could take only a part keeps a reference and an offset.
package final class EncodedFrame: Sendable {
    /// The bytes, as they go onto the wire.
    package let bytes: [UInt8]

    /// Makes a frame of bytes.
    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Makes a frame of a text's UTF-8 bytes.
    package convenience init(_ text: String) {
        self.init(Array(text.utf8))
    }

    /// How many bytes the frame has.
    package var count: Int { bytes.count }
}
