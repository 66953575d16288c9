// SPDX-License-Identifier: MIT

import Core
import Reactor
import Testing

@testable import Server

@Suite("The counts of what each address has")
struct AddressCountsTests {
    private static let one = AddressKey(.ipv4(1))
    private static let two = AddressKey(.ipv4(2))

    @Test("allow each address as many as the limit, and not one more")
    func limit() {
        var counts = AddressCounts()
        for _ in 0..<3 { #expect(counts.begin(.stream, of: Self.one, max: 3) == .counted) }
        #expect(counts.begin(.stream, of: Self.one, max: 3) == .tooMany)
        #expect(counts.begin(.connection, of: Self.one, max: 3) == .counted)
        #expect(counts.begin(.stream, of: Self.two, max: 3) == .counted)
        counts.end(.stream, of: Self.one)
        #expect(counts.begin(.stream, of: Self.one, max: 3) == .counted)
    }

    @Test("forget an address that has nothing any more")
    func forget() {
        var counts = AddressCounts()
        for held in [HeldByAddress.connection, .stream] {
            _ = counts.begin(held, of: Self.one, max: 9)
            _ = counts.begin(held, of: Self.two, max: 9)
        }
        #expect(counts.addressCount == 2)
        counts.end(.stream, of: Self.one)
        #expect(counts.addressCount == 2)
        counts.end(.connection, of: Self.one)
        #expect(counts.addressCount == 1)
    }

    @Test("are of so many addresses; further ones are let in uncounted, known ones are not")
    func addressesMax() {
        #expect(Limits.countedAddressesMax >= Limits.connectionsPerLoopDefault)
        var counts = AddressCounts(addressesMax: 1)
        #expect(counts.begin(.stream, of: Self.one, max: 1) == .counted)
        #expect(counts.begin(.stream, of: Self.two, max: 1) == .uncounted)
        #expect(counts.begin(.stream, of: Self.one, max: 1) == .tooMany)
        counts.end(.stream, of: Self.one)
        #expect(counts.begin(.stream, of: Self.two, max: 1) == .counted)
    }

    @Test("are right after a crowd came and went")
    func crowd() {
        var counts = AddressCounts()
        for number: UInt32 in 1...5_000 {
            #expect(counts.begin(.stream, of: AddressKey(.ipv4(number)), max: 1) == .counted)
        }
        for number: UInt32 in 1...4_990 { counts.end(.stream, of: AddressKey(.ipv4(number))) }
        #expect(counts.addressCount == 10)
        for number: UInt32 in 4_991...5_000 {
            #expect(counts.begin(.stream, of: AddressKey(.ipv4(number)), max: 1) == .tooMany)
        }
    }

    @Test("leave out nobody's, and everything where there is no limit")
    func uncounted() {
        var counts = AddressCounts()
        #expect(counts.begin(.stream, of: .none, max: 0) == .uncounted)
        let limits = AddressLimits(connectionsMax: 0, streamsMax: 1)
        #expect(limits.limitsStreams)
        #expect(limits.begin(.connection, of: Self.one) == .uncounted)
        #expect(limits.begin(.stream, of: Self.one) == .counted)
        #expect(limits.begin(.stream, of: Self.one) == .tooMany)
        limits.end(.stream, of: Self.one)
        #expect(limits.addressCount == 0)
    }
}

@Suite("A loop's lag")
struct LoopLagTests {
    private static let second: Int64 = 1_000_000_000

    private func milliseconds(_ lag: LoopLag, at instant: Int64) -> Double {
        lag.value(at: instant) / 1e6
    }

    @Test("is small after one long turn, and gone soon")
    func single() {
        var lag = LoopLag(at: 0)
        lag.note(turnFrom: 10 * Self.second, to: 11 * Self.second)
        #expect((180...182).contains(milliseconds(lag, at: 11 * Self.second)))
        #expect(milliseconds(lag, at: 26 * Self.second) < 10)
    }

