// SPDX-License-Identifier: MIT

/// One extension as a client offers it (RFC 6455, section 9.1): a name and parameters.
struct WebSocketExtension: Equatable {
    /// A parameter with its value, if it has one.
    struct Parameter: Equatable {
        /// Its name.
        let name: String
        /// Its value, without the quotes that it may have had.
        let value: String?
    }

    /// The extension's name.
    let name: String
    /// Its parameters in their order.
    private(set) var parameters: [Parameter] = []

    /// Reads the offers of all `Sec-WebSocket-Extensions` lines, the one liked best first.
    ///
    /// - Returns: Nil if a line is not of the grammar: then the handshake fails (9.1).
    /// - Complexity: O(*n*).
    static func offers(in fields: HTTPFields) -> [WebSocketExtension]? {
        var offers: [WebSocketExtension] = []
        for line in fields.all("Sec-WebSocket-Extensions") {
            var scanner = Scanner(rest: Array(line.utf8)[...])
            // A list may have empty elements (RFC 9110, 5.6.1).
            while scanner.take(UInt8(ascii: ",")) {}
            while !scanner.isAtEnd {
                guard let offer = scanner.offer() else { return nil }
                offers.append(offer)
                guard scanner.isAtEnd || scanner.take(UInt8(ascii: ",")) else { return nil }
                while scanner.take(UInt8(ascii: ",")) {}
            }
        }
        return offers
    }

    /// Reads a line from its start.
    private struct Scanner {
        var rest: ArraySlice<UInt8>

        var isAtEnd: Bool { rest.isEmpty }

        /// `token *( ";" parameter )`
        mutating func offer() -> WebSocketExtension? {
            guard let name = token() else { return nil }
            var offer = WebSocketExtension(name: name)
            while take(UInt8(ascii: ";")) {
                guard let parameter = parameter() else { return nil }
                offer.parameters.append(parameter)
            }
            return offer
        }

        /// `token [ "=" ( token | quoted-string ) ]`
        private mutating func parameter() -> Parameter? {
            guard let name = token() else { return nil }
            guard take(UInt8(ascii: "=")) else { return Parameter(name: name, value: nil) }
            skipWhiteSpace()
            let value = rest.first == UInt8(ascii: "\"") ? quotedToken() : token()
            return value.map { Parameter(name: name, value: $0) }
        }

        /// Takes a sign, and the white space before it, if it comes next.
        mutating func take(_ sign: UInt8) -> Bool {
            skipWhiteSpace()
            guard rest.first == sign else { return false }
            rest = rest.dropFirst()
            return true
        }

        private mutating func token() -> String? {
            skipWhiteSpace()
            let bytes = rest.prefix { ByteClass.token.contains($0) }
            rest = rest.dropFirst(bytes.count)
            skipWhiteSpace()
            return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
        }

        /// A token in quotes; within them a backslash stands before a sign that is meant as itself.
        private mutating func quotedToken() -> String? {
            rest = rest.dropFirst()
            var bytes: [UInt8] = []
            while var byte = rest.popFirst() {
                if byte == UInt8(ascii: "\"") {
                    skipWhiteSpace()
                    return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
                }
                if byte == UInt8(ascii: "\\") {
                    guard let escaped = rest.popFirst() else { return nil }
                    byte = escaped
                }
                guard ByteClass.token.contains(byte) else { return nil }
                bytes.append(byte)
            }
            return nil
        }

        private mutating func skipWhiteSpace() {
            rest = rest.drop { Byte.isWhiteSpace($0) }
        }
    }
}
