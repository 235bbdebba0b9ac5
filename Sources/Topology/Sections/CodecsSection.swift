package import Codecs
package import Progressive

/// The section `codecs`: how updates and the model become bytes.
package struct CodecsSection: Hashable, Sendable {
  /// The codec of the updates, from clients to broker, after a stage's first rounds.
  package var up: UpdateCodec
  /// The codec of the model, from broker to clients; of its keyframes, if there are deltas.
  package var down: UpdateCodec
  /// The deltas after a keyframe; nil if each round has a keyframe.
  package var delta: DeltaPlan?
  /// True if a client keeps the error of an encoded update and adds it to the next one.
  package var errorFeedback: Bool
  /// Other codecs for the first rounds of each stage; nil for the same ones.
  package var early: EarlyCodecs?
  /// True if a fresh segment is told by the seed of its values and not sent whole.
  package var tellsSeeds: Bool

  /// The codec of the updates in `phase`.
  package func up(in phase: Phase) -> UpdateCodec {
    guard let early, phase.roundInStep <= early.rounds, let spec = early.up else { return up }
    return up(announced: spec)
  }

  /// The codec of the updates in a round that announces `spec`.
  ///
  /// Blocks' own codecs hold beside the usual one alone.
  package func up(announced spec: CodecSpec) -> UpdateCodec {
    guard spec != up.spec, spec == early?.up else { return up }
    return UpdateCodec(spec, smallTensorLimit: up.smallTensorLimit)
  }

  /// The deltas after a keyframe in `phase`.
  package func delta(in phase: Phase) -> DeltaPlan? {
    guard var plan = delta, let early, phase.roundInStep <= early.rounds,
      let spec = early.downDelta
    else { return delta }
    plan.codec.spec = spec
    return plan
  }
}

/// Other codecs for the first rounds of each stage, when new blocks learn the most.
package struct EarlyCodecs: Hashable, Sendable, Encodable {
  /// The number of rounds at the head of each stage.
  package var rounds: Int
  /// The codec of the updates, of all blocks; nil for the usual ones.
  package var up: CodecSpec?
  /// The codec of the model's deltas; nil for the usual one.
  package var downDelta: CodecSpec?
}

extension EarlyCodecs {
  fileprivate init(reading keys: inout KeyReader) {
    rounds = keys.value("rounds", default: 3) { $0.whole(1...1_000_000) }
    up = keys.optional("up") { CodecsSection.spec($0) }
    downDelta = keys.optional("downDelta") { CodecsSection.difference($0) }
  }
}

extension CodecsSection {
  init(reading keys: inout KeyReader) {
    let up = keys.value("up", default: .dense32) { Self.spec($0) }
    let down = keys.value("down", default: .dense32) { Self.model($0) }
    let standard = UpdateCodec(.dense32).smallTensorLimit
    let limit = keys.value("smallTensors", default: standard) { $0.whole(0...1_000_000_000) }
    let blocks = keys.value("blocks", default: [:]) { Self.blocks($0) }
    self.up = UpdateCodec(up, smallTensorLimit: limit, overrides: blocks)
    self.down = UpdateCodec(down, smallTensorLimit: limit)
    tellsSeeds = keys.value("initial", default: false) { cursor in
      cursor.choice("a way to tell initial values", of: [("seed", true), ("sent", false)])
    }
    errorFeedback = keys.value("errorFeedback", default: false) { $0.flag() }
    delta = Self.delta(reading: &keys, limit: limit)
    early = keys.optional("early", formerly: Self.formerEarly) {
      $0.keys { EarlyCodecs(reading: &$0) }
    }
    check(keys)
  }

  /// Puts the command line's codecs in place of the file's.
  mutating func override(up: CodecSpec?, down: CodecSpec?, reading: Reading) {
    self.up.spec = up ?? self.up.spec
    self.down.spec = down ?? self.down.spec
    if down != nil, self.down.spec.sparsification != nil {
      reading.report("codecs.down", "\(self.down.spec) \(Self.gaps)", remedy: Self.gapless)
    }
    if up != nil, errorFeedback, let growth = self.up.spec.growth {
      reading.report("codecs.up", "\(self.up.spec) \(growth.problem)", remedy: growth.remedy)
    }
  }

  private static func delta(reading keys: inout KeyReader, limit: Int) -> DeltaPlan? {
    let spec = keys.optional("downDelta") { difference($0) }
    let reference = keys.optional("reference") { cursor in
      cursor.choice("a reference", of: DeltaPlan.Reference.allCases.map { ($0.rawValue, $0) })
    }
    let interval = keys.optional("keyframeEvery") { $0.whole(1...1_000_000) }
    guard let spec else {
      for key in ["reference", "keyframeEvery"] where keys.has(key) {
        guard keys.reading.isSound(keys.full("downDelta"), keys.full(key)) else { continue }
        keys.reading.report(
          keys.full(key), "\(keys.full(key)) means nothing without deltas",
          remedy: "remove it, or write their codec, as in downDelta: stc5")
      }
      return nil
    }
    var plan = DeltaPlan(codec: UpdateCodec(spec, smallTensorLimit: limit))
    plan.reference = reference ?? plan.reference
    // An anchor doesn't end by itself: its deltas are never many.
    plan.keyframeEvery = interval ?? (plan.reference == .anchor ? 10 : nil)
    return plan
  }

