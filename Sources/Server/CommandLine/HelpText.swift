// SPDX-License-Identifier: MIT

import Core

/// The texts of `--help`, made of the same lists that the parser reads.
enum HelpText {
    /// The help of one command, or of the program.
    ///
    /// - Complexity: O(length of the text).
    static func text(_ command: CommandName?) -> String {
        guard let command else { return program }
        var text = "\(command.summary)\n\n\(command.usage)\n"
        if !command.options.isEmpty {
            text +=
                "\n"
                + table(
                    command.options.map { option in
                        (
                            option.rawValue + (option.placeholder.map { " " + $0 } ?? ""),
                            option.summary
                        )
                    })
        }
        return command.details.isEmpty ? text : text + "\n" + command.details + "\n"
    }

    private static var program: String {
        """
        heliograph tells subscribers that data changed: Kinto's HTTP API, and its changes as
        server-sent events and over WebSocket.

        Usage: heliograph COMMAND [OPTIONS]

        \(table(CommandName.allCases.map { ($0.rawValue, $0.summary) }))
        "heliograph COMMAND --help" explains a command, "heliograph help settings" the settings.

        """
    }

    private static func table(_ rows: [(String, String)]) -> String {
        let width = rows.map(\.0.count).max() ?? 0
        return rows.map { name, summary in
            "  " + name + String(repeating: " ", count: width + 2 - name.count) + summary + "\n"
        }.joined()
    }
}

extension CommandName {
    /// What the command does, in one sentence.
    var summary: String {
        switch self {
        case .serve: "Runs the server."
        case .initialize: "Writes a configuration file with every setting and its default."
        case .check: "Validates the configuration and prints each setting with its origin."
        case .migrate: "Prepares the database without announcing any change."
        case .importing: "Copies a running Kinto, and later what changed there."
        case .createUser: "Makes an account, or replaces the one of that name."
        case .watch: "Follows the changes of a server and prints them."
        case .version: "Prints the version."
        }
    }

    /// The command line, in the usual notation.
    fileprivate var usage: String {
        var words = ["heliograph", rawValue]
        if let argument, argument.isRequired { words.append(argument.placeholder) }
        for option in options {
            let value = option.placeholder.map { " " + $0 } ?? ""
            words.append("[\(option.rawValue)\(value)]" + (option.isRepeatable ? "…" : ""))
        }
        if let argument, !argument.isRequired { words.append("[\(argument.placeholder)]") }
        var lines = ["Usage:"]
        for word in words {
            let line = lines[lines.count - 1]
            if line.count + 1 + word.count <= Limits.templateColumnsMax {
                lines[lines.count - 1] = "\(line) \(word)"
            } else {
                lines.append("           \(word)")
            }
        }
        return lines.joined(separator: "\n")
    }

    fileprivate var details: String {
        switch self {
        case .serve:
            """
            Without a file the server is for trying out: SQLite heliograph.db in the working
            directory, 127.0.0.1:8888, and any authenticated user may create buckets.
            Without --ini, the file that the environment variable KINTO_INI names is read.
            """
        case .check, .migrate:
            "Without --ini, the file that the environment variable KINTO_INI names is read."
        case .initialize:
            "Without FILE, or with -, it is written to standard output. No file is overwritten."
        case .importing:
            """
            URL is the source's, https://HOST/v1. Ids, timestamps, permissions and tombstones are
            kept; history is not copied. However it is interrupted, the same command goes on where
            it was; when all is here, it brings what changed since, deletions too. The server of
            the database that is written to must not run.
            """
        case .createUser:
            """
            What is not given is asked for; the password is one line of standard input, which a
            terminal does not show. The server of the database must not run: where it does, an
            administrator makes accounts by its API.
            """
        case .watch, .version: ""
        }
    }
}
