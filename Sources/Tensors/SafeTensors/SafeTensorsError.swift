/// Why bytes are not a safetensors file.
public enum SafeTensorsError: Error, Hashable, Sendable {
  /// The bytes end before what they announce.
  case truncated(needed: UInt64, available: Int)
  /// The header is longer than any sensible one.
  case headerTooLong(UInt64)
  /// The header isn't the JSON that it should be, at a byte of the header.
  case header(String, at: Int)
  /// A name stands twice in the header.
  case duplicate(name: String)
  /// A tensor is of a type that isn't read.
  case type(String, tensor: String)
  /// A tensor's shape has an extent of zero or is too large to exist.
  case shape([Int], tensor: String)
  /// A tensor's place doesn't fit its shape, its neighbours or the file.
  case place(begin: Int, end: Int, expected: Int, tensor: String)
  /// There are bytes after the last tensor.
  case excess(bytes: Int)
}

extension SafeTensorsError: CustomStringConvertible {
  /// What is wrong, where, in words.
  public var description: String {
    switch self {
    case .truncated(let needed, let available):
      "cut off: \(needed) bytes are announced, \(available) are there; copy the file again"
    case .headerTooLong(let length):
      "a header of \(length) bytes is announced; this isn't a safetensors file"
    case .header(let problem, let offset): "the header has \(problem) at byte \(offset)"
    case .duplicate(let name): "“\(name)” stands twice in the header"
    case .type(let type, let tensor):
      "“\(tensor)” is of type \(type); F32, F16, BF16 and U8 can be read"
    case .shape(let shape, let tensor): "“\(tensor)” has the impossible shape \(shape)"
    case .place(let begin, let end, let expected, let tensor):
      "“\(tensor)” is said to lie at \(begin)..<\(end), but \(expected) is where it must end or begin"
    case .excess(let bytes): "\(bytes) bytes follow the last tensor"
    }
  }
}
