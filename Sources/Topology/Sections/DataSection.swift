package import Datasets
import Foundation
import Tensors

/// The section `data`: the data set, its partition over the clients, and its augmentation.
package struct DataSection: Sendable {
  /// The place that the samples come from.
  package var source: DataSource
  /// The facts that are known before they are read.
  package var facts: SampleFacts
  /// The partition of dealt training samples among clients.
  package var partition = Partition.iid
  /// The random changes of training images.
  package var augmentation = Augmentation.none
  /// The most samples that are kept of dealt ones.
  package var limit = SampleLimits()
  /// The share of somebody's own samples that is held out for tests.
  package var holdOut = HoldOut.fifth
  /// The seed of the choice of held-out samples.
  package var holdOutSeed: UInt64 = 0
  /// The numbers that clients tell of their samples.
  package var telling = SampleTelling()

  /// The name of the data set, or of the folder.
  package var name: String { facts.name }

  /// The data set's folder or file; nil where none is said.
  package var path: String? { source.path }

  /// True if the samples are the clients' and nobody else reads them.
  package var staysWithClients: Bool {
    switch source {
    case .clients, .trainer: true
    case .collection, .here: false
    }
  }

  /// The choices that a known data set has; nil for somebody's own samples.
  package var options: DatasetLoader.Options? {
    guard case .collection(let collection) = source else { return nil }
    return collection.options
  }

  /// True if the normalization is made of the sums of clients that keep their samples.
  package var isMeasuredByClients: Bool {
    guard case .clients(let format) = source else { return false }
    return format.normalization == .federated
  }

  /// Reads the training and the test samples, from `path` in place of the section's own if one is
  /// given, on the threads of `work`.
  package func load(
    from path: String? = nil, by work: SampleWork = .onAllCores
  ) throws(DatasetError) -> DatasetSplit {
    try (path.map(source.at) ?? source).load(limit, holdOut: holdOut, seed: holdOutSeed, by: work)
  }
}

/// The numbers that clients tell of their own samples.
package struct SampleTelling: Hashable, Sendable {
  /// The number whose multiples are told, rounded up; 1 for exact numbers.
  package var unit = 1
  /// True if the number of samples of each label is told.
  package var labels = false

  /// Exact numbers without those of labels, unless told otherwise.
  package init(unit: Int = 1, labels: Bool = false) {
    self.unit = unit
    self.labels = labels
  }
}

extension DataSection {
  private enum Origin: String, CaseIterable {
    case here, clients, trainer
  }

  /// The samples of trainer programs, of which nothing is known here.
  static let trainers = DataSection(
    source: .trainer,
    // Nobody asks what they look like: there is never one here.
    facts: SampleFacts(
      name: "trainer", input: [1, 1, 1], classes: 1, isSegmentation: false,
      normalization: Normalization.none(channels: 1)))

  /// The keys of a known data set alone, and those of somebody's own samples.
  private static let collectionKeys =
    ["name"] + optionKeys.filter { !["classes", "slices"].contains($0) }
  private static let ownKeys = ["input", "labels", "label", "fit", "normalization", "holdOut"]
  /// The keys of samples that are dealt out.
  private static let dealtKeys = ["path", "partition", "limit"]

  /// Reads the section; relative paths start at the folder of `file`.
  ///
  /// - Returns: The section; nil unless it says what its samples look like.
  static func read(_ keys: inout KeyReader, beside file: String) -> DataSection? {
    let origin = keys.optional("from") {
      $0.choice("a place of samples", of: Origin.allCases.map { ($0.rawValue, $0) })
    }
    let isOwn = keys.has("from")
    if origin == .trainer { return trainers(&keys) }
    let path = keys.optional("path") { cursor in
      cursor.text().map { Self.path($0, beside: file) }
    }
    var section = isOwn ? own(&keys, origin, path: path) : collection(&keys, path: path)
    refuse(keys, isOwn ? collectionKeys : ownKeys, origin)
    if origin == .clients { refuse(keys, dealtKeys, origin) }
    let partition = keys.value("partition", default: .iid) { Partition(reading: $0) }
    let standard = section.flatMap { section -> Augmentation? in
      guard case .collection(let named) = section.source else { return nil }
      return try? DatasetLoader.collection(named: named.name, options: named.options).augmentation
    }
    let augmentation = keys.value("augmentation", default: .none) {
      Augmentation(reading: $0, standard: isOwn ? nil : standard ?? Augmentation.none)
    }
    let unit = keys.value("roundSamples", default: 1) { $0.whole(1...1_000_000) }
    let counts = labelCounts(&keys, origin, isSegmentation: section?.facts.isSegmentation)
    let limit = keys.section("limit") { keys in
      SampleLimits(
        train: keys.value("train", default: nil) { $0.wholeOrNone(1...1_000_000_000) },
        test: keys.value("test", default: nil) { $0.wholeOrNone(1...1_000_000_000) })
    }
    section?.telling = SampleTelling(unit: unit, labels: counts)
    section?.partition = partition
    section?.augmentation = augmentation
    section?.limit = limit
    return section
  }

