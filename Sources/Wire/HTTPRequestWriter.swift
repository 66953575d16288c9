// SPDX-License-Identifier: MIT

import Core

/// Writes requests, for the command line's clients (RFC 9112, section 3).
package enum HTTPRequestWriter {
    /// The bytes of `request`, with `Content-Length` when it has a body.
    ///
    /// `Host` is the caller's to give. A target is written up to the first byte that none has, so
    /// that it cannot become two requests.
    ///
    /// - Complexity: O(*n*).
    package static func message(of request: HTTPRequest) -> [UInt8] {
        let head = request.head
        var output: [UInt8] = []
        output.append(contentsOf: head.method.name.utf8.filter(ByteClass.token.contains))
        output.append(Byte.space)
        output.append(contentsOf: head.target.utf8.prefix { $0 > 0x20 && $0 < 0x7F })
        switch head.version {
        case .http10: output.append(contentsOf: " HTTP/1.0\r\n".utf8)
        case .http11: output.append(contentsOf: " HTTP/1.1\r\n".utf8)
        }
        let ownNames = ["Content-Length", "Transfer-Encoding"]
        HTTPFieldWriter.append(head.fields, without: ownNames, to: &output)
        if !request.body.isEmpty {
            output.append(contentsOf: "Content-Length: ".utf8)
            DecimalNumber.append(Int64(request.body.count), to: &output)
            output.append(contentsOf: "\r\n".utf8)
        }
        output.append(contentsOf: "\r\n".utf8)
        output.append(contentsOf: request.body)
        return output
    }
}
