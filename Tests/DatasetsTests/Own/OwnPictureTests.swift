import CTurboJPEG
import Datasets
import Foundation
import Tensors
import Testing

/// Pictures that Pillow wrote, and folders of pictures.
@Suite struct OwnPictureTests {
  private struct Expected: Decodable {
    var colours: [UInt8]?
    var grey: [UInt8]?
    var words: [UInt16]?
    var small: [UInt8]?
  }

  private static let fixtures = Bundle.module.bundleURL.appending(path: "Fixtures/Own").path

  private static func expected(_ name: String) throws -> Expected {
    let data = try Data(contentsOf: URL(fileURLWithPath: "\(fixtures)/expected.json"))
    return try #require(try JSONDecoder().decode([String: Expected].self, from: data)[name])
  }

  /// One picture of the fixtures as the only sample of a folder, in the shape `input`.
  private static func read(
    _ name: String, input: Shape?, fit: SampleFormat.Fit = .refuse
  ) throws -> Dataset {
    let folder = try TemporaryFolder()
    try folder.copy("\(fixtures)/\(name)", to: "only/\(name)")
    return try OwnSamples.read(
      path: folder.path, format: SampleFormat(input: input, fit: fit), holdOut: .none, seed: 1
    ).train
  }

  private static func bytes(_ dataset: Dataset) throws -> [UInt8] {
    guard case .bytes(let bytes) = dataset.pixels else { throw TestFailure() }
    return bytes
  }

  @Test(
    arguments: [
      "rgb.png", "grey.png", "bits.png", "palette.png", "rgba.png", "grey-alpha.png", "grey.jpg",
    ])
  func `pictures decode to the colours and greys that Pillow sees`(name: String) throws {
    let expected = try Self.expected(name)
    #expect(try Self.bytes(Self.read(name, input: [3, 5, 6])) == expected.colours)
    #expect(try Self.bytes(Self.read(name, input: [1, 5, 6])) == expected.grey)
  }

  @Test(arguments: ["rgb.jpg", "progressive.jpg"])
  func `JPEGs decode to Pillow's colours, up to the rounding of another decoder`(
    name: String
  ) throws {
    let pixels = try Self.bytes(Self.read(name, input: [3, 5, 6]))
    let expected = try #require(try Self.expected(name).colours)
    #expect(pixels.count == expected.count)
    #expect(zip(pixels, expected).allSatisfy { abs(Int($0) - Int($1)) <= 2 })
  }

  @Test func `sixteen bits keep their precision as numbers from 0 to 1`() throws {
    let dataset = try Self.read("grey16.png", input: nil)
    guard case .floats(let values) = dataset.pixels else { throw TestFailure() }
    #expect(values == (try Self.expected("grey16.png").words ?? []).map { Float($0) / 65535 })
  }

  @Test func `the first picture says the shape, without its alpha`() throws {
    #expect(try Self.read("grey.png", input: nil).input == [1, 5, 6])
    #expect(try Self.read("grey-alpha.png", input: nil).input == [1, 5, 6])
    #expect(try Self.read("rgba.png", input: nil).input == [3, 5, 6])
    #expect(try Self.read("palette.png", input: nil).input == [3, 5, 6])
  }

