import GRDB
import Measures

/// Values of a ledger are checked before they are counted with: the file may come from anybody.
extension Row {
  /// The number in `column`, which counts something.
  func count(_ column: String) throws -> Int {
    let count: Int = self[column]
    guard (0...1 << 40).contains(count) else {
      throw DatabaseError.corrupt("\(column) is \(count)")
    }
    return count
  }

  /// The text in `column`, fit to be shown; nil where there is none.
  func text(_ column: String) -> String? { (self[column] as String?)?.printable }

  /// The text in `column`, which has one, fit to be shown.
  func name(_ column: String) -> String { (self[column] as String).printable }

  /// The number in `column`, if it is one that is counted to; nil where there is none.
  func optionalCount(_ column: String) throws -> Int? {
    guard hasColumn(column), self[column] as Int? != nil else { return nil }
    return try count(column)
  }

  /// The time in `column`; nil where there is none.
  func time(_ column: String) throws -> Duration? {
    guard let seconds: Double = self[column] else { return nil }
    guard let time = Duration(plausible: seconds) else {
      throw DatabaseError.corrupt("\(column) is \(seconds) s")
    }
    return time
  }

  /// The traffic whose payload is in `column` and whose wire bytes are in the next one.
  func traffic(_ column: Int) throws -> Traffic {
    let (payload, wire) = (self[column] as Int, self[column + 1] as Int)
    guard (0...1 << 50).contains(payload), (0...1 << 50).contains(wire) else {
      throw DatabaseError.corrupt("\(payload) bytes are said to have gone in \(wire)")
    }
    return Traffic(payload: ByteCount(payload), wire: ByteCount(wire))
  }

  /// The count of bytes since an earlier one, which may be negative by those that waited then.
  func bytes(_ column: Int) throws -> ByteCount {
    let count: Int = self[column]
    guard (-(1 << 50)...1 << 50).contains(count) else {
      throw DatabaseError.corrupt("a meter says \(count)")
    }
    return ByteCount(count)
  }
}

extension String {
  /// The text with a mark in place of what would steer a terminal or turn the order of its letters.
  var printable: String {
    guard unicodeScalars.contains(where: \.isControl) else { return self }
    return String(
      String.UnicodeScalarView(unicodeScalars.map { $0.isControl ? "\u{FFFD}" : $0 }))
  }
}

extension Unicode.Scalar {
  /// True for controls, and for marks that change the direction of what follows them.
  fileprivate var isControl: Bool {
    switch properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator: true
    default: properties.isBidiControl
    }
  }
}

extension DatabaseError {
  /// The error of a ledger that says what can't be.
  static func corrupt(_ problem: String) -> DatabaseError {
    DatabaseError(resultCode: .SQLITE_CORRUPT, message: problem)
  }
}

extension Duration {
  /// A duration of some seconds; nil if it is negative or longer than thirty million years.
  init?(plausible seconds: Double) {
    guard seconds >= 0, seconds <= 1e15 else { return nil }
    self = .seconds(seconds)
  }
}
