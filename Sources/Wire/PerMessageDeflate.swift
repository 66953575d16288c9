// SPDX-License-Identifier: MIT
//
// Compressed messages (RFC 7692) without context takeover on either side: no message refers to
// another. So a message is compressed once for all whom it goes to, and neither a compressor nor an
// inflater is kept for a connection.

import Core

/// The WebSocket extension `permessage-deflate`.
package enum PerMessageDeflate {
    private static let name = "permessage-deflate"

    /// Chooses among the extensions that a client offers: the first offer that can be met.
    ///
    /// - Returns: The value of `Sec-WebSocket-Extensions` in the answer; nil if there is none.
    /// - Complexity: O(*n*).
    static func answer(to offers: [WebSocketExtension]) -> String? {
        offers.lazy.compactMap { answer(to: $0) }.first
    }

    /// The answer to one offer; nil to decline it (7.1): for a parameter that is unknown, repeated
    /// or has a wrong value, or a window smaller than the server's.
    private static func answer(to offer: WebSocketExtension) -> String? {
        guard offer.name == name else { return nil }
        var answer = "\(name); server_no_context_takeover; client_no_context_takeover"
        var seen: Set<String> = []
        for parameter in offer.parameters {
            guard seen.insert(parameter.name).inserted else { return nil }
            switch (parameter.name, parameter.value) {
            case ("server_no_context_takeover", nil), ("client_no_context_takeover", nil): break
            // It says that the client could do with less, which nobody asks of it (7.1.2.2).
            case ("client_max_window_bits", nil): break
            case ("client_max_window_bits", let value?):
                guard windowBits(value) != nil else { return nil }
            case ("server_max_window_bits", let value?):
                guard let bits = windowBits(value), bits >= Deflater.defaultWindowBits
                else { return nil }
                answer += "; server_max_window_bits=\(bits)"
            case _: return nil
            }
        }
        return answer
    }

    /// A number from 8 to 15 without leading zeros (7.1.2).
    private static func windowBits(_ text: String) -> Int? {
        (8...15).first { "\($0)" == text }
    }

    /// The bytes of a server's text message, compressed unless that makes it longer (6.1 allows
    /// either for each message). `utf8` must be UTF-8.
    ///
    /// - Complexity: O(*n*).
    package static func text(_ utf8: [UInt8]) -> [UInt8] {
        let piece = Deflater().piece(utf8)
        let payload = piece.dropLast(Deflater.tail.count)
        guard payload.count < utf8.count else { return WebSocketFrameEncoder.text(utf8) }
        return WebSocketFrameEncoder.frame(.text, Array(payload), isCompressed: true)
    }
}
