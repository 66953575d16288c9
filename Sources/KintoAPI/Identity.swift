// SPDX-License-Identifier: MIT

import Core
import Storage
import Wire

/// Who sent a request.
struct Identity: Sendable {
    /// The user id with its prefix, `basicauth:…`; nil for the anonymous.
    let userID: String?

    /// Everyone, known or not.
    static let everyone = "system.Everyone"
    /// Everyone who said who they are.
    static let authenticated = "system.Authenticated"

    /// The identity of somebody whose stream lasts.
    init(_ viewer: Viewer) {
        userID = viewer.userID
    }

    /// What is kept of the identity as long as a stream lasts.
    var viewer: Viewer { Viewer(userID: userID) }

    /// Reads the credentials of a request (RFC 7617). Bad ones are none.
    ///
    /// - Complexity: O(length of the credentials).
    init(_ fields: HTTPFields, settings: KintoSettings) {
        guard settings.hasBasicAuth, let value = fields["Authorization"],
            let credentials = Identity.credentials(value)
        else {
            userID = nil
            return
        }
        let digest = Digest.hmacSHA256(
            key: Array(settings.userIDSecret.utf8), message: Array(credentials.utf8))
        userID = "basicauth:\(Digest.hexadecimal(digest))"
    }

    /// Whether nobody said who they are.
    var isAnonymous: Bool { userID == nil }

    /// Who an object that this user writes belongs to.
    var owner: String { userID ?? Identity.everyone }

    /// Everything that permissions can be granted to and that this user is.
    ///
    /// - Throws: `StorageError`.
    func principals(_ reader: any StorageReader) throws -> Set<String> {
        guard let userID else { return [Identity.everyone] }
        let groups = try reader.groups(containing: [userID, Identity.authenticated])
        return groups.union([userID, Identity.everyone, Identity.authenticated])
    }

    /// `name:password` of a field value, nil if there is no such thing in it or the name is empty.
    private static func credentials(_ value: String) -> String? {
        let parts = value.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, HTTPFields.areEqual(parts[0], "basic"),
            let bytes = Base64.decode(parts[1].trimmingOptionalWhiteSpace())
        else { return nil }
        let isUTF8 = bytes.withUnsafeBufferPointer {
            UTF8Validation.firstInvalidByte(in: $0) == nil
        }
        let text =
            isUTF8
            ? String(decoding: bytes, as: UTF8.self)
            : String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), colon > text.startIndex
        else { return nil }
        return text
    }
}
