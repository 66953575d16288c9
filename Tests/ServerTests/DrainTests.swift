// SPDX-License-Identifier: MIT

import Core
import Dispatch
import Glibc
import Reactor
import Streams
import Testing
import Wire

@testable import Server

private let streamPath = "/v1/buckets/monitor/collections/changes/stream"

@Suite("A drain")
struct DrainTests {
    @Test("spreads the return times evenly over the window", arguments: [1, 7, 1_000])
    func even(count: Int) {
        var drain = LoopDrain(
            beganAt: MonotonicInstant(nanoseconds: 0), windowMilliseconds: 10_000,
            streamsToTell: count)
        var random = SystemRandomNumberGenerator()
        var parts = [Int](repeating: 0, count: count)
        for _ in 0..<count {
            let chance = Double.random(in: 0..<1, using: &random)
            let time = drain.returnTime(after: 1_000, chance: chance)
            #expect((1_000...11_000).contains(time))
            parts[min(count - 1, (time - 1_000 + 1) * count / 10_000)] += 1
        }
        #expect(parts.allSatisfy { $0 <= 2 }, "one for each part, but for rounding")
    }

    @Test("ends the streams that cannot be told one after another, before the time is up")
    func oneAfterAnother() {
        let second: Int64 = 1_000_000_000
        #expect(Limits.drainTickMilliseconds * 20 <= 1_000, "a second's part is cut finely")
        var drain = LoopDrain(
            beganAt: MonotonicInstant(nanoseconds: second), windowMilliseconds: 10_000,
            streamsToTell: 0)
        drain.pushes = (0..<100).map { StreamID(slot: $0, generation: 1) }
        let due = (0...10).map {
            drain.pushesDue(at: MonotonicInstant(nanoseconds: second * Int64($0 + 1)))
        }
        #expect(due == [0, 13, 25, 38, 50, 63, 75, 88, 100, 100, 100])
        #expect(
            LoopDrain(
                beganAt: MonotonicInstant(nanoseconds: 0), windowMilliseconds: 0,
                streamsToTell: 0
            ).pushesDue(at: MonotonicInstant(nanoseconds: 0)) == 0)
    }

    @Test("tells each event stream its own time to return")
    func eventStreams() throws {
        let server = try TestServer()
        let connections = try (0..<100).map { _ in
            let connection = try server.connect()
            try connection.send("GET", streamPath)
            _ = try connection.read(until: "event: ready")
            return connection
        }
        server.server.drain(seconds: 10)
        var tenths = [Int](repeating: 0, count: 10)
        for connection in connections {
            let rest = try connection.readToEnd()
            let last = try #require(rest.split(separator: "\n\n").last)
            let time = try #require(Int(last.dropFirst("retry: ".count)))
            let within = time - Limits.retryMilliseconds.lowerBound
            try #require((0...10_000).contains(within))
            tenths[min(9, within / 1_000)] += 1
        }
        #expect(tenths.allSatisfy { (8...12).contains($0) })
    }

    @Test("is announced by heartbeats that say 503, while everything else goes on")
    func notice() throws {
        let server = try TestServer()
        let paths = ["/v1/__heartbeat__", "/v1/__lbheartbeat__"]
        for path in paths { #expect(try server.request("GET", path).status == 200) }
        let stream = try server.connect()
        try stream.send("GET", streamPath)
        _ = try stream.read(until: "event: ready")
        let isOver = DispatchSemaphore(value: 0)
        DispatchQueue.global().async {
            server.server.drain(seconds: 5, noticeSeconds: 3)
            isOver.signal()
        }
        while try server.request("GET", paths[1]).status == 200 {}
        #expect(try server.request("GET", paths[0]).status == 503)
        try server.makeCollection()
        #expect(try server.write("r") == 201)
        _ = try stream.read(until: "last_modified")
        #expect(try stream.readToEnd().contains("retry: "))
        isOver.wait()
    }

    @Test("refuses who connects at once, on every loop, while requests in progress go on")
    func refusal() throws {
        let server = try TestServer(loops: 2)
        let busy = try server.connect()
        let request = "POST /v1/batch HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\n{"
        try busy.send(request)
        let isOver = DispatchSemaphore(value: 0)
        DispatchQueue.global().async {
            server.server.drain(seconds: 20)
            isOver.signal()
        }
        var reason: String?
        for _ in 0..<2_000 where reason == nil {
            do {
                _ = try server.connect()
                usleep(1_000)
            } catch let failure as TestConnection.Failure {
                reason = failure.reason
            }
        }
        #expect(reason == "connect: \(ECONNREFUSED)")
        try busy.send("}")
        let answer = try busy.readAnswer()
        #expect(answer.status == 400)
        #expect(answer.fields["Connection"] == "close")
        isOver.wait()
    }

    @Test("answers those who waited to be accepted when it began")
    func waiting() throws {
        let server = try TestServer()
        let (isBusy, mayGoOn) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let isHeld = server.server.post {
            isBusy.signal()
            mayGoOn.wait()
            // The drain, which begins now, is to be the next that the loop hears of.
            usleep(200_000)
        }
        #expect(isHeld)
        isBusy.wait()
        let connections = try (0..<10).map { _ in
            let connection = try server.connect()
            try connection.send("GET", "/v1/__lbheartbeat__")
            return connection
        }
        mayGoOn.signal()
        server.server.drain(seconds: 20)
        for connection in connections {
            let answer = try connection.readAnswer()
            #expect(answer.status == 503)
            #expect(answer.fields["Connection"] == "close")
        }
    }
}
