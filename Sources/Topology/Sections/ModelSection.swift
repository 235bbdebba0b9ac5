import Models
import Neural

/// The section `model`: the architecture, its options, and the values that it starts from; or the
/// manifest of a model that trainer programs compute.
struct ModelSection: Hashable, Sendable {
  /// The architecture's name; nil if there is none that is known.
  var name: String?
  /// The model that trainer programs compute; nil for one of the program's own, and if it is
  /// faulty.
  var manifest: ModelManifest?
  /// True if a manifest is named, be it faulty or not.
  let isManifest: Bool
  /// The options of the architecture.
  var options = ModelOptions()
  /// The safetensors file whose values it starts from; nil for random ones.
  var from: String?

  /// Reads the section; a relative path starts at the folder of `file`.
  init(reading keys: inout KeyReader, beside file: String) {
    let names = Zoo.entries.map(\.name)
    isManifest = keys.has("manifest")
    let known: (Cursor) -> String? = { $0.choice("a model", of: names.map { ($0, $0) }) }
    name =
      isManifest
      ? keys.optional("name", known)
      : keys.required(
        "name",
        remedy: "write \(Cursor.list(names)); or manifest: net.yaml for a trainer program's model, "
          + "which progfed describe writes", known)
    let described = keys.optional("manifest") { ManifestFile($0, beside: file) }
    manifest = described?.manifest
    options.stages = keys.optional("stages") { $0.whole(1...100) }
    options.width = keys.optional("width") { $0.whole(1...65_536) }
    options.widths = keys.optional("widths") { list in
      let remedy = "write the units of each hidden layer, as in [64, 64, 64]"
      let widths = list.elements("a list of widths", remedy: remedy, atMost: 100)?
        .map { $0.whole(1...65_536) }
      guard let widths, !widths.contains(nil) else { return nil as [Int]? }
      return widths.compactMap { $0 }
    }
    options.levels = keys.optional("levels") { $0.whole(1...100) }
    options.stem = keys.optional("stem") { Self.choice("a stem", $0) }
    options.order = keys.optional("order") { Self.choice("an order of growth", $0) }
    options.loss = keys.optional("loss") { Self.choice("a loss", $0) }
    from =
      keys.optional("from") { cursor in
        cursor.text().map { DataSection.path($0, beside: file) }
      } ?? described?.values
    guard isManifest else { return }
    for key in ["name", "stages", "width", "widths", "levels", "stem", "order", "loss"]
    where keys.has(key) {
      keys.reading.report(
        keys.full(key), "\(keys.full(key)) means nothing beside \(keys.full("manifest"))",
        remedy: "remove one of them")
    }
  }

  /// The values of an architecture as a plan has them; no option that it doesn't have.
  static func planLines(of architecture: Architecture) -> [PlanText.Line] {
    if let manifest = architecture.manifest {
      return [PlanText.Line("model.manifest", manifest.setting)]
    }
    let options = architecture.options
    let values: [(String, String?)] = [
      ("name", architecture.name), ("stages", options.stages.map { "\($0)" }),
      ("width", options.width.map { "\($0)" }), ("levels", options.levels.map { "\($0)" }),
      ("stem", options.stem?.rawValue), ("order", options.order?.rawValue),
      ("loss", options.loss?.rawValue), ("widths", options.widths.map { "\($0)" }),
    ]
    return values.compactMap { name, value in value.map { PlanText.Line("model.\(name)", $0) } }
  }

  private static func choice<Value: RawRepresentable & CaseIterable>(
    _ what: String, _ cursor: Cursor
  ) -> Value? where Value.RawValue == String {
    cursor.choice(what, of: Value.allCases.map { ($0.rawValue, $0) })
  }
}
