// SPDX-License-Identifier: MIT

import Core
import Testing
import Wire

@testable import KintoAPI

@Suite("Ids")
struct IDGeneratorTests {
    private static let uuid = "472be9ec-26fe-461b-8282-9c4e4b207ab3"

    @Test(
        "are accepted as the generator of their kind says",
        arguments: [
            ("a", [.relaxedUUID, .name]), ("A_b-9", [.relaxedUUID, .name]), ("_a", []), ("-", []),
            ("", []), ("a b", []), ("é", []), ("a.b", []), (uuid, IDGenerator.allCases),
            ("472BE9EC-26FE-461B-8282-9C4E4B207AB3", [.relaxedUUID, .name]),
            ("472be9ec-26fe-461b-8282-9c4e4b207ab", [.relaxedUUID, .name]),
            ("472be9ec26fe461b82829c4e4b207ab3", [.relaxedUUID, .name]),
            ("472be9eg-26fe-461b-8282-9c4e4b207ab3", [.relaxedUUID, .name]),
            ("00000000-0000-0000-0000-000000000000", IDGenerator.allCases),
        ])
    func accepted(id: String, by generators: [IDGenerator]) {
        #expect(IDGenerator.allCases.filter { $0.accepts(id) } == generators)
    }

    @Test("are made by default as Kinto makes them: names, and UUIDs for records")
    func made() async throws {
        let server = try TestServer()
        await server.makeCollection()
        for path in ["/v1/buckets", "/v1/buckets/b/collections", "/v1/buckets/b/groups"] {
            let id = await server.send("POST", path, "{}").json["/data/id"]?.string ?? ""
            #expect(id.utf8.count == 8 && IDGenerator.name.accepts(id), "\(path): \(id)")
        }
        let response = await server.send("POST", "/v1/buckets/b/collections/c/records", "{}")
        #expect(IDGenerator.uuid.accepts(response.json["/data/id"]?.string ?? ""))
    }

    @Test("can be of another form for each kind")
    func configured() async throws {
        let server = try TestServer([
            "multiauth.policies": "basicauth",
            "kinto.record_id_generator": "kinto.core.storage.generators.UUID4",
            "collection_id_generator": "kinto.views.RelaxedUUID",
        ])
        await server.makeCollection()
        let records = "/v1/buckets/b/collections/c/records"
        #expect(await server.send("PUT", "\(records)/r", "{}").message == "path: Invalid object id")
        let posted = await server.send("POST", records, #"{"data":{"id":"r"}}"#)
        #expect(posted.message == "path: Invalid object id")
        #expect(await server.send("PUT", "\(records)/\(Self.uuid)", "{}").status == 201)
        let collection = await server.send("POST", "/v1/buckets/b/collections", "{}")
        #expect(IDGenerator.uuid.accepts(collection.json["/data/id"]?.string ?? ""))
    }

    @Test("cannot be made by Python code")
    func unknown() {
        #expect(throws: SettingsError.self) {
            try KintoSettings(["kinto.record_id_generator": "my.Ids"])
        }
    }
}