  private func check(_ keys: KeyReader) {
    let early = keys.has(Self.formerEarly) ? Self.formerEarly : "early"
    let places = ["up", "blocks", early].map(keys.full(_:))
    guard places.allSatisfy({ keys.reading.isSound($0) }) else { return }
    if self.early?.downDelta != nil, delta == nil, keys.reading.isSound(keys.full("downDelta")) {
      keys.reading.report(
        keys.full("\(early).downDelta"),
        "\(keys.full("\(early).downDelta")) means nothing without deltas",
        remedy: "remove it, or write the codec of later ones, as in downDelta: stc5")
    }
    guard errorFeedback else { return }
    for (key, spec) in ups(early: early) {
      guard let growth = spec.growth else { continue }
      keys.reading.report(
        keys.full(key), "\(keys.full(key)) is \(spec), which \(growth.problem)",
        remedy: growth.remedy)
    }
  }

  /// The key of the early codecs before it was called so.
  private static let formerEarly = "young"

  /// All codecs that updates go up by, under their keys; those of a stage's first rounds under
  /// `early`.
  private func ups(early key: String = "early") -> [(key: String, spec: CodecSpec)] {
    let blocks = up.overrides.sorted { $0.key < $1.key }.map {
      (key: "blocks.\($0.key)", spec: $0.value)
    }
    return [(key: "up", spec: up.spec)] + blocks
      + (early?.up.map { [(key: "\(key).up", spec: $0)] } ?? [])
  }

  /// The codec that stands at the cursor.
  fileprivate static func spec(_ cursor: Cursor) -> CodecSpec? {
    guard let text = cursor.text(atMost: 100) else { return nil }
    do throws(CodecSpecError) {
      return try CodecSpec(parsing: text)
    } catch {
      let (problem, remedy) = halves(error)
      cursor.report("names no codec: \(problem)", remedy: remedy)
      return nil
    }
  }

  /// The codec of a whole model, which has no gaps.
  private static func model(_ cursor: Cursor) -> CodecSpec? {
    guard let spec = spec(cursor) else { return nil }
    guard spec.sparsification == nil else {
      cursor.report("is \(spec), which \(gaps)", remedy: gapless)
      return nil
    }
    return spec
  }

  /// The codec of a difference whose error is sent later, so that it must be less than the
  /// difference.
  fileprivate static func difference(_ cursor: Cursor) -> CodecSpec? {
    guard let spec = spec(cursor) else { return nil }
    if let growth = spec.growth {
      cursor.report("is \(spec), which \(growth.problem)", remedy: growth.remedy)
      return nil
    }
    return spec
  }

  /// The codecs of blocks and heads by their names.
  private static func blocks(_ cursor: Cursor) -> [String: CodecSpec]? {
    guard let entries = cursor.entries("a section of blocks", remedy: "write block1: eden1") else {
      return nil
    }
    var blocks: [String: CodecSpec] = [:]
    for (name, value) in entries {
      guard let segment = SegmentName(name), segment.corrected == nil else {
        value.report("names no block or head", remedy: "write block1, block2, …, or head1, …")
        continue
      }
      blocks[name] = spec(value)
    }
    return blocks
  }

  private static let gaps = "leaves values out, but clients need the whole model"
  private static let gapless = "write a codec that only rounds, as in linear8"

  /// The error's text before and after its first semicolon.
  private static func halves(_ error: CodecSpecError) -> (problem: String, remedy: String) {
    let halves = error.description.split(separator: ";", maxSplits: 1)
    guard halves.count == 2 else { return (error.description, "choose another codec") }
    return (String(halves[0]), Cursor.trimmed(halves[1]))
  }

  /// All values as a plan has them; those that a topology may do without only if it has them.
  var planLines: [PlanText.Line] {
    var lines: [(String, String)] = [
      ("up", "\(up.spec)"), ("down", "\(down.spec)"),
      ("smallTensors", "\(up.smallTensorLimit)"), ("initial", tellsSeeds ? "seed" : "sent"),
      ("errorFeedback", "\(errorFeedback)"),
    ]
    for (name, spec) in up.overrides.sorted(by: { $0.key < $1.key }) {
      lines.append(("blocks.\(name)", "\(spec)"))
    }
    if let delta {
      lines.append(("downDelta", "\(delta.codec.spec)"))
      lines.append(("reference", delta.reference.rawValue))
      if let interval = delta.keyframeEvery { lines.append(("keyframeEvery", "\(interval)")) }
    }
    if let early {
      lines.append(("early.rounds", "\(early.rounds)"))
      if let spec = early.up { lines.append(("early.up", "\(spec)")) }
      if let spec = early.downDelta { lines.append(("early.downDelta", "\(spec)")) }
    }
    return lines.map { PlanText.Line("codecs.\($0.0)", $0.1) }
  }

  /// Advice for readers of `check`.
  package var warnings: [String] {
    var warnings: [String] = []
    if !errorFeedback {
      if let biased = ups().map(\.spec).first(where: { !$0.isUnbiased }) {
        warnings.append(
          "codecs: updates go up by \(biased), whose errors don't average out; write "
            + "errorFeedback: true, or take an unbiased codec, as in eden1")
      }
    }
    if let delta, case .eden(let bits, .unbiased) = delta.codec.spec.quantization {
      warnings.append(
        "codecs: eden\(bits)mse has a smaller error than \(delta.codec.spec), and what is left out "
          + "of a delta is sent later")
    }
    return warnings
  }
}

extension CodecSpec {
  /// The reason that an error memory of this codec grows from round to round, and the cure; nil if
  /// it doesn't.
  fileprivate var growth: (problem: String, remedy: String)? {
    if case .random = sparsification {
      return (
        "scales what it keeps: what it leaves out grows from round to round",
        "choose the values by magnitude, as in topk1+linear4 or stc1"
      )
    }
    // Larger tensors than those of the measurement err more: 1 would be too late.
    guard let error = try? relativeSquaredError(), error > 0.85 else { return nil }
    return (
      "errs by more than what it is given: what it leaves out grows from round to round",
      "take more bits, as in linear8, or choose the values by magnitude, as in stc1"
    )
  }
}
