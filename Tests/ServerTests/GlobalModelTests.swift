import Bytes
import Codecs
import Federation
import Ledger
import LocalTraining
import Models
import Progressive
import Server
import Tensors
import Testing
import Topology
import Wire

/// The broker's model from round to round.
struct GlobalModelTests {
  private static func phase(_ round: Int, of workload: Workload) -> Phase {
    workload.topology.growthSchedule.phase(in: round)
  }

  /// Mean updates of all that a round trains, in which all values are `value`.
  private static func updates(
    _ value: Float, in phase: Phase, of workload: Workload
  ) -> [ParameterVector] {
    workload.trainedLayouts(phase, depth: phase.stage).map {
      ParameterVector(layout: $0, scalars: Array(repeating: value, count: $0.count))
    }
  }

  @Test func `a segment that hasn't changed isn't encoded again`() throws {
    let workload = try ServerBench.workload()
    var model = GlobalModel(workload: workload, seed: 7)
    let first = try model.prepare(Self.phase(1, of: workload)).model
    #expect(first.segments.map(\.name) == ["block1", "head1"])
    #expect(try model.prepare(Self.phase(2, of: workload)).model.segments == first.segments)
    _ = model.apply(
      Self.updates(0.5, in: Self.phase(1, of: workload), of: workload).filter {
        $0.layout.name == "head1"
      }, in: Self.phase(1, of: workload))
    let second = try model.prepare(Self.phase(2, of: workload)).model
    #expect(second.segments[0] == first.segments[0])
    #expect(second.segments[1].state != first.segments[1].state)
  }

  @Test func `a mean update is added to the values that it covers`() throws {
    let workload = try ServerBench.workload()
    var model = GlobalModel(workload: workload, seed: 7)
    let phase = Self.phase(1, of: workload)
    _ = try model.prepare(phase)
    let before = model.parameters(stage: 1)
    _ = model.apply(Self.updates(0.5, in: phase, of: workload), in: phase)
    for (old, new) in zip(before, model.parameters(stage: 1)) {
      #expect(new.scalars == old.scalars.map { $0 + 0.5 })
    }
  }

  @Test func `a stage adds a block, and the head before it stays for shallow clients`() throws {
    let workload = try ServerBench.workload()
    var model = GlobalModel(workload: workload, seed: 7)
    for round in 1...2 { _ = try model.prepare(Self.phase(round, of: workload)) }
    let block = model.values[.block(1)]
    let prepared = try model.prepare(Self.phase(3, of: workload)).model
    #expect(prepared.segments.map(\.name) == ["block1", "block2", "head2"])
    #expect(prepared.shallowHeads.map(\.name) == ["head1"])
    #expect(model.values[.block(1)] == block)
    // The full model has untrained blocks where none are yet.
    let full = model.fullModel(from: 2)
    #expect(full.map(\.layout.name) == ["block1", "block2", "block3", "head3"])
    #expect(full.first == block && model.values[.block(3)] == nil)
  }

  @Test(arguments: [
    ("[0, 0, 6]", 1, ["block1", "block2", "block3", "head3", "head1", "head2"]),
    ("[0, 3, 3]", 4, ["block3", "head3", "head1"]),
    ("[3, 0, 3]", 4, ["block2", "block3", "head3", "head2"]),
  ])
  func `stages that are passed over have heads for shallow clients`(
    rounds: String, last: Int, untrained: [String]
  ) throws {
    let workload = try ServerBench.workload(
      codecs: "{up: dense32, initial: seed}", rounds: rounds)
    var model = GlobalModel(workload: workload, seed: 7)
    for round in 1..<last {
      let phase = Self.phase(round, of: workload)
      _ = try model.prepare(phase)
      _ = model.apply(Self.updates(0.01, in: phase, of: workload), in: phase)
    }
    let prepared = try model.prepare(Self.phase(last, of: workload)).model
    #expect(prepared.segments.map(\.name) == ["block1", "block2", "block3", "head3"])
    #expect(prepared.shallowHeads.map(\.name) == ["head1", "head2"])
    // What nobody has trained yet is told by its seed.
    let told = (prepared.segments + prepared.shallowHeads).filter {
      $0.steps.map(\.length) == [FreshValues.byteCount]
    }
    #expect(told.map(\.name) == untrained)
  }

