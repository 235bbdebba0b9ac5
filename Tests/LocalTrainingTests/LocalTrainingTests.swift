import Bytes
import Codecs
import Federation
import LocalTraining
import Synchronization
import Tensors
import Testing
import Wire

/// A place for a result that a lane of a pool makes.
final class Results: Sendable {
  private let result = Mutex<LocalResult>(.failed(.failed, detail: "nothing ran"))

  var value: LocalResult { result.withLock { $0 } }

  func set(_ value: LocalResult) { result.withLock { $0 = value } }
}

/// One client's training in one round.
struct LocalTrainingTests {
  @Test func `the same task gives the same offer and bytes on any lane`() throws {
    let benches = try [TrainingBench(batch: 7), TrainingBench(batch: 7)]
    let results = benches.map { $0.train(samples: 20) } + [benches[0].train(samples: 20)]
    let offers = results.map { result -> Offer? in
      guard case .trained(let offer, let buffer, let memory) = result else { return nil }
      #expect(offer.digest == Digest(of: buffer.bytes) && offer.length == buffer.count)
      #expect(offer.samples == 20 && offer.steps == 3 && offer.skippedSteps == 0)
      #expect(offer.base == Segment.base(of: benches[0].segments()) && memory == nil)
      return offer
    }
    let first = try #require(offers[0])
    #expect(offers == [first, first, first] && first.loss > 0)
    guard case .trained(let other, _, _) = benches[0].train(client: 1, samples: 20) else {
      Issue.record("client 1 didn't train")
      return
    }
    #expect(other.digest != first.digest, "clients have random streams of their own")
  }

  @Test func `an offer tells the number of samples as it is rounded, of the same update`() throws {
    func offer(_ data: String) throws -> Offer? {
      guard case .trained(let offer, _, _) = try TrainingBench(data: data).train(samples: 20)
      else { return nil }
      return offer
    }
    let (exact, rounded) = (try offer(""), try offer("  roundSamples: 50"))
    #expect(exact?.samples == 20 && rounded?.samples == 50)
    #expect(rounded?.digest == exact?.digest && exact != nil)
  }

  @Test func `a client without samples declines`() throws {
    guard case .failed(.noData, let detail) = try TrainingBench().train(samples: 0) else {
      Issue.record("it trained")
      return
    }
    #expect(detail == "it has no samples")
  }

  @Test func `only the trained segments are sent, and the others stay as they are`() throws {
    let bench = try TrainingBench(stage: 2)
    let newest: Set = ["block2", "head2"]
    let warmUp = bench.train(trained: newest)
    let update = try bench.update(warmUp, trained: newest)
    #expect(update.map(\.layout.name) == ["block2", "head2"] && norm(update) > 0)
    let whole = try bench.update(bench.train())
    #expect(whole.map(\.layout.name) == ["block1", "block2", "head2"])
    // One step's gradient doesn't depend on what else is trained.
    #expect(distance(update, Array(whole.dropFirst())) < 1e-7)
  }

