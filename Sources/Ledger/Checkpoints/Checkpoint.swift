import Bytes
public import Foundation
public import Tensors

/// The state from which a run goes on after a round.
public struct Checkpoint: Hashable, Sendable {
  /// The last round that is in it, counted from 1; 0 before the first.
  public var round: Int
  /// The state of the round machinery, as JSON.
  public var state: Data
  /// The model and what else is large, by name.
  public var tensors: [String: Tensor]
  /// Bytes that are kept as they are, by name.
  public var bytes: [String: [UInt8]]

  /// A checkpoint after `round`.
  public init(
    round: Int, state: Data = Data(), tensors: [String: Tensor] = [:],
    bytes: [String: [UInt8]] = [:]
  ) {
    self.round = round
    self.state = state
    self.tensors = tensors
    self.bytes = bytes
  }
}

extension Checkpoint {
  /// The first format; later ones must still read it.
  private static let format = "1"

  /// A safetensors file whose metadata holds format, round, state and the file's SHA-256.
  ///
  /// The digest is that of the whole file with 64 zeros in the digest's place.
  func encoded() throws(LedgerError) -> [UInt8] {
    guard let text = String(data: state, encoding: .utf8) else {
      throw .damaged(path: "checkpoint", problem: "the state to be written isn't UTF-8")
    }
    let blank = String(repeating: "0", count: 64)
    let metadata = [
      "progfed-checkpoint": Self.format, "round": String(round), "state": text, "sha256": blank,
    ]
    var bytes = SafeTensors(tensors: tensors, bytes: self.bytes, metadata: metadata).encoded()
    guard let place = Self.place(of: blank, in: bytes) else {
      preconditionFailure("the digest's place is not in the header")
    }
    bytes.replaceSubrange(place, with: Array(Digest(of: bytes).hex.utf8))
    return bytes
  }

  /// The checkpoint in a file; nil unless digest and format are right.
  init(decoding bytes: [UInt8], path: String) throws(LedgerError) {
    func damaged(_ problem: String) -> LedgerError { .damaged(path: path, problem: problem) }
    let file: SafeTensors
    do throws(SafeTensorsError) {
      file = try SafeTensors(decoding: bytes)
    } catch {
      throw damaged("\(error)")
    }
    guard file.unread.isEmpty else { throw damaged("tensors of another type inside") }
    guard let format = file.metadata["progfed-checkpoint"] else { throw damaged("no checkpoint") }
    guard format == Self.format else {
      throw Int(format).map { .newer(path: path, format: $0) } ?? damaged("format \(format)")
    }
    guard let digest = file.metadata["sha256"], digest.utf8.count == 64,
      let place = Self.place(of: digest, in: bytes)
    else { throw damaged("no SHA-256 of it inside") }
    guard Self.digest(of: bytes, without: place).hex == digest else {
      throw damaged("its SHA-256 isn't the one that it names")
    }
    guard let round = file.metadata["round"].flatMap(Int.init), let state = file.metadata["state"]
    else { throw damaged("no round or state inside") }
    self.init(
      round: round, state: Data(state.utf8), tensors: file.tensors, bytes: file.bytes)
  }

  private static func digest(of bytes: [UInt8], without place: Range<Int>) -> Digest {
    var blanked = bytes
    blanked.replaceSubrange(place, with: repeatElement(UInt8(ascii: "0"), count: place.count))
    return Digest(of: blanked)
  }

  /// The place of the value of the metadata's "sha256".
  private static func place(of digest: String, in bytes: [UInt8]) -> Range<Int>? {
    let text = Data("\"sha256\":\"\(digest)\"".utf8)
    // The header alone is searched: its length is in the first bytes, and was checked by decoding.
    guard let length = UInt64(littleEndianBytes: bytes.prefix(8)) else { return nil }
    let header = Data(bytes[8...].prefix(Int(clamping: length)))
    guard let range = header.range(of: text) else { return nil }
    return 8 + range.upperBound - 65..<8 + range.upperBound - 1
  }
}
