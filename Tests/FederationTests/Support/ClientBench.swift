import Codecs
import Bytes
import Federation
import Measures
import Wire

/// A client's machine with a clock that tests turn by hand.
struct ClientBench {
  var machine: ClientMachine
  var now: Duration = .zero

  static let run: UInt64 = 77
  static let segments = BrokerBench.segments
  static let needs = segments.map { Need(digest: $0.only.digest) }
  static let welcome = Welcome(seed: 5, rounds: 9, announceInterval: 1000, chunkBytes: 50)

  init(
    maximalStage: Int? = nil, limits: ProtocolLimits = ProtocolLimits(),
    measuredChannels: Int? = nil, remembers: Bool = false
  ) {
    machine = ClientMachine(
      identity: ClientIdentity(
        client: 3, worker: 40, plan: BrokerBench.digest, maximalStage: maximalStage, attempt: 2,
        measuredChannels: measuredChannels, remembers: remembers),
      limits: limits, jitter: RandomStream(seed: 1))
  }

  /// A client that was welcomed.
  static func member(maximalStage: Int? = nil) -> ClientBench {
    var bench = ClientBench(maximalStage: maximalStage)
    bench.hear(.welcome(welcome), round: 0)
    return bench
  }

  /// A client that has all of the model and trains in round 1.
  static func training() -> ClientBench {
    var bench = member()
    bench.announce(1)
    bench.receiveModel()
    return bench
  }

  /// A client that has offered its update of round 1.
  static func offering() -> ClientBench {
    var bench = training()
    bench.handle(.trained(round: 1, BrokerBench.offer()))
    return bench
  }

  @discardableResult
  mutating func handle(_ event: ClientEvent) -> [ClientAction] { machine.handle(event, at: now) }

  @discardableResult
  mutating func pass(_ duration: Duration) -> [ClientAction] {
    now += duration
    return handle(.tick)
  }

  /// Waits until the machine wants to be woken; nil if it doesn't.
  mutating func wake() -> [ClientAction]? {
    guard let wake = machine.wakeTime else { return nil }
    now = max(now, wake)
    return handle(.tick)
  }

  @discardableResult
  mutating func hear(
    _ body: Downlink, round: Int = 1, client: Int? = 3, run: UInt64 = run, epoch: Int = 1
  ) -> [ClientAction] {
    handle(
      .message(
        Message(Header(run: run, epoch: epoch, round: round, stage: 1, client: client), body)))
  }

  @discardableResult
  mutating func announce(
    _ round: Int, selected: [Int] = [3], segments: [Segment] = segments, stage: Int = 1,
    run: UInt64 = run, epoch: Int = 1, base: Digest? = nil, client: Int? = nil
  ) -> [ClientAction] {
    let announce = Announce(
      sequence: 1, state: .open, warmUp: false, remaining: 1000, learningRate: 0.1,
      selected: selected, segments: segments, updateCodec: .dense32, base: base)
    return handle(
      .message(
        Message(
          Header(run: run, epoch: epoch, round: round, stage: stage, client: client),
          .announce(announce))))
  }

  @discardableResult
  mutating func chunk(_ segment: Segment, _ range: Range<Int>) -> [ClientAction] {
    chunk(segment.only, range)
  }

  @discardableResult
  mutating func chunk(_ step: ModelPatch, _ range: Range<Int>) -> [ClientAction] {
    hear(
      .modelChunk(step: step.digest.prefix, offset: range.lowerBound, length: range.count),
      client: nil)
  }

  @discardableResult
  mutating func receiveModel() -> [ClientAction] {
    Self.segments.flatMap { chunk($0, 0..<$0.only.length) }
  }
}

extension [ClientAction] {
  /// The messages that were sent.
  var sent: [Uplink] {
    compactMap {
      guard case .send(let message) = $0 else { return nil }
      return message.body
    }
  }

  /// The headers of the messages that were sent.
  var headers: [Header] {
    compactMap {
      guard case .send(let message) = $0 else { return nil }
      return message.header
    }
  }

  /// The task that training began with.
  var trains: ClientTask? {
    for case .train(let task) in self { return task }
    return nil
  }
}
