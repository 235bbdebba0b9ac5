import Datasets
import Digests
package import Foundation
import Ledger
package import Measures
import Tensors

/// Files that are read from a folder: data sets, checkpoints, spools.
package struct FileTarget: FuzzTarget {
  /// What lies in the folder.
  package enum Kind: String, Sendable, CaseIterable {
    case idx, cifar, leaf, nifti, checkpoint, spool
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
    case .nifti: return try load("nifti").train.count >= 0
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

  private func put(_ name: String, _ bytes: [UInt8], _ stream: inout RandomStream) throws {
    let file = folder.appending(path: name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    let isDamaged = Int.random(in: 0..<3, using: &stream) == 0
    try Data(isDamaged ? ByteMutation.damage(bytes, using: &stream) : bytes).write(to: file)
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

  /// A NIfTI-1 file of bytes that are 1.
  private static func nifti(_ extents: [Int], bytes count: Int) -> [UInt8] {
    var header = [UInt8](repeating: 0, count: 352)
    (header[0], header[1]) = (0x5c, 0x01)  // 348
    header[40] = UInt8(extents.count)
    for (axis, extent) in extents.enumerated() { header[42 + 2 * axis] = UInt8(extent) }
    (header[70], header[72]) = (2, 8)
    (header[110], header[111]) = (0xb0, 0x43)  // 352.0
    (header[114], header[115]) = (0x80, 0x3f)  // 1.0
    header.replaceSubrange(344..<348, with: Array("n+1\0".utf8))
    return header + Array(repeating: 1, count: count)
  }
}
