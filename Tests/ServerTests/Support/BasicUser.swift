// SPDX-License-Identifier: MIT

import Core

/// Users of basic authentication, named as `user:password`.
enum BasicUser {
    /// The header fields by which a request is a user's; none for nobody's.
    static func fields(_ user: String?) -> [String: String] {
        guard let user else { return [:] }
        return ["Authorization": "Basic " + Base64.encode(Array(user.utf8))]
    }

    /// What the server calls a user, without a secret for the hash.
    static func id(_ user: String) -> String {
        "basicauth:"
            + Digest.hexadecimal(Digest.hmacSHA256(key: [], message: Array(user.utf8)))
    }
}
