// SPDX-License-Identifier: MIT

/// The memory in which the kernel of this machine keeps its own objects: sockets, files, what epoll
/// knows of them. The buffers of sockets are not among them.
enum KernelMemory {
    /// Kilobytes in use now; 0 if the kernel does not say.
    static var kilobytes: Int64 {
        kilobytes(inMemoryInfo: FileDescriptor.contents(ofFile: "/proc/meminfo") ?? "")
    }

    /// What the text of `/proc/meminfo` says (proc(5): `SUnreclaim`), 0 if nothing.
    static func kilobytes(inMemoryInfo text: String) -> Int64 {
        for line in text.split(separator: "\n") where line.hasPrefix("SUnreclaim:") {
            let words = line.split(separator: " ")
            return words.count > 1 ? Int64(words[1]) ?? 0 : 0
        }
        return 0
    }
}