  /// The samples of trainer programs, of which a topology says what is told and held out.
  private static func trainers(_ keys: inout KeyReader) -> DataSection {
    var section = trainers
    (section.holdOut, section.holdOutSeed) = keys.value("holdOut", default: (HoldOut.fifth, 0)) {
      HoldOut.read($0)
    }
    section.telling.unit = keys.value("roundSamples", default: 1) { $0.whole(1...1_000_000) }
    return section
  }

  /// True if clients tell how many of their own samples have each label.
  private static func labelCounts(
    _ keys: inout KeyReader, _ origin: Origin?, isSegmentation: Bool?
  ) -> Bool {
    let isAsked = keys.value("labelCounts", default: false) { $0.flag() }
    guard isAsked else { return false }
    if origin != .clients {
      refuse(keys, ["labelCounts"], origin)
    } else if isSegmentation == true {
      keys.reading.report(
        keys.full("labelCounts"),
        "\(keys.full("labelCounts")) means nothing where each pixel has a label",
        remedy: "remove it")
    }
    return true
  }

  /// A known data set.
  private static func collection(_ keys: inout KeyReader, path: String?) -> DataSection? {
    let names = DatasetLoader.names
    let name = keys.required(
      "name",
      remedy: "write \(Cursor.list(names)); or from: here and a path, for samples of your own"
    ) { $0.choice("a data set", of: names.map { ($0, $0) }) }
    let options = options(&keys, of: name)
    for key in ownKeys { _ = keys.optional(key) { $0 } }
    guard let name,
      let collection = try? DatasetLoader.collection(named: name, options: options)
    else { return nil }
    return DataSection(
      source: .collection(
        NamedCollection(name: collection.name, path: path, options: options)),
      facts: SampleFacts(collection))
  }

  /// Somebody's own samples.
  private static func own(
    _ keys: inout KeyReader, _ origin: Origin?, path: String?
  ) -> DataSection? {
    for key in collectionKeys { _ = keys.optional(key) { $0 } }
    var format = SampleFormat(reading: &keys)
    // Sums are asked for where the topology says so.
    if origin == .clients, !keys.has("normalization") { format.normalization = .none }
    let holdOut = keys.value("holdOut", default: (HoldOut.fifth, 0)) { HoldOut.read($0) }
    if origin == .here, path == nil, !keys.reading.isPlan {
      _ = keys.required("path", remedy: "write the folder or file, as in my-images") { $0.text() }
    }
    guard let origin,
      ["path", "input", "classes", "labels", "slices"].allSatisfy({
        keys.reading.isSound(keys.full($0))
      })
    else { return nil }
    if origin == .here, let path, format.input == nil || format.labels == nil {
      // The samples say what the section leaves open.
      do throws(DatasetError) { format = try OwnSamples.format(of: path, as: format) } catch {
        report(error, keys)
        return nil
      }
    }
    let name = path.map { ($0 as NSString).lastPathComponent } ?? "own samples"
    guard let facts = SampleFacts(format, name: name) else {
      for (key, isOpen, remedy) in [
        (
          "input", format.input == nil,
          "write channels, rows and columns, as in [3, 64, 64], or the columns of a table, as in [9]"
        ), ("classes", format.labels == nil, "write the classes' names, as in [cat, dog]"),
      ] where isOpen && (origin == .clients || keys.reading.isPlan) {
        keys.reading.report(keys.full(key), "\(keys.full(key)) is missing", remedy: remedy)
      }
      return nil
    }
    guard format.scales(facts, keys) else { return nil }
    var section = DataSection(
      source: origin == .here ? .here(path: path, format) : .clients(format), facts: facts)
    (section.holdOut, section.holdOutSeed) = holdOut
    return section
  }

  /// Reports samples that can't be read.
  private static func report(_ error: DatasetError, _ keys: KeyReader) {
    let halves = "\(error)".split(separator: "; ", maxSplits: 1)
    let text = halves.map(String.init)
    keys.reading.report(
      keys.full("path"), "\(keys.full("path")) can't be used: \(text[0])",
      remedy: text.count > 1 ? text[1] : "mend it, or give another path")
  }

  /// Reports the keys of another kind of samples.
  private static func refuse(_ keys: KeyReader, _ foreign: [String], _ origin: Origin?) {
    let kind = origin.map { "from: \($0.rawValue)" } ?? "a data set by its name"
    for key in foreign where keys.has(key) && keys.reading.isSound(keys.full("from")) {
      keys.reading.report(
        keys.full(key), "\(keys.full(key)) means nothing to \(kind)",
        remedy: origin == nil ? "remove it, or write from: here or from: clients" : "remove it")
    }
  }

  /// Reports if the samples aren't where the section says.
  func checkFiles(_ reading: Reading) {
    do throws(DatasetError) {
      switch source {
      case .collection(let named):
        // No file may unpack to anything, so that none is read further than to its head.
        _ = try DatasetLoader.collection(named: named.name, options: named.options)
          .load(path: named.path, limit: 0)
      case .here(let path?, let format): _ = try OwnSamples.format(of: path, as: format)
      case .here, .clients, .trainer: return
      }
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
}
