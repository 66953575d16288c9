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

    /// Makes the identity of a user id.
    init(userID: String?) {
        self.userID = userID
    }

    /// The identity of somebody whose stream lasts.
    init(_ viewer: Viewer) {
        userID = viewer.userID
    }

    /// What is kept of the identity as long as a stream lasts.
    var viewer: Viewer { Viewer(userID: userID) }

    /// What can be said of who sent a request.
    enum Finding: Sendable {
        /// Who it was.
        case known(Identity)
        /// That depends on whether the login is that of an account.
        case unverified(Login)
        /// That cannot be found out for so many seconds.
        case lockedOut(seconds: Int)
    }

    /// Finds out who sent a request: the first policy that recognises its login decides.
    ///
    /// - Parameter verdicts: What is known of logins.
    /// - Complexity: O(length of the login).
    static func find(
        _ login: Login?, verdicts: [Login: LoginVerdict], settings: KintoSettings
    ) -> Finding {
        guard let login else { return .known(anonymous) }
        for policy in settings.authenticationPolicies {
            switch policy {
            case .basicAuth(let prefix):
                let digest = settings.userIDKey.code(of: Array(login.credentials.utf8))
                return .known(Identity(userID: "\(prefix):\(Digest.hexadecimal(digest))"))
            case .account:
                switch verdicts[login] {
                case nil: return .unverified(login)
                case .verified: return .known(Identity(userID: "\(policy.prefix):\(login.name)"))
                case .lockedOut(let seconds): return .lockedOut(seconds: seconds)
                case .unknown: break
                }
            }
        }
        return .known(anonymous)
    }

    /// The same user, or the anonymous if no policy makes such user ids.
    ///
    /// - Complexity: O(number of policies).
    func recognised(by settings: KintoSettings) -> Identity {
        let isRecognised = settings.authenticationPolicies.contains { policy in
            userID?.utf8.starts(with: "\(policy.prefix):".utf8) ?? true
        }
        return isRecognised ? self : .anonymous
    }

    /// Whether nobody said who they are.
    var isAnonymous: Bool { userID == nil }

    /// The user id without its prefix; nil for the anonymous.
    var name: String? {
        userID.map { id in
            String(Substring(id.utf8.drop { $0 != UInt8(ascii: ":") }.dropFirst()))
        }
    }

    /// Whether the user had an account that is not there any more.
    ///
    /// - Throws: `StorageError`.
    func isDeletedAccount(
        _ settings: KintoSettings, _ reader: any StorageReader
    ) throws -> Bool {
        let prefix = "\(AuthenticationPolicy.accountPrefix):"
        guard settings.authenticationPolicies.contains(.account), let userID, let name,
            userID.utf8.starts(with: prefix.utf8)
        else { return false }
        return try reader.object(name, in: ListAddress.accounts.list) == nil
    }

    /// Who an object that this user writes belongs to.
    var owner: String { userID ?? Identity.everyone }

    /// Everything that permissions can be granted to and that this user is.
    ///
    /// - Throws: `StorageError`.
    func principals(_ reader: any StorageReader) throws -> Set<String> {
        guard let userID else { return [Identity.everyone] }
        var principals: Set = [userID, Identity.authenticated]
        let groups = try reader.groups(containing: principals)
        principals.insert(Identity.everyone)
        principals.formUnion(groups)
        return principals
    }
}
