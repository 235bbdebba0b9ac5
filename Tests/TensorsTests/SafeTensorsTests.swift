import Measures
import Tensors
import Testing

@Suite struct SafeTensorsTests {
  /// A file with the given header text and `data` bytes after it.
  private func file(_ header: String, data: Int = 0) -> [UInt8] {
    let text = Array(header.utf8)
    return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text
      + Array(repeating: 0, count: data)
  }

  private func random(_ stream: inout RandomStream) -> SafeTensors {
    var tensors: [String: Tensor] = [:]
    for index in 0..<Int.random(in: 0...4, using: &stream) {
      let shape = Shape(
        (0..<Int.random(in: 0...3, using: &stream)).map { _ in
          Int.random(in: 1...4, using: &stream)
        })
      let scalars = (0..<shape.count).map { _ in Float(stream.normal()) }
      tensors["tensor\"\\\n ü \(index)"] = Tensor(shape: shape, scalars: scalars)
    }
    return SafeTensors(tensors: tensors, metadata: ["format": "pt", "a\tb": "{\"x\":[1,2]}"])
  }

  @Test(arguments: 0..<50)
  func `decoding gives back what was encoded`(seed: UInt64) throws {
    var stream = RandomStream(seed: seed)
    let tensors = random(&stream)
    let bytes = tensors.encoded()
    #expect(try SafeTensors(decoding: bytes) == tensors)
    #expect((bytes.count - 8) % 4 == 0)
  }

  @Test func `the bytes are those of the layout`() {
    let tensors = SafeTensors(
      tensors: ["b": Tensor(shape: [1], scalars: [1]), "a": Tensor(shape: [], scalars: [-2])])
    let header =
      #"{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"#
      + #""b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#
    let padded = header + String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
    #expect(tensors.encoded() == file(padded) + [0, 0, 0, 0xC0, 0, 0, 0x80, 0x3F])
  }

  @Test func `half precision is read exactly`() throws {
    // 1, -2, the smallest subnormal, infinity; then bfloat16 1 and -3.5.
    let header =
      #"{"h":{"dtype":"F16","shape":[4],"data_offsets":[0,8]},"#
      + #""b":{"dtype":"BF16","shape":[2],"data_offsets":[8,12]}}"#
    let bytes =
      file(header) + [0x00, 0x3C, 0x00, 0xC0, 0x01, 0x00, 0x00, 0x7C] + [0x80, 0x3F, 0x60, 0xC0]
    let tensors = try SafeTensors(decoding: bytes).tensors
    #expect(tensors["h"]?.scalars == [1, -2, 0x1p-24, .infinity])
    #expect(tensors["b"]?.scalars == [1, -3.5])
  }

  @Test func `all half-precision numbers have the value that the standard gives them`() throws {
    let header = #"{"h":{"dtype":"F16","shape":[65536],"data_offsets":[0,131072]}}"#
    let words = (0...UInt16.max).flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    let scalars = try #require(
      try SafeTensors(decoding: file(header) + words).tensors["h"]?.scalars)
    for (bits, scalar) in scalars.enumerated() {
      let expected = Float(Float16(bitPattern: UInt16(bits)))
      #expect(scalar == expected || (scalar.isNaN && expected.isNaN), "\(bits)")
    }
  }

  @Test(arguments: [
    (#"{}"#, 1), (#"{"#, 0), (#""#, 0), (#"[]"#, 0), (#"{} x"#, 0), (#"{"a":1}"#, 0),
    (#"{"a":{}}"#, 0), (#"{"a":{"dtype":"F32","shape":[1]}}"#, 4),
    (#"{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,4]}}"#, 4),
    (#"{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}"#, 4),
    (#"{"a":{"dtype":"F4","shape":[2],"data_offsets":[0,1]}}"#, 1),
    (#"{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,4]}}"#, 4),
    (#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, 4),
    (#"{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}"#, 4),
    (#"{"a":{"dtype":"F32","shape":[01],"data_offsets":[0,4]}}"#, 4),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 4),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 8),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, 4),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}"#, 4),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 3),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 5),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}"#, 4),
    (#"{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 4),
    (#"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}"#, 4),
    (#"{"a":{"dtype":"F32","shape":[4611686018427387903],"data_offsets":[0,4]}}"#, 4),
    (#"{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}}"#, 4),
    (
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"#
        + #""a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 8
    ),
    (
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
        + #""b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#, 12
    ),
    (#"{"__metadata__":{"a":1}}"#, 0), (#"{"__metadata__":{"a":null}}"#, 0),
    (#"{"__metadata__":nul}"#, 0), (#"{"__metadata__":1}"#, 0),
    (#"{"__metadata__":{"a":"b","a":"c"}}"#, 0),
    (#"{"__metadata__":{"a":"\ud800"}}"#, 0), (#"{"__metadata__":{"a":"\x"}}"#, 0),
    (#"{"__metadata__":{"a":"\u12"}}"#, 0),
  ])
  func `a header that doesn't fit is refused`(header: String, data: Int) {
    #expect(throws: SafeTensorsError.self) {
      try SafeTensors(decoding: file(header, data: data))
    }
  }

  @Test func `tensors that aren't read are known by type and shape, and stand in nobody's way`()
    throws
  {
    let header =
      #"{"__metadata__":null,"a":{"dtype":"I64","shape":[],"data_offsets":[0,8]},"#
      + #""b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},"#
      + #""c":{"dtype":"BOOL","shape":[3],"data_offsets":[12,15]},"#
      + #""d":{"dtype":"U8","shape":[2,0],"data_offsets":[12,12]},"#
      + #""e":{"dtype":"BF16","shape":[1],"data_offsets":[15,17]}}"#
    let file = try SafeTensors(decoding: file(header, data: 17))
    #expect(file.tensors.keys.sorted() == ["b", "e"])
    #expect(file.narrowed == ["e": "BF16"])
    #expect(file.metadata.isEmpty && file.bytes.isEmpty)
    #expect(
      file.unread == [
        "a": .init(type: "I64", shape: []), "c": .init(type: "BOOL", shape: [3]),
        "d": .init(type: "U8", shape: [2, 0]),
      ])
  }

  @Test(arguments: [UInt64.max, 1 << 63, 100_000_001, 3])
  func `an announced length beyond the file allocates nothing`(length: UInt64) {
    let bytes =
      (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * UInt64($0))) } + [0x7B, 0x7D]
    #expect(throws: SafeTensorsError.self) { try SafeTensors(decoding: bytes) }
  }

  @Test(arguments: 0..<8)
  func `mutated files give an error or a file, never a crash`(seed: UInt64) {
    var stream = RandomStream(seed: seed)
    for _ in 0..<500 {
      var bytes = random(&stream).encoded()
      for _ in 0..<Int.random(in: 1...4, using: &stream) where !bytes.isEmpty {
        let place = Int.random(in: 0..<bytes.count, using: &stream)
        switch Int.random(in: 0..<4, using: &stream) {
        case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &stream)
        case 1: bytes[place] = UInt8.random(in: 0...255, using: &stream)
        case 2: bytes.removeSubrange(place...)
        default: bytes.insert(UInt8.random(in: 0...255, using: &stream), at: place)
        }
      }
      guard let decoded = try? SafeTensors(decoding: bytes) else { continue }
      // NaNs differ from themselves, so bytes are compared.
      #expect(throws: Never.self) { try SafeTensors(decoding: decoded.encoded()) }
    }
  }
}
