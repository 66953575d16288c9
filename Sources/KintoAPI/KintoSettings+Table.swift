// SPDX-License-Identifier: MIT

import Core

/// The declarations, from which everything else about a setting follows: how it is read, what
/// `heliograph check` and `init` tell, and the page of the documentation.
extension KintoSettings: DeclaredSettings {
    private static let seconds = 0...10_000_000_000
    private static let secondsOrNegative = -1_000_000_000...10_000_000_000
    private static let count = 0...1_000_000_000

    package static let topics = [
        SettingTopic("The service", service.reloadable() + [httpHost]),
        SettingTopic("Redirects", redirects.reloadable()),
        SettingTopic("Warnings and the end of the service", warnings.reloadable()),
        SettingTopic("Requests", requests.reloadable()),
        SettingTopic("Ids", ids.reloadable()),
        SettingTopic("Endpoints", endpoints.reloadable()),
        SettingTopic("Users", users.reloadable() + [userIDSecret]),
        SettingTopic("Permissions", permissions.reloadable()),
        SettingTopic("Caches", caches.reloadable()),
        SettingTopic("Changes", monitored + changes.reloadable()),
        SettingTopic("Broadcasts", broadcasts.reloadable()),
        SettingTopic("History", history.reloadable()),
    ]

    private static let service: [Setting<KintoSettings>] = [
        .words(
            "kinto.includes", \.includes,
            "Plugins, of those that are built in; kinto_changes turns the changes endpoints on."),
        .text("kinto.project_name", \.projectName, "What the root calls the service."),
        .text(
            "kinto.project_version", \.projectVersion,
            "The version told by the root and __version__."),
        .text(
            "kinto.version_json_path", \.versionPath,
            "A JSON file that __version__ shows; if there is none, name and version are shown, "
                + "unless the setting was set."),
        .text("kinto.project_docs", \.projectDocs, "Where the documentation is."),
        .text(
            "kinto.error_info_link", \.errorInfoLink, "Where errors of the server are to be told."),
        .flag("kinto.readonly", \.isReadOnly, "Refuse everything but reading."),
        Setting("kinto.http_scheme", "The scheme in addresses: http or https.") {
            value, settings throws(SettingsError) in
            guard value.text.map({ $0 == "http" || $0 == "https" }) ?? true else {
                throw value.error(expected: "http or https")
            }
            settings.httpScheme = value.text
        },
    ]

    /// Entries of the feed are named after it.
    private static let httpHost = Setting<KintoSettings>.text(
        "kinto.http_host", \.httpHost, "The host in addresses; the request's if not set.")

    private static let redirects: [Setting<KintoSettings>] = [
        .flag(
            "kinto.version_prefix_redirect_enabled", \.redirectsToVersion, "Lead /path to /v1/path."
        ),
        .integer(
            "kinto.version_prefix_redirect_ttl_seconds", \.versionRedirectSeconds,
            in: secondsOrNegative,
            "How many seconds caches may keep that; negative for not at all."),
        .flag(
            "kinto.trailing_slash_redirect_enabled", \.redirectsTrailingSlash,
            "Lead /path/ to /path."),
        .integer(
            "kinto.trailing_slash_redirect_ttl_seconds", \.trailingSlashSeconds,
            in: secondsOrNegative,
            "How many seconds caches may keep that; negative for not at all."),
    ]

    private static let warnings: [Setting<KintoSettings>] = [
        .integer(
            "kinto.retry_after_seconds", \.retryAfterSeconds, in: seconds,
            "When to come back after an error of the server."),
        .integer(
            "kinto.backoff", \.backoffSeconds, in: seconds,
            "Ask clients to be quiet for so many seconds."),
        .integer(
            "kinto.backoff_percentage", \.backoffPercentage, in: 0...100,
            "In how many of a hundred answers; all if not set."),
        Setting("kinto.eos", "The end of the service, a date; afterwards every answer is 410.") {
            value, settings throws(SettingsError) in
            settings.endOfService = value.text
            settings.endOfServiceTimestamp = value.text.flatMap(CalendarDate.timestamp)
            if value.text != nil, settings.endOfServiceTimestamp == nil {
                throw value.error(expected: "a date such as 2030-12-31 or 2030-12-31T23:59:59")
            }
        },
        .text(
            "kinto.eos_message", \.endOfServiceMessage,
            "What clients are told about the end of the service."),
        .text(
            "kinto.eos_url", \.endOfServiceURL,
            "Where to learn more about the end of the service."),
    ]

