// SPDX-License-Identifier: MIT

import Core

/// How long answers of the changes endpoints may be kept.
struct ChangesCache {
    /// The request.
    let exchange: Exchange
    /// The collection whose changes are told.
    let path: CollectionPath

    /// Sets the fields, if a setting says so.
    ///
    /// A client that names what it expects gets an answer of its own, which may be kept longer;
    /// but not one that expects nothing in particular.
    ///
    /// Where the list of changes is private, only the anonymous all get the same one. Who said who
    /// they are gets one that nobody may keep, not even the same browser: its `ETag` may be that
    /// of another user's list.
    func apply(to reply: inout Reply) {
        if exchange.settings.changesArePrivate, path == .monitorChanges {
            reply.fields.append("Vary", "Authorization")
            guard exchange.identity.isAnonymous else { return reply.setUncached() }
        }
        let settings = exchange.settings.cacheSeconds
        let prefix = "\(path.bucket).\(path.collection).record_cache"
        let usual = settings["\(prefix)_expires_seconds"]
        let expected = (try? RequestQuery(exchange.request.head.query))?["_expected"]?.values[0]
        var seconds = usual
        if let expected, !expected.isEmpty {
            let isAnything = expected == "0" || expected.hasPrefix("9999")
            let name = isAnything ? "minimum" : "maximum"
            seconds = settings["\(prefix)_\(name)_expires_seconds"] ?? usual
        }
        if seconds == nil {
            let others = [
                "\(path.bucket).record_cache_expires_seconds", "record_cache_expires_seconds",
            ]
            seconds = others.lazy.compactMap { settings[$0] }.first { $0 > 0 }
        }
        if let seconds { reply.setCache(seconds: seconds, now: exchange.now) }
    }
}
