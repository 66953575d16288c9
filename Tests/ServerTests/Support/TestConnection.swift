// SPDX-License-Identifier: MIT

import CLinux
import Core
import Glibc
import Wire

/// A blocking client connection that gives up after a while instead of hanging.
final class TestConnection: @unchecked Sendable {
    struct Failure: Error {
        let reason: String
    }

    /// An answer as it came.
    struct Answer {
        let status: Int
        let fields: HTTPFields
        let body: String
        var json: JSONObject { ((try? JSONParser.parse(body)) ?? .null).object ?? JSONObject() }
    }

    private let descriptor: Int32
    private var unread: [UInt8] = []

    init(port: UInt16, from source: UInt32? = nil, secondsMax: Int = 20) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        if let source {
            address.sin_addr.s_addr = source.bigEndian
            address.sin_port = 0
            let result = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard result == 0 else { throw Failure(reason: "bind: \(errno)") }
            address.sin_port = port.bigEndian
        }
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure(reason: "connect: \(errno)") }
        setTimeout(seconds: secondsMax)
    }

    init(unixPath path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var storage = sockaddr_storage()
        let length = hg_unix_address(path, &storage)
        guard hg_connect(descriptor, &storage, length) == 0 else {
            throw Failure(reason: "connect: \(errno)")
        }
        setTimeout(seconds: 20)
    }

    deinit { close(descriptor) }

    private func setTimeout(seconds: Int) {
        var time = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    /// Makes the receive buffer so small that a stream that is not read soon blocks.
    func shrinkReceiveBuffer() {
        var size: Int32 = 4_096
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(
                    descriptor, $0.baseAddress?.advanced(by: sent), bytes.count - sent,
                    Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure(reason: "send: \(errno)") }
            sent += count
        }
    }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(
        _ method: String, _ path: String, fields: [String: String] = [:], body: String? = nil
    ) throws {
        var text = "\(method) \(path) HTTP/1.1\r\nHost: test\r\n"
        for (name, value) in fields { text += "\(name): \(value)\r\n" }
        if let body { text += "Content-Length: \(body.utf8.count)\r\n" }
        try send(text + "\r\n" + (body ?? ""))
    }

    /// Ends the sending direction.
    func finish() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// More bytes, or none at the end.
    func receive() throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count < 0, errno == ECONNRESET { return [] }
        guard count >= 0 else { throw Failure(reason: "receive: \(errno)") }
        return Array(buffer[..<count])
    }

    /// What was read ahead, or else more bytes; none at the end.
    func receiveSome() throws -> [UInt8] {
        guard unread.isEmpty else {
            defer { unread = [] }
            return unread
        }
        return try receive()
    }

    /// What is there, without waiting; nothing if nothing is.
    func receiveAvailable() throws -> [UInt8] {
        guard unread.isEmpty else { return try receiveSome() }
        var buffer = [UInt8](repeating: 0, count: 4 * 1024)
        let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        if count < 0, errno == EAGAIN || errno == ECONNRESET { return [] }
        guard count >= 0 else { throw Failure(reason: "receive: \(errno)") }
        return Array(buffer[..<count])
    }

    /// Everything up to the end of the connection.
    func readToEnd() throws -> String {
        while true {
            let bytes = try receive()
            if bytes.isEmpty { break }
            unread += bytes
        }
        defer { unread = [] }
        return String(decoding: unread, as: UTF8.self)
    }

    /// Reads until the text so far contains `needle`, and returns it up to and with that.
    func read(until needle: String) throws -> String {
        while true {
            if let end = place(of: Array(needle.utf8)) {
                defer { unread.removeFirst(end) }
                return String(decoding: unread[..<end], as: UTF8.self)
            }
            let bytes = try receive()
            guard !bytes.isEmpty else {
                throw Failure(
                    reason: "ended before \(needle): \(String(decoding: unread, as: UTF8.self))")
            }
            unread += bytes
        }
    }

    func readBytes(_ count: Int) throws -> [UInt8] {
        while unread.count < count {
            let bytes = try receive()
            guard !bytes.isEmpty else { throw Failure(reason: "ended early") }
            unread += bytes
        }
        defer { unread.removeFirst(count) }
        return Array(unread[..<count])
    }

    func readAnswer(hasBody: Bool = true) throws -> Answer {
        let head = try read(until: "\r\n\r\n")
        let lines = head.split(separator: "\r\n")
        guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { throw Failure(reason: "no status: \(head)") }
        var fields = HTTPFields()
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            fields.append(
                String(parts[0]), String((parts.count > 1 ? parts[1] : "").trimmed))
        }
        let length = fields["Content-Length"].flatMap { Int($0) } ?? 0
        let body = hasBody ? try readBytes(length) : []
        return Answer(status: status, fields: fields, body: String(decoding: body, as: UTF8.self))
    }

    /// The next WebSocket message's JSON; pings are passed over, a close is `{"type":"close"}`.
    func readMessage(_ decoder: inout WebSocketFrameDecoder) throws -> JSONObject {
        while true {
            let (consumed, event) = unread.withUnsafeBytes { decoder.decode($0) }
            unread.removeFirst(consumed)
            switch event {
            case .needMoreBytes:
                let bytes = try receive()
                guard !bytes.isEmpty else { throw Failure(reason: "ended") }
                unread += bytes
            case .message(.text(let text)):
                return try JSONParser.parse(text).object ?? JSONObject()
            case .close(let code, let reason):
                return JSONObject([
                    ("type", "close"), ("code", .integer(Int64(code?.rawValue ?? 1005))),
                    ("reason", .string(reason)),
                ])
            case .message, .ping, .pong: continue
            case .failed(let error): throw Failure(reason: "\(error)")
            }
        }
    }

    /// Asks for WebSocket and returns the answer's status.
    func upgrade(_ path: String, fields: [String: String] = [:]) throws -> Answer {
        var all = [
            "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        ]
        for (name, value) in fields { all[name] = value }
        try send("GET", path, fields: all)
        return try readAnswer()
    }

    private func place(of needle: [UInt8]) -> Int? {
        guard unread.count >= needle.count else { return nil }
        for start in 0...(unread.count - needle.count)
        where unread[start..<(start + needle.count)].elementsEqual(needle) {
            return start + needle.count
        }
        return nil
    }
}

extension Substring {
    fileprivate var trimmed: Substring { trimmingOptionalWhiteSpace() }
}
