// SPDX-License-Identifier: MIT

/// One setting, for people.
package struct SettingDescription: Sendable {
    /// The key. `<…>` in it stands for a name of the operator's own.
    package let name: String
    /// The default, as it would be written; empty for none.
    package let defaultValue: String
    /// What the setting does, in one sentence.
    package let summary: String
}

extension KintoSettings {
    /// Every setting that `init(_:)` reads, in the order a file should tell them.
    package static let table: [SettingDescription] = rows.map {
        SettingDescription(name: $0.0, defaultValue: $0.1, summary: $0.2)
    }

    private static let rows: [(String, String, String)] =
        serviceRows + requestRows + userRows + cacheRows + changesRows

    private static let serviceRows = [
        ("kinto.project_name", "kinto", "What the root calls the service."),
        ("kinto.project_version", "0.1.0", "The version told by the root and __version__."),
        ("kinto.project_docs", "https://kinto.readthedocs.io/", "Where the documentation is."),
        (
            "kinto.error_info_link", "https://github.com/Kinto/kinto/issues/",
            "Where errors of the server are to be told."
        ),
        ("kinto.readonly", "false", "Refuse everything but reading."),
        ("kinto.http_host", "", "The host in addresses; that of the request if not set."),
        ("kinto.http_scheme", "", "The scheme in addresses: http or https."),
        ("kinto.version_prefix_redirect_enabled", "true", "Lead /path to /v1/path."),
        (
            "kinto.version_prefix_redirect_ttl_seconds", "-1",
            "How long caches may keep that; negative for not at all."
        ),
        ("kinto.trailing_slash_redirect_enabled", "true", "Lead /path/ to /path."),
        (
            "kinto.trailing_slash_redirect_ttl_seconds", "3600",
            "How long caches may keep that; negative for not at all."
        ),
        ("kinto.retry_after_seconds", "3", "When to come back after an error of the server."),
        ("kinto.backoff", "", "Ask clients to be quiet for so many seconds."),
        ("kinto.backoff_percentage", "", "In how many of a hundred answers; all if not set."),
        ("kinto.eos", "", "The end of the service, a date; afterwards every answer is 410."),
        ("kinto.eos_message", "", "What clients are told about the end of the service."),
        ("kinto.eos_url", "", "Where to learn more about the end of the service."),
    ]

    private static let requestRows = [
        ("kinto.batch_max_requests", "25", "Requests in one batch; 0 for any number."),
        ("kinto.paginate_by", "", "Objects on one page."),
        ("kinto.storage_max_fetch_size", "10000", "Objects read for one answer."),
        (
            "kinto.pagination_token_validity_seconds", "600",
            "How long a token that deletes the next page can be used."
        ),
        ("kinto.cors_origins", "*", "Origins whose scripts may read answers; * and ? match."),
        ("kinto.cors_max_age_seconds", "3600", "How long a preflight's answer may be kept."),
    ]

    private static let userRows = [
        ("multiauth.policies", "", "How users say who they are: basicauth."),
        ("kinto.userid_hmac_secret", "", "The key that makes user ids of credentials."),
        (
            "kinto.default_bucket_hmac_secret", "",
            "The key that makes the ids of default buckets; kinto.userid_hmac_secret if not set."
        ),
        ("kinto.explicit_permissions", "true", "Give who writes an object permission to write it."),
        ("kinto.bucket_create_principals", "system.Authenticated", "Who may create buckets."),
        ("kinto.bucket_write_principals", "", "Who may write any bucket."),
        ("kinto.bucket_read_principals", "", "Who may read any bucket."),
        (
            "kinto.<kind>_<permission>_principals", "",
            "Who may create, write or read any collection, group or record."
        ),
        (
            "kinto.experimental_collection_schema_validation", "false",
            "Not available: a server that is asked for it does not start."
        ),
    ]

    private static let cacheRows = [
        (
            "kinto.root_cache_expires_seconds", "86400",
            "How long the root of a read-only server may be kept."
        ),
        (
            "kinto.<kind>_cache_expires_seconds", "",
            "How long answers to the anonymous may be kept, for one kind of objects."
        ),
        (
            "kinto.<bucket>.record_cache_expires_seconds", "",
            "The same for the records of a bucket."
        ),
        (
            "kinto.<bucket>.<collection>.record_cache_expires_seconds", "",
            "The same for the records and the changeset of a collection."
        ),
        (
            "kinto.<bucket>.<collection>.record_cache_minimum_expires_seconds", "",
            "The same for changesets with _expected 0 or 9999…"
        ),
        (
            "kinto.<bucket>.<collection>.record_cache_maximum_expires_seconds", "",
            "The same for changesets with another _expected."
        ),
    ]

    private static let changesRows = [
        ("kinto.includes", "", "Plugins; kinto_changes turns the changes endpoints on."),
        ("kinto.changes.resources", "", "Buckets and collections to monitor; * for all."),
        ("kinto.changes.excluded_collections", "", "Buckets and collections not to monitor."),
        ("kinto.changes.http_host", "", "The host that redirects of the feed lead to."),
        (
            "kinto.changes.since_max_age_days", "21",
            "An older _since is redirected to the whole list; negative for never."
        ),
        (
            "kinto.changes.since_max_age_redirect_ttl_seconds", "86400",
            "How long caches may keep that redirect; negative for not at all."
        ),
        (
            "kinto.push_broadcast_min_debounce_interval_seconds", "300",
            "The time between two broadcasts."
        ),
        (
            "heliograph.changes.not_modified", "304",
            "The status of an unchanged list of changes: 304, or 200 with an empty list."
        ),
    ]
}
