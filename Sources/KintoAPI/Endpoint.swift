// SPDX-License-Identifier: MIT

import Wire

/// What an endpoint tells about itself: its methods and the header fields it exposes.
struct Endpoint {
    /// The methods, in the order that `Allow` tells them.
    let methods: [HTTPMethod]
    private let exposed: Exposed

    private enum Exposed {
        case plain
        case object
        case list
        case monitor
    }

    /// The endpoint that a route leads to, or nil if there is none.
    init?(_ route: Route) {
        switch route {
        case .hello, .heartbeat, .loadBalancerHeartbeat, .version, .broadcasts, .changeset,
            .monitorStream:
            self.init(methods: [.get, .head, .options], exposed: .plain)
        case .batch: self.init(methods: [.post, .options], exposed: .plain)
        case .list:
            self.init(methods: [.head, .get, .post, .delete, .options], exposed: .list)
        case .object:
            self.init(methods: [.get, .head, .put, .patch, .delete, .options], exposed: .object)
        case .monitorRecords: self.init(methods: [.get, .head, .options], exposed: .monitor)
        case .unversioned, .nothing, .undecodable: return nil
        }
    }

    private init(methods: [HTTPMethod], exposed: Exposed) {
        self.methods = methods
        self.exposed = exposed
    }

    /// The value of `Allow`.
    var allowed: String { methods.map(\.name).joined(separator: ", ") }

    /// The fields that answers of any endpoint expose to scripts (CORS).
    static let defaultExposedFields = [
        "Backoff", "Retry-After", "Alert", "Content-Length", "Content-Type",
    ]

    /// The fields that answers to `method` expose; none for a method the endpoint does not have.
    func exposedFields(_ method: HTTPMethod) -> [String] {
        guard methods.contains(method) else { return [] }
        guard method == .get || method == .head else { return Endpoint.defaultExposedFields }
        let cached = ["Last-Modified", "ETag", "Cache-Control", "Expires", "Pragma"]
        switch exposed {
        case .plain: return Endpoint.defaultExposedFields
        case .object: return Endpoint.defaultExposedFields + cached
        case .monitor: return Endpoint.defaultExposedFields + ["Next-Page"] + cached
        case .list:
            let totals = method == .head ? ["Total-Objects", "Total-Records"] : []
            return Endpoint.defaultExposedFields + ["Next-Page"] + cached + totals
        }
    }

    /// The fields that answers to some method expose.
    var allExposedFields: [String] { exposedFields(methods.contains(.head) ? .head : .post) }
}
