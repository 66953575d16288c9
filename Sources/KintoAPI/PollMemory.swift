// SPDX-License-Identifier: MIT
//
// Changesets of collections are polled again and again between two changes. What was read for one
// is kept with the stamp that the hub had for the collection before it was read; it is shown as
// long as the stamp stays. So a write that was answered is seen by the next poll, on every loop.
// Who may read it is kept in the same way, with the count of access changes. Both are only ever
// taken from committed states: a write transaction may still be undone.

import Core
import Hub
import Synchronization

/// What polls of collections were answered with, and who got it.
///
/// All loops and the storage's threads share it.
final class PollMemory: Sendable {
    /// A changeset that is asked for.
    struct Question: Hashable, Sendable {
        /// The collection.
        let path: CollectionPath
        /// Only what changed after this; nil for all there is.
        let since: Timestamp?
        /// So many records at most.
        let limit: Int
    }

    /// The answer to a question.
    struct Answer: Sendable {
        /// The body.
        let body: RenderedBody
        /// The timestamp of the collection's metadata.
        let lastModified: Timestamp
    }

    /// What was true before something was read.
    struct Stamp: Sendable {
        /// The hub's stamp of the collection.
        let collection: UInt64
        /// The hub's count of access changes.
        let access: UInt64
    }

    private struct Kept<Value: Sendable>: Sendable {
        let value: Value
        let stamp: UInt64
    }

    private struct Source: Hashable, Sendable {
        let path: CollectionPath
        let hasTombstones: Bool
    }

    private struct Reader: Hashable, Sendable {
        let viewer: Viewer
        let path: CollectionPath
    }

    private struct State: Sendable {
        var bodies: BoundedMemory<String, RenderedBody>
        var answers: BoundedMemory<Question, Kept<Answer>>
        var sources: BoundedMemory<Source, Kept<RenderedChangeset>>
        var readers: Set<Reader> = []
        var access: UInt64 = 0
    }

    private let state: Mutex<State>

    /// Makes an empty memory.
    init(bytesMax: Int = Limits.pollMemoryBytesMax) {
        state = Mutex(
            State(
                bodies: BoundedMemory(bytesMax: bytesMax / 4),
                answers: BoundedMemory(bytesMax: bytesMax / 2),
                sources: BoundedMemory(bytesMax: bytesMax / 4)))
    }

    /// The body of an answer that was rendered anew, or its equal that was before, of which there
    /// may be a compressed form.
    ///
    /// - Parameter address: What it answers.
    /// - Complexity: O(length of the body).
    func shared(_ body: RenderedBody, at address: String) -> RenderedBody {
        guard body.plain.count >= Limits.compressedBodyBytesMin else { return body }
        let known = state.withLock { $0.bodies.value(of: address) }
        if let known, known.plain.bytes == body.plain.bytes { return known }
        let bytes = body.plain.count * 2 + address.utf8.count + PollMemory.entryBytes
        state.withLock { $0.bodies.keep(body, bytes: bytes, for: address) }
        return body
    }

    /// Whether a viewer was found to be allowed to read a collection's changeset, at that count of
    /// access changes.
    func mayRead(_ viewer: Viewer, _ path: CollectionPath, at access: UInt64) -> Bool {
        state.withLock { state in
            state.access == access && state.readers.contains(Reader(viewer: viewer, path: path))
        }
    }

    /// Notes that a viewer may read a collection's changeset.
    ///
    /// - Parameter access: The count of access changes before that was read.
    func noteReader(_ viewer: Viewer, _ path: CollectionPath, at access: UInt64) {
        state.withLock { state in
            guard access >= state.access else { return }
            if access > state.access || state.readers.count >= Limits.rememberedReadersMax {
                state.readers.removeAll()
                state.access = access
            }
            state.readers.insert(Reader(viewer: viewer, path: path))
        }
    }

    /// The answer to a question, if all that it needs is remembered and still right.
    ///
    /// - Parameter stamp: The collection's stamp now.
    /// - Complexity: O(1) when it was asked before, else O(length of the body), which is copied.
    func answer(_ question: Question, at stamp: UInt64) -> Answer? {
        let (answer, source) = state.withLock { state -> (Answer?, RenderedChangeset?) in
            if let kept = state.answers.value(of: question), kept.stamp == stamp {
                return (kept.value, nil)
            }
            let key = Source(path: question.path, hasTombstones: question.since != nil)
            guard let kept = state.sources.value(of: key), kept.stamp == stamp else {
                return (nil, nil)
            }
            return (nil, kept.value)
        }
        if let answer { return answer }
        guard let source else { return nil }
        if let reach = source.since, let since = question.since, since < reach { return nil }
        let made = Answer(
            body: source.body(since: question.since, limit: question.limit),
            lastModified: source.lastModified)
        keep(made, for: question, at: stamp)
        return made
    }

    /// Remembers the answer to a question.
    ///
    /// - Parameter stamp: The collection's stamp before anything of it was read.
    func keep(_ answer: Answer, for question: Question, at stamp: UInt64) {
        let bytes = answer.body.plain.count * 2 + PollMemory.entryBytes
        state.withLock {
            $0.answers.keep(Kept(value: answer, stamp: stamp), bytes: bytes, for: question)
        }
    }

    /// Remembers a changeset that has all that the server would tell at once, so that what less is
    /// asked for can be made of it.
    func keep(_ source: RenderedChangeset, of path: CollectionPath, at stamp: UInt64) {
        let key = Source(path: path, hasTombstones: source.since != nil)
        let bytes = source.byteCount + PollMemory.entryBytes
        state.withLock { state in
            // Of two that are right, the one that reaches further back answers more.
            if let kept = state.sources.value(of: key), kept.stamp == stamp,
                let reach = kept.value.since, let since = source.since, reach <= since
            {
                return
            }
            state.sources.keep(Kept(value: source, stamp: stamp), bytes: bytes, for: key)
        }
    }

    /// What an entry takes beside its bodies, about.
    private static let entryBytes = 256
}

extension Exchange {
    /// What a poll asks for: the target of its request without what it expects, which tells only
    /// caches something.
    var pollAddress: String {
        let parts = request.head.query.split(separator: "&").filter { !$0.hasPrefix("_expected=") }
        return "\(request.head.path)?\(parts.joined(separator: "&"))"
    }
}
