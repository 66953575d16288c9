// SPDX-License-Identifier: MIT

import Core

/// The parameters of a query, `a=b&c=d`, decoded, in their order and with their duplicates.
package struct QueryString: Sendable {
    /// One parameter. Without an equals sign the value is empty.
    package typealias Parameter = (name: String, value: String)

    /// Why a query cannot be read.
    package enum SyntaxError: Error, Equatable {
        /// A percent sign that two hexadecimal digits do not follow.
        case invalidEscape
        /// Bytes that are not UTF-8.
        case invalidUTF8
        /// More parameters than `Limits.queryParametersMax`.
        case tooManyParameters
    }

    /// The parameters in their order.
    package private(set) var parameters: [Parameter] = []

    /// Reads what stands behind the question mark of a target. A plus sign is a space, and empty
    /// pieces are ignored (WHATWG URL, section 5.1).
    ///
    /// - Throws: `SyntaxError`.
    /// - Complexity: O(*n*).
    package init(_ query: Substring) throws(SyntaxError) {
        for piece in query.utf8.split(separator: UInt8(ascii: "&")) {
            guard parameters.count < Limits.queryParametersMax else { throw .tooManyParameters }
            let text = query[piece.startIndex..<piece.endIndex]
            guard let equals = piece.firstIndex(of: UInt8(ascii: "=")) else {
                parameters.append((try Self.decode(text), ""))
                continue
            }
            let value = query[query.utf8.index(after: equals)..<piece.endIndex]
            let name = query[piece.startIndex..<equals]
            parameters.append((try Self.decode(name), try Self.decode(value)))
        }
    }

    /// Reads any kind of text. A `Substring` is not copied first.
    ///
    /// - Throws: `SyntaxError`.
    /// - Complexity: O(*n*).
    package init(_ query: some StringProtocol) throws(SyntaxError) {
        try self.init(String(query)[...])
    }

    /// The first value of `name`, or nil.
    ///
    /// - Complexity: O(*n*) in the number of parameters.
    package subscript(name: String) -> String? {
        parameters.first { $0.name == name }?.value
    }

    /// All values of `name`, in their order.
    ///
    /// - Complexity: O(*n*) in the number of parameters.
    package func all(_ name: String) -> [String] {
        parameters.filter { $0.name == name }.map(\.value)
    }

    private static func decode(_ text: Substring) throws(SyntaxError) -> String {
        do throws(PercentEncoding.DecodingError) {
            return try PercentEncoding.decode(text, plusIsSpace: true)
        } catch {
            switch error {
            case .invalidEscape: throw .invalidEscape
            case .invalidUTF8: throw .invalidUTF8
            }
        }
    }
}
