// SPDX-License-Identifier: MIT

import CLinux
import Core
import Glibc

/// What one attempt to send ended in.
enum SendResult {
    /// The kernel took so many bytes, maybe not all.
    case took(Int)
    /// The kernel has no room.
    case blocked
    /// The connection is broken.
    case failed(CloseReason)

    /// Interprets what `send` or `sendmsg` returned.
    init(_ result: Int) {
        if result >= 0 {
            self = .took(result)
            return
        }
        let error = hg_errno()
        self =
            switch error {
            case EAGAIN, EINTR: .blocked
            default: .failed(CloseReason(errno: error))
            }
    }
}

extension CloseReason {
    /// What a socket's error says about the end of its connection.
    init(errno: Int32) {
        self =
            switch errno {
            case ECONNRESET, EPIPE: .peerReset
            case ETIMEDOUT: .stalled
            case 0: .peerClosed
            default: .failed(errno: errno)
            }
    }
}

/// The frames that a blocked connection's socket did not take: references and one offset.
struct PendingOutput {
    /// What `flush` ended in.
    enum Progress {
        /// Everything is out.
        case finished
        /// The socket is full again.
        case unfinished
        /// The connection is broken.
        case failed(CloseReason)
    }

    /// Nanoseconds to linger once everything is out, if the connection then closes.
    var lingerNanoseconds: Int64 = 0
    private var frames: [EncodedFrame] = []
    /// Frames at the front that are out.
    private var framesDone = 0
    /// Bytes of the next frame that are out.
    private var offset = 0

    /// Adds the bytes of `frame` from `offset` on.
    mutating func append(_ frame: EncodedFrame, from offset: Int) {
        assert(offset == 0 || frames.isEmpty, "only the first frame can have been begun")
        guard offset < frame.count else { return }
        if framesDone > Limits.framesPerSendMax, framesDone * 2 > frames.count {
            frames.removeFirst(framesDone)
            framesDone = 0
        }
        if frames.isEmpty { self.offset = offset }
        frames.append(frame)
    }

    /// Whether nothing is left.
    var isEmpty: Bool { framesDone == frames.count }

    /// Gives as much to the socket as it takes; `calls` and `bytesSent` grow by what was done.
    mutating func flush(
        to descriptor: Int32, calls: inout Int, bytesSent: inout Int
    ) -> Progress {
        while !isEmpty {
            let before = framesDone
            let batch = min(frames.count - framesDone, Limits.framesPerSendMax)
            calls += 1
            switch SendResult(sendParts(batch, to: descriptor)) {
            case .failed(let reason): return .failed(reason)
            case .blocked: return .unfinished
            case .took(let count):
                bytesSent += count
                consume(count)
                if framesDone - before < batch { return .unfinished }
            }
        }
        return .finished
    }

    private func sendParts(_ count: Int, to descriptor: Int32) -> Int {
        withUnsafeTemporaryAllocation(of: iovec.self, capacity: count) { parts in
            for index in 0..<count {
                let skipped = index == 0 ? offset : 0
                // A frame's bytes neither move nor change while it is referenced, as it is here.
                frames[framesDone + index].bytes.withUnsafeBytes { bytes in
                    parts[index] = iovec(
                        iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress)
                            .map { $0 + skipped },
                        iov_len: bytes.count - skipped)
                }
            }
            return withExtendedLifetime(frames) {
                hg_send_parts(descriptor, parts.baseAddress, count)
            }
        }
    }

    private mutating func consume(_ count: Int) {
        var left = count
        while left > 0 {
            let rest = frames[framesDone].count - offset
            guard left >= rest else {
                offset += left
                break
            }
            left -= rest
            offset = 0
            framesDone += 1
        }
    }
}
