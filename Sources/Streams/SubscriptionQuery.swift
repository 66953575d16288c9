// SPDX-License-Identifier: MIT

import Core
import Hub
import Wire

/// What the URL and the header of a stream's request ask for (DESIGN, sections 3 and 4).
package struct SubscriptionQuery: Equatable, Sendable {
    /// Which entries.
    package let filter: ChangeFilter
    /// From where on, as spelled by the client; nil for everything.
    package let cursor: String?

    /// Whether events are to carry what changed (`_include=changes`).
    package let includesChanges: Bool

    /// What is wrong with a query.
    package struct Refusal: Error, Equatable {
        /// The parameter.
        package let name: String
        /// What is wrong with it, for the client's author.
        package let description: String
    }

    /// Makes a query that asks for everything.
    package init() {
        filter = .all
        cursor = nil
        includesChanges = false
    }

    /// Reads the query and, for the cursor of a client that reconnects, `Last-Event-ID`, which
    /// counts before the URL's: an event source repeats the URL it began with.
    ///
    /// - Parameter isOfCollection: Whether the stream is of one collection, which has no filter.
    /// - Throws: `Refusal` for an unknown parameter or a resource that is none. A malformed cursor
    ///   is no error: it is answered by `reset`.
    /// - Complexity: O(length of the query).
    package init(
        parsing head: HTTPRequestHead, isOfCollection: Bool = false
    ) throws(Refusal) {
        var filter = ChangeFilter()
        var resources: Set<ResourcePath> = []
        var hasResources = false
        var includesChanges = false
        var cursor: String?
        let query: QueryString
        do {
            query = try QueryString(head.query)
        } catch {
            throw Refusal(name: "", description: "Invalid query string")
        }
        for (name, value) in query.parameters {
            guard let parameter = StreamParameter(rawValue: name),
                parameter.isOffered(ofCollection: isOfCollection)
            else { throw Refusal(name: name, description: "Unknown filter field '\(name)'") }
            switch parameter {
            case .bucket: filter.bucket = value
            case .collection: filter.collection = value
            case .resource:
                guard let path = ResourcePath(uri: value) else {
                    throw Refusal(
                        name: name, description: "Not the URI of a bucket or a collection")
                }
                guard resources.count < Limits.subscriptionResourcesMax else {
                    throw Refusal(
                        name: name,
                        description: "More than \(Limits.subscriptionResourcesMax) resources")
                }
                hasResources = true
                resources.insert(path)
            case .since, .lastEventID, .camelCaseLastEventID: cursor = value
            case .expected, .ticket: break
            case .include:
                guard value == StreamParameter.includedChanges else {
                    throw Refusal(name: name, description: "Only 'changes' can be included")
                }
                includesChanges = true
            }
        }
        if hasResources { filter.resources = resources }
        if let last = head.fields["Last-Event-ID"], !last.isEmpty { cursor = last }
        self.filter = filter
        self.includesChanges = includesChanges
        self.cursor = cursor
    }
}
