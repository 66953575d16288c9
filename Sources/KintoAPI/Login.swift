// SPDX-License-Identifier: MIT

import Core
import Storage
import Wire

/// A name and a password that a request gives (RFC 7617), verified or not.
///
/// Its texts never tell the password, so that it cannot come into a log by itself.
package struct Login: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    /// The name, not empty.
    package let name: String
    /// The password.
    let password: String

    /// Makes a login of its parts.
    package init(name: String, password: String) {
        self.name = name
        self.password = password
    }

    /// Reads the credentials of a request; nil if it has none, bad ones, or an empty name.
    ///
    /// - Complexity: O(length of the credentials).
    init?(_ fields: HTTPFields) {
        guard let value = fields["Authorization"] else { return nil }
        guard let space = value.utf8.firstIndex(of: UInt8(ascii: " ")),
            HTTPFields.areEqual(value[..<space], "basic"),
            let bytes = Base64.decode(value[space...].trimmingOptionalWhiteSpace())
        else { return nil }
        let text =
            String(validating: bytes, as: UTF8.self)
            ?? String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), colon > text.startIndex
        else { return nil }
        name = String(text[..<colon])
        password = String(Substring(text.utf8[colon...].dropFirst()))
    }

    /// `name:password`, of which user ids of basic authentication are made.
    var credentials: String { "\(name):\(password)" }

    package var description: String { "login of \(name)" }
    /// What debuggers and `dump` show: the name alone.
    package var customMirror: Mirror { Mirror(self, children: ["name": name]) }
}

/// What is known of a login.
package enum LoginVerdict: Sendable {
    /// The account has this password.
    case verified
    /// There is no such account, or it has another password: the next policy is asked.
    case unknown
    /// Too many wrong passwords were tried; none is looked at for some seconds.
    case lockedOut(seconds: Int)
}
