// SPDX-License-Identifier: MIT

import Core

/// What a client process asks a server again and again.
struct RequestJob {
    /// Where a request's own number is put: ten digits, so that all requests are of one length.
    static let numberMark = "{0000number}"
    /// The number of the first request.
    static let firstNumber: Int64 = 1_000_000_000

    /// The server.
    var url: ServiceURL
    /// Kept connections.
    var connections: Int
    /// The whole request: head, empty line, body.
    var request: String
    /// The statuses that are right.
    var statuses: [Int]
    /// The number of the first request is this much above `firstNumber`.
    var firstNumber = 0

    /// Makes a job of a request's parts.
    ///
    /// - Parameters:
    ///   - path: The path below the base URL; it and the body may contain `numberMark`.
    ///   - fields: Lines of the head, each with its CRLF.
    init(
        url: ServiceURL, connections: Int, method: String = "GET", path: String,
        fields: String = "", body: String = "", statuses: [Int] = [200]
    ) {
        self.url = url
        self.connections = connections
        self.statuses = statuses
        var request =
            "\(method) \(url.target(path)) HTTP/1.1\r\nHost: \(url.authority)\r\n\(fields)"
        if !body.isEmpty {
            let marks = body.ranges(of: Self.numberMark).count
            let length = body.utf8.count - marks * (Self.numberMark.utf8.count - 10)
            request += "Content-Type: application/json\r\nContent-Length: \(length)\r\n"
        }
        self.request = request + "\r\n" + body
    }

    /// The line for the `Authorization` of credentials such as `user:password`.
    static func authorization(_ credentials: String) -> String {
        "Authorization: Basic \(Base64.encode(Array(credentials.utf8)))\r\n"
    }

    /// The job as one line of JSON.
    var json: JSONValue {
        [
            "url": .string(url.description), "connections": .integer(Int64(connections)),
            "request": .string(request), "first_number": .integer(Int64(firstNumber)),
            "statuses": .array(statuses.map { .integer(Int64($0)) }),
        ]
    }

    /// Reads what `json` wrote, or returns nil if it is something else.
    init?(json: JSONValue?) {
        guard let object = json?.object,
            let url = object["url"]?.string.flatMap({ ServiceURL(parsing: $0) }),
            let connections = object["connections"]?.integer,
            let request = object["request"]?.string,
            let firstNumber = object["first_number"]?.integer,
            let statuses = object["statuses"]?.array
        else { return nil }
        self.url = url
        self.connections = Int(connections)
        self.request = request
        self.firstNumber = Int(firstNumber)
        self.statuses = statuses.compactMap(\.integer).map { Int($0) }
    }
}

/// How long and how fast a job is done.
struct RequestRun {
    /// Requests at most.
    var count: Int
    /// Requests per second by a schedule fixed in advance, or 0 for one after the other on each
    /// connection.
    var perSecond: Int
    /// How long requests are begun.
    var milliseconds: Int
}