  @Test func `A picture of another size is refused by name, or shrunk to the means of areas`()
    throws
  {
    let error = #expect(throws: DatasetError.self) {
      try Self.read("grey.png", input: [1, 2, 3])
    }
    guard case .wrongSize(let path, let found, let wanted) = error else { throw TestFailure() }
    #expect(path.hasSuffix("only/grey.png"))
    #expect((found, wanted) == ([1, 5, 6], [1, 2, 3]))
    let small = try Self.bytes(Self.read("grey.png", input: [1, 5, 3], fit: .resize))
    let expected = try #require(try Self.expected("grey.png").small)
    // Halves are rounded either way.
    #expect(zip(small, expected).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
  }

  @Test func `enlarging goes evenly from pixel to pixel`() throws {
    let folder = try TemporaryFolder()
    try folder.write(
      PNGWriter.encode([0, 200], rows: 1, columns: 2, channels: 1, path: ""), to: "a/1.png")
    let split = try OwnSamples.read(
      path: folder.path, format: SampleFormat(input: [1, 2, 4], fit: .resize), holdOut: .none,
      seed: 1)
    #expect(try Self.bytes(split.train) == [0, 50, 150, 200, 0, 50, 150, 200])
  }

  @Test func `colours of print and damaged pictures are refused by name`() throws {
    #expect { try Self.read("cmyk.jpg", input: nil) } throws: {
      "\($0)".contains("only/cmyk.jpg") && "\($0)".contains("CMYK")
    }
    for (name, cut) in [("rgb.png", 20), ("rgb.jpg", 30), ("rgb.png", 60)] {
      let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(Self.fixtures)/\(name)"))
      let folder = try TemporaryFolder()
      try folder.write(Array(bytes.dropLast(cut)), to: "a/\(name)")
      #expect {
        try OwnSamples.read(path: folder.path, format: SampleFormat(), holdOut: .none, seed: 1)
      } throws: {
        if case DatasetError.brokenPicture(let path, _) = $0 {
          path.hasSuffix("a/\(name)")
        } else {
          false
        }
      }
    }
  }

  @Test func `A header that announces more than the file can hold costs no memory`() throws {
    var bytes = try PNGWriter.encode([1, 2], rows: 1, columns: 2, channels: 1, path: "")
    // 8,000 × 8,000 pixels, with the checksum of such a header.
    bytes.replaceSubrange(16..<24, with: [0, 0, 0x1F, 0x40, 0, 0, 0x1F, 0x40])
    bytes.replaceSubrange(29..<33, with: [0xA8, 0xBE, 0xCC, 0x3E])
    let folder = try TemporaryFolder()
    try folder.write(bytes, to: "a/1.png")
    #expect(throws: DatasetError.self) {
      try OwnSamples.read(path: folder.path, format: SampleFormat(), holdOut: .none, seed: 1)
    }
  }

  @Test func `folders are classes by name: an unknown one is refused, a missing one is fine`()
    throws
  {
    let folder = try TemporaryFolder()
    let picture = try PNGWriter.encode([7], rows: 1, columns: 1, channels: 1, path: "")
    for name in ["owl/1.png", "owl/2.png", "ant/1.png"] { try folder.write(picture, to: name) }
    let known = SampleFormat(input: [1, 1, 1], labels: .classes(["owl", "cat", "ant"]))
    let split = try OwnSamples.read(path: folder.path, format: known, holdOut: .none, seed: 1)
    #expect(split.train.labels == [2, 0, 0])
    #expect(split.train.classes == 3)
    let open = try OwnSamples.format(of: folder.path, as: SampleFormat())
    #expect(open.labels == .classes(["ant", "owl"]))
    try folder.write(picture, to: "dog/1.png")
    #expect {
      try OwnSamples.read(path: folder.path, format: known, holdOut: .none, seed: 1)
    } throws: {
      $0 as? DatasetError
        == .unknownClass(
          path: "\(folder.path)/dog", at: "folder", name: "dog", known: ["owl", "cat", "ant"])
    }
  }

  @Test func `pictures beside pictures of labels are segmented`() throws {
    let folder = try TemporaryFolder()
    func put(_ pixels: [UInt8], _ name: String) throws {
      try folder.write(
        PNGWriter.encode(pixels, rows: 2, columns: 2, channels: 1, path: ""), to: name)
    }
    try put([1, 2, 3, 4], "images/a.png")
    try put([0, 1, 2, 1], "labels/a.png")
    let format = SampleFormat(labels: .pixels(["nothing", "bone", "skin"]))
    let train = try OwnSamples.read(path: folder.path, format: format, holdOut: .none, seed: 1)
      .train
    #expect(train.labels == [0, 1, 2, 1])
    #expect(train.isSegmentation)
    #expect(train.regions == [LabelRegion("bone", [1]), LabelRegion("skin", [2])])
    try put([0, 1, 3, 1], "labels/a.png")
    #expect {
      try OwnSamples.read(path: folder.path, format: format, holdOut: .none, seed: 1)
    } throws: { "\($0)".contains("labels/a.png: row 1, column 0") }
  }
}
