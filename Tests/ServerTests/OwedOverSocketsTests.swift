// SPDX-License-Identifier: MIT

import Core
import Glibc
import Storage
import Testing

@testable import Server

@Suite("Any interleaving of writes, disconnects and restarts over real sockets")
struct OwedOverSocketsTests {
    @Test("ends with each stream holding what a poll shows", arguments: 0..<8)
    func property(seed: UInt64) throws {
        var world = try World(seed: seed)
        for _ in 0..<80 { try world.step() }
        try world.settle()
    }

    /// A server on a database, its clients, and chance.
    private struct World {
        private var random: SplitMix
        private let directory: HeliographProcess.Directory
        private var server: TestServer
        private var clients: [(client: StreamClient, query: String)] = []
        private var highest: Int64 = 0

        private static let queries = [
            "", "bucket=b0", "collection=c1", "bucket=b1&collection=c2",
            "resource=/buckets/b0&resource=/buckets/b1/collections/c0",
        ]

        init(seed: UInt64) throws {
            random = SplitMix(state: seed)
            directory = try HeliographProcess.Directory()
            server = try World.start(directory)
        }

        private static func start(_ directory: HeliographProcess.Directory) throws -> TestServer {
            // The host makes entries so long that sockets of slow clients fill.
            try TestServer(
                settings: ["kinto.http_host": String(repeating: "h", count: 4_000)],
                storage: SQLiteStorage(
                    path: "\(directory.path)/data.db", clock: HeliographServer.now),
                loops: 2)
        }

        mutating func step() throws {
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<9: try write()
            case 9: try remove(bucketOnly: true)
            case 10: try remove(bucketOnly: false)
            case 11, 12: try arrive()
            case 13, 14: try clients.randomElement(using: &random)?.client.readAvailable()
            case 15...18:
                guard let client = clients.randomElement(using: &random)?.client else { return }
                if client.isConnected {
                    try client.readAvailable()
                    client.disconnect()
                } else {
                    try client.connect(port: server.port)
                }
            default: if Int.random(in: 0..<3, using: &random) == 0 { try restart() }
            }
        }

        private mutating func write() throws {
            let (bucket, collection) = draw()
            try server.makeCollection(bucket, collection)
            let record = "r\(Int.random(in: 0..<5, using: &random))"
            let path = "/v1/buckets/\(bucket)/collections/\(collection)/records/\(record)"
            if Int.random(in: 0..<4, using: &random) == 0 {
                _ = try server.request("DELETE", path)
                return
            }
            // In the past, equal to the newest known, in the future, or the server's own.
            let stamps = [1, highest, highest + 10_000, 0]
            let stamp = stamps[Int.random(in: 0..<stamps.count, using: &random)]
            let data = stamp > 0 ? "{\"last_modified\":\(stamp)}" : "{}"
            let answer = try server.request("PUT", path, body: "{\"data\":\(data)}")
            #expect([200, 201].contains(answer.status))
            let told = answer.json["data"]?.object?["last_modified"]?.integer ?? 0
            highest = max(highest, told)
        }

        private mutating func remove(bucketOnly: Bool) throws {
            let (bucket, collection) = draw()
            let path = bucketOnly ? "" : "/collections/\(collection)"
            _ = try server.request("DELETE", "/v1/buckets/\(bucket)\(path)")
        }

        private mutating func draw() -> (bucket: String, collection: String) {
            (
                "b\(Int.random(in: 0..<3, using: &random))",
                "c\(Int.random(in: 0..<4, using: &random))"
            )
        }

        private mutating func arrive() throws {
            guard clients.count < 8 else { return }
            let query = Self.queries[Int.random(in: 0..<Self.queries.count, using: &random)]
            let transports = StreamClient.Transport.allCases
            let transport = transports[Int.random(in: 0..<transports.count, using: &random)]
            let client = StreamClient(transport, query: query)
            try client.connect(port: server.port)
            clients.append((client, query))
        }

        private mutating func restart() throws {
            for (client, _) in clients {
                try client.readAvailable()
                client.disconnect()
            }
            server.server.stop()
            server = try World.start(directory)
        }

        /// Everyone connects and reads to a last change that everyone is shown.
        mutating func settle() throws {
            for (client, query) in clients {
                if !client.isConnected { try client.connect(port: server.port) }
                let list = "/v1/buckets/monitor/collections/changes/records"
                let newest = try mark(query)
                try client.read(until: newest.name, is: newest.timestamp)
                var polled: [String: Int64] = [:]
                let data = try server.request("GET", "\(list)\(listQuery(query))").json["data"]
                for entry in data?.array ?? [] {
                    guard let entry = entry.object else { continue }
                    let bucket = entry["bucket"]?.string ?? ""
                    let name = "\(bucket)/\(entry["collection"]?.string ?? "")"
                    let isInBoth = query.hasPrefix("resource=") ? isResource(name) : true
                    if isInBoth { polled[name] = entry["last_modified"]?.integer }
                }
                #expect(client.entries == polled)
                #expect(client.complaints.isEmpty)
            }
            #expect(clients.isEmpty || clients.reduce(0) { $0 + $1.client.changes } > 10)
        }

        /// Changes a collection that every filter shows which shows that one.
        private func mark(_ query: String) throws -> (name: String, timestamp: Int64) {
            let place = [
                "": ("b0", "c1"), "bucket=b0": ("b0", "c1"), "collection=c1": ("b0", "c1"),
                "bucket=b1&collection=c2": ("b1", "c2"),
            ]
            let (bucket, collection) = place[query] ?? ("b0", "c1")
            try server.makeCollection(bucket, collection)
            let answer = try server.request(
                "POST", "/v1/buckets/\(bucket)/collections/\(collection)/records",
                body: "{\"data\":{}}")
            let list = "/v1/buckets/\(bucket)/collections/\(collection)/records"
            #expect(answer.status == 201)
            let tag = try server.request("HEAD", list).fields["ETag"] ?? ""
            return ("\(bucket)/\(collection)", Int64(tag.filter { $0 != "\"" }) ?? -1)
        }

        /// What a poll has no parameter for is sorted out by `isResource`.
        private func listQuery(_ query: String) -> String {
            query.isEmpty || query.hasPrefix("resource=") ? "" : "?\(query)"
        }

        private func isResource(_ name: String) -> Bool {
            name.hasPrefix("b0/") || name == "b1/c0"
        }
    }
}

/// Random numbers that a seed reproduces (SplitMix64).
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
