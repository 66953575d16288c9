// SPDX-License-Identifier: MIT

import Core
import Glibc

/// Reading and writing the configuration file.
package enum ConfigurationFile {
    /// Reads a whole file, which may be a pipe.
    ///
    /// - Throws: `ConfigurationError.unreadable`, also beyond `Limits.configurationFileBytesMax`.
    /// - Complexity: O(length of the file).
    package static func read(_ path: String) throws(ConfigurationError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        var content: [UInt8] = []
        while true {
            var chunk = [UInt8](repeating: 0, count: 64 * 1024)
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(path) }
            if count == 0 { return content }
            content += chunk[..<count]
            guard content.count <= Limits.configurationFileBytesMax else {
                throw .unreadable(path: path, reason: "too long for a configuration file")
            }
        }
    }

    /// Writes a new file that only its owner can read: it may come to hold secrets.
    ///
    /// - Throws: `ConfigurationError.unreadable` if there is a file of that name already, or if
    ///   it cannot be written.
    /// - Complexity: O(length of `content`).
    package static func create(_ path: String, content: String) throws(ConfigurationError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(path) }
        let bytes = Array(content.utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                write(descriptor, buffer.baseAddress! + written, buffer.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let error = failure(path)
                close(descriptor)
                unlink(path)
                throw error
            }
            written += count
        }
        guard close(descriptor) == 0 else { throw failure(path) }
    }

    /// The absolute path of the directory that holds a file, symbolic links left as they are.
    ///
    /// - Parameter workingDirectory: What a relative path counts from.
    /// - Complexity: O(length of both).
    package static func directory(of path: String, workingDirectory: String) -> String {
        let absolute = path.hasPrefix("/") ? path : workingDirectory + "/" + path
        var parts: [Substring] = []
        for part in absolute.split(separator: "/").dropLast() {
            switch part {
            case ".": break
            case "..": _ = parts.popLast()
            default: parts.append(part)
            }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// The working directory, or `/` if it cannot be told.
    package static func workingDirectory() -> String {
        guard let text = getcwd(nil, 0) else { return "/" }
        defer { free(text) }
        return String(cString: text)
    }

    private static func failure(_ path: String) -> ConfigurationError {
        .unreadable(path: path, reason: String(cString: strerror(errno)))
    }
}
