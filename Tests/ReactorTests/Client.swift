// SPDX-License-Identifier: MIT

import CLinux
import Glibc

@testable import Reactor

/// The other end of a connection: blocking calls that give up after 20 seconds.
final class Client: Sendable {
    enum Failure: Error { case refused(Int32) }

    private let raw: Int32

    init(adopting raw: Int32) { self.raw = raw }

    convenience init(port: UInt16, host: String = "127.0.0.1") throws {
        var list: UnsafeMutablePointer<addrinfo>?
        guard hg_resolve(host, &list) == 0, let entry = list?.pointee else {
            throw Failure.refused(EINVAL)
        }
        defer { freeaddrinfo(list) }
        var storage = sockaddr_storage()
        memcpy(&storage, entry.ai_addr, Int(entry.ai_addrlen))
        hg_set_port(&storage, port)
        try self.init(&storage, entry.ai_addrlen)
    }

    convenience init(path: String) throws {
        var storage = sockaddr_storage()
        let length = hg_unix_address(path, &storage)
        try self.init(&storage, length)
    }

    private init(_ storage: inout sockaddr_storage, _ length: socklen_t) throws {
        raw = hg_stream_socket(Int32(storage.ss_family))
        if hg_connect(raw, &storage, length) != 0 {
            var error = hg_errno()
            if error == EINPROGRESS {
                Self.await(raw, POLLOUT)
                error = hg_take_socket_error(raw)
            }
            if error != 0 { throw Failure.refused(error) }
        }
    }

    deinit { _ = close(raw) }

    /// Sends everything; false if the peer has gone.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                hg_send(raw, $0.baseAddress! + sent, bytes.count - sent)
            }
            if count > 0 {
                sent += count
            } else if hg_errno() == EAGAIN {
                guard Self.await(raw, POLLOUT) else { return false }
            } else {
                return false
            }
        }
        return true
    }

    /// Sends what the kernel takes without waiting, and returns how much that was.
    func sendWhatFits(_ bytes: [UInt8]) -> Int {
        _ = hg_set_send_buffer(raw, Int32(bytes.count * 4))
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { hg_send(raw, $0.baseAddress, $0.count) }
            if count <= 0 { break }
            sent += count
        }
        return sent
    }

    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// The next bytes, empty at the end, nil after an error or 20 seconds.
    func receive(max: Int = 65_536) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: max)
        while true {
            let count = hg_receive(raw, &buffer, max)
            if count >= 0 { return Array(buffer[..<count]) }
            guard hg_errno() == EAGAIN, Self.await(raw, POLLIN) else { return nil }
        }
    }

    /// Exactly `count` bytes, or fewer if the end or an error comes first.
    func receive(exactly count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count, let more = receive(max: min(65_536, count - bytes.count)),
            !more.isEmpty
        { bytes += more }
        return bytes
    }

    /// Whether the next bytes are `expected`: a yes or no, because describing how two large arrays
    /// differ takes for ever.
    func gets(_ expected: [UInt8]) -> Bool { receive(exactly: expected.count) == expected }

    /// Everything up to the end; nil if there was an error instead.
    func receiveAll() -> [UInt8]? {
        var bytes: [UInt8] = []
        while let more = receive() {
            if more.isEmpty { return bytes }
            bytes += more
        }
        return nil
    }

    /// Whether there is nothing to read now.
    var isSilent: Bool {
        var event = pollfd(fd: raw, events: Int16(POLLIN), revents: 0)
        return poll(&event, 1, 0) == 0
    }

    func endSending() { _ = hg_end_sending(raw) }

    /// Makes the end of the connection a reset.
    func resetWhenClosed() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(raw, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    @discardableResult
    private static func await(_ raw: Int32, _ events: Int32) -> Bool {
        var event = pollfd(fd: raw, events: Int16(events), revents: 0)
        return poll(&event, 1, 20_000) == 1
    }
}
