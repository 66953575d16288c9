// SPDX-License-Identifier: MIT

import Core

/// How ids of new objects are made and which are valid, by the names of the reference's classes.
package enum IDGenerator: String, CaseIterable, Sendable {
    /// Eight letters and digits.
    case name = "kinto.views.NameGenerator"
    /// UUIDs, but any id is valid.
    case relaxedUUID = "kinto.views.RelaxedUUID"
    /// UUIDs, and only they are valid.
    case uuid = "kinto.core.storage.generators.UUID4"

    /// Whether an object may have the id.
    ///
    /// - Complexity: O(length of `id`).
    func isValid(_ id: String) -> Bool {
        switch self {
        case .name, .relaxedUUID: ResourceID.isValid(id)
        case .uuid: IDGenerator.isUUID(id)
        }
    }

    /// Whether an id is five groups of 8, 4, 4, 4 and 12 small hexadecimal digits.
    private static func isUUID(_ id: String) -> Bool {
        let groups = id.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        return groups.map(\.count) == [8, 4, 4, 4, 12]
            && groups.joined().allSatisfy { byte in
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
            }
    }
}

extension KintoSettings {
    /// How the ids of a kind of objects are made; UUIDs, where the kind has no setting for it.
    func idGenerator(_ kind: ResourceKind) -> IDGenerator { idGenerators[kind.rawValue] ?? .uuid }

    /// Whether an object of a kind may have the id; those of accounts have no setting.
    ///
    /// - Complexity: O(length of `id`).
    func isValidID(_ id: String, of kind: ResourceKind) -> Bool {
        kind == .account ? AccountID.isValid(id) : idGenerator(kind).isValid(id)
    }
}
