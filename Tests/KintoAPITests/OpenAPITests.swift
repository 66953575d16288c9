// SPDX-License-Identifier: MIT

import Core
import Testing
import Wire

@testable import KintoAPI

@Suite("The description of the API for programs")
struct OpenAPITests {
    /// Everything there can be.
    private static let everything = [
        "multiauth.policies": "basicauth", "kinto.changes.resources": "*",
        "kinto.experimental_permissions_endpoint": "true",
        "kinto.includes":
            "kinto.plugins.flush kinto.plugins.history kinto.plugins.accounts",
        "multiauth.policy.account.use": "kinto.plugins.accounts.AccountsPolicy",
        "heliograph.broadcasts.reader_tokens": "token",
    ]

    private func document(_ server: TestServer) async throws -> JSONObject {
        let response = await server.send("GET", "/v1/__api__", as: nil)
        #expect(response.status == 200)
        return try #require(response.json.object)
    }

    /// The paths with their operations.
    private func operations(
        _ document: JSONObject
    ) throws -> [(path: String, method: HTTPMethod, operation: JSONValue)] {
        let paths = try #require(document["paths"]?.object)
        return paths.members.flatMap { path, item in
            (item.object?.members ?? []).filter { $0.key != "parameters" }
                .map { (path, HTTPMethod($0.key.uppercased()), $0.value) }
        }
    }

    private func filled(_ path: String) -> String {
        path.split(separator: "{").enumerated().map { place, part in
            place == 0 ? String(part) : "x" + part.drop { $0 != "}" }.dropFirst()
        }.joined()
    }

    @Test("has each endpoint there can be, and the settings here let each be there")
    func complete() async throws {
        let server = try TestServer(OpenAPITests.everything)
        let found = try operations(try await document(server))
        #expect(server.service.router.endpoints.count == RouteTable.endpoints.count)
        for endpoint in RouteTable.endpoints {
            let methods = Set(found.filter { $0.path == endpoint.template }.map(\.method))
            #expect(
                methods == Set(endpoint.methods).subtracting([.head, .options]),
                "\(endpoint.template)")
        }
    }

    @Test(
        "has nothing that is not answered",
        arguments: [OpenAPITests.everything, ["multiauth.policies": "basicauth"]])
    func truthful(settings: [String: String]) async throws {
        let server = try TestServer(settings)
        for (path, method, _) in try operations(try await document(server)) {
            let target = "/v1\(filled(path))"
            let match = server.service.router.match(target[...])
            #expect(match.endpoint?.template == path)
            let response = await server.send(method.name, target)
            #expect(response.status != 405, "\(method.name) \(path)")
        }
    }

    @Test("leaves out what the settings leave out")
    func settings() async throws {
        let document = try await document(try TestServer())
        for path in ["/permissions", "/__flush__", "/__broadcasts__"] {
            #expect(document["paths"]?.object?[path] == nil)
        }
        #expect(document["paths"]?.object?["/batch"] != nil)
    }

    @Test("refers only to what is in it, and names each operation once")
    func references() async throws {
        let document = try await document(try TestServer(OpenAPITests.everything))
        let whole = JSONValue.object(document)
        var pending = [whole]
        var count = 0
        while let value = pending.popLast() {
            for member in value.object?.members ?? [] {
                if member.key == "$ref", let target = member.value.string {
                    count += 1
                    #expect(whole[String(target.dropFirst())] != nil, "\(target)")
                }
                pending.append(member.value)
            }
            pending += value.array ?? []
        }
        #expect(count > 50)
        let ids = try operations(document).compactMap { $0.operation["/operationId"]?.string }
        #expect(Set(ids).count == ids.count)
        for part in ["parameters", "responses"] {
            let text = JSONWriter.string(whole)
            for (name, _) in document[part]?.object?.members ?? [] {
                #expect(text.contains("#/\(part)/\(name)\""), "nothing refers to \(name)")
            }
        }
    }

    @Test("tells where the API is and how users say who they are, as the reference does")
    func shape() async throws {
        let settings = ["multiauth.policies": "basicauth", "kinto.project_name": "me"]
        let document = try await document(try TestServer(settings))
        #expect(document["swagger"] == "2.0")
        #expect(document["host"] == "localhost")
        #expect(document["basePath"] == "/v1")
        #expect(document["schemes"] == ["http"])
        #expect(document["info"] == ["title": "me", "version": "1.23"])
        #expect(document["securityDefinitions"] == ["basicauth": ["type": "basic"]])
        let ids = try operations(document).compactMap { $0.operation["/operationId"]?.string }
        for id in [
            "server_info", "get_openapi_spec", "batch", "contribute", "get_buckets",
            "create_bucket", "delete_buckets", "get_record", "update_record", "patch_record",
            "delete_record", "__heartbeat__", "__lbheartbeat__", "__version__",
        ] {
            #expect(ids.contains(id), "the reference has the operation \(id)")
        }
        let anonymous = try await self.document(try TestServer([:]))
        #expect(anonymous["securityDefinitions"] == [:])
    }
}
