// SPDX-License-Identifier: MIT

import Core

/// An answer, before `Date`, `Content-Length` and `Connection` are added on the way out.
package struct HTTPResponse: Sendable {
    /// The status code, 200 to 599.
    package var status: Int
    /// The header fields; those the writer adds itself are not among them.
    package var fields: HTTPFields
    /// The body, possibly shared with other answers. Not sent for HEAD, 204 and 304, but its
    /// length is told where the protocol allows it (RFC 9110, section 8.6).
    package var body: EncodedFrame
    /// The body again, if the client takes it compressed and that is still to be done.
    package var compressible: RenderedBody?

    /// Makes an answer of its parts.
    package init(status: Int, fields: HTTPFields = HTTPFields(), body: EncodedFrame) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    /// The answer with its body compressed.
    ///
    /// - Parameter frame: The compressed body; nil if there is none.
    package func compressed(_ frame: EncodedFrame?) -> HTTPResponse {
        var answer = self
        answer.compressible = nil
        guard let frame else { return answer }
        answer.body = frame
        answer.fields["Content-Encoding"] = "gzip"
        return answer
    }

    /// Makes an answer with a body of bytes, by default empty.
    package init(status: Int, fields: HTTPFields = HTTPFields(), body: [UInt8] = []) {
        self.init(status: status, fields: fields, body: EncodedFrame(body))
    }
}

/// Reason phrases (RFC 9110, section 15), for people who read the wire.
package enum HTTPStatus {
    /// The phrase for a status code; "Unknown" for one that has none here.
    package static func reason(_ status: Int) -> String {
        switch status {
        case 100: "Continue"
        case 101: "Switching Protocols"
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 304: "Not Modified"
        case 307: "Temporary Redirect"
        case 308: "Permanent Redirect"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 406: "Not Acceptable"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 410: "Gone"
        case 411: "Length Required"
        case 412: "Precondition Failed"
        case 413: "Request Entity Too Large"
        case 414: "Request-URI Too Long"
        case 415: "Unsupported Media Type"
        case 417: "Expectation Failed"
        case 426: "Upgrade Required"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        case 505: "HTTP Version Not Supported"
        case 507: "Insufficient Storage"
        default: "Unknown"
        }
    }
}
