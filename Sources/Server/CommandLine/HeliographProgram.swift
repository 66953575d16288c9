// SPDX-License-Identifier: MIT

import Core
import Glibc

/// The program as it is run: every command with its body, standard output and error.
package enum HeliographProgram {
    /// Runs the command line of this process to its end.
    ///
    /// - Parameter arguments: The words after the program's name.
    /// - Returns: The status to exit with.
    package static func run(_ arguments: [String]) -> ExitStatus {
        HeliographCommand(
            bodies: HeliographCommand.Bodies(
                serve: { ServeCommand.run($0) },
                migrate: { MigrateCommand.run($0) },
                watch: { watch($0) },
                importing: { ImportCommand($0).run($1) },
                createUser: { CreateUserCommand.run(name: $0, password: $1, $2) }),
            environment: ProcessEnvironment.variables(),
            output: { Logger.write(Array($0.utf8), to: STDOUT_FILENO) },
            errorOutput: { Logger.write(Array($0.utf8), to: STDERR_FILENO) }
        ).run(arguments)
    }

    private static func watch(_ options: WatchOptions) -> ExitStatus {
        guard let url = WatchURL(options.url, resources: options.resources.map(\.uri)) else {
            let text =
                "heliograph: \(options.url): expected http://HOST:PORT/v1 or https://HOST/v1\n"
            Logger.write(Array(text.utf8), to: STDERR_FILENO)
            return .usage
        }
        var command = WatchCommand(
            WatchCommand.Options(
                url: url, cursor: options.since.description, printsJSON: options.printsJSON),
            print: { Logger.write(Array("\($0)\n".utf8), to: STDOUT_FILENO) },
            tell: { Logger.write(Array("heliograph: \($0)\n".utf8), to: STDERR_FILENO) })
        return command.run()
    }
}
