import Bytes

/// Named tensors in the safetensors layout, which PyTorch users load with one call.
///
/// A file is the header's length (8 bytes, little-endian), the header (a JSON object with the type,
/// shape and place of each tensor) and the tensors' scalars one after the other, little-endian and
/// row-major. 32-bit floats are written; 16-bit floats and bfloat16 are read as well. Raw bytes are
/// written behind the tensors, as tensors of type U8 with one axis. Of tensors of other types, what
/// they are is read, not what they hold.
public struct SafeTensors: Hashable, Sendable {
  /// The tensors by name.
  public var tensors: [String: Tensor]
  /// Raw bytes by name, other names than those of the tensors; none of them is empty.
  public var bytes: [String: [UInt8]]
  /// Free text by name.
  public var metadata: [String: String]
  /// The other tensors of a file that was read, by name: those of other types, and those without
  /// any scalar.
  public internal(set) var unread: [String: UnreadTensor] = [:]
  /// The types, "F16" or "BF16", of the tensors that were read from fewer bits, by name.
  public internal(set) var narrowed: [String: String] = [:]

  /// A tensor whose scalars aren't read.
  public struct UnreadTensor: Hashable, Sendable {
    /// Its type as files spell it: "I64".
    public let type: String
    /// Its extents, outermost first; one of them may be 0.
    public let shape: [Int]

    /// A tensor of the given type and extents.
    public init(type: String, shape: [Int]) {
      self.type = type
      self.shape = shape
    }
  }

  /// The largest header that is accepted, as in the reference implementation.
  static let headerLimit = 100_000_000

  /// A file of the given tensors.
  public init(
    tensors: [String: Tensor], bytes: [String: [UInt8]] = [:], metadata: [String: String] = [:]
  ) {
    self.tensors = tensors
    self.bytes = bytes
    self.metadata = metadata
  }

  /// The file's bytes, equal for equal contents; tensors lie in the order of their names.
  public func encoded() -> [UInt8] {
    let (names, raw) = (tensors.keys.sorted(), self.bytes.keys.sorted())
    var header = header(names: names, raw: raw)
    while header.count % 8 != 0 { header.append(UInt8(ascii: " ")) }
    let scalars = tensors.values.reduce(0) { $0 + $1.scalars.count }
    var bytes: [UInt8] = []
    let rest = self.bytes.values.reduce(0) { $0 + $1.count }
    bytes.reserveCapacity(8 + header.count + 4 * scalars + rest)
    bytes.append(littleEndian: UInt64(header.count))
    bytes += header
    for name in names {
      guard let tensor = tensors[name] else { continue }
      bytes.append(littleEndian: tensor.scalars)
    }
    for name in raw { bytes += self.bytes[name] ?? [] }
    return bytes
  }

  private func header(names: [String], raw: [String]) -> [UInt8] {
    var fields: [String] = []
    if !metadata.isEmpty {
      let texts = metadata.sorted { $0.key < $1.key }
      let pairs = texts.map { "\(Self.quoted($0.key)):\(Self.quoted($0.value))" }
      fields.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    var offset = 0
    for name in names {
      guard let tensor = tensors[name] else { continue }
      let end = offset + 4 * tensor.scalars.count
      let shape = tensor.shape.dimensions.map(String.init).joined(separator: ",")
      fields.append(
        "\(Self.quoted(name)):{\"dtype\":\"F32\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    for name in raw {
      guard let count = bytes[name]?.count else { continue }
      fields.append(
        "\(Self.quoted(name)):{\"dtype\":\"U8\",\"shape\":[\(count)],"
          + "\"data_offsets\":[\(offset),\(offset + count)]}")
      offset += count
    }
    return Array("{\(fields.joined(separator: ","))}".utf8)
  }

  /// A JSON string of `text`.
  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\u{0}"..."\u{1F}":
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
