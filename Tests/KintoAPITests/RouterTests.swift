// SPDX-License-Identifier: MIT

import Core
import Testing

@testable import KintoAPI

@Suite("The router")
struct RouterTests {
    private static let records = ListAddress.records(CollectionPath(bucket: "b", collection: "c"))

    @Test(
        "leads paths to their endpoints",
        arguments: [
            ("/v1/", Route.hello), ("/v1/__heartbeat__", .heartbeat),
            ("/v1/__lbheartbeat__", .loadBalancerHeartbeat), ("/v1/__version__", .version),
            ("/v1/__broadcasts__", .broadcasts), ("/v1/batch", .batch),
            ("/v1/buckets", .list(.buckets)), ("/v1/buckets/b", .object(.buckets, id: "b")),
            ("/v1/buckets/b/groups", .list(.groups(bucket: "b"))),
            ("/v1/buckets/b/groups/g", .object(.groups(bucket: "b"), id: "g")),
            ("/v1/buckets/b/collections", .list(.collections(bucket: "b"))),
            ("/v1/buckets/b/collections/c", .object(.collections(bucket: "b"), id: "c")),
            ("/v1/buckets/b/collections/c/records", .list(records)),
            ("/v1/buckets/b/collections/c/records/r", .object(records, id: "r")),
            ("/v1/buckets/%62/collections/c/records/a%20b", .object(records, id: "a b")),
            ("/v1/buckets/monitor/collections/changes/records", .monitorRecords),
            ("/v1/buckets/monitor/collections/changes/changeset", .changeset(.monitorChanges)),
            ("/v1/buckets/monitor/collections/changes/stream", .monitorStream),
            ("/v1/buckets/monitor", .object(.buckets, id: "monitor")),
            (
                "/v1/buckets/monitor/collections/changes/records/r",
                .object(.records(.monitorChanges), id: "r")
            ),
            ("/", .nowhere(.unversioned)), ("/buckets", .nowhere(.unversioned)),
            ("/version", .nowhere(.unversioned)),
            ("/v1", .nowhere(.unknown)), ("/v0/", .nowhere(.otherVersion)),
            ("/v2/buckets", .nowhere(.otherVersion)),
            ("/v1/buckets/", .nowhere(.unknown)),
            ("/v1//", .nowhere(.unknown)),
            ("/v1/buckets//groups", .nowhere(.unknown)),
            ("/v1/buckets/b/records", .nowhere(.unknown)),
            ("/v1/buckets/b/collections/c/records/r/x", .nowhere(.unknown)),
            ("/v1/%82", .nowhere(.undecodable)), ("/v1/%zz", .nowhere(.undecodable)),
            ("/v1/%", .nowhere(.undecodable)),
        ])
    func routes(path: String, expected: Route) {
        var settings = KintoSettings()
        settings.includes = ["kinto_changes"]
        #expect(Router(settings).match(path[...]).route == expected)
    }

    @Test(
        "has no changes endpoints when there are no changes",
        arguments: [
            ("/v1/__broadcasts__", Route.nowhere(.unknown)),
            ("/v1/buckets/b/collections/c/changeset", .nowhere(.unknown)),
            ("/v1/buckets/monitor/collections/changes/records", .list(.records(.monitorChanges))),
        ])
    func withoutChanges(path: String, expected: Route) {
        #expect(Router(KintoSettings()).match(path[...]).route == expected)
    }
}
