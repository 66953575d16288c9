// SPDX-License-Identifier: MIT

import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// A collection's newest timestamp.
struct Entry: Decodable, Sendable {
    let bucket: String
    let collection: String
    let last_modified: Int64
    let deleted: Bool?
}

/// What a subscriber is told.
enum Update: Sendable {
    /// A collection changed. Who keeps the cursor goes on behind this change.
    case change(Entry, cursor: String)
    /// Caught up: what follows is live.
    case ready(cursor: String)
    /// The cursor was not taken: the whole list follows.
    case reset(reason: String)
    /// The connection was lost; the client returns by itself.
    case interrupted(String, wait: Duration)
}

/// Follows the changes of a server: by its stream, and by polling where streams do not get through.
///
/// ```swift
/// for await update in Heliograph(base: URL(string: "http://127.0.0.1:8888/v1")!).updates() { … }
/// ```
struct Heliograph: Sendable {
    /// The server's address, with its version.
    let base: URL
    /// URIs of buckets and collections; all if empty.
    var resources: [String] = []
    /// Where to go on; from the beginning if nil.
    var cursor: String?
    /// Attempts at the stream that end without an event before a poll is made between them.
    var failuresBeforePolling = 3

    private let feed = "buckets/monitor/collections/changes"

    /// The updates, until the task that reads them is cancelled.
    func updates() -> AsyncStream<Update> {
        AsyncStream { continuation in
            let task = Task {
                await follow(continuation)
                continuation.finish()
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    private func follow(_ output: AsyncStream<Update>.Continuation) async {
        var position = cursor
        var backoff = Backoff()
        var failures = 0
        while !Task.isCancelled {
            do {
                for try await event in EventStream.events(of: streamRequest(position)) {
                    failures = 0
                    if let update = update(event) { output.yield(update) }
                    if event.name == "ready" { backoff.reset() }
                    if !event.id.isEmpty { position = event.id }
                }
            } catch {
                var interruption = error as? Interruption ?? Interruption(reason: "\(error)")
                failures += 1
                if failures >= failuresBeforePolling {
                    do {
                        position = try await poll(after: position, output)
                    } catch {
                        interruption = error as? Interruption ?? interruption
                    }
                }
                let wait = backoff.next(atLeast: interruption.wait)
                output.yield(.interrupted(interruption.reason, wait: wait))
                try? await Task.sleep(for: wait)
            }
        }
    }

    private func streamRequest(_ position: String?) -> URLRequest {
        var components = URLComponents(
            url: base.appending(path: feed + "/stream"), resolvingAgainstBaseURL: false)!
        components.queryItems = resources.map { URLQueryItem(name: "resource", value: $0) }
        var request = URLRequest(url: components.url!)
        request.setValue("text/event-stream", forHTTPHeaderField: "Accept")
        if let position { request.setValue(position, forHTTPHeaderField: "Last-Event-ID") }
        return request
    }

    private func update(_ event: ServerSentEvent) -> Update? {
        switch event.name {
        case "message":
            let entry = try? JSONDecoder().decode(Entry.self, from: Data(event.data.utf8))
            return entry.map { .change($0, cursor: event.id) }
        case "ready": return .ready(cursor: event.id)
        case "reset": return .reset(reason: event.data)
        default: return nil
        }
    }

    // MARK: Polling

    private struct Changeset: Decodable {
        let timestamp: Int64
        let changes: [Entry]
    }

    /// Asks once, and returns the position behind the answer.
    private func poll(
        after position: String?, _ output: AsyncStream<Update>.Continuation
    ) async throws -> String? {
        // A cursor begins with the timestamp that polling understands.
        let timestamp = position.flatMap { $0.split(separator: ".").first.map(String.init) }
        var components = URLComponents(
            url: base.appending(path: feed + "/changeset"), resolvingAgainstBaseURL: false)!
        components.queryItems = [URLQueryItem(name: "_expected", value: timestamp ?? "0")]
        if let timestamp {
            components.queryItems?.append(URLQueryItem(name: "_since", value: "\"\(timestamp)\""))
        }
        let (data, response) = try await URLSession.shared.data(from: components.url!)
        let answer = response as? HTTPURLResponse
        if answer?.statusCode == 204 { return position }
        guard answer?.statusCode == 200 else { throw Interruption(answer) }
        let changeset = try JSONDecoder().decode(Changeset.self, from: data)
        let cursor = "\(changeset.timestamp)"
        for entry in changeset.changes.reversed() where isWanted(entry) {
            output.yield(.change(entry, cursor: cursor))
        }
        return cursor
    }

    private func isWanted(_ entry: Entry) -> Bool {
        let bucket = "/buckets/\(entry.bucket)"
        return resources.isEmpty || resources.contains(bucket)
            || resources.contains("\(bucket)/collections/\(entry.collection)")
    }
}
