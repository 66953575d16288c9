// SPDX-License-Identifier: MIT

/// Why an import ends early. What was copied until then stays, and the next run goes on there.
enum ImportFailure: Error, CustomStringConvertible {
    /// The source cannot be reached.
    case unreachable(String)
    /// There is no Kinto at the address.
    case notKinto(String)
    /// The source refuses the user, or a list to him.
    case refused(what: String, status: Int, isAnonymous: Bool)
    /// The source answered what a Kinto would not.
    case unexpected(String)

    /// One line for the operator, with what to do.
    var description: String {
        switch self {
        case .unreachable(let reason): "the source cannot be reached: \(reason)"
        case .notKinto(let reason): "there is no Kinto: \(reason)"
        case .refused(let what, 401, let isAnonymous):
            isAnonymous
                ? "\(what): the source wants a user: give one with --auth USER:PASSWORD"
                : "\(what): the source does not know this user, or the password is wrong"
        case .refused(let what, let status, _):
            "\(what): the source answered \(status): this user may not read it"
        case .unexpected(let reason): "the source answered unexpectedly: \(reason)"
        }
    }
}