    private static let requests: [Setting<KintoSettings>] = [
        .integer(
            "kinto.batch_max_requests", \.batchRequestsMax, in: count,
            "Requests in one batch; 0 for any number."),
        Setting(
            "kinto.paginate_by", "Objects on one page; kinto.storage_max_fetch_size if not set."
        ) { value, settings throws(SettingsError) in
            let page = value.text == nil ? 0 : try value.integer(in: count)
            settings.paginateBy = page == 0 ? nil : page
        },
        .integer(
            "kinto.storage_max_fetch_size", \.fetchObjectsMax, in: 1...1_000_000_000,
            "Objects read for one answer."),
        .integer(
            "kinto.pagination_token_validity_seconds", \.tokenValiditySeconds, in: seconds,
            "How long a token that deletes the next page can be used."),
        .words(
            "kinto.cors_origins", \.corsOrigins,
            "Origins whose scripts may read answers; * and ? match."),
        Setting(
            "kinto.cors_max_age_seconds", default: "3600",
            "How long a preflight's answer may be kept; nothing is said of it if 0 or empty."
        ) { value, settings throws(SettingsError) in
            let age = value.text == nil ? 0 : try value.integer(in: seconds)
            settings.corsMaxAgeSeconds = age == 0 ? nil : age
        },
    ]

    private static let ids: [Setting<KintoSettings>] = [
        idGenerator("bucket"), idGenerator("collection"), idGenerator("group"),
        idGenerator("record"),
    ]

    private static let endpoints: [Setting<KintoSettings>] = [
        endpoint("plural", "Whether a list takes a method: false makes it 405."),
        endpoint("object", "The same for the objects of a list; get includes HEAD."),
    ]

    private static let users: [Setting<KintoSettings>] = [
        .words(
            "multiauth.policies", \.policies, withoutFile: "basicauth",
            "How users say who they are: basicauth, or names of policies with a class; the first "
                + "that recognises a user counts."),
        policy(
            "account", "The class of the policy account: kinto.plugins.accounts.AccountsPolicy."),
        policy("<name>", "The class of a policy of another name."),
        .integer(
            "kinto.account_cache_ttl_seconds", \.accountCacheSeconds, in: seconds,
            "How long an account's verified password is remembered after it was last used."),
        .text(
            "kinto.default_bucket_hmac_secret", \.defaultBucketSecret,
            "The key that makes the ids of default buckets."),
    ]

    /// Streams live by user ids that were made of it.
    private static let userIDSecret = Setting<KintoSettings>.text(
        "kinto.userid_hmac_secret", \.userIDSecret,
        "The key that makes user ids of basic authentication.")

    /// The class of a policy.
    private static func policy(_ name: String, _ summary: String) -> Setting<KintoSettings> {
        Setting("multiauth.policy.\(name).use", summary) { value, settings throws(SettingsError) in
            let parts = value.name.split(separator: ".")
            // Names with a dot are no names of policies.
            if parts.count == 4 { settings.policyClasses[String(parts[2])] = value.text }
        }
    }

    private static let permissions: [Setting<KintoSettings>] =
        [
            .flag(
                "kinto.explicit_permissions", \.hasExplicitPermissions,
                "Give who writes an object permission to write it."),
            .flag(
                "kinto.experimental_permissions_endpoint", \.enablesPermissionsEndpoint,
                "Serve /permissions: the list of what a user was granted."),
        ]
        + ["bucket", "collection", "group", "record", "account"].flatMap { kind in
            [
                principals("\(kind)_create", "Who may create any \(kind)."),
                principals("\(kind)_write", "Who may write any \(kind)."),
                principals("\(kind)_read", "Who may read any \(kind)."),
            ]
        }

