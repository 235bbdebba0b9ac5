import Bytes
package import Codecs
import Datasets
import Federation
import Measures
import Models
import Neural
import Progressive
import Tensors

/// The plan of a run and what follows from it: all that another implementation of a worker needs
/// before it joins.
///
/// The text and its digest are what both sides compare; everything else says the same in parts that
/// programs read.
package struct PlanDescription: Hashable, Sendable, Encodable {
  /// Grows when fields change their meaning; new fields don't count.
  package var format = 1
  /// The run's name; no part of the plan.
  package var name: String
  /// SHA-256 of the text's UTF-8, which JOIN carries.
  package var digest: String
  /// The plan: a line `name: value` for each value, each ended by a line feed.
  package var text: String
  /// The number of clients.
  package var clients: Int
  /// All rounds.
  package var rounds: Int
  /// The strategy by which the model is trained.
  package var strategy: String
  /// The network.
  package var model: Model
  /// The steps of the schedule in order.
  package var stages: [Stage]
  /// The blocks and heads of all stages, their tensors in the order of the bytes.
  package var segments: [Segment]
  /// The data set.
  package var data: Samples
  /// The hyperparameters of a client's local training.
  package var training: TrainingSection
  /// The codecs of updates and model.
  package var codecs: Codecs

  /// The network.
  package struct Model: Hashable, Sendable, Encodable {
    package var name: String
    /// The shape of one sample, `[C, H, W]`; none of a manifest's model.
    package var input: [Int]?
    /// None where a manifest doesn't tell.
    package var classes: Int?
    /// In which order blocks are applied.
    package var order: String
    /// "classes", or "pixels" and the loss; none of a manifest's model.
    package var objective: String?
  }

  /// One step of the schedule.
  package struct Stage: Hashable, Sendable, Encodable {
    /// The step, from 1.
    package var stage: Int
    /// Its rounds, at most where a trigger may end it.
    package var rounds: Int
    /// Its first rounds, which train only the new block and head.
    package var warmUpRounds: Int
    /// The segments of its model in the order of the wire.
    package var segments: [String]
    /// Those that are trained and sent after the warm-up.
    package var trained: [String]
    /// The bytes that an update after the warm-up has at most; the broker refuses longer ones.
    package var maximalUpdateBytes: Int
  }

  /// One block or head.
  package struct Segment: Hashable, Sendable, Encodable {
    package var name: String
    package var parameters: Int
    /// In the order of the bytes.
    package var tensors: [Tensor]
    /// The encoding of its updates.
    package var update: Encoding
    /// The encoding of its keyframes.
    package var keyframe: Encoding
    /// The encoding of its deltas; none without deltas.
    package var delta: Encoding?
  }

  /// One tensor of a segment.
  package struct Tensor: Hashable, Sendable, Encodable {
    package var name: String
    package var shape: [Int]
    /// "weight", "bias", "scale" or "buffer".
    package var role: String
  }

  /// The encoding of a segment.
  package struct Encoding: Hashable, Sendable, Encodable {
    /// The codec's text; "dense32" too where all tensors are small or buffers.
    package var codec: CodecSpec
    /// The number of bytes; none if it depends on the values.
    package var bytes: Int?
    /// The largest number of bytes.
    package var maximalBytes: Int
  }

  /// The data set.
  package struct Samples: Hashable, Sendable, Encodable {
    package var name: String
    package var partition: String
    package var augmentation: String
    /// True if each pixel has its own label.
    package var segmentation: Bool
    /// The means that are subtracted from intensities, one per channel; none before the samples
    /// tell them.
    package var means: [Float]
    /// The deviations that the differences are divided by, one per channel.
    package var deviations: [Float]
    /// "name" for a known data set, "here" for samples that are dealt out, "clients" for their own,
    /// "trainer" for those that trainer programs have.
    package var from: String
    /// The shape of one sample as it is stored, `[C, H, W]`.
    package var input: [Int]
    /// The names of the classes or of the pixels' labels; none of a known data set.
    package var labels: [String]?
    /// The treatment of pictures of another size; none of a known data set.
    package var fit: String?
    /// "given", "none", or "federated" where the samples tell it.
    package var normalization: String
    /// The share of somebody's own samples that is held out for tests.
    package var holdOut: Double?
  }

  /// The codecs and their limits.
  package struct Codecs: Hashable, Sendable, Encodable {
    package var up: CodecSpec
    package var down: CodecSpec
    /// None where each round has a keyframe.
    package var downDelta: CodecSpec?
    package var reference: String?
    package var keyframeEvery: Int?
    /// Codecs of segments of their own, for updates.
    package var blocks: [String: CodecSpec]
    /// The codecs of each stage's first rounds.
    package var young: EarlyCodecs?
    /// True if a client adds the error of its updates to the next one.
    package var errorFeedback: Bool
    /// True if fresh segments are told by eight bytes.
    package var initialSeeds: Bool
    /// Tensors of fewer values travel as 32-bit floats.
    package var smallTensors: Int
    /// The largest magnitude of values that are quantized or multiplied.
    package var maximalMagnitude = Magnitude.limit
    /// The largest scale that is believed.
    package var maximalScale = Magnitude.scaleLimit
  }
}

