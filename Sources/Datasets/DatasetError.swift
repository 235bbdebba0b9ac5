/// Why a data set can't be used: what is wrong, in which file, and what to do.
package enum DatasetError: Error, Hashable, Sendable {
  /// No data set has this name.
  case unknownName(String, known: [String])
  /// Nothing lies where the data should be.
  case missing(dataset: String, path: String, remedy: String)
  /// The system refused to open or read a file.
  case unreadable(path: String, reason: String)
  /// The compressed bytes are damaged: a wrong checksum or an impossible code.
  case damaged(path: String, reason: String)
  /// The file ends before what it announces, both counted in bytes of the uncompressed file.
  case truncated(path: String, needed: Int, available: Int)
  /// The file goes on after what it announces.
  case trailingBytes(path: String, expected: Int)
  /// The file doesn't begin as its format does.
  case wrongMagic(path: String, found: String, expected: String)
  /// The file announces more than it can hold or than the limit allows, in bytes.
  case tooLarge(path: String, announced: Int, limit: Int)
  /// Two files that belong together count differently.
  case countMismatch(path: String, count: Int, other: String, otherCount: Int)
  /// A label isn't one of the classes.
  case labelOutOfRange(path: String, sample: Int, label: Int, classes: Int)
  /// The file breaks its format's rules.
  case malformed(path: String, at: String, reason: String)
  /// The file is right, but of a kind that isn't read here.
  case unsupported(path: String, reason: String)
}

extension DatasetError: CustomStringConvertible {
  /// What is wrong, where, and what to do.
  package var description: String {
    switch self {
    case .unknownName(let name, let known):
      "there is no data set “\(name)”; known are \(known.joined(separator: ", "))"
    case .missing(let dataset, let path, let remedy):
      "\(path): the data set \(dataset) isn't there; \(remedy)"
    case .unreadable(let path, let reason):
      "\(path): can't be read: \(reason); check the path and its permissions"
    case .damaged(let path, let reason):
      "\(path): the compressed data is damaged (\(reason)); fetch the file again"
    case .truncated(let path, let needed, let available):
      "\(path): ends after \(available) of \(needed) bytes; fetch the file again"
    case .trailingBytes(let path, let expected):
      "\(path): goes on after the \(expected) bytes that its header announces; fetch the file again"
    case .wrongMagic(let path, let found, let expected):
      "\(path): begins with \(found), not with \(expected); this isn't the file that its name says"
    case .tooLarge(let path, let announced, let limit):
      "\(path): announces \(announced) bytes where at most \(limit) are possible or allowed; "
        + "fetch the file again or raise the limit"
    case .countMismatch(let path, let count, let other, let otherCount):
      "\(path): holds \(count) samples, but \(other) holds \(otherCount); "
        + "use two files of the same release"
    case .labelOutOfRange(let path, let sample, let label, let classes):
      "\(path): sample \(sample) has label \(label), which isn't in 0…\(classes - 1); "
        + "is this the variant that the name says?"
    case .malformed(let path, let place, let reason):
      "\(path): \(place): \(reason); fetch the file again"
    case .unsupported(let path, let reason):
      "\(path): \(reason)"
    }
  }
}
