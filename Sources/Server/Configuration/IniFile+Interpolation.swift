// SPDX-License-Identifier: MIT

import Core

/// `%(name)s` in values, as Python's `BasicInterpolation`: `%%` is a percent sign, and a name is
/// looked up in the value's own section, then in the given variables, then in `[DEFAULT]`.
extension IniFile {
    /// The value of a setting with its `%(name)s` replaced.
    ///
    /// - Parameter variables: What the program defines: `here`, the file's directory, and the like.
    /// - Throws: `ConfigurationError.syntax` for an unknown name, a single percent sign, names that
    ///   lead to each other, and values that grow beyond `Limits.settingValueBytesMax`.
    /// - Complexity: O(length of the result).
    package func value(of entry: Entry, in section: Section, variables: [String: String])
        throws(ConfigurationError) -> String
    {
        try expand(
            entry.rawValue, depth: 0,
            Scope(place: place(of: entry), section: section, variables: variables))
    }

    private struct Scope {
        let place: FilePlace
        let section: Section
        let variables: [String: String]
    }

    private func expand(_ raw: String, depth: Int, _ scope: Scope)
        throws(ConfigurationError) -> String
    {
        guard raw.utf8.contains(UInt8(ascii: "%")) else { return raw }
        guard depth < Limits.interpolationDepthMax else {
            throw .syntax(scope.place, reason: "%(…)s refers to itself")
        }
        var result = ""
        var rest = raw[...]
        while let percent = rest.firstIndex(of: "%") {
            result += rest[..<percent]
            rest = rest[percent...].dropFirst()
            if rest.first == "%" {
                result += "%"
                rest = rest.dropFirst()
                continue
            }
            guard rest.first == "(", let end = rest.firstIndex(of: ")"),
                rest[end...].dropFirst().first == "s"
            else {
                throw .syntax(scope.place, reason: "a single % (write %% for a percent sign)")
            }
            let name = String(rest.dropFirst()[..<end])
            result += try lookUp(name, depth: depth, scope)
            rest = rest[end...].dropFirst(2)
            guard result.utf8.count <= Limits.settingValueBytesMax else {
                throw .syntax(scope.place, reason: "the value is too long")
            }
        }
        return result + rest
    }

    private func lookUp(_ name: String, depth: Int, _ scope: Scope)
        throws(ConfigurationError) -> String
    {
        if let sibling = scope.section[name] {
            return try expand(sibling.rawValue, depth: depth + 1, scope)
        }
        if let variable = scope.variables[name] { return variable }
        if let inherited = section("DEFAULT")?[name] {
            return try expand(inherited.rawValue, depth: depth + 1, scope)
        }
        throw .syntax(scope.place, reason: "%(\(name))s is not defined")
    }
}
