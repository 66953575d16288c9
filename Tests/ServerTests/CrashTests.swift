// SPDX-License-Identifier: MIT

import Core
import Foundation
import Glibc
import Testing

@Suite("A server that is killed")
struct CrashTests {
    @Test("loses nothing it acknowledged, and its cursors stay right", arguments: 0..<3)
    func killed(round: Int) throws {
        let directory = try HeliographProcess.Directory()
        var server = try HeliographProcess(["serve", "--port", "0"], in: directory)
        var port = try server.waitUntilReady()
        let user = ["Authorization": "Basic YTpi", "Content-Type": "application/json"]
        let setup = try TestConnection(port: port)
        for path in ["", "/collections/c0", "/collections/c1", "/collections/c2"] {
            try setup.send("PUT", "/v1/buckets/b\(path)", fields: user)
            _ = try setup.readAnswer()
        }
        let stream = try TestConnection(port: port)
        try stream.send("GET", "/v1/buckets/monitor/collections/changes/stream")
        _ = try stream.read(until: "event: ready")

        var acknowledged: [String: Int64] = [:]
        let writer = try TestConnection(port: port)
        let killAfter = 40 + round * 37
        for number in 0..<200 {
            let path = "/v1/buckets/b/collections/c\(number % 3)/records/r\(number)"
            do {
                if number == killAfter { server.kill(SIGKILL) }
                try writer.send("PUT", path, fields: user, body: "{\"data\":{\"n\":\(number)}}")
                let answer = try writer.readAnswer()
                acknowledged[path] = answer.json["data"]?.object?["last_modified"]?.integer
            } catch {
                break
            }
        }
        _ = try server.waitForExit()
        let before = try stream.readToEnd()
        let lastID = try #require(
            before.components(separatedBy: "\n\n").dropLast().last?
                .split(separator: "\n").first { $0.hasPrefix("id: ") }?.dropFirst(4))

        server = try HeliographProcess(["serve", "--port", "0"], in: directory)
        port = try server.waitUntilReady()
        let reader = try TestConnection(port: port)
        #expect(acknowledged.count >= killAfter)
        for (path, timestamp) in acknowledged {
            try reader.send("GET", path, fields: user)
            let data = try reader.readAnswer().json["data"]?.object
            #expect(data?["last_modified"]?.integer == timestamp, "I1 and I7")
        }
        let again = try TestConnection(port: port)
        try again.send(
            "GET", "/v1/buckets/monitor/collections/changes/stream",
            fields: ["Last-Event-ID": String(lastID)])
        let missed = try again.read(until: "event: ready\ndata: {\"timestamp\":")
        #expect(!missed.contains("reset"))
        let lastRevision = try #require(Int(lastID.split(separator: ".")[2]))
        let revisions = missed.split(separator: "\n").filter { $0.hasPrefix("id: ") }
            .compactMap { Int($0.split(separator: ".")[2]) }.dropLast()
        #expect(revisions.allSatisfy { $0 > lastRevision }, "nothing twice")
        try expectEntriesAreTheCollections(reader, user)
    }

    private func expectEntriesAreTheCollections(
        _ connection: TestConnection, _ user: [String: String]
    ) throws {
        try connection.send("GET", "/v1/buckets/monitor/collections/changes/records")
        let entries = try connection.readAnswer().json["data"]?.array ?? []
        #expect(entries.count == 3)
        for entry in entries {
            let collection = entry.object?["collection"]?.string ?? ""
            try connection.send(
                "HEAD", "/v1/buckets/b/collections/\(collection)/records", fields: user)
            let tag = try connection.readAnswer(hasBody: false).fields["ETag"]
            let shown = entry.object?["last_modified"]?.integer ?? 0
            #expect(tag == "\"\(shown)\"", "I3")
        }
    }
}
