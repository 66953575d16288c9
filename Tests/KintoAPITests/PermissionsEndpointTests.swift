// SPDX-License-Identifier: MIT

import Core
import Storage
import Testing
import Wire

@testable import KintoAPI

@Suite("The list of permissions")
struct PermissionsEndpointTests {
    private static let base = [
        "multiauth.policies": "basicauth", "kinto.userid_hmac_secret": "golden",
        "kinto.experimental_permissions_endpoint": "true",
    ]

    /// What a real Kinto was asked with, too.
    private static let generous = base.merging([
        "kinto.group_read_principals": "system.Authenticated",
        "kinto.collection_create_principals": "system.Authenticated",
        "kinto.collection_write_principals":
            "basicauth:bcb4c4072592fd2c702f890c7e72494dbacc17e319e918231708b5e23cc32bb5",
        "kinto.bucket_read_principals": "system.Everyone",
        "kinto.record_write_principals": "system.Authenticated", "kinto.paginate_by": "4",
    ]) { $1 }

    /// Buckets of mat's and ann's, ann in a group that may make records.
    private func server(
        _ settings: [String: String] = generous, file: String? = nil
    ) async throws -> TestServer {
        let server = try TestServer(settings, file: file)
        let hello = await server.send("GET", "/v1/", as: "ann")
        let ann = try #require(hello.json["/user/id"]?.string)
        for (user, path, body) in [
            ("mat", "/buckets/b", #"{"permissions":{"read":["system.Authenticated"]}}"#),
            ("mat", "/buckets/b/groups/g", #"{"data":{"members":["basicauth:x"]}}"#),
            ("mat", "/buckets/b/groups/h", #"{"data":{"members":["\#(ann)"]}}"#),
            (
                "mat", "/buckets/b/collections/c",
                #"{"permissions":{"record:create":["/buckets/b/groups/h"]}}"#
            ),
            (
                "mat", "/buckets/b/collections/c/records/r",
                #"{"permissions":{"read":["system.Everyone"]}}"#
            ),
            ("ann", "/buckets/b/collections/c/records/s", "{}"), ("ann", "/buckets/a", "{}"),
            ("ann", "/buckets/a/collections/x", "{}"),
        ] {
            #expect(await server.send("PUT", "/v1\(path)", as: user, body).status == 201)
        }
        return server
    }

    /// `URI permission,permission` of each entry.
    private func entries(_ response: HTTPResponse) -> [String] {
        (response.json["/data"]?.array ?? []).map { entry in
            let permissions = (entry["/permissions"]?.array ?? []).compactMap(\.string)
            return "\(entry["/uri"]?.string ?? "") \(permissions.joined(separator: ","))"
        }
    }

    @Test("has what objects and settings grant to users, their groups and everyone")
    func granted() async throws {
        let server = try await server()
        let collection = "read,read:attributes,record:create"
        let mine = await server.send("GET", "/v1/permissions?_limit=0&_sort=uri", as: "mat")
        #expect(mine.status == 200)
        #expect(
            entries(await server.send("GET", "/v1/permissions?_sort=uri", as: "mat")) == [
                "/ bucket:create", "/buckets/a collection:create,read,read:attributes",
                "/buckets/a/collections/x \(collection),write",
                "/buckets/b collection:create,group:create,read,read:attributes,write",
            ])
        #expect(
            entries(mine).suffix(4) == [
                "/buckets/b/collections/c \(collection),write",
                "/buckets/b/collections/c/records/r read,write",
                "/buckets/b/groups/g read,write", "/buckets/b/groups/h read,write",
            ])
        let hers = await server.send("GET", "/v1/permissions?_limit=0", as: "ann")
        #expect(
            entries(hers) == [
                "/buckets/b/groups/h read", "/buckets/b/groups/g read",
                "/buckets/b/collections/c/records/s read,write",
                "/buckets/b/collections/c/records/r read",
                "/buckets/b/collections/c read:attributes,record:create",
                "/buckets/b collection:create,read,read:attributes",
                "/buckets/a/collections/x \(collection),write",
                "/buckets/a collection:create,group:create,read,read:attributes,write",
                "/ bucket:create",
            ])
        let everyones = await server.send("GET", "/v1/permissions", as: nil)
        #expect(
            entries(everyones) == [
                "/buckets/b/collections/c/records/r read", "/buckets/b read,read:attributes",
                "/buckets/a read,read:attributes",
            ])
        #expect(
            JSONWriter.string(everyones.json["/data/0"] ?? .null)
                == #"{"uri":"/buckets/b/collections/c/records/r","resource_name":"record","#
                + #""permissions":["read"],"bucket_id":"b","collection_id":"c","id":"r","#
                + #""record_id":"r"}"#)
    }

    @Test(
        "can be filtered by what its entries say",
        arguments: [
            ("resource_name=record", "r"), ("resource_name=bucket&bucket_id=b", "b"),
            ("uri=/buckets/b", "b"), ("id=b", "b"), ("in_id=b,c", "c b"),
            ("in_resource_name=bucket,group", "h g b a"), ("has_record_id=true", "r"),
            ("has_id=false", ""), ("like_uri=coll", "r c x"), ("group_id=h", "h"),
            ("collection_id=c", "r c"), ("deleted=true", "none"), ("_since=1&id=r", "r"),
            ("last_modified=5&id=r", "r"), ("_sort=id&resource_name=bucket", "a b"),
            ("_sort=last_modified&resource_name=bucket", "b a"),
        ])
    func filters(query: String, expected: String) async throws {
        let server = try await server()
        let response = await server.send("GET", "/v1/permissions?\(query)", as: "mat")
        #expect(response.status == 200)
        let found = response.json["/data"]?.array ?? []
        let ids = found.map { $0["/id"]?.string ?? "" }.joined(separator: " ")
        #expect((found.isEmpty ? "none" : ids) == expected)
        let head = await server.send("HEAD", "/v1/permissions?\(query)", as: "mat")
        #expect(head.fields["Total-Objects"] == String(found.count))
        #expect(head.fields["Total-Records"] == String(found.count))
    }

    @Test(
        "refuses what its entries do not have",
        arguments: [
            ("_sort=permissions", "querystring: Unknown sort field 'permissions'"),
            (
                "_fields=uri,permissions",
                "Invalid _fields parameter in body: Fields permissions do not exist"
            ),
            ("foo=1", "Unknown filter field 'foo'"),
            ("contains_permissions=read", "Unknown filter field 'contains_permissions'"),
            ("_since=abc", "_since in querystring: \"abc\" is not a number"),
            ("_token=abc", "querystring: _token has invalid content"),
        ])
    func refuses(query: String, message: String) async throws {
        let server = try await server()
        let response = await server.send("GET", "/v1/permissions?\(query)", as: "mat")
        #expect(response.status == 400)
        let found = response.json["/message"]?.string ?? ""
        #expect(found == message || found.hasSuffix(message))
    }

    @Test(
        "comes in pages that together are the whole list",
        arguments: ["", "&_sort=resource_name,-uri", "&_sort=record_id", "&_sort=bucket_id"])
    func pages(query: String) async throws {
        let server = try await server()
        let whole = await server.send("GET", "/v1/permissions?_limit=0\(query)", as: "mat")
        var found: [String] = []
        var target: String? = "/v1/permissions?_limit=3\(query)"
        while let next = target {
            let page = await server.send("GET", next, as: "mat")
            #expect(page.status == 200)
            found += entries(page)
            target = page.fields["Next-Page"].flatMap { address in
                address.firstRange(of: "/v1/").map { String(address[$0.lowerBound...]) }
            }
        }
        #expect(found == entries(whole))
        #expect(found.count == 8)
    }

    @Test("shows chosen members, the id always")
    func fields() async throws {
        let server = try await server()
        let response = await server.send(
            "GET", "/v1/permissions?_fields=uri&_sort=uri&_limit=2", as: "mat")
        #expect(
            JSONWriter.string(response.json)
                == #"{"data":[{"uri":"/"},{"uri":"/buckets/a","id":"a"}]}"#)
    }

    @Test("has one timestamp, whatever is granted, and no match but by chance")
    func timestamp() async throws {
        let server = try await server()
        let first = await server.send("GET", "/v1/permissions", as: "mat")
        let tag = try #require(first.fields["ETag"])
        #expect(first.fields["Last-Modified"] != nil)
        #expect(await server.send("PUT", "/v1/buckets/z", "{}").status == 201)
        let second = await server.send(
            "GET", "/v1/permissions", as: "mat", headers: [("If-None-Match", tag)])
        #expect(second.status == 200)
        #expect(second.fields["ETag"] == tag)
        let third = await server.send(
            "GET", "/v1/permissions", as: "mat", headers: [("If-Match", tag)])
        #expect(third.status == 412)
    }

    @Test("asks the storage equally often, however many objects there are")
    func queries() async throws {
        let server = try await server()
        let memory = try #require(server.storage as? MemoryStorage)
        func cost() async -> Int {
            let before = memory.statistics.queries
            _ = await server.send("GET", "/v1/permissions", as: "mat")
            return memory.statistics.queries - before
        }
        _ = await cost()
        let few = await cost()
        for number in 0..<40 {
            for path in ["", "/groups/g", "/collections/c", "/collections/c/records/r"] {
                let response = await server.send(
                    "PUT", "/v1/buckets/more\(number)\(path)", "{}")
                #expect(response.status == 201)
            }
        }
        #expect(await cost() == few)
        #expect(few <= 6)
    }

    @Test("is not there unless the settings say so")
    func absent() async throws {
        let server = try TestServer()
        #expect(await server.send("GET", "/v1/permissions").status == 404)
        let root = await server.send("GET", "/v1/")
        #expect(root.json["/capabilities/permissions_endpoint"] == nil)
    }

    @Test("is there with the admin console among the plugins, as in Kinto")
    func console() async throws {
        let server = try TestServer([
            "multiauth.policies": "basicauth", "kinto.includes": "kinto.plugins.admin",
        ])
        #expect(await server.send("GET", "/v1/permissions").status == 200)
        let root = await server.send("GET", "/v1/")
        #expect(root.json["/capabilities/permissions_endpoint"] != nil)
    }
}
