// SPDX-License-Identifier: MIT

extension EffectiveSettings {
    /// What `heliograph check` prints: a line for each setting with its value and origin, secrets
    /// masked.
    ///
    /// - Complexity: O(length of all values).
    package var report: String {
        settings.map { setting in
            let masked = SecretMask.masked(setting.value, of: setting.name)
            let value = PlainLine.of(masked)
            return "\(setting.name) =\(value.isEmpty ? "" : " " + value)  (\(setting.origin))\n"
        }.joined()
    }
}
