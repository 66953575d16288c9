// SPDX-License-Identifier: MIT
//
// Changes to a JSON value as a list of operations (RFC 6902). An operation that fails ends the
// patch; since values are values, nothing of it stands then.
//
// A few bytes can ask for much: each copy of a value into itself doubles it, and each addition can
// go one level deeper. So what is copied is counted, and how deep the result nests is bounded as
// that of a parsed text is.

/// A list of changes to a JSON value.
package struct JSONPatch: Sendable {
    /// One change, or a condition for the others.
    package enum Operation: Equatable, Sendable {
        /// Puts a value at a place, before what is there in an array.
        case add(JSONPointer, JSONValue)
        /// Takes away what is at a place.
        case remove(JSONPointer)
        /// Puts a value in the place of another.
        case replace(JSONPointer, JSONValue)
        /// Takes away what is at a place and puts it at another.
        case move(from: JSONPointer, to: JSONPointer)
        /// Puts what is at a place at another, too.
        case copy(from: JSONPointer, to: JSONPointer)
        /// Demands a value at a place.
        case test(JSONPointer, JSONValue)
    }

    /// Why an operation cannot be applied. The descriptions are those that Kinto gives.
    package enum Failure: Error, Equatable, CustomStringConvertible {
        /// There is no member of this name.
        case noMember(String)
        /// The array has no element of this index.
        case noElement(Int)
        /// A token at an array that is no index.
        case badIndex(String)
        /// `-` is the place behind the last element, where nothing is.
        case atEnd
        /// A token at a text, which has neither members nor elements.
        case inText(token: String)
        /// A token at another value without members and elements, of this type.
        case inScalar(type: String)
        /// There is no member of this name to move or copy.
        case noSource(String)
        /// There is no element to move or copy.
        case noSourceElement
        /// There is nothing of this name to take away.
        case nothingToRemove(String)
        /// There is nothing of this name to replace.
        case nothingToReplace(String)
        /// An element behind the end of an array cannot be replaced.
        case replacesBehindEnd
        /// `-` is the place behind the last element, where nothing is to replace.
        case replacesEnd
        /// A value is put behind the place behind the last element.
        case insertsBehindEnd
        /// The whole value cannot be taken away.
        case removesAll
        /// A value cannot be moved into itself.
        case movesInside
        /// The value at a place is another.
        case testFailed(found: String, wanted: String)
        /// The copies of one patch come to more than `Limits.patchCopiedBytesMax`.
        case tooLarge
        /// The result nests deeper than `Limits.jsonDepthMax`.
        case tooDeep

        package var description: String {
            switch self {
            case .noMember(let name): "member '\(name)' not found"
            case .noElement(let index): "index '\(index)' is out of bounds"
            case .badIndex(let token): "'\(token)' is not a valid sequence index"
            case .atEnd: "invalid array index '-'"
            case .inText(let token):
                "Cannot apply token '\(token)' to non-container type <class 'str'>"
            case .inScalar(let type):
                "Document '\(type)' does not support indexing, "
                    + "must be mapping/sequence or support __getitem__"
            case .noSource(let name): "'\(name)'"
            case .noSourceElement: "list index out of range"
            case .nothingToRemove(let name): "can't remove a non-existent object '\(name)'"
            case .nothingToReplace(let name): "can't replace a non-existent object '\(name)'"
            case .replacesBehindEnd: "can't replace outside of list"
            case .replacesEnd: "'path' with '-' can't be applied to 'replace' operation"
            case .insertsBehindEnd: "can't insert outside of list"
            case .removesAll: "can't remove the whole document"
            case .movesInside: "Cannot move values into their own children"
            case .testFailed(let found, let wanted):
                "\(found) is not equal to tested value \(wanted)"
            case .tooLarge: "the copies are too large"
            case .tooDeep: "nested too deeply"
            }
        }
    }

    /// The operations, in their order.
    package let operations: [Operation]

    /// Makes a patch.
    package init(_ operations: [Operation]) {
        self.operations = operations
    }

    /// The value with all operations applied.
    ///
    /// - Throws: `Failure`, of the first operation that cannot be applied.
    /// - Complexity: O(size of the patch + number of operations · size of what is on their ways).
    package func applied(to value: JSONValue) throws(Failure) -> JSONValue {
        var value = value
        var copiedBytes = 0
        for operation in operations {
            switch operation {
            case .add(let place, let new): try value.add(new, at: place.tokens[...])
            case .remove(let place): _ = try value.remove(at: place.tokens[...])
            case .replace(let place, let new): try value.replace(at: place.tokens[...], by: new)
            case .move(let source, let place):
                guard source == place || !place.isInside(source) else { throw .movesInside }
                _ = try value.source(source)
                guard source != place else { continue }
                let moved = try value.remove(at: source.tokens[...])
                try value.add(moved, at: place.tokens[...])
            case .copy(let source, let place):
                let copy = try value.source(source)
                copiedBytes += copy.measure.bytes
                guard copiedBytes <= Limits.patchCopiedBytesMax else { throw .tooLarge }
                try value.add(copy, at: place.tokens[...])
            case .test(let place, let wanted):
                let found = try value.find(place)
                guard found == wanted else {
                    throw .testFailed(found: found.told, wanted: wanted.told)
                }
            }
        }
        return value
    }
}

