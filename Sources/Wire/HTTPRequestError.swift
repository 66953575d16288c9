// SPDX-License-Identifier: MIT

/// Why bytes are no request that can be answered. The connection closes after the refusal,
/// because where the next request would begin is unknown (RFC 9112, section 9.6).
package enum HTTPRequestError: Error, Equatable, CaseIterable {
    /// Not `method SP target SP version`.
    case malformedRequestLine
    /// A request target of no allowed form, or with bytes that none has.
    case malformedTarget
    /// A field line that is not `name: value`, is folded or has control characters.
    case malformedField
    /// No `Host`, more than one, or no host in it (RFC 9112, 3.2).
    case invalidHost
    /// `Content-Length` that is not one decimal number (RFC 9110, 8.6).
    case invalidContentLength
    /// `Transfer-Encoding` that does not end in one `chunked`, or in an HTTP/1.0 request
    /// (RFC 9112, 6.1).
    case invalidTransferEncoding
    /// Both `Content-Length` and `Transfer-Encoding`: a sign of smuggling (RFC 9112, 6.3).
    case conflictingLengths
    /// A chunk that does not follow the grammar, or with too long a line (RFC 9112, 7.1).
    case malformedChunk
    /// Trailer fields that are malformed, too many or too long.
    case malformedTrailer
    /// A request line above `Limits.requestLineBytesMax`.
    case requestLineTooLong
    /// A head above `Limits.requestHeadBytesMax` or with more fields than
    /// `Limits.requestFieldsMax`.
    case headTooLarge
    /// A body above the limit: known from the head when its length is told there.
    case bodyTooLarge
    /// An expectation other than `100-continue` (RFC 9110, 10.1.1).
    case unknownExpectation
    /// A transfer coding other than `chunked` (RFC 9112, 6.1).
    case unknownTransferCoding
    /// Neither HTTP/1.0 nor HTTP/1.1.
    case unsupportedVersion

    /// The status code of the refusal.
    package var status: Int {
        switch self {
        case .malformedRequestLine, .malformedTarget, .malformedField, .invalidHost,
            .invalidContentLength, .invalidTransferEncoding, .conflictingLengths,
            .malformedChunk, .malformedTrailer:
            400
        case .requestLineTooLong: 414
        case .headTooLarge: 431
        case .bodyTooLarge: 413
        case .unknownExpectation: 417
        case .unknownTransferCoding: 501
        case .unsupportedVersion: 505
        }
    }

    /// What is wrong, in a few words for the client's author.
    package var reason: String {
        switch self {
        case .malformedRequestLine: "Malformed request line"
        case .malformedTarget: "Malformed request target"
        case .malformedField: "Malformed header field"
        case .invalidHost: "Missing, repeated or invalid Host"
        case .invalidContentLength: "Invalid Content-Length"
        case .invalidTransferEncoding: "Invalid Transfer-Encoding"
        case .conflictingLengths: "Content-Length with Transfer-Encoding"
        case .malformedChunk: "Malformed chunk"
        case .malformedTrailer: "Malformed trailer fields"
        case .requestLineTooLong: "Request line too long"
        case .headTooLarge: "Header fields too large"
        case .bodyTooLarge: "Body too large"
        case .unknownExpectation: "Unknown expectation"
        case .unknownTransferCoding: "Unknown transfer coding"
        case .unsupportedVersion: "HTTP/1.0 and HTTP/1.1 only"
        }
    }
}
