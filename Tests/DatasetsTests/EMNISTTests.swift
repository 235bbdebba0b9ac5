import Datasets
import Tensors
import Testing

@Suite struct EMNISTTests {
  /// The table of `count` images; pixel p, counted column by column, of image n is 3n + p.
  private static func images(_ count: Int, pixels: Int = 784) -> [UInt8] {
    MATBytes.table(count, pixels, (0..<pixels * count).map { 3 * ($0 % count) + $0 / count })
  }

  private static func part(
    _ labels: [Int], _ writers: [Int], type: Int = 2, width: Int = 1, images: [UInt8]? = nil
  ) -> [UInt8] {
    MATBytes.structure(
      "",
      [
        ("images", images ?? Self.images(labels.count)),
        ("labels", MATBytes.table(labels.count, 1, labels, type: type, width: width)),
        ("writers", MATBytes.table(writers.count, 1, writers, type: 4, width: 2)),
      ])
  }

  private static func file(
    train: [UInt8]? = nil, test: [UInt8]? = nil, packed: Bool = true
  ) -> [UInt8] {
    MATBytes.file(
      MATBytes.structure(
        "dataset",
        [
          ("train", train ?? part([1, 26, 3], [900, 17, 900])),
          ("mapping", MATBytes.table(2, 2, [1, 2, 3, 4])),
          ("test", test ?? part([2], [40])),
        ]), packed: packed)
  }

  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func load(_ bytes: [UInt8], limit: Int = 1 << 20) throws -> DatasetSplit {
    try folder.write(bytes, to: "emnist-letters.mat")
    return try EMNIST(.letters).load(path: folder.path, limit: limit)
  }

  private func error(_ bytes: [UInt8], limit: Int = 1 << 20) throws -> DatasetError {
    try #require(throws: DatasetError.self, performing: { try load(bytes, limit: limit) })
  }

  @Test(arguments: [true, false], [(2, 1), (4, 2), (5, 4)])
  func `MATLAB files carry writers, and images column by column`(
    packed: Bool, storage: (type: Int, width: Int)
  ) throws {
    let split = try load(
      Self.file(
        train: Self.part([1, 26, 3], [900, 17, 900], type: storage.type, width: storage.width),
        packed: packed))
    #expect(split.train.labels == [0, 25, 2] && split.test.labels == [1])
    #expect(split.train.userNames == ["writer 17", "writer 40", "writer 900"])
    #expect(split.train.users == [2, 0, 2] && split.test.users == [1])
    guard case .bytes(let pixels) = split.train.pixels else { throw TestFailure() }
    for (index, pixel) in pixels.enumerated() {
      let (sample, row, column) = (index / 784, index % 784 / 28, index % 28)
      #expect(pixel == UInt8(truncatingIfNeeded: 3 * sample + 28 * column + row))
    }
  }

  @Test func `doubles are taken where they are whole`() throws {
    func part(_ label: Double) -> [UInt8] {
      Self.part([Int(bitPattern: UInt(label.bitPattern))], [1], type: 9, width: 8)
    }
    #expect(try load(Self.file(train: part(7))).train.labels == [6])
    #expect(try error(Self.file(train: part(7.5))).description.contains("whole number"))
    #expect(try error(Self.file(train: part(.nan))).description.contains("whole number"))
  }

  @Test func `without a MATLAB file, IDX images are turned upright`() throws {
    for split in ["train", "test"] {
      let image = (0..<784).map { UInt8(truncatingIfNeeded: $0) }
      try folder.write(
        idxBytes([1, 28, 28], image), to: "emnist-digits-\(split)-images-idx3-ubyte.gz")
      try folder.write(idxBytes([1], [4]), to: "emnist-digits-\(split)-labels-idx1-ubyte.gz")
    }
    let split = try DatasetLoader.load(name: "emnist-digits", path: folder.path)
    #expect(split.train.labels == [4] && split.train.users == nil)
    guard case .bytes(let pixels) = split.train.pixels else { throw TestFailure() }
    for index in 0..<784 {
      #expect(pixels[index] == UInt8(truncatingIfNeeded: index % 28 * 28 + index / 28))
    }
  }

  @Test func `every variant has its name`() throws {
    for variant in EMNIST.Variant.allCases {
      let name = "emnist-\(variant.rawValue)"
      #expect(DatasetLoader.names.contains(name))
      #expect(try DatasetLoader.collection(named: name).classes == variant.classes)
    }
  }

