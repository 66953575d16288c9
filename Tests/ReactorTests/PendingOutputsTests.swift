// SPDX-License-Identifier: MIT

import Core
import Testing

@testable import Reactor

@Suite("What sockets did not take")
struct PendingOutputsTests {
    private func texts(_ run: FrameRun) -> [String] {
        run.frames.map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    @Test("is given back to each connection in its order, however they take turns")
    func turns() throws {
        var random = SystemRandomNumberGenerator()
        var outputs = PendingOutputs()
        var kept: [Int: (handle: PendingOutputs.Handle, texts: [String], offset: Int)] = [:]
        for number in 0..<10_000 {
            let connection = Int.random(in: 0..<8, using: &random)
            if let known = kept[connection], Int.random(in: 0..<4, using: &random) == 0 {
                let run = outputs.take(known.handle)
                kept[connection] = nil
                #expect(texts(run) == known.texts)
                #expect(run.offset == known.offset)
                #expect(outputs.isEmpty == kept.isEmpty)
            } else {
                let known = kept[connection]
                let offset = known == nil ? Int.random(in: 0..<3, using: &random) : 0
                let text = "frame \(number)"
                let handle = outputs.append(EncodedFrame(text), from: offset, to: known?.handle)
                kept[connection] = (
                    handle, (known?.texts ?? []) + [text], known?.offset ?? offset
                )
            }
        }
        for known in kept.values {
            let run = outputs.take(known.handle)
            #expect(texts(run) == known.texts)
        }
        #expect(outputs.isEmpty)
    }

    @Test("of a run is what is not out, without frames that have no bytes")
    func run() throws {
        var outputs = PendingOutputs()
        let run = FrameRun(["abc", "", "de", ""].map { EncodedFrame($0) }, offset: 2)
        let kept = outputs.append(run)
        let handle = try #require(kept)
        let taken = outputs.take(handle)
        #expect(texts(taken) == ["abc", "de"])
        #expect(taken.offset == 2)
        let none = outputs.append(FrameRun([EncodedFrame("")]))
        #expect(none == nil)
        #expect(outputs.isEmpty)
    }
}
