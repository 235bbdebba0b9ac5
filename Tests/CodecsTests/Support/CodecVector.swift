import Bytes
import Codecs
import Foundation
import Tensors

/// A file of Vectors: what one codec makes of known values, for whoever writes another
/// implementation.
///
/// Bytes are hexadecimal digits, and so are floats: four bytes each, the lowest first. Seeds are
/// numbers of 64 bits in 16 hexadecimal digits, the highest first.
struct CodecVector: Codable {
  /// Tensors that are encoded together.
  struct Segment: Codable {
    struct Tensor: Codable {
      var name: String
      var shape: [Int]
      var role: String
    }

    var name: String
    var tensors: [Tensor]

    init(_ layout: ParameterLayout) {
      name = layout.name
      tensors = layout.parameters.map {
        Tensor(name: $0.name, shape: $0.shape.dimensions, role: $0.role.rawValue)
      }
    }

    var layout: ParameterLayout {
      ParameterLayout(
        name: name,
        parameters: tensors.map {
          Parameter($0.name, Shape($0.shape), role: .init(rawValue: $0.role) ?? .weight)
        })
    }
  }

  /// One segment's values and bytes.
  ///
  /// Those of many values are told by what they are drawn from and by their digests.
  struct Encoding: Codable {
    var segment: Segment
    /// The key that the encoder draws from; bytes that have a seed have this one.
    var seed: String
    /// The values that are encoded; none where they are drawn.
    var input: String?
    /// The key that the values are drawn from, as ``Vectors/drawn(_:count:)`` does.
    var inputKey: String?
    /// The bytes before Zstandard, where the codec compresses.
    var plain: String?
    var bytes: String?
    var length: Int
    /// SHA-256 of the bytes.
    var digest: String
    var decoded: String?
    /// The state's digest of the decoded values.
    var state: String
  }

  /// A model that goes on from a keyframe by differences, as a broker and its clients hold it.
  struct Deltas: Codable {
    struct Step: Codable {
      var codec: String
      var seed: String
      /// The step whose state this one leads on from; none for a keyframe.
      var from: Int?
      /// The values that the sender wants to get to.
      var model: String
      var bytes: String
      /// The values that sender and receivers hold after the step.
      var values: String
      var state: String
    }

    var segment: Segment
    var steps: [Step]
  }

  /// Updates of one client that keeps what its codec leaves out, each acknowledged before the next.
  struct Residuals: Codable {
    struct Update: Codable {
      var seed: String
      /// The update as it was trained.
      var update: String
      /// The error of the updates before.
      var before: String
      var bytes: String
      var decoded: String
      /// The error after this one.
      var after: String
    }

    var segment: Segment
    var updates: [Update]
  }

  var format = 1
  var codec: String
  /// Tensors of fewer values are sent as they are.
  var smallTensors: Int
  var encodings: [Encoding]
  var deltas: Deltas?
  var residuals: Residuals?
}

/// Hexadecimal digits of bytes, floats and numbers.
enum Hex {
  static func text(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  static func text(_ floats: [Float]) -> String {
    text(
      floats.flatMap { float in
        (0..<4).map { UInt8(truncatingIfNeeded: float.bitPattern >> (8 * $0)) }
      })
  }

  static func text(_ number: UInt64) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  static func bytes(_ text: String) -> [UInt8] {
    let digits = text.compactMap { $0.hexDigitValue }
    precondition(digits.count == text.count && text.count.isMultiple(of: 2), "no bytes: \(text)")
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(16 * digits[$0] + digits[$0 + 1]) }
  }

  static func floats(_ text: String) -> [Float] {
    let bytes = bytes(text)
    return stride(from: 0, to: bytes.count, by: 4).map { start in
      Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << (8 * UInt32($1)) })
    }
  }
}
