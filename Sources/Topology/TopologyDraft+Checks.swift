import Codecs
import Datasets
import Federation
import Measures
import Models
import Neural
import Progressive
import Tensors

extension TopologyDraft {
  private var corrections: CorrectionChecks {
    CorrectionChecks(training: training, participation: participation, server: server)
  }

  /// Holds the sections against each other and makes the topology; nil if a fault prevents that.
  ///
  /// - Parameters:
  ///   - file: The file, as it was named.
  ///   - source: Its text.
  ///   - overrides: The command line's values, which are in the sections but for the rounds.
  ///   - checksFiles: True if the data set's files must be there.
  ///   - reading: Takes the faults.
  /// - Returns: A topology, which is sound only if there are no faults.
  func topology(
    file: String, source: String, overrides: Overrides, checksFiles: Bool, reading: Reading
  ) -> Topology? {
    if checksFiles, let data, reading.isSound("data.path", "data.name") {
      data.checkFiles(reading)
    }
    let architecture = data.flatMap { fitting($0, reading: reading) }
    var rules = participation.rules(clients: clients, reading: reading)
    rules.sampleUnit = data?.telling.unit ?? 1
    // What clients tell is compared with it.
    rules.sampleLimit = self.limits.samples?.told(by: rules.sampleUnit)
    checkSamples(reading)
    corrections.checkSteps(reading)
    if let clients { evaluation.checkEvaluators(clients: clients, reading: reading) }
    var schedule: GrowthSchedule?
    if let architecture {
      checkStages(architecture, reading)
      checkStrategy(architecture, reading)
      if let clients {
        participation.checkCaps(clients: clients, stages: architecture.stages, reading: reading)
      }
      checkBlocks(architecture, reading)
      checkBudget(architecture, reading)
      if reading.isSound("rounds", "stages") {
        schedule = stages.schedule(
          total: rounds, override: overrides.rounds, of: architecture, strategy: strategy,
          reading: reading)
      }
      if let extended = overrides.extended {
        // All blocks are there and have been trained: nothing grows, and nothing is warmed up.
        schedule = schedule.map { _ in
          GrowthSchedule(
            rounds: Array(repeating: 0, count: architecture.stages - 1) + [extended.rounds],
            strategy: strategy)
        }
      }
    }
    guard let clients, let architecture, let schedule, let data else { return nil }
    let fleet = fleet(clients: clients, reading: reading)
    corrections.checkCorrection(fleet, reading)
    let stageLimits = stageLimits(
      fleet, architecture, rules: rules, clients: clients, reading)
    let unplayable = unplayable(fleet, reading)
    let limits = limits(for: fleet, architecture: architecture, rules: rules, reading: reading)
    return Topology(
      file: file, source: source, overrides: overrides, name: name, seed: seed, clients: clients,
      strategy: strategy, architecture: architecture, startsFrom: model.from, relays: relays,
      growthSchedule: schedule,
      // What is told by a seed alone must be drawn from it.
      entry: stages.entry
        ?? (codecs.tellsSeeds || model.manifest != nil ? .random : stages.usualEntry(strategy)),
      data: data,
      training: training, server: server, rules: rules, caps: participation.caps,
      depth: participation.depth, codecs: codecs,
      evaluation: evaluation, limits: limits, fleet: fleet, stageLimits: stageLimits,
      updateNorm: self.limits.updateNorm, normMultiple: self.limits.normMultiple,
      unplayable: unplayable,
      places: Dictionary(
        uniqueKeysWithValues: Self.judgedLater.map { ($0, reading.place(of: $0)) }))
  }

  /// The keys whose values depend on what is in the data.
  private static let judgedLater = [
    "clients", "data.limit.test", "data.limit.train", "data.name", "data.partition", "data.path",
    "limits.samples",
  ]

  /// The model for the data's shape, after augmentation, and its classes.
  private func fitting(_ section: DataSection, reading: Reading) -> Architecture? {
    let samples = section.facts
    if let manifest = model.manifest {
      return checkTrained(section, reading) ? Architecture(manifest) : nil
    }
    guard section.augmentation.fits(samples.input) else {
      reading.report(
        "data.augmentation",
        "data.augmentation cuts out more than an image of \(samples.input) holds",
        remedy: "write none")
      return nil
    }
    checkOwnModel(section, reading)
    guard let name = model.name, reading.isSound("model", "data.from") else { return nil }
    let input = section.augmentation.output(of: samples.input)
    do throws(ModelError) {
      let architecture = try Zoo.architecture(
        named: name, input: input, classes: samples.classes, options: model.options)
      guard (architecture.objective != .classes) == samples.isSegmentation else {
        reading.report(
          "model.name",
          samples.isSegmentation
            ? "model.name is \(name), which labels images; \(samples.name) labels pixels"
            : "model.name is \(name), which labels pixels; \(samples.name) labels images",
          remedy: Self.alternatives(to: name, for: samples, input))
        return nil
      }
      let largest =
        architecture.allLayouts
        .flatMap(\.parameters).map(\.shape.count).max() ?? 0
      guard largest <= Int32.max else {
        reading.report(
          "model.name",
          "model.name is \(name), of which a tensor has \(largest) values for images of \(input), "
            + "more than \(Int32.max)",
          remedy: "take smaller images, or another model")
        return nil
      }
      return architecture
    } catch {
      if case .unsupportedOption(_, let option, _, let supported) = error {
        reading.report(
          "model.\(option)", "model.\(option) doesn't fit: \(error)",
          remedy: supported.isEmpty
            ? "remove it, or choose another model" : "write \(Cursor.list(supported))")
        return nil
      }
      reading.report(
        "model.name",
        "model.name is \(name), which doesn't take \(samples.name)'s images of \(input): \(error)",
        remedy: Self.alternatives(to: name, for: samples, input))
      return nil
    }
  }

