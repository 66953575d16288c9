// SPDX-License-Identifier: MIT

/// A way in which users say who they are (`multiauth.policies`); of several, the first that
/// recognises the user counts.
enum AuthenticationPolicy: Equatable, Sendable {
    /// Anyone who gives a name: the user id is made of name and password.
    case basicAuth(prefix: String)
    /// Those who have an account, by their password.
    case account

    /// What user ids begin with. That of accounts does not depend on what the policy is called.
    var prefix: String {
        switch self {
        case .basicAuth(let prefix): prefix
        case .account: AuthenticationPolicy.accountPrefix
        }
    }

    /// What user ids of accounts begin with.
    static let accountPrefix = "account"

    /// The classes of Kinto that a policy can be in `multiauth.policy.<name>.use`.
    static let basicAuthClass = "kinto.core.authentication.BasicAuthAuthenticationPolicy"
    /// The same for accounts; the class has had several addresses.
    static let accountClasses = [
        "kinto.plugins.accounts.AccountsPolicy",
        "kinto.plugins.accounts.AccountsAuthenticationPolicy",
        "kinto.plugins.accounts.authentication.AccountsPolicy",
        "kinto.plugins.accounts.authentication.AccountsAuthenticationPolicy",
    ]
}
