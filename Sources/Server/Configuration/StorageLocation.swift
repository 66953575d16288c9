// SPDX-License-Identifier: MIT

/// Where the data is kept.
package enum StorageLocation: Hashable, Sendable {
    /// In memory; it ends with the process.
    case memory
    /// In one SQLite file. A relative path counts from the working directory.
    case sqlite(path: String)

    /// Why a text names no storage.
    package enum SyntaxError: Error, Equatable {
        /// The storage is Kinto's, but this server does not have it.
        case notBuiltIn(String)
        /// The text names no storage at all.
        case unknown
        /// `sqlite:` without a path, with a host, or with a query.
        case malformedPath

        /// What to write instead; completes "expected …".
        package var expected: String {
            switch self {
            case .notBuiltIn(let name): "memory or sqlite: \(name) is not built in yet"
            case .unknown: "memory or sqlite"
            case .malformedPath:
                "sqlite:///relative/path or sqlite:////absolute/path (three or four slashes)"
            }
        }
    }

    /// Reads `memory`, or a URL in SQLAlchemy's form: `sqlite:///` and the path, so that
    /// `sqlite:///kinto.db` is relative and `sqlite:////var/lib/kinto.db` is absolute.
    ///
    /// Nothing is unescaped, as in SQLAlchemy: a percent sign stands for itself.
    ///
    /// - Complexity: O(length of `text`).
    package init(parsing text: String) throws(SyntaxError) {
        if text.utf8.contains(where: { $0 < 0x20 }) { throw .unknown }
        if text == "memory" || text == "kinto.core.storage.memory" {
            self = .memory
            return
        }
        let scheme = text.prefix { $0 != ":" }
        if text.hasPrefix("sqlite:") {
            guard text.hasPrefix("sqlite:///") else { throw .malformedPath }
            let path = text.dropFirst("sqlite:///".count)
            guard !path.isEmpty, path != "/", path != ":memory:", !path.contains("?") else {
                throw .malformedPath
            }
            self = .sqlite(path: String(path))
            return
        }
        if scheme.hasPrefix("postgres") { throw .notBuiltIn("PostgreSQL") }
        throw .unknown
    }

    /// Reads Kinto's two settings: the backend decides, and a URL says where.
    ///
    /// A PostgreSQL URL is never taken for anything else, even if the backend was not set.
    ///
    /// - Complexity: O(length of both).
    package init(backend: String, url: String) throws(SyntaxError) {
        switch backend {
        case "memory", "kinto.core.storage.memory": self = .memory
        case "sqlite": self = try StorageLocation(parsing: url)
        case "postgresql", "kinto.core.storage.postgresql": throw .notBuiltIn("PostgreSQL")
        default: throw .unknown
        }
    }

    /// The settings that say this: backend and URL.
    package var settings: (backend: String, url: String) {
        switch self {
        case .memory: ("memory", "")
        case .sqlite(let path): ("sqlite", "sqlite:///" + path)
        }
    }
}
