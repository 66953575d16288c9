// SPDX-License-Identifier: MIT

import Core

/// How a request's body is told from what follows it (RFC 9112, section 6.3).
package enum HTTPBodyFraming: Equatable, Sendable {
    /// No body.
    case none
    /// A body of so many bytes, at least one.
    case fixed(bytes: Int)
    /// Chunks, until an empty one.
    case chunked
}

/// What a head says about the message around it, so that a driver need not read fields.
package struct HTTPRequestFraming: Equatable, Sendable {
    /// How the body is delimited.
    package var body: HTTPBodyFraming
    /// Whether the client waits for `100 Continue` before it sends the body (RFC 9110, 10.1.1):
    /// answer 100, or the final refusal at once.
    package var expectsContinue: Bool
    /// Whether another request may follow on the connection (RFC 9112, 9.3).
    package var keepsAlive: Bool

    /// Makes a framing of its parts.
    package init(body: HTTPBodyFraming, expectsContinue: Bool, keepsAlive: Bool) {
        self.body = body
        self.expectsContinue = expectsContinue
        self.keepsAlive = keepsAlive
    }
}

/// Collects the fields that decide on framing while a head is read.
///
/// Works on bytes as they came: what is decided here must not depend on how text is decoded.
struct HTTPFramingFields {
    private var hosts = 0
    private var isHostValid = true
    private var lengths = 0
    private var length: Int?
    private var hasTransferEncoding = false
    private var codings = 0
    private var chunkedCodings = 0
    private var hasMalformedCoding = false
    private var isLastCodingChunked = false
    private var closes = false
    private var staysOpen = false
    private var expectsContinue = false
    private var hasUnknownExpectation = false

    /// Takes note of a field line.
    ///
    /// - Complexity: O(*n*) for a field that counts here, else O(1).
    mutating func note(_ line: HTTPFieldLine) {
        switch line.name.count {
        case 4 where line.name.equalsIgnoringCase("host"):
            hosts += 1
            isHostValid = HTTPHost.isValid(line.value)
        case 6 where line.name.equalsIgnoringCase("expect"):
            if line.value.equalsIgnoringCase("100-continue") {
                expectsContinue = true
            } else {
                hasUnknownExpectation = true
            }
        case 10 where line.name.equalsIgnoringCase("connection"):
            line.value.forEachListElement { option in
                if option.equalsIgnoringCase("close") { closes = true }
                if option.equalsIgnoringCase("keep-alive") { staysOpen = true }
            }
        case 14 where line.name.equalsIgnoringCase("content-length"):
            lengths += 1
            length = Self.decimal(line.value)
        case 17 where line.name.equalsIgnoringCase("transfer-encoding"):
            hasTransferEncoding = true
            line.value.forEachListElement { coding in
                codings += 1
                let name = coding.prefix { $0 != UInt8(ascii: ";") }
                if name.isEmpty || !name.allSatisfy(ByteClass.token.contains) {
                    hasMalformedCoding = true
                }
                isLastCodingChunked = coding.equalsIgnoringCase("chunked")
                if isLastCodingChunked { chunkedCodings += 1 }
            }
        default:
            break
        }
    }

    /// Decides, once all fields were noted.
    ///
    /// - Parameter hasAuthority: Whether the target named the host itself.
    func framing(
        version: HTTPVersion, bodyBytesMax: Int
    ) throws(HTTPRequestError) -> HTTPRequestFraming {
        switch version {
        case .http11: guard hosts == 1, isHostValid else { throw .invalidHost }
        case .http10: guard hosts <= 1, isHostValid else { throw .invalidHost }
        }
        let body = try bodyFraming(version: version, bodyBytesMax: bodyBytesMax)
        let isModern = version == .http11
        if isModern, hasUnknownExpectation { throw .unknownExpectation }
        return HTTPRequestFraming(
            body: body,
            expectsContinue: isModern && expectsContinue && body != .none,
            keepsAlive: !closes && (isModern || staysOpen))
    }

    private func bodyFraming(
        version: HTTPVersion, bodyBytesMax: Int
    ) throws(HTTPRequestError) -> HTTPBodyFraming {
        if hasTransferEncoding {
            guard lengths == 0 else { throw .conflictingLengths }
            guard version == .http11, isLastCodingChunked, chunkedCodings == 1,
                !hasMalformedCoding
            else {
                throw .invalidTransferEncoding
            }
            guard codings == 1 else { throw .unknownTransferCoding }
            return .chunked
        }
        guard lengths > 0 else { return .none }
        guard lengths == 1, let length else { throw .invalidContentLength }
        guard length <= bodyBytesMax else { throw .bodyTooLarge }
        return length == 0 ? .none : .fixed(bytes: length)
    }

    /// Reads digits and nothing else; a number beyond the machine's is the machine's largest.
    ///
    /// - Complexity: O(*n*).
    static func decimal(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard !bytes.isEmpty else { return nil }
        var value = 0
        for byte in bytes {
            guard let digit = Byte.decimalValue(byte) else { return nil }
            let (product, overflows) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflowsToo) = product.addingReportingOverflow(Int(digit))
            value = overflows || overflowsToo ? Int.max : sum
        }
        return value
    }
}
