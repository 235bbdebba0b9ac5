import Datasets
import Foundation
import Measures
import Synchronization
import Tensors
import TestSupport
import Testing

/// Client folders cut from files that are copied as they are.
@Suite struct SplitFilesTests {
  private static func picture(_ value: UInt8) throws -> [UInt8] {
    try PNGWriter.encode([value, 7], rows: 1, columns: 2, channels: 1, path: "")
  }

  private static func order(
    _ clients: Int, _ partition: Partition = .iid, holdOut: HoldOut = .fifth,
    isLinked: Bool = false, work: SampleWork = SampleWork(threads: 2)
  ) -> SplitOrder {
    var order = SplitOrder(
      clients: clients, partition: partition, seed: 3, holdOut: holdOut, isLinked: isLinked,
      work: work)
    order.isDurable = false
    return order
  }

  /// The files below `folder` by their paths from there on.
  private static func files(_ folder: String) throws -> [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: folder) {
      let path = "\(folder)/\(name)"
      guard
        try FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
          == .typeRegular
      else { continue }
      files[name] = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }
    return files
  }

  private static func pictures(_ count: Int) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for number in 0..<count {
      try folder.write(
        picture(UInt8(truncatingIfNeeded: number)),
        to: "\(["cat", "dog", "eel"][number % 3])/\(number).png")
    }
    return folder
  }

  @Test func `pictures are copied as they are, each to one client`() throws {
    let (source, target) = (try Self.pictures(40), try TemporaryFolder())
    let folders = try OwnSamples.split(
      path: source.path, format: SampleFormat(), Self.order(3), to: target.path)
    #expect(folders.format.labels == .classes(["cat", "dog", "eel"]))
    #expect(folders.shares.map { $0.train + $0.test }.sorted() == [13, 13, 14])
    #expect(folders.shares.allSatisfy { $0.train > 0 && $0.test > 0 && $0.studies == nil })
    let copies = try Self.files(target.path)
    #expect(copies.count == 40)
    var names: Set<String> = []
    for (path, bytes) in copies {
      let parts = path.split(separator: "/")
      #expect(parts.count == 4 && ["train", "test"].contains(parts[1]), "\(path)")
      let name = parts.suffix(2).joined(separator: "/")
      #expect(try bytes == source.bytes(of: name))
      names.insert(name)
    }
    #expect(names.count == 40)
  }

  @Test func `a link is another name of the same file`() throws {
    let (source, target) = (try Self.pictures(6), try TemporaryFolder())
    _ = try OwnSamples.split(
      path: source.path, format: SampleFormat(), Self.order(2, isLinked: true), to: target.path)
    for path in try Self.files(target.path).keys {
      let count = try FileManager.default.attributesOfItem(atPath: "\(target.path)/\(path)")[
        .referenceCount]
      #expect(count as? Int == 2)
    }
  }

  @Test func `pictures with label pictures keep both`() throws {
    let (source, target) = (try TemporaryFolder(), try TemporaryFolder())
    for number in 0..<10 {
      for part in ["images", "labels"] {
        let value = part == "labels" ? UInt8(number % 2) : UInt8(number)
        let bytes = try PNGWriter.encode([value, 0], rows: 1, columns: 2, channels: 1, path: "")
        try source.write(bytes, to: "\(part)/\(number).png")
      }
    }
    _ = try OwnSamples.split(
      path: source.path, format: SampleFormat(labels: .pixels(["none", "some"])), Self.order(2),
      to: target.path)
    #expect(try Self.files(target.path).count == 20)
    for client in 0..<2 {
      let own = try OwnSamples.read(
        path: "\(target.path)/\(client)",
        format: SampleFormat(labels: .pixels(["none", "some"])), seed: 1)
      #expect((own.train.count, own.test.count) == (4, 1))
    }
  }

  @Test func `rows of tables keep their cells`() throws {
    let (source, target) = (try TemporaryFolder(), try TemporaryFolder())
    let rows = (0..<20).map { "\($0);1.50e3;\"kind; \($0 % 2)\"" }
    let text = "a;b;kind\r\n" + rows.joined(separator: "\r\n")
    try source.write(Array(text.utf8), to: "numbers.csv")
    let format = SampleFormat(labelColumn: "kind")
    let folders = try OwnSamples.split(
      path: "\(source.path)/numbers.csv", format: format, Self.order(2), to: target.path)
    #expect(folders.shares.map { $0.train + $0.test } == [10, 10])
    let tables = try Self.files(target.path)
    #expect(Set(tables.keys) == ["0/train.csv", "0/test.csv", "1/train.csv", "1/test.csv"])
    let lines = tables.values.flatMap { String(decoding: $0, as: UTF8.self).split(separator: "\n") }
    #expect(lines.count { $0 == "a,b,kind" } == 4)
    #expect(
      Set(lines.filter { $0 != "a,b,kind" })
        == Set((0..<20).map { "\($0),1.50e3,\"kind; \($0 % 2)\"" }))
    let own = try OwnSamples.read(path: "\(target.path)/0", format: format, seed: 1)
    #expect(own.train.count == folders.shares[0].train && own.test.count == folders.shares[0].test)
  }

  @Test func `volumes are copied by study, and a client's are read as its own`() throws {
    let (source, target) = (try TemporaryFolder(), try TemporaryFolder())
    for study in 0..<6 {
      let voxels = (0..<8).map { UInt8($0 + 10 * study + 1) }
      try source.write(NIfTIBytes([2, 2, 2], voxels).bytes, to: "imagesTr/s\(study).nii.gz")
      try source.write(
        NIfTIBytes([2, 2, 2], [0, 1, 2, 1, 0, 0, 2, 1] as [UInt8]).bytes,
        to: "labelsTr/s\(study).nii.gz")
    }
    let format = SampleFormat(
      labels: .pixels(["nothing", "bone", "skin"]), slices: SliceGeometry(rows: 2, columns: 2))
    for partition in [Partition.iid, .byUser] {
      let place = "\(target.path)/\(partition)"
      let folders = try OwnSamples.split(
        path: source.path, format: format, Self.order(3, partition), to: place)
      let isShared = partition == .iid
      #expect(folders.shares.allSatisfy { $0.studies == (isShared ? 2 : 1) })
      #expect(folders.shares.allSatisfy { $0.train == 2 && $0.test == (isShared ? 2 : 0) })
      for (path, bytes) in try Self.files(place) {
        #expect(
          try bytes == source.bytes(of: path.split(separator: "/").suffix(2).joined(separator: "/"))
        )
      }
      let own = try OwnSamples.read(path: "\(place)/1", format: format, seed: 1)
      #expect(own.train.count == 2 && own.test.count == (isShared ? 2 : 0))
    }
  }

  @Test func `a patient's studies of the tumour challenge stay on one side`() throws {
    let (source, target) = (try TemporaryFolder(), try TemporaryFolder())
    for patient in 0..<4 {
      for visit in 0..<2 {
        let name = "BraTS-GLI-0000\(patient)-00\(visit)"
        for (index, ending) in ["-t2f", "-t1n", "-t1c", "-t2w", "-seg"].enumerated() {
          let values: [UInt8] = ending == "-seg" ? [0, 1, 2, 4] : [1, 2, 3, UInt8(4 + index)]
          try source.write(
            NIfTIBytes([2, 2, 1], values).bytes, to: "\(name)/\(name)\(ending).nii.gz")
        }
      }
    }
    let format = SampleFormat(slices: SliceGeometry(rows: 2, columns: 2))
    let folders = try OwnSamples.split(
      path: source.path, format: format, Self.order(1, holdOut: HoldOut(share: 0.5)),
      to: target.path)
    #expect(folders.shares[0].studies == 8 && folders.shares[0].train + folders.shares[0].test == 8)
    #expect(folders.remarks.contains { $0.contains("resection cavity") })
    let paths = try Self.files(target.path).keys
    #expect(paths.count == 40)
    let sides = Dictionary(grouping: paths) { $0.split(separator: "/")[2].prefix(15) }
    #expect(sides.count == 4)
    for side in sides.values { #expect(Set(side.map { $0.split(separator: "/")[1] }).count == 1) }
    let own = try OwnSamples.read(path: "\(target.path)/0", format: format, seed: 1)
    #expect(own.train.count == folders.shares[0].train && own.test.count == folders.shares[0].test)
  }

  @Test func `a broken picture, an interruption and another run leave no folder behind`() throws {
    let (source, place) = (try Self.pictures(300), try TemporaryFolder())
    let target = "\(place.path)/sites"
    for steps in [1, 3] {
      let calls = Counter()
      let work = SampleWork(threads: 1) { _, _ in calls.next() < steps }
      #expect(throws: DatasetError.self) {
        try OwnSamples.split(
          path: source.path, format: SampleFormat(), Self.order(2, work: work), to: target)
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: place.path).isEmpty)
    }
    let name = "cat/150.png"
    try source.replace(name, with: source.bytes(of: name).dropLast(20))
    #expect {
      try OwnSamples.split(path: source.path, format: SampleFormat(), Self.order(2), to: target)
    } throws: { "\($0)".contains("cat/150.png") }
    #expect(try FileManager.default.contentsOfDirectory(atPath: place.path).isEmpty)
    try source.remove(name)
    try place.write([1], to: "sites.partial/0")
    #expect {
      try OwnSamples.split(path: source.path, format: SampleFormat(), Self.order(2), to: target)
    } throws: { "\($0)".contains("sites.partial: folder: another run is at work here") }
    #expect(try FileManager.default.contentsOfDirectory(atPath: place.path) == ["sites.partial"])
  }

  @Test func `several threads read what one does, and find the same fault first`() throws {
    let source = try Self.pictures(700)
    func read(_ threads: Int) throws -> DatasetSplit {
      try OwnSamples.read(
        path: source.path, format: SampleFormat(), seed: 1, work: SampleWork(threads: threads))
    }
    let (one, four) = (try read(1), try read(4))
    #expect(one.train.labels == four.train.labels && one.test.labels == four.test.labels)
    guard case .bytes(let first) = one.train.pixels, case .bytes(let second) = four.train.pixels
    else { throw TestFailure() }
    #expect(first == second)
    for number in [9, 300, 600] { try source.replace("cat/\(number).png", with: [1, 2, 3]) }
    let faults = [1, 2, 4].map { threads in
      #expect(throws: DatasetError.self) { try read(threads) }.map { "\($0)" }
    }
    #expect(faults[0] != nil && faults.allSatisfy { $0 == faults[0] })
  }
}

/// A number that is counted up.
private final class Counter: Sendable {
  private let value = Mutex(0)

  func next() -> Int {
    value.withLock {
      $0 += 1
      return $0
    }
  }
}
