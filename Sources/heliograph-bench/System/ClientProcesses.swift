// SPDX-License-Identifier: MIT

import Core
import Glibc

/// Processes of this program that are the clients of a measurement. They are told what to do, and
/// answer, in lines; each ends when its standard input does, and so never outlives its parent.
final class ClientProcesses {
    private final class Client {
        let process: ChildProcess
        var lines = LineSplitter()

        init(process: ChildProcess) { self.process = process }
    }

    private var clients: [Client] = []

    /// Starts one process for each command line.
    ///
    /// - Throws: `BenchFailure`.
    init(commandLines: [[String]]) throws {
        for arguments in commandLines {
            let process = try ChildProcess(
                path: "/proc/self/exe", arguments: arguments, input: .pipe, output: .pipe,
                errors: .null)
            clients.append(Client(process: process))
        }
    }

    deinit {
        for client in clients { client.process.closeInput() }
        for client in clients {
            client.process.end(secondsMax: Limits.benchClientStopSecondsMax)
        }
    }

    /// How many processes there are.
    var count: Int { clients.count }

    /// Tells all processes a line.
    ///
    /// - Throws: `BenchFailure` if one has ended.
    func tell(_ line: String) throws {
        for client in clients { try tell(line, client) }
    }

    /// Tells all processes a line and waits for the answers.
    ///
    /// - Parameter word: The first word that an answer must have.
    /// - Returns: What stands behind that word in each answer.
    /// - Throws: `BenchFailure` if one has ended, has failed or says something else.
    func ask(_ line: String, expecting word: String) throws -> [String] {
        try tell(line)
        return try answers(word)
    }

    /// Tells each process a line of its own.
    ///
    /// - Throws: `BenchFailure` if one has ended.
    func tell(_ lines: [String]) throws {
        precondition(lines.count == clients.count)
        for (line, client) in zip(lines, clients) { try tell(line, client) }
    }

    /// Waits for an answer of each process.
    ///
    /// - Parameter word: The first word that an answer must have.
    /// - Returns: What stands behind that word in each answer.
    /// - Throws: `BenchFailure` if one has ended, has failed or says something else.
    func answers(_ word: String) throws -> [String] {
        try clients.map { client in
            while true {
                if let line = client.lines.next() {
                    let (first, rest) = try Self.split(line)
                    guard first == word else {
                        throw BenchFailure("a client process says '\(line.prefix(80))'")
                    }
                    return rest
                }
                try read(client)
            }
        }
    }

    /// Waits until every process has said `ready`.
    ///
    /// - Parameter progress: Called with the sum of what they say in lines such as `opened 500`.
    /// - Throws: `BenchFailure` if one has ended or has failed.
    func waitUntilReady(_ progress: (Int) -> Void) throws {
        var opened = Array(repeating: 0, count: clients.count)
        var waiting = Set(clients.indices)
        while !waiting.isEmpty {
            let places = waiting.sorted()
            var polls = places.map { place in
                pollfd(fd: clients[place].process.output ?? -1, events: Int16(POLLIN), revents: 0)
            }
            guard poll(&polls, nfds_t(polls.count), -1) > 0 else { continue }
            for (place, poll) in zip(places, polls) where poll.revents != 0 {
                try read(clients[place])
                while let line = clients[place].lines.next() {
                    let (word, rest) = try Self.split(line)
                    if word == "opened" { opened[place] = Int(rest) ?? 0 }
                    if word == "ready" { waiting.remove(place) }
                }
            }
            progress(opened.reduce(0, +))
        }
    }

    private func tell(_ line: String, _ client: Client) throws {
        guard let input = client.process.input else { return }
        try FileDescriptor.writeAll(Array((line + "\n").utf8), to: input)
    }

    private func read(_ client: Client) throws {
        let bytes = try FileDescriptor.readSome(from: client.process.output ?? -1)
        guard !bytes.isEmpty else {
            throw BenchFailure("a client process ended (\(client.process.describeEnd()))")
        }
        client.lines.append(bytes)
    }

    private static func split(_ line: String) throws -> (word: Substring, rest: String) {
        let parts = line.split(separator: " ", maxSplits: 1)
        let rest = parts.count > 1 ? String(parts[1]) : ""
        guard parts.first != "failed" else { throw BenchFailure(rest) }
        return (parts.first ?? "", rest)
    }
}
