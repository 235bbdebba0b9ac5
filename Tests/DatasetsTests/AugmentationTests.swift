import Datasets
import Measures
import Tensors
import Testing

@Suite struct AugmentationTests {
  /// One image whose pixel (row, column) is 10 · row + column + 1, and whose mask says the same.
  private func ramp(rows: Int, columns: Int, channels: Int = 1, segmented: Bool = false) -> Dataset
  {
    let plane = (0..<rows * columns).map { UInt8(10 * ($0 / columns) + $0 % columns + 1) }
    return Dataset(
      name: "ramp", input: [channels, rows, columns], classes: 256,
      normalization: .none(channels: channels),
      pixels: .floats(Array(repeating: plane.map(Float.init), count: channels).flatMap(\.self)),
      labels: segmented ? plane.map(UInt16.init) : [0],
      labelsPerSample: segmented ? plane.count : 1)
  }

  private func draws(
    _ dataset: Dataset, _ augmentation: Augmentation, count: Int, seed: UInt64 = 1
  ) -> [(inputs: [Float], labels: [Int32])] {
    var source = ClientBatches(
      dataset: dataset, samples: [0], epochs: count, augmentation: augmentation,
      stream: RandomStream(seed: seed))
    var batch = buffer(1, for: dataset, input: source.input)
    return (0..<count).map { _ in
      source.fill(&batch)
      return (batch.inputs, batch.labels)
    }
  }

  /// The crop at (top, left), by the definition.
  private func expected(
    top: Int, left: Int, flipped: Bool, rows: Int, columns: Int, height: Int, width: Int
  ) -> [Float] {
    (0..<rows * columns).map { index in
      let row = top + index / columns
      let column = left + (flipped ? columns - 1 - index % columns : index % columns)
      guard (0..<height).contains(row), (0..<width).contains(column) else { return 0 }
      return Float(10 * row + column + 1)
    }
  }

