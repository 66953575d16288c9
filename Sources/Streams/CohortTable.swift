// SPDX-License-Identifier: MIT
//
// Cohorts (DESIGN, section 1): subscribers with the same filter and encoding that are at the head.
// Nearly all subscribers are; one change moves a whole cohort with one frame. Filters are interned
// per loop, so that a subscriber keeps a number and equal filters meet.

import Core
import Hub

/// The filters in use in one loop, each with the groups of its live subscribers.
package struct CohortTable {
    /// One filter and who listens through it.
    package struct Cohort {
        /// What passes.
        package let filter: ChangeFilter
        /// Tells cohorts apart that had the same number one after another.
        package let serial: UInt64
        /// The live subscribers of each encoding, indexed by its raw value; made when first needed.
        package var groups: [StreamGroup?]
        /// How many subscribers, live or lagging, have this filter.
        package var subscriberCount: Int
    }

    /// The cohorts by their number; nil where a number is free.
    package private(set) var cohorts: [Cohort?] = []
    private var numbers: [ChangeFilter: Int32] = [:]
    private var free: [Int32] = []
    private var nextSerial: UInt64 = 0

    /// Makes an empty table.
    package init() {}

    /// How many distinct filters are in use.
    package var count: Int { numbers.count }

    /// Counts one more subscriber of `filter` and returns its number, or nil if the loop has
    /// `Limits.filtersPerLoopMax` filters already.
    package mutating func retain(_ filter: ChangeFilter) -> Int32? {
        if let number = numbers[filter] {
            cohorts[Int(number)]?.subscriberCount += 1
            return number
        }
        guard numbers.count < Limits.filtersPerLoopMax else { return nil }
        nextSerial += 1
        let cohort = Cohort(
            filter: filter, serial: nextSerial,
            groups: Array(repeating: nil, count: StreamEncoding.allCases.count),
            subscriberCount: 1)
        let number: Int32
        if let reused = free.popLast() {
            number = reused
            cohorts[Int(number)] = cohort
        } else {
            number = Int32(cohorts.count)
            cohorts.append(cohort)
        }
        numbers[filter] = number
        return number
    }

    /// Counts one subscriber less; the last one ends the cohort and its groups, which must have no
    /// members then.
    package mutating func release(_ number: Int32, transport: some StreamTransport) {
        guard var cohort = cohorts[Int(number)] else { return }
        cohort.subscriberCount -= 1
        guard cohort.subscriberCount == 0 else {
            cohorts[Int(number)] = cohort
            return
        }
        for group in cohort.groups { if let group { transport.removeGroup(group) } }
        numbers[cohort.filter] = nil
        cohorts[Int(number)] = nil
        free.append(number)
    }

    /// The cohort of a number in use.
    package subscript(number: Int32) -> Cohort {
        guard let cohort = cohorts[Int(number)] else {
            preconditionFailure("a subscriber's filter is in use")
        }
        return cohort
    }

    /// The group of live subscribers with that filter and encoding.
    package mutating func group(
        _ number: Int32, _ encoding: StreamEncoding, transport: some StreamTransport
    ) -> StreamGroup {
        if let group = cohorts[Int(number)]?.groups[encoding.rawValue] { return group }
        let group = transport.makeGroup()
        cohorts[Int(number)]?.groups[encoding.rawValue] = group
        return group
    }
}
