// SPDX-License-Identifier: MIT

import Core

/// What settings about users must agree on, so that a server lets in whom its operator means.
extension KintoSettings {
    /// The plugin of accounts.
    package static let accountsPlugin = "kinto.plugins.accounts"

    /// The policies that the names in `multiauth.policies` stand for.
    ///
    /// - Throws: `SettingsError` for a name that stands for none that is built in.
    func makePolicies() throws(SettingsError) -> [AuthenticationPolicy] {
        var result: [AuthenticationPolicy] = []
        for name in policies {
            let known = policyClasses[name]
            if name == "basicauth" && known == nil || known == AuthenticationPolicy.basicAuthClass {
                result.append(.basicAuth(prefix: name.lowercased()))
            } else if let known, AuthenticationPolicy.accountClasses.contains(known) {
                result.append(.account)
            } else if let known {
                throw SettingsError(
                    key: "multiauth.policy.\(name).use", value: known,
                    expected: "\(AuthenticationPolicy.accountClasses[0]) or "
                        + "\(AuthenticationPolicy.basicAuthClass), which are built in")
            } else {
                throw SettingsError(
                    key: "multiauth.policies", value: policies.joined(separator: " "),
                    expected: "basicauth, or names that have a line such as "
                        + "multiauth.policy.\(name).use = "
                        + AuthenticationPolicy.accountClasses[0])
            }
        }
        return result
    }

    /// Refuses what the reference refuses about accounts, because it would not do what it seems to.
    ///
    /// - Throws: `SettingsError`.
    func checkAccounts() throws(SettingsError) {
        guard hasAccounts else { return }
        guard policyClasses.values.contains(where: AuthenticationPolicy.accountClasses.contains)
        else {
            throw SettingsError(
                key: "kinto.includes", value: includes.joined(separator: " "),
                expected: "with \(KintoSettings.accountsPlugin) also "
                    + "multiauth.policy.account.use = \(AuthenticationPolicy.accountClasses[0])")
        }
        if let account = authenticationPolicies.firstIndex(of: .account),
            authenticationPolicies[..<account].contains(where: { $0 != .account })
        {
            throw SettingsError(
                key: "multiauth.policies", value: policies.joined(separator: " "),
                expected: "basicauth behind the policy of accounts, since it recognises everyone")
        }
        let writers = principals["account_write_principals"] ?? []
        let creators = principals["account_create_principals"] ?? []
        let others = creators.subtracting(writers).subtracting([Identity.everyone])
        guard others.isEmpty else {
            throw SettingsError(
                key: "kinto.account_create_principals",
                value: creators.sorted().joined(separator: " "),
                expected: "only principals that account_write_principals has too, or "
                    + "\(Identity.everyone): others could only make accounts of their own name")
        }
    }
}
