// SPDX-License-Identifier: MIT

import Core
import Storage
import Wire

/// Who sent a request.
struct Identity: Sendable {
    /// The user id with its prefix, `basicauth:…` or `account:…`; nil for the anonymous.
    let userID: String?

    /// Everyone, known or not.
    static let everyone = "system.Everyone"
    /// Everyone who said who they are.
    static let authenticated = "system.Authenticated"
    /// Nobody that is known.
    static let anonymous = Identity(userID: nil)

    /// What can be said of who sent a request.
    enum Finding {
        /// Who it was.
        case known(Identity)
        /// That depends on whether the login is that of an account.
        case unverified(Login)
    }

    /// Finds out who sent a request: the first policy that recognises its credentials decides.
    ///
    /// - Parameter isVerified: Whether the login is known to be that of an account; nil if that
    ///   is not known yet.
    /// - Complexity: O(length of the credentials).
    static func find(
        _ login: Login?, isVerified: Bool?, settings: KintoSettings
    ) -> Finding {
        guard let login else { return .known(anonymous) }
        for policy in settings.authenticationPolicies {
            switch policy {
            case .basicAuth(let prefix):
                let digest = Digest.hmacSHA256(
                    key: Array(settings.userIDSecret.utf8),
                    message: Array(login.credentials.utf8))
                return .known(Identity(userID: "\(prefix):\(Digest.hexadecimal(digest))"))
            case .account:
                guard let isVerified else { return .unverified(login) }
                if isVerified {
                    return .known(Identity(userID: "\(policy.prefix):\(login.name)"))
                }
            }
        }
        return .known(anonymous)
    }

    /// Whether nobody said who they are.
    var isAnonymous: Bool { userID == nil }

    /// The user id without its prefix; nil for the anonymous.
    var name: String? {
        userID.map { id in String(id.drop { $0 != ":" }.dropFirst()) }
    }

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
}
