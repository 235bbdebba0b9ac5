import Models
import Neural

/// The section `model`: the architecture, its options, and the values that it starts from.
struct ModelSection: Hashable, Sendable {
  /// The architecture's name; nil if there is none that is known.
  var name: String?
  /// The options of the architecture.
  var options = ModelOptions()
  /// The safetensors file whose values it starts from; nil for random ones.
  var from: String?

  /// Reads the section; a relative path starts at the folder of `file`.
  init(reading keys: inout KeyReader, beside file: String) {
    let names = Zoo.entries.map(\.name)
    name = keys.required("name", remedy: "write \(Cursor.list(names))") {
      $0.choice("a model", of: names.map { ($0, $0) })
    }
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
    from = keys.optional("from") { cursor in
      cursor.text().map { DataSection.path($0, beside: file) }
    }
  }

  /// The values of an architecture as a plan has them; no option that it doesn't have.
  static func planLines(of architecture: Architecture) -> [PlanText.Line] {
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
