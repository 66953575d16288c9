// SPDX-License-Identifier: MIT

/// The exceptions from the rules, each with its reason.
enum Allowances {
    /// Files of more than 500 lines that hold one idea which cannot be cut.
    static let longFiles: [String: String] = [:]

    /// Limits that nothing uses yet.
    static let unusedLimits: [String: String] = [:]

    /// Limits whose boundary no test stands at.
    static let untestedLimits: [String: String] = {
        var reasons: [String: String] = [:]
        for (reason, names) in untested { for name in names { reasons[name] = reason } }
        return reasons
    }()

    private static let untested: [String: [String]] = [
        "an account would have to change again while each of so many hashes is made": [
            "loginAttemptsMax"
        ],
        "a wait: a test at its boundary would take as long": [
            "requestHeadSecondsMax", "proxyHeaderSecondsMax", "requestBodySecondsMax",
            "keepAliveSecondsMax",
            "stalledAnswerSecondsMax", "lingerMillisecondsMax", "watchRetryMillisecondsMax",
            "refusedSecondsMax", "failureLogMillisecondsMin",
            "accessPauseMillisecondsMin", "accessPauseMillisecondsMax", "reloadSecondsMax",
            "answerSilenceSecondsMax", "requestPauseSecondsMax", "progressMilliseconds",
        ],
        "how often a drain is looked at: it decides when its end is seen, not what it is": [
            "drainPollMicroseconds"
        ],
        "what the kernel is asked for, and rounds as it likes": ["streamSendBufferBytesMax"],
        "a margin below the process's own limit, which a test cannot lower for itself alone": [
            "reservedDescriptors"
        ],
        "how an import is cut: any numbers of them copy the same": [
            "importPageObjects", "importBatchRequestsMax", "importRoundsMax",
        ],
        "how many threads read: any number of them gives the same answers": [
            "storageReadersDefault"
        ],
    ]

    /// Whether a declaration only does what a protocol of the standard library documents.
    static func isWitness(_ declaration: Declaration) -> Bool {
        witnesses.contains(declaration.name)
            || witnessPrefixes.contains(where: declaration.name.hasPrefix)
    }

    private static let witnesses: Set = [
        "==", "<", "description", "debugDescription", "hash", "rawValue", "startIndex", "endIndex",
        "index", "next", "makeIterator",
    ]
    private static let witnessPrefixes = [
        "init(stringLiteral", "init(integerLiteral", "init(booleanLiteral", "init(arrayLiteral",
        "init(dictionaryLiteral", "subscript(place",
    ]
}
