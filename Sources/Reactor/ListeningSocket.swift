// SPDX-License-Identifier: MIT

import CLinux
import Core
import Glibc

/// A socket that listens. It closes when nobody uses it any more; its socket file goes with it.
final class ListeningSocket: Sendable {
    /// The file of a Unix socket, and which file it was when it was made.
    struct File {
        /// Where it is.
        let path: String
        /// The file's identity, so that a successor's file is not removed.
        let device: UInt64, inode: UInt64
    }

    /// The socket.
    let descriptor: Descriptor
    /// The listener it belongs to.
    let listener: ListenerID
    /// Where it listens, numeric, with the real port.
    let address: ListenAddress
    private let file: File?

    /// Takes over a socket that listens.
    init(
        _ descriptor: consuming Descriptor, listener: ListenerID, address: ListenAddress,
        file: File? = nil
    ) {
        self.descriptor = descriptor
        self.listener = listener
        self.address = address
        self.file = file
    }

    deinit {
        // A child that has not begun its own program yet has a copy, which closing would leave
        // listening.
        defer { _ = shutdown(descriptor.raw, Int32(SHUT_RDWR)) }
        guard let file else { return }
        var device: UInt64 = 0
        var inode: UInt64 = 0
        guard hg_socket_file(file.path, &device, &inode) == 1, device == file.device,
            inode == file.inode
        else { return }
        _ = unlink(file.path)
    }

    /// Whether several loops watch it.
    var isShared: Bool { file != nil }
}

extension ListeningSocket {
    /// Listens on a socket file that all loops share. A file nobody listens on is replaced.
    ///
    /// - Throws: `ReactorError`.
    static func unix(
        path: String, listener: ListenerID
    ) throws(ReactorError) -> ListeningSocket {
        let name = ListenAddress.unix(path: path).description
        var address = sockaddr_storage()
        let length = hg_unix_address(path, &address)
        guard length > 0 else {
            throw .badAddress("\(name): the path of a socket has 1 to 107 bytes")
        }
        try removeStaleFile(path, name, &address, length)
        let descriptor = try open(family: AF_UNIX)
        guard hg_bind(descriptor.raw, &address, length) == 0 else {
            throw bindError(hg_errno(), name)
        }
        guard listen(descriptor.raw, Int32(Limits.listenBacklogMax)) == 0 else {
            throw .systemCall("listen", errno: hg_errno())
        }
        var file = File(path: path, device: 0, inode: 0)
        var device: UInt64 = 0
        var inode: UInt64 = 0
        if hg_socket_file(path, &device, &inode) == 1 {
            file = File(path: path, device: device, inode: inode)
        }
        return ListeningSocket(
            descriptor, listener: listener, address: .unix(path: path), file: file)
    }

    /// Opens a stream socket.
    ///
    /// - Throws: `ReactorError.systemCall`.
    static func open(family: Int32) throws(ReactorError) -> Descriptor {
        let raw = hg_stream_socket(family)
        guard raw >= 0 else { throw .systemCall("socket", errno: hg_errno()) }
        return Descriptor(adopting: raw)
    }

    /// What a failure to bind means to the operator.
    static func bindError(_ errno: Int32, _ name: String) -> ReactorError {
        switch errno {
        case EADDRINUSE: .addressInUse(name)
        case EACCES, EPERM, EROFS: .notPermitted(name)
        case EADDRNOTAVAIL: .badAddress("\(name) is no address of this machine")
        case EAFNOSUPPORT: .badAddress("\(name): this machine lacks that kind of address")
        case ENOENT, ENOTDIR: .badAddress("\(name): no such directory")
        default: .systemCall("bind to \(name)", errno: errno)
        }
    }

    private static func removeStaleFile(
        _ path: String, _ name: String, _ address: inout sockaddr_storage, _ length: socklen_t
    ) throws(ReactorError) {
        var device: UInt64 = 0
        var inode: UInt64 = 0
        switch hg_socket_file(path, &device, &inode) {
        case -1: return
        case 0: throw .badAddress("\(name): the file exists and is no socket")
        default: break
        }
        let probe = try open(family: AF_UNIX)
        if hg_connect(probe.raw, &address, length) != 0 {
            switch hg_errno() {
            case ECONNREFUSED:
                guard unlink(path) == 0 else { throw bindError(hg_errno(), name) }
                return
            case ENOENT: return
            case EACCES, EPERM: throw .notPermitted(name)
            // EAGAIN: a full backlog, so somebody listens.
            default: break
            }
        }
        throw .addressInUse(name)
    }
}
