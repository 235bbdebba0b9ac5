import Datasets
import Measures
import Tensors
import Testing

@Suite struct `A data set's regions` {
  @Test func `are each class but the background unless told otherwise`() throws {
    let images = SyntheticImages(
      input: [1, 8, 8], classes: 4, trainCount: 4, testCount: 2, isSegmentation: true)
    let split = try images.load(path: nil, limit: 1 << 20)
    #expect(split.test.regions.map(\.classes) == [[1], [2], [3]])
    #expect(split.test.first(1).regions == split.test.regions)
    let plain = try SyntheticImages(trainCount: 4, testCount: 2).load(path: nil, limit: 1 << 20)
    #expect(plain.test.regions.isEmpty)
  }
}
