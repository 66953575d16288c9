// SPDX-License-Identifier: MIT

import Core
import Storage
import Testing

@Suite("A storage's permissions and groups")
struct StoragePermissionTests {
    @Test("are kept per object and permission", arguments: Backend.allCases)
    func permissions(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            try await storage.write { transaction throws in
                try transaction.setPermissions(
                    ["read": ["one", "two"], "write": ["one"]], of: "/buckets/a")
                try transaction.setPermissions(["read": ["three"]], of: "/buckets/b")
            }
            try await storage.read { reader throws in
                #expect(
                    try reader.permissions(of: "/buckets/a")
                        == ["read": ["one", "two"], "write": ["one"]])
                #expect(try reader.permissions(of: "/buckets/c").isEmpty)
                #expect(
                    try reader.permissions(of: ["/buckets/a", "/buckets/b", "/buckets/c"]) == [
                        "/buckets/a": ["read": ["one", "two"], "write": ["one"]],
                        "/buckets/b": ["read": ["three"]],
                    ])
                #expect(try reader.permissions(of: [String]()).isEmpty)
            }
            try await storage.write { transaction throws in
                try transaction.setPermissions(["read": ["four"]], of: "/buckets/a")
                #expect(
                    try transaction.permissions(of: "/buckets/a")
                        == ["read": ["four"], "write": ["one"]])
                try transaction.setPermissions(["write": []], of: "/buckets/a")
                #expect(try transaction.permissions(of: "/buckets/a") == ["read": ["four"]])
                try transaction.removePermissions(of: ["/buckets/a", "/buckets/none"])
                #expect(try transaction.permissions(of: "/buckets/a").isEmpty)
                #expect(try transaction.permissions(of: "/buckets/b") == ["read": ["three"]])
            }
        }
    }

    @Test(
        "are told of when they decide who may read a collection, not those of records",
        arguments: Backend.allCases)
    func announcement(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            let observed = Recorder<Bool>()
            storage.setCommitObserver { observed.append($0.changesAccess) }
            let record = "/buckets/a/collections/c/records/r"
            try await storage.write { try $0.setPermissions(["read": ["me"]], of: record) }
            try await storage.write { try $0.removePermissions(of: [record]) }
            try await storage.write { try $0.setPermissions([:], of: "/buckets/a") }
            #expect(observed.all.isEmpty)
            let collection = "/buckets/a/collections/c"
            try await storage.write { try $0.setPermissions(["read": ["me"]], of: collection) }
            try await storage.write { try $0.setPermissions(["read": []], of: "/buckets/a") }
            try await storage.write { try $0.setMembers(of: "/buckets/a/groups/g", to: []) }
            try await storage.write { try $0.removeTree(at: "/buckets/a") }
            try await storage.write { try $0.removeEverything() }
            #expect(observed.all == [true, true, true, true, true])
            // What is undone is not told.
            try? await storage.write { transaction throws in
                try transaction.setPermissions(["read": ["me"]], of: "/buckets/a")
                throw Refusal()
            }
            try await storage.write { transaction throws in
                try? transaction.attempt { () throws in
                    try transaction.setPermissions(["read": ["me"]], of: "/buckets/a")
                    throw Refusal()
                }
            }
            #expect(observed.all.count == 5)
        }
    }

    @Test("tell which objects below a place someone may use", arguments: Backend.allCases)
    func granted(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            try await storage.write { transaction throws in
                try transaction.setPermissions(["read": ["me"]], of: "/buckets/a")
                try transaction.setPermissions(["write": ["me", "you"]], of: "/buckets/ab")
                try transaction.setPermissions(["read": ["you"]], of: "/buckets/a/groups/g")
                try transaction.setPermissions(["read": ["\"q'", "é"]], of: "/other")
            }
            try await storage.read { reader throws in
                func uris(
                    _ prefix: String, _ who: Set<String>, _ what: Set<String>
                ) throws -> Set<String> {
                    try reader.uris(under: prefix, grantedTo: who, permissions: what)
                }
                #expect(try uris("/buckets/", ["me"], ["read"]) == ["/buckets/a"])
                #expect(
                    try uris("/buckets/", ["me"], ["read", "write"])
                        == ["/buckets/a", "/buckets/ab"])
                #expect(try uris("/buckets/a/", ["me"], ["read"]) == [])
                #expect(
                    try uris("/buckets/a/", ["me", "you"], ["read"]) == ["/buckets/a/groups/g"])
                #expect(
                    try uris("/buckets/a", ["you", "me"], ["read", "write"])
                        == ["/buckets/a", "/buckets/ab", "/buckets/a/groups/g"])
                #expect(try uris("", ["\"q'"], ["read"]) == ["/other"])
                #expect(try uris("", ["é"], ["read"]) == ["/other"])
                #expect(try uris("/", [], ["read"]) == [])
                #expect(try uris("/", ["me"], []) == [])
            }
        }
    }

    @Test(
        "tell which buckets and collections someone may use, without the records in them",
        arguments: Backend.allCases)
    func grantedAboveRecords(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            try await storage.write { transaction throws in
                // Ids that sort before, between and behind the records of a collection.
                for collection in ["c", "c-", "c0"] {
                    let uri = "/buckets/a/collections/\(collection)"
                    try transaction.setPermissions(["read": ["me"]], of: uri)
                    for record in ["r", "r0", "s"] {
                        let record = "\(uri)/records/\(record)"
                        try transaction.setPermissions(["read": ["me", "you"]], of: record)
                    }
                }
                let alone = "/buckets/a/collections/d/records/r"
                try transaction.setPermissions(["write": ["me"]], of: alone)
                try transaction.setPermissions(["write": ["me", "you"]], of: "/buckets/ab")
                try transaction.setPermissions(["record:create": ["you"]], of: "/buckets/ac")
            }
            try await storage.read { reader throws in
                func uris(_ who: Set<String>, _ what: Set<String>) throws -> Set<String> {
                    try reader.urisAboveRecords(grantedTo: who, permissions: what)
                }
                let mine: Set = [
                    "/buckets/a/collections/c", "/buckets/a/collections/c-",
                    "/buckets/a/collections/c0",
                ]
                #expect(try uris(["me"], ["read"]) == mine)
                #expect(try uris(["me"], ["read", "write"]) == mine.union(["/buckets/ab"]))
                #expect(try uris(["you"], ["read", "write"]) == ["/buckets/ab"])
                #expect(try uris(["you", "me"], ["write"]) == ["/buckets/ab"])
                #expect(try uris([], ["read"]) == [])
                #expect(try uris(["me"], []) == [])
            }
        }
    }

    @Test("tell all that someone was granted", arguments: Backend.allCases)
    func allGranted(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            try await storage.write { transaction throws in
                try transaction.setPermissions(["read": ["me"], "write": ["you"]], of: "/a")
                try transaction.setPermissions(["read": ["you"], "write": ["me"]], of: "/a/b")
                try transaction.setPermissions(["read": ["\"q'"]], of: "/other")
            }
            try await storage.read { reader throws in
                #expect(
                    try reader.permissions(grantedTo: ["me"]) == [
                        "/a": ["read"], "/a/b": ["write"],
                    ])
                #expect(
                    try reader.permissions(grantedTo: ["me", "you"])
                        == ["/a": ["read", "write"], "/a/b": ["read", "write"]])
                #expect(try reader.permissions(grantedTo: ["\"q'"]) == ["/other": ["read"]])
                #expect(try reader.permissions(grantedTo: []).isEmpty)
                #expect(try reader.permissions(grantedTo: ["nobody"]).isEmpty)
            }
        }
    }

    @Test("tell the groups of principals", arguments: Backend.allCases)
    func groups(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            try await storage.write { transaction throws in
                try transaction.setMembers(of: "/buckets/a/groups/g", to: ["me", "you"])
                try transaction.setMembers(of: "/buckets/a/groups/h", to: ["me"])
                try transaction.setMembers(of: "/buckets/b/groups/g", to: ["she"])
            }
            try await storage.read { reader throws in
                #expect(
                    try reader.groups(containing: ["me"])
                        == ["/buckets/a/groups/g", "/buckets/a/groups/h"])
                #expect(
                    try reader.groups(containing: ["you", "she"])
                        == ["/buckets/a/groups/g", "/buckets/b/groups/g"])
                #expect(try reader.groups(containing: ["he"]) == [])
                #expect(try reader.groups(containing: []) == [])
            }
            try await storage.write { transaction throws in
                try transaction.setMembers(of: "/buckets/a/groups/g", to: ["she"])
                try transaction.setMembers(of: "/buckets/a/groups/h", to: [])
                #expect(try transaction.groups(containing: ["me", "you"]) == [])
                #expect(
                    try transaction.groups(containing: ["she"])
                        == ["/buckets/a/groups/g", "/buckets/b/groups/g"])
            }
        }
    }

    @Test("go with the tree they lie in, and nothing else does", arguments: Backend.allCases)
    func removesTree(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            let bucket = "/buckets/main"
            // A name that begins alike is not below.
            let near = ResourceList.records(
                of: CollectionPath(bucket: "main", collection: "plugins2"))
            try await storage.write { transaction throws in
                try transaction.put("main", in: .buckets)
                try transaction.put("plugins", in: .collections(of: "main"))
                try transaction.put("g", in: .groups(of: "main"))
                try transaction.put("r", in: .plugins)
                try transaction.put("t", in: .plugins)
                try transaction.delete("t", timestamp: nil, in: .plugins)
                try transaction.put("r", in: near)
                try transaction.put("main2", in: .collections(of: "main2"))
                for uri in [
                    "\(bucket)/collections/plugins", "\(bucket)/collections/plugins/records/r",
                    "\(bucket)/collections/plugins2", bucket, "/buckets/main2",
                ] {
                    try transaction.setPermissions(["read": ["me"]], of: uri)
                }
                try transaction.setMembers(of: "\(bucket)/groups/g", to: ["me"])
                try transaction.setMembers(of: "/buckets/main2/groups/g", to: ["me"])
            }
            try await storage.write { transaction throws in
                try transaction.removeTree(at: "\(bucket)/collections/plugins")
                var all = ObjectQuery(.plugins)
                all.includesTombstones = true
                #expect(try transaction.count(all) == 0)
                #expect(try transaction.timestamp(of: .plugins) == nil)
                #expect(try transaction.ids(ObjectQuery(near)) == ["r"])
                #expect(try transaction.ids(ObjectQuery(.collections(of: "main"))) == ["plugins"])
                #expect(
                    try transaction.uris(under: "/", grantedTo: ["me"], permissions: ["read"])
                        == ["\(bucket)/collections/plugins2", bucket, "/buckets/main2"])
            }
            try await storage.write { transaction throws in
                try transaction.removeTree(at: bucket)
                #expect(try transaction.ids(ObjectQuery(near)) == [])
                #expect(try transaction.ids(ObjectQuery(.groups(of: "main"))) == [])
                #expect(try transaction.ids(ObjectQuery(.collections(of: "main"))) == [])
                #expect(try transaction.ids(ObjectQuery(.collections(of: "main2"))) == ["main2"])
                #expect(try transaction.ids(ObjectQuery(.buckets)) == ["main"])
                #expect(
                    try transaction.uris(under: "/", grantedTo: ["me"], permissions: ["read"])
                        == ["/buckets/main2"])
                #expect(
                    try transaction.groups(containing: ["me"]) == ["/buckets/main2/groups/g"])
            }
            #expect(try storage.changeLog().map(\.isTombstone) == [true, true])
        }
    }
}