/// About how long the text of a value is, and how deep it nests.
private struct Measure {
    var bytes = 2
    var depth = 0

    /// Adds what is within the value.
    mutating func include(_ inner: Measure) {
        bytes += inner.bytes
        depth = max(depth, inner.depth + 1)
    }
}

extension JSONValue {
    /// What is at a place.
    fileprivate func find(_ place: JSONPointer) throws(JSONPatch.Failure) -> JSONValue {
        var value = self
        for token in place.tokens {
            switch value {
            case .object(let object):
                guard let member = object[token] else { throw .noMember(token) }
                value = member
            case .array(let elements): value = elements[try elements.element(token)]
            case .null, .bool, .number, .string: throw value.notContainer(token)
            }
        }
        return value
    }

    /// What is at a place to move or copy it. What is missing there is told in other words.
    fileprivate func source(_ place: JSONPointer) throws(JSONPatch.Failure) -> JSONValue {
        guard let token = place.tokens.last else { return self }
        let parent = try find(place.parent)
        switch parent {
        case .object(let object):
            guard let member = object[token] else { throw .noSource(token) }
            return member
        case .array(let elements):
            if token == "-" { throw .atEnd }
            guard let index = JSONPointer.index(token) else { throw .badIndex(token) }
            guard index < elements.count else { throw .noSourceElement }
            return elements[index]
        case .null, .bool, .number, .string: throw parent.notContainer(token)
        }
    }

    /// Puts a value at a place.
    fileprivate mutating func add(
        _ new: JSONValue, at path: ArraySlice<String>
    ) throws(JSONPatch.Failure) {
        guard path.count + new.measure.depth <= Limits.jsonDepthMax else { throw .tooDeep }
        guard !path.isEmpty else {
            self = new
            return
        }
        try change(at: path) { (parent, token) throws(JSONPatch.Failure) in
            switch parent {
            case .object(var object):
                parent = .null
                object[token] = new
                parent = .object(object)
            case .array(var elements):
                parent = .null
                defer { parent = .array(elements) }
                if token == "-" { return elements.append(new) }
                guard let index = JSONPointer.index(token) else { throw .badIndex(token) }
                guard index <= elements.count else { throw .insertsBehindEnd }
                elements.insert(new, at: index)
            case .null, .bool, .number, .string: throw parent.notContainer(token)
            }
        }
    }

