import Datasets
import Tensors
import Testing

@Suite struct NormalizationTests {
  @Test(arguments: DatasetLoader.names)
  func `a data set's normalization is known before its files are read`(name: String) throws {
    var options = DatasetLoader.Options()
    options.modalities = 3
    options.synthetic = SyntheticImages(input: [2, 4, 4], trainCount: 10, testCount: 10)
    let collection = try DatasetLoader.collection(named: name, options: options)
    let channels = collection.input.dimensions[0]
    #expect(collection.normalization.means.count == channels)
    #expect(collection.normalization.deviations.count == channels)
    guard name == "synthetic" else { return }
    let split = try collection.load(path: nil, limit: 1 << 20)
    #expect(split.train.normalization == collection.normalization)
    #expect(split.test.normalization == collection.normalization)
  }

  @Test func `they are those that the documentation lists`() throws {
    let documented: [(name: String, means: [Float], deviations: [Float])] = [
      ("fashion-mnist", [0.286], [0.353]), ("mnist", [0.1307], [0.3081]),
      ("emnist-byclass", [0.1307], [0.3081]),
      ("cifar10", [0.4914, 0.4822, 0.4465], [0.2023, 0.1994, 0.2010]),
      ("cifar100", [0.4914, 0.4822, 0.4465], [0.2023, 0.1994, 0.2010]),
      ("leaf-femnist", [0.9637], [0.1597]), ("icbm152", [0.2033], [0.2505]),
      ("brats", Array(repeating: 128 / 255, count: 4), Array(repeating: 32 / 255, count: 4)),
      ("synthetic", [0.5], [0.25]),
    ]
    for entry in documented {
      let normalization = try DatasetLoader.collection(named: entry.name).normalization
      #expect(normalization.means == entry.means, "\(entry.name)")
      #expect(normalization.deviations == entry.deviations, "\(entry.name)")
    }
  }
}
