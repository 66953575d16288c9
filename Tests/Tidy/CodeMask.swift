// SPDX-License-Identifier: MIT

/// Blanks comments and the insides of string literals, so that rules about code do not stumble
/// over text. Line breaks stay, and every other byte becomes one space.
enum CodeMask {
    static func masked(_ text: String) -> String {
        var scanner = Scanner(bytes: Array(text.utf8))
        scanner.code(until: nil, isBlank: false)
        return String(decoding: scanner.output, as: UTF8.self)
    }

    private struct Scanner {
        let bytes: [UInt8]
        var output: [UInt8] = []
        var index = 0

        init(bytes: [UInt8]) {
            self.bytes = bytes
            output.reserveCapacity(bytes.count)
        }

        /// Reads code up to a closing parenthesis of its own, if `until` says so, else to the end.
        mutating func code(until closing: UInt8?, isBlank: Bool) {
            var depth = 0
            while index < bytes.count {
                let byte = bytes[index]
                if starts("//") {
                    while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { blank() }
                } else if starts("/*") {
                    blockComment()
                } else if byte == UInt8(ascii: "\"") || starts("#\"") || starts("##\"") {
                    string(isBlank: isBlank)
                } else {
                    if byte == UInt8(ascii: "(") { depth += 1 }
                    if byte == UInt8(ascii: ")") {
                        if depth == 0, closing == byte { return blank() }
                        depth -= 1
                    }
                    isBlank ? blank() : keep()
                }
            }
        }

        private mutating func blockComment() {
            var depth = 0
            while index < bytes.count {
                if starts("/*") {
                    depth += 1
                    blank()
                    blank()
                } else if starts("*/") {
                    depth -= 1
                    blank()
                    blank()
                    if depth == 0 { return }
                } else {
                    blank()
                }
            }
        }

        private mutating func string(isBlank: Bool) {
            var hashes = 0
            while index < bytes.count, bytes[index] == UInt8(ascii: "#") {
                hashes += 1
                blank()
            }
            let quotes = starts("\"\"\"") ? 3 : 1
            let end = String(repeating: "\"", count: quotes) + String(repeating: "#", count: hashes)
            let escape = "\\" + String(repeating: "#", count: hashes)
            for _ in 0..<quotes { isBlank ? blank() : keep() }
            while index < bytes.count, !starts(end) {
                if starts(escape + "(") {
                    for _ in 0...escape.utf8.count { blank() }
                    code(until: UInt8(ascii: ")"), isBlank: true)
                } else if starts(escape) {
                    for _ in 0...escape.utf8.count { blank() }
                } else if quotes == 1, bytes[index] == UInt8(ascii: "\n") {
                    return
                } else {
                    blank()
                }
            }
            for place in 0..<end.utf8.count where index < bytes.count {
                isBlank || place >= quotes ? blank() : keep()
            }
        }

        private func starts(_ text: String) -> Bool {
            bytes[index...].starts(with: text.utf8)
        }

        private mutating func keep() {
            output.append(bytes[index])
            index += 1
        }

        private mutating func blank() {
            guard index < bytes.count else { return }
            let byte = bytes[index]
            output.append(byte == UInt8(ascii: "\n") ? byte : UInt8(ascii: " "))
            index += 1
        }
    }
}
