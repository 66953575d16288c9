// SPDX-License-Identifier: MIT

import Synchronization
import Testing

@testable import Core

/// Work that waits until a test does it.
private final class Work: Sendable {
    private let jobs = Mutex<[@Sendable () -> Void]>([])
    var count: Int { jobs.withLock { $0.count } }

    func submit(_ job: @escaping @Sendable () -> Void) -> Bool {
        jobs.withLock { $0.append(job) }
        return true
    }

    func run() {
        let due = jobs.withLock { $0 }
        for job in due { job() }
    }
}

@Suite("A body that is compressed when it is asked for")
struct RenderedBodyTests {
    private func body(_ count: Int) -> RenderedBody {
        RenderedBody([UInt8](repeating: UInt8(ascii: "a"), count: count))
    }

    private func inflated(_ frame: EncodedFrame) throws -> [UInt8] {
        // A header of ten bytes, and a trailer of eight (RFC 1952, section 2.3).
        let inflater = Inflater(outputBytesMax: 1 << 20)
        var output: [UInt8] = []
        try inflater.inflate(Array(frame.bytes.dropFirst(10).dropLast(8)), to: &output)
        return output
    }

    @Test("is compressed at once up to the limit, and elsewhere above it", arguments: [0, 1])
    func atOnce(beyond: Int) throws {
        let body = body(Limits.compressedAtOnceBytesMax + beyond)
        let work = Work()
        let told = Mutex<[EncodedFrame?]>([])
        let first = body.compressed(by: work.submit) { frame in told.withLock { $0.append(frame) } }
        switch first {
        case .made(let frame):
            #expect(beyond == 0)
            #expect(try inflated(#require(frame)) == body.plain.bytes)
        case .later: #expect(beyond == 1)
        }
        #expect(work.count == beyond)
    }

    @Test("is compressed once for all who ask meanwhile, and those who ask later")
    func once() throws {
        let body = body(100_000)
        let work = Work()
        let told = Mutex<[EncodedFrame?]>([])
        for _ in 0..<3 {
            guard
                case .later = body.compressed(
                    by: work.submit,
                    completion: { frame in
                        told.withLock { $0.append(frame) }
                    })
            else {
                Issue.record("it is there before it was made")
                return
            }
        }
        #expect(work.count == 1 && told.withLock { $0.isEmpty })
        work.run()
        let frames = told.withLock { $0 }
        #expect(frames.count == 3)
        let frame = try #require(frames[0])
        #expect(frames.allSatisfy { $0 === frame })
        #expect(try inflated(frame) == body.plain.bytes)
        guard case .made(let known) = body.compressed(by: work.submit, completion: { _ in }) else {
            Issue.record("it was made")
            return
        }
        #expect(known === frame && work.count == 1)
    }

    @Test("stays as it is while there is too much to do, and is asked for again later")
    func refused() throws {
        let body = body(100_000)
        let isTold = Mutex(false)
        guard
            case .made(nil) = body.compressed(
                by: { _ in false },
                completion: { _ in
                    isTold.withLock { $0 = true }
                })
        else {
            Issue.record("it was refused")
            return
        }
        #expect(!isTold.withLock { $0 })
        let work = Work()
        guard case .later = body.compressed(by: work.submit, completion: { _ in }) else {
            Issue.record("it is made later")
            return
        }
        #expect(work.count == 1)
    }

    @Test("stays as it is if it would be no shorter", arguments: [2_000, 20_000])
    func incompressible(count: Int) {
        let body = RenderedBody(Digest.randomBytes(count))
        let told = Mutex<[EncodedFrame?]>([])
        let made = body.compressed(by: {
            $0(); return true
        }) { frame in
            told.withLock { $0.append(frame) }
        }
        if case .made(let frame) = made { told.withLock { $0.append(frame) } }
        #expect(told.withLock { $0.count == 1 && $0[0] == nil })
    }
}