    private static let caches: [Setting<KintoSettings>] =
        [
            .integer(
                "kinto.root_cache_expires_seconds", \.rootCacheSeconds, in: seconds,
                "How long the root of a read-only server may be kept.")
        ]
        + ["bucket", "collection", "group", "record"].map { kind in
            cache(
                "\(kind)_cache_expires_seconds",
                "How long answers to the anonymous may be kept: \(kind)s and their lists.")
        } + [
            cache("changes_cache_expires_seconds", "The same for the list of changes."),
            cache("permissions_cache_expires_seconds", "The same for the list of permissions."),
            cache(
                "<bucket>.<collection>.record_cache_minimum_expires_seconds",
                "How long a collection's changesets with _expected 0 or 9999… may be kept, "
                    + "whoever asked."),
            cache(
                "<bucket>.<collection>.record_cache_maximum_expires_seconds",
                "How long a collection's changesets with another _expected may be kept, "
                    + "whoever asked."),
            cache(
                "<bucket>.<collection>.record_cache_expires_seconds",
                "The same for the records and the changeset of a collection."),
            cache(
                "<bucket>.record_cache_expires_seconds", "The same for the records of a bucket."),
            cache(
                "<bucket>_<collection>_record_cache_expires_seconds",
                "The old spelling of the same for a collection."),
            cache(
                "<bucket>_record_cache_expires_seconds",
                "The old spelling of the same for a bucket."),
        ]

    /// What the hub shows, to whom, and under which name.
    private static let monitored: [Setting<KintoSettings>] = [
        Setting(
            "kinto.changes.resources", withoutFile: "*",
            "Buckets and collections to monitor; * for all."
        ) { value, settings throws(SettingsError) in
            settings.changesResources = value.words
            if !value.words.contains("*") { _ = try resources(value) }
        },
        Setting("kinto.changes.excluded_collections", "Buckets and collections not to monitor.") {
            value, settings throws(SettingsError) in
            settings.excludedResources = try resources(value)
        },
        .text(
            "kinto.changes.http_host", \.changesHost,
            "The host that redirects of the feed lead to."),
        .flag(
            "heliograph.changes.private", \.changesArePrivate,
            "Show a collection in the list of changes and in its streams only to those who may "
                + "read all of its records; else to everyone, as Kinto does."),
    ]

    private static let changes: [Setting<KintoSettings>] = [
        .integer(
            "kinto.changes.since_max_age_days", \.sinceDaysMax, in: -1_000_000...1_000_000,
            "An older _since is redirected to the whole list; negative for never."),
        .integer(
            "kinto.changes.since_max_age_redirect_ttl_seconds", \.sinceRedirectSeconds,
            in: secondsOrNegative,
            "How long caches may keep that redirect; negative for not at all."),
        Setting(
            "heliograph.changes.not_modified", default: "304",
            "The status of an unchanged list of changes: 304, or 200 with an empty list."
        ) { value, settings throws(SettingsError) in
            let expected = "304 or 200"
            let status = try value.integer(in: 200...304, expected: expected)
            guard status == 304 || status == 200 else { throw value.error(expected: expected) }
            settings.notModifiedStatus = status
        },
        .flag(
            "heliograph.polls.compression", \.compressesPolls,
            "Whether lists of changes and changesets are compressed for clients that take gzip."),
    ]

    private static let broadcasts: [Setting<KintoSettings>] = [
        .integer(
            "kinto.push_broadcast_min_debounce_interval_seconds", \.broadcastDebounceSeconds,
            in: seconds,
            "Seconds between two broadcasts of changed collections, however many changes there "
                + "are; 0 for no wait."),
        Setting(
            "heliograph.broadcasts.reader_tokens",
            "Tokens of push services that read GET /v1/broadcasts, as Megaphone's readers do."
        ) { value, settings throws(SettingsError) in
            try settings.broadcastTokens.addReaders(value)
        },
        Setting(
            "heliograph.broadcasts.broadcaster_tokens",
            "Who may PUT /v1/broadcasts/NAME/CHANNEL, as Megaphone's broadcasters do: NAME:TOKEN, "
                + "separated by white space or commas."
        ) { value, settings throws(SettingsError) in
            try settings.broadcastTokens.addBroadcasters(value)
        },
    ]

