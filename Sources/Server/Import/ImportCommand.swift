// SPDX-License-Identifier: MIT

import CLinux
import Core
import Glibc
import Storage

/// `heliograph import`: copies what a running Kinto has, and later what changed there.
package struct ImportCommand {
    private let options: ImportOptions
    private let progress: ImportProgress

    /// Makes the command; what it says goes to standard error.
    package init(_ options: ImportOptions) {
        self.options = options
        progress = ImportProgress(
            isTerminal: isatty(STDERR_FILENO) == 1, now: { HeliographServer.now() },
            write: { Logger.write(Array($0.utf8), to: STDERR_FILENO) })
    }

    /// Copies into the storage that the configuration names.
    ///
    /// - Returns: The exit code: 0 if all of the source is here, 1 if not, 69 if the database is
    ///   unavailable, 78 if it would end with this process.
    package func run(_ configuration: Configuration) -> ExitStatus {
        guard case .sqlite(let path) = configuration.server.storage else {
            say("what is imported must stay: name a database, --storage sqlite:///FILE")
            return .configuration
        }
        let storage: SQLiteStorage
        do {
            storage = try SQLiteStorage(path: path, clock: { HeliographServer.now() })
        } catch {
            say("\(error); stop the server before importing")
            return .unavailable
        }
        defer { storage.close() }
        do {
            return try copy(to: storage)
        } catch {
            say("\(error)")
            say("\(progress.summary) so far; the same command goes on from here")
            return .failure
        }
    }

    private func copy(to storage: SQLiteStorage) throws -> ExitStatus {
        let authorization = options.login.map { "Basic " + Base64.encode(Array($0.utf8)) }
        let client = HTTPClient(
            options.url, authorization: authorization, tell: { say($0) })
        let source = try KintoSource(client, path: options.url.apiPath)
        if options.login != nil, source.userID == nil {
            throw ImportFailure.refused(what: "the user", status: 401, isAnonymous: false)
        }
        let user = source.userID ?? "nobody"
        say("copying Kinto \(source.version) at \(options.url.authority) as \(user)")
        let importer = Importer(
            source, named: options.url.authority + options.url.apiPath,
            to: ImportTarget(storage: storage), progress: progress,
            asksForRecordPermissions: options.asksForRecordPermissions)
        let isCaughtUp = try importer.run()
        say("\(progress.summary)")
        if importer.hiddenPermissions > 0 {
            say(
                "\(importer.hiddenPermissions) buckets show no permissions to \(user): "
                    + "either they have none, or it takes a user who may write to see them")
        }
        if !importer.problems.isEmpty {
            say("\(importer.problems.count) lists were not copied, see above")
            return .failure
        }
        guard isCaughtUp else {
            say("the source keeps changing: the same command brings what came meanwhile")
            return .failure
        }
        say("all that \(user) may see is here; history is not copied")
        return .success
    }

    private func say(_ line: String) {
        progress.say("heliograph: \(line)")
    }
}
