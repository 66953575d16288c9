// SPDX-License-Identifier: MIT

import CLinux
import Glibc

/// A blocking connection of a client: TCP, and TLS on it for `https`.
struct ClientSocket {
    /// Why there is no connection, or none any more.
    struct Failure: Error, CustomStringConvertible {
        /// The reason, in one line.
        let description: String
        /// Whether it may pass by itself, as nothing does that is wrong with a certificate.
        var mayPass = true
    }

    private let descriptor: TCPDescriptor
    private let session: TLSSession?

    /// Connects to the first of the server's addresses that answers.
    ///
    /// - Parameter secondsMax: How long the server may be silent or not take anything before that
    ///   is a failure; nil for ever.
    /// - Throws: `Failure`.
    init(_ url: ServerURL, secondsMax: Int? = nil) throws(Failure) {
        let descriptor = try TCPDescriptor(url, secondsMax: secondsMax)
        session = url.isSecure ? try TLSSession(host: url.host) : nil
        if let session { try ClientSocket.shakeHands(session, descriptor) }
        self.descriptor = descriptor
    }

    /// Sends all of `bytes`.
    ///
    /// - Throws: `Failure`.
    func send(_ bytes: [UInt8]) throws(Failure) {
        guard let session else { return try descriptor.send(bytes) }
        try session.write(bytes)
        try descriptor.send(session.drain())
    }

    /// Waits for bytes; empty at the end of the connection.
    ///
    /// - Throws: `Failure`; also if a connection with TLS ends without saying so, because then
    ///   anyone may have cut it.
    func receive() throws(Failure) -> [UInt8] {
        guard let session else { return try descriptor.receive() }
        while true {
            let step = try session.read()
            try descriptor.send(session.drain())
            switch step {
            case .content(let content): return content
            case .end: return []
            case .ready: continue
            case .needMoreBytes: try ClientSocket.feed(session, descriptor)
            }
        }
    }

    private static func shakeHands(
        _ session: TLSSession, _ descriptor: TCPDescriptor
    ) throws(Failure) {
        while true {
            let step: TLSSession.Step
            do {
                step = try session.shakeHands()
            } catch {
                // The alert that tells the server why; it may be gone already.
                try? descriptor.send(session.drain())
                throw error
            }
            try descriptor.send(session.drain())
            switch step {
            case .ready, .content: return
            case .end: throw Failure(description: "the server ended the TLS session")
            case .needMoreBytes: try feed(session, descriptor)
            }
        }
    }

    private static func feed(
        _ session: TLSSession, _ descriptor: TCPDescriptor
    ) throws(Failure) {
        let bytes = try descriptor.receive()
        guard !bytes.isEmpty else { throw Failure(description: "the connection was cut") }
        session.feed(bytes)
    }
}

/// A connected socket that closes itself.
private final class TCPDescriptor {
    private let raw: Int32

    init(_ url: ServerURL, secondsMax: Int?) throws(ClientSocket.Failure) {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(url.host, String(url.port), &hints, &list)
        guard result == 0 else {
            throw ClientSocket.Failure(
                description: "\(url.host): \(String(cString: gai_strerror(result)))")
        }
        defer { freeaddrinfo(list) }
        var error = ECONNREFUSED
        var address = list
        while let current = address {
            let info = current.pointee
            let candidate = socket(info.ai_family, info.ai_socktype | O_CLOEXEC, info.ai_protocol)
            if candidate >= 0 {
                // The time to send is the time to connect, too.
                TCPDescriptor.limit(candidate, to: secondsMax)
                if connect(candidate, info.ai_addr, info.ai_addrlen) == 0 {
                    raw = candidate
                    return
                }
                error = hg_errno()
                close(candidate)
            } else {
                error = hg_errno()
            }
            address = info.ai_next
        }
        let reason = TCPDescriptor.reason(error)
        throw ClientSocket.Failure(description: "\(url.host):\(url.port): \(reason)")
    }

    deinit { close(raw) }

    func send(_ bytes: [UInt8]) throws(ClientSocket.Failure) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.send(
                    raw, buffer.baseAddress?.advanced(by: sent), bytes.count - sent,
                    Int32(MSG_NOSIGNAL))
            }
            if count < 0 {
                if hg_errno() == EINTR { continue }
                throw ClientSocket.Failure(description: TCPDescriptor.reason(hg_errno()))
            }
            sent += count
        }
    }

    func receive() throws(ClientSocket.Failure) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = recv(raw, &buffer, buffer.count, 0)
            if count >= 0 { return Array(buffer[..<count]) }
            if hg_errno() == EINTR { continue }
            throw ClientSocket.Failure(description: TCPDescriptor.reason(hg_errno()))
        }
    }

    private static func limit(_ descriptor: Int32, to secondsMax: Int?) {
        guard let secondsMax else { return }
        var time = timeval(tv_sec: secondsMax, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(
                descriptor, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
        }
    }

    private static func reason(_ code: Int32) -> String {
        code == EAGAIN || code == EINPROGRESS
            ? "no answer in time" : String(cString: strerror(code))
    }
}
