// SPDX-License-Identifier: MIT

import Core
import KintoAPI

/// The file of `kinto.version_json_path`. It is read once, at the start.
enum VersionFile {
    /// What `__version__` shows by the file.
    ///
    /// - Parameter isSet: Whether the operator named the file, so that it must be there.
    /// - Complexity: O(length of the file).
    static func read(_ path: String, isSet: Bool) -> VersionDocument {
        guard let content = try? ConfigurationFile.read(path),
            let document = try? JSONParser.parse(content)
        else { return isSet ? .missing : .own }
        return .file(document)
    }
}
