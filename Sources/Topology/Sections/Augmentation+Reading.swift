import Datasets

extension Augmentation {
  /// Reads `none`, `standard`, or `{crop: [24, 24], padding: 4, flips: true, jitter: 0.4}`.
  ///
  /// Only known data sets have a `standard` one.
  init?(reading cursor: Cursor, standard: Augmentation?) {
    guard cursor.isScalar else {
      guard let read = cursor.keys({ Self.read(&$0) }), let augmentation = read else { return nil }
      self = augmentation
      return
    }
    guard standard != nil || cursor.word != "standard" else {
      cursor.report(
        "is standard, which data sets have that are called by name",
        remedy: "write what to change, as in {padding: 4, flips: true, jitter: 0.4}")
      return nil
    }
    guard
      let augmentation = cursor.choice(
        "an augmentation", of: [("none", .none), ("standard", standard ?? .none)])
    else { return nil }
    self = augmentation
  }

  private static func read(_ keys: inout KeyReader) -> Augmentation? {
    let crop = keys.value("crop", default: Extent?.none) { Self.extent($0) }
    let padding = keys.value("padding", default: 0) { $0.whole(0...4096) }
    let flips = keys.value("flips", default: false) { $0.flag() }
    let jitter = keys.value("jitter", default: ColourJitter?.none) { Self.jitter($0) }
    return Augmentation(crop: crop, padding: padding, flips: flips, jitter: jitter)
  }

  /// `[24, 24]`, rows and columns, or `none`.
  private static func extent(_ cursor: Cursor) -> Extent?? {
    if cursor.word == "none" { return .some(nil) }
    let remedy = "write rows and columns, as in [24, 24]"
    let extents = cursor.elements("a list of extents", remedy: remedy)?
      .map { $0.whole(1...4096) }
    guard let extents, !extents.contains(nil) else { return nil }
    guard extents.count == 2 else {
      cursor.report("has \(extents.count) extents", remedy: remedy)
      return nil
    }
    return Extent(height: extents[0] ?? 1, width: extents[1] ?? 1)
  }

  /// `0.4`, `{brightness: 0.4, contrast: 0.4, saturation: 0}`, or `none`.
  private static func jitter(_ cursor: Cursor) -> ColourJitter?? {
    if cursor.word == "none" { return .some(nil) }
    guard !cursor.isScalar else { return cursor.number(0...1).map { ColourJitter($0) } }
    return cursor.keys { keys in
      func part(_ key: String) -> Double {
        keys.value(key, default: 0) { $0.number(0...1) }
      }
      return ColourJitter(
        brightness: part("brightness"), contrast: part("contrast"),
        saturation: part("saturation"))
    }
  }

  /// The value of the key, with all that may be left out of it.
  var setting: String {
    guard self != .none else { return "none" }
    let jitter = jitter.map { jitter in
      FlowText.section([
        ("brightness", "\(jitter.brightness)"), ("contrast", "\(jitter.contrast)"),
        ("saturation", "\(jitter.saturation)"),
      ])
    }
    return FlowText.section([
      ("crop", crop.map { "\([$0.height, $0.width])" } ?? "none"), ("padding", "\(padding)"),
      ("flips", "\(flips)"), ("jitter", jitter ?? "none"),
    ])
  }
}
