// SPDX-License-Identifier: MIT

import Core
import Dispatch
import Hub
import Storage
import Synchronization
import Testing
import Wire

@testable import KintoAPI

/// A clock that goes on by a millisecond whenever it is read, and by more when told to.
final class SteppingClock: Sendable {
    private let milliseconds: Mutex<Int64>

    init(start: Int64 = 1_795_424_400_000) {
        milliseconds = Mutex(start)
    }

    func read() -> Timestamp {
        milliseconds.withLock { value in
            value += 1
            return Timestamp(milliseconds: value)
        }
    }

    func advance(seconds: Int64) {
        milliseconds.withLock { $0 += seconds * 1000 }
    }
}

/// Functions that are to be called later: when a test says so.
final class Timers: Sendable {
    private let scheduled = Mutex<[(milliseconds: Int64, body: @Sendable () -> Void)]>([])

    /// The waits, in the order in which they were asked for.
    var waits: [Int64] { scheduled.withLock { $0.map(\.milliseconds) } }

    func add(_ milliseconds: Int64, _ body: @escaping @Sendable () -> Void) {
        scheduled.withLock { $0.append((milliseconds, body)) }
    }

    /// Calls them all.
    func fire() {
        let due = scheduled.withLock { scheduled in
            defer { scheduled = [] }
            return scheduled
        }
        for timer in due { timer.body() }
    }
}

/// Counts questions of what everyone may read, which are answered beside the writes.
final class Searches: Sendable {
    private let open = Mutex(0)

    var areUnderWay: Bool { open.withLock { $0 > 0 } }

    func counting(
        _ find: BroadcastEmitter.Actions.FindPublic?
    ) -> BroadcastEmitter.Actions.FindPublic? {
        guard let find else { return nil }
        return { [self] completion in
            open.withLock { $0 += 1 }
            find { visibility in
                completion(visibility)
                self.open.withLock { $0 -= 1 }
            }
        }
    }
}

/// The service over a storage, by default in memory, and a hub, in process.
final class TestServer: Sendable {
    private let current: Mutex<KintoService>
    /// The service, by the settings of now.
    var service: KintoService { current.withLock { $0 } }
    let storage: any Storage
    let hub: Hub
    let clock = SteppingClock()
    let workers: HeldWorkers
    private let runner: PlanRunner
    /// How often the hub was told of changes, and of how many.
    let announced = Mutex<[Int]>([])
    /// Announces what changed.
    let emitter: BroadcastEmitter
    /// What the emitter has scheduled, with the milliseconds it is to wait.
    let timers = Timers()
    /// What the emitter asks of what everyone may read.
    private let searches = Searches()

    /// - Parameters:
    ///   - file: The path of an SQLite database to be made; nil for memory.
    ///   - hashCost: The cost of hashes of passwords, by default the least there is.
    convenience init(
        _ values: [String: String] = ["multiauth.policies": "basicauth"], file: String? = nil,
        hashCost: Int = 4
    ) throws {
        try self.init(KintoSettings(values), file: file, hashCost: hashCost)
    }

    /// - Parameter file: The path of an SQLite database to be made; nil for memory.
    init(_ settings: KintoSettings, file: String? = nil, hashCost: Int = 4) throws {
        let clock = clock
        let storage: any Storage
        if let file {
            storage = try SQLiteStorage(path: file) { clock.read() }
        } else {
            storage = MemoryStorage(epoch: Epoch(randomBits: 42)) { clock.read() }
        }
        let monitored = settings.monitored
        let hub = Hub(epoch: storage.epoch, host: settings.entryHost, log: []) {
            monitored.monitors($0)
        }
        self.storage = storage
        self.hub = hub
        let service = KintoService(settings: settings, changes: hub) { clock.read() }
        current = Mutex(service)
        let emitter = BroadcastEmitter(
            intervalSeconds: settings.broadcastDebounceSeconds, log: [], last: nil,
            isMonitored: { monitored.monitors($0) },
            actions: BroadcastEmitter.Actions(
                clock: { clock.read() }, schedule: { [timers] in timers.add($0, $1) },
                persist: { [weak storage] broadcast, completion in
                    storage?.write({ try $0.announce(broadcast) }) { result in
                        completion((try? result.get()) != nil)
                    }
                }, findPublic: searches.counting(service.publicVisibility(in: storage))))
        self.emitter = emitter
        workers = HeldWorkers()
        let verifier = LoginVerifier(settings: settings, storage: storage, workers: workers) {
            clock.read()
        }
        runner = PlanRunner(
            storage: storage, verifier: verifier, workers: workers, hashCost: hashCost)
        storage.setCommitObserver { [weak self] commit in
            if !commit.changes.isEmpty || commit.broadcasts.isEmpty {
                self?.announced.withLock { $0.append(commit.changes.count) }
            }
            hub.publish(commit)
            emitter.note(commit)
        }
    }

    deinit {
        storage.close()
    }

    /// Goes on with other settings.
    func adopt(_ values: [String: String]) throws {
        let settings = try KintoSettings(values)
        runner.verifier.adopt(settings)
        current.withLock { $0 = KintoService(succeeding: $0, settings: settings) }
    }

    /// Waits until what was committed before was announced, if it is to be.
    func settle() async {
        while searches.areUnderWay { await Task.yield() }
        await withCheckedContinuation { continuation in
            storage.write({ _ in }) { _ in continuation.resume() }
        }
    }

    /// What the storage has done so far.
    var statistics: StorageStatistics? {
        (storage as? SQLiteStorage)?.statistics ?? (storage as? MemoryStorage)?.statistics
    }

