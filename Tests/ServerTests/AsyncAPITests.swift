// SPDX-License-Identifier: MIT

import Core
import KintoAPI
import Testing
import Wire

@testable import Server
@testable import Streams

/// The document of `/__streams__` as a server gives it.
struct StreamsDocument {
    let json: JSONValue

    init(_ server: TestServer) throws {
        let answer = try server.request("GET", "/v1\(StreamPath.document)", user: nil)
        try #require(answer.status == 200)
        json = .object(answer.json)
    }

    /// What a reference in the document leads to.
    func target(_ reference: JSONValue?) -> JSONValue? {
        guard let text = reference?["/$ref"]?.string, text.hasPrefix("#/") else { return nil }
        return json[String(text.dropFirst())]
    }

    /// The messages of a channel that the server sends, or that clients send, by their names.
    func messages(_ channel: String, action: String) -> [(name: String, message: JSONValue)] {
        let operations = json["/operations"]?.object?.members ?? []
        return operations.map(\.value).filter {
            $0["/action"]?.string == action
                && $0["/channel/$ref"]?.string == "#/channels/\(channel)"
        }.flatMap { $0["/messages"]?.array ?? [] }.compactMap { reference in
            target(target(reference)).map { ($0["/name"]?.string ?? "", $0) }
        }
    }
}

@Suite("The description of the streams for programs")
struct AsyncAPITests {
    @Test("refers only to what is in it, and has nothing that nothing refers to")
    func references() throws {
        let document = try StreamsDocument(try TestServer())
        var pending = [document.json]
        var targets: Set<String> = []
        while let value = pending.popLast() {
            if let reference = value["/$ref"]?.string {
                targets.insert(reference)
                #expect(document.target(value) != nil, "\(reference)")
            }
            pending += (value.object?.members ?? []).map(\.value) + (value.array ?? [])
        }
        for (kind, components) in document.json["/components"]?.object?.members ?? [] {
            for (name, _) in components.object?.members ?? [] {
                #expect(targets.contains("#/components/\(kind)/\(name)"))
            }
        }
        #expect(targets.count > 50)
    }

    @Test("tells where the service is, as the description of the API does")
    func service() throws {
        let settings = ["kinto.http_scheme": "https", "kinto.project_name": "me"]
        let server = try TestServer(settings: settings)
        let document = try StreamsDocument(server).json
        #expect(document["/asyncapi"] == "3.0.0")
        let api = JSONValue.object(try server.request("GET", "/v1/__api__").json)
        #expect(document["/info/title"] == api["/info/title"])
        #expect(document["/info/version"] == api["/info/version"])
        for (name, scheme) in [("http", "https"), ("webSocket", "wss")] {
            let described = document["/servers/\(name)"]
            #expect(described?["/host"] == api["/host"])
            #expect(described?["/pathname"] == api["/basePath"])
            #expect(described?["/protocol"]?.string == scheme)
        }
    }

    @Test("has the channels that the settings let be there, whose addresses are the API's paths")
    func channels() throws {
        let server = try TestServer()
        let document = try StreamsDocument(server).json
        let channels = try #require(document["/channels"]?.object)
        #expect(
            channels.keys
                == ["changes", "changesWebSocket", "collection", "collectionWebSocket", "push"])
        let paths = try server.request("GET", "/v1/__api__").json["paths"]?.object
        for (_, channel) in channels.members {
            let address = try #require(channel["/address"]?.string)
            #expect(paths?[address] != nil, "\(address)")
            let names = channel["/parameters"]?.object?.keys ?? []
            #expect(names.count == address.split(separator: "{").count - 1)
            for name in names { #expect(address.contains("{\(name)}")) }
        }
        let megaphone = [
            "kinto.includes": "", "kinto.changes.resources": "",
            "heliograph.broadcasts.reader_tokens": "token",
        ]
        let pushing = try StreamsDocument(try TestServer(settings: megaphone)).json
        #expect(pushing["/channels"]?.object?.keys == ["push"])
        let neither = ["kinto.includes": "", "kinto.changes.resources": ""]
        let bare = try TestServer(settings: neither)
        #expect(try bare.request("GET", "/v1\(StreamPath.document)").status == 404)
    }

