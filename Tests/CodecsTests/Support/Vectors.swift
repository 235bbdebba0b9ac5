import Bytes
import CCodecKernels
import Codecs
import Foundation
import Measures
import Models
import Tensors

/// The files of Vectors, and what they are made of.
enum Vectors {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Vectors")

  /// One codec of every kind and of the widths at the ends; "initial" is the eight bytes of fresh
  /// values.
  static let codecs = [
    "dense32", "linear1", "linear2", "linear3", "linear4", "linear5", "linear6", "linear7",
    "linear8", "linear4b64", "linear8b1024", "hadamard1", "hadamard4", "hadamard8", "cosine1",
    "cosine4", "cosine8", "qsgd2", "qsgd4", "qsgd8", "sign", "eden1", "eden2", "eden3", "eden4",
    "eden1mse", "eden2mse", "random10", "random60", "linear8+random25", "eden0.1", "eden0.25mse",
    "hadamard4+random10", "topk1", "topk10", "topk60", "topk1+linear4", "topk5+eden2", "stc1",
    "stc10", "linear4+zstd", "stc10+zstd",
  ]
  static let initial = "initial"

  static func read(_ codec: String) throws -> CodecVector {
    try JSONDecoder().decode(
      CodecVector.self, from: Data(contentsOf: folder.appending(path: "\(codec).json")))
  }

