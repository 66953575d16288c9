// SPDX-License-Identifier: MIT

import CLinux
import Core
import Glibc
import KintoAPI
import Reactor
import Storage
import Streams

/// `heliograph serve`: the server in the foreground, until a signal ends it.
package enum ServeCommand {
    /// Runs the server.
    ///
    /// - Returns: The exit code: 0 after a drain, 69 if the store or a port is unavailable.
    package static func run(_ configuration: Configuration) -> ExitStatus {
        SignalWaiter.block()
        let hadTerminal = SignalWaiter.hasTerminal
        let settings = configuration.server
        let logger = Logger(level: settings.logLevel)
        for notice in configuration.warnings {
            logger.warning("configuration", ["notice": .text(notice)])
        }
        let descriptors = DescriptorLimit.raise()
        logger.info(
            "descriptors", ["limit": .number(descriptors.soft), "hard": .number(descriptors.hard)])
        let server: HeliographServer
        do {
            let storage = try open(settings.storage)
            server = try HeliographServer(
                options(configuration, descriptors: descriptors.soft), storage: storage,
                reporter: HeliographServer.Reporter(
                    refusing: { reason, address in
                        logger.warning(
                            "clients are refused",
                            ["reason": .text(reason), "address": .text(address ?? "any")])
                    },
                    refusedNoMore: { reason, count in
                        logger.info(
                            "clients are refused no more",
                            ["reason": .text(reason), "refused": .number(count)])
                    },
                    failed: { error in
                        logger.error("a request failed", ["reason": .text("\(error)")])
                    },
                    proxyRefused: { reason, peer in
                        logger.warning(
                            "a proxy's connection was refused",
                            ["reason": .text(reason), "peer": .text(peer)])
                    }))
        } catch {
            logger.error(
                "cannot start",
                ["reason": .text("\(error)"), "storage": .text(name(of: settings.storage))])
            return .unavailable
        }
        logger.info(
            "ready",
            [
                "address": .text(address(of: server)),
                "storage": .text(name(of: settings.storage)),
                "loops": .number(settings.loops ?? cores),
                "collections": .number(server.hub.monitoredEntries().entries.count),
                "version": .text(HeliographVersion.text),
            ])
        let reloader = Reloader(configuration, logger: logger) { next in
            server.adopt(options(next, descriptors: descriptors.soft))
        }
        let number = waitForEnd(hadTerminal: hadTerminal) { reloader.reload() }
        logger.info("draining", ["signal": .number(number)])
        let last = reloader.stop().server
        endAtNextSignal(logger, hadTerminal: hadTerminal)
        server.drain(seconds: last.drainSeconds, noticeSeconds: last.drainNoticeSeconds)
        logger.info("stopped")
        return .success
    }

    /// What an operator calls the storage: the URL of its setting.
    private static func name(of location: StorageLocation) -> String {
        switch location {
        case .memory: location.settings.backend
        case .sqlite: location.settings.url
        }
    }

    /// Opens the storage that the settings name.
    ///
    /// - Throws: `StorageError`.
    static func open(_ location: StorageLocation) throws -> any Storage {
        switch location {
        case .memory:
            let bits = Digest.randomBytes(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            return MemoryStorage(epoch: Epoch(randomBits: bits), clock: HeliographServer.now)
        case .sqlite(let path):
            return try SQLiteStorage(path: path, clock: HeliographServer.now)
        }
    }

    private static var cores: Int { max(1, Int(hg_usable_processors())) }

    private static func options(
        _ configuration: Configuration, descriptors: Int
    ) -> HeliographServer.Options {
        let settings = configuration.server
        let spare = max(1, descriptors - Limits.reservedDescriptors)
        var options = HeliographServer.Options(
            listeners: settings.listeners, loops: settings.loops ?? cores,
            connectionsMax: min(settings.connectionsMax ?? spare, spare),
            streams: StreamConfiguration(
                heartbeatMilliseconds: settings.heartbeatSeconds * 1_000,
                retryMilliseconds: settings.retryMilliseconds,
                ageMillisecondsMax: settings.streamAgeSecondsMax == 0
                    ? nil : settings.streamAgeSecondsMax * 1_000,
                paceMilliseconds: settings.paceSeconds * 1_000,
                allowsCompression: settings.compressesStreams),
            kinto: configuration.api)
        options.edge = settings.edge
        return options
    }

    private static func address(of server: HeliographServer) -> String {
        server.addresses.map { bound in
            let proxied = server.isProxied(bound.listener) ? "proxy+" : ""
            return switch bound.address {
            case .tcp: "\(proxied)http://\(bound.address)/v1"
            case .unix: "\(proxied)\(bound.address)"
            }
        }.joined(separator: " ")
    }

    /// Waits for a signal that ends the server, and returns its number.
    private static func waitForEnd(hadTerminal: Bool, reload: () -> Void = {}) -> Int32 {
        while true {
            switch SignalWaiter.wait(hadTerminal: hadTerminal) {
            case .end(let number): return number
            case .reload: reload()
            }
        }
    }

    /// A second signal that ends a server ends the process at once.
    private static func endAtNextSignal(_ logger: Logger, hadTerminal: Bool) {
        Thread.detach {
            let number = waitForEnd(hadTerminal: hadTerminal)
            logger.warning("ended before the drain was done", ["signal": .number(number)])
            _exit(ExitStatus.failure.rawValue)
        }
    }
}