  @Test func `a run that begins with the full model has the values of one that trains end to end`()
    throws
  {
    let models = try ["strategy: progressive", "strategy: end-to-end"].map { strategy in
      let workload = try ServerBench.workload(rounds: "[0, 0, 6]", more: strategy)
      var model = GlobalModel(workload: workload, seed: 7)
      _ = try model.prepare(Self.phase(1, of: workload))
      return model
    }
    #expect(models[0].parameters(stage: 3) == models[1].parameters(stage: 3))
    #expect(models[1].values[.head(2)] == nil)
  }

  @Test func `a difference leads on from the keyframe, and clients' bits are the broker's`() throws
  {
    let workload = try ServerBench.workload(
      codecs: "{up: dense32, down: linear8, downDelta: stc5, smallTensors: 10}")
    var model = GlobalModel(workload: workload, seed: 7)
    var states: [UInt64: SegmentState] = [:]
    for round in 1...4 {
      let phase = Self.phase(round, of: workload)
      let (prepared, bytes) = try model.prepare(phase)
      for segment in prepared.segments {
        for step in segment.path(from: states.keys) ?? [] {
          states[step.to] = SegmentState(
            name: segment.name, digest: step.to == segment.state.prefix ? segment.state : nil,
            base: step.from.flatMap { states[$0] }, codec: step.codec,
            bytes: bytes[step.digest]?.bytes ?? [])
        }
        let layout = try #require(
          workload.network(stage: phase.stage).layouts.first { $0.name == segment.name })
        let values = try #require(states[segment.state.prefix]).values(
          layout: layout, smallTensorLimit: workload.topology.codecs.down.smallTensorLimit)
        #expect(Digest(state: values) == segment.state, "\(segment.name) in round \(round)")
      }
      let block = prepared.segments[0]
      #expect(block.steps.map { $0.from == nil } == (0..<round).map { $0 == 0 })
      _ = model.apply(Self.updates(0.01, in: phase, of: workload), in: phase)
    }
  }

  @Test(arguments: ["", ", correction: scaffold"])
  func `a restored model makes the bytes of one that never stopped`(training: String) throws {
    let workload = try ServerBench.workload(
      training, codecs: "{up: dense32, down: linear8, downDelta: stc5}",
      more: "server: {optimizer: fedadam}")
    var model = GlobalModel(workload: workload, seed: 7)
    for round in 1...6 {
      let phase = Self.phase(round, of: workload)
      let prepared = try model.prepare(phase).model
      if round > 1 {
        let (state, content) = model.checkpoint(after: phase)
        var restored = GlobalModel(workload: workload, seed: 7)
        try restored.restore(state, content)
        #expect(try restored.prepare(phase).model == prepared, "round \(round)")
      }
      _ = model.apply(Self.updates(0.01, in: phase, of: workload), in: phase)
      let (state, content) = model.checkpoint(after: phase)
      var restored = GlobalModel(workload: workload, seed: 7)
      try restored.restore(state, content)
      model = restored
    }
    let names = model.parameters(stage: 3).map(\.layout.name)
    #expect(names == ["block1", "block2", "block3", "head3"])
  }

  @Test func `a checkpoint of another model isn't taken up, and the missing part is named`() throws
  {
    let workload = try ServerBench.workload()
    var model = GlobalModel(workload: workload, seed: 7)
    let phase = Self.phase(1, of: workload)
    _ = try model.prepare(phase)
    var (state, content) = model.checkpoint(after: phase)
    let name = try #require(content.tensors.keys.sorted().first { $0.hasPrefix("block1.") })
    content.tensors[name] = nil
    var other = GlobalModel(workload: workload, seed: 7)
    let error = #expect(throws: CheckpointMismatch.self) { try other.restore(state, content) }
    #expect(error?.what == name)
  }

  @Test func `a value that isn't finite can't be sent`() throws {
    let workload = try ServerBench.workload()
    var model = GlobalModel(workload: workload, seed: 7)
    let phase = Self.phase(1, of: workload)
    _ = try model.prepare(phase)
    _ = model.apply(Self.updates(.infinity, in: phase, of: workload), in: phase)
    #expect(throws: CodecError.self) { try model.prepare(Self.phase(2, of: workload)) }
  }
}
