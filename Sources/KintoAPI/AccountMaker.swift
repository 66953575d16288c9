// SPDX-License-Identifier: MIT

import Core
import Storage

/// Makes accounts beside the API, for an operator.
package enum AccountMaker {
    /// Why an account cannot be made.
    package enum Refusal: Error, CustomStringConvertible {
        /// The name does not match the pattern of ids.
        case invalidName
        /// The password is empty, or bcrypt would not tell it from others.
        case invalidPassword

        package var description: String {
            switch self {
            case .invalidName:
                "a name begins with a letter or a digit, and has letters, digits and +.@_- in it"
            case .invalidPassword:
                "a password has 1 to \(Limits.passwordBytesMax) bytes, none of them NUL"
            }
        }
    }

    /// The transaction that makes an account, or replaces the one of that name, and lets its user
    /// write it. The password is hashed here, before the transaction begins.
    ///
    /// - Throws: `Refusal`.
    /// - Complexity: O(2^`cost`).
    package static func transaction(
        for login: Login, cost: Int = Limits.passwordHashCost, salt: [UInt8]
    ) throws(Refusal) -> @Sendable (any StorageTransaction) throws -> Void {
        guard AccountID.isValid(login.name) else { throw .invalidName }
        guard
            let hash = Bcrypt.hash(Array(login.password.utf8), cost: cost, salt: salt)
        else { throw .invalidPassword }
        let name = login.name
        let members = JSONObject([("password", .string(hash))])
        return { transaction in
            let list = ListAddress.accounts
            try transaction.put(name, members: members, timestamp: nil, in: list.list)
            let uri = list.uri(of: name)
            var writers = try transaction.permissions(of: uri)["write"] ?? []
            writers.insert("\(AuthenticationPolicy.accountPrefix):\(name)")
            try transaction.setPermissions(["write": writers], of: uri)
        }
    }
}
