import Codecs
import Foundation
import Testing

@Suite struct CodecSpecTests {
  @Test(arguments: [
    ("dense32", "dense32"), ("linear8", "linear8"), ("linear4b1024", "linear4b1024"),
    ("linear8+random25", "linear8+random25"), ("random25+linear8", "linear8+random25"),
    ("random10", "random10"), ("topk0.1", "topk0.1"), ("topk1+linear4", "topk1+linear4"),
    ("linear4+topk1", "topk1+linear4"), ("stc1", "stc1"), ("topk1+sign", "stc1"),
    ("sign+topk2.50", "stc2.5"), ("eden1", "eden1"), ("eden2mse", "eden2mse"),
    ("eden0.1", "eden1+random10"), ("eden0.05mse", "eden1mse+random5"),
    ("eden1+random10", "eden1+random10"), ("hadamard4", "hadamard4"), ("cosine4", "cosine4"),
    ("qsgd4", "qsgd4"), ("sign", "sign"), ("dense32+zstd", "dense32+zstd"),
    ("topk5+dense32", "topk5"), ("linear4+random0.0001+zstd", "linear4+random0.0001+zstd"),
  ])
  func `text reads as the codec and comes back in canonical form`(
    text: String, canonical: String
  ) throws {
    let spec = try CodecSpec(parsing: text)
    #expect(spec.description == canonical)
    #expect(try CodecSpec(parsing: canonical) == spec)
  }

  @Test(arguments: [
    ("", CodecSpecError.unknown(part: "")), ("linear", .missingNumber(part: "linear")),
    ("linear8+", .unknown(part: "")), ("Linear8", .unknown(part: "Linear8")),
    ("linear8 ", .unknown(part: "linear8 ")), ("dense16", .unknown(part: "dense16")),
    ("lineár8", .unknown(part: "lineár8")), ("linear-8", .unknown(part: "linear-8")),
    ("sign1", .unknown(part: "sign1")), ("gzip", .unknown(part: "gzip")),
    ("linear0", .bitsOutOfRange(part: "linear0", allowed: 1...8)),
    ("linear9", .bitsOutOfRange(part: "linear9", allowed: 1...8)),
    ("qsgd1", .bitsOutOfRange(part: "qsgd1", allowed: 2...8)),
    ("eden5", .bitsOutOfRange(part: "eden5", allowed: 1...4)),
    ("eden1.5", .bitsOutOfRange(part: "eden1.5", allowed: 1...4)),
    ("eden0.", .bitsOutOfRange(part: "eden0.", allowed: 1...4)),
    ("linear99999999999999999999", .unknown(part: "linear99999999999999999999")),
    ("linear4b", .blockOutOfRange(part: "linear4b")),
    ("linear4b20", .blockOutOfRange(part: "linear4b20")),
    ("linear4b8", .blockOutOfRange(part: "linear4b8")),
    ("random", .missingNumber(part: "random")), ("topk0", .percentageOutOfRange(part: "topk0")),
    ("topk100", .percentageOutOfRange(part: "topk100")),
    ("topk-1", .percentageOutOfRange(part: "topk-1")),
    ("topk0.00001", .percentageOutOfRange(part: "topk0.00001")),
    ("stc1e1", .percentageOutOfRange(part: "stc1e1")),
    ("linear8+eden1", .twoQuantizers("linear8", "eden1")),
    ("dense32+linear8", .twoQuantizers("dense32", "linear8")),
    ("stc1+linear4", .twoQuantizers("stc1", "linear4")),
    ("topk1+random10", .twoSparsifiers("topk1", "random10")),
    ("eden0.1+topk1", .twoSparsifiers("eden0.1", "topk1")),
    ("zstd", .onlyCompression), ("zstd+linear8", .afterCompression(part: "linear8")),
    ("linear8+zstd+zstd", .afterCompression(part: "zstd")),
  ])
  func `a wrong text is refused with the reason`(text: String, error: CodecSpecError) {
    #expect(throws: error) { try CodecSpec(parsing: text) }
    #expect(CodecSpec(text) == nil)
  }

  @Test func `every error tells what to write`() {
    let errors: [CodecSpecError] = [
      .unknown(part: "x"), .missingNumber(part: "x"), .bitsOutOfRange(part: "x9", allowed: 1...8),
      .percentageOutOfRange(part: "x"), .blockOutOfRange(part: "x"), .twoQuantizers("x", "y"),
      .twoSparsifiers("x", "y"), .afterCompression(part: "x"), .onlyCompression,
    ]
    for error in errors {
      #expect(["write", "remove"].contains { "\(error)".contains($0) }, "\(error)")
    }
  }

  @Test(arguments: [(1, 1), (2, 1), (100, 1), (101, 2), (3000, 30), (1_000_001, 10_001)])
  func `a share rounds up to whole values`(count: Int, kept: Int) throws {
    let share = try #require(Percentage("1"))
    #expect(share.count(of: count) == kept)
  }

  @Test(arguments: [
    ("dense32", true), ("linear4", true), ("eden1", true), ("eden0.1", true), ("cosine3", true),
    ("sign", false), ("stc1", false), ("topk10", false), ("eden2mse", false),
  ])
  func `bias is known from the spec`(text: String, isUnbiased: Bool) throws {
    #expect(try CodecSpec(parsing: text).isUnbiased == isUnbiased)
  }

  @Test func `a file has a codec as its text, and a wrong one is refused with the reason`() throws {
    let spec = try CodecSpec(parsing: "topk1+sign")
    let data = try JSONEncoder().encode([spec, .dense32])
    #expect(String(decoding: data, as: UTF8.self) == #"["stc1","dense32"]"#)
    #expect(try JSONDecoder().decode([CodecSpec].self, from: data) == [spec, .dense32])
    let error = #expect(throws: DecodingError.self) {
      try JSONDecoder().decode([CodecSpec].self, from: Data(#"["zip"]"#.utf8))
    }
    #expect("\(try #require(error))".contains("codec “zip” doesn't exist"))
  }
}
