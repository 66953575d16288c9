// SPDX-License-Identifier: MIT

import Core

/// The parameters that the query of a stream's address may have; any other is refused.
package enum StreamParameter: String, CaseIterable, Sendable {
    /// Only collections of a bucket.
    case bucket
    /// Only collections of a name.
    case collection
    /// Only what lies in a bucket or a collection; may be given several times.
    case resource
    /// What to include in events.
    case include = "_include"
    /// From where on.
    case since = "_since"
    /// The same, as libraries for event sources spell it.
    case lastEventID = "last_event_id"
    /// The same, as other such libraries spell it.
    case camelCaseLastEventID = "lastEventId"
    /// What polls tell caches apart by, which means nothing to a stream.
    case expected = "_expected"
    /// Who asks, in a browser.
    case ticket

    /// What can be included in events.
    static let includedChanges = "changes"

    /// Whether a stream may have it.
    ///
    /// - Parameter isOfCollection: Whether the stream is of one collection, not of the monitor
    ///   feed.
    package func isOffered(ofCollection isOfCollection: Bool) -> Bool {
        switch self {
        case .bucket, .collection, .resource: !isOfCollection
        case .include: isOfCollection
        case .since, .lastEventID, .camelCaseLastEventID, .expected, .ticket: true
        }
    }

    /// What JSON Schema says of it.
    private var schema: JSONObject {
        let text: JSONObject = ["type": "string"]
        switch self {
        case .bucket: return JSONSchema.describing(text, "Only collections of this bucket.")
        case .collection:
            return JSONSchema.describing(text, "Only collections of this name, in any bucket.")
        case .resource:
            return [
                "type": "array", "maxItems": .integer(Int64(Limits.subscriptionResourcesMax)),
                "items": ["type": "string", "pattern": .string(ResourcePath.pattern)],
                "description": "Only what lies in this bucket or collection; repeatable.",
            ]
        case .include:
            return [
                "type": "string", "enum": [.string(StreamParameter.includedChanges)],
                "description": "Have events carry the records that changed.",
            ]
        case .since:
            return JSONSchema.describing(
                text, "A cursor, or a timestamp: only what changed after it.")
        case .lastEventID, .camelCaseLastEventID:
            return JSONSchema.describing(text, "Another spelling of `_since`.")
        case .expected: return JSONSchema.describing(text, "Ignored.")
        case .ticket:
            return JSONSchema.describing(text, "A ticket that stands for its user, once.")
        }
    }

    /// What JSON Schema says of the query of a stream's address.
    package static func querySchema(ofCollection isOfCollection: Bool) -> JSONObject {
        let offered = allCases.filter { $0.isOffered(ofCollection: isOfCollection) }
        var schema = JSONSchema.object(offered.map { ($0.rawValue, $0.schema, true) })
        schema["additionalProperties"] = false
        return schema
    }
}
