// SPDX-License-Identifier: MIT

import Core
import Reactor

/// Reads command lines: `heliograph COMMAND [--option value | --option=value]… [ARGUMENT]`.
///
/// Options and arguments may come in any order; after `--` everything is an argument.
package enum CommandLineArguments {
    /// Returns what a command line asks for.
    ///
    /// - Parameter arguments: The words after the program's name.
    /// - Throws: `UsageError`: exit with 64.
    /// - Complexity: O(length of the arguments).
    package static func parse(_ arguments: [String]) throws(UsageError) -> Command {
        guard let first = arguments.first else { throw .missingCommand }
        var rest = arguments.dropFirst()
        if isHelp(first) || first == "help" {
            guard let topic = rest.first else { return .help(nil) }
            return topic == "settings" ? .helpWithSettings : .help(try name(topic))
        }
        if first == "--version" { return .version }
        let command = try name(first)
        if rest.prefix(while: { $0 != "--" }).contains(where: isHelp) { return .help(command) }
        let words = try Words(&rest, of: command)
        switch command {
        case .serve: return .serve(try configurationOptions(words))
        case .check: return .check(try configurationOptions(words))
        case .migrate: return .migrate(try configurationOptions(words))
        case .initialize: return .initialize(path: words.argument)
        case .watch: return .watch(try watchOptions(words))
        case .importing:
            return .importing(try importOptions(words), try configurationOptions(words))
        case .createUser:
            return .createUser(
                name: words.values[.username]?.first, password: words.values[.password]?.first,
                try configurationOptions(words))
        case .version: return .version
        }
    }

    private static func isHelp(_ word: String) -> Bool { word == "--help" || word == "-h" }

    private static func name(_ word: String) throws(UsageError) -> CommandName {
        guard let name = CommandName(rawValue: word) else {
            let names = CommandName.allCases.map(\.rawValue)
            throw .unknownCommand(
                word, suggestion: Suggestion.nearest(to: word, among: names, mistakesMax: 2))
        }
        return name
    }

    // MARK: Options of the commands

    private static func configurationOptions(_ words: Words) throws(UsageError)
        -> ConfigurationOptions
    {
        var options = ConfigurationOptions()
        options.iniPath = try words.value(.ini, "the path of a file") { $0.isEmpty ? nil : $0 }
        options.host = try words.value(.host, "a host name or an address without brackets") {
            ListenAddress.isHost($0) ? $0 : nil
        }
        options.port = try words.value(.port, "a port, 0 to 65535") { ListenAddress.port($0) }
        options.loops = try words.value(.loops, "a number, 1 to \(Limits.loopsMax)") { text in
            DecimalNumber.parse(text.utf8, digitsMax: 5).map(Int.init)
                .flatMap { (1...Limits.loopsMax).contains($0) ? $0 : nil }
        }
        if let text = words.values[.storage]?.first {
            do {
                options.storage = try StorageLocation(parsing: text)
            } catch {
                throw words.invalid(.storage, text, error.expected)
            }
        }
        return options
    }

    private static func importOptions(_ words: Words) throws(UsageError) -> ImportOptions {
        guard let argument = words.argument else {
            throw .missingArgument("URL", command: words.command)
        }
        guard let url = ServerURL(argument) else {
            throw .invalidValue(
                option: "URL", value: argument, expected: "http://HOST:PORT/v1 or https://HOST/v1",
                command: words.command)
        }
        let login = words.values[.auth]?.first
        if let login, !login.contains(":") {
            throw words.invalid(.auth, "********", "USER:PASSWORD")
        }
        return ImportOptions(
            url: url, login: login,
            asksForRecordPermissions: words.values[.skipPermissions] == nil)
    }

    private static func watchOptions(_ words: Words) throws(UsageError) -> WatchOptions {
        guard let url = words.argument else {
            throw .missingArgument("URL", command: words.command)
        }
        let isPlain = url.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        guard isPlain, ["http://", "https://"].contains(where: { isBeyond($0, url) }) else {
            throw .invalidValue(
                option: "URL", value: url, expected: "http://… or https://…",
                command: words.command)
        }
        var resources: [ResourcePath] = []
        for text in words.values[.resource] ?? [] {
            guard let resource = ResourcePath(uri: text) else {
                throw words.invalid(.resource, text, "/buckets/B or /buckets/B/collections/C")
            }
            resources.append(resource)
        }
        guard resources.count <= Limits.subscriptionResourcesMax else {
            throw words.invalid(
                .resource, resources[Limits.subscriptionResourcesMax].uri,
                "at most \(Limits.subscriptionResourcesMax) of them")
        }
        let since = try words.value(.since, "an id of a stream, or the ETag of a poll") {
            try? Cursor(parsing: $0)
        }
        return WatchOptions(
            url: url, since: since ?? .start, resources: resources,
            printsJSON: words.values[.json] != nil)
    }

    /// Whether `text` begins with `prefix`, and something other than a slash follows.
    private static func isBeyond(_ prefix: String, _ text: String) -> Bool {
        guard text.hasPrefix(prefix) else { return false }
        let host = text.dropFirst(prefix.count).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        return !host.isEmpty
    }
}

/// The words of a command line, sorted into options and an argument.
private struct Words {
    let command: CommandName
    var values: [CommandLineOption: [String]] = [:]
    var argument: String?

    init(_ rest: inout ArraySlice<String>, of command: CommandName) throws(UsageError) {
        self.command = command
        var onlyArguments = false
        while let word = rest.popFirst() {
            if !onlyArguments, word == "--" {
                onlyArguments = true
            } else if !onlyArguments, word.hasPrefix("-"), word != "-" {
                try takeOption(word, &rest)
            } else {
                guard command.argument != nil, argument == nil else {
                    throw .unexpectedArgument(word, command: command)
                }
                argument = word
            }
        }
    }

    private mutating func takeOption(_ word: String, _ rest: inout ArraySlice<String>)
        throws(UsageError)
    {
        let equals = word.firstIndex(of: "=")
        let name = equals.map { String(word[..<$0]) } ?? word
        guard let option = CommandLineOption(word: name), command.options.contains(option)
        else {
            throw .unknownOption(
                name, command: command,
                suggestion: Suggestion.nearest(
                    to: name, among: command.options.map(\.rawValue), mistakesMax: 2))
        }
        guard values[option] == nil || option.isRepeatable else {
            throw .repeatedOption(name, command: command)
        }
        let attached = equals.map { String(word[$0...].dropFirst()) }
        guard option.placeholder != nil else {
            guard attached == nil else { throw .unexpectedValue(option: name, command: command) }
            values[option] = [""]
            return
        }
        if let attached {
            values[option, default: []].append(attached)
            return
        }
        guard let value = rest.first, !value.hasPrefix("--") else {
            throw .missingValue(option: name, command: command)
        }
        rest = rest.dropFirst()
        values[option, default: []].append(value)
    }

    func value<Value>(
        _ option: CommandLineOption, _ expected: String, _ parse: (String) -> Value?
    ) throws(UsageError) -> Value? {
        guard let text = values[option]?.first else { return nil }
        guard let value = parse(text) else { throw invalid(option, text, expected) }
        return value
    }

    func invalid(_ option: CommandLineOption, _ value: String, _ expected: String) -> UsageError {
        .invalidValue(
            option: option.rawValue, value: value, expected: expected, command: command)
    }
}
