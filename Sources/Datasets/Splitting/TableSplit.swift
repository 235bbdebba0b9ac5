import Foundation

/// Cuts the rows of tables into a table per client, cells as they are.
struct TableSplit {
  /// The tables with rows to train on, under one heading.
  let training: [String]
  /// The tables with rows that are held out; nil where none are told apart.
  let testing: [String]?
  /// The looks of samples, with nothing left open.
  let format: SampleFormat
  /// The most bytes of a table.
  let limit: Int

  /// Deals the rows out and writes `train.csv` and `test.csv` into folders `0`, `1`, … of `folder`.
  ///
  /// - Throws: `DatasetError`, `PartitionError`.
  func write(_ order: SplitOrder, to folder: String) throws -> ClientFolders {
    let sources = try [training, testing ?? []].map {
      try NumberTable(paths: $0, format: format, limit: limit)
    }
    var stack = try SampleStack(format: format, path: folder, limit: limit)
    for source in sources {
      for index in source.keys.indices { try source.append(index, to: &stack) }
    }
    let counts = sources.map(\.keys.count)
    let keys = sources[0].keys
    let clients = try order.deal(
      training: counts[0], testing: counts[1], labels: stack.labels.map { Int($0) }, users: nil)
    // The table that each row goes to: a client's train.csv, or its test.csv.
    var targets = [Int](repeating: 0, count: counts[0] + counts[1])
    for (client, part) in clients.enumerated() {
      let marks =
        testing == nil
        ? order.holdOut.marks(part.training.map { keys[$0] }, seed: order.seed)
        : part.training.map { _ in false }
      for (row, isHeld) in zip(part.training, marks) {
        targets[row] = 2 * client + (isHeld ? 1 : 0)
      }
      for row in part.testing { targets[counts[0] + row] = 2 * client + 1 }
    }
    var tables = [[UInt8]](repeating: [], count: 2 * clients.count)
    var shares = clients.map { _ in ClientFolders.Share(train: 0, test: 0) }
    var next = 0
    for path in training + (testing ?? []) {
      var text = try CSVRows(path: path, limit: limit)
      let heading = Self.line(try text.heading())
      while let row = try text.row() {
        guard next < targets.count else {
          throw DatasetError.malformed(
            path: path, at: "line \(row.line)", reason: "the table grew while it was read",
            remedy: "run this again when nobody writes to it")
        }
        let target = targets[next]
        // A client with test samples alone gets a heading to train on.
        for table in [target, target / 2 * 2] where tables[table].isEmpty {
          tables[table] = heading
        }
        tables[target] += Self.line(row.cells)
        if target % 2 == 0 { shares[target / 2].train += 1 } else { shares[target / 2].test += 1 }
        next += 1
      }
      guard order.work.goesOn?(next, targets.count) != false else {
        throw DatasetError.interrupted(path: folder)
      }
    }
    var place = try SplitFolder(target: folder)
    for client in clients.indices {
      try place.create("\(client)")
      for (part, name) in ["train", "test"].enumerated() where !tables[2 * client + part].isEmpty {
        try PlainFile.write(
          tables[2 * client + part], to: "\(place.partial)/\(client)/\(name).csv")
      }
    }
    try place.finish(isDurable: order.isDurable)
    return ClientFolders(format: format, shares: shares, remarks: [])
  }

  /// A row as text, cells in quotation marks where they must be (RFC 4180).
  private static func line(_ cells: [String]) -> [UInt8] {
    let texts = cells.map { cell in
      let isPlain =
        cell.utf8.allSatisfy { !#",;"\#t\#n\#r "#.utf8.contains($0) } && !cell.isEmpty
      return isPlain ? cell : "\"\(cell.replacing("\"", with: "\"\""))\""
    }
    return Array((texts.joined(separator: ",") + "\n").utf8)
  }
}
