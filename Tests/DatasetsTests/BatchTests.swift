import Datasets
import Measures
import Tensors
import Testing

@Suite struct BatchTests {
  /// All inputs and labels that a source fills, batch after batch, and the batches' sizes.
  private func drain(_ source: some BatchSource, _ batch: Batch, input: Int, labels: Int = 1)
    -> (inputs: [Float], labels: [Int32], sizes: [Int])
  {
    var (source, batch) = (source, batch)
    var all: (inputs: [Float], labels: [Int32], sizes: [Int]) = ([], [], [])
    while true {
      source.fill(&batch)
      guard batch.count > 0 else { return all }
      all.inputs += batch.inputs.prefix(batch.count * input)
      all.labels += batch.labels.prefix(batch.count * labels)
      all.sizes.append(batch.count)
    }
  }

  @Test(arguments: [1, 2, 7, 10, 64], [1, 3])
  func `an evaluation shows each sample once, normalized, in order`(capacity: Int, channels: Int) {
    let dataset = randomDataset(count: 10, input: [channels, 4, 5])
    let source = SequentialBatches(dataset: dataset)
    let all = drain(
      source, buffer(capacity, for: dataset, input: source.input), input: channels * 20)
    #expect(all.labels == dataset.labels.map(Int32.init))
    #expect(all.sizes.dropLast().allSatisfy { $0 == capacity })
    guard case .bytes(let bytes) = dataset.pixels else { return }
    #expect(
      all.inputs
        == bytes.enumerated().map { index, byte in
          let channel = index / 20 % channels
          return (Float(byte) / 255 - dataset.normalization.means[channel])
            / dataset.normalization.deviations[channel]
        })
  }

  @Test(arguments: [0, 1, 7, 19, 20, 50], [false, true])
  func `drawn samples are different ones, as they were, in their order`(
    count: Int, segmented: Bool
  ) {
    let dataset = randomDataset(count: 20, segmented: segmented)
    let drawn = dataset.drawn(count, stream: RandomStream(seed: 5))
    #expect(drawn.count == min(count, 20))
    guard case .bytes(let all) = dataset.pixels, case .bytes(let some) = drawn.pixels else {
      Issue.record("not bytes")
      return
    }
    let (area, each) = (dataset.input.count, dataset.labelsPerSample)
    var last = -1
    for sample in 0..<drawn.count {
      let pixels = some[sample * area..<(sample + 1) * area]
      let origin = (0..<20).first { all[$0 * area..<($0 + 1) * area].elementsEqual(pixels) }
      guard let origin else {
        Issue.record("sample \(sample) isn't one of the data set")
        continue
      }
      #expect(origin > last)
      last = origin
      #expect(
        drawn.labels[sample * each..<(sample + 1) * each]
          == dataset.labels[origin * each..<(origin + 1) * each])
    }
  }

  @Test func `what is drawn depends on the seed, and any sample can be`() {
    let dataset = randomDataset(count: 12)
    var seen: Set<[UInt16]> = []
    for seed in UInt64(0)..<40 {
      let labels = dataset.drawn(6, stream: RandomStream(seed: seed)).labels
      #expect(dataset.drawn(6, stream: RandomStream(seed: seed)).labels == labels)
      seen.insert(labels)
    }
    #expect(seen.count > 20)
  }

  @Test(arguments: 0...10, 0...10)
  func `ranges of an evaluation join to the whole`(a: Int, b: Int) {
    let dataset = randomDataset(count: 10)
    let cuts = [0, min(a, b), max(a, b), 10]
    let parts = (0..<3).flatMap { part in
      drain(
        SequentialBatches(dataset: dataset, samples: cuts[part]..<cuts[part + 1]),
        buffer(4, for: dataset, input: dataset.input), input: 20
      ).inputs
    }
    let whole = drain(
      SequentialBatches(dataset: dataset), buffer(3, for: dataset, input: dataset.input), input: 20)
    #expect(parts == whole.inputs)
  }

  @Test(arguments: [1, 2, 5, 7, 100], [0, 1, 3])
  func `an epoch shows each of the client's samples once`(capacity: Int, epochs: Int) {
    let dataset = randomDataset(count: 20, classes: 20)
    let samples = [1, 4, 5, 9, 12, 13, 19]
    let source = ClientBatches(
      dataset: dataset, samples: samples, epochs: epochs, stream: RandomStream(seed: 8))
    let all = drain(source, buffer(capacity, for: dataset, input: source.input), input: 20)
    #expect(source.total == 7 * epochs && all.labels.count == 7 * epochs)
    for epoch in 0..<epochs {
      #expect(
        all.labels[7 * epoch..<7 * epoch + 7].sorted()
          == samples.map { Int32(dataset.labels[$0]) }.sorted())
    }
    #expect(all.sizes.allSatisfy { $0 <= capacity } && all.sizes.reduce(0, +) == 7 * epochs)
    if capacity == 5 {
      #expect(all.sizes == Array(repeating: [5, 2], count: epochs).flatMap(\.self))
    }
  }

  @Test(arguments: [
    Augmentation.none, .init(crop: .init(height: 3, width: 3), padding: 1, flips: true),
  ])
  func `batch size changes neither order nor augmentation`(augmentation: Augmentation) {
    let dataset = randomDataset(count: 30)
    let source = ClientBatches(
      dataset: dataset, samples: Array(0..<30), epochs: 2, augmentation: augmentation,
      stream: RandomStream(seed: 8))
    let size = source.input.count
    let one = drain(source, buffer(1, for: dataset, input: source.input), input: size)
    let many = drain(source, buffer(11, for: dataset, input: source.input), input: size)
    #expect(one.inputs == many.inputs && one.labels == many.labels)
  }

  @Test func `epochs, rounds and clients come in different orders`() {
    let dataset = randomDataset(count: 40, classes: 40)
    func labels(_ client: Int, _ round: Int) -> [Int32] {
      let stream = RandomStream(seed: 1).stream("batches", client, round)
      let source = ClientBatches(
        dataset: dataset, samples: Array(0..<40), epochs: 2, stream: stream)
      return drain(source, buffer(9, for: dataset, input: source.input), input: 20).labels
    }
    let first = labels(0, 0)
    #expect(first == labels(0, 0))
    #expect(first.prefix(40) != first.suffix(40))
    #expect(first != labels(1, 0) && first != labels(0, 1))
  }

  @Test func `an empty client has no batches`() {
    let dataset = randomDataset(count: 3)
    var source = ClientBatches(dataset: dataset, samples: [], stream: RandomStream(seed: 0))
    var batch = buffer(2, for: dataset, input: dataset.input)
    source.fill(&batch)
    #expect(batch.count == 0)
  }

  @Test func `a buffer of another shape is a programmer's error`() async {
    await #expect(processExitsWith: .failure) {
      var source = SequentialBatches(dataset: randomDataset(count: 3))
      var batch = Batch(capacity: 2, input: [1, 5, 5])
      source.fill(&batch)
    }
  }
}
