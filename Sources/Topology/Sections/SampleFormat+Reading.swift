import Datasets
import Measures
import Tensors

extension SampleFormat {
  /// Reads what the section `data` says of somebody's own samples.
  init(reading keys: inout KeyReader) {
    let input = keys.optional("input") { Self.shape($0) }
    let classes = keys.optional("classes") { Self.names($0) }
    let pixels = keys.optional("labels") { Self.names($0) }
    if keys.has("classes"), keys.has("labels") {
      keys.reading.report(
        keys.full("labels"),
        "\(keys.full("labels")) names labels of pixels, but "
          + "\(keys.full("classes")) names those of samples",
        remedy: "keep one of them")
    }
    let fit = keys.value("fit", default: Fit.refuse) { cursor in
      cursor.choice("a treatment of other sizes", of: Fit.allCases.map { ($0.rawValue, $0) })
    }
    let scaling = keys.value("normalization", default: .federated) { Self.scaling($0) }
    let column = keys.optional("label") { $0.text(atMost: 1000) }
    let slices = keys.value("slices", default: .brats) { cursor in
      cursor.keys { DataSection.slices(&$0, standard: .brats) }
    }
    self.init(
      input: input, labels: pixels.map(Labels.pixels) ?? classes.map(Labels.classes), fit: fit,
      normalization: scaling, labelColumn: column, slices: slices)
  }

  /// `[3, 64, 64]` or `[9]`.
  private static func shape(_ cursor: Cursor) -> Shape? {
    let remedy =
      "write channels, rows and columns, as in [3, 64, 64], or a table's columns, as in [9]"
    guard let elements = cursor.elements("a list of extents", remedy: remedy, atMost: 100) else {
      return nil
    }
    guard elements.count == 1 || elements.count == 3 else {
      cursor.report("has \(elements.count) extents", remedy: remedy)
      return nil
    }
    let extents = elements.map { $0.whole(1...(elements.count == 1 ? 65_536 : 4096)) }
    return extents.contains(nil) ? nil : Shape(extents.compactMap { $0 })
  }

  /// The names of two classes or more, no two the same.
  private static func names(_ cursor: Cursor) -> [String]? {
    let remedy = "write their names, as in [cat, dog]"
    guard let elements = cursor.elements("a list of names", remedy: remedy, atMost: 65_536) else {
      return nil
    }
    let names = elements.compactMap { $0.text(atMost: 200) }
    guard names.count == elements.count else { return nil }
    guard names.count >= 2 else {
      cursor.report("has \(names.count) names; two are the least to tell apart", remedy: remedy)
      return nil
    }
    var known: Set<String> = []
    for (name, element) in zip(names, elements) where !known.insert(name).inserted {
      element.report("is \(Cursor.shown(name)) a second time", remedy: "name each once")
      return nil
    }
    return names
  }

  /// `none`, `federated` or `{mean: [0.5], deviation: [0.25]}`.
  private static func scaling(_ cursor: Cursor) -> Scaling? {
    guard !cursor.isScalar else {
      return cursor.choice(
        "a normalization", of: [("none", .none), ("federated", .federated)])
    }
    let read = cursor.keys { keys -> Scaling? in
      let means = keys.required("mean", remedy: "write one number per channel, as in [0.5]") {
        numbers($0, -1e6...1e6, excluding: nil)
      }
      let deviations = keys.required(
        "deviation", remedy: "write one number per channel, as in [0.25]"
      ) { numbers($0, 0...1e6, excluding: 0) }
      guard let means, let deviations else { return nil }
      guard means.count == deviations.count else {
        cursor.report(
          "has \(means.count) means, but \(deviations.count) deviations",
          remedy: "write one of each per channel")
        return nil
      }
      return .given(Normalization(means: means, deviations: deviations))
    }
    return read ?? nil
  }

  private static func numbers(
    _ cursor: Cursor, _ range: ClosedRange<Double>, excluding excluded: Double?
  ) -> [Float]? {
    let values = cursor.elements("a list of numbers", remedy: "write them as in [0.5]")?
      .map { $0.number(range, excluding: excluded) }
    guard let values, !values.contains(nil) else { return nil }
    // A number next to 0 may be 0 in 32 bits.
    return values.compactMap { $0 }.map { max(Float($0), excluded == 0 ? 1e-30 : -Float.infinity) }
  }

  /// False, and a fault, if the normalization is one of another number of channels.
  func scales(_ facts: SampleFacts, _ keys: KeyReader) -> Bool {
    guard case .given(let given) = normalization,
      given.means.count != facts.input.dimensions[0]
    else { return true }
    keys.reading.report(
      keys.full("normalization"),
      "\(keys.full("normalization")) is for \(given.means.count) channels, but samples have "
        + "\(facts.input.dimensions[0])",
      remedy: "write one mean and one deviation per channel")
    return false
  }

  /// The values as a plan has them, keys without their section.
  var planLines: [(String, String)] {
    var lines: [(String, String)] = []
    if let input { lines.append(("input", "\(input.dimensions)")) }
    switch labels {
    case .classes(let names): lines.append(("classes", FlowText.list(names.map(FlowText.text))))
    case .pixels(let names): lines.append(("labels", FlowText.list(names.map(FlowText.text))))
    case nil: break
    }
    if let labelColumn { lines.append(("label", FlowText.text(labelColumn))) }
    let scaling =
      switch normalization {
      case .none: "none"
      case .federated: "federated"
      case .given(let given): given.setting
      }
    return lines + [
      ("fit", fit.rawValue), ("normalization", scaling), ("slices", slices.setting),
    ]
  }
}

extension Normalization {
  /// The value of the key.
  var setting: String {
    FlowText.section([("mean", "\(means)"), ("deviation", "\(deviations)")])
  }
}

extension HoldOut {
  /// Reads `20 %` or `{share: 20 %, seed: 7}`; the seed is 0 unless it is said.
  static func read(_ cursor: Cursor) -> (HoldOut, UInt64)? {
    guard !cursor.isScalar else { return share(cursor).map { ($0, 0) } }
    let read = cursor.keys { keys -> (HoldOut, UInt64)? in
      let seed = keys.value("seed", default: 0) { $0.seed() }
      return keys.required("share", remedy: "write share: 20 %", share).map { ($0, seed) }
    }
    return read ?? nil
  }

  private static func share(_ cursor: Cursor) -> HoldOut? {
    guard let share = cursor.share(0...1) else { return nil }
    guard share < 1 else {
      cursor.report("is everything, which leaves nothing to train on", remedy: "write 20 %, say")
      return nil
    }
    return HoldOut(share: share.value)
  }

  /// The value of the key.
  func setting(seed: UInt64) -> String {
    FlowText.section([("share", "\(share)"), ("seed", "\(seed)")])
  }
}
