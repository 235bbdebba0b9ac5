import Measures

extension PlanDescription {
  /// The description for people: the digest, the plan, then what follows from it.
  package func report() -> String {
    """
    \(name): what broker and clients agree on

    SHA-256 \(digest)

    \(Self.indented(text.split(separator: "\n").map(String.init)))

    stages
    \(Self.indented(stages.map(\.line)))

    segments, each with its tensors in the order of the bytes
    \(Self.indented(segments.flatMap(\.lines)))

    samples
    \(Self.indented(data.lines))

    codecs
    \(Self.indented(codecs.lines))

    """
  }

  private static func indented(_ lines: [String]) -> String {
    lines.map { "  \($0)" }.joined(separator: "\n")
  }
}

extension PlanDescription.Stage {
  fileprivate var line: String {
    guard rounds > 0 else { return "\(stage): no rounds" }
    let warmUp = warmUpRounds > 0 ? ", the first \(warmUpRounds) of what is new alone" : ""
    return
      "\(stage): \(rounds) round\(rounds == 1 ? "" : "s")\(warmUp); \(segments.joined(separator: ", ")); "
      + "an update has \(trained.joined(separator: ", ")), at most \(maximalUpdateBytes) bytes"
  }
}

extension PlanDescription.Segment {
  fileprivate var lines: [String] {
    let encodings =
      [("update", update), ("keyframe", keyframe)] + (delta.map { [("delta", $0)] } ?? [])
    let sizes = encodings.map { "\($0.0) \($0.1.text)" }.joined(separator: "; ")
    let widths = (
      tensors.map(\.name.count).max() ?? 0, tensors.map(\.extents.count).max() ?? 0
    )
    return ["\(name): \(parameters) values; \(sizes)"]
      + tensors.map { tensor in
        "  \(Self.padded(tensor.name, widths.0))  \(Self.padded(tensor.extents, widths.1))  \(tensor.role)"
      }
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: width - text.count)
  }
}

extension PlanDescription.Tensor {
  fileprivate var extents: String { shape.map(String.init).joined(separator: "×") }
}

extension PlanDescription.Encoding {
  fileprivate var text: String {
    "\(codec), \(bytes == nil ? "at most " : "")\(bytes ?? maximalBytes) bytes"
  }
}

extension PlanDescription.Samples {
  fileprivate var lines: [String] {
    guard from != "trainer" else { return ["the clients' own, which trainer programs have"] }
    let channels = zip(means, deviations).map { "(x − \($0)) / \($1)" }.joined(separator: ", ")
    let measured =
      from == "clients"
      ? "means and deviations of the sums that clients report before the first round, channel by channel"
      : "the samples' own means and deviations, channel by channel"
    let labelling = segmentation ? "a label per pixel" : "a label per sample"
    var lines = [
      from == "clients"
        ? "the clients' own, \(labelling)" : "\(name), \(labelling), partition \(partition)",
      channels.isEmpty
        ? "normalization by " + measured
        : "normalization, channel by channel: \(channels); bytes count from 0 to 1",
    ]
    if let labels {
      lines.append("\(segmentation ? "labels" : "classes"): \(labels.joined(separator: ", "))")
    }
    return lines
  }
}

extension PlanDescription.Codecs {
  fileprivate var lines: [String] {
    [
      "tensors of fewer than \(smallTensors) values, and buffers, travel as 32-bit floats",
      "values that are quantized or multiplied are within ±\(maximalMagnitude), scales up to "
        + "\(maximalScale)",
    ]
  }
}
