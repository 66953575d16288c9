// SPDX-License-Identifier: MIT

import Core
import Testing

@testable import Hub

@Suite("What somebody may read")
struct VisibilityTests {
    private func path(_ bucket: String, _ collection: String) -> CollectionPath {
        CollectionPath(bucket: bucket, collection: collection)
    }

    @Test("is all of some buckets, whatever is made in them, and single collections of others")
    func shows() {
        let visibility = Visibility(buckets: ["b"], collections: [path("c", "one")])
        #expect(visibility.shows(path("b", "one")))
        #expect(visibility.shows(path("b", "made-later")))
        #expect(visibility.shows(path("c", "one")))
        #expect(!visibility.shows(path("c", "one2")))
        #expect(!visibility.shows(path("d", "one")))
        #expect(Visibility.everything.shows(path("d", "one")))
        #expect(!Visibility.nothing.shows(path("d", "one")))
    }

    @Test("is equal to another when the same may be read, however that is granted")
    func equality() {
        let bucket = Visibility(buckets: ["b"], collections: [])
        let twice = Visibility(buckets: ["b"], collections: [path("b", "one")])
        #expect(bucket == twice)
        #expect(bucket.digest == twice.digest)
        #expect(twice.nameCount == 1)
        #expect(Set([bucket, twice]).count == 1)
        let different = [
            .everything, .nothing, bucket, Visibility(buckets: ["c"], collections: []),
            Visibility(buckets: [], collections: [path("b", "one")]),
            Visibility(buckets: ["b", "c"], collections: []),
            Visibility(buckets: ["b"], collections: [path("c", "b")]),
        ]
        #expect(Set(different).count == different.count)
        #expect(Set(different.map(\.digest)).count == different.count)
    }

    @Test("is told in cursors in the same way after a restart")
    func digest() {
        #expect(Visibility.everything.digest == 0)
        let visibility = Visibility(buckets: ["c", "b"], collections: [path("a", "one")])
        let epoch = Fixture.epoch.viewed(visibility.digest)
        #expect(epoch.description == "\(Fixture.epoch)256f678b86c9")
    }

    @Test("is one of the conditions of a filter, and no query widens it")
    func filter() {
        let visibility = Visibility(buckets: ["b"], collections: [path("c", "one")])
        let all = ChangeFilter(visibility: visibility)
        #expect(all.matches(path("b", "x")) && all.matches(path("c", "one")))
        #expect(!all.matches(path("c", "two")))
        let resources: Set<ResourcePath> = [.bucket("c"), .collection(path("d", "x"))]
        let some = ChangeFilter(resources: resources, visibility: visibility)
        #expect(some.matches(path("c", "one")))
        #expect(!some.matches(path("c", "two")))
        #expect(!some.matches(path("d", "x")))
        #expect(!some.matches(path("b", "x")))
        #expect(all != .all)
    }
}
