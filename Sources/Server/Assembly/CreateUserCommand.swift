// SPDX-License-Identifier: MIT

import Core
import Glibc
import KintoAPI
import Storage

/// `heliograph create-user`: makes the first account of a server that lets nobody make one.
package enum CreateUserCommand {
    /// Makes an account in the database that the configuration names; asks for what is nil.
    ///
    /// - Returns: The exit code: 0; 1 if there is no such name or password, 69 if the database is
    ///   unavailable, 78 if the configuration has no accounts, or none that stay.
    package static func run(
        name: String?, password: String?, _ configuration: Configuration
    ) -> ExitStatus {
        guard configuration.api.hasAccounts else {
            say("kinto.includes does not have \(KintoSettings.accountsPlugin): no accounts")
            return .configuration
        }
        guard !configuration.api.isReadOnly else {
            say("the server is read-only (kinto.readonly)")
            return .configuration
        }
        guard case .sqlite(let path) = configuration.server.storage else {
            say("accounts in memory end with their process: create them by the API")
            return .configuration
        }
        guard let name = name ?? ask("User name: ", isShown: true),
            let password = password ?? askForPassword(of: name)
        else {
            say("no user was made")
            return .failure
        }
        do {
            let body = try AccountMaker.transaction(
                for: Login(name: name, password: password), salt: Digest.randomBytes(16))
            let storage = try SQLiteStorage(path: path, clock: { HeliographServer.now() })
            defer { storage.close() }
            try ImportTarget(storage: storage).write(body)
        } catch let refusal as AccountMaker.Refusal {
            say("\(refusal)")
            return .failure
        } catch {
            say("\(error)")
            return .unavailable
        }
        say("account:\(name) is there")
        return .success
    }

    /// A password; a terminal has to give it twice.
    private static func askForPassword(of name: String) -> String? {
        let question = "Password of \(PlainLine.of(name)): "
        guard isTerminal else { return readLine() }
        guard let first = ask(question, isShown: false) else { return nil }
        guard let second = ask("Once more: ", isShown: false) else { return nil }
        if first != second { say("these are two passwords") }
        return first == second ? first : nil
    }

    private static var isTerminal: Bool { isatty(STDIN_FILENO) == 1 }

    private static func ask(_ question: String, isShown: Bool) -> String? {
        guard isTerminal else { return readLine() }
        Logger.write(Array(question.utf8), to: STDERR_FILENO)
        guard !isShown else { return readLine() }
        var settings = termios()
        tcgetattr(STDIN_FILENO, &settings)
        let shown = settings
        settings.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings)
        defer {
            var shown = shown
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown)
            Logger.write([0x0A], to: STDERR_FILENO)
        }
        return readLine()
    }

    private static func say(_ text: String) {
        Logger.write(Array("heliograph: \(PlainLine.of(text))\n".utf8), to: STDERR_FILENO)
    }
}
