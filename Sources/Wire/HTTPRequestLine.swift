// SPDX-License-Identifier: MIT

/// A request line (RFC 9112, section 3), read from its bytes without CRLF.
struct HTTPRequestLine {
    /// The method.
    let method: HTTPMethod
    /// The target in origin form, or `*`.
    let target: String
    /// The host and port of an absolute form, which count instead of `Host` (3.2.2).
    let authority: String?
    /// The version.
    let version: HTTPVersion

    /// Reads a line.
    ///
    /// - Throws: `malformedRequestLine`, `malformedTarget` or `unsupportedVersion`.
    /// - Complexity: O(*n*).
    init(_ line: UnsafeRawBufferPointer) throws(HTTPRequestError) {
        var methodEnd = 0
        let token = ByteClass.token
        while methodEnd < line.count, token.contains(line[methodEnd]) { methodEnd &+= 1 }
        guard methodEnd > 0, methodEnd < line.count, line[methodEnd] == Byte.space,
            let targetEnd = line.firstIndex(of: Byte.space, from: methodEnd + 1, to: line.count)
        else {
            throw .malformedRequestLine
        }
        version = try Self.version(line.part((targetEnd + 1)..<line.count))
        method = Self.method(line.part(0..<methodEnd))
        let target = line.part((methodEnd + 1)..<targetEnd)
        for byte in target {
            guard byte > 0x20, byte < 0x7F, byte != UInt8(ascii: "#") else {
                throw .malformedTarget
            }
        }
        (self.target, authority) = try Self.resolve(target, method)
    }

    /// Whether the beginning of a line that has no end yet can still become a request line; a TLS
    /// greeting, for example, cannot.
    static func canBegin(with bytes: UnsafeRawBufferPointer) -> Bool {
        let token = ByteClass.token
        for (index, byte) in bytes.prefix(16).enumerated() {
            if byte == Byte.space { return index > 0 }
            if byte == Byte.carriageReturn { return index == 0 }
            guard token.contains(byte) else { return false }
        }
        return true
    }

    /// Returns the method of a token; the common ones without making a string.
    private static func method(_ token: UnsafeRawBufferPointer) -> HTTPMethod {
        if token.count == 3, token[0] == UInt8(ascii: "G"), token[1] == UInt8(ascii: "E"),
            token[2] == UInt8(ascii: "T")
        {
            return .get
        }
        return HTTPMethod(String(decoding: token, as: UTF8.self))
    }

    private static func version(
        _ text: UnsafeRawBufferPointer
    ) throws(HTTPRequestError) -> HTTPVersion {
        let name: StaticString = "HTTP/"
        guard text.count == 8, text[6] == UInt8(ascii: "."),
            let major = Byte.decimalValue(text[5]), let minor = Byte.decimalValue(text[7])
        else {
            throw .malformedRequestLine
        }
        for index in 0..<5 {
            guard text[index] == name.utf8Start[index] else { throw .malformedRequestLine }
        }
        switch (major, minor) {
        case (1, 1): return .http11
        case (1, 0): return .http10
        case (_, _): throw .unsupportedVersion
        }
    }

    /// Returns the origin form of a target and the authority of an absolute form.
    private static func resolve(
        _ target: UnsafeRawBufferPointer, _ method: HTTPMethod
    ) throws(HTTPRequestError) -> (String, authority: String?) {
        guard let first = target.first else { throw .malformedTarget }
        if first == UInt8(ascii: "/") { return (String(decoding: target, as: UTF8.self), nil) }
        if first == UInt8(ascii: "*"), target.count == 1 {
            guard method == .options else { throw .malformedTarget }
            return ("*", nil)
        }
        let authorityStart: Int
        if target.count >= 8, target.part(0..<8).equalsIgnoringCase("https://") {
            authorityStart = 8
        } else if target.count >= 7, target.part(0..<7).equalsIgnoringCase("http://") {
            authorityStart = 7
        } else {
            throw .malformedTarget
        }
        var end = authorityStart
        while end < target.count, target[end] != UInt8(ascii: "/"), target[end] != UInt8(ascii: "?")
        {
            end += 1
        }
        let authority = target.part(authorityStart..<end)
        guard !authority.isEmpty, HTTPHost.isValid(authority) else { throw .malformedTarget }
        let rest = String(decoding: target.part(end..<target.count), as: UTF8.self)
        let authorityText = String(decoding: authority, as: UTF8.self)
        if rest.isEmpty { return (method == .options ? "*" : "/", authorityText) }
        return (rest.utf8.first == UInt8(ascii: "?") ? "/" + rest : rest, authorityText)
    }
}

/// The value of `Host`: a host and an optional port (RFC 9110, 7.2; RFC 3986, 3.2.2).
enum HTTPHost {
    /// Whether `bytes` are a host with an optional port. An empty host is valid (RFC 9112, 3.2);
    /// one with user information is none.
    ///
    /// - Complexity: O(*n*).
    static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        if bytes.first == UInt8(ascii: "[") {
            index = 1
            while index < bytes.count, isAddress(bytes[index]) { index += 1 }
            guard index > 1, index < bytes.count, bytes[index] == UInt8(ascii: "]") else {
                return false
            }
            index += 1
        } else {
            let name = ByteClass.registeredName
            while index < bytes.count, name.contains(bytes[index]) { index += 1 }
        }
        guard index < bytes.count else { return true }
        guard bytes[index] == UInt8(ascii: ":"), bytes.count - index <= 6 else { return false }
        return bytes[(index + 1)...].allSatisfy { Byte.decimalValue($0) != nil }
    }

    private static func isAddress(_ byte: UInt8) -> Bool {
        Byte.hexadecimalValue(byte) != nil || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".")
    }
}
