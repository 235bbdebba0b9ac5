import Codecs
import Bytes
import Federation
import Measures
import Wire

/// Messages with any content that the wire lets through, plausible and absurd.
struct RandomMessages {
  var stream: RandomStream
  /// Digests that the other side may know.
  let digests: [Digest]

  /// A number below `bound`.
  mutating func number(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &stream) }

  /// A small number, or one at the end of what a field of so many bits can hold.
  mutating func count(bits: Int = 48) -> Int {
    switch number(6) {
    case 0: (1 << bits) - 1 - number(3)
    case 1: 1 << number(bits)
    default: number(200)
    }
  }

  mutating func digest() -> Digest { digests[number(digests.count)] }

  mutating func range() -> Range<Int> {
    let start = count()
    return start..<start + 1 + count()
  }

  mutating func ranges() -> [Range<Int>] {
    var end = 0
    return (0..<number(4)).map { _ in
      let start = end + number(50)
      end = start + 1 + (number(8) == 0 ? count() : number(50))
      return start..<end
    }
  }

  mutating func offer() -> Offer {
    Offer(
      length: count(), digest: digest(), samples: count(), base: digest(), loss: 1, steps: 1,
      skippedSteps: 0)
  }

  mutating func scores() -> HoldOutScores {
    let samples = number(8) == 0 ? count() : 1
    return HoldOutScores(base: digest(), samples: samples, points: samples, correct: 1, loss: 1)
  }

  mutating func uplink() -> Uplink {
    switch number(12) {
    case 0:
      .join(
        Join(
          worker: UInt64(number(3)), plan: digest(),
          maximalStage: number(3) == 0 ? 1 + number(3) : nil,
          heldOut: number(3) == 0 ? count() : nil,
          labels: number(3) == 0 ? (0..<number(4)).map { _ in number(1000) } : []))
    case 1, 2:
      .want(
        worker: UInt64(number(3)),
        needs: (0..<number(4)).map { _ in Need(digest: digest(), ranges: ranges()) })
    case 3, 4: .offer(offer())
    case 5, 6: .updateChunk(offset: count(), length: 1 + number(100))
    case 7: number(4) == 0 ? .leave(worker: UInt64(number(3))) : .heartbeat(.training)
    case 8: .planWant(worker: UInt64(number(3)), ranges: ranges())
    case 9: .sums(sums())
    case 10: .scores(scores())
    default:
      .decline(DeclineReason.allCases[number(DeclineReason.allCases.count)], detail: "")
    }
  }

  mutating func sums() -> SampleSums {
    let samples = number(3) == 0 ? count() : 1 + number(100)
    let square = Double(count()) / Double(1 + number(1000))
    return SampleSums(
      samples: samples, values: number(4) == 0 ? count() : samples, sums: [Double(number(100))],
      squares: [square])
  }

  mutating func segment(_ name: String) -> Segment {
    Segment(
      name: name, state: digest(), trained: number(2) == 0,
      steps: (0..<number(4)).map { _ in
        ModelPatch(
          digest: digest(), length: count(), codec: .values(.dense32),
          from: number(2) == 0 ? nil : digest().prefix, to: digest().prefix)
      })
  }

  mutating func announce() -> Announce {
    let stage = 1 + number(3)
    return Announce(
      sequence: stream.next(),
      state: Announce.State.allCases[number(Announce.State.allCases.count)], warmUp: number(2) == 0,
      remaining: count(bits: 32), learningRate: 0.1,
      newBlockRate: number(2) == 0 ? 1 : 0.25,
      selected: (0..<3).filter { _ in number(2) == 0 },
      segments: (1...stage).map { segment("block\($0)") } + [segment("head\(stage)")],
      updateCodec: .dense32,
      shallowHeads: (0..<number(3)).map { _ in segment("head\(count(bits: 32))") })
  }

  mutating func downlink() -> Downlink {
    switch number(14) {
    case 0:
      .welcome(
        Welcome(
          seed: 1, rounds: count(bits: 32), announceInterval: count(bits: 32),
          chunkBytes: 1 + number(1 << 26),
          staleRounds: number(3) == 0 ? count(bits: 32) : number(3),
          normalization: number(3) == 0
            ? FederatedNormalization(means: [0.5], deviations: [0.25]) : nil))
    case 1, 2, 3: .announce(announce())
    case 4, 5:
      .modelChunk(step: digest().prefix, offset: count(), length: 1 + number(200))
    case 6: .grant(range())
    case 7: .acknowledge(.incomplete(ranges()))
    case 8: .acknowledge(number(2) == 0 ? .accepted : .duplicate)
    case 9:
      .refuse(
        RefusalReason.allCases[number(RefusalReason.allCases.count)],
        retry: number(2) == 0 ? count(bits: 31) : nil, detail: "")
    case 10: .closed(accepted: count(bits: 32))
    case 11: .noted(number(2) == 0 ? .sums : .scores)
    case 12:
      .planChunk(
        PlanChunk(digest: digest(), total: count() + 100, offset: 0, length: 1 + number(100)))
    default: number(20) == 0 ? .finished(complete: true) : .grant(0..<1 + number(100))
    }
  }
}