  @Test func `a new block and its head take steps at their own rate`() throws {
    let bench = try TrainingBench(stage: 2)
    let (whole, gentle) = (
      try bench.update(bench.train()), try bench.update(bench.train(newBlockRate: 0.25))
    )
    #expect(whole[0] == gentle[0])
    #expect(distance(whole.mapped { 0.25 * $0 }, Array(gentle)) > 1e-4)
    #expect(
      distance(Array(whole.dropFirst()).mapped { 0.25 * $0 }, Array(gentle.dropFirst())) < 1e-6)
  }

  @Test func `the proximal term pulls to the round's start from the second step on`() throws {
    func update(_ training: String) throws -> [ParameterVector] {
      let bench = try TrainingBench(training)
      return try bench.update(bench.train())
    }
    #expect(try update(", proximal: 5") == update(""))
    // Four steps along much the same gradient, each of which the pull takes half of the way back.
    let (free, pulled) = try (update(", epochs: 4"), update(", epochs: 4, proximal: 5"))
    #expect(norm(pulled) < 0.7 * norm(free) && norm(pulled) > 0.3 * norm(free))
  }

  @Test func `clipping shortens a step to the limit, and only a longer one`() throws {
    func update(_ limit: String) throws -> [ParameterVector] {
      let bench = try TrainingBench(clipNorm: limit)
      return try bench.update(bench.train())
    }
    let free = try update("none")
    let gradient = norm(free) / 0.1
    #expect(try update("\(2 * gradient)") == free)
    let clipped = try update("\(gradient / 4)")
    #expect(abs(norm(clipped) - norm(free) / 4) < 1e-4 * norm(free))
    #expect(distance(clipped, free.mapped { $0 / 4 }) < 1e-6)
  }

  @Test(arguments: [("stc10", true), ("linear8", true), ("dense32", false)])
  func `a client remembers what its codec leaves out`(codec: String, leavesOut: Bool) throws {
    let exact = try TrainingBench()
    let plain = try exact.update(exact.train())
    let bench = try TrainingBench(codecs: "{up: \(codec), errorFeedback: true, smallTensors: 0}")
    let result = bench.train()
    let (update, memory) = (try bench.update(result), try bench.memory(result))
    #expect(memory.vectors.map(\.layout.name) == ["block1", "head1"])
    #expect((norm(memory.vectors) > 0) == leavesOut)
    let sums = zip(update, memory.vectors).map { sent, left in
      ParameterVector(
        layout: sent.layout, scalars: zip(sent.scalars, left.scalars).map { $0 + $1 })
    }
    #expect(distance(sums, plain) < 1e-6)
  }

  @Test func `training that diverges or learns nothing is declined`() throws {
    guard case .failed(.diverged, let told) = try TrainingBench(batch: 5).train(rate: 1e30) else {
      Issue.record("it didn't diverge")
      return
    }
    #expect(told.contains("isn't finite"))
    guard case .failed(.diverged, let skipped) = try TrainingBench(", lossLimit: 0.001").train()
    else {
      Issue.record("it learned from a loss beyond the limit")
      return
    }
    #expect(skipped == "all 1 steps had a loss that isn't usable")
  }

  @Test func `a model of other segments or values isn't trained`() throws {
    let bench = try TrainingBench()
    func refusal(_ states: [SegmentState]) -> String? {
      guard case .failed(.failed, let detail) = bench.train(states: states) else { return nil }
      return detail
    }
    let states = bench.values.map { SegmentState($0) }
    #expect(refusal([states[1], states[0]])?.hasSuffix("this stage has block1, head1") == true)
    #expect(refusal([states[0]])?.hasPrefix("the broker announced block1;") == true)
    let stray = SegmentState(.zero(of: bench.layouts[0].controlVariate))
    #expect(refusal(states + [stray])?.contains("block1.control") == true)
    let bytes = try UpdateCodec(.dense32).encode(bench.values[0], key: 1)
    let other = SegmentState(
      name: "block1", digest: Digest(of: [1]), base: nil, codec: .values(.dense32), bytes: bytes)
    #expect(refusal([other, states[1]])?.contains("aren't those that were announced") == true)
  }
}

/// A client's control variates in SCAFFOLD.
struct ControlVariateTrainingTests {
  private func plain() throws -> [ParameterVector] {
    let bench = try TrainingBench()
    return try bench.update(bench.train())
  }

  @Test func `the server's control variate is added to the gradient, and the own one becomes it`()
    throws
  {
    let bench = try TrainingBench(", correction: scaffold")
    let sent = bench.layouts.map { layout in
      ParameterVector(
        layout: layout.controlVariate,
        scalars: Array(repeating: 0.5, count: layout.controlVariate.count))
    }
    let result = bench.train(sent: sent)
    let update = try bench.update(result)
    let plain = try plain()
    #expect(distance(update, plain.mapped { $0 - 0.1 * 0.5 }) < 1e-6)
    let memory = try bench.memory(result).vectors
    #expect(memory.map(\.layout.name) == ["block1.control", "head1.control"])
    #expect(distance(memory, plain.mapped { $0 / -0.1 }) < 1e-5)
  }

  @Test func `a client whose control variate is its gradient doesn't move without the server's`()
    throws
  {
    let bench = try TrainingBench(", correction: scaffold")
    let first = bench.train()
    #expect(norm(try bench.update(first)) > 0.01)
    let update = CountedUpdate(round: 1, digest: 5)
    try #require(bench.store).keep(bench.memory(first), of: 0, as: update, after: nil)
    #expect(norm(try bench.update(bench.train(after: update))) < 1e-6)
    // An update that doesn't count leaves nothing, and another client's is of no concern.
    #expect(try bench.update(bench.train()) == bench.update(first))
    #expect(norm(try bench.update(bench.train(client: 1))) > 0.01)
  }

  @Test func `a client whose memory is lost says so, and begins anew`() throws {
    let bench = try TrainingBench(", correction: scaffold")
    let first = try bench.update(bench.train { Issue.record("nothing is lost") })
    let losses = Atomic(0)
    let update = CountedUpdate(round: 1, digest: 5)
    let second = bench.train(after: update) { losses.add(1, ordering: .relaxed) }
    #expect(try bench.update(second) == first)
    #expect(losses.load(ordering: .relaxed) == 1)
  }
}