    @Test("has operations with messages of their channels only, each direction's once")
    func operations() throws {
        let document = try StreamsDocument(try TestServer()).json
        for (name, operation) in document["/operations"]?.object?.members ?? [] {
            let action = operation["/action"]?.string
            #expect(action == "send" || action == "receive", "\(name)")
            let channel = try #require(operation["/channel/$ref"]?.string)
            let listed = [operation["/messages"], operation["/reply/messages"]].flatMap {
                $0?.array ?? []
            }
            #expect(!listed.isEmpty)
            for message in listed {
                #expect(message["/$ref"]?.string?.hasPrefix("\(channel)/messages/") == true)
            }
            if action == "receive" { #expect(operation["/messages"]?.array?.count == 1) }
        }
        #expect(document["/operations/collection.send/security"]?.array?.count == 2)
        #expect(document["/operations/changes.send/security"] == nil)
        let isPrivate = ["heliograph.changes.private": "true"]
        let guarded = try StreamsDocument(try TestServer(settings: isPrivate)).json
        #expect(guarded["/operations/changes.send/security"]?.array?.count == 2)
    }

    @Test("has examples that are as it says")
    func examples() throws {
        let document = try StreamsDocument(try TestServer()).json
        let messages = try #require(document["/components/messages"]?.object)
        for (name, message) in messages.members {
            let example = try #require(message["/examples/0"])
            for part in ["headers", "payload"] {
                #expect((example["/\(part)"] == nil) == (message["/\(part)"] == nil), "\(name)")
                guard let value = example["/\(part)"], let schema = message["/\(part)"] else {
                    continue
                }
                // Of what clients may say more than is looked at, an example may have some.
                let validator = SchemaValidator(isStrict: !name.hasSuffix("Request"))
                #expect(validator.violations(value, schema) == [], "\(name)")
            }
        }
    }

    @Test(
        "has every parameter that an address may have, and no other",
        arguments: [("changes", false), ("collection", true)])
    func query(channel: String, isOfCollection: Bool) throws {
        let document = try StreamsDocument(try TestServer()).json
        let query = try #require(document["/operations/\(channel).send/bindings/http/query"])
        #expect(document["/channels/\(channel)WebSocket/bindings/ws/query"] == query)
        let names = try #require(query["/properties"]?.object?.keys)
        #expect(names.contains("_since") && query["/additionalProperties"] == false)
        let values = ["resource": "/buckets/b", "_include": "changes", "_encoding": "gzip"]
        let others = StreamParameter.allCases.map(\.rawValue) + ["limit", "_limit"]
        for name in names + others {
            let head = HTTPRequestHead(
                method: .get, target: "/?\(name)=\(values[name] ?? "1")", fields: HTTPFields())
            let parsed = try? SubscriptionQuery(parsing: head, isOfCollection: isOfCollection)
            #expect((parsed != nil) == names.contains(name), "\(name)")
        }
    }

    @Test("has the close codes that are sent")
    func closeCodes() {
        for encoding in [StreamEncoding.webSocket, .push] {
            let codes = Set(encoding.closeCodes.map(\.code))
            #expect(codes.count == encoding.closeCodes.count)
            #expect(codes.isSuperset(of: WebSocketError.allCases.map(\.closeCode)))
        }
        #expect(StreamEncoding.eventStream.closeCodes.isEmpty)
    }

    @Test("is kept by clients until it changes, and is another for another host")
    func caching() throws {
        let server = try TestServer(settings: ["kinto.http_host": ""])
        for path in [StreamPath.document, "/__api__"] {
            let first = try server.request("GET", "/v1\(path)", user: nil)
            let tag = try #require(first.fields["ETag"])
            #expect(first.fields["Content-Type"] == "application/json")
            #expect(first.fields["Cache-Control"] == "no-cache")
            let again = try server.request("GET", "/v1\(path)", user: nil)
            #expect(again.fields["ETag"] == tag && again.body == first.body)
            let connection = try server.connect()
            try connection.send("GET", "/v1\(path)", fields: ["If-None-Match": tag])
            #expect(try connection.readAnswer(hasBody: false).status == 304)
            try connection.send("HEAD", "/v1\(path)")
            let head = try connection.readAnswer(hasBody: false)
            #expect(head.fields["Content-Length"] == "\(first.body.utf8.count)")
            try connection.send("GET /v1\(path) HTTP/1.1\r\nHost: other\r\n\r\n")
            let other = try connection.readAnswer()
            #expect(other.fields["ETag"] != tag && other.body.contains("\"other\""))
        }
    }
}
