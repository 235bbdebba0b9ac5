import Bytes
public import Codecs
public import Tensors

/// An update as one object: the encoded segments one after the other, each behind its length.
///
/// A length is 4 bytes, little-endian. Lengths are needed where a codec's size depends on the
/// values.
public enum UpdateFraming {
  /// The number of bytes before each segment.
  public static let lengthBytes = 4

  /// The object that holds `parts`.
  public static func join(_ parts: [[UInt8]]) -> [UInt8] {
    var joined: [UInt8] = []
    joined.reserveCapacity(parts.reduce(0) { $0 + $1.count + lengthBytes })
    for part in parts {
      joined.append(littleEndian: UInt32(truncatingIfNeeded: part.count))
      joined.append(contentsOf: part)
    }
    return joined
  }

  /// The `count` segments in `update`.
  ///
  /// - Throws: `CodecError` if they don't fill the bytes exactly.
  public static func split(_ update: [UInt8], count: Int) throws(CodecError) -> [[UInt8]] {
    var parts: [[UInt8]] = []
    var offset = 0
    for _ in 0..<count {
      let field = update[offset...].prefix(lengthBytes)
      guard let length = UInt32(littleEndianBytes: field).map({ Int($0) }) else {
        throw .truncated(
          offset: offset, needed: lengthBytes, available: update.count - offset)
      }
      offset += lengthBytes
      guard length <= update.count - offset else {
        throw .truncated(offset: offset, needed: length, available: update.count - offset)
      }
      parts.append(Array(update[offset..<offset + length]))
      offset += length
    }
    guard offset == update.count else {
      throw .trailingBytes(update.count - offset)
    }
    return parts
  }

  /// The segments in `update`, each expanded and checked.
  ///
  /// - Parameters:
  ///   - update: The framed segments.
  ///   - covered: The segments' layouts, in the order in which their bytes follow each other.
  ///   - codec: The codec of the segments.
  /// - Returns: The segments in the order of `covered`.
  /// - Throws: `CodecError` if the bytes aren't those of such segments.
  public static func segments(
    of update: [UInt8], covering covered: [ParameterLayout], codec: UpdateCodec
  ) throws(CodecError) -> [CheckedSegment] {
    var segments: [CheckedSegment] = []
    for (part, layout) in zip(try split(update, count: covered.count), covered) {
      segments.append(try codec.checked(part, layout: layout))
    }
    return segments
  }
}
