import Measures

/// One sample's augmentation, drawn: a pure function of the stream and of how many samples came before.
struct AugmentationDraw {
  /// The source row that output row 0 shows; negative where it begins in the padding.
  var top: Int
  /// The source column of the output's leftmost source column; negative in the padding.
  var left: Int
  /// Whether columns run from right to left.
  var isFlipped = false
  /// The jitter's factors: brightness, contrast, saturation.
  var factors: (Float, Float, Float) = (1, 1, 1)
  /// Which of the six orders the three changes of colour come in.
  var order = 0

  /// The centre of an image of `height` × `width`, for an output of `rows` × `columns`.
  init(centreOf height: Int, _ width: Int, rows: Int, columns: Int) {
    top = (height - rows) / 2
    left = (width - columns) / 2
  }

  /// The draw for sample number `serial` of `stream`.
  init(
    _ augmentation: Augmentation, height: Int, width: Int, rows: Int, columns: Int,
    stream: RandomStream, serial: Int
  ) {
    var stream = stream
    // Eight values per sample, always, so that no setting shifts another's draws.
    stream.counter = UInt64(serial) &* 8
    let padding = augmentation.padding
    func offset(_ room: Int, _ uniform: Double) -> Int {
      min(Int(uniform * Double(room + 1)), room) - padding
    }
    top = offset(height + 2 * padding - rows, stream.uniform())
    left = offset(width + 2 * padding - columns, stream.uniform())
    let side = stream.uniform()
    isFlipped = augmentation.flips && side < 0.5
    guard let jitter = augmentation.jitter else { return }
    func factor(_ amount: Double, _ uniform: Double) -> Float {
      Float(1 + amount * (2 * uniform - 1))
    }
    factors = (
      factor(jitter.brightness, stream.uniform()), factor(jitter.contrast, stream.uniform()),
      factor(jitter.saturation, stream.uniform())
    )
    order = Int(stream.uniform() * 6)
  }
}
