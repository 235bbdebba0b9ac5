import Digests
import Federation
import Measures
import Progressive
import Wire

/// The contents of models and updates, by name alone: digests without bytes.
struct SimulatedDigests {
  private let scenario: FaultScenario
  private let root: RandomStream

  init(_ scenario: FaultScenario) {
    self.scenario = scenario
    root = RandomStream(seed: scenario.seed).stream("contents")
  }

  /// The model of a round: a segment is as it was after the last round that trained it.
  func segments(round: Int) -> [Segment] {
    let phase = scenario.schedule.phase(in: round)
    return phase.segments.map { name in
      var version = round - 1
      while version > 0, !scenario.schedule.phase(in: version).trains(name) { version -= 1 }
      let index =
        switch name {
        case .block(let index): index - 1
        case .head(let index): index + 1
        }
      return Segment(
        name: name.description, digest: digest(root.stream("segment", index, version)),
        length: scenario.segmentBytes[index], trained: phase.trains(name), codec: "dense32")
    }
  }

  /// The update of a client's attempt at a round: equal attempts give equal updates.
  func offer(client: Int, round: Int, attempt: Int, base: Digest) -> Offer {
    var stream = root.stream("update", client, round, attempt)
    let length = Int.random(in: 1...scenario.updateLimit, using: &stream)
    return Offer(
      length: length, digest: digest(stream), samples: 1 + client, base: base, loss: 1, steps: 1,
      skippedSteps: 0)
  }

  /// What broker and workers must agree on.
  var plan: Digest { digest(root.stream("plan")) }

  private func digest(_ stream: RandomStream) -> Digest {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(32)
    for index: UInt64 in 0..<4 {
      let word = stream.value(at: 1000 + index)
      for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> (8 * shift))) }
    }
    guard let digest = Digest(bytes: bytes) else { preconditionFailure("32 bytes are a digest") }
    return digest
  }
}
