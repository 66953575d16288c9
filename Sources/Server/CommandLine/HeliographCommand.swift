// SPDX-License-Identifier: MIT

import Core

/// The program: reads its command line and runs what is asked.
///
/// `init`, `check`, `version` and the help are done here. The commands that need the other parts
/// of the server are passed in.
package struct HeliographCommand: Sendable {
    /// The commands that other parts of the program carry out.
    package struct Bodies: Sendable {
        /// Runs the server until it is told to stop.
        package let serve: @Sendable (Configuration) -> ExitStatus
        /// Prepares the database.
        package let migrate: @Sendable (Configuration) -> ExitStatus
        /// Follows a server's changes.
        package let watch: @Sendable (WatchOptions) -> ExitStatus
        /// Copies a running Kinto.
        package let importing: @Sendable (ImportOptions, Configuration) -> ExitStatus
        /// Makes an account of a name and a password, if they were given.
        package let createUser: @Sendable (String?, String?, Configuration) -> ExitStatus

        /// Makes a set of commands.
        package init(
            serve: @escaping @Sendable (Configuration) -> ExitStatus,
            migrate: @escaping @Sendable (Configuration) -> ExitStatus,
            watch: @escaping @Sendable (WatchOptions) -> ExitStatus,
            importing: @escaping @Sendable (ImportOptions, Configuration) -> ExitStatus,
            createUser: @escaping @Sendable (String?, String?, Configuration) -> ExitStatus
        ) {
            self.serve = serve
            self.migrate = migrate
            self.watch = watch
            self.importing = importing
            self.createUser = createUser
        }
    }

    private let bodies: Bodies
    private let environment: [String: String]
    private let output: @Sendable (String) -> Void
    private let errorOutput: @Sendable (String) -> Void

    /// Makes the program of its parts.
    ///
    /// - Parameters:
    ///   - environment: The process's environment.
    ///   - output: Takes what was asked for (standard output).
    ///   - errorOutput: Takes what went wrong (standard error), with its end of line.
    package init(
        bodies: Bodies, environment: [String: String],
        output: @escaping @Sendable (String) -> Void,
        errorOutput: @escaping @Sendable (String) -> Void
    ) {
        self.bodies = bodies
        self.environment = environment
        self.output = output
        self.errorOutput = errorOutput
    }

    /// Runs a command line to its end.
    ///
    /// - Parameter arguments: The words after the program's name.
    /// - Returns: The status to exit with.
    package func run(_ arguments: [String]) -> ExitStatus {
        do {
            return run(try CommandLineArguments.parse(arguments))
        } catch {
            errorOutput("heliograph: \(error)\nTry: \(error.helpHint)\n")
            return .usage
        }
    }

    private func run(_ command: Command) -> ExitStatus {
        switch command {
        case .serve(let options): return configured(options) { bodies.serve($0) }
        case .migrate(let options): return configured(options) { bodies.migrate($0) }
        case .check(let options): return configured(options, check)
        case .watch(let options): return bodies.watch(options)
        case .importing(let options, let target):
            let login = options.login ?? environment["HELIOGRAPH_IMPORT_AUTH"]
            let complete = ImportOptions(
                url: options.url, login: login,
                asksForRecordPermissions: options.asksForRecordPermissions)
            return configured(target) { bodies.importing(complete, $0) }
        case .createUser(let name, let password, let options):
            return configured(options) { bodies.createUser(name, password, $0) }
        case .initialize(let path): return initialize(path)
        case .version: output("heliograph \(HeliographVersion.text)\n")
        case .helpWithSettings: output(SettingsTable.complete.page)
        case .help(let topic): output(HelpText.text(topic))
        }
        return .success
    }

    private func configured(
        _ options: ConfigurationOptions, _ body: (Configuration) -> ExitStatus
    ) -> ExitStatus {
        do {
            let configuration = try Configuration(options, environment: environment)
            return body(configuration)
        } catch {
            errorOutput("heliograph: \(error)\n")
            return .configuration
        }
    }

    private func check(_ configuration: Configuration) -> ExitStatus {
        for notice in configuration.notices { errorOutput("note: \(notice)\n") }
        output(configuration.effective.report)
        return .success
    }

    private func initialize(_ path: String?) -> ExitStatus {
        guard let path, path != "-" else {
            output(SettingsTable.complete.template)
            return .success
        }
        do {
            try ConfigurationFile.create(path, content: SettingsTable.complete.template)
        } catch {
            errorOutput("heliograph: \(error)\n")
            return .failure
        }
        output("\(PlainLine.of(path)) written; \"heliograph check --ini\" shows what it says.\n")
        return .success
    }
}
