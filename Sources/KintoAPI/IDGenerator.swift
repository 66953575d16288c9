// SPDX-License-Identifier: MIT

import Core

/// Which ids objects of a kind may have, and which they get when a client gives none. The names are
/// those of Kinto's classes, as its settings spell them.
package enum IDGenerator: String, CaseIterable, Sendable {
    /// Random UUIDs (RFC 9562, section 5.4); nothing that is not spelled like one is accepted.
    case uuid = "kinto.core.storage.generators.UUID4"
    /// Random UUIDs, but any id is accepted.
    case relaxedUUID = "kinto.views.RelaxedUUID"
    /// Eight random letters and digits; any id is accepted.
    case name = "kinto.views.NameGenerator"

    /// Whether an object may have this id.
    ///
    /// - Complexity: O(length of `id`).
    func accepts(_ id: String) -> Bool {
        switch self {
        case .relaxedUUID, .name: ResourceID.isValid(id)
        case .uuid: IDGenerator.isUUID(id)
        }
    }

    /// Whether a text is spelled as a UUID, in lower case; of what version does not matter.
    private static func isUUID(_ id: String) -> Bool {
        let parts = id.utf8.split(
            separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        let letters = UInt8(ascii: "a")...UInt8(ascii: "f")
        return parts.map(\.count) == [8, 4, 4, 4, 12]
            && parts.joined().allSatisfy { digits.contains($0) || letters.contains($0) }
    }
}

extension KintoSettings {
    /// What makes and checks the ids of a kind.
    func idGenerator(of kind: ResourceKind) -> IDGenerator {
        idGenerators[kind.rawValue] ?? .uuid
    }
}

extension Exchange {
    /// A new id for an object of a kind.
    func makeID(of kind: ResourceKind) -> String {
        switch settings.idGenerator(of: kind) {
        case .uuid, .relaxedUUID: makeUUID()
        case .name: makeName()
        }
    }
}
