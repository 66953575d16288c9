// SPDX-License-Identifier: MIT

import Storage

/// `heliograph migrate`: brings the database to this version's schema, and does nothing else.
package enum MigrateCommand {
    /// Migrates the database that the configuration names.
    ///
    /// - Returns: The exit code: 0, or 69 if the database is unavailable.
    package static func run(_ configuration: Configuration) -> ExitStatus {
        let logger = Logger(level: configuration.server.logLevel)
        switch configuration.server.storage {
        case .memory:
            logger.info("nothing to migrate", ["storage": "memory"])
        case .sqlite(let path):
            do {
                let versions = try SQLiteStorage.migrate(path: path)
                logger.info(
                    "migrated",
                    [
                        "database": .text(path), "from": .number(versions.from),
                        "to": .number(versions.to),
                    ])
            } catch {
                logger.error(
                    "cannot migrate", ["reason": .text("\(error)"), "database": .text(path)])
                return .unavailable
            }
        }
        return .success
    }
}