extension PlanDescription {
  /// Describes the plan of `topology`.
  package init(_ topology: Topology) {
    name = topology.name
    text = topology.plan
    digest = topology.planDigest.hex
    clients = topology.clients
    rounds = topology.rounds
    strategy = topology.strategy.rawValue
    let architecture = topology.architecture
    model = Model(
      name: architecture.name, input: architecture.input?.dimensions,
      classes: architecture.classes, order: architecture.nesting.rawValue,
      objective: architecture.objective?.canonical)
    stages = topology.growthSchedule.rounds.indices.map { Stage($0, of: topology) }
    let layouts = (1...architecture.stages).map { architecture.layouts(stage: $0) }
    let all = (layouts.last?.dropLast() ?? []) + layouts.compactMap(\.last)
    segments = all.map { Segment($0, topology.codecs) }
    data = Samples(topology.data)
    training = topology.training
    codecs = Codecs(topology.codecs)
  }
}

extension PlanDescription.Stage {
  fileprivate init(_ index: Int, of topology: Topology) {
    let schedule = topology.growthSchedule
    stage = index + 1
    rounds = schedule.rounds[index]
    let first = schedule.rounds.prefix(index).reduce(0, +) + 1
    let phases = (0..<rounds).map { schedule.phase(in: first + $0) }
    warmUpRounds = phases.count { $0.warmUp }
    // End to end the last stage has all rounds.
    let phase = phases.last
    segments = phase?.segments.map(\.description) ?? []
    let names = phase.map { phase in phase.segments.filter(phase.trains).map(\.description) } ?? []
    trained = names
    let layouts = phase.map { topology.layouts(stage: $0.stage) } ?? []
    maximalUpdateBytes = layouts.filter { names.contains($0.name) }.reduce(0) { sum, layout in
      let sizes = phases.map { topology.codecs.up(in: $0).maximumSize(of: layout).bytes }
      return sum + UpdateFraming.lengthBytes + (sizes.max() ?? 0)
    }
  }
}

extension PlanDescription.Segment {
  fileprivate init(_ layout: ParameterLayout, _ codecs: CodecsSection) {
    name = layout.name
    parameters = layout.count
    tensors = layout.parameters.map {
      .init(name: $0.name, shape: $0.shape.dimensions, role: $0.role.rawValue)
    }
    update = .init(codecs.up, of: layout)
    keyframe = .init(codecs.down, of: layout)
    delta = codecs.delta.map { .init($0.codec, of: layout) }
  }
}

extension PlanDescription.Encoding {
  fileprivate init(_ codec: UpdateCodec, of layout: ParameterLayout) {
    self.codec = codec.spec(of: layout.name)
    bytes = codec.exactSize(of: layout)?.bytes
    maximalBytes = codec.maximumSize(of: layout).bytes
  }
}

extension PlanDescription.Samples {
  fileprivate init(_ section: DataSection) {
    let facts = section.facts
    let format = section.source.format
    name = facts.name
    partition = section.partition.canonical
    augmentation = section.augmentationText
    segmentation = facts.isSegmentation
    means = facts.normalization?.means ?? []
    deviations = facts.normalization?.deviations ?? []
    input = facts.input.dimensions
    labels = format?.labels?.names
    fit = format?.fit.rawValue
    from =
      switch section.source {
      case .collection: "name"
      case .here: "here"
      case .clients: "clients"
      case .trainer: "trainer"
      }
    normalization =
      switch format?.normalization {
      case nil where section.source.isTrainers: "none"
      case nil, .given: "given"
      case .some(.none): "none"
      case .federated: "federated"
      }
    holdOut = section.source.isCollection ? nil : section.holdOut.share
  }
}

extension PlanDescription.Codecs {
  fileprivate init(_ section: CodecsSection) {
    self.init(
      up: section.up.spec, down: section.down.spec, downDelta: section.delta?.codec.spec,
      reference: section.delta?.reference.rawValue, keyframeEvery: section.delta?.keyframeEvery,
      blocks: section.up.overrides, young: section.early,
      errorFeedback: section.errorFeedback, initialSeeds: section.tellsSeeds,
      smallTensors: section.up.smallTensorLimit)
  }
}