    /// Takes away what is at a place, and returns it.
    fileprivate mutating func remove(
        at path: ArraySlice<String>
    ) throws(JSONPatch.Failure) -> JSONValue {
        guard !path.isEmpty else { throw .removesAll }
        return try change(at: path) { (parent, token) throws(JSONPatch.Failure) in
            switch parent {
            case .object(var object):
                parent = .null
                defer { parent = .object(object) }
                guard let value = object[token] else { throw .nothingToRemove(token) }
                object[token] = nil
                return value
            case .array(var elements):
                parent = .null
                defer { parent = .array(elements) }
                if token == "-" { throw .atEnd }
                guard let index = JSONPointer.index(token) else { throw .badIndex(token) }
                guard index < elements.count else { throw .nothingToRemove(token) }
                return elements.remove(at: index)
            case .null, .bool, .number, .string: throw parent.notContainer(token)
            }
        }
    }

    /// Puts a value in the place of the one that is there.
    fileprivate mutating func replace(
        at path: ArraySlice<String>, by new: JSONValue
    ) throws(JSONPatch.Failure) {
        guard path.count + new.measure.depth <= Limits.jsonDepthMax else { throw .tooDeep }
        guard !path.isEmpty else {
            self = new
            return
        }
        try change(at: path) { (parent, token) throws(JSONPatch.Failure) in
            switch parent {
            case .object(var object):
                parent = .null
                defer { parent = .object(object) }
                guard object[token] != nil else { throw .nothingToReplace(token) }
                object[token] = new
            case .array(var elements):
                parent = .null
                defer { parent = .array(elements) }
                if token == "-" { throw .replacesEnd }
                guard let index = JSONPointer.index(token) else { throw .badIndex(token) }
                guard index < elements.count else { throw .replacesBehindEnd }
                elements[index] = new
            case .null, .bool, .number, .string: throw parent.notContainer(token)
            }
        }
    }

    /// Calls `body` with the object or array that the last token of `path`, which is not empty, is
    /// looked up in.
    ///
    /// A container gives up its content while that is changed, so that nothing is copied.
    private mutating func change<Result>(
        at path: ArraySlice<String>,
        _ body: (inout JSONValue, String) throws(JSONPatch.Failure) -> Result
    ) throws(JSONPatch.Failure) -> Result {
        let token = path[path.startIndex]
        guard path.count > 1 else { return try body(&self, token) }
        switch self {
        case .object(var object):
            self = .null
            defer { self = .object(object) }
            guard var member = object[token] else { throw .noMember(token) }
            object[token] = .null
            defer { object[token] = member }
            return try member.change(at: path.dropFirst(), body)
        case .array(var elements):
            self = .null
            defer { self = .array(elements) }
            return try elements[try elements.element(token)].change(at: path.dropFirst(), body)
        case .null, .bool, .number, .string: throw notContainer(token)
        }
    }

    fileprivate var measure: Measure {
        var measure = Measure()
        switch self {
        case .null, .bool: measure.bytes = 5
        case .number(let number): measure.bytes = number.spelling.utf8.count + 1
        case .string(let text): measure.bytes = text.utf8.count + 3
        case .array(let elements):
            measure.depth = 1
            for element in elements { measure.include(element.measure) }
        case .object(let object):
            measure.depth = 1
            for member in object.members {
                measure.bytes += member.key.utf8.count + 4
                measure.include(member.value.measure)
            }
        }
        return measure
    }

    private func notContainer(_ token: String) -> JSONPatch.Failure {
        if case .string = self { .inText(token: token) } else { .inScalar(type: typeName) }
    }

    /// The value and its type, as messages tell them.
    fileprivate var told: String { "\(string ?? JSONWriter.string(self)) (\(typeName))" }

    private var typeName: String {
        switch self {
        case .null: "<class 'NoneType'>"
        case .bool: "<class 'bool'>"
        case .number(let number): number.integer == nil ? "<class 'float'>" : "<class 'int'>"
        case .string: "<class 'str'>"
        case .array: "<class 'list'>"
        case .object: "<class 'dict'>"
        }
    }
}

extension [JSONValue] {
    /// The index of an element that is there.
    fileprivate func element(_ token: String) throws(JSONPatch.Failure) -> Int {
        guard let index = JSONPointer.index(token) else { throw .badIndex(token) }
        guard index < count else { throw .noElement(index) }
        return index
    }
}
