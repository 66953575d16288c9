// SPDX-License-Identifier: MIT

import Core

/// What `poll` asks for: collections of which one is large, readable by everybody.
struct PollData {
    private let options: PollOptions
    private let connection: HTTPConnection
    private let validator: String
    private let timestamp: Int64

    private static let listPath = "/buckets/monitor/collections/changes/records"

    /// Writes the data.
    ///
    /// - Throws: `BenchFailure`.
    init(options: PollOptions, server: ServerProcess) throws {
        self.options = options
        connection = try HTTPConnection(url: server.url, credentials: options.run.credentials)
        var loader = BatchLoader(requestsPerBatch: Limits.batchRequestsDefault)
        loader.put(
            ChangeID.bucket, ["permissions": ["read": .array([.string("system.Everyone")])]])
        for number in 0..<options.collections {
            let path = ChangeID.path(ofCollection: number)
            loader.put(path, [:])
            loader.put(path + "/records/heartbeat", ["data": ["serial": .integer(0)]])
        }
        let text = String(repeating: "heliograph ", count: options.recordBytes / 11 + 1)
        for number in 0..<options.records {
            let path = ChangeID.path(ofCollection: 0) + "/records/record-\(number)"
            loader.put(
                path, ["data": ["text": .string(String(text.prefix(options.recordBytes)))]])
        }
        loader.finish()
        _ = try loader.send(on: connection)

        let list = try connection.request("GET", Self.listPath)
        let entries = try? JSONParser.parse(list.body).object?["data"]?.array
        let large = entries?.compactMap(\.object).first { entry in
            entry["collection"]?.string == ChangeID.name(ofCollection: 0)
        }
        guard list.status == 200, let timestamp = large?["last_modified"]?.integer,
            let validator = try list.field("etag")
        else { throw BenchFailure("GET \(Self.listPath): \(list.status), without the collection") }
        self.timestamp = timestamp
        self.validator = validator
    }

    /// The whole answer, head and body, to a request.
    ///
    /// - Throws: `BenchFailure` if it has not the status that it should have.
    func answer(to poll: PollCase) throws -> [UInt8] {
        let answer = try connection.request("GET", path(of: poll), fields: fields(of: poll))
        guard answer.status == status(of: poll) else {
            throw BenchFailure("GET \(path(of: poll)): \(answer.status)")
        }
        return answer.head + answer.body
    }

    /// How many bytes another server's whole answer has.
    ///
    /// - Throws: `BenchFailure` if it has not the status that it should have.
    func sizeOfAnswer(to poll: PollCase, from url: ServiceURL, _ path: String?) throws -> Int {
        let other = try HTTPConnection(url: url, credentials: options.run.credentials)
        let path = path ?? self.path(of: poll)
        let answer = try other.request("GET", path, fields: fields(of: poll))
        guard answer.status == status(of: poll) else {
            throw BenchFailure("GET \(path) of the other server: \(answer.status)")
        }
        return answer.head.count + answer.body.count
    }

    /// The job that asks for this again and again.
    ///
    /// - Parameter path: What another server is asked for instead.
    func job(_ poll: PollCase, url: ServiceURL, path: String? = nil) -> RequestJob {
        RequestJob(
            url: url, connections: options.connections, path: path ?? self.path(of: poll),
            fields: fields(of: poll), statuses: [status(of: poll)])
    }

    private func path(of poll: PollCase) -> String {
        switch poll {
        case .list, .notModified: Self.listPath
        case .filtered: "\(Self.listPath)?bucket=bench&collection=bench-1"
        case .changeset: "\(ChangeID.path(ofCollection: 0))/changeset?_expected=\(timestamp)"
        }
    }

    private func fields(of poll: PollCase) -> String {
        switch poll {
        case .list, .filtered, .changeset: ""
        case .notModified: "If-None-Match: \(validator)\r\n"
        }
    }

    private func status(of poll: PollCase) -> Int {
        switch poll {
        case .list, .filtered, .changeset: 200
        case .notModified: 304
        }
    }
}
