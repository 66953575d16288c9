// SPDX-License-Identifier: MIT

import Core

/// What an operator can set about the API, read from the keys of Kinto's ini file.
package struct KintoSettings: Sendable {
    // MARK: The service

    /// `includes`: the plugins.
    package var includes: [String] = []
    /// `project_name`: what the root calls the service.
    package var projectName = "kinto"
    /// `project_version`: the version that the root and `__version__` tell.
    package var projectVersion = "0.1.0"
    /// `project_docs`: where the documentation is.
    package var projectDocs = "https://kinto.readthedocs.io/"
    /// `error_info_link`: where errors of the server are to be told.
    package var errorInfoLink = "https://github.com/Kinto/kinto/issues/"
    /// `version_json_path`: the file that `__version__` shows.
    package var versionPath = "version.json"
    /// What is in that file.
    package var versionDocument = VersionDocument.own
    /// `readonly`: whether everything but reading is refused.
    package var isReadOnly = false
    /// `http_host`: the host in addresses; that of the request if nil.
    package var httpHost: String?
    /// `http_scheme`: the scheme in addresses.
    package var httpScheme: String?
    /// `root_cache_expires_seconds`: how long the root of a read-only server may be kept.
    package var rootCacheSeconds = 86_400
    /// `version_prefix_redirect_enabled`: whether `/path` leads to `/v1/path`.
    package var redirectsToVersion = true
    /// `version_prefix_redirect_ttl_seconds`: how long that may be kept; negative for not at all.
    package var versionRedirectSeconds = -1
    /// `trailing_slash_redirect_enabled`: whether `/path/` leads to `/path`.
    package var redirectsTrailingSlash = true
    /// `trailing_slash_redirect_ttl_seconds`: how long that may be kept; negative for not at all.
    package var trailingSlashSeconds = 3600

    // MARK: Warnings

    /// `retry_after_seconds`: when to come back after an error of the server.
    package var retryAfterSeconds = 3
    /// `backoff`: how many seconds clients are asked to be quiet.
    package var backoffSeconds: Int?
    /// `backoff_percentage`: how many in a hundred answers ask for it; all if nil.
    package var backoffPercentage: Int?
    /// `eos`: the end of the service, as written.
    package var endOfService: String?
    /// `eos`: the moment it stands for.
    package var endOfServiceTimestamp: Timestamp?
    /// `eos_message`: what clients are told about it.
    package var endOfServiceMessage: String?
    /// `eos_url`: where to learn more about it.
    package var endOfServiceURL: String?

    // MARK: Requests

    /// `batch_max_requests`: requests in one batch; 0 for any number.
    package var batchRequestsMax = Limits.batchRequestsDefault
    /// `paginate_by`: objects on one page; nil for `storage_max_fetch_size`.
    package var paginateBy: Int?
    /// `storage_max_fetch_size`: objects read for one answer.
    package var fetchObjectsMax = Limits.fetchObjectsDefault
    /// `pagination_token_validity_seconds`: how long a token that deletes a page can be used.
    package var tokenValiditySeconds = 600
    /// `<kind>_id_generator`: how the ids of a kind of objects are made.
    package var idGenerators: [String: IDGenerator] = [
        "bucket": .name, "collection": .name, "group": .name, "record": .relaxedUUID,
    ]
    /// `<endpoint>_enabled = false`: what is switched off, such as `plural_bucket_post`.
    package var disabledEndpoints: Set<String> = []
    /// `cors_origins`: who may read answers in a browser.
    package var corsOrigins = ["*"]
    /// `cors_max_age_seconds`: how long a preflight may be kept; nil to say nothing.
    package var corsMaxAgeSeconds: Int? = 3600

    // MARK: Users and permissions

    /// `multiauth.policies`: how users may say who they are, by the names of the policies.
    package var policies: [String] = []
    /// `multiauth.policy.<name>.use`: the classes of Kinto that policies are, by their names.
    var policyClasses: [String: String] = [:]
    /// What these come to, in their order.
    private(set) var authenticationPolicies: [AuthenticationPolicy] = []
    /// Whether `basicauth` is among the policies.
    package var hasBasicAuth: Bool { policies.contains("basicauth") }
    /// `account_cache_ttl_seconds`: how long a verified login is good after it was last used.
    package var accountCacheSeconds = 30
    /// `userid_hmac_secret`: the key that makes user ids of credentials.
    package var userIDSecret = "" {
        didSet { userIDKey = HMACKey(Array(userIDSecret.utf8)) }
    }
    /// The same, ready to be used.
    private(set) var userIDKey = HMACKey.empty
    /// `explicit_permissions`: whether who writes an object gets the permission to write it.
    package var hasExplicitPermissions = true
    /// `<kind>_<permission>_principals`: who is granted what everywhere, by that name.
    package var principals: [String: Set<String>] = [
        "bucket_create_principals": ["system.Authenticated"]
    ]

    /// Whether the plugin that makes `/buckets/default` a bucket of the user's own is among the
    /// includes.
    package var hasDefaultBucket: Bool { includes.contains("kinto.plugins.default_bucket") }
    /// `default_bucket_hmac_secret`: the key that makes the ids of those buckets. Unlike what is
    /// told of the reference, `userid_hmac_secret` is never used in its place.
    package var defaultBucketSecret = ""
    /// `experimental_permissions_endpoint`: whether users are to be able to list what they were
    /// granted.
    package var enablesPermissionsEndpoint = false
    /// Whether users can list what they were granted: when that is set, and with the admin console
    /// among the includes, which asks for the list.
    package var hasPermissionsEndpoint: Bool {
        enablesPermissionsEndpoint || includes.contains("kinto.plugins.admin")
    }
    /// Whether the flush plugin is among the includes, so that anyone can remove everything.
    package var hasFlush: Bool { includes.contains("kinto.plugins.flush") }

    // MARK: Caches

    /// Every setting whose name ends in `cache_expires_seconds`, `cache_minimum_expires_seconds` or
    /// `cache_maximum_expires_seconds`, but that of the root.
    package var cacheSeconds: [String: Int] = [:]

    // MARK: History

    /// Whether the history plugin is among the includes.
    package var hasHistory: Bool { includes.contains("kinto.plugins.history") }
    /// What it does.
    package var history = HistorySettings()

    // MARK: Changes

    /// `changes.resources`, as written.
    package var changesResources: [String] = []
    /// `changes.excluded_collections`: what of these is not monitored.
    package var excludedResources: Set<ResourcePath> = []
    /// `changes.http_host`: the host that redirects of the changes endpoints lead to.
    package var changesHost: String?
    /// `changes.since_max_age_days`: an older `_since` is redirected; negative for none is.
    package var sinceDaysMax = 21
    /// `changes.since_max_age_redirect_ttl_seconds`: how long that may be kept.
    package var sinceRedirectSeconds = 86_400
    /// `push_broadcast_min_debounce_interval_seconds`: between two broadcasts.
    package var broadcastDebounceSeconds = 300
    /// `heliograph.broadcasts.*_tokens`: who may read and announce broadcasts over Megaphone's
    /// endpoints.
    package var broadcastTokens = BroadcastTokens()
    /// Whether Megaphone's endpoints exist: there is a token to use them with.
    var hasMegaphone: Bool { !broadcastTokens.isEmpty }
    /// Whether there can be anything to broadcast.
    var hasBroadcasts: Bool { hasChanges || hasMegaphone }
    /// `heliograph.changes.not_modified`: the status of an unchanged list, 304 or 200.
    package var notModifiedStatus = 304

    /// `heliograph.changes.private`: whether the list of changes and its streams show a collection
    /// only to those who may read all of its records.
    package var changesArePrivate = false

    /// `heliograph.polls.compression`: whether answers to polls are compressed where clients take
    /// that.
    package var compressesPolls = true

    /// The host that entries of the monitor feed name, and their ids are made of: `http_host`, or
    /// else `changes.http_host`.
    package var entryHost: String { httpHost ?? changesHost ?? "" }

    /// Whether the changes endpoints exist: something is to be monitored, or a plugin says so.
    package var hasChanges: Bool {
        let plugins = ["kinto_changes", "kinto_remote_settings.changes", "kinto_remote_settings"]
        return !changesResources.isEmpty || includes.contains(where: plugins.contains)
    }

    /// Whether accounts can be made, changed and deleted: a plugin says so.
    package var hasAccounts: Bool { includes.contains(KintoSettings.accountsPlugin) }

    /// What `changes.resources` and `changes.excluded_collections` come to.
    ///
    /// - Complexity: O(number of resources).
    package var monitored: MonitoredResources {
        let named = Set(changesResources.compactMap(ResourcePath.init(uri:)))
        return MonitoredResources(
            including: changesResources.contains("*") ? .everything : .named(named),
            excluding: excludedResources)
    }

    /// Makes the settings that Kinto has when nothing is set.
    package init() {}

    /// Reads the settings from the keys and values of an ini file's `[app:main]` section.
    ///
    /// - Throws: `SettingsError` for the first value that is not what it should be.
    /// - Complexity: O(values × patterns + declarations).
    package init(_ values: [String: String]) throws(SettingsError) {
        self.init()
        try read(values)
        authenticationPolicies = try makePolicies()
        try checkAccounts()
    }
}