    /// Plans a request and gives its plan to the storage before this returns; the answer follows.
    func begin(_ request: HTTPRequest) -> AsyncStream<HTTPResponse> {
        let service = service
        return AsyncStream { continuation in
            let answer = runner.run(service.plan(request)) { result in
                switch result {
                case .success(let response): continuation.yield(response)
                case .failure(let error): continuation.yield(service.failure(error, for: request))
                }
                continuation.finish()
            }
            guard let answer else { return }
            continuation.yield(answer)
            continuation.finish()
        }
    }

    /// Holds the storage's writer while `body` runs, so that what it begins is one group.
    func holdingWriter<Value>(_ body: () -> Value) async -> Value {
        let semaphore = DispatchSemaphore(value: 0)
        let (held, holding) = AsyncStream.makeStream(of: Void.self)
        storage.write({ _ in
            holding.finish()
            semaphore.wait()
        }) { _ in }
        for await _ in held {}
        defer { semaphore.signal() }
        return body()
    }

    /// Plans a request, runs the plan and returns the answer.
    ///
    /// Announcements are made behind the writes they follow, so a request for them waits for those.
    func send(_ request: HTTPRequest) async -> HTTPResponse {
        if request.head.path.contains("broadcasts") { await settle() }
        return await answer(request)
    }

    /// Answers a request as a service that has answered none before, over the same storage.
    func answerAnew(_ request: HTTPRequest) async -> HTTPResponse {
        let clock = clock
        let service = KintoService(settings: service.settings, changes: hub) { clock.read() }
        return await answer(request, by: service)
    }

    /// Plans a request, runs the plan and returns the answer.
    private func answer(
        _ request: HTTPRequest, by service: KintoService? = nil
    ) async -> HTTPResponse {
        let service = service ?? self.service
        let runner = runner
        return await withCheckedContinuation { continuation in
            let finish: @Sendable (Result<HTTPResponse, any Error>) -> Void = { result in
                switch result {
                case .success(let response): continuation.resume(returning: response)
                case .failure(let error):
                    continuation.resume(returning: service.failure(error, for: request))
                }
            }
            let answer = runner.run(service.plan(request), completion: finish)
            if let answer { continuation.resume(returning: answer) }
        }
    }

    /// Sends a request of its parts, as a user of basic authentication with the password `secret`.
    func send(
        _ method: String, _ target: String, as user: String? = "mat", _ body: String? = nil,
        headers: [(String, String)] = []
    ) async -> HTTPResponse {
        await send(TestServer.request(method, target, as: user, body, headers: headers))
    }

    /// A request of its parts, as `send` sends it.
    static func request(
        _ method: String, _ target: String, as user: String?, _ body: String? = nil,
        headers: [(String, String)] = []
    ) -> HTTPRequest {
        var fields = HTTPFields([("Host", "localhost")])
        if let user {
            fields.append(
                "Authorization", "Basic \(Base64.encode(Array("\(user):secret".utf8)))")
        }
        if body != nil { fields.append("Content-Type", "application/json") }
        for (name, value) in headers { fields[name] = value }
        let head = HTTPRequestHead(method: HTTPMethod(method), target: target, fields: fields)
        return HTTPRequest(head: head, body: Array((body ?? "").utf8))
    }

    /// The user id that `send` gives a user when no secret is set.
    static func userID(_ user: String) -> String {
        let digest = Digest.hmacSHA256(key: [], message: Array("\(user):secret".utf8))
        return "basicauth:\(Digest.hexadecimal(digest))"
    }

    /// Makes a bucket and a collection in it.
    func makeCollection(_ uri: String = "/buckets/b/collections/c") async {
        let parts = uri.split(separator: "/")
        let bucket = await send("PUT", "/v1/buckets/\(parts[1])", "{}")
        #expect([200, 201].contains(bucket.status))
        let collection = await send("PUT", "/v1\(uri)", "{}")
        #expect(collection.status == 201)
    }
}

extension HTTPResponse {
    /// The body as JSON, null if it is none.
    var json: JSONValue { (try? JSONParser.parse(body.bytes)) ?? .null }

    /// The ids of the objects of a list.
    var ids: [String] {
        (json.object?["data"]?.array ?? []).compactMap { $0.object?["id"]?.string }
    }

    /// The number of the error.
    var errno: Int64? { json.object?["errno"]?.integer }

    /// The message of the error.
    var message: String? { json.object?["message"]?.string }
}

extension JSONValue {
    /// The member or element at a JSON pointer (RFC 6901), or nil.
    subscript(pointer: String) -> JSONValue? {
        var value: JSONValue? = self
        for part in pointer.split(separator: "/") {
            let key = String(part).replacing("~1", with: "/").replacing("~0", with: "~")
            switch value {
            case .object(let object): value = object[key]
            case .array(let array):
                value = Int(key).flatMap { array.indices.contains($0) ? array[$0] : nil }
            case .null, .bool, .number, .string, nil: return nil
            }
        }
        return value
    }

    /// The value with the one at a pointer replaced, if it is there.
    func replacing(_ pointer: some Collection<String>, by new: JSONValue?) -> JSONValue {
        guard let key = pointer.first else { return new ?? .null }
        let rest = pointer.dropFirst()
        switch self {
        case .object(var object):
            guard let value = object[key] else { return self }
            object[key] = rest.isEmpty ? new : value.replacing(rest, by: new)
            return .object(object)
        case .array(var array):
            guard let index = Int(key), array.indices.contains(index) else { return self }
            array[index] = array[index].replacing(rest, by: new)
            return .array(array)
        case .null, .bool, .number, .string: return self
        }
    }
}

extension KintoSettings {
    /// What a server that was started without a file has: everyone may come, all is monitored.
    static let embedded = Dictionary(
        uniqueKeysWithValues: declarations.compactMap { setting in
            setting.row.defaultValueWithoutFile.map { (setting.row.name, $0) }
        })
}