  @Test(arguments: [true, false])
  func `a file cut anywhere is refused`(packed: Bool) throws {
    let whole = Self.file(packed: packed)
    let cuts = Array(0..<400) + Array(stride(from: 401, to: whole.count, by: 131))
    for length in cuts + Array(whole.count - 20..<whole.count) where length < whole.count {
      #expect(throws: DatasetError.self, "\(length) of \(whole.count) bytes") {
        try load(Array(whole.prefix(length)))
      }
    }
  }

  @Test(arguments: [true, false])
  func `a wrong byte anywhere in the structure is answered`(packed: Bool) throws {
    let whole = Self.file(packed: packed)
    for place in 124..<600 {
      for value: UInt8 in [0, 0xFF] {
        var bytes = whole
        bytes[place] = value
        do throws(any Error) {
          let split = try load(bytes)
          #expect(split.train.count + split.test.count <= 4)
        } catch let error as DatasetError {
          #expect(error.description.contains("emnist-letters.mat"), "byte \(place)")
        }
      }
    }
  }

  @Test func `what doesn't fit together is named`() throws {
    let fewer = Self.part([1, 2], [1, 2], images: Self.images(3))
    #expect(try error(Self.file(train: fewer)).description.contains("labels: 2 of them for 3"))
    let writer = try error(Self.file(train: Self.part([1, 2], [5])))
    #expect(writer.description.contains("writers: 1 of them for 2 images"))
    guard
      case .labelOutOfRange(_, sample: 1, label: 27, first: 1, classes: 26) =
        try error(Self.file(test: Self.part([1, 27], [1, 1])))
    else { throw TestFailure() }
    let narrow = Self.part([1], [1], images: Self.images(1, pixels: 783))
    #expect(try error(Self.file(train: narrow)).description.contains("783 pixels"))
    let alone = MATBytes.structure("dataset", [("train", Self.part([1], [1]))])
    let missing = try error(MATBytes.file(alone, packed: true))
    #expect(missing.description.contains("missing"))
    let number = try error(MATBytes.file(MATBytes.table(1, 1, [1]), packed: false))
    #expect(number.description.contains("structure"))
  }

  @Test(arguments: [true, false])
  func `a label of no letter is told as the file has it`(isMATLAB: Bool) throws {
    if isMATLAB {
      try folder.write(Self.file(test: Self.part([1, 0], [1, 1])), to: "emnist-letters.mat")
    } else {
      for split in ["train", "test"] {
        let images = idxBytes([2, 28, 28], Array(repeating: 0, count: 1568))
        try folder.write(images, to: "emnist-letters-\(split)-images-idx3-ubyte")
        try folder.write(idxBytes([2], [1, 0]), to: "emnist-letters-\(split)-labels-idx1-ubyte")
      }
    }
    let error = try #require(throws: DatasetError.self) {
      try EMNIST(.letters).load(path: folder.path, limit: 1 << 20)
    }
    #expect(error.description.contains("has label 0, which isn't in 1…26"))
  }

  @Test(arguments: [(256, 4), (-1, 3), (300, 5)])
  func `pixels beyond a byte are refused with their place`(value: Int, type: Int) throws {
    var values = Array(repeating: 9, count: 784)
    values[30] = value
    let images = MATBytes.table(1, 784, values, type: type, width: type < 5 ? 2 : 4)
    let error = try error(Self.file(train: Self.part([1], [1], images: images)))
    #expect(error.description.contains("sample 0, pixel 30: \(value) isn't in 0 … 255"))
  }

  @Test func `a MATLAB 7.3 file is named for what it is`() throws {
    let header = Array("MATLAB 7.3 MAT-file, Platform: GLNXA64".utf8)
    let bytes = header + Array(repeating: 32, count: 124 - header.count) + [0, 2, 73, 77]
    #expect(try error(bytes).description.contains("HDF5"))
  }

  @Test func `a bomb is stopped at the limit`() throws {
    let images = MATBytes.table(3000, 784, Array(repeating: 0, count: 3000 * 784))
    let part = Self.part(Array(repeating: 1, count: 3000), [], images: images)
    let bytes = Self.file(train: part)
    #expect(bytes.count < 20_000)
    guard case .tooLarge = try error(bytes, limit: 1 << 20) else { throw TestFailure() }
  }
}
