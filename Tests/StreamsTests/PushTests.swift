// SPDX-License-Identifier: MIT

import Core
import Hub
import Testing
import Wire

@testable import Streams

private let own = Broadcast.monitorChangesID

/// What a browser has received: objects, and `close` with its code and reason.
private func received(_ bench: Bench, _ id: StreamID) throws -> [JSONObject] {
    var decoder = WebSocketFrameDecoder(role: .client)
    var objects: [JSONObject] = []
    var bytes = bench.transport.sockets[id.slot]?.received ?? []
    while true {
        let (taken, event) = bytes.withUnsafeBytes { decoder.decode($0) }
        bytes.removeFirst(taken)
        switch event {
        case .needMoreBytes: return objects
        case .message(.text(let text)):
            objects.append(try #require(try JSONParser.parse(text).object))
        case .close(let code, let reason):
            objects.append([
                "close": .integer(Int64(code?.rawValue ?? 1005)), "reason": .string(reason),
            ])
        case .ping: objects.append(["frame": "ping"])
        case .message, .pong: continue
        case .failed(let error): Issue.record("the server sent a bad frame: \(error)")
        }
    }
}

private func say(_ text: String, _ bench: Bench, _ id: StreamID) {
    let frame = WebSocketFrameEncoder.text(Array(text.utf8), mask: WebSocketMask(1, 2, 3, 4))
    _ = frame.withUnsafeBytes { bench.webSockets.received($0, on: id) }
}

private func announce(_ version: String, of broadcast: String = own, _ bench: Bench) {
    bench.hub.publish(
        Commit(broadcasts: [Broadcast(id: broadcast, version: version, time: .zero)]))
    bench.fanOut.synchronize()
}

private func open(_ bench: Bench, _ slot: UInt32 = 0, room: Int = .max / 2) -> StreamID {
    bench.subscribe(slot, room: room, encoding: .push, channel: .broadcasts)
}

private func greet(_ bench: Bench, _ id: StreamID, _ broadcasts: String = "{}") {
    say(#"{"messageType":"hello","broadcasts":\#(broadcasts),"use_webpush":true}"#, bench, id)
}

@Suite("A browser's push service")
struct PushTests {
    @Test("is answered all that it needs, with an identity of its own, and hears of each broadcast")
    func lifetime() throws {
        let bench = Bench()
        let first = open(bench, 0)
        let second = open(bench, 1)
        greet(bench, first)
        greet(bench, second)
        announce("\"1\"", bench)
        announce("\"2\"", bench)
        var identities: Set<String> = []
        for id in [first, second] {
            let messages = try received(bench, id)
            #expect(messages.count == 3)
            let uaid = try #require(messages[0]["uaid"]?.string)
            #expect(uaid.utf8.count == 32)
            #expect(uaid.allSatisfy { $0.isHexDigit && !$0.isUppercase })
            identities.insert(uaid)
            #expect(
                messages[0]
                    == [
                        "messageType": "hello", "status": 200, "uaid": .string(uaid),
                        "use_webpush": true, "broadcasts": [:],
                    ])
            for (message, version) in zip(messages.dropFirst(), ["\"1\"", "\"2\""]) {
                #expect(
                    message
                        == [
                            "messageType": "broadcast",
                            "broadcasts": [own: .string(version)],
                        ])
            }
        }
        #expect(identities.count == 2)
        #expect(bench.fanOut.statistics.subscribers[StreamEncoding.push.rawValue] == 2)
        for id in [first, second] {
            bench.transport.close(id)
            bench.fanOut.closed(id)
        }
        #expect(bench.fanOut.statistics.subscribers[StreamEncoding.push.rawValue] == 0)
        #expect(bench.transport.groupCount == 0)
    }

    @Test("hears nothing before its hello")
    func silent() throws {
        let bench = Bench()
        let id = open(bench)
        announce("\"1\"", bench)
        #expect(try received(bench, id) == [])
    }

    @Test(
        "is told with the answer what differs from what it knows, and what is not there",
        arguments: [
            ("{}", #"{"a/b":"v","\#(own)":"\"7\""}"#),
            (#"{"\#(own)":"\"7\""}"#, #"{"a/b":"v"}"#),
            (#"{"\#(own)":"\"9\"","a/b":"v"}"#, #"{"\#(own)":"\"7\""}"#),
            (
                #"{"\#(own)":"\"7\"","a/b":"v","no/such":"x"}"#,
                #"{"errors":{"no/such":"Broadcast not found"}}"#
            ),
        ])
    func differences(known: String, expected: String) throws {
        let bench = Bench()
        announce("\"7\"", bench)
        announce("v", of: "a/b", bench)
        let id = open(bench)
        greet(bench, id, known)
        let message = try #require(try received(bench, id).first)
        #expect(message["broadcasts"] == (try JSONParser.parse(expected)))
    }

    @Test("that listens for more is answered the differences, or nothing if there are none")
    func subscribe() throws {
        let bench = Bench()
        announce("\"7\"", bench)
        announce("v", of: "a/b", bench)
        let id = open(bench)
        greet(bench, id)
        for broadcasts in [#"{"\#(own)":"\"0\""}"#, #"{"\#(own)":"\"7\""}"#, #"{"x":"1"}"#] {
            say(#"{"messageType":"broadcast_subscribe","broadcasts":\#(broadcasts)}"#, bench, id)
        }
        let messages = try received(bench, id).dropFirst()
        #expect(messages.map { $0["messageType"] } == ["broadcast", "broadcast"])
        #expect(
            messages.map { $0["broadcasts"] }
                == [[own: "\"7\""], ["errors": ["x": "Broadcast not found"]]])
    }

    @Test("has pages' subscriptions refused so that it stays, and its pings answered")
    func registrations() throws {
        let bench = Bench()
        let id = open(bench)
        greet(bench, id)
        for text in [
            #"{"channelID":"c1","messageType":"register","key":"k"}"#,
            #"{"channelID":"c1","messageType":"unregister","code":200}"#,
            #"{"messageType":"ack","updates":[]}"#,
            #"{"messageType":"nack","version":"x","code":301}"#, "{}",
        ] {
            say(text, bench, id)
        }
        let answers = try received(bench, id).dropFirst()
        #expect(answers.map { $0["status"]?.integer } == [501, 200, nil])
        #expect(answers.map { $0["channelID"]?.string } == ["c1", "c1", nil])
        #expect(answers.last == [:])
        #expect(bench.transport.sockets[id.slot]?.isEnded == false)
    }

    @Test(
        "is closed for what autopush closes for, without waiting for its answer",
        arguments: [
            ("nonsense", true, 1011), ("null", true, 1011), ("[]", true, 1011),
            (#"{"messageType":"dance"}"#, true, 1011), (#"{"messageType":7}"#, true, 1011),
            (#"{"messageType":"hello"}"#, true, 1011),
            (#"{"messageType":"hello","broadcasts":{"a":1}}"#, false, 1011),
            (#"{"messageType":"hello","broadcasts":[]}"#, false, 1011),
            (#"{"messageType":"register"}"#, true, 1011),
            (#"{"messageType":"ack"}"#, false, 1011), ("{}", false, 1011),
        ])
    func refusals(text: String, hasGreeted: Bool, code: Int64) throws {
        let bench = Bench()
        let id = open(bench)
        if hasGreeted { greet(bench, id) }
        say(text, bench, id)
        #expect(try received(bench, id).last?["close"]?.integer == code)
        #expect(bench.transport.sockets[id.slot]?.isEnded == true)
        announce("\"1\"", bench)
        #expect(try received(bench, id).last?["close"]?.integer == code, "nothing follows")
    }

    @Test("is closed for binary messages")
    func binary() throws {
        let bench = Bench()
        let id = open(bench)
        let frame = WebSocketFrameEncoder.binary([1], mask: WebSocketMask(1, 2, 3, 4))
        _ = frame.withUnsafeBytes { bench.webSockets.received($0, on: id) }
        #expect(try received(bench, id).last?["close"]?.integer == 1003)
    }

    @Test(
        "may name as many broadcasts, and as long a subscription, as there can be",
        arguments: [0, 1])
    func limits(beyond: Int) throws {
        let bench = Bench()
        let names = (0..<Limits.broadcastsMax + beyond).map { "\"b\($0)\":\"\"" }
        let first = open(bench, 0)
        greet(bench, first, "{\(names.joined(separator: ","))}")
        let second = open(bench, 1)
        greet(bench, second)
        let channel = String(repeating: "c", count: Limits.pushChannelScalarsMax + beyond)
        say(#"{"messageType":"register","channelID":"\#(channel)"}"#, bench, second)
        for id in [first, second] {
            #expect((bench.transport.sockets[id.slot]?.isEnded == true) == (beyond == 1))
        }
    }

    @Test("that says nothing is closed after a while; one that said hello gets heartbeats instead")
    func deadlines() throws {
        let bench = Bench()
        let mute = open(bench, 0)
        #expect(bench.transport.sockets[0]?.deadline == Limits.pushHelloMillisecondsMax)
        bench.fanOut.deadlineReached(mute)
        #expect(try received(bench, mute) == [["close": 1011, "reason": "HandshakeTimeout"]])
        #expect(bench.transport.sockets[0]?.isEnded == true)

        let id = open(bench, 1)
        greet(bench, id)
        let interval = bench.fanOut.configuration.heartbeatMilliseconds
        let first = try #require(bench.transport.sockets[1]?.deadline)
        #expect((interval / 2...interval).contains(first))
        bench.fanOut.deadlineReached(id)
        #expect(try received(bench, id).suffix(1).map { $0["frame"]?.string } == ["ping"])
        #expect(bench.transport.sockets[1]?.isEnded == false)
        bench.fanOut.deadlineReached(id)
        #expect(bench.transport.sockets[1]?.isEnded == true, "it did not answer the ping")
    }

    @Test("that does not read gets the newest versions, each once, when it reads again")
    func conflation() throws {
        let bench = Bench()
        let id = open(bench, room: 150)
        greet(bench, id)
        for number in 1...200 { announce("\"\(number)\"", bench) }
        announce("v", of: "a/b", bench)
        for _ in 0..<100 where bench.transport.read(id, bytes: 40) { bench.fanOut.drained(id) }
        announce("\"201\"", bench)
        for _ in 0..<100 where bench.transport.read(id, bytes: 40) { bench.fanOut.drained(id) }
        let versions = try received(bench, id).dropFirst().flatMap { message in
            message["broadcasts"]?.object?.members.map { "\($0.key) \($0.value.string ?? "")" }
                ?? []
        }
        #expect(versions.suffix(3) == ["\(own) \"200\"", "a/b v", "\(own) \"201\""])
        #expect(versions.count < 10, "what was owed was conflated: \(versions)")
        #expect(Set(versions).count == versions.count)
    }
}
