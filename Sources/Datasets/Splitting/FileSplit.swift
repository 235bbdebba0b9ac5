import Foundation
import Tensors

/// Cuts samples that lie in files of their own into a folder per client: each file is copied as it
/// is, or linked, so that nothing of it is lost.
///
/// All are read once before, so that a file that can't be read is found here and not at a client.
struct FileSplit {
  /// The samples to train on.
  let training: any OwnSource
  /// The samples of a hold-out of the data's own; nil where there is none.
  let testing: (any OwnSource)?
  /// The looks of samples, with nothing left open.
  let format: SampleFormat
  /// The folder that they lie in, for messages.
  let path: String
  /// The most bytes of what is read at a time.
  let limit: Int

  /// The facts that were seen of the samples of one key.
  private struct Unit {
    var label: Int
    var samples: Int
    var remarks: [String]
  }

  /// A file with its place among the clients' folders.
  private struct Errand {
    var source: String
    var target: String
  }

  /// Deals the files out and writes folders `0`, `1`, … into `folder`.
  ///
  /// - Throws: `DatasetError`, `PartitionError`.
  func write(_ order: SplitOrder, to folder: String) throws -> ClientFolders {
    let (keys, heldKeys) = (training.keys, testing?.keys ?? [])
    // Looking at the samples is the first half of the work, writing them the second.
    let units =
      try look(at: training, keys.count, done: 0, of: 2 * (keys.count + heldKeys.count), order.work)
      + (testing.map {
        try look(
          at: $0, heldKeys.count, done: keys.count, of: 2 * (keys.count + heldKeys.count),
          order.work)
      } ?? [])
    // Users of two folders are numbered apart, so that nobody knows who is who.
    let users = heldKeys.isEmpty ? training.users : nil
    let clients = try order.deal(
      training: keys.count, testing: heldKeys.count, labels: units.map(\.label), users: users)
    var (errands, shares): ([Errand], [ClientFolders.Share]) = ([], [])
    var place = try SplitFolder(target: folder)
    for (client, part) in clients.enumerated() {
      var share = ClientFolders.Share(train: 0, test: 0)
      func add(_ source: any OwnSource, _ index: Int, to name: String) throws(DatasetError) {
        for file in try source.files(index) ?? [] {
          errands.append(Errand(source: file.path, target: "\(client)/\(name)/\(file.name)"))
        }
      }
      let marks =
        testing == nil
        ? order.holdOut.marks(part.training.map { keys[$0] }, seed: order.seed)
        : part.training.map { _ in false }
      try place.create("\(client)/train")
      for (index, isHeld) in zip(part.training, marks) {
        try add(training, index, to: isHeld ? "test" : "train")
        if isHeld {
          share.test += units[index].samples
        } else {
          share.train += units[index].samples
        }
      }
      if let testing {
        for index in part.testing {
          try add(testing, index, to: "test")
          share.test += units[keys.count + index].samples
        }
      }
      if training is StudyFiles { share.studies = part.training.count + part.testing.count }
      shares.append(share)
    }
    try copy(errands, into: place, order)
    try place.finish(isDurable: order.isDurable)
    return ClientFolders(
      format: format, shares: shares,
      remarks: units.reduce(into: []) { remarks, unit in
        for remark in unit.remarks where !remarks.contains(remark) { remarks.append(remark) }
      })
  }

  private func look(
    at source: any OwnSource, _ count: Int, done: Int, of all: Int, _ work: SampleWork
  ) throws(DatasetError) -> [Unit] {
    let empty = try SampleStack(format: format, path: path, limit: limit)
    var units: [Unit] = []
    units.reserveCapacity(count)
    try work.run(count, grain: empty.grain, path: path, done: done, of: all) {
      (range) throws(DatasetError) in
      try range.map { (index) throws(DatasetError) in
        var stack = empty
        try source.append(index, to: &stack)
        return Unit(
          label: stack.dominantLabel, samples: stack.count, remarks: stack.remarks)
      }
    } gather: { (part) throws(DatasetError) in
      units += part
    }
    return units
  }

  private func copy(
    _ errands: [Errand], into place: borrowing SplitFolder, _ order: SplitOrder
  ) throws(DatasetError) {
    for folder in Set(errands.map { ($0.target as NSString).deletingLastPathComponent }).sorted() {
      try place.create(folder)
    }
    let (partial, isLinked) = (place.partial, order.isLinked)
    try order.work.run(
      errands.count, grain: 16, path: place.target, done: errands.count, of: 2 * errands.count
    ) { (range) throws(DatasetError) in
      for errand in errands[range] {
        try PlainFile.copy(
          errand.source, to: "\(partial)/\(errand.target)", isLinked: isLinked)
      }
    } gather: { (_) throws(DatasetError) in
    }
  }
}

extension SampleStack {
  /// The most frequent label but the background where pixels have labels; the only one of a single
  /// sample.
  fileprivate var dominantLabel: Int {
    guard labels.count > 1 else { return labels.first.map { Int($0) } ?? 0 }
    var frequencies = [Int](repeating: 0, count: names.names.count)
    for label in labels where label > 0 { frequencies[Int(label)] += 1 }
    return frequencies.indices.reduce(0) { frequencies[$1] > frequencies[$0] ? $1 : $0 }
  }
}
