package import Models
import Tensors

extension ModelManifest {
  /// The manifest on one line, as plans have it and `--set model.manifest=` takes it.
  package var setting: String {
    FlowText.section(
      head.map { ($0.key, $0.value) } + [
        (
          "stages",
          FlowText.list(
            stages.enumerated().map { index, stage in
              FlowText.section(
                Self.settings(of: stage, number: index + 1) + [
                  ("block", FlowText.list(stage.block.map(\.setting))),
                  ("head", FlowText.list(stage.head.map(\.setting))),
                ])
            })
        )
      ])
  }

  /// The manifest as a file for people, a tensor a line.
  ///
  /// - Parameter values: The path of the file with first values, seen from the manifest's folder;
  ///   nil where rules give them.
  /// - Returns: The text, in YAML.
  package func text(values: String? = nil) -> String {
    var lines = head.map { "\($0.key): \($0.value)" }
    if let values { lines.append("values: \(FlowText.text(values))") }
    lines.append("stages:")
    for (index, stage) in stages.enumerated() {
      var keys = Self.settings(of: stage, number: index + 1).map { "\($0.0): \($0.1)" }
      for (name, tensors) in [("block", stage.block), ("head", stage.head)] {
        keys.append("\(name):")
        keys += tensors.map { "  - \($0.setting)" }
      }
      lines += keys.enumerated().map { "\($0 == 0 ? "  - " : "    ")\($1)" }
    }
    return lines.map { "\($0)\n" }.joined()
  }

  private var head: [(key: String, value: String)] {
    var head = [("format", FlowText.text(ManifestFile.format)), ("name", FlowText.text(name))]
    if let classes { head.append(("classes", "\(classes)")) }
    if pointsPerSample != 1 { head.append(("pointsPerSample", "\(pointsPerSample)")) }
    return head.map { (key: $0.0, value: $0.1) }
  }

  /// The keys of a stage but its tensors.
  private static func settings(of stage: Stage, number: Int) -> [(String, String)] {
    var keys: [(String, String)] = []
    if let flops = stage.flops { keys.append(("flops", "\(flops)")) }
    if stage.carriesBlock { keys.append(("blockFrom", "block\(number - 1)")) }
    if stage.carriesHead { keys.append(("headFrom", "head\(number - 1)")) }
    return keys
  }
}

extension Parameter {
  /// The tensor as a manifest has it.
  fileprivate var setting: String {
    var keys = [("name", FlowText.text(name)), ("shape", "\(shape.dimensions)")]
    if role == .buffer { keys.append(("role", "buffer")) }
    switch initial {
    case .uniform(let fanIn): keys.append(("fanIn", "\(fanIn)"))
    case .normal(let deviation): keys.append(("init", "{normal: \(deviation)}"))
    case .ones: keys.append(("init", "ones"))
    case .zeros, .usual: keys.append(("init", "zeros"))
    }
    return FlowText.section(keys)
  }
}
