// SPDX-License-Identifier: MIT

import Core
import KintoAPI
import Reactor
import Storage
import Streams

@testable import Server

/// A whole server within the test process, on a port of its own.
final class TestServer: Sendable {
    let server: HeliographServer
    let port: UInt16

    /// Starts a server that monitors everything, unless `settings` say otherwise.
    init(
        settings: [String: String] = [:], storage: (any Storage)? = nil, loops: Int = 1,
        connectionsMax: Int = Limits.connectionsPerLoopDefault,
        streams: StreamConfiguration = StreamConfiguration(),
        edge: EdgeConfiguration = EdgeConfiguration(),
        memoryGauge: MemoryGauge? = nil,
        reporter: HeliographServer.Reporter = HeliographServer.Reporter()
    ) throws {
        var values = KintoSettings.embedded
        values["kinto.http_host"] = "test"
        for (key, value) in settings { values[key] = value }
        var options = HeliographServer.Options(
            listeners: [.tcp(host: "127.0.0.1", port: 0)], loops: loops,
            connectionsMax: connectionsMax, streams: streams, kinto: try KintoSettings(values))
        options.edge = edge
        options.memoryGauge = memoryGauge
        server = try HeliographServer(
            options,
            storage: storage
                ?? MemoryStorage(epoch: Epoch(randomBits: 7), clock: HeliographServer.now),
            reporter: reporter)
        guard case .tcp(_, let port)? = server.addresses.first?.address else {
            preconditionFailure("no port")
        }
        self.port = port
    }

    deinit { server.stop() }

    func connect() throws -> TestConnection { try TestConnection(port: port) }

    /// Sends one request on a connection of its own and returns the answer.
    func request(
        _ method: String, _ path: String, body: String? = nil, fields: [String: String] = [:],
        user: String? = "me:secret"
    ) throws -> TestConnection.Answer {
        var fields = fields.merging(BasicUser.fields(user)) { _, own in own }
        if body != nil { fields["Content-Type"] = "application/json" }
        let connection = try connect()
        try connection.send(method, path, fields: fields, body: body)
        return try connection.readAnswer(hasBody: method != "HEAD")
    }

    /// Makes a bucket and a collection.
    func makeCollection(_ bucket: String = "b", _ collection: String = "c") throws {
        _ = try request("PUT", "/v1/buckets/\(bucket)")
        _ = try request("PUT", "/v1/buckets/\(bucket)/collections/\(collection)")
    }

    /// Writes a record and returns the status.
    @discardableResult
    func write(
        _ record: String, _ bucket: String = "b", _ collection: String = "c", data: String = "{}"
    ) throws -> Int {
        try request(
            "PUT", "/v1/buckets/\(bucket)/collections/\(collection)/records/\(record)",
            body: "{\"data\":\(data)}"
        ).status
    }
}

extension KintoSettings {
    /// What a server that was started without a file has: everyone may come, all is monitored.
    static let embedded = Dictionary(
        uniqueKeysWithValues: declarations.compactMap { setting in
            setting.row.defaultValueWithoutFile.map { (setting.row.name, $0) }
        })
}
