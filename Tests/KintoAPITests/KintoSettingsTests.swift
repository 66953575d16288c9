// SPDX-License-Identifier: MIT

import Core
import Testing

@testable import KintoAPI

@Suite("The settings of the API")
struct KintoSettingsTests {
    @Test("are Kinto's when nothing is set")
    func defaults() throws {
        let settings = try KintoSettings([:])
        #expect(!settings.hasBasicAuth)
        #expect(!settings.hasChanges)
        #expect(settings.batchRequestsMax == Limits.batchRequestsDefault)
        #expect(settings.fetchObjectsMax == Limits.fetchObjectsDefault)
        #expect(settings.paginateBy == nil)
        #expect(settings.notModifiedStatus == 304)
        #expect(settings.principals == ["bucket_create_principals": ["system.Authenticated"]])
        #expect(!settings.monitored.monitors(CollectionPath(bucket: "a", collection: "b")))
    }

    @Test("are read with and without the prefix, of which the prefixed one stands")
    func prefix() throws {
        #expect(try KintoSettings(["paginate_by": "3"]).paginateBy == 3)
        #expect(try KintoSettings(["kinto.paginate_by": "4"]).paginateBy == 4)
        let both = ["paginate_by": "3", "kinto.paginate_by": "4"]
        #expect(try KintoSettings(both).paginateBy == 4)
    }

    @Test(
        "know Kinto's spellings of truth",
        arguments: [
            ("true", true), ("T", true), ("yes", true), ("On", true), ("1", true), ("y", true),
            ("false", false), ("no", false), ("OFF", false), ("0", false), ("n", false),
            ("", false), (" true ", true),
        ])
    func booleans(text: String, isReadOnly: Bool) throws {
        #expect(try KintoSettings(["kinto.readonly": text]).isReadOnly == isReadOnly)
    }

