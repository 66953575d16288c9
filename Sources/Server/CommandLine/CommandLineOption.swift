// SPDX-License-Identifier: MIT

/// An option that a command takes. The parser and the help texts read the same list.
enum CommandLineOption: String, CaseIterable {
    /// The configuration file.
    case ini = "--ini"
    /// The address to listen on.
    case host = "--host"
    /// The port to listen on.
    case port = "--port"
    /// Where the data is kept.
    case storage = "--storage"
    /// The number of event loops.
    case loops = "--loops"
    /// The cursor to begin at.
    case since = "--since"
    /// A resource to follow.
    case resource = "--resource"
    /// The user of a source.
    case auth = "--auth"
    /// Whether records are asked for their permissions.
    case skipPermissions = "--skip-permissions"
    /// The name of a user.
    case username = "--username"
    /// The password of a user.
    case password = "--password"
    /// Output for programs.
    case json = "--json"

    /// The option of a word: its name, or the letter that Kinto gives it.
    init?(word: String) {
        switch word {
        case "-u": self = .username
        case "-p": self = .password
        case _: self.init(rawValue: word)
        }
    }

    /// What stands for the value in the help; nil if the option takes none.
    var placeholder: String? {
        switch self {
        case .ini: "FILE"
        case .host: "ADDR"
        case .port, .loops: "N"
        case .storage: "STORAGE"
        case .since: "CURSOR"
        case .resource: "PATH"
        case .auth: "LOGIN"
        case .json, .skipPermissions: nil
        case .username: "NAME"
        case .password: "TEXT"
        }
    }

    /// Whether the option may be given more than once.
    var isRepeatable: Bool { self == .resource }

    /// What the option does, for the help.
    var summary: String {
        switch self {
        case .ini: "Read the settings of FILE, Kinto's kinto.ini or one of init."
        case .host: "Listen on ADDR (default 127.0.0.1)."
        case .port: "Listen on port N (default 8888); 0 picks a free one."
        case .storage: "Keep the data in memory, sqlite:///relative or sqlite:////absolute/path."
        case .loops: "Run N event loops (default: one per core)."
        case .since: "Begin after CURSOR: an id of a stream, or the ETag of a poll."
        case .resource: "Only /buckets/B or /buckets/B/collections/C; may be repeated."
        case .auth: "Read as USER:PASSWORD, or give it in HELIOGRAPH_IMPORT_AUTH."
        case .skipPermissions: "Do not ask each record for its own permissions: faster."
        case .username: "The user's name (also -u)."
        case .password: "The password (also -p), which others may see in the list of processes."
        case .json: "Print each change as one line of JSON."
        }
    }
}

extension CommandName {
    /// The options the command takes, in the order of its help.
    var options: [CommandLineOption] {
        switch self {
        case .serve: [.ini, .host, .port, .storage, .loops]
        case .check: [.ini]
        case .migrate: [.ini, .storage]
        case .watch: [.since, .resource, .json]
        case .importing: [.auth, .ini, .storage, .skipPermissions]
        case .createUser: [.username, .password, .ini, .storage]
        case .initialize, .version: []
        }
    }

    /// What stands for the command's argument in the help; nil if it takes none.
    var argument: (placeholder: String, isRequired: Bool)? {
        switch self {
        case .initialize: ("FILE", false)
        case .watch, .importing: ("URL", true)
        case .serve, .check, .migrate, .createUser, .version: nil
        }
    }
}
