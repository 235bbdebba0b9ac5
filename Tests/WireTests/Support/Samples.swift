import Bytes
import Codecs
import Measures
import Wire

/// Messages with random but permitted content.
struct Samples {
  var stream: RandomStream

  init(seed: UInt64) { stream = RandomStream(seed: seed).stream("wire samples") }

  mutating func number(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &stream) }

  mutating func flag() -> Bool { Bool.random(using: &stream) }

  mutating func digest() -> Digest { Digest(of: [UInt8](repeating: 1, count: number(1000) + 1)) }

  mutating func text() -> String {
    String((0..<number(20)).map { _ in "aé½ z\n".randomElement(using: &stream) ?? "a" })
  }

  mutating func ranges() -> [Range<Int>] {
    var end = 0
    return (0..<number(5)).map { _ in
      let start = end + number(1000)
      end = start + 1 + number(1 << 40)
      return start..<end
    }
  }

  mutating func header(client: Int?) -> Header {
    // Attempts are said by clients, workers by the broker: there is one of them at the most.
    let worker: UInt64? = flag() ? stream.next() : nil
    return Header(
      run: stream.next(), epoch: number(1 << 32), round: number(1 << 32), stage: number(1 << 32),
      client: client, attempt: worker == nil ? number(1 << 32) : 0, worker: worker,
      purpose: flag() ? .evaluation : .training)
  }

  mutating func segment() -> Segment {
    let state = digest()
    return Segment(
      name: "block\(number(9))", state: state, trained: flag(),
      steps: (0..<number(4)).map { _ in
        let codec: PatchCodec = number(4) == 0 ? .initial : .values(codec())
        return ModelPatch(
          digest: digest(), length: number(1 << 48), codec: codec,
          from: codec != .initial && flag() ? stream.next() : nil,
          to: flag() ? stream.next() : state.prefix)
      })
  }

  mutating func codec() -> CodecSpec {
    let texts = ["dense32", "linear4b1024+random25+zstd", "stc0.5", "eden2mse", "eden0.25"]
    return texts.compactMap { CodecSpec($0) }.randomElement(using: &stream) ?? .dense32
  }

  mutating func announce() -> Announce {
    let selected = Set((0..<number(20)).map { _ in number(1 << 31) })
    let segments = (0..<number(6)).map { _ in segment() }
    let deep = selected.filter { _ in flag() }.map { ($0, 1 + number(1 << 16)) }
    let counted = selected.filter { _ in flag() }.map { client in
      (client, CountedUpdate(round: 1 + number(1 << 20), digest: stream.next()))
    }
    return Announce(
      sequence: stream.next(),
      state: Announce.State.allCases[number(Announce.State.allCases.count)], warmUp: flag(),
      remaining: number(1 << 32), learningRate: Float(stream.uniform()),
      newBlockRate: number(2) == 0 ? 1 : Float(1 - stream.uniform()),
      selected: selected.sorted(), segments: segments, updateCodec: codec(),
      base: segments.isEmpty && flag() ? digest() : nil,
      shallowHeads: segments.isEmpty ? [] : (0..<number(3)).map { _ in segment() },
      depths: Dictionary(uniqueKeysWithValues: deep),
      counted: flag() ? nil : Dictionary(uniqueKeysWithValues: counted))
  }

  mutating func sums() -> SampleSums {
    let channels = number(5)
    return SampleSums(
      samples: number(1 << 47) + 100, values: number(1 << 47),
      sums: (0..<channels).map { _ in stream.uniform() - 0.5 },
      squares: (0..<channels).map { _ in stream.uniform() },
      labels: flag() ? (0..<number(5)).map { _ in number(20) } : [])
  }

  mutating func scores() -> HoldOutScores {
    let classes = (0..<number(4)).map { _ in
      let samples = number(100)
      return HoldOutScores.ClassScore(samples: samples, correct: number(samples + 1))
    }
    let samples = classes.reduce(0) { $0 + $1.samples }
    let correct = classes.reduce(0) { $0 + $1.correct }
    guard !classes.isEmpty else {
      let confusion = (0..<4).map { _ in 1 + number(1 << 40) }
      return HoldOutScores(
        base: digest(), samples: 1, points: confusion.reduce(0, +), correct: confusion[0],
        loss: stream.uniform(), confusion: confusion)
    }
    return HoldOutScores(
      base: digest(), samples: samples, points: samples, correct: correct, loss: stream.uniform(),
      classes: classes)
  }

  mutating func normalization() -> FederatedNormalization {
    let channels = 1 + number(4)
    return FederatedNormalization(
      means: (0..<channels).map { _ in Float(stream.uniform()) },
      deviations: (0..<channels).map { _ in Float(stream.uniform()) + 1 })
  }

  mutating func planChunk(_ payload: Int) -> PlanChunk {
    let offset = number(1 << 40)
    return PlanChunk(
      digest: digest(), total: offset + payload + number(1 << 40), offset: offset,
      length: payload)
  }

  /// One message of each kind that a client sends; a chunk's payload has `payload` bytes.
  mutating func uplinks(payload: Int) -> [Message<Uplink>] {
    let bodies: [Uplink] = [
      .join(
        Join(
          worker: stream.next(), plan: digest(), maximalStage: flag() ? 1 + number(9) : nil,
          samples: flag() ? 1 + number(1 << 47) : nil,
          heldOut: flag() ? 1 + number(1 << 47) : nil, name: flag() ? text() : "",
          labels: (0..<number(5)).map { _ in number(1 << 44) })),
      .want(
        worker: stream.next(),
        needs: (0..<number(5)).map { _ in Need(digest: digest(), ranges: ranges()) }),
      .offer(
        Offer(
          length: number(1 << 48), digest: digest(), samples: number(1 << 48), base: digest(),
          loss: Float(stream.uniform()), steps: number(1 << 32), skippedSteps: number(1 << 32))),
      .updateChunk(offset: number(1 << 48), length: payload),
      .heartbeat(Activity.allCases[number(Activity.allCases.count)]),
      .leave(worker: stream.next()),
      .decline(DeclineReason.allCases[number(DeclineReason.allCases.count)], detail: text()),
      .planWant(worker: stream.next(), ranges: ranges()),
      .sums(sums()), .scores(scores()),
    ]
    return bodies.map { Message(header(client: number(1 << 31)), $0) }
  }

  /// One message of each kind that the broker sends; a chunk's payload has `payload` bytes.
  mutating func downlinks(payload: Int) -> [Message<Downlink>] {
    let bodies: [Downlink] = [
      .welcome(
        Welcome(
          seed: stream.next(), rounds: number(1 << 32), announceInterval: number(1 << 32),
          chunkBytes: 1 + number(1 << 26), staleRounds: number(1 << 32),
          normalization: flag() ? normalization() : nil)),
      .announce(announce()),
      .modelChunk(step: stream.next(), offset: number(1 << 48), length: payload),
      .grant(number(1000)..<1000 + number(1 << 40)),
      .acknowledge(.accepted), .acknowledge(.duplicate), .acknowledge(.incomplete(ranges())),
      .refuse(
        RefusalReason.allCases[number(RefusalReason.allCases.count)],
        retry: flag() ? 1 + number(1 << 31) : nil,
        detail: text()),
      .closed(accepted: number(1 << 32)),
      .finished(complete: flag()),
      .planChunk(planChunk(payload)),
      .noted(flag() ? .sums : .scores),
    ]
    return bodies.map { Message(header(client: flag() ? number(1 << 31) : nil), $0) }
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: stream.next()) }
  }
}

extension Uplink {
  var hasPayload: Bool {
    guard case .updateChunk = self else { return false }
    return true
  }
}

extension Downlink {
  var hasPayload: Bool {
    switch self {
    case .modelChunk, .planChunk: return true
    default: return false
    }
  }
}
