// SPDX-License-Identifier: MIT

import Core

extension SettingsTable {
    /// What `heliograph help settings` prints: the documentation of every setting, in Markdown.
    ///
    /// - Complexity: O(length of the text).
    package var page: String {
        var text = """
            # Settings

            Settings stand in an ini file, the one that Kinto reads: those of a server in the
            section `[server:main]`, all others in `[app:main]`. Names count with and without the
            prefix `kinto.`. A value that is JSON stands for what it says, so that `"text"` is
            `text`. An environment variable outranks the file: `kinto.readonly` is
            `KINTO_READONLY`. An option of the command line outranks both.

            * `heliograph init FILE` writes a file with all of them.
            * `heliograph check --ini FILE` tells what counts, and who set it.
            * `heliograph help settings` prints this page.

            Parts of a name in angle brackets stand for names of your own.

            A server that gets SIGHUP (`kill -HUP`) reads all of it again and takes over what
            changed, without dropping a connection; the page `Operations.md` tells how. What cannot
            change while it runs is marked *Restart.*

            """
        for topic in topics {
            text += "\n## \(topic.title)\n\n| setting | default | |\n|---|---|---|\n"
            for row in topic.rows { text += Self.line(row) }
        }
        return text + KintoCompatibility.page
    }

    private static func line(_ row: SettingRow) -> String {
        var defaults = row.defaultValue.isEmpty ? "" : "`\(row.defaultValue)`"
        if let other = row.defaultValueWithoutFile {
            defaults += (defaults.isEmpty ? "" : ", ") + "without a file `\(other)`"
        }
        let place = row.section == .server ? " In `[\(row.section.rawValue)]`." : ""
        let restart = row.isReloadable ? "" : " *Restart.*"
        let summary = row.summary.replacing("|", with: "\\|").replacing("*", with: "\\*")
            .replacing("_", with: "\\_").replacing("<", with: "\\<")
        return "| `\(row.name)` | \(defaults) | \(summary)\(place)\(restart) |\n"
    }
}

extension KintoCompatibility {
    /// The part of the page about settings that no row is about.
    ///
    /// - Complexity: O(length of the text).
    fileprivate static var page: String {
        """

        ## What else stands in a file of Kinto's

        What only concerns Kinto's insides has no effect, and is listed once at the start:
        \(words(harmlessKeys)), and what begins with \(words(harmlessPrefixes)).

        What the operator relies on is never passed over: the server does not start, and says why.

        * `kinto.includes` may name \(words(builtInPlugins)). \(words(ignoredPlugins)) have no
          effect: nothing of the API depends on them. The file that `kinto init` writes names the
          admin console, so it is no error; no page is served for it. Any other plugin is refused,
          among them quotas and OpenID.
        * `multiauth.policies` may name \(words(builtInPolicies)), or policies that have the class
          of one of them in `multiauth.policy.<name>.use`; any other is refused.
        * \(words(refusedSwitches.keys)) must not be true.
        * Settings that begin with \(words(refusedPrefixes.map(\.prefix))) are refused.
        * Settings that name Python code may name what is built in: \(words(pythonNames.keys)).
        * A name under `heliograph.` that does not exist is refused, and so is one that only a
          typing mistake parts from a setting. Other names that nothing knows are listed once at
          the start.

        """
    }

    private static func words(_ words: some Sequence<String>) -> String {
        words.sorted().map { "`\($0)`" }.joined(separator: ", ")
    }
}
