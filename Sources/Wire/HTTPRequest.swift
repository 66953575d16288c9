// SPDX-License-Identifier: MIT

/// The version that a request was sent in.
package enum HTTPVersion: Sendable {
    /// HTTP/1.0: no chunked transfer coding, connections close unless asked to stay.
    case http10
    /// HTTP/1.1.
    case http11
}

/// Request line and header fields (RFC 9112, sections 3 and 5).
package struct HTTPRequestHead: Sendable {
    /// The method.
    package var method: HTTPMethod
    /// The request target as sent: origin form (`/v1/?a=b`); an absolute form's authority is
    /// taken off by the parser.
    package var target: String
    /// The version.
    package var version: HTTPVersion
    /// The header fields.
    package var fields: HTTPFields

    /// Makes a head of its parts.
    package init(
        method: HTTPMethod, target: String, version: HTTPVersion = .http11,
        fields: HTTPFields = HTTPFields()
    ) {
        self.method = method
        self.target = target
        self.version = version
        self.fields = fields
    }

    /// The target up to the question mark, still percent-encoded.
    package var path: Substring {
        target[..<(target.utf8.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex)]
    }

    /// The target behind the question mark, still percent-encoded; empty if there is none.
    package var query: Substring {
        guard let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) else { return "" }
        return target[target.utf8.index(after: mark)...]
    }
}

/// A whole request, as the API answers it.
package struct HTTPRequest: Sendable {
    /// Request line and fields.
    package var head: HTTPRequestHead
    /// The body, decoded from its transfer coding; empty if there was none.
    package var body: [UInt8]

    /// Makes a request of its parts.
    package init(head: HTTPRequestHead, body: [UInt8] = []) {
        self.head = head
        self.body = body
    }
}
