// SPDX-License-Identifier: MIT

import Core

/// The commands by name, in the order in which the help lists them.
package enum CommandName: String, Sendable, CaseIterable {
    /// Runs the server.
    case serve
    /// Writes a configuration file.
    case initialize = "init"
    /// Prints the configuration.
    case check
    /// Prepares the database.
    case migrate
    /// Follows a server's changes.
    case watch
    /// Copies a running Kinto.
    case importing = "import"
    /// Makes an account.
    case createUser = "create-user"
    /// Prints the version.
    case version
}

/// What a command line asks for.
package enum Command: Sendable, Equatable {
    /// Run the server.
    case serve(ConfigurationOptions)
    /// Write a configuration file; to standard output if no path is given.
    case initialize(path: String?)
    /// Print the configuration with the origin of each setting.
    case check(ConfigurationOptions)
    /// Prepare the database.
    case migrate(ConfigurationOptions)
    /// Follow a server's changes.
    case watch(WatchOptions)
    /// Copy a running Kinto.
    case importing(ImportOptions, ConfigurationOptions)
    /// Make an account; what is not given is asked for.
    case createUser(name: String?, password: String?, ConfigurationOptions)
    /// Print the version.
    case version
    /// Explain every setting.
    case helpWithSettings
    /// Explain one command, or all of them.
    case help(CommandName?)
}

/// What `heliograph import` is asked for, apart from where to.
package struct ImportOptions: Sendable, Equatable {
    /// The address of the source.
    package let url: ServerURL
    /// `USER:PASSWORD`, if they were given.
    package let login: String?
    /// Whether each record is asked for its own permissions.
    package let asksForRecordPermissions: Bool

    /// Makes options of their values.
    package init(url: ServerURL, login: String? = nil, asksForRecordPermissions: Bool = true) {
        self.url = url
        self.login = login
        self.asksForRecordPermissions = asksForRecordPermissions
    }
}

/// What `heliograph watch` is asked for.
package struct WatchOptions: Sendable, Equatable {
    /// The address of a server or of one of its streams, as given; `http` or `https`.
    package let url: String
    /// Where to begin.
    package let since: Cursor
    /// The only resources to show; all if there are none.
    package let resources: [ResourcePath]
    /// Whether to print JSON, one object a line.
    package let printsJSON: Bool

    /// Makes options of their values.
    package init(
        url: String, since: Cursor = .start, resources: [ResourcePath] = [],
        printsJSON: Bool = false
    ) {
        self.url = url
        self.since = since
        self.resources = resources
        self.printsJSON = printsJSON
    }
}
