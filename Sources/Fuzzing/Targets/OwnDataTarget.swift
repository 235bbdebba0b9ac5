import Datasets
package import Foundation
package import Measures
import Tensors

/// Files of people's own data: pictures, arrays, archives, tables.
package struct OwnDataTarget: FuzzTarget {
  /// The kind of file that is damaged.
  package enum Kind: String, Sendable, CaseIterable {
    case png, jpeg, masks, npy, npz, csv
  }

  package var name: String { "own-\(kind.rawValue)" }
  private let kind: Kind
  private let folder: URL

  /// The files of `kind`, in a folder of the target's own below `folder`.
  package init(_ kind: Kind, in folder: URL) {
    self.kind = kind
    self.folder = folder.appending(path: "own-\(kind.rawValue)")
  }

  package func play(_ stream: RandomStream) throws(FuzzFinding) -> Bool {
    var stream = stream
    do {
      try? FileManager.default.removeItem(at: folder)
      defer { try? FileManager.default.removeItem(at: folder) }
      try write(&stream)
      // An open format, or one that most of the files fit.
      let isOpen = Int.random(in: 0...1, using: &stream) == 0
      let format = isOpen ? SampleFormat() : known(isResized: Bool.random(using: &stream))
      let seed = stream.next()
      let split = try OwnSamples.read(
        path: folder.path, format: format, seed: seed, limit: 1 << 20,
        work: SampleWork(threads: Int.random(in: 1...2, using: &stream)))
      let count = split.train.count + split.test.count
      guard count > 0 else { return false }
      guard isOpen || split.train.input == format.imageShape else {
        throw FuzzFinding("samples of \(split.train.input) were taken for others")
      }
      try cut(count, format, seed)
      return true
    } catch let finding as FuzzFinding {
      throw finding
    } catch is DatasetError {
      return false
    } catch {
      throw FuzzFinding("an error of another kind: \(error)")
    }
  }

  /// Cuts the `count` samples that were read into two clients' folders, all of them or nothing.
  private func cut(_ count: Int, _ format: SampleFormat, _ seed: UInt64) throws {
    let target = folder.path + "-cut"
    defer { try? FileManager.default.removeItem(atPath: target) }
    do {
      var order = SplitOrder(clients: 2, partition: .iid, seed: seed)
      order.isDurable = false
      let folders = try OwnSamples.split(
        path: folder.path, format: format, order, to: target, limit: 1 << 20)
      guard folders.shares.reduce(0, { $0 + $1.train + $1.test }) == count else {
        throw FuzzFinding("\(count) samples became \(folders.shares)")
      }
    } catch let error where error is DatasetError || error is PartitionError {
      guard !FileManager.default.fileExists(atPath: target),
        !FileManager.default.fileExists(atPath: target + ".partial")
      else { throw FuzzFinding("a folder was left behind: \(error)") }
    }
  }

  private func known(isResized: Bool) -> SampleFormat {
    let fit: SampleFormat.Fit = isResized ? .resize : .refuse
    return switch kind {
    case .csv: SampleFormat(input: [2], labels: .classes(["a", "b"]), labelColumn: "label")
    case .masks: SampleFormat(input: [1, 3, 4], labels: .pixels(["0", "1", "2"]), fit: fit)
    case .png, .jpeg, .npy, .npz:
      SampleFormat(input: [1, 3, 4], labels: .classes(["a", "b"]), fit: fit)
    }
  }

  private func write(_ stream: inout RandomStream) throws {
    let pixels = (0..<12).map { UInt8($0) }
    switch kind {
    case .png:
      for (name, channels) in [("a/1.png", 1), ("a/2.png", 3), ("b/1.png", 4)] {
        try put(name, Self.picture(channels), &stream)
      }
    case .jpeg:
      for name in ["a/1.jpg", "b/1.jpeg"] { try put(name, Self.jpeg, &stream) }
    case .masks:
      let labels = try PNGWriter.encode(
        pixels.map { $0 % 3 }, rows: 3, columns: 4, channels: 1, path: "")
      for name in ["1", "2"] {
        try put("images/\(name).png", Self.picture(1), &stream)
        try put("labels/\(name).png", labels, &stream)
      }
    case .npy:
      try put("x.npy", NPYWriter.bytes(pixels + pixels, extents: [2, 3, 4]), &stream)
      try put("y.npy", NPYWriter.text(["a", "b"]), &stream)
    case .npz:
      let samples = NPYWriter.floats(pixels.map { Float($0) }, extents: [1, 3, 4])
      let archive = Self.archive([
        ("x.npy", samples), ("y.npy", NPYWriter.words([1], extents: [1])),
      ])
      try put("all.npz", archive, &stream, oneIn: 2)
    case .csv:
      let text = "x;\"y\";label\r\n1;-2.5e3;a\r\n\"4\";5;\"b\"\r\n"
      try put("one.csv", Array(text.utf8), &stream)
      try put("two.csv", Array(text.utf8), &stream)
    }
  }

  private func put(
    _ name: String, _ bytes: [UInt8], _ stream: inout RandomStream, oneIn odds: Int = 3
  ) throws {
    try ByteMutation.write(
      bytes, to: folder.appending(path: name), oneIn: odds, using: &stream)
  }

  private static func picture(_ channels: Int) throws -> [UInt8] {
    try PNGWriter.encode(
      (0..<12 * channels).map { UInt8(truncatingIfNeeded: $0 * 37) }, rows: 3, columns: 4,
      channels: channels, path: "")
  }

  /// A grey picture of 4×3 pixels, as a JPEG.
  private static let jpeg: [UInt8] = [
    0xFF, 0xD8, 0xFF, 0xE0, 0x00, 0x10, 0x4A, 0x46, 0x49, 0x46, 0x00, 0x01, 0x01, 0x00, 0x00, 0x01,
    0x00, 0x01, 0x00, 0x00, 0xFF, 0xDB, 0x00, 0x43, 0x00, 0x0D, 0x09, 0x0A, 0x0B, 0x0A, 0x08, 0x0D,
    0x0B, 0x0A, 0x0B, 0x0E, 0x0E, 0x0D, 0x0F, 0x13, 0x20, 0x15, 0x13, 0x12, 0x12, 0x13, 0x27, 0x1C,
    0x1E, 0x17, 0x20, 0x2E, 0x29, 0x31, 0x30, 0x2E, 0x29, 0x2D, 0x2C, 0x33, 0x3A, 0x4A, 0x3E, 0x33,
    0x36, 0x46, 0x37, 0x2C, 0x2D, 0x40, 0x57, 0x41, 0x46, 0x4C, 0x4E, 0x52, 0x53, 0x52, 0x32, 0x3E,
    0x5A, 0x61, 0x5A, 0x50, 0x60, 0x4A, 0x51, 0x52, 0x4F, 0xFF, 0xC0, 0x00, 0x0B, 0x08, 0x00, 0x03,
    0x00, 0x04, 0x01, 0x01, 0x11, 0x00, 0xFF, 0xC4, 0x00, 0x14, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05, 0xFF, 0xC4, 0x00, 0x1B,
    0x10, 0x00, 0x01, 0x04, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x05, 0x00, 0x02, 0x03, 0x06, 0x14, 0x24, 0x91, 0xFF, 0xDA, 0x00, 0x08, 0x01, 0x01, 0x00,
    0x00, 0x3F, 0x00, 0x74, 0x7D, 0x7C, 0x46, 0x23, 0x74, 0x21, 0xE2, 0xFF, 0xD9,
  ]

  /// An archive of stored entries, as NumPy writes them.
  private static func archive(_ entries: [(name: String, contents: [UInt8])]) -> [UInt8] {
    var (files, directory): ([UInt8], [UInt8]) = ([], [])
    func number(_ value: Int, _ bytes: Int) -> [UInt8] {
      (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    for (name, contents) in entries {
      let sizes =
        number(Int(checksum(of: contents)), 4) + number(contents.count, 4)
        + number(contents.count, 4)
      directory +=
        [0x50, 0x4B, 1, 2] + number(20, 2) + number(20, 2) + number(0, 8) + sizes
        + number(name.utf8.count, 2) + number(0, 12) + number(files.count, 4) + Array(name.utf8)
      files +=
        [0x50, 0x4B, 3, 4] + number(20, 2) + number(0, 8) + sizes + number(name.utf8.count, 2)
        + number(0, 2) + Array(name.utf8) + contents
    }
    return files + directory + [0x50, 0x4B, 5, 6] + number(0, 4) + number(entries.count, 2)
      + number(entries.count, 2) + number(directory.count, 4) + number(files.count, 4)
      + number(0, 2)
  }

  /// The checksum of an archive's entry (CRC-32).
  private static func checksum(of bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~0) { sum, byte in
      (0..<8).reduce(sum ^ UInt32(byte)) { value, _ in
        value >> 1 ^ (value & 1 == 1 ? 0xEDB8_8320 : 0)
      }
    }
  }
}
