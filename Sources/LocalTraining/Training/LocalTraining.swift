package import Bytes
import Codecs
package import Datasets
package import Federation
import Measures
import Models
import Neural
import Progressive
import Tensors
import Topology
package import Wire

/// One client's work in one round: decode the model, train on the client's samples, encode the
/// update.
///
/// A pure function of its fields: the lane and the thread change nothing.
package struct LocalTraining: Sendable {
  let workload: Workload
  let task: ClientTask
  let client: Int
  let seed: UInt64
  /// The states of the model's segments in order, and those of the announced control variates.
  let states: [SegmentState]
  /// Whoever trains for the client.
  let learner: any Learner
  /// The memories of clients; nil where they remember nothing.
  let memories: ClientStore?
  /// Is told that nothing is kept of the client's last update that counts: it begins anew.
  package var lacksMemory: @Sendable () -> Void = {}
  /// Tells whether its result is no longer needed; whoever trains may ask.
  package var isCancelled: @Sendable () -> Bool = { false }

  /// The work of `client` in the round of `task`.
  package init(
    workload: Workload, task: ClientTask, client: Int, seed: UInt64, states: [SegmentState],
    learner: any Learner, memories: ClientStore?
  ) {
    self.workload = workload
    self.task = task
    self.client = client
    self.seed = seed
    self.states = states
    self.learner = learner
    self.memories = memories
  }

  /// Trains on `lane` and says what came of it.
  package func run(on lane: TrainingLane) -> LocalResult {
    guard learner.counts.training > 0 else { return failed(.noData, "it has no samples") }
    do {
      let stage = workload.network(stage: task.stage)
      let start = try startingPoint(stage)
      let sent = try sentControlVariates(stage)
      var memory = try remembered()
      memory?.adapt(to: stage.layouts)
      var trained = start
      let order = TrainingOrder(
        workload: workload, task: task, client: client, seed: seed, trainable: trainable,
        rateFactors: rateFactors, correction: correction(stage, memory, sent),
        isCancelled: isCancelled)
      let (outcome, samples) = try learner.train(&trained, by: order, on: lane)
      if let step = outcome.divergedAt {
        return failed(.diverged, "the loss or the gradient of step \(step) isn't finite")
      }
      guard outcome.steps > 0 else {
        return failed(
          .diverged, "all \(outcome.skippedSteps) steps had a loss that isn't usable")
      }
      let parts = try encode(&trained, from: start, memory: &memory)
      try step(&memory, by: parts, of: stage, sent, steps: outcome.steps)
      let update = SharedBuffer(UpdateFraming.join(parts))
      let offer = Offer(
        length: update.count, digest: Digest(of: update.bytes),
        samples: samples.told(by: workload.topology.data.telling.unit), base: task.base,
        loss: Float(outcome.meanLoss), steps: outcome.steps,
        skippedSteps: outcome.skippedSteps)
      return .trained(offer, update, memory)
    } catch CodecError.notFinite {
      return failed(.diverged, "its parameters are no longer finite")
    } catch let fault as TrainerFault {
      return failed(fault.reason, "\(fault)")
    } catch {
      return failed(.failed, "\(error)")
    }
  }

  /// The memory with which the client begins; nil where clients remember nothing.
  private func remembered() throws(ClientStoreError) -> ClientMemory? {
    guard let memories else { return nil }
    if let memory = try memories.memory(of: client, after: task.counted) { return memory }
    lacksMemory()
    return memories.empty
  }

  /// The values of the announced states: the reference x̂ that all clients share.
  private func startingPoint(_ stage: NetworkOfStage) throws -> [ParameterVector] {
    let names = stage.layouts.map(\.name)
    let known = names + corrected(stage).map(\.layout.controlVariate.name)
    guard states.prefix(names.count).map(\.name) == names,
      states.allSatisfy({ known.contains($0.name) })
    else {
      throw LocalTrainingError.otherSegments(announced: states.map(\.name), needed: names)
    }
    let limit = workload.topology.codecs.down.smallTensorLimit
    return try zip(states, stage.layouts).map { state, layout in
      try state.values(layout: layout, smallTensorLimit: limit)
    }
  }

  /// The codec of the update.
  var codec: UpdateCodec { workload.topology.codecs.up(announced: task.updateCodec) }

  /// The blocks and heads of the model, without what is announced beside them.
  private var segments: ArraySlice<Segment> {
    task.segments.prefix(workload.network(stage: task.stage).layouts.count)
  }

  /// The places of the segments that are trained.
  var trainable: Set<Int> { Set(segments.indices.filter { segments[$0].trained }) }

  /// The factors of the segments' learning rates: less than 1 for a new block and its head.
  var rateFactors: [Float] {
    let newest = segments.lastIndex { segment in
      guard case .block? = SegmentName(segment.name) else { return false }
      return segment.trained
    }
    let newHead = workload.topology.strategy.grows ? segments.count - 1 : nil
    return segments.indices.map { $0 == newest || $0 == newHead ? task.newBlockRate : 1 }
  }

  /// The encoded differences of the trained segments in order; the residual becomes what they leave
  /// out.
  ///
  /// Each difference takes the place of the segment's values, so that there is no second copy.
  private func encode(
    _ trained: inout [ParameterVector], from start: [ParameterVector], memory: inout ClientMemory?
  ) throws(CodecError) -> [[UInt8]] {
    var parts: [[UInt8]] = []
    for index in trainable.sorted() {
      trained[index].subtract(start[index])
      let difference = trained[index]
      let key = RandomStream(seed: seed).stream("update codec", client, task.round, index).key
      if let encoded = try memory?.residual?.encode(difference, codec: codec, key: key) {
        memory?.residual?.commit(encoded)
        parts.append(encoded.bytes)
      } else {
        parts.append(try codec.encode(difference, key: key))
      }
    }
    return parts
  }

  private func failed(_ reason: DeclineReason, _ detail: String) -> LocalResult {
    .failed(reason, detail: detail)
  }
}

extension ParameterVector {
  /// Takes the scalars of `other`, of the same layout, off those of this one.
  fileprivate mutating func subtract(_ other: ParameterVector) {
    for scalar in scalars.indices { scalars[scalar] -= other.scalars[scalar] }
  }
}

/// The result of a client's training in a round.
package enum LocalResult: Sendable {
  /// An update, and what the client remembers if it counts.
  case trained(Offer, SharedBuffer, ClientMemory?)
  /// No update, for this reason.
  case failed(DeclineReason, detail: String)
}

extension LocalResult {
  /// No update, as the client's own samples can't be had.
  package static func failed(_ error: DatasetError) -> LocalResult {
    let (reason, detail) = error.decline
    return .failed(reason, detail: detail)
  }
}

/// A reason for which a client can't train the announced model.
enum LocalTrainingError: Error, CustomStringConvertible {
  /// The announced segments aren't those of the stage.
  case otherSegments(announced: [String], needed: [String])

  var description: String {
    switch self {
    case .otherSegments(let announced, let needed):
      "the broker announced \(announced.joined(separator: ", ")); this stage has "
        + needed.joined(separator: ", ")
    }
  }
}
