// SPDX-License-Identifier: MIT

import Core

extension KintoSettings {
    /// Seconds that stay within what a date can tell.
    private static let secondsRange = 0...10_000_000_000
    private static let secondsOrNoneRange = -1_000_000_000...10_000_000_000
    private static let countRange = 0...1_000_000_000

    /// Reads the settings from the keys and values of an ini file's `[app:main]` section.
    ///
    /// Keys count with and without the `kinto.` prefix; keys of other parts are passed over.
    ///
    /// - Throws: `SettingsError` for the first value that is not what it should be.
    package init(_ values: [String: String]) throws(SettingsError) {
        self.init()
        let reader = SettingsReader(values)
        try readService(reader)
        try readWarnings(reader)
        try readRequests(reader)
        try readUsers(reader)
        try readChanges(reader)
        for name in reader.names where KintoSettings.isCacheSetting(name) {
            cacheSeconds[name] = try reader.integer(name, in: KintoSettings.secondsRange)
        }
        if try reader.bool("experimental_collection_schema_validation", false) {
            throw reader.error(
                "experimental_collection_schema_validation",
                "false: records are not validated against JSON schemas")
        }
    }

    private mutating func readService(_ reader: SettingsReader) throws(SettingsError) {
        projectName = reader.text("project_name") ?? projectName
        projectVersion = reader.text("project_version") ?? projectVersion
        projectDocs = reader.text("project_docs") ?? projectDocs
        errorInfoLink = reader.text("error_info_link") ?? errorInfoLink
        isReadOnly = try reader.bool("readonly", isReadOnly)
        httpHost = reader.text("http_host")
        httpScheme = reader.text("http_scheme")
        if let httpScheme, httpScheme != "http", httpScheme != "https" {
            throw reader.error("http_scheme", "http or https")
        }
        rootCacheSeconds =
            try reader.integer("root_cache_expires_seconds", in: KintoSettings.secondsRange)
            ?? rootCacheSeconds
        redirectsToVersion = try reader.bool("version_prefix_redirect_enabled", redirectsToVersion)
        versionRedirectSeconds =
            try reader.integer(
                "version_prefix_redirect_ttl_seconds", in: KintoSettings.secondsOrNoneRange)
            ?? versionRedirectSeconds
        redirectsTrailingSlash = try reader.bool(
            "trailing_slash_redirect_enabled", redirectsTrailingSlash)
        trailingSlashSeconds =
            try reader.integer(
                "trailing_slash_redirect_ttl_seconds", in: KintoSettings.secondsOrNoneRange)
            ?? trailingSlashSeconds
    }

    private mutating func readWarnings(_ reader: SettingsReader) throws(SettingsError) {
        retryAfterSeconds =
            try reader.integer("retry_after_seconds", in: KintoSettings.secondsRange)
            ?? retryAfterSeconds
        backoffSeconds = try reader.integer("backoff", in: KintoSettings.secondsRange)
        backoffPercentage = try reader.integer("backoff_percentage", in: 0...100)
        endOfService = reader.text("eos")
        if let endOfService {
            endOfServiceTimestamp = CalendarDate.timestamp(endOfService)
            if endOfServiceTimestamp == nil {
                throw reader.error("eos", "a date such as 2030-12-31 or 2030-12-31T23:59:59")
            }
        }
        endOfServiceMessage = reader.text("eos_message")
        endOfServiceURL = reader.text("eos_url")
    }

    private mutating func readRequests(_ reader: SettingsReader) throws(SettingsError) {
        batchRequestsMax =
            try reader.integer("batch_max_requests", in: KintoSettings.countRange)
            ?? batchRequestsMax
        let page = try reader.integer("paginate_by", in: KintoSettings.countRange)
        paginateBy = page == 0 ? nil : page
        fetchObjectsMax =
            try reader.integer("storage_max_fetch_size", in: 1...1_000_000_000) ?? fetchObjectsMax
        tokenValiditySeconds =
            try reader.integer("pagination_token_validity_seconds", in: KintoSettings.secondsRange)
            ?? tokenValiditySeconds
        corsOrigins = reader.list("cors_origins") ?? corsOrigins
        if reader.names.contains("cors_max_age_seconds") {
            let seconds = try reader.integer(
                "cors_max_age_seconds", in: KintoSettings.secondsRange)
            corsMaxAgeSeconds = seconds == 0 ? nil : seconds
        }
    }

    private mutating func readUsers(_ reader: SettingsReader) throws(SettingsError) {
        hasBasicAuth = reader.list("multiauth.policies")?.contains("basicauth") ?? hasBasicAuth
        userIDSecret = reader.text("userid_hmac_secret") ?? userIDSecret
        let includes = reader.list("includes") ?? []
        hasDefaultBucket = includes.contains("kinto.plugins.default_bucket")
        defaultBucketSecret = reader.text("default_bucket_hmac_secret")
        hasExplicitPermissions = try reader.bool("explicit_permissions", hasExplicitPermissions)
        for name in reader.names where name.utf8.suffix(11).elementsEqual("_principals".utf8) {
            principals[name] = Set(reader.list(name) ?? [])
        }
    }

    private mutating func readChanges(_ reader: SettingsReader) throws(SettingsError) {
        let plugins = ["kinto_changes", "kinto_remote_settings.changes", "kinto_remote_settings"]
        let includes = reader.list("includes") ?? []
        changesResources = reader.list("changes.resources") ?? []
        hasChanges = !changesResources.isEmpty || includes.contains(where: plugins.contains)
        let excluded = try resources(reader, "changes.excluded_collections")
        if changesResources.contains("*") {
            monitored = MonitoredResources(including: .everything, excluding: excluded)
        } else {
            let included = try resources(reader, "changes.resources")
            monitored = MonitoredResources(including: .named(included), excluding: excluded)
        }
        changesHost = reader.text("changes.http_host")
        sinceDaysMax =
            try reader.integer("changes.since_max_age_days", in: -1_000_000...1_000_000)
            ?? sinceDaysMax
        sinceRedirectSeconds =
            try reader.integer(
                "changes.since_max_age_redirect_ttl_seconds", in: KintoSettings.secondsOrNoneRange)
            ?? sinceRedirectSeconds
        broadcastDebounceSeconds =
            try reader.integer(
                "push_broadcast_min_debounce_interval_seconds", in: KintoSettings.secondsRange)
            ?? broadcastDebounceSeconds
        let status = try reader.integer("heliograph.changes.not_modified", in: 0...999)
        notModifiedStatus = status ?? notModifiedStatus
        if notModifiedStatus != 304, notModifiedStatus != 200 {
            throw reader.error("heliograph.changes.not_modified", "304 or 200")
        }
    }

    private func resources(
        _ reader: SettingsReader, _ name: String
    ) throws(SettingsError) -> Set<ResourcePath> {
        var resources: Set<ResourcePath> = []
        for uri in reader.list(name) ?? [] {
            guard let path = ResourcePath(uri: uri) else {
                throw reader.error(
                    name, "addresses such as /buckets/main or /buckets/main/collections/one")
            }
            resources.insert(path)
        }
        return resources
    }

    private static func isCacheSetting(_ name: String) -> Bool {
        let endings = [
            "cache_expires_seconds", "cache_minimum_expires_seconds",
            "cache_maximum_expires_seconds",
        ]
        guard name != "root_cache_expires_seconds" else { return false }
        return endings.contains { name.utf8.suffix($0.utf8.count).elementsEqual($0.utf8) }
    }
}