    @Test("split lists at commas and white space")
    func lists() throws {
        let settings = try KintoSettings([
            "kinto.cors_origins": "http://a.example,http://b.example\n  http://c.example",
            "kinto.record_create_principals": "system.Everyone, basicauth:x",
        ])
        #expect(
            settings.corsOrigins == ["http://a.example", "http://b.example", "http://c.example"])
        #expect(
            settings.principals["record_create_principals"] == ["system.Everyone", "basicauth:x"])
    }

    @Test(
        "name the key and the value that are wrong, and what is expected",
        arguments: [
            ("kinto.readonly", "maybe", "true or false"),
            ("kinto.paginate_by", "-1", "a whole number, 0 to 1000000000"),
            ("kinto.paginate_by", "ten", "a whole number, 0 to 1000000000"),
            ("storage_max_fetch_size", "0", "a whole number, 1 to 1000000000"),
            ("kinto.batch_max_requests", "9999999999999999999", "a whole number, 0 to 1000000000"),
            ("kinto.changes.since_max_age_days", "x", "a whole number, -1000000 to 1000000"),
            ("kinto.http_scheme", "ftp", "http or https"),
            ("heliograph.changes.not_modified", "204", "304 or 200"),
            ("kinto.eos", "soon", "a date such as 2030-12-31 or 2030-12-31T23:59:59"),
            (
                "kinto.changes.resources", "/buckets/a/groups/b",
                "addresses such as /buckets/main or /buckets/main/collections/one"
            ),
            (
                "kinto.changes.excluded_collections", "main",
                "addresses such as /buckets/main or /buckets/main/collections/one"
            ),
            ("kinto.main.record_cache_expires_seconds", "1h", "a whole number, 0 to 10000000000"),
        ])
    func errors(key: String, value: String, expected: String) {
        let error = SettingsError(key: key, value: value, expected: expected)
        #expect(throws: error) { try KintoSettings([key: value]) }
        #expect(error.description == "\(key) = \(value): expected \(expected)")
    }

    @Test("turn changes on by a resource or by the plugin's name")
    func changes() throws {
        #expect(try KintoSettings(["kinto.changes.resources": "/buckets/a"]).hasChanges)
        #expect(try KintoSettings(["kinto.includes": "kinto_changes"]).hasChanges)
        let includes = "kinto.plugins.flush kinto_remote_settings.changes"
        #expect(try KintoSettings(["kinto.includes": includes]).hasChanges)
        #expect(try !KintoSettings(["kinto.includes": "kinto.plugins.flush"]).hasChanges)
    }

    @Test("name a host for entries: that of the server, or else that of the changes")
    func entryHost() throws {
        #expect(try KintoSettings([:]).entryHost == "")
        #expect(try KintoSettings(["kinto.changes.http_host": "a"]).entryHost == "a")
        let both = ["kinto.changes.http_host": "a", "kinto.http_host": "b"]
        #expect(try KintoSettings(both).entryHost == "b")
    }

    @Test("monitor everything and know basic authentication when there is no file")
    func embedded() throws {
        let settings = try KintoSettings(KintoSettings.embedded)
        #expect(settings.hasBasicAuth)
        #expect(settings.hasChanges)
        #expect(settings.monitored.monitors(CollectionPath(bucket: "a", collection: "b")))
    }

    /// All that settings hold, in no order, as that of dictionaries is not theirs.
    private func lines(_ settings: KintoSettings) -> [Substring] {
        var text = ""
        dump(settings, to: &text)
        return text.split(separator: "\n").sorted()
    }

    @Test("can be set to every default that the table tells, and come to the same")
    func table() throws {
        var values: [String: String] = [:]
        for row in KintoSettings.declarations.map(\.row) {
            #expect(row.summary.hasSuffix(".") || row.summary.hasSuffix("…"), "\(row.name)")
            #expect(values[row.name] == nil, "\(row.name) stands twice")
            if !row.isPattern { values[row.name] = row.defaultValue }
        }
        var settings = try KintoSettings(values)
        // A grant to nobody is as good as none.
        settings.principals = settings.principals.filter { !$0.value.isEmpty }
        #expect(lines(settings) == lines(KintoSettings()))
    }

    @Test(
        "read dates with and without a time",
        arguments: [
            ("1970-01-01", 0), ("2000-02-29", 951_782_400), ("2030-01-01", 1_893_456_000),
            ("2030-01-01T01:02:03", 1_893_459_723), ("2030-01-01 01:02", 1_893_459_720),
            ("1969-12-31T23:59:59Z", -1),
        ])
    func dates(text: String, seconds: Int64) {
        #expect(CalendarDate.timestamp(text) == Timestamp(milliseconds: seconds * 1000))
    }

    @Test(
        "refuse what is no date",
        arguments: [
            "", "2030", "2030-13-01", "2030-00-01", "2030-01-32", "30-1-1", "2030-01-01T25:00",
        ]
    )
    func badDates(text: String) {
        #expect(CalendarDate.timestamp(text) == nil)
    }
}

@Suite("What is monitored")
struct MonitoredResourcesTests {
    private func path(_ bucket: String, _ collection: String) -> CollectionPath {
        CollectionPath(bucket: bucket, collection: collection)
    }

    @Test("is matched exactly, not by how it begins")
    func exact() {
        let monitored = MonitoredResources(
            including: .named([.collection(path("main", "one")), .bucket("blocklists")]),
            excluding: [.collection(path("blocklists", "ex"))])
        #expect(monitored.monitors(path("main", "one")))
        #expect(!monitored.monitors(path("main", "one2")))
        #expect(!monitored.monitors(path("main", "on")))
        #expect(monitored.monitors(path("blocklists", "any")))
        #expect(!monitored.monitors(path("blocklists2", "any")))
        #expect(!monitored.monitors(path("blocklists", "ex")))
        #expect(monitored.monitors(path("blocklists", "ex2")))
    }

    @Test("may be everything but what is excluded, and never the list itself")
    func everything() {
        let monitored = MonitoredResources(including: .everything, excluding: [.bucket("staging")])
        #expect(monitored.monitors(path("a", "b")))
        #expect(!monitored.monitors(path("staging", "b")))
        #expect(!monitored.monitors(.monitorChanges))
        #expect(monitored.monitors(path("monitor", "other")))
    }
}
