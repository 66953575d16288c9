// swift-tools-version: 6.2
// SPDX-License-Identifier: MIT

import PackageDescription

/// Every target is compiled in the Swift 6 language mode with warnings as errors.
let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0335-existential-any.md
    .enableUpcomingFeature("ExistentialAny"),
    .treatAllWarnings(as: .error),
]

/// A target of the product. Dependencies only point down the list below.
func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(
        name: name, dependencies: dependencies, exclude: excluded[name] ?? [],
        resources: embedded[name] ?? [], swiftSettings: swiftSettings)
}

/// The tests of one target.
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, exclude: excluded[name] ?? [],
        swiftSettings: swiftSettings)
}

/// Documentation kept beside the code it explains, and scripts beside the tests that run them.
let excluded: [String: [String]] = ["Server": ["Server.docc"], "ServerTests": ["Scripts"]]

/// Files that become part of the program, as bytes.
let embedded: [String: [Resource]] = [
    "Server": ["dashboard.css", "dashboard.js", "heliograph.js", "icon.svg", "index.html"]
        .map { .embedInCode("Dashboard/\($0)") }
]

let package = Package(
    name: "heliograph",
    products: [
        .executable(name: "heliograph", targets: ["heliograph"]),
        .executable(name: "heliograph-bench", targets: ["heliograph-bench"]),
    ],
    dependencies: [],
    targets: [
        // C libraries: module maps and headers only.
        .systemLibrary(name: "CLinux"),
        .systemLibrary(
            name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(
            name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CCrypt", providers: [.apt(["libcrypt-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        module("Core", ["COpenSSL", "CCrypt", "CZlib"]),
        module("Wire", ["Core"]),
        module("Hub", ["Core"]),
        module("Storage", ["Core", "CSQLite"]),
        module("Reactor", ["Core", "CLinux"]),
        module("KintoAPI", ["Core", "Wire", "Hub", "Storage"]),
        module("Streams", ["Core", "Wire", "Hub"]),
        module(
            "Server",
            [
                "Core", "Wire", "Hub", "Storage", "Reactor", "KintoAPI", "Streams", "CLinux",
                "COpenSSL",
            ]),
        .executableTarget(
            name: "heliograph", dependencies: ["Server"], swiftSettings: swiftSettings),
        .executableTarget(
            name: "heliograph-bench", dependencies: ["Core", "Wire", "CLinux", "CSQLite"],
            swiftSettings: swiftSettings),

        tests("CoreTests", ["Core"]),
        tests("WireTests", ["Wire"]),
        tests("HubTests", ["Hub"]),
        tests("StorageTests", ["Storage"]),
        tests("ReactorTests", ["Reactor", "CLinux"]),
        tests("KintoAPITests", ["KintoAPI", "Storage", "Hub", "Wire"]),
        tests("StreamsTests", ["Streams", "Hub", "Wire"]),
        tests(
            "ServerTests",
            ["Server", "Storage", "Reactor", "KintoAPI", "Streams", "Wire", "CLinux", "heliograph"]),
        tests("BenchTests", ["heliograph-bench", "CSQLite"]),
        tests("Tidy", []),
    ]
)
