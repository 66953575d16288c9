// SPDX-License-Identifier: MIT

import Core
import Hub
import Testing
import Wire

@testable import Streams

@Suite("A WebSocket peer")
struct WebSocketStreamsTests {
    private func received(_ bench: Bench, _ id: StreamID) throws -> [JSONObject] {
        var decoder = WebSocketFrameDecoder(role: .client)
        var objects: [JSONObject] = []
        let bytes = bench.transport.sockets[id.slot]?.received ?? []
        try bytes.withUnsafeBytes { buffer in
            var offset = 0
            while true {
                let rest = UnsafeRawBufferPointer(rebasing: buffer[offset...])
                let (taken, event) = decoder.decode(rest)
                offset += taken
                switch event {
                case .needMoreBytes: return
                case .message(.text(let text)):
                    objects.append(try #require(try JSONParser.parse(text).object))
                case .close(let code, let reason):
                    objects.append(
                        JSONObject([
                            ("type", "close"), ("code", .integer(Int64(code?.rawValue ?? 1005))),
                            ("reason", .string(reason)),
                        ]))
                case .message, .ping, .pong: continue
                case .failed(let error): Issue.record("the server sent a bad frame: \(error)")
                }
            }
        }
        return objects
    }

    private func say(_ text: String, _ bench: Bench, _ id: StreamID) -> Int {
        send(
            WebSocketFrameEncoder.text(Array(text.utf8), mask: WebSocketMask(1, 2, 3, 4)), bench, id
        )
    }

    private func send(_ bytes: [UInt8], _ bench: Bench, _ id: StreamID) -> Int {
        bytes.withUnsafeBytes { bench.webSockets.received($0, on: id) }
    }

    @Test("gets changes, ready and the cursor in JSON messages")
    func messages() throws {
        let bench = Bench()
        bench.write("a", 10)
        let id = bench.subscribe(0, encoding: .webSocket)
        let messages = try received(bench, id)
        #expect(messages.map { $0["type"]?.string } == ["change", "ready"])
        #expect(messages[0]["cursor"]?.string == "10.\(Bench.epoch).1")
        #expect(messages[0]["entry"]?.object?["collection"]?.string == "a")
        #expect(messages[1]["timestamp"]?.integer == 10)
    }

    @Test("replaces its filter by subscribe, an empty list meaning nothing")
    func subscribe() throws {
        let bench = Bench()
        bench.write("a", 1, bucket: "one")
        let id = bench.subscribe(0, encoding: .webSocket, filter: ChangeFilter(resources: []))
        _ = say(#"{"type":"subscribe","resources":["/buckets/one"],"since":null}"#, bench, id)
        _ = say(#"{"type":"subscribe","resources":[],"since":"1"}"#, bench, id)
        bench.write("b", 2, bucket: "one")
        bench.fanOut.synchronize()
        _ = say(#"{"type":"subscribe","since":1}"#, bench, id)
        let types = try received(bench, id).map { $0["type"]?.string }
        #expect(types == ["ready", "change", "ready", "ready", "change", "ready"])
    }

    @Test("gets pong with the id it sent")
    func ping() throws {
        let bench = Bench()
        let id = bench.subscribe(0, encoding: .webSocket)
        _ = say(#"{"type":"ping","id":7}"#, bench, id)
        #expect(try received(bench, id).last?["id"]?.integer == 7)
    }

    @Test(
        "that says nonsense is told so and stays",
        arguments: [
            "{", "[]", "1", "{}", #"{"type":"x"}"#, #"{"type":"subscribe","resources":"/"}"#,
            #"{"type":"subscribe","resources":["nope"]}"#, #"{"type":"subscribe","since":[]}"#,
            #"{"type":"subscribe","bucket":1}"#, #"{"type":1}"#,
        ])
    func nonsense(text: String) throws {
        let bench = Bench()
        let id = bench.subscribe(0, encoding: .webSocket)
        _ = say(text, bench, id)
        let last = try #require(try received(bench, id).last)
        #expect(last["type"]?.string == "error")
        #expect(last["code"]?.integer == 400 && last["errno"]?.integer == 107)
        #expect(bench.transport.sockets[0]?.isEnded == false)
    }

    @Test("may name as many resources as the limit and no more")
    func resourceLimit() throws {
        let bench = Bench()
        let id = bench.subscribe(0, encoding: .webSocket)
        for (count, type) in [(256, "ready"), (257, "error")] {
            let list = (0..<count).map { "\"/buckets/b\($0)\"" }.joined(separator: ",")
            _ = say("{\"type\":\"subscribe\",\"resources\":[\(list)]}", bench, id)
            #expect(try received(bench, id).last?["type"]?.string == type)
        }
        #expect(Limits.subscriptionResourcesMax == 256)
    }

    @Test("that breaks the protocol is told the code and closed")
    func protocolErrors() throws {
        let cases: [([UInt8], Int64)] = [
            (WebSocketFrameEncoder.text([0x61]), 1002),
            (WebSocketFrameEncoder.text([0xFF], mask: WebSocketMask(0, 0, 0, 0)), 1007),
            (WebSocketFrameEncoder.binary([1], mask: WebSocketMask(0, 0, 0, 0)), 1003),
            (WebSocketFrameEncoder.close(.normal, mask: WebSocketMask(0, 0, 0, 0)), 1000),
        ]
        for (bytes, code) in cases {
            let bench = Bench()
            let id = bench.subscribe(0, encoding: .webSocket)
            #expect(send(bytes, bench, id) == bytes.count)
            #expect(try received(bench, id).last?["code"]?.integer == code)
            #expect(bench.transport.sockets[0]?.isEnded == true)
        }
    }

    @Test("that does not read is not listened to")
    func backpressure() {
        let bench = Bench()
        let id = bench.subscribe(0, room: 30, encoding: .webSocket)
        let bytes = WebSocketFrameEncoder.ping([1], mask: WebSocketMask(0, 0, 0, 0))
        #expect(send(bytes, bench, id) == 0)
    }

    @Test("may send a message byte by byte")
    func dripping() throws {
        let bench = Bench()
        let id = bench.subscribe(0, encoding: .webSocket)
        var unread: [UInt8] = []
        let message = Array(#"{"type":"ping","id":"slow"}"#.utf8)
        for byte in WebSocketFrameEncoder.text(message, mask: WebSocketMask(9, 8, 7, 6)) {
            unread.append(byte)
            unread.removeFirst(send(unread, bench, id))
        }
        #expect(try received(bench, id).last?["id"]?.string == "slow")
    }
}
