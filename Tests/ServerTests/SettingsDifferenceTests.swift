// SPDX-License-Identifier: MIT

import Core
import Testing

@testable import Server

@Suite("What two readings of the settings differ in")
struct SettingsDifferenceTests {
    private func read(
        _ application: String = "", server: String = "", flags: [SettingFlag] = []
    ) throws -> EffectiveSettings {
        let text = "[app:main]\n\(application)\n[server:main]\n\(server)\n"
        return try EffectiveSettings(
            table: .complete, file: try IniFile(parsing: Array(text.utf8), path: "kinto.ini"),
            environment: [:], flags: flags)
    }

    private func difference(
        _ old: EffectiveSettings, _ new: EffectiveSettings
    ) -> (applicable: [String], waiting: [String]) {
        let difference = SettingsDifference(from: old, to: new)
        return (
            difference.applicable.map(\.description), difference.waiting.map(\.description)
        )
    }

    @Test("is nothing where only lines were moved, or defaults written down")
    func nothing() throws {
        let old = try read("kinto.readonly = true\nkinto.backoff = 5")
        let new = try read("\nbackoff = 5\nkinto.paginate_by =\n\nkinto.readonly = true")
        #expect(difference(old, new) == ([], []))
        #expect(difference(new, old) == ([], []))
    }

    @Test("is told by name, the old value and the new, in the order of the table")
    func changes() throws {
        let old = try read("kinto.backoff = 5\nkinto.cors_origins = https://a https://b")
        let new = try read("kinto.cors_origins = *\nkinto.readonly = true\nheliograph.loops = 2")
        let (applicable, waiting) = difference(old, new)
        #expect(
            applicable == [
                "kinto.readonly: false → true", "kinto.backoff: 5 → (nothing)",
                "kinto.cors_origins: https://a https://b → *",
            ])
        #expect(waiting == ["heliograph.loops: auto → 2"])
    }

    @Test("has settings that match a pattern, also those that came and went")
    func patterns() throws {
        let old = try read("kinto.a.b.record_cache_expires_seconds = 7")
        let new = try read(
            "kinto.a.record_cache_expires_seconds = 8\nkinto.plural_bucket_get_enabled = false")
        #expect(
            difference(old, new).applicable == [
                "kinto.a.record_cache_expires_seconds: (nothing) → 8",
                "kinto.plural_bucket_get_enabled: true → false",
                "kinto.a.b.record_cache_expires_seconds: 7 → (nothing)",
            ])
    }

    @Test("does not show secrets, nor long values whole, nor more than one line")
    func shown() throws {
        let most = Limits.shownSettingCharactersMax
        let texts = [most, most + 1].map { String(repeating: "x", count: $0) }
        let old = try read(
            "kinto.default_bucket_hmac_secret = hush\nkinto.eos_message = \(texts[0])\n"
                + "kinto.eos_url = a\n  b")
        let new = try read(
            "kinto.default_bucket_hmac_secret = mum\nkinto.eos_message = \(texts[1])\n")
        let lines = difference(old, new).applicable
        #expect(
            lines == [
                "kinto.eos_message: \(texts[0]) → \(texts[0])…", "kinto.eos_url: a b → (nothing)",
                "kinto.default_bucket_hmac_secret: ******** → ********",
            ])
    }

    @Test("leaves what needs a restart as it was when the others are taken over")
    func takenOver() throws {
        let flag = SettingFlag(flag: "--port", setting: "port", value: "0")
        let running = try read("kinto.storage_backend = memory", server: "host = ::", flags: [flag])
        let new = try read(
            "kinto.readonly = true\nkinto.a.record_cache_expires_seconds = 8",
            server: "host = 127.0.0.1\nport = 9")
        let taken = new.takenOver(from: running)
        #expect(taken["kinto.readonly"]?.value == "true")
        #expect(taken["kinto.a.record_cache_expires_seconds"]?.value == "8")
        #expect(taken["kinto.storage_backend"] == running["kinto.storage_backend"])
        #expect(taken["host"] == running["host"])
        #expect(taken["port"] == running["port"])
        #expect(SettingsDifference(from: running, to: taken).waiting.isEmpty)
        // What waits is told again at the next reading, until it is taken back or in force.
        let again = difference(taken, new)
        #expect(again.applicable.isEmpty)
        #expect(again.waiting.count == 3)
    }

    @Test("needs a restart exactly for these")
    func needRestart() {
        let names = SettingsTable.complete.rows.filter { !$0.isReloadable }.map(\.name)
        #expect(
            names == [
                "host", "port", "heliograph.listen", "kinto.storage_backend", "kinto.storage_url",
                "heliograph.loops", "heliograph.trusted_proxies",
                "heliograph.max_connections_per_address", "heliograph.max_streams_per_address",
                "heliograph.max_memory_megabytes", "heliograph.max_loop_lag_milliseconds",
                "kinto.http_host",
                "kinto.userid_hmac_secret", "kinto.changes.resources",
                "kinto.changes.excluded_collections", "kinto.changes.http_host",
                "heliograph.changes.private",
            ])
    }

    @Test("is what the page and the template tell of a restart")
    func documentation() {
        let page = SettingsTable.complete.page.split(separator: "\n")
        let template = SettingsTable.complete.template.replacing("\n# ", with: " ")
        for row in SettingsTable.complete.rows {
            let line = page.first { $0.hasPrefix("| `\(row.name)` |") }
            #expect(line?.contains("*Restart.*") == !row.isReloadable)
            let setting = template.split(separator: "\n").first {
                $0.hasSuffix(" \(row.name) =") || $0.contains(" \(row.name) = ")
            }
            #expect(setting?.contains("Restart.") == !row.isReloadable, "\(row.name)")
        }
    }
}