  @Test(arguments: [
    (4, 5, 4, 5, 1), (4, 5, 2, 3, 0), (4, 4, 6, 6, 2), (3, 5, 5, 5, 1), (2, 2, 2, 2, 1),
  ])
  func `crops show every place, mirrored or not, equally often`(
    height: Int, width: Int, rows: Int, columns: Int, padding: Int
  ) {
    let augmentation = Augmentation(
      crop: .init(height: rows, width: columns), padding: padding, flips: true)
    var places: [[Float]: Int] = [:]
    for top in -padding...height + padding - rows {
      for left in -padding...width + padding - columns {
        for flipped in [false, true] {
          places[
            expected(
              top: top, left: left, flipped: flipped, rows: rows, columns: columns, height: height,
              width: width)] = 0
        }
      }
    }
    let all = draws(ramp(rows: height, columns: width), augmentation, count: 60 * places.count)
    for (inputs, _) in all { #expect(places[inputs] != nil) }
    for (inputs, _) in all { places[inputs, default: 0] += 1 }
    #expect(places.values.allSatisfy { $0 > 20 })
  }

  @Test(arguments: [(2, 3, 0), (4, 4, 1), (6, 7, 2)])
  func `masks move with their images`(rows: Int, columns: Int, padding: Int) {
    let augmentation = Augmentation(
      crop: .init(height: rows, width: columns), padding: padding, flips: true)
    let dataset = ramp(rows: 4, columns: 5, segmented: true)
    for (inputs, labels) in draws(dataset, augmentation, count: 100) {
      #expect(inputs == labels.map(Float.init))
    }
  }

  @Test func `an evaluation takes the centre`() {
    let dataset = ramp(rows: 6, columns: 7)
    let augmentation = Augmentation(
      crop: .init(height: 2, width: 3), padding: 1, flips: true, jitter: ColourJitter(0.4))
    var source = SequentialBatches(dataset: dataset, augmentation: augmentation)
    var batch = buffer(1, for: dataset, input: source.input)
    source.fill(&batch)
    #expect(batch.inputs == [23, 24, 25, 33, 34, 35])
  }

  @Test(arguments: UInt64(0)..<5)
  func `brightness scales all intensities alike`(seed: UInt64) {
    let jitter = ColourJitter(brightness: 0.4, contrast: 0, saturation: 0)
    let dataset = ramp(rows: 3, columns: 3, channels: 3)
    let plain = draws(dataset, .none, count: 1)[0].inputs
    let factors = draws(dataset, Augmentation(jitter: jitter), count: 200, seed: seed).map { draw in
      let factor = draw.inputs[0] / plain[0]
      for (value, original) in zip(draw.inputs, plain) {
        #expect(abs(value - factor * original) < 1e-4)
      }
      return factor
    }
    #expect(factors.allSatisfy { (0.6...1.4).contains($0) })
    #expect((factors.min() ?? 1) < 0.7 && (factors.max() ?? 1) > 1.3)
  }

  @Test func `contrast keeps the mean grey`() {
    let jitter = ColourJitter(brightness: 0, contrast: 0.4, saturation: 0)
    for channels in [1, 2, 4] {
      let dataset = ramp(rows: 3, columns: 4, channels: channels)
      let plain = draws(dataset, .none, count: 1)[0].inputs
      for draw in draws(dataset, Augmentation(jitter: jitter), count: 50) {
        let (sum, original) = (draw.inputs.reduce(0, +), plain.reduce(0, +))
        #expect(abs(sum - original) < 1e-5 * original)
        #expect(draw.inputs != plain)
      }
    }
  }

  @Test func `saturation leaves grey images as they are`() {
    let jitter = ColourJitter(brightness: 0, contrast: 0, saturation: 0.4)
    let grey = ramp(rows: 3, columns: 3, channels: 3)
    let plain = draws(grey, .none, count: 1)[0].inputs
    for draw in draws(grey, Augmentation(jitter: jitter), count: 50) {
      for (value, original) in zip(draw.inputs, plain) { #expect(abs(value - original) < 1e-4) }
    }
    let red = Dataset(
      name: "red", input: [3, 1, 1], classes: 1, normalization: .none(channels: 3),
      pixels: .floats([1, 0, 0]), labels: [0])
    for draw in draws(red, Augmentation(jitter: jitter), count: 50) {
      let luma = 0.299 * draw.inputs[0] + 0.587 * draw.inputs[1] + 0.114 * draw.inputs[2]
      #expect(abs(luma - 0.299) < 1e-5 && draw.inputs[0] != 1)
    }
  }

  @Test func `jittered bytes stay between black and full intensity before they are normalized`() {
    let dataset = randomDataset(count: 1, input: [3, 8, 8])
    for draw in draws(dataset, Augmentation(jitter: ColourJitter(1)), count: 50) {
      for (index, value) in draw.inputs.enumerated() {
        let channel = index / 64
        let intensity =
          value * dataset.normalization.deviations[channel] + dataset.normalization.means[channel]
        #expect((-1e-6...1 + 1e-6).contains(intensity))
      }
    }
  }

  @Test func `no jitter is the same as a jitter of nothing`() {
    let dataset = randomDataset(count: 1, input: [3, 8, 8])
    #expect(
      draws(dataset, .none, count: 1)[0].inputs
        == draws(dataset, Augmentation(jitter: ColourJitter(0)), count: 1)[0].inputs)
  }

  @Test func `a crop that doesn't fit is a programmer's error`() async {
    #expect(!Augmentation.cifar100.fits([3, 20, 32]) && Augmentation.cifar10.fits([3, 32, 32]))
    await #expect(processExitsWith: .failure) {
      _ = ClientBatches(
        dataset: randomDataset(count: 3), samples: [0], augmentation: .cifar10,
        stream: RandomStream(seed: 0))
    }
  }
}
