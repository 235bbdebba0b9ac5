import Datasets
import Tensors
import Testing

@Suite struct IDXTests {
  /// A tiny MNIST: 2×3 images, three for training, two for testing.
  private static func collection() -> IDXCollection {
    var collection = IDXCollection.mnist
    collection.input = [1, 2, 3]
    return collection
  }

  private static func folder(
    compressed: Bool = false, images: [UInt8]? = nil, labels: [UInt8]? = nil
  ) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let ending = compressed ? ".gz" : ""
    try folder.write(
      images ?? idxBytes([3, 2, 3], Array(0..<18)), to: "train-images-idx3-ubyte" + ending)
    try folder.write(labels ?? idxBytes([3], [7, 0, 9]), to: "train-labels-idx1-ubyte" + ending)
    try folder.write(idxBytes([2, 2, 3], Array(100..<112)), to: "t10k-images.idx3-ubyte" + ending)
    try folder.write(idxBytes([2], [1, 2]), to: "t10k-labels.idx1-ubyte" + ending)
    return folder
  }

  private func error(_ folder: TemporaryFolder, limit: Int = 1 << 20) throws -> DatasetError {
    try #require(
      throws: DatasetError.self,
      performing: { try Self.collection().load(path: folder.path, limit: limit) })
  }

  @Test(arguments: [false, true], ["", "/train-images-idx3-ubyte"])
  func `plain and compressed files give the same samples, from a folder or a file in it`(
    compressed: Bool, file: String
  ) throws {
    let folder = try Self.folder(compressed: compressed)
    let path = folder.path + (file.isEmpty ? "" : file + (compressed ? ".gz" : ""))
    let split = try Self.collection().load(path: path, limit: 1 << 20)
    #expect(split.train.count == 3 && split.test.count == 2)
    #expect(split.train.input == [1, 2, 3] && split.train.classes == 10)
    #expect(split.train.labels == [7, 0, 9] && split.test.labels == [1, 2])
    guard case .bytes(let pixels) = split.train.pixels else { throw TestFailure() }
    #expect(pixels == Array(0..<18))
  }

  @Test func `a missing Fashion-MNIST names the package that installs it`() {
    let error = #expect(throws: DatasetError.self) {
      try DatasetLoader.load(name: "fashion-mnist", path: "/nonexistent")
    }
    #expect(error?.description.contains("apt-get install dataset-fashion-mnist") == true)
    #expect(error?.description.contains("/nonexistent") == true)
  }

  @Test func `an unknown name is answered with the known ones`() {
    let error = #expect(throws: DatasetError.self) { try DatasetLoader.load(name: "mnits") }
    #expect(error == .unknownName("mnits", known: DatasetLoader.names))
    #expect(error?.description.contains("fashion-mnist") == true)
  }

  @Test(arguments: 0..<34)
  func `a file cut anywhere is refused`(length: Int) throws {
    let whole = idxBytes([3, 2, 3], Array(0..<18))
    guard
      case .truncated(let path, let needed, length) =
        try error(Self.folder(images: Array(whole.prefix(length))))
    else { throw TestFailure() }
    #expect(path.hasSuffix("train-images-idx3-ubyte") && needed > length)
  }

  @Test func `a compressed file cut anywhere is refused`() throws {
    let folder = try Self.folder(compressed: true)
    let name = "train-images-idx3-ubyte.gz"
    let whole = try folder.bytes(of: name)
    for length in 0..<whole.count {
      try folder.replace(name, with: Array(whole.prefix(length)))
      #expect(try error(folder).description.contains(name), "\(length) of \(whole.count) bytes")
    }
  }

  @Test func `a flipped bit in compressed data is noticed`() throws {
    let folder = try Self.folder(compressed: true)
    let name = "train-images-idx3-ubyte.gz"
    let whole = try folder.bytes(of: name)
    for bit in 0..<8 * whole.count {
      var bytes = whole
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      try folder.replace(name, with: bytes)
      // A header's time, name or flags may change without harm; what is read must then be what was
      // written.
      do throws(DatasetError) {
        let split = try Self.collection().load(path: folder.path, limit: 1 << 20)
        guard case .bytes(let pixels) = split.train.pixels else {
          throw .unsupported(path: "", reason: "")
        }
        #expect(pixels == Array(0..<18), "bit \(bit)")
      } catch { #expect(error.description.contains(name), "bit \(bit)") }
    }
  }

  @Test func `a wrong beginning is named`() throws {
    let error = try error(Self.folder(images: idxBytes([3, 2, 3], Array(0..<18), type: 9)))
    guard case .wrongMagic(_, "00 00 09 03", _) = error else { throw error }
  }

  @Test func `labels in place of images are refused`() throws {
    guard case .wrongMagic = try error(Self.folder(images: idxBytes([3], [1, 2, 3]))) else {
      throw TestFailure()
    }
  }

  @Test func `bytes behind the announced ones are refused`() throws {
    let error = try error(Self.folder(images: idxBytes([3, 2, 3], Array(0..<19))))
    guard case .trailingBytes(_, 34) = error else { throw error }
  }

  @Test func `counts that don't fit are named with both files`() throws {
    let error = try error(Self.folder(labels: idxBytes([2], [1, 2])))
    guard case .countMismatch(_, 3, let other, 2) = error else { throw error }
    #expect(other.hasSuffix("train-labels-idx1-ubyte"))
  }

  @Test func `a label out of range is named with its sample`() throws {
    let error = try error(Self.folder(labels: idxBytes([3], [1, 2, 10])))
    guard case .labelOutOfRange(_, sample: 2, label: 10, first: 0, classes: 10) = error else {
      throw error
    }
  }

  @Test(arguments: [[3, 3, 2], [3, 0, 3], [0, 2, 3]])
  func `images of another size are refused`(extents: [Int]) throws {
    let size = extents.reduce(1, *)
    let error = try error(Self.folder(images: idxBytes(extents, Array(repeating: 0, count: size))))
    switch error {
    case .malformed, .countMismatch: break
    default: throw error
    }
  }

  @Test func `a split without images is empty, not an error`() throws {
    let folder = try Self.folder()
    try folder.write(idxBytes([0, 2, 3], []), to: "t10k-images.idx3-ubyte")
    try folder.write(idxBytes([0], []), to: "t10k-labels.idx1-ubyte")
    let split = try Self.collection().load(path: folder.path, limit: 1 << 20)
    #expect(split.train.count == 3 && split.test.count == 0)
  }

  @Test func `no advice names a limit that nobody can raise`() throws {
    let error = try error(Self.folder(), limit: 20)
    guard case .tooLarge = error else { throw error }
    #expect(!error.description.contains("raise") && !error.description.contains("fetch"))
    #expect(error.description.contains("leave a part of the data out"))
  }

  @Test(arguments: [false, true])
  func `a header that announces more than the file can hold costs no memory`(compressed: Bool)
    throws
  {
    let liar = idxBytes([Int(UInt32.max), Int(UInt32.max), Int(UInt32.max)], [1, 2, 3])
    let error = try error(Self.folder(compressed: compressed, images: liar))
    guard case .impossible(_, .max, _) = error else { throw error }
    #expect(!error.description.contains("limit"))
  }

  @Test func `a gzip bomb is stopped at the header's announcement`() throws {
    let bomb = idxBytes([3, 2, 3], Array(repeating: 0, count: 40_000_000))
    let folder = try Self.folder(compressed: true, images: bomb)
    #expect(try folder.bytes(of: "train-images-idx3-ubyte.gz").count < 50_000)
    guard case .trailingBytes(_, 34) = try error(folder) else { throw TestFailure() }
  }

  @Test func `a gzip bomb that announces itself is stopped at the limit`() throws {
    let bomb = idxBytes([6_000_000, 2, 3], Array(repeating: 0, count: 36_000_000))
    let folder = try Self.folder(compressed: true, images: bomb)
    guard case .tooLarge(_, 36_000_016, 1_000_000) = try error(folder, limit: 1_000_000) else {
      throw TestFailure()
    }
  }

  @Test func `a folder in a file's place is refused`() throws {
    let folder = try Self.folder()
    try folder.write([], to: "bad/train-images-idx3-ubyte/inside")
    try folder.write([0], to: "bad/train-labels-idx1-ubyte")
    #expect(throws: DatasetError.self) {
      try Self.collection().load(path: folder.path + "/bad", limit: 1 << 20)
    }
    #expect(
      throws: DatasetError.unreadable(
        path: folder.path, reason: "this is a folder, not a file")
    ) {
      try NIfTIVolume(path: folder.path, limit: 1)
    }
  }

  @Test func `Debian's Fashion-MNIST is read whole`() throws {
    let split = try DatasetLoader.load(name: "fashion-mnist")
    #expect(split.train.count == 60_000 && split.test.count == 10_000)
    for label in UInt16(0)..<10 {
      #expect(split.train.labels.count { $0 == label } == 6_000)
      #expect(split.test.labels.count { $0 == label } == 1_000)
    }
    guard case .bytes(let pixels) = split.train.pixels else { throw TestFailure() }
    let mean = pixels.reduce(0.0) { $0 + Double($1) } / Double(pixels.count) / 255
    let square = pixels.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(pixels.count) / 65_025
    #expect(abs(mean - Double(split.train.normalization.means[0])) < 1e-4)
    #expect(abs((square - mean * mean).squareRoot() - 0.3530) < 1e-4)
  }

  @Test func `limits keep the first samples`() throws {
    let split = try DatasetLoader.load(
      name: "fashion-mnist", options: .init(trainLimit: 70, testLimit: 3))
    let whole = try DatasetLoader.load(name: "fashion-mnist")
    #expect(split.train.labels == Array(whole.train.labels.prefix(70)))
    #expect(split.test.count == 3)
  }
}
