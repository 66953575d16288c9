// SPDX-License-Identifier: MIT

import Core
import Storage

/// How long answers may be kept, by the settings and the collection's `cache_expires`.
struct CacheControl {
    /// The request.
    let exchange: Exchange

    /// Sets the fields of an answer to a read.
    ///
    /// Only answers to the anonymous may be kept.
    ///
    /// - Parameter parent: The collection of a list of records.
    func apply(to reply: inout Reply, list: ListAddress, parent: StoredObject?) {
        guard exchange.identity.isAnonymous else { return reply.setUncached() }
        let settings = exchange.settings.cacheSeconds
        var seconds = settings["\(list.kind.rawValue)_cache_expires_seconds"]
        if case .records(let path) = list {
            let bucket = path.bucket
            let collection = path.collection
            let names = [
                "\(bucket).\(collection).record_cache_expires_seconds",
                "\(bucket).record_cache_expires_seconds", "record_cache_expires_seconds",
                "\(bucket)_\(collection)_record_cache_expires_seconds",
                "\(bucket)_record_cache_expires_seconds",
            ]
            let configured = names.lazy.compactMap { settings[$0] }.first
            let own = parent.flatMap { try? StoredRecord.parse($0) }?["cache_expires"]?.integer
            if let own {
                seconds = max(configured ?? 0, Int(clamping: min(max(own, 0), 10_000_000_000)))
            } else {
                seconds = configured
            }
        } else if seconds == 0 {
            seconds = nil
        }
        if let seconds {
            reply.setCache(seconds: seconds, now: exchange.now)
        } else {
            reply.setUncached()
        }
    }
}
