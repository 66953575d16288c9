// SPDX-License-Identifier: MIT
//
// Who may reach which accounts, as in the reference: administrators all of them, a user the one of
// the same name, and the anonymous the one they name, so that they can make it. That comes on top
// of permissions: who has one on another's account still does not find it.

import Core
import Storage

extension Authorization {
    /// Whether the user reaches all accounts: settings grant writing them.
    var isAdministrator: Bool {
        !(everywhere["account_write_principals"] ?? []).isDisjoint(with: principals)
    }

    /// Whether the user reaches the account of that id, if there is one.
    func reaches(account id: String) -> Bool {
        isAdministrator || identity.isAnonymous || identity.name == id
    }

    /// Whether the user finds an object of a list: only accounts hide from those who do not reach
    /// them.
    func reaches(_ id: String, in list: ListAddress) -> Bool {
        list != .accounts || reaches(account: id)
    }

    /// Who an object belongs to that the user writes: the user, but an account that is made for
    /// another belongs to that one.
    func owner(of uri: String) -> String {
        let prefix = "\(ListAddress.accounts.uri)/"
        guard uri.utf8.starts(with: prefix.utf8), identity.isAnonymous || isAdministrator else {
            return identity.owner
        }
        let id = String(Substring(uri.utf8.dropFirst(prefix.utf8.count)))
        return "\(AuthenticationPolicy.accountPrefix):\(id)"
    }

    /// Those of some accounts, nil for all, that the user sees in the list.
    ///
    /// - Throws: `APIError`, a 401, for the anonymous.
    func visibleAccounts(_ ids: [String]?) throws(APIError) -> [String]? {
        if isAdministrator { return ids }
        guard let name = identity.name else {
            throw APIError(status: 401, number: .undefined, title: "Cannot read accounts.")
        }
        return ids.map { $0.filter { $0 == name } } ?? [name]
    }

    /// Refuses an account without an id of users who do not give it one by who they are.
    ///
    /// - Throws: `APIError`, a 400.
    func requireAccountID(_ id: String?) throws(APIError) {
        guard id == nil, identity.isAnonymous || isAdministrator else { return }
        throw .invalid(.body, "data.id", "data.id in body: Required")
    }

    /// Refuses an account that is not the user's.
    ///
    /// - Throws: `APIError`, a 400.
    func requireOwnAccount(_ id: String?) throws(APIError) {
        guard let id else {
            throw .invalid(.body, "data.id", "Accounts must have an ID.")
        }
        guard reaches(account: id) else {
            throw .invalid(.body, "data.id", "Username and account ID do not match.")
        }
    }

    /// The timestamp of the list as the user sees it: whose only account is the user's own has that
    /// of the account, and is not told when others change.
    ///
    /// - Throws: `StorageError`.
    func timestampOfAccounts(_ reader: any StorageReader) throws -> Timestamp {
        if !isAdministrator, let name = identity.name,
            let own = try reader.object(name, in: ListAddress.accounts.list)
        {
            return own.timestamp
        }
        return try ListTimestamp.ensure(.accounts, reader: reader)
    }
}
