// SPDX-License-Identifier: MIT

/// Why a command line has no meaning. The program says so with a hint and exits with 64.
package enum UsageError: Error, Equatable {
    /// There is no command.
    case missingCommand
    /// No command has that name.
    case unknownCommand(String, suggestion: String?)
    /// The command has no option of that name.
    case unknownOption(String, command: CommandName, suggestion: String?)
    /// The option needs a value and has none.
    case missingValue(option: String, command: CommandName)
    /// The option takes no value and has one.
    case unexpectedValue(option: String, command: CommandName)
    /// The option is given twice, and only one can count.
    case repeatedOption(String, command: CommandName)
    /// The value is none that the option takes.
    case invalidValue(option: String, value: String, expected: String, command: CommandName)
    /// The command needs an argument.
    case missingArgument(String, command: CommandName)
    /// The command takes no such argument, or no more of them.
    case unexpectedArgument(String, command: CommandName)
}

extension UsageError: CustomStringConvertible {
    /// One line: what is wrong, and what would be right.
    package var description: String {
        let text =
            switch self {
            case .missingCommand: "no command"
            case .unknownCommand(let name, let suggestion):
                "no command \(name)" + Self.hint(suggestion)
            case .unknownOption(let name, let command, let suggestion):
                "\(command.rawValue) has no option \(name)" + Self.hint(suggestion)
            case .missingValue(let option, _): "\(option) needs a value"
            case .unexpectedValue(let option, _): "\(option) takes no value"
            case .repeatedOption(let option, _): "\(option) is given twice"
            case .invalidValue(let option, let value, let expected, _):
                "\(option) \(SecretMask.masked(value, of: option)): expected \(expected)"
            case .missingArgument(let name, let command): "\(command.rawValue) needs \(name)"
            case .unexpectedArgument(let argument, let command):
                "\(command.rawValue) does not take \(argument)"
            }
        return PlainLine.of(text)
    }

    /// The command line that would explain more.
    package var helpHint: String {
        switch self {
        case .missingCommand, .unknownCommand: "heliograph --help"
        case .unknownOption(_, let command, _), .missingValue(_, let command),
            .unexpectedValue(_, let command), .repeatedOption(_, let command),
            .invalidValue(_, _, _, let command), .missingArgument(_, let command),
            .unexpectedArgument(_, let command):
            "heliograph \(command.rawValue) --help"
        }
    }

    private static func hint(_ suggestion: String?) -> String {
        suggestion.map { "; did you mean \($0)?" } ?? ""
    }
}
