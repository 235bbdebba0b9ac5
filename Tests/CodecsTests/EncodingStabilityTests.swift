import Codecs
import Measures
import Testing

/// Encodings are a format: these digests change only with a new version of the protocol.
///
/// Inputs are made of integers, so that no platform's logarithm takes part.
@Suite struct EncodingStabilityTests {
  @Test(arguments: Samples.codecs)
  func `bytes don't drift`(text: String) throws {
    var stream = RandomStream(seed: 101)
    let values = (0..<5000).map { _ in
      let magnitude = Float(1 << (stream.next() % 8))
      return Float(Int(stream.next() % 2001) - 1000) * magnitude / 65_536
    }
    let bytes = try Codec(CodecSpec(parsing: text)).encode(values, key: 0x1234_5678_9ABC_DEF0)
    #expect(Self.fnv(bytes) == Self.digests[text])
  }

  /// FNV-1a, 64 bits (draft-eastlake-fnv).
  private static func fnv(_ bytes: [UInt8]) -> String {
    let hash = bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01B3
    }
    return String(hash, radix: 16)
  }

  private static let digests = [
    "dense32": "c2cd33981985e657",
    "linear1": "42dff865e41c09f3",
    "linear2": "5a712075ad3f5c83",
    "linear3": "e7b743eb13cf6868",
    "linear5": "21846f8efefb9789",
    "linear6": "9c23f888f9f11b07",
    "linear7": "3dcb0258924d058",
    "linear8": "bd618bec90c22058",
    "linear4b64": "d940b4703c536b0c",
    "hadamard1": "cbcc8dd3aafc40df",
    "hadamard4": "6b316083206d593e",
    "cosine1": "725a8f47e7ceb635",
    "cosine4": "66eb127709727898",
    "cosine8": "9108c3b1bd7aafc4",
    "qsgd2": "96c0e2913a505f73",
    "qsgd8": "bd5da385acc81725",
    "sign": "818733744cb9f1b5",
    "eden1": "c079ec7e40e7b38a",
    "eden2": "50cd2ffdda3af07f",
    "eden3": "a492d46c64d8b70e",
    "eden4": "1ce2a0723ad326ac",
    "eden1mse": "e4578ba6fe2760c3",
    "random10": "6aae5c4cb8bc87fd",
    "random60": "dab91ae594dc4f25",
    "linear8+random25": "28841494f843649c",
    "eden0.1": "db94af11c485dc3c",
    "hadamard4+random10": "8e605a178cb23cc8",
    "topk1": "96fa130a51a0ee13",
    "topk10": "fe847fadaafb32d9",
    "topk60": "a618807a9fbd140",
    "topk1+linear4": "844ed30a25742ea2",
    "stc1": "fd6fe817a9b4d3c1",
    "stc10": "778b3433d633a244",
    "topk5+eden2": "90bda0234a8d94fc",
    "linear4+zstd": "b430461b304193e7",
    "topk1+zstd": "63c1f842c84021ab",
    "qsgd4+zstd": "b4d8bd6b9ce04824",
  ]
}