  static func write(_ vector: CodecVector) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try (encoder.encode(vector) + Data("\n".utf8))
      .write(to: folder.appending(path: "\(vector.codec).json"))
  }

  /// Values that need no logarithm: word n of `key` is m·2⁻²³⁻ᵉ with m its upper 24 bits, signed,
  /// and e its lowest 3.
  static func drawn(_ key: UInt64, count: Int) -> [Float] {
    var words = [UInt32](repeating: 0, count: count)
    progfed_codec_random_words(key, 0, &words, count)
    return words.map { word in
      Float(Int32(bitPattern: word) >> 8) / Float(1 << (23 + (word & 7)))
    }
  }

  static func digest(_ values: ParameterVector) -> String {
    Digest(of: values.layout.name, followedBy: values.scalars).hex
  }

  /// True if an error memory of the codec doesn't grow, so that deltas and residuals may have it.
  static func mayRemember(_ spec: CodecSpec) throws -> Bool {
    if case .random = spec.sparsification { return false }
    return try spec.relativeSquaredError() <= 0.85
  }

  // MARK: Making them

  private static let smallTensors = 32

  /// 135 values that a rotation cuts in 128 and 7, 60 that it pads to 64, a small tensor and a
  /// buffer.
  private static let small = ParameterLayout(
    name: "block1",
    parameters: [
      Parameter("conv1.weight", [3, 5, 3, 3], role: .weight),
      Parameter("conv1.bias", [3], role: .bias),
      Parameter("norm1.running_mean", [40], role: .buffer),
      Parameter("fc.weight", [4, 15], role: .weight),
    ])

  /// 10,000 values, of which a rotation makes blocks of 8192 and 2048.
  private static let large = ParameterLayout(
    name: "block2", parameters: [Parameter("fc.weight", [100, 100], role: .weight)])

  /// 37 values, of which a rotation leaves 5 out, and a small tensor.
  private static let tiny = ParameterLayout(
    name: "head1",
    parameters: [
      Parameter("fc.weight", [37], role: .weight), Parameter("fc.bias", [3], role: .bias),
    ])

  /// Values with zeros of both signs and equal magnitudes among them.
  private static func values(_ layout: ParameterLayout, key: UInt64) -> ParameterVector {
    var values = drawn(key, count: layout.count)
    for index in values.indices {
      switch index % 16 {
      case 5: values[index] = 0
      case 11: values[index] = -0.0
      case 13: values[index] = index.isMultiple(of: 32) ? -0.125 : 0.125
      default: break
      }
    }
    return ParameterVector(layout: layout, scalars: values)
  }

  static func made(of codec: String) throws -> CodecVector {
    let spec = try CodecSpec(parsing: codec)
    var vector = CodecVector(
      codec: codec, smallTensors: smallTensors,
      encodings: [
        try encoding(spec, values(small, key: 11), seed: 0x1234_5678_9ABC_DEF0, key: nil),
        try encoding(
          spec, ParameterVector(layout: large, scalars: drawn(12, count: large.count)),
          seed: 0xFEDC_BA98_7654_3210, key: 12),
      ])
    if try mayRemember(spec) {
      vector.deltas = try deltas(spec)
      vector.residuals = try residuals(spec)
    }
    return vector
  }

  /// The bytes that tell fresh values.
  static func madeInitial() throws -> CodecVector {
    let layout = ParameterLayout(
      name: "block2",
      parameters: [
        Parameter("conv1.weight", [4, 3, 3, 3], role: .weight),
        Parameter("conv1.bias", [4], role: .bias),
        Parameter("norm1.weight", [4], role: .scale), Parameter("norm1.bias", [4], role: .scale),
        Parameter("norm1.running_mean", [4], role: .buffer),
        Parameter("norm1.running_var", [4], role: .buffer),
        Parameter("up1.weight", [4, 6, 2, 2], role: .weight),
        Parameter("up1.bias", [6], role: .bias),
      ])
    let seed: UInt64 = 0x0123_4567_89AB_CDEF
    let fresh = FreshValues(random: RandomStream(key: seed))
    let values = fresh.values(of: layout)
    return CodecVector(
      codec: initial, smallTensors: smallTensors,
      encodings: [
        CodecVector.Encoding(
          segment: .init(layout), seed: Hex.text(seed), bytes: Hex.text(fresh.bytes),
          length: fresh.bytes.count, digest: Digest(of: fresh.bytes).hex,
          decoded: Hex.text(values.scalars), state: digest(values))
      ])
  }

  private static func encoding(
    _ spec: CodecSpec, _ values: ParameterVector, seed: UInt64, key: UInt64?
  ) throws -> CodecVector.Encoding {
    let codec = UpdateCodec(spec, smallTensorLimit: smallTensors)
    let bytes = try codec.encode(values, key: seed)
    let decoded = try codec.decode(bytes, layout: values.layout)
    let isShown = key == nil
    var encoding = CodecVector.Encoding(
      segment: .init(values.layout), seed: Hex.text(seed), length: bytes.count,
      digest: Digest(of: bytes).hex, state: digest(decoded))
    encoding.inputKey = key.map(Hex.text)
    if isShown {
      encoding.input = Hex.text(values.scalars)
      encoding.decoded = Hex.text(decoded.scalars)
    }
    // What Zstandard made of them can't be made again by other versions, so that they are always
    // shown.
    if isShown || spec.isCompressed { encoding.bytes = Hex.text(bytes) }
    if isShown, spec.isCompressed {
      encoding.plain = Hex.text(try plain(spec).encode(values, key: seed))
    }
    return encoding
  }

  /// The codec without Zstandard.
  static func plain(_ spec: CodecSpec) throws -> UpdateCodec {
    UpdateCodec(
      try CodecSpec(spec.sparsification, spec.quantization), smallTensorLimit: smallTensors)
  }

  /// A keyframe, two differences one after the other, and one from the keyframe.
  private static func deltas(_ spec: CodecSpec) throws -> CodecVector.Deltas {
    var states: [SharedReference] = []
    var model = drawn(21, count: tiny.count)
    var steps: [CodecVector.Deltas.Step] = []
    for (index, from) in [nil, 0, 1, 0].enumerated() {
      let seed = UInt64(100 + index)
      let exact = ParameterVector(layout: tiny, scalars: model)
      let codec = UpdateCodec(
        from == nil ? try CodecSpec(parsing: "linear8") : spec, smallTensorLimit: smallTensors)
      let bytes: [UInt8]
      if let from {
        var state = states[from]
        bytes = try state.advance(towards: exact, codec: codec, key: seed)
        states.append(state)
      } else {
        let keyframe = try SharedReference.keyframe(of: exact, codec: codec, key: seed)
        bytes = keyframe.bytes
        states.append(keyframe.reference)
      }
      steps.append(
        .init(
          codec: "\(codec.spec)", seed: Hex.text(seed), from: from, model: Hex.text(model),
          bytes: Hex.text(bytes), values: Hex.text(states[index].values.scalars),
          state: digest(states[index].values)))
      let move = drawn(UInt64(31 + index), count: tiny.count)
      for scalar in model.indices { model[scalar] += move[scalar] / 8 }
    }
    return CodecVector.Deltas(segment: .init(tiny), steps: steps)
  }

  private static func residuals(_ spec: CodecSpec) throws -> CodecVector.Residuals {
    let codec = UpdateCodec(spec, smallTensorLimit: smallTensors)
    var residual = Residual()
    var updates: [CodecVector.Residuals.Update] = []
    let nothing = [Float](repeating: 0, count: tiny.count)
    for index in 0..<3 {
      let seed = UInt64(200 + index)
      let update = values(tiny, key: UInt64(41 + index))
      let before = residual.segments[tiny.name]?.scalars ?? nothing
      let encoded = try residual.encode(update, codec: codec, key: seed)
      residual.commit(encoded)
      updates.append(
        .init(
          seed: Hex.text(seed), update: Hex.text(update.scalars), before: Hex.text(before),
          bytes: Hex.text(encoded.bytes),
          decoded: Hex.text(try codec.decode(encoded.bytes, layout: tiny).scalars),
          after: Hex.text(encoded.leftOut.scalars)))
    }
    return CodecVector.Residuals(segment: .init(tiny), updates: updates)
  }
}
