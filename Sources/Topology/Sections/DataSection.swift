package import Datasets

/// The section `data`: the data set, its partition over the clients, and its augmentation.
package struct DataSection: Sendable {
  /// The data set's name.
  package var name: String
  /// Its folder, or one of the files in it; nil for where a package would have installed it.
  package var path: String?
  /// The partition of the training samples among clients.
  package var partition: Partition
  /// The random changes of training images.
  package var augmentation: Augmentation
  /// The limits of its size, and the choices that the data set has.
  package var options: DatasetLoader.Options

  /// Reads the training and the test samples.
  package func load() throws(DatasetError) -> DatasetSplit {
    try DatasetLoader.load(name: name, path: path, options: options)
  }
}

extension DataSection {
  /// Reads the section; relative paths start at the folder of `file`.
  ///
  /// - Returns: The section and the collection of its name; nil unless the name is known.
  static func read(
    _ keys: inout KeyReader, beside file: String
  ) -> (section: Self, collection: any ImageCollection)? {
    let name = keys.required("name", remedy: "write \(Cursor.list(DatasetLoader.names))") {
      $0.choice("a data set", of: DatasetLoader.names.map { ($0, $0) })
    }
    let path = keys.optional("path") { cursor in
      cursor.text().map { Self.path($0, beside: file) }
    }
    var options = options(&keys, of: name)
    let collection = name.flatMap { try? DatasetLoader.collection(named: $0, options: options) }
    let partition = keys.value("partition", default: .iid) { Partition(reading: $0) }
    let usesStandard = keys.value("augmentation", default: false) {
      $0.choice("an augmentation", of: [("none", false), ("standard", true)])
    }
    let limits = keys.section("limit") { keys in
      (
        train: keys.optional("train") { $0.whole(1...1_000_000_000) },
        test: keys.optional("test") { $0.whole(1...1_000_000_000) }
      )
    }
    guard let collection else { return nil }
    (options.trainLimit, options.testLimit) = (limits.train, limits.test)
    let section = DataSection(
      name: collection.name, path: path, partition: partition,
      augmentation: usesStandard ? collection.augmentation : .none, options: options)
    return (section, collection)
  }

  /// Reports if the collection's files aren't where the section says.
  func checkFiles(of collection: any ImageCollection, _ reading: Reading) {
    do throws(DatasetError) {
      // No file may unpack to anything, so that none is read further than to its head.
      _ = try collection.load(path: path, limit: 0)
    } catch {
      guard case .missing(let dataset, let place, let remedy) = error else { return }
      reading.report(
        path == nil ? "data.name" : "data.path",
        "the data set \(dataset) isn't there: \(place.map(Cursor.shown) ?? "no path given")",
        remedy: remedy)
    }
  }

  /// `path` itself if it is absolute; else from the folder of `file` on.
  static func path(_ path: String, beside file: String) -> String {
    path.hasPrefix("/") ? path : folder(of: file) + path
  }

  /// The folder of `file` with a slash at its end, or nothing.
  private static func folder(of file: String) -> Substring {
    file.lastIndex(of: "/").map { file[...$0] } ?? ""
  }

  /// The values on which the clients' training depends, as name and text.
  var canonical: [(String, String)] {
    [
      ("data.name", name), ("data.partition", partition.canonical),
      ("data.augmentation", augmentation.canonical),
      ("data.limit.train", options.trainLimit.map { "\($0)" } ?? "none"),
    ] + Self.canonical(options, of: name)
  }
}

extension Augmentation {
  /// The augmentation as one text.
  fileprivate var canonical: String {
    let crop = crop.map { "\($0.height)×\($0.width)" } ?? "none"
    let jitter =
      jitter.map { "\($0.brightness) \($0.contrast) \($0.saturation)" } ?? "none"
    return "crop \(crop), padding \(padding), flips \(flips), jitter \(jitter)"
  }
}