    @Test("of turns that follow each other becomes their length")
    func sustained() {
        var lag = LoopLag(at: 0)
        for turn: Int64 in 0..<20 {
            lag.note(turnFrom: turn * 2 * Self.second, to: (turn + 1) * 2 * Self.second)
            if turn == 0 { #expect(milliseconds(lag, at: 2 * Self.second) < 1_000) }
            if turn == 1 { #expect(milliseconds(lag, at: 4 * Self.second) > 1_000) }
        }
        #expect((1_990...2_000).contains(milliseconds(lag, at: 40 * Self.second)))
    }

    @Test("of a fan-out to 10,000 streams again and again is its length: a twentieth of a second")
    func fanOut() {
        var lag = LoopLag(at: 0)
        let turn = Self.second / 20
        for place: Int64 in 0..<2_000 { lag.note(turnFrom: place * turn, to: (place + 1) * turn) }
        #expect((49...51).contains(milliseconds(lag, at: 2_000 * turn)))
    }
}

@Suite("A loop's watch")
struct LoopWatchTests {
    private func milliseconds(_ watch: LoopWatch, at instant: Int64) -> Double {
        watch.lag.value(at: instant) / 1e6
    }

    @Test("counts the turns in which a crowd is told in parts as one, however short they are")
    func passes() {
        let turn: Int64 = 1_000_000
        var watch = LoopWatch(
            LoadPolicy(memoryBytesMax: nil, lagMillisecondsMax: nil),
            at: MonotonicInstant(nanoseconds: 0))
        for place: Int64 in 0...100_000 {
            watch.note(
                turnFrom: MonotonicInstant(nanoseconds: place * turn),
                to: MonotonicInstant(nanoseconds: (place + 1) * turn),
                isTelling: true, passes: UInt64(place / 1_000))
        }
        #expect((999...1_001).contains(milliseconds(watch, at: 100_001 * turn)))
        // Everyone has been told.
        for place: Int64 in 100_001..<150_000 {
            watch.note(
                turnFrom: MonotonicInstant(nanoseconds: place * turn),
                to: MonotonicInstant(nanoseconds: (place + 1) * turn),
                isTelling: false, passes: 100)
        }
        #expect((0.9...1.2).contains(milliseconds(watch, at: 150_000 * turn)))
    }
}

@Suite("The policy for load")
struct LoadPolicyTests {
    private func load(_ megabytes: Int?, _ milliseconds: Double) -> Load {
        Load(memoryBytes: megabytes.map { $0 << 20 }, lagNanoseconds: milliseconds * 1e6)
    }

    @Test("refuses streams above the limit of memory, until there is clearly less")
    func memory() {
        var policy = LoadPolicy(memoryBytesMax: 320 << 20, lagMillisecondsMax: nil)
        #expect(policy.decide(load(320, 0)) == nil)
        #expect(policy.decide(load(321, 0)) == .memory)
        #expect(policy.decide(load(311, 0)) == .memory)
        #expect(policy.decide(load(310, 0)) == .memory)
        #expect(policy.decide(load(309, 0)) == nil)
        #expect(policy.decide(load(320, 1e9)) == nil)
    }

    @Test("refuses streams above the limit of lag, until it has fallen by half")
    func lag() {
        var policy = LoadPolicy(memoryBytesMax: nil, lagMillisecondsMax: 1_000)
        #expect(policy.decide(load(1 << 30, 1_000)) == nil)
        #expect(policy.decide(load(nil, 1_000.1)) == .lag)
        #expect(policy.decide(load(nil, 500)) == .lag)
        #expect(policy.decide(load(nil, 499.9)) == nil)
    }

    @Test("tells of memory first, and refuses nobody for what is not known or not limited")
    func both() {
        var policy = LoadPolicy(memoryBytesMax: 1, lagMillisecondsMax: 1)
        #expect(policy.decide(load(1, 9)) == .memory)
        #expect(policy.decide(load(nil, 9)) == .lag)
        #expect(policy.decide(load(nil, 0)) == nil)
        var none = LoadPolicy(memoryBytesMax: nil, lagMillisecondsMax: nil)
        #expect(none.decide(load(1 << 30, 1e9)) == nil)
    }
}

@Suite("The log of refusals")
struct RefusalLogTests {
    private func counts(_ counts: [RefusalReason: Int]) -> [Int] {
        RefusalReason.allCases.map { counts[$0] ?? 0 }
    }

    @Test("tells when refusals begin and when there were none for a while, once each")
    func episode() {
        var log = RefusalLog()
        #expect(log.update(counts([:])).isEmpty)
        #expect(log.update(counts([.memory: 3])) == [.began(.memory)])
        #expect(log.update(counts([.memory: 9])).isEmpty)
        for _ in 1..<Limits.refusalQuietSeconds {
            #expect(log.update(counts([.memory: 9])).isEmpty)
        }
        #expect(log.update(counts([.memory: 10])).isEmpty)
        for _ in 1..<Limits.refusalQuietSeconds {
            #expect(log.update(counts([.memory: 10])).isEmpty)
        }
        #expect(log.update(counts([.memory: 10])) == [.ended(.memory, count: 10)])
        #expect(log.update(counts([.memory: 11])) == [.began(.memory)])
    }

    @Test("tells reasons apart, and leaves out the end of the server")
    func reasons() {
        var log = RefusalLog()
        #expect(
            log.update(counts([.lag: 1, .address: 2, .draining: 5]))
                == [.began(.address), .began(.lag)])
        #expect(Set(RefusalReason.allCases.map(\.name)).count == RefusalReason.allCases.count)
    }
}

@Suite("The memory of a control group")
struct ControlGroupTests {
    private static let stat =
        "anon 1000\nfile 500000\nkernel 200\nkernel_stack 1\nslab 150\nsock 30\nshmem 4\n"

