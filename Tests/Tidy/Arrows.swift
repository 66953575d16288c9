// SPDX-License-Identifier: MIT

/// Who may import whom. An arrow that is not here is in the wrong place.
enum Arrows {
    /// The imports each target may have, the system's modules included. `Core`, `Wire`, `Hub`,
    /// `Streams` and `KintoAPI` do no I/O and know no clock, so they have none of those.
    static let imports: [String: Set<String>] = [
        "Core": ["COpenSSL", "CCrypt", "CZlib", "Synchronization"],
        "Wire": ["Core", "Synchronization"],
        "Hub": ["Core", "Synchronization"],
        "Storage": ["Core", "CSQLite", "Synchronization", "Glibc", "Dispatch"],
        "Reactor": ["Core", "CLinux", "Synchronization", "Glibc", "Dispatch"],
        "KintoAPI": ["Core", "Wire", "Hub", "Storage", "Synchronization"],
        "Streams": ["Core", "Wire", "Hub", "Synchronization"],
        "Server": [
            "Core", "Wire", "Hub", "Storage", "Reactor", "KintoAPI", "Streams", "CLinux",
            "COpenSSL", "Synchronization", "Glibc", "Dispatch",
        ],
        "heliograph": ["Server", "Synchronization", "Glibc", "Dispatch"],
        "heliograph-bench": [
            "Core", "Wire", "CLinux", "CSQLite", "Synchronization", "Glibc", "Dispatch",
        ],
    ]

    /// What ships with the toolchain and is therefore no arrow of the manifest.
    static let system: Set = ["Synchronization", "Glibc", "Dispatch"]

    /// The targets that do no I/O.
    static let pureTargets = ["Core", "Wire", "Hub", "Streams", "KintoAPI"]

    /// The dependencies that a manifest's text gives each target under `Sources`.
    static func dependencies(inManifest text: String) -> [String: Set<String>] {
        var dependencies: [String: Set<String>] = [:]
        for opening in ["\n        module(", "\n        .executableTarget("] {
            for range in text.ranges(of: opening) {
                let rest = text[range.upperBound...]
                // A target ends where the next line of its own indentation begins.
                let block = rest.ranges(of: "\n        ").first { match in
                    rest[match.upperBound...].first != " "
                }
                let body = String(rest[..<(block?.lowerBound ?? rest.endIndex)])
                let quoted = body.split(separator: "\"", omittingEmptySubsequences: false)
                    .enumerated().filter { !$0.offset.isMultiple(of: 2) }.map { String($0.element) }
                guard let name = quoted.first else { continue }
                dependencies[name] = Set(quoted.dropFirst())
            }
        }
        return dependencies
    }
}