  /// The models that take the images of `samples`, in words.
  private static func alternatives(
    to name: String, for samples: SampleFacts, _ input: Shape
  ) -> String {
    let fitting = Zoo.entries.filter { entry in
      let found = try? Zoo.architecture(
        named: entry.name, input: input, classes: samples.classes)
      return found.map { ($0.objective != .classes) == samples.isSegmentation } ?? false
    }
    return fitting.isEmpty
      ? "choose another data set" : "choose \(Cursor.list(fitting.map(\.name)))"
  }

  private func checkStages(_ architecture: Architecture, _ reading: Reading) {
    guard let count = stages.count, count != architecture.stages else { return }
    reading.report(
      "stages.count",
      "stages.count is \(count), but \(architecture.name) has \(architecture.stages)",
      remedy: "write \(architecture.stages), or leave it out")
  }

  /// Reports a model that the strategy can't train, and a trigger that nothing can set off.
  private func checkStrategy(_ architecture: Architecture, _ reading: Reading) {
    if strategy.usesAllHeads {
      if !architecture.supportsAllHeads {
        reading.report(
          "strategy",
          "strategy is \(strategy.rawValue), but \(architecture.name)'s heads can't work side by side",
          remedy: "write progressive")
      }
    }
    if stages.parts != nil, !strategy.takesParts, strategy != .endToEnd {
      reading.report(
        "stages.parts",
        "stages.parts is for rounds of the full model, and strategy \(strategy.rawValue) says itself "
          + "what they train",
        remedy: "remove it, or write strategy: fedpart")
    }
    if let resting = stages.resting, strategy != .endToEnd {
      checkResting(resting, architecture, reading)
    }
    if case .plateau = stages.trigger, evaluation.every == 0 {
      reading.report(
        "evaluation.every", "evaluation.every is 0, but stages end by evaluations",
        remedy: "write every how many rounds, as in 5")
    }
  }

  /// Reports blocks that can't rest.
  private func checkResting(_ resting: Int, _ architecture: Architecture, _ reading: Reading) {
    let path = "stages.resting"
    if !strategy.recycles {
      reading.report(
        path,
        "\(path) is for models all of whose blocks are trained in each round, and strategy "
          + "\(strategy.rawValue) says itself which are",
        remedy: "remove it, or write strategy: fedluar")
    } else if resting >= architecture.stages {
      reading.report(
        path, "\(path) is \(resting), which leaves none of \(architecture.stages) blocks to train",
        remedy: "write \(architecture.stages - 1) at most")
    } else if resting > 0, stages.parts != nil {
      reading.report(
        path, "\(path) and stages.parts both say which blocks a round trains",
        remedy: "remove one of them")
    }
  }

  /// Reports codecs of blocks that the model doesn't have.
  private func checkBlocks(_ architecture: Architecture, _ reading: Reading) {
    let names = Set(
      (1...architecture.stages).flatMap { architecture.layouts(stage: $0) }.map(\.name))
    for name in codecs.up.overrides.keys.sorted() where !names.contains(name) {
      reading.report(
        "codecs.blocks.\(name)",
        "codecs.blocks.\(name) is of no use: \(architecture.name) has no \(name)",
        remedy:
          "write block1 to block\(architecture.stages), or head1 to head\(architecture.stages)")
    }
  }

  /// Reports an update that is larger than all that may be in flight.
  private func checkBudget(_ architecture: Architecture, _ reading: Reading) {
    // How much may be in flight is the broker's affair, of which a plan says nothing.
    guard !reading.isPlan else { return }
    // That not all heads can be trained is told elsewhere.
    let hasAllHeads = strategy.usesAllHeads && architecture.supportsAllHeads
    let largest =
      (1...architecture.stages).map { stage in
        architecture.layouts(stage: stage, supervision: hasAllHeads ? .all : .newest)
          .reduce(0) { $0 + codecs.up.maximumSize(of: $1).bytes }
      }.max() ?? 0
    guard largest > limits.transfers.bytesInFlight, reading.isSound("limits", "codecs") else {
      return
    }
    reading.report(
      "limits.bytesInFlight",
      "limits.bytesInFlight is less than the \(largest) bytes of one update",
      remedy: "write \((largest >> 20) + 1) MiB at least")
  }

  /// Reports that there can't be enough samples, as far as is known before they are read.
  private func checkSamples(_ reading: Reading) {
    guard let clients, let section = data, let limit = section.limit.train,
      reading.isSound("clients", "data.limit", "data.partition")
    else { return }
    let needed = section.partition.samplesNeeded(clients: clients)
    guard needed > limit else { return }
    reading.report(
      "data.limit.train",
      "data.limit.train leaves \(limit) samples, but \(clients) clients need \(needed)",
      remedy: "raise it, or ask for fewer clients")
  }
}
