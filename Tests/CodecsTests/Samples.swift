import Measures

/// Vectors to encode, each a function of its seed.
enum Samples {
  /// Standard normal values.
  static func normal(_ count: Int, seed: UInt64) -> [Float] {
    var stream = RandomStream(seed: seed)
    return (0..<count).map { _ in Float(stream.normal()) }
  }

  /// Values as of a real update: normal, of magnitudes that vary a lot.
  static func update(_ count: Int, seed: UInt64) -> [Float] {
    var stream = RandomStream(seed: seed)
    return (0..<count).map { _ in
      let magnitude = stream.exponential(mean: 0.01)
      return Float(stream.normal() * magnitude)
    }
  }

  /// Mostly zeros.
  static func sparse(_ count: Int, seed: UInt64) -> [Float] {
    var values = normal(count, seed: seed)
    for index in values.indices where index % 50 != 7 { values[index] = 0 }
    return values
  }

  /// ‖a − b‖² / ‖b‖².
  static func relativeError(_ values: [Float], of truth: [Float]) -> Double {
    var error = 0.0
    var norm = 0.0
    for (value, exact) in zip(values, truth) {
      error += (Double(value) - Double(exact)) * (Double(value) - Double(exact))
      norm += Double(exact) * Double(exact)
    }
    return norm > 0 ? error / norm : error
  }

  /// Lengths around the borders of bytes, vectors, blocks and rotations.
  static let lengths = [
    1, 2, 7, 8, 9, 31, 32, 33, 63, 64, 65, 511, 512, 513, 1023, 1024, 1025, 8191, 8192, 8193,
    20_000,
  ]

  /// One codec of every kind and of many widths.
  static let codecs = [
    "dense32", "linear1", "linear2", "linear3", "linear5", "linear6", "linear7", "linear8",
    "linear4b64", "hadamard1", "hadamard4", "cosine1", "cosine4", "cosine8", "qsgd2", "qsgd8",
    "sign", "eden1", "eden2", "eden3", "eden4", "eden1mse", "random10", "random60",
    "linear8+random25", "eden0.1", "hadamard4+random10", "topk1", "topk10", "topk60",
    "topk1+linear4",
    "stc1", "stc10", "topk5+eden2", "linear4+zstd", "topk1+zstd", "qsgd4+zstd",
  ]
}
