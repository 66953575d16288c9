// SPDX-License-Identifier: MIT

import Foundation
import Glibc

/// The built program, run as its users run it.
final class HeliographProcess: @unchecked Sendable {
    struct Failure: Error {
        let reason: String
    }

    /// A directory of this test's own, removed at the end.
    final class Directory {
        let path: String

        init() throws {
            path = NSTemporaryDirectory() + "heliograph-\(UUID().uuidString)"
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    private let process = Process()
    private let errors: String
    let output: String

    /// Starts the program with arguments; its outputs go to files of the directory.
    convenience init(
        _ arguments: [String], in directory: Directory, environment: [String: String] = [:]
    ) throws {
        try self.init(
            running: HeliographProcess.program.path, arguments, in: directory,
            environment: environment)
    }

    /// Starts a program that becomes this one.
    init(
        running program: String, _ arguments: [String], in directory: Directory,
        environment: [String: String] = [:], input: FileHandle? = nil
    ) throws {
        let name = UUID().uuidString
        errors = directory.path + "/\(name).err"
        output = directory.path + "/\(name).out"
        for path in [errors, output] {
            _ = FileManager.default.createFile(atPath: path, contents: nil)
        }
        process.executableURL = URL(fileURLWithPath: program)
        if let input { process.standardInput = input }
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: directory.path)
        var variables = ProcessInfo.processInfo.environment
        for (key, value) in environment { variables[key] = value }
        process.environment = variables
        process.standardError = FileHandle(forWritingAtPath: errors)
        process.standardOutput = FileHandle(forWritingAtPath: output)
        try process.run()
    }

    deinit {
        if process.isRunning {
            kill(SIGKILL)
            process.waitUntilExit()
        }
    }

    /// The program beside the test bundle.
    static let program: URL = {
        let bundle = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        return bundle.deletingLastPathComponent().appendingPathComponent("heliograph")
    }()

    /// What the program has said on standard error so far.
    var log: String { (try? String(contentsOfFile: errors, encoding: .utf8)) ?? "" }

    /// What it has printed on standard output so far.
    var text: String { (try? String(contentsOfFile: output, encoding: .utf8)) ?? "" }

    /// Waits for the ready line and returns the port it tells.
    func waitUntilReady() throws -> UInt16 {
        for _ in 0..<2_000 {
            if let address = log.range(of: "address=http://127.0.0.1:") {
                let digits = log[address.upperBound...].prefix { $0.isNumber }
                if let port = UInt16(digits), log[address.upperBound...].contains("\n") {
                    return port
                }
            }
            guard process.isRunning else { throw Failure(reason: "ended: \(log)") }
            usleep(5_000)
        }
        throw Failure(reason: "never ready: \(log)")
    }

    func kill(_ signal: Int32) { Glibc.kill(process.processIdentifier, signal) }

    /// Waits for the end and returns the exit status; a signal's number is returned negative.
    func waitForExit() throws -> Int32 {
        for _ in 0..<4_000 {
            if !process.isRunning {
                let isSignal = process.terminationReason == .uncaughtSignal
                return isSignal ? -process.terminationStatus : process.terminationStatus
            }
            usleep(5_000)
        }
        throw Failure(reason: "does not end: \(log)")
    }

    /// Runs the program to its end.
    static func run(
        _ arguments: [String], in directory: Directory, environment: [String: String] = [:]
    ) throws -> (status: Int32, log: String, text: String) {
        let process = try HeliographProcess(arguments, in: directory, environment: environment)
        let status = try process.waitForExit()
        return (status, process.log, process.text)
    }
}