    @Test("is what it cannot give back at once: not the page cache")
    func used() {
        #expect(ControlGroup.used(in: Self.stat) == 1_234)
        let old = "anon 1000\nkernel_stack 1\npagetables 2\npercpu 3\nslab 150\nsock 30\n"
        #expect(ControlGroup.used(in: old) == 1_186)
        #expect(ControlGroup.used(in: "file 1\n") == nil)
        #expect(ControlGroup.used(in: "anon x\n") == nil)
    }

    @Test("is looked for in the one hierarchy of version 2")
    func path() {
        #expect(ControlGroup.path(in: "4:memory:/a\n0::/b/c\n") == "/b/c")
        #expect(ControlGroup.path(in: "0::/\n") == "/")
        #expect(ControlGroup.path(in: "4:memory:/a\n") == nil)
    }

    @Test("leaves an eighth, at least 16 MiB, for the streams that are there")
    func usable() {
        #expect(ControlGroup.usable(of: 1 << 30) == 7 << 27)
        #expect(ControlGroup.usable(of: 128 << 20) == 112 << 20)
        #expect(ControlGroup.usable(of: 64 << 20) == 48 << 20)
        #expect(ControlGroup.usable(of: 1 << 20) == 0)
    }

    @Test("has the narrowest limit of the groups that the process is in")
    func gauge() throws {
        let directory = try HeliographProcess.Directory()
        let root = directory.path
        func write(_ path: String, _ text: String) throws {
            _ = try Tool.run(["mkdir", "-p", "\(root)/groups\(path)"])
            let command = "cat > \(root)/groups\(path)/memory.max"
            _ = try Tool.run(["sh", "-c", "printf '\(text)' | \(command)"])
            let stat = Self.stat.replacing("\n", with: "\\n")
            _ = try Tool.run(
                ["sh", "-c", "printf '\(stat)' > \(root)/groups\(path)/memory.stat"])
        }
        _ = try Tool.run(["sh", "-c", "printf '0::/a/b\\n' > \(root)/self"])
        func gauge() -> MemoryGauge? {
            ControlGroup.gauge(membership: "\(root)/self", root: "\(root)/groups")
        }
        #expect(gauge()?.bytesMax == nil)
        try write("/a", "max\\n")
        #expect(gauge()?.bytesMax == nil)
        try write("/a/b", "536870912\\n")
        #expect(gauge()?.bytesMax == 448 << 20)
        try write("/a", "268435456\\n")
        let narrow = try #require(gauge())
        #expect(narrow.bytesMax == 224 << 20)
        #expect(narrow.read() == 1_234)
        #expect(Self.stat.utf8.count < Limits.kernelFileBytesMax)
    }

    @Test(
        "does not count where the operator says how much the process may have, or that it may all")
    func setting() throws {
        let gauge = try #require(MemoryGauge(megabytesMax: 3))
        #expect(gauge.bytesMax == 3 << 20)
        #expect(try #require(gauge.read()) > 1 << 20)
        #expect(MemoryGauge(megabytesMax: 0)?.bytesMax == nil)
    }
}
