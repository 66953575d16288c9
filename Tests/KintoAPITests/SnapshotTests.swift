// SPDX-License-Identifier: MIT

import Core
import Testing
import Wire

@testable import KintoAPI

@Suite("A snapshot of a collection")
struct SnapshotTests {
    private static let snapshot = "/v1/buckets/b/snapshot/collections/c"
    private static let records = "/v1/buckets/b/collections/c/records"

    private func server() async throws -> TestServer {
        let server = try TestServer([
            "multiauth.policies": "basicauth", "kinto.includes": "kinto.plugins.history",
        ])
        await server.makeCollection()
        return server
    }

    private func write(_ server: TestServer, _ method: String, _ id: String, _ n: Int = 0) async
        -> String
    {
        let body = method == "DELETE" ? nil : "{\"data\":{\"n\":\(n)}}"
        let answer = await server.send(method, "\(SnapshotTests.records)/\(id)", body)
        return String(answer.fields["ETag"]?.dropFirst().dropLast() ?? "")
    }

    @Test("is the collection as it was after each of its changes")
    func states() async throws {
        let server = try await server()
        var moments: [(timestamp: String, records: [JSONValue])] = []
        let steps = [
            ("PUT", "a", 1), ("PUT", "b", 2), ("PUT", "a", 3), ("DELETE", "b", 0), ("PUT", "c", 4),
            ("PUT", "b", 5), ("DELETE", "a", 0), ("PATCH", "b", 6),
        ]
        for (method, id, n) in steps {
            let timestamp = await write(server, method, id, n)
            let records = await server.send("GET", SnapshotTests.records).json["/data"]?.array
            moments.append((timestamp, records ?? []))
        }
        for (timestamp, records) in moments {
            let answer = await server.send("GET", "\(SnapshotTests.snapshot)@\(timestamp)")
            #expect(answer.json["/data"] == .array(records), "at \(timestamp)")
        }
        #expect(await server.send("GET", "\(SnapshotTests.snapshot)@0").ids == [])
        let late = await server.send("GET", "\(SnapshotTests.snapshot)@99999999999999999999999")
        #expect(late.ids == ["b", "c"])
    }

    @Test("is refused to who may not read the collection, and for no moment")
    func refusals() async throws {
        let server = try await server()
        let snapshot = SnapshotTests.snapshot
        #expect(await server.send("GET", "\(snapshot)@1", as: nil).status == 401)
        #expect(await server.send("GET", "\(snapshot)@1", as: "alice").status == 403)
        #expect(await server.send("GET", "/v1/buckets/no/snapshot/collections/c@1").status == 403)
        for wrong in ["x", "-1", "1.5"] {
            let answer = await server.send("GET", "\(snapshot)@\(wrong)")
            #expect(answer.status == 400)
            #expect(answer.json["/details/0/location"] == "path")
        }
        #expect(await server.send("GET", "\(snapshot)!@1").json["/details/id"] == "c!")
        #expect(await server.send("GET", snapshot).errno == 111)
        #expect(await server.send("GET", "\(snapshot)@").errno == 111)
        #expect(await server.send("POST", "\(snapshot)@1", "{}").status == 405)
        let plain = try TestServer()
        #expect(await plain.send("GET", "\(snapshot)@1").errno == 111)
    }
}
