// SPDX-License-Identifier: MIT

import Core

/// The command line of `floor`, which `ServerProcess` writes.
struct FloorOptions {
    /// The event loops, each a thread.
    var loops = 1
    /// A file with a whole answer to a request without a validator.
    var answerFile: String?
    /// A file with a whole answer to a request with `If-None-Match`.
    var notModifiedFile: String?

    /// Makes the options of a floor for streams.
    init() {}

    /// Reads the arguments behind the command's name.
    ///
    /// - Throws: `UsageError`.
    init(parsing arguments: [String]) throws {
        let arguments = try Arguments(
            arguments, valued: ["--loops", "--answer", "--not-modified"], bare: [])
        loops = try arguments.number("--loops", in: 1...Limits.benchFloorLoopsMax) ?? loops
        answerFile = arguments.text("--answer")
        notModifiedFile = arguments.text("--not-modified")
    }

    /// The arguments that `init(parsing:)` reads back, the command's name first, the loops apart.
    var arguments: [String] {
        var arguments = ["floor"]
        if let answerFile { arguments += ["--answer", answerFile] }
        if let notModifiedFile { arguments += ["--not-modified", notModifiedFile] }
        return arguments
    }
}
