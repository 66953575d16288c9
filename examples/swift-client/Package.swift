// swift-tools-version: 6.0
// SPDX-License-Identifier: MIT

import PackageDescription

let package = Package(
    name: "heliograph-client",
    targets: [.executableTarget(name: "changes", path: "Sources")]
)
