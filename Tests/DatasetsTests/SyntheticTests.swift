import Datasets
import Tensors
import Testing

@Suite struct SyntheticTests {
  private func bytes(_ dataset: Dataset) throws -> [UInt8] {
    guard case .bytes(let pixels) = dataset.pixels else { throw TestFailure() }
    return pixels
  }

  @Test(arguments: [[1, 1, 1], [1, 28, 28], [3, 5, 7], [4, 2, 16]], [false, true])
  func `any shape can be had`(dimensions: [Int], isSegmentation: Bool) throws {
    let images = SyntheticImages(
      input: Shape(dimensions), classes: 3, trainCount: 7, testCount: 2,
      isSegmentation: isSegmentation)
    let split = try images.load(path: nil, limit: 1 << 20)
    #expect(split.train.input == images.input && split.train.count == 7 && split.test.count == 2)
    #expect(split.train.isSegmentation == (isSegmentation && dimensions[1] * dimensions[2] > 1))
  }

  @Test func `a seed's images are the same, another seed's and the test's are others`() throws {
    var images = SyntheticImages(trainCount: 20, testCount: 20)
    let first = try images.load(path: nil, limit: 1 << 20)
    #expect(try bytes(images.load(path: nil, limit: 1 << 20).train) == bytes(first.train))
    #expect(try bytes(first.train) != bytes(first.test))
    images.seed = 1
    #expect(try bytes(images.load(path: nil, limit: 1 << 20).train) != bytes(first.train))
  }

  @Test func `the nearest training mean tells the classes of the test images`() throws {
    let images = SyntheticImages(input: [1, 12, 12], trainCount: 200, testCount: 100)
    let split = try images.load(path: nil, limit: 1 << 20)
    let (train, test) = (try bytes(split.train), try bytes(split.test))
    var means = Array(repeating: Array(repeating: 0.0, count: 144), count: 10)
    for sample in 0..<200 {
      for pixel in 0..<144 {
        means[Int(split.train.labels[sample])][pixel] += Double(train[sample * 144 + pixel]) / 20
      }
    }
    let right = (0..<100).count { sample in
      let distances = means.map { mean in
        (0..<144).reduce(0.0) { sum, pixel in
          let difference = mean[pixel] - Double(test[sample * 144 + pixel])
          return sum + difference * difference
        }
      }
      return distances.firstIndex(of: distances.min() ?? 0) == Int(split.test.labels[sample])
    }
    #expect(right > 95)
  }

  @Test func `discs show every class`() throws {
    let images = SyntheticImages(
      input: [2, 32, 32], classes: 3, trainCount: 30, isSegmentation: true)
    let train = try images.load(path: nil, limit: 1 << 24).train
    for label in UInt16(0)..<3 { #expect(train.labels.count { $0 == label } > 500) }
    #expect(Set(train.dominantLabels).isSubset(of: [0, 1, 2]))
  }

  @Test func `more than the limit isn't made`() {
    let images = SyntheticImages(trainCount: .max)
    let error = #expect(throws: DatasetError.self) { try images.load(path: nil, limit: 100) }
    #expect(error?.description.contains("data.synthetic") == true)
    #expect(error?.description.contains("at most 100 are made") == true)
  }
}
