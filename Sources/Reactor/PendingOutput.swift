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

/// Frames on their way to a socket: some are out, and of the next one a part.
struct FrameRun {
    /// What `flush` ended in.
    enum Progress {
        /// Everything is out.
        case finished
        /// The socket is full again.
        case unfinished
        /// The connection is broken.
        case failed(CloseReason)
    }

    /// The frames.
    let frames: [EncodedFrame]
    /// Frames at the front that are out.
    private(set) var framesDone = 0
    /// Bytes of the next frame that are out.
    private(set) var offset: Int

    /// Makes a run of which `offset` bytes of the first frame are out.
    init(_ frames: [EncodedFrame], offset: Int = 0) {
        self.frames = frames
        self.offset = offset
    }

    /// Gives as much to the socket as it takes; `calls` and `bytesSent` grow by what was done.
    mutating func flush(
        to descriptor: Int32, calls: inout Int, bytesSent: inout Int
    ) -> Progress {
        while framesDone < frames.count {
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
        // Frames without bytes are out with what is before them.
        while framesDone < frames.count {
            let rest = frames[framesDone].count - offset
            guard left >= rest else { break }
            left -= rest
            offset = 0
            framesDone += 1
        }
        offset += left
    }
}

/// What the sockets of blocked connections did not take: references and offsets, sixteen bytes for
/// each frame of each connection, in one array.
///
/// The frames of a connection are a ring, which its last frame names: so it has both ends. A
/// stalled stream has one frame, of which the socket took a part or nothing.
struct PendingOutputs {
    /// Names what is kept for a connection: the row of its last frame.
    typealias Handle = UInt32

    private struct Row {
        /// The frame; nil in a free row.
        var frame: EncodedFrame?
        /// How many of its bytes are out.
        var offset: UInt32 = 0
        /// The row of the frame behind it, or of the first one; of a free row the next free one.
        var next: UInt32
    }

    private static let none = UInt32.max

    private var rows: [Row] = []
    private var firstFree = PendingOutputs.none
    private var used = 0

    /// Whether nothing is kept.
    var isEmpty: Bool { used == 0 }

    /// Keeps the bytes of a frame from `offset` on, behind what is kept already.
    ///
    /// - Parameter last: What is kept for the connection; nil if nothing is.
    /// - Returns: What names it from now on.
    mutating func append(_ frame: EncodedFrame, from offset: Int, to last: Handle?) -> Handle {
        assert(offset < frame.count && offset <= UInt32.max)
        let place = takeRow()
        var row = Row(frame: frame, offset: UInt32(offset), next: place)
        if let last {
            assert(offset == 0, "only the first frame can have been begun")
            row.next = rows[Int(last)].next
            rows[Int(last)].next = place
        }
        rows[Int(place)] = row
        return place
    }

    /// Keeps what of a run is not out.
    ///
    /// - Returns: What names it; nil if everything is out.
    mutating func append(_ run: FrameRun) -> Handle? {
        var last: Handle?
        for index in run.framesDone..<run.frames.count where run.frames[index].count > 0 {
            let offset = index == run.framesDone ? run.offset : 0
            last = append(run.frames[index], from: offset, to: last)
        }
        return last
    }

    /// Takes out what is kept for a connection.
    ///
    /// - Complexity: O(number of its frames).
    mutating func take(_ last: Handle) -> FrameRun {
        var frames: [EncodedFrame] = []
        var place = rows[Int(last)].next
        let offset = Int(rows[Int(place)].offset)
        while true {
            let row = rows[Int(place)]
            if let frame = row.frame { frames.append(frame) }
            rows[Int(place)] = Row(frame: nil, next: firstFree)
            firstFree = place
            used -= 1
            if place == last { break }
            place = row.next
        }
        if isEmpty { (rows, firstFree) = ([], Self.none) }
        return FrameRun(frames, offset: offset)
    }

    private mutating func takeRow() -> UInt32 {
        used += 1
        guard firstFree != Self.none else {
            rows.append(Row(frame: nil, next: Self.none))
            return UInt32(rows.count - 1)
        }
        defer { firstFree = rows[Int(firstFree)].next }
        return firstFree
    }
}
