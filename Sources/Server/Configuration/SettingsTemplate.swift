// SPDX-License-Identifier: MIT

import Core

extension SettingsTable {
    /// What `heliograph init` writes: an ini file with each setting's summary and default.
    ///
    /// Every setting is commented out, so that the file changes nothing until it is edited;
    /// only the two section headers count.
    ///
    /// - Complexity: O(length of the text).
    package var template: String {
        var text = """
            # Configuration of heliograph, in the form of Kinto's kinto.ini.
            #
            # Each setting is shown with its default: take the "# " away to change it.
            # Environment variables outrank this file (kinto.readonly is KINTO_READONLY),
            # options of the command line outrank both. "heliograph check --ini FILE"
            # prints what counts, and why. A percent sign is written %%, and %(here)s
            # stands for this file's directory.
            #
            # A server that runs reads this file again when it gets SIGHUP (kill -HUP);
            # what is marked "Restart." it takes over at its next start.

            """
        for section in [SettingRow.Section.server, .application] {
            text += "\n[\(section.rawValue)]\n"
            for topic in topics {
                let rows = topic.rows.filter { $0.section == section }
                if !rows.isEmpty { text += "\n## \(topic.title)\n" }
                for row in rows {
                    text += "\n" + Self.comment(row.summary + (row.isReloadable ? "" : " Restart."))
                    let value = row.defaultValue.replacing("%", with: "%%")
                        .replacing("\n", with: "\n#   ")
                    text += value.isEmpty ? "# \(row.name) =\n" : "# \(row.name) = \(value)\n"
                }
            }
        }
        return text
    }

    /// The text as comment lines of at most `Limits.templateColumnsMax`, unless a word is longer.
    private static func comment(_ text: String) -> String {
        var lines: [String] = []
        var line = "#"
        for word in text.split(separator: " ") {
            if line.count + 1 + word.count > Limits.templateColumnsMax, line != "#" {
                lines.append(line)
                line = "#"
            }
            line += " " + word
        }
        lines.append(line)
        return lines.map { $0 + "\n" }.joined()
    }
}
