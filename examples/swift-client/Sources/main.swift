// SPDX-License-Identifier: MIT
//
// Prints every change of a server: changes [BASE] [--since CURSOR] [--resource URI]…

import Foundation

/// Prints a line at once, also into a pipe.
func say(_ line: String) {
    FileHandle.standardOutput.write(Data("\(line)\n".utf8))
}

var arguments = Array(CommandLine.arguments.dropFirst())
var base = "http://127.0.0.1:8888/v1"
var cursor: String?
var resources: [String] = []
while !arguments.isEmpty {
    let argument = arguments.removeFirst()
    switch argument {
    case "--since" where !arguments.isEmpty: cursor = arguments.removeFirst()
    case "--resource" where !arguments.isEmpty: resources.append(arguments.removeFirst())
    case let url where url.hasPrefix("http"): base = url
    default:
        say("usage: changes [BASE] [--since CURSOR] [--resource URI]…")
        exit(64)
    }
}
guard let url = URL(string: base) else {
    say("not an address: \(base)")
    exit(64)
}

for await update in Heliograph(base: url, resources: resources, cursor: cursor).updates() {
    switch update {
    case .change(let entry, let cursor):
        let ending = entry.deleted == true ? " deleted" : ""
        say("\(cursor) /\(entry.bucket)/\(entry.collection) \(entry.last_modified)\(ending)")
    case .ready(let cursor): say("\(cursor) live")
    case .reset(let reason): say("the whole list follows: \(reason)")
    case .interrupted(let reason, let wait):
        say("interrupted (\(reason)), back in \(wait.formatted(.units(width: .abbreviated)))")
    }
}
