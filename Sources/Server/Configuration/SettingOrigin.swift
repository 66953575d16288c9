// SPDX-License-Identifier: MIT

/// A line of a configuration file, as shown to the operator.
package struct FilePlace: Hashable, Sendable, CustomStringConvertible {
    /// The file's path as the operator wrote it.
    package let path: String
    /// The number of the line, counted from 1.
    package let line: Int

    /// Makes a place of a path and a line counted from 1.
    package init(path: String, line: Int) {
        self.path = path
        self.line = line
    }

    /// `kinto.ini:12`, the form that editors jump to.
    package var description: String { "\(path):\(line)" }
}

/// Where the value of a setting comes from. Earlier cases outrank later ones.
package enum SettingOrigin: Hashable, Sendable, CustomStringConvertible {
    /// An option of the command line, by its name with both hyphens.
    case flag(String)
    /// An environment variable, by its name.
    case environment(String)
    /// A line of the configuration file.
    case file(FilePlace)
    /// Nobody set it.
    case builtIn

    /// The words `heliograph check` shows, such as `file kinto.ini:12`.
    package var description: String {
        switch self {
        case .flag(let name): "flag \(name)"
        case .environment(let name): "environment \(name)"
        case .file(let place): "file \(place)"
        case .builtIn: "default"
        }
    }
}
