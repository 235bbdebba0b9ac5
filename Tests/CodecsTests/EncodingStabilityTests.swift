import Codecs
import Measures
import Testing

/// Encodings are a format: these digests change only with a new version of the protocol.
///
/// Inputs are made of integers, so that no platform's logarithm takes part.
@Suite struct EncodingStabilityTests {
  @Test(arguments: Samples.codecs)
  func `bytes and what they stand for don't drift`(text: String) throws {
    var stream = RandomStream(seed: 101)
    let values = (0..<5000).map { _ in
      let magnitude = Float(1 << (stream.next() % 8))
      return Float(Int(stream.next() % 2001) - 1000) * magnitude / 65_536
    }
    let codec = Codec(try CodecSpec(parsing: text))
    let bytes = try codec.encode(values, key: 0x1234_5678_9ABC_DEF0)
    let decoded = try codec.decode(bytes, count: values.count).flatMap { value in
      (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
    }
    // What zstd makes of the bytes is its version's affair.
    if !text.hasSuffix("zstd") { #expect(Self.fnv(bytes) == Self.digests[text]) }
    #expect(Self.fnv(decoded) == Self.decodedDigests[text])
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
  ]

  private static let decodedDigests = [
    "dense32": "c2cd33981985e657",
    "linear1": "f50ab675e942a891",
    "linear2": "ddff343e718168e5",
    "linear3": "443fd7d101611014",
    "linear5": "9fddbbf59c4b9de0",
    "linear6": "24cdaffe2782c4f4",
    "linear7": "4986f9798d797571",
    "linear8": "e7beea3ca5d4f30d",
    "linear4b64": "33289d88a0be8843",
    "hadamard1": "6964b4e99ee1d46a",
    "hadamard4": "3b6ccdb965ec0430",
    "cosine1": "4039507d44c9b725",
    "cosine4": "30baad19450fd5f",
    "cosine8": "8e3192355f333f43",
    "qsgd2": "5876a4c861658655",
    "qsgd8": "8aa3682f93e8cd9d",
    "sign": "ae720038d1937f05",
    "eden1": "3cf1c8348396d588",
    "eden2": "e45bf7fd779fdb3b",
    "eden3": "ef05722d7fc36007",
    "eden4": "c65c05981d2e0bf9",
    "eden1mse": "405e6e90f6ebb764",
    "random10": "137471cda1348f73",
    "random60": "c3d02fbe4ea8ad58",
    "linear8+random25": "9652e7d168ceefb1",
    "eden0.1": "8dfc1d03358b8c12",
    "hadamard4+random10": "25c86abaaa7b445e",
    "topk1": "32459e866bc7b65d",
    "topk10": "f4551936610c9779",
    "topk60": "56e0b5412588d702",
    "topk1+linear4": "c43d7b5fbefbde95",
    "stc1": "b2421e070327b565",
    "stc10": "fcf4210de06dc20d",
    "topk5+eden2": "ca5f682d66dc47b",
    "linear4+zstd": "360561aafabcec1",
    "topk1+zstd": "32459e866bc7b65d",
    "qsgd4+zstd": "8047edf3ff29db1d",
  ]
}
