// SPDX-License-Identifier: MIT

import Core

/// Writes answers (RFC 9112, sections 4 to 6).
///
/// Adds what depends on the connection rather than on the answer: `Date`, `Content-Length` and
/// `Connection`. Fields of these names in the answer itself are left out, except `Connection`,
/// whose options add up.
///
/// An answer cannot be split, whatever text found its way into a field: in a value, each CR, LF
/// and NUL becomes a space, as RFC 9110 (5.5) has recipients do, and a line whose name is no
/// token is left out.
package enum HTTPResponseWriter {
    /// Whether the body goes onto the wire: not for HEAD, 1xx, 204 and 304 (RFC 9112, 6.3).
    package static func sendsBody(status: Int, for method: HTTPMethod) -> Bool {
        method != .head && status >= 200 && status != 204 && status != 304
    }

    /// The bytes of an answer's head, the empty line included.
    ///
    /// - Parameters:
    ///   - response: The answer, with the body whose length is told.
    ///   - method: The request's method: for HEAD the length is that of the body not sent.
    ///   - version: The request's version. HTTP/1.0 clients are told that the connection stays.
    ///   - keepsAlive: Whether another request may follow.
    ///   - date: The current date, formatted (`HTTPDateCache`).
    /// - Complexity: O(*n*).
    package static func head(
        of response: HTTPResponse, for method: HTTPMethod, version: HTTPVersion, keepsAlive: Bool,
        date: [UInt8]
    ) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(sizeEstimate(response))
        append(response, version, keepsAlive, hasLength: true, date, to: &output)
        return output
    }

    /// The bytes of an answer, and the part of its body that is to be sent behind them.
    ///
    /// A body up to `Limits.inlineBodyBytesMax` is copied behind the head, for one system call
    /// and nothing to keep; a larger one is returned, shared.
    ///
    /// - Parameters: As for `head(of:for:version:keepsAlive:date:)`.
    /// - Complexity: O(*n*).
    package static func message(
        of response: HTTPResponse, for method: HTTPMethod, version: HTTPVersion, keepsAlive: Bool,
        date: [UInt8]
    ) -> (bytes: [UInt8], body: EncodedFrame?) {
        let body = response.body
        let isSent = sendsBody(status: response.status, for: method) && body.count > 0
        let isInline = isSent && body.count <= Limits.inlineBodyBytesMax
        var output: [UInt8] = []
        output.reserveCapacity(sizeEstimate(response) + (isInline ? body.count : 0))
        append(response, version, keepsAlive, hasLength: true, date, to: &output)
        if isInline { output.append(contentsOf: body.bytes) }
        return (output, isSent && !isInline ? body : nil)
    }

    /// The bytes of the head of a stream: a body without an end but the connection's, and so
    /// without `Content-Length` or chunks (RFC 9112, 6.3). The answer's body is ignored.
    ///
    /// - Complexity: O(*n*).
    package static func streamHead(
        of response: HTTPResponse, version: HTTPVersion, date: [UInt8]
    ) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(sizeEstimate(response))
        append(response, version, false, hasLength: false, date, to: &output)
        return output
    }

    /// The bytes that invite a client to send the body it holds back (RFC 9110, 15.2.1).
    package static let continuation = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    private static func append(
        _ response: HTTPResponse, _ version: HTTPVersion, _ keepsAlive: Bool, hasLength: Bool,
        _ date: [UInt8], to output: inout [UInt8]
    ) {
        let status = response.status
        precondition((100...599).contains(status))
        output.append(contentsOf: "HTTP/1.1 ".utf8)
        output.append(UInt8(ascii: "0") + UInt8(status / 100))
        output.append(UInt8(ascii: "0") + UInt8(status / 10 % 10))
        output.append(UInt8(ascii: "0") + UInt8(status % 10))
        output.append(Byte.space)
        output.append(contentsOf: HTTPStatus.reason(status).utf8)
        output.append(contentsOf: "\r\n".utf8)
        if status >= 200 {
            output.append(contentsOf: "Date: ".utf8)
            output.append(contentsOf: date)
            output.append(contentsOf: "\r\n".utf8)
        }
        HTTPFieldWriter.append(response.fields, without: ownNames, to: &output)
        if hasLength, status >= 200, status != 204, status != 304 {
            output.append(contentsOf: "Content-Length: ".utf8)
            DecimalNumber.append(Int64(response.body.count), to: &output)
            output.append(contentsOf: "\r\n".utf8)
        }
        if status >= 200 {
            switch version {
            case .http11 where keepsAlive: break
            case .http10 where keepsAlive:
                output.append(contentsOf: "Connection: keep-alive\r\n".utf8)
            case .http10, .http11: output.append(contentsOf: "Connection: close\r\n".utf8)
            }
        }
        output.append(contentsOf: "\r\n".utf8)
    }

    private static let ownNames = ["Date", "Content-Length", "Transfer-Encoding"]

    private static func sizeEstimate(_ response: HTTPResponse) -> Int {
        160 + HTTPFieldWriter.sizeEstimate(response.fields)
    }
}

/// Writes field lines so that none can become two.
enum HTTPFieldWriter {
    /// Appends the lines of `fields` whose names are tokens and not among `names`.
    ///
    /// - Complexity: O(*n*).
    static func append(
        _ fields: HTTPFields, without names: [String], to output: inout [UInt8]
    ) {
        let token = ByteClass.token
        fields.forEachLine { name, value in
            guard !name.isEmpty, name.allSatisfy(token.contains) else { return }
            let isOwn = names.contains { own in
                own.utf8.count == name.count && HTTPFields.haveEqualBytes(own.utf8, name)
            }
            if isOwn { return }
            output.append(contentsOf: name)
            output.append(UInt8(ascii: ":"))
            output.append(Byte.space)
            appendGuarded(value, to: &output)
            output.append(Byte.carriageReturn)
            output.append(Byte.lineFeed)
        }
    }

    /// Appends `text`, with a space for each byte that could end a line.
    ///
    /// - Complexity: O(*n*).
    private static func appendGuarded(_ text: ArraySlice<UInt8>, to output: inout [UInt8]) {
        let start = output.count
        output.append(contentsOf: text)
        for index in start..<output.count {
            let byte = output[index]
            if byte == Byte.carriageReturn || byte == Byte.lineFeed || byte == 0 {
                output[index] = Byte.space
            }
        }
    }

    /// How many bytes `fields` take at most.
    static func sizeEstimate(_ fields: HTTPFields) -> Int {
        fields.byteCount + fields.count * 4
    }
}
