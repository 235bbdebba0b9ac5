import Bytes
import Datasets
package import Foundation
import Ledger
package import Measures
import Tensors

/// Files that are read from a folder: data sets, checkpoints, spools.
package struct FileTarget: FuzzTarget {
  /// The kind of file that lies in the folder.
  package enum Kind: String, Sendable, CaseIterable {
    case idx, cifar, leaf, nifti, pairs, brats, checkpoint, spool
  }

  package var name: String { kind.rawValue }
  private let kind: Kind
  private let folder: URL

  /// The files of `kind`, in a folder of the target's own below `folder`.
  package init(_ kind: Kind, in folder: URL) {
    self.kind = kind
    self.folder = folder.appending(path: kind.rawValue)
  }

  package func play(_ stream: RandomStream) throws(FuzzFinding) -> Bool {
    var stream = stream
    do {
      try? FileManager.default.removeItem(at: folder)
      try write(&stream)
      defer { try? FileManager.default.removeItem(at: folder) }
      return try read()
    } catch let finding as FuzzFinding {
      throw finding
    } catch is DatasetError {
      return false
    } catch is LedgerError {
      return false
    } catch {
      throw FuzzFinding("an error of another kind: \(error)")
    }
  }

  private func read() throws -> Bool {
    switch kind {
    case .idx: return try load("mnist").train.count >= 0
    case .cifar: return try load("cifar10").train.count >= 0
    case .leaf: return try load("leaf-femnist").train.count >= 0
    case .nifti, .pairs: return try load("nifti").train.count >= 0
    case .brats: return try load("brats").train.count >= 0
    case .checkpoint:
      return try CheckpointStore(directory: folder).latest().checkpoint != nil
    case .spool:
      let spool = try Spool(directory: folder, round: 1)
      for entry in spool.entries { _ = try spool.read(entry) }
      return !spool.entries.isEmpty
    }
  }

  private func load(_ name: String) throws(DatasetError) -> DatasetSplit {
    let options = DatasetLoader.Options(
      fileLimit: ByteCount(1 << 20), slices: SliceGeometry(rows: 2, columns: 2))
    return try DatasetLoader.load(name: name, path: folder.path, options: options)
  }

  private func write(_ stream: inout RandomStream) throws {
    switch kind {
    case .idx:
      let count = Int.random(in: 1...3, using: &stream)
      for (images, labels) in [
        ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
        ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
      ] {
        try put(
          images, Self.idx([count, 28, 28], Array(repeating: 9, count: 784 * count)), &stream)
        try put(labels, Self.idx([count], Array(repeating: 3, count: count)), &stream)
      }
    case .cifar:
      let record = [UInt8(4)] + Array(repeating: 8, count: 3072)
      for batch in 1...5 { try put("data_batch_\(batch).bin", record, &stream) }
      try put("test_batch.bin", record + record, &stream)
    case .leaf:
      let image = "[0.5" + String(repeating: ",1.0", count: 783) + "]"
      let text =
        #"{"users":["a"],"user_data":{"a":{"x":[\#(image)],"y":[7]}},"z":[null,-1e3,"\u00e9"]}"#
      try put("train/a.json", Array(text.utf8), &stream)
      try put("test/a.json", Array(text.utf8), &stream)
    case .nifti:
      for study in ["a", "b", "c"] {
        try put("imagesTr/\(study).nii", Self.nifti([4, 4, 3], bytes: 48), &stream)
        try put("labelsTr/\(study).nii", Self.nifti([4, 4, 3], bytes: 48), &stream)
      }
    case .pairs: try writePairs(&stream)
    case .brats: try writePatients(&stream)
    case .checkpoint:
      let store = CheckpointStore(directory: folder)
      let tensor = Tensor(shape: [3], scalars: [1, 2, 3])
      for round in 1...2 {
        try store.write(
          Checkpoint(round: round, state: Data("{}".utf8), tensors: ["block1.w": tensor]))
      }
      try damageAll(&stream)
    case .spool:
      let spool = try Spool(directory: folder, round: 1)
      for client in 0..<3 {
        try spool.append(
          client: client, attempt: 0, Array(repeating: UInt8(client), count: 20 * client))
      }
      try damageAll(&stream)
    }
  }

  /// Images in pairs of files, with label maps that have a scale, each in an order of axes of its
  /// own.
  private func writePairs(_ stream: inout RandomStream) throws {
    for study in ["a", "b", "c"] {
      let image = Self.nifti([4, 4, 3], bytes: 0, sform: Self.affine(&stream), mark: "ni1\0")
      try put("imagesTr/\(study).hdr", Array(image.prefix(348)), &stream, oneIn: 6)
      try put("imagesTr/\(study).img", (0..<48).map { UInt8($0) }, &stream, oneIn: 6)
      let labels = Self.nifti(
        [4, 4, 3], bytes: 48, of: 100, slope: 0.01, sform: Self.affine(&stream))
      try put("labelsTr/\(study).nii", labels, &stream, oneIn: 6)
    }
  }

  /// Patients of either naming, below a folder, with a table of their sites.
  private func writePatients(_ stream: inout RandomStream) throws {
    let endings = [
      ["_flair", "_t1", "_t1ce", "_t2", "_seg"], ["-t2f", "-t1n", "-t1c", "-t2w", "-seg"],
    ][Int.random(in: 0...1, using: &stream)]
    let affine = Self.affine(&stream)
    for patient in ["a", "b", "c"] {
      for ending in endings {
        let volume = Self.nifti([4, 4, 1], bytes: 16, sform: affine)
        try put("HGG/\(patient)/\(patient)\(ending).nii", volume, &stream, oneIn: 20)
      }
    }
    let table = "\"Partition_ID\";\"Subject_ID\"\r\n1;\"a\"\r\n\"2\";b\r\n1;c\r\n"
    try put("HGG/partitioning_1.csv", Array(table.utf8), &stream)
  }

  /// An sform with axes in some direction, of 4×4×3 voxels that lie in one place.
  private static func affine(_ stream: inout RandomStream) -> [Float] {
    let (x, y) = (Bool.random(using: &stream), Bool.random(using: &stream))
    return [
      x ? -1 : 1, 0, 0, x ? 3 : 0,
      0, y ? -1 : 1, 0, y ? 3 : 0,
      0, 0, 2, 0,
    ]
  }

  private func put(
    _ name: String, _ bytes: [UInt8], _ stream: inout RandomStream, oneIn odds: Int = 3
  ) throws {
    try ByteMutation.write(
      bytes, to: folder.appending(path: name), oneIn: odds, using: &stream)
  }

  private func damageAll(_ stream: inout RandomStream) throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    for name in names {
      let file = folder.appending(path: name)
      guard let bytes = try? Data(contentsOf: file) else { continue }
      try Data(ByteMutation.damage(Array(bytes), using: &stream)).write(to: file)
    }
  }

  private static func idx(_ extents: [Int], _ values: [UInt8]) -> [UInt8] {
    [0, 0, 8, UInt8(extents.count)]
      + extents.flatMap { extent in [24, 16, 8, 0].map { UInt8(extent >> $0 & 255) } } + values
  }

  /// A NIfTI-1 file of equal bytes, which come to 1 by the slope.
  private static func nifti(
    _ extents: [Int], bytes count: Int, of byte: UInt8 = 1, slope: Float = 1, sform: [Float]? = nil,
    mark: String = "n+1\0"
  ) -> [UInt8] {
    var header = [UInt8](repeating: 0, count: 352)
    (header[0], header[1]) = (0x5c, 0x01)  // 348
    header[40] = UInt8(extents.count)
    for (axis, extent) in extents.enumerated() { header[42 + 2 * axis] = UInt8(extent) }
    (header[70], header[72]) = (2, 8)
    func put(_ value: Float, _ offset: Int) {
      header.set(littleEndian: value.bitPattern, at: offset)
    }
    put(mark == "ni1\0" ? 0 : 352, 108)
    put(slope, 112)
    if let sform {
      header[254] = 1
      for (index, value) in sform.enumerated() { put(value, 280 + 4 * index) }
    }
    header.replaceSubrange(344..<348, with: Array(mark.utf8))
    return header + Array(repeating: byte, count: count)
  }
}

/// Files of tensors, as checkpoints and exported models are.
package struct SafeTensorsTarget: FuzzTarget {
  package let name = "safetensors"

  package func play(_ stream: RandomStream) throws(FuzzFinding) -> Bool {
    var stream = stream
    var tensors: [String: Tensor] = [:]
    for index in 0..<Int.random(in: 0...3, using: &stream) {
      let extents = (0..<Int.random(in: 0...3, using: &stream)).map { _ in
        Int.random(in: 1...4, using: &stream)
      }
      let shape = Shape(extents)
      tensors["block\(index).weight"] = Tensor(
        shape: shape, scalars: (0..<shape.count).map { Float($0) })
    }
    let file = SafeTensors(tensors: tensors, metadata: ["format": "pt", "é\"\\": "\n"])
    let bytes = ByteMutation.damage(file.encoded(), using: &stream)
    guard let read = try? SafeTensors(decoding: bytes) else { return false }
    // Bytes are compared, since a number may be none, which equals nothing.
    let written = read.encoded()
    guard let again = try? SafeTensors(decoding: written), again.encoded() == written else {
      throw FuzzFinding("tensors that were read aren't themselves when written again")
    }
    return true
  }
}
