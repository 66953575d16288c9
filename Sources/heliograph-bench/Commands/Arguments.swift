// SPDX-License-Identifier: MIT

import Core

/// The flags of a command, each followed by its value; `--name=value` is understood, too.
struct Arguments {
    private var values: [String: String] = [:]
    private var switches: Set<String> = []

    /// Reads `arguments`.
    ///
    /// - Parameters:
    ///   - valued: The flags that take a value.
    ///   - bare: The flags that take none.
    /// - Throws: `UsageError` for a flag that is not among them, is given twice or lacks its value.
    /// - Complexity: O(*n*).
    init(_ arguments: [String], valued: Set<String>, bare: Set<String>) throws {
        var index = 0
        while index < arguments.count {
            let parts = arguments[index].split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            index += 1
            if bare.contains(name), parts.count == 1 {
                switches.insert(name)
                continue
            }
            guard valued.contains(name) else {
                throw UsageError("unknown argument '\(arguments[index - 1])'")
            }
            guard values[name] == nil else { throw UsageError("\(name) is given twice") }
            if parts.count == 2 {
                values[name] = String(parts[1])
            } else {
                guard index < arguments.count, !arguments[index].hasPrefix("--") else {
                    throw UsageError("\(name) needs a value")
                }
                values[name] = arguments[index]
                index += 1
            }
        }
    }

    /// Whether a flag without value is given.
    func has(_ name: String) -> Bool { switches.contains(name) }

    /// The value of a flag, or nil if it is not given.
    func text(_ name: String) -> String? { values[name] }

    /// The value of a flag that must be given.
    ///
    /// - Throws: `UsageError` if it is not.
    func requiredText(_ name: String) throws -> String {
        guard let text = values[name] else { throw UsageError("\(name) is missing") }
        return text
    }

    /// The number that a flag gives, or nil if it is not given.
    ///
    /// - Throws: `UsageError` if it is not a number within `range`.
    func number(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let text = values[name] else { return nil }
        guard let number = DecimalNumber.parse(text.utf8, digitsMax: 18),
            range.contains(Int(number))
        else {
            let bounds = "\(range.lowerBound) to \(range.upperBound)"
            throw UsageError("\(name) must be a number from \(bounds)")
        }
        return Int(number)
    }

    /// The URL that a flag gives, or nil if it is not given.
    ///
    /// - Throws: `UsageError` if it is not one of a server that can be reached.
    func url(_ name: String) throws -> ServiceURL? {
        guard let text = values[name] else { return nil }
        guard let url = ServiceURL(parsing: text) else {
            throw UsageError("\(name) must look like http://127.0.0.1:8888/v1")
        }
        return url
    }
}
