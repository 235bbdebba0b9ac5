import CZeroMQ

/// A public or secret key of CurveZMQ (RFC 26): 32 bytes, written as 40 letters of Z85 (RFC 32).
package struct CurveKey: Hashable, Sendable {
  /// The 32 bytes.
  package let bytes: [UInt8]

  /// The key of 32 bytes; nil for any other number of them.
  package init?(bytes: [UInt8]) {
    guard bytes.count == 32 else { return nil }
    self.bytes = bytes
  }

  /// Reads the 40 letters; nil where they aren't Z85 of 32 bytes.
  package init?(z85 text: String) {
    let letters = Array(text.utf8)
    guard letters.count == 40, letters.allSatisfy(Self.alphabet.contains) else { return nil }
    var bytes = [UInt8](repeating: 0, count: 32)
    guard zmq_z85_decode(&bytes, text) != nil else { return nil }
    self.bytes = bytes
    guard z85 == text else { return nil }  // five letters can stand for more than 32 bits
  }

  /// The 40 letters.
  package var z85: String {
    var letters = [CChar](repeating: 0, count: 41)
    guard zmq_z85_encode(&letters, bytes, bytes.count) != nil else {
      preconditionFailure("\(bytes.count) bytes don't fill Z85 letters")
    }
    return String(decoding: letters.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static let alphabet = Set(
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#".utf8)
}

extension CurveKey: CustomStringConvertible, CustomReflectable {
  /// The first letters, since a key of which one doesn't know better may be secret.
  package var description: String { "\(z85.prefix(5))…" }

  /// Nothing: dumps and test failures don't show keys.
  package var customMirror: Mirror { Mirror(self, children: []) }
}
