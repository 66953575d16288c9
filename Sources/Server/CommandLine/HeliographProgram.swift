// SPDX-License-Identifier: MIT

import Core
import Glibc
import KintoAPI

/// The program as it is run: every command with its body, standard output and error.
package enum HeliographProgram {
    /// Every setting there is: the server's own and those of the API.
    package static let table = SettingsTable(
        ServerSettings.rows
            + KintoSettings.table.map { row in
                SettingRow(
                    name: row.name, defaultValue: row.defaultValue,
                    defaultValueWithoutFile: KintoSettings.embedded[row.name],
                    summary: row.summary)
            })

    /// Runs the command line of this process to its end.
    ///
    /// - Parameter arguments: The words after the program's name.
    /// - Returns: The status to exit with.
    package static func run(_ arguments: [String]) -> ExitStatus {
        HeliographCommand(
            table: table,
            bodies: HeliographCommand.Bodies(
                validate: { effective throws(ConfigurationError) in
                    _ = try kintoSettings(effective)
                },
                serve: { configuration in
                    guard let kinto = try? kintoSettings(configuration.effective) else {
                        return .configuration
                    }
                    return ServeCommand.run(configuration, kinto: kinto)
                },
                migrate: { MigrateCommand.run($0) },
                watch: { watch($0) }),
            environment: ProcessEnvironment.variables(),
            output: { Logger.write(Array($0.utf8), to: STDOUT_FILENO) },
            errorOutput: { Logger.write(Array($0.utf8), to: STDERR_FILENO) }
        ).run(arguments)
    }

    /// The API's part of the settings.
    private static func kintoSettings(
        _ effective: EffectiveSettings
    ) throws(ConfigurationError) -> KintoSettings {
        do {
            var settings = try KintoSettings(effective.values(differingFrom: table))
            settings.projectVersion = HeliographVersion.text
            return settings
        } catch {
            let origin = effective[error.key]?.origin ?? .builtIn
            throw .invalidValue(
                name: error.key, value: SecretMask.masked(error.value, of: error.key),
                origin: origin, expected: error.expected)
        }
    }

    private static func watch(_ options: WatchOptions) -> ExitStatus {
        guard let url = WatchURL(options.url, resources: options.resources.map(\.uri)) else {
            let text =
                "heliograph: \(options.url): expected http://HOST:PORT/v1 (for https, put "
                + "a proxy between)\n"
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
