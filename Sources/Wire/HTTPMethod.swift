// SPDX-License-Identifier: MIT

/// A request method (RFC 9110, section 9). Methods are case-sensitive.
package struct HTTPMethod: Hashable, Sendable {
    /// The token as sent.
    package let name: String

    /// Makes a method of its token.
    package init(_ name: String) {
        self.name = name
    }

    /// `GET`.
    package static let get = HTTPMethod("GET")
    /// `HEAD`.
    package static let head = HTTPMethod("HEAD")
    /// `POST`.
    package static let post = HTTPMethod("POST")
    /// `PUT`.
    package static let put = HTTPMethod("PUT")
    /// `PATCH`.
    package static let patch = HTTPMethod("PATCH")
    /// `DELETE`.
    package static let delete = HTTPMethod("DELETE")
    /// `OPTIONS`.
    package static let options = HTTPMethod("OPTIONS")
}
