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
        guard case .records(let path) = list else {
            return apply(to: &reply, resource: list.kind.rawValue)
        }
        guard exchange.identity.isAnonymous else { return reply.setUncached() }
        let settings = exchange.settings.cacheSeconds
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
        let kept = own.map { max(configured ?? 0, Int(clamping: min(max($0, 0), 10_000_000_000))) }
        set(kept ?? configured, on: &reply)
    }

    /// Sets the fields of an answer to a read of a resource other than records.
    ///
    /// - Parameter resource: Its name in settings.
    func apply(to reply: inout Reply, resource: String) {
        guard exchange.identity.isAnonymous else { return reply.setUncached() }
        let seconds = exchange.settings.cacheSeconds["\(resource)_cache_expires_seconds"]
        set(seconds == 0 ? nil : seconds, on: &reply)
    }

    private func set(_ seconds: Int?, on reply: inout Reply) {
        if let seconds {
            reply.setCache(seconds: seconds, now: exchange.now)
        } else {
            reply.setUncached()
        }
    }
}
