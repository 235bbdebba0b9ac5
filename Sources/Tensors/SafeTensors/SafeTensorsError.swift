/// A reason for which bytes are no safetensors file.
public enum SafeTensorsError: Error, Hashable, Sendable {
  /// The bytes end before what they announce.
  case truncated(needed: UInt64, available: Int)
  /// The header is longer than any sensible one.
  case headerTooLong(UInt64)
  /// The header isn't the JSON that it should be, at a byte of the header.
  case header(String, at: Int)
  /// A name stands twice in the header.
  case duplicate(name: String)
  /// A tensor is of a type that isn't known, so that its place can't be checked.
  case type(String, tensor: String)
  /// A tensor's shape is too large to exist.
  case shape([Int], tensor: String)
  /// A tensor's place doesn't fit its shape, its neighbours or the file.
  case place(begin: Int, end: Int, expected: Int, tensor: String)
  /// There are bytes after the last tensor.
  case excess(bytes: Int)
}

extension SafeTensorsError: CustomStringConvertible {
  /// The fault and its place, in words.
  public var description: String {
    switch self {
    case .truncated(let needed, let available):
      "cut off: \(needed) bytes are announced, \(available) are there; copy the file again"
    case .headerTooLong(let length):
      "a header of \(length) bytes is announced; this isn't a safetensors file"
    case .header(let problem, let offset):
      "the header has \(problem) at byte \(offset); write the file anew, as safetensors.torch.save_file does"
    case .duplicate(let name): "“\(name)” stands twice in the header; give one of them another name"
    case .type(let type, let tensor):
      "“\(tensor)” is of type \(type), which isn't known; convert it to F32, or leave it out of the file"
    case .shape(let shape, let tensor):
      "“\(tensor)” has the impossible shape \(shape); write the file anew"
    case .place(let begin, let end, let expected, let tensor):
      "“\(tensor)” is said to lie at \(begin)..<\(end), but \(expected) is where it must end or begin; "
        + "write the file anew"
    case .excess(let bytes): "\(bytes) bytes follow the last tensor; copy the file again"
    }
  }
}
