// SPDX-License-Identifier: MIT

import Core
import Testing
import Wire

@testable import KintoAPI

@Suite("A setting of the API")
struct SettingsEffectTests {
    private func server(_ settings: [String: String]) async throws -> TestServer {
        let server = try TestServer(["multiauth.policies": "basicauth"].merging(settings) { $1 })
        await server.makeCollection()
        return server
    }

    private func preflight(_ server: TestServer, _ target: String, for method: String) async
        -> HTTPResponse
    {
        await server.send(
            "OPTIONS", target, as: nil,
            headers: [
                ("Origin", "http://o.example"), ("Access-Control-Request-Method", method),
            ])
    }

    @Test("switches off one method of one endpoint, which then is not told either")
    func disabledMethod() async throws {
        let server = try await server([
            "kinto.plural_bucket_post_enabled": "false",
            "kinto.object_group_delete_enabled": "no", "kinto.plural_group_post_enabled": "true",
        ])
        let response = await server.send("POST", "/v1/buckets", "{}")
        #expect(response.status == 405)
        #expect(response.errno == 115)
        #expect(response.fields["Allow"] == "HEAD, GET, DELETE, OPTIONS")
        #expect(await server.send("GET", "/v1/buckets").status == 200)
        #expect(await server.send("POST", "/v1/buckets/b/groups", "{\"data\":{}}").status == 201)
        #expect(
            await server.send("DELETE", "/v1/buckets/b/groups/g").fields["Allow"]
                == "GET, HEAD, PUT, PATCH, OPTIONS")
        let preflight = await preflight(server, "/v1/buckets", for: "POST")
        #expect(preflight.status == 400)
        #expect(preflight.json["/details/0/description"]?.string == "Method not allowed")
    }

    @Test("switches HEAD off with GET where an object is, but not where a list is")
    func disabledReading() async throws {
        let server = try await server([
            "kinto.object_bucket_get_enabled": "false",
            "kinto.plural_bucket_get_enabled": "false",
        ])
        #expect(await server.send("HEAD", "/v1/buckets/b").status == 405)
        #expect(
            await server.send("GET", "/v1/buckets/b").fields["Allow"]
                == "PUT, PATCH, DELETE, OPTIONS")
        #expect(await server.send("GET", "/v1/buckets").status == 405)
        #expect(await server.send("HEAD", "/v1/buckets").status == 200)
    }

    @Test("that would switch off what is not there is refused")
    func unknownEndpoint() {
        for name in ["plural_buckets_post", "object_bucket_post", "plural_bucket_options"] {
            let error = SettingsError(
                key: "\(name)_enabled", value: "false",
                expected: "an endpoint and method, such as plural_bucket_head_enabled")
            #expect(throws: error) { try KintoSettings([error.key: error.value]) }
        }
    }

    @Test("makes a server that is read only, and tells so to preflights")
    func readOnly() async throws {
        let server = try TestServer(["kinto.readonly": "true"])
        #expect(await server.send("PUT", "/v1/buckets/b", "{}").status == 405)
        #expect(await preflight(server, "/v1/buckets/b", for: "PUT").status == 400)
        #expect(await preflight(server, "/v1/buckets/b", for: "GET").status == 200)
    }

    @Test("chooses how ids are made and which are valid")
    func idGenerators() async throws {
        let server = try TestServer([
            "multiauth.policies": "basicauth",
            "kinto.bucket_id_generator": "kinto.core.storage.generators.UUID4",
            "kinto.record_id_generator": "kinto.views.NameGenerator",
        ])
        #expect(await server.send("PUT", "/v1/buckets/b", "{}").status == 400)
        for id in [
            "472be9ec-26fe-461b-8282-9c4e4b207AB3", "472be9ec-26fe-461b-8282-9c4e4b207ab",
            "472be9ec-26fe-461b-82829c4e4b207ab3", "g72be9ec-26fe-461b-8282-9c4e4b207ab3",
        ] {
            #expect(await server.send("PUT", "/v1/buckets/\(id)", "{}").status == 400)
        }
        let bucket = "/v1/buckets/472be9ec-26fe-461b-8282-9c4e4b207ab3"
        #expect(await server.send("PUT", bucket, "{}").status == 201)
        let made = await server.send("POST", "/v1/buckets", "{}")
        #expect(made.json["/data/id"]?.string?.count == 36)
        #expect(await server.send("PUT", "\(bucket)/collections/c", "{}").status == 201)
        let record = await server.send("POST", "\(bucket)/collections/c/records", "{}")
        #expect(record.json["/data/id"]?.string?.count == 8)
    }

    @Test("says what __version__ shows: a file, the name and the version, or an error")
    func versionDocument() async throws {
        var settings = try KintoSettings(["kinto.project_name": "n", "project_version": "7"])
        func version(_ settings: KintoSettings) async throws -> HTTPResponse {
            try await TestServer(settings).send("GET", "/v1/__version__", as: nil)
        }
        #expect(try await version(settings).json == ["name": "n", "version": "7"])
        settings.versionDocument = .file(["commit": "abc"])
        #expect(try await version(settings).json == ["commit": "abc"])
        settings.versionDocument = .missing
        let missing = try await version(settings)
        #expect(missing.status == 500)
        #expect(missing.errno == 999)
    }

    @Test("ends the service before anything else is looked at")
    func hardEnd() async throws {
        let server = try TestServer([
            "kinto.eos": "2020-01-01", "kinto.eos_url": "http://e.example/", "kinto.backoff": "3",
        ])
        let response = await server.send("GET", "/v1/buckets")
        #expect(response.status == 410)
        #expect(response.errno == 202)
        #expect(
            response.fields["Alert"]
                == #"{"code":"hard-eol","message":null,"url":"http://e.example/"}"#)
        #expect(response.fields["X-Content-Type-Options"] == nil)
        #expect(
            response.fields["Content-Security-Policy"]?.hasPrefix("default-src 'none'") == true)
        #expect(response.fields["Backoff"] == "3")
        #expect(
            response.fields["Access-Control-Expose-Headers"]
                == "Backoff,Retry-After,Alert,Content-Length,Content-Type")
    }

    @Test("tells of the end of the service in every answer until it comes")
    func softEnd() async throws {
        let server = try TestServer([
            "kinto.eos": "2999-01-01", "kinto.eos_message": "bye", "kinto.backoff": "3",
        ])
        for target in ["/v1/", "/v1/buckets", "/v1/nowhere", "/nowhere"] {
            let response = await server.send("GET", target, as: nil)
            #expect(
                response.fields["Alert"]
                    == #"{"code":"soft-eol","message":"bye","url":"https://kinto.readthedocs.io/"}"#
            )
            #expect(response.fields["Backoff"] == "3")
        }
        #expect(await server.send("GET", "/v1/").json["/eos"]?.string == "2999-01-01")
    }

    @Test("names the host that redirects lead to, but not in their text")
    func redirects() async throws {
        let server = try TestServer([
            "kinto.http_host": "k.example:8443", "kinto.http_scheme": "https",
        ])
        let response = await server.send("GET", "/v1/buckets/?a=b", as: nil)
        #expect(response.status == 307)
        #expect(response.fields["Location"] == "https://k.example:8443/v1/buckets?a=b")
        let text = String(decoding: response.body.bytes, as: UTF8.self)
        #expect(text.contains("has been moved to /v1/buckets?a=b;"))
    }
}
