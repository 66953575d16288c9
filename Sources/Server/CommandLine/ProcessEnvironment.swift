// SPDX-License-Identifier: MIT

@preconcurrency import Glibc

/// The environment variables of this process.
package enum ProcessEnvironment {
    /// The variables by name; of one that comes twice, the first, as with `getenv`.
    ///
    /// Call it at the start, while no other thread changes the environment.
    ///
    /// - Complexity: O(length of the environment).
    package static func variables() -> [String: String] {
        var variables: [String: String] = [:]
        var next = environ
        while let text = next.pointee {
            let line = String(cString: text)
            if let equals = line.firstIndex(of: "=") {
                let name = String(line[..<equals])
                if variables[name] == nil { variables[name] = String(line[equals...].dropFirst()) }
            }
            next += 1
        }
        return variables
    }
}