    private static let history: [Setting<KintoSettings>] = [
        Setting(
            "kinto.history.exclude_resources",
            "Buckets, groups, collections and records whose changes leave no history."
        ) { value, settings throws(SettingsError) in
            settings.history.excludedResources = value.words
            guard value.words.allSatisfy(HistorySettings.isResource) else {
                throw value.error(
                    expected: "addresses such as /buckets/main or /buckets/main/groups/one")
            }
        },
        .words(
            "kinto.history.exclude_user_ids", \.history.excludedUserIDs,
            "Users whose changes leave no history."),
        .integer(
            "kinto.history.auto_trim_max_count", \.history.trimmedCountMax,
            in: -1...1_000_000_000,
            "Entries of each kind kept in a bucket's history; 0 or -1 for any number."),
        .integer(
            "kinto.history.auto_trim_threshold", \.history.trimThreshold, in: count,
            "How many too many there are when the oldest are removed."),
        .words(
            "kinto.history.auto_trim_user_ids", \.history.trimmedUserIDs,
            "Count and remove only entries of these users, each user's apart."),
        .integer(
            "heliograph.history.entries_per_bucket_max", \.history.entriesPerBucketMax, in: count,
            "Entries kept in a bucket's history, whatever they are about; 0 for any number."),
    ]

    // MARK: Settings that are many

    /// A setting that grants everywhere what `name` says.
    private static func principals(_ name: String, _ summary: String) -> Setting<KintoSettings> {
        let key = "\(name)_principals"
        let own = KintoSettings().principals[key] ?? []
        return Setting("kinto." + key, default: own.sorted().joined(separator: " "), summary) {
            value, settings throws(SettingsError) in
            settings.principals[key] = Set(value.words)
        }
    }

    /// A setting, or a pattern, that says in `cacheSeconds` how long something may be kept.
    private static func cache(_ name: String, _ summary: String) -> Setting<KintoSettings> {
        Setting("kinto." + name, summary) { value, settings throws(SettingsError) in
            settings.cacheSeconds[value.name] =
                value.text == nil ? nil : try value.integer(in: seconds)
        }
    }

    /// A setting that says how ids of one kind of objects are made.
    private static func idGenerator(_ kind: String) -> Setting<KintoSettings> {
        let names = IDGenerator.allCases.map(\.rawValue).joined(separator: ", ")
        return Setting(
            "kinto.\(kind)_id_generator",
            default: KintoSettings().idGenerators[kind]?.rawValue ?? "",
            "How ids of new \(kind)s are made, and which are valid: \(names)."
        ) { value, settings throws(SettingsError) in
            guard let generator = IDGenerator(rawValue: value.text ?? "") else {
                throw value.error(expected: "one of \(names): other Python code cannot be run")
            }
            settings.idGenerators[kind] = generator
        }
    }

    /// A pattern of settings that switch off methods of endpoints.
    private static func endpoint(_ type: String, _ summary: String) -> Setting<KintoSettings> {
        Setting("kinto.\(type)_<kind>_<method>_enabled", default: "true", summary) {
            value, settings throws(SettingsError) in
            let name = String(value.name.dropLast("_enabled".count))
            let known = RouteTable.endpoints.flatMap(\.switches)
            guard known.contains(name) else {
                throw value.error(expected: "an endpoint and method, such as \(known[0])_enabled")
            }
            if try value.bool() {
                settings.disabledEndpoints.remove(name)
            } else {
                settings.disabledEndpoints.insert(name)
            }
        }
    }

    private static func resources(
        _ value: SettingValue
    ) throws(SettingsError) -> Set<ResourcePath> {
        var resources: Set<ResourcePath> = []
        for uri in value.words {
            guard let path = ResourcePath(uri: uri) else {
                throw value.error(
                    expected: "addresses such as /buckets/main or /buckets/main/collections/one")
            }
            resources.insert(path)
        }
        return resources
    }
}
