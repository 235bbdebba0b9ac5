import Bytes
import Codecs
import Datasets
import Federation
import LocalTraining
import Measures
import Models
import Tensors
import Testing
import Topology
import Wire

/// A workload of a small network on synthetic images, and one client's trainings on it.
struct TrainingBench {
  let workload: Workload
  let stage: Int
  /// The model's values, in the order of the wire.
  let values: [ParameterVector]
  let store: ClientStore?
  private let training: Dataset
  private let pool = TrainingPool(width: 1)

  /// A bench of clients that make plain steps of gradient descent, but for what `training` says.
  init(
    _ training: String = "", clipNorm: String = "none", codecs: String = "{up: dense32}",
    stage: Int = 1, batch: Int = 20, data: String = ""
  ) throws {
    let text = """
      name: tiny
      seed: 7
      clients: 3
      model: {name: convnet}
      data:
        name: synthetic
        limit: {train: 60, test: 20}
      \(data)
      stages: {rounds: [1, 1, 1]}
      codecs: \(codecs)
      training: {batch: \(batch), momentum: 0, weightDecay: 0, clipNorm: \(clipNorm)\(training)}

      """
    let topology = try Topology(
      parsing: text, file: "tiny.yaml", overrides: Overrides(), checksFiles: false)
    let split = try topology.data.load()
    self.training = split.train
    workload = Workload(topology, data: .dealt(split))
    self.stage = stage
    values = topology.architecture.initialize(stage: stage, random: RandomStream(seed: 3))
    store = try ClientStore(for: workload)
  }

  var layouts: [ParameterLayout] { values.map(\.layout) }

  /// The model's segments as they are announced, those of `trained` to be trained, nil for all.
  func segments(trained: Set<String>? = nil) -> [Segment] {
    values.map { value in
      Segment(
        name: value.layout.name, state: Digest(state: value),
        trained: trained?.contains(value.layout.name) ?? true, steps: [])
    }
  }

  /// The training of a client on the first `samples`, from the bench's values or other `states`.
  ///
  /// The segments of `trained` are trained, nil for all; `sent` are the server's control variates.
  /// It remembers what came with the update `counted`; `lost` is called where that isn't here.
  func train(
    client: Int = 0, samples: Int = 20, rate: Float = 0.1, newBlockRate: Float = 1,
    trained: Set<String>? = nil, sent: [ParameterVector] = [], states: [SegmentState]? = nil,
    after counted: CountedUpdate? = nil, lost: @escaping @Sendable () -> Void = {}
  ) -> LocalResult {
    let announce = Announce(
      sequence: 1, state: .open, warmUp: false, remaining: 1000, learningRate: rate,
      newBlockRate: newBlockRate, selected: [client], segments: segments(trained: trained),
      updateCodec: workload.topology.codecs.up.spec)
    var task = ClientTask(round: stage, stage: stage, announce: announce, steps: [])
    task.counted = counted
    var training = LocalTraining(
      workload: workload, task: task, client: client, seed: 7,
      states: states ?? (values + sent).map { SegmentState($0) },
      learner: BuiltInLearner(
        ClientSamples(
          training: SampleChoice(self.training, Array(0..<samples)),
          heldOut: SampleChoice(self.training, []))),
      memories: store)
    training.lacksMemory = lost
    let (work, results) = (training, Results())
    pool.forEach(1) { _, lane in results.set(work.run(on: lane)) }
    return results.value
  }

  /// The update of a training that ends well, decoded.
  func update(_ result: LocalResult, trained: Set<String>? = nil) throws -> [ParameterVector] {
    guard case .trained(_, let buffer, _) = result else {
      Issue.record("\(result)")
      return []
    }
    let covered = layouts.filter { trained?.contains($0.name) ?? true }
    let codec = workload.topology.codecs.up
    return try zip(try UpdateFraming.split(buffer.bytes, count: covered.count), covered).map {
      try codec.decode($0, layout: $1)
    }
  }

  /// The memory that comes with the update of a training that ends well.
  func memory(_ result: LocalResult) throws -> ClientMemory {
    guard case .trained(_, _, let memory?) = result else { throw Unexpected(what: "\(result)") }
    return memory
  }

  /// A result that a test doesn't reckon with.
  struct Unexpected: Error {
    var what: String
  }
}

/// The Euclidean norm over all values.
func norm(_ vectors: [ParameterVector]) -> Double {
  vectors.lazy.flatMap(\.scalars).reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
}

/// The largest difference of two lists of values.
func distance(_ left: [ParameterVector], _ right: [ParameterVector]) -> Float {
  zip(left.flatMap(\.scalars), right.flatMap(\.scalars)).reduce(0) { max($0, abs($1.0 - $1.1)) }
}

extension [ParameterVector] {
  /// The values, each changed by `change`.
  func mapped(_ change: (Float) -> Float) -> [ParameterVector] {
    map { ParameterVector(layout: $0.layout, scalars: $0.scalars.map(change)) }
  }
}
